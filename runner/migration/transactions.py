"""Who begins, commits and rolls back on one connection, and when the lock is held: floor 5.

The rules, in one place:

- The runner begins a transaction per revision (or one for the run) and commits it itself.
- A transaction that env.py opened by merely executing a statement is taken over: it commits with the first step,
  or earlier if the lock must be waited for.
- A transaction that env.py or the calling program began on purpose is theirs: the runner works inside it
  and never ends it. At the end of the run somebody must have committed it, or the run fails.
- The lock is taken before the first step, outside any transaction, and given back after the last commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import event, exc

from runner.database.failures import one_line, sqlstate_of
from runner.database.journal_table import JOURNAL_TABLE
from runner.database.lock import lock_key
from runner.database.pooler import pooler_in_the_way
from runner.database.write_lock import begin_write, needs_write_lock
from runner.errors import (
    ConnectionLost,
    NotCommitted,
    OperationError,
    RevisionFailed,
    RunnerError,
    StatementFailed,
)
from runner.events import emit
from runner.graph import Direction, Step
from runner.interrupts import interrupts
from runner.migration.journal import make_journal
from runner.migration.ledger import StepLedger
from runner.migration.lost_commit import connection_lost, resolve_commit, was_lost
from runner.migration.origins import TransactionOrigins
from runner.migration.ownership import TransactionOwnership
from runner.migration.policy import RunPolicy, TransactionScope
from runner.migration.retry import AttemptRolledBack, Attempts, NextAttempt, RetryBudget
from runner.migration.revision_limits import RevisionLimits
from runner.migration.run_lock import RunLock
from runner.migration.watch import StatementWatch
from runner.migration.what_stays import add_what_stays

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["OnlineTransactions"]

_T = TypeVar("_T")
_Error = TypeVar("_Error", bound=BaseException)


class OnlineTransactions:
    """The transactions and the lock of one migration context.

    Attributes:
        failure: the first error of the run, so that an env.py that swallows it cannot hide it.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        scope: TransactionScope,
        policy: RunPolicy,
        ledger: StepLedger,
        origins: TransactionOrigins | None,
        read_rows: Callable[[Connection], tuple[str, ...]],
        ddl_rolls_back: bool,
        version_table: str,
        version_table_schema: str | None,
        locking: bool,
        may_reconnect: bool,
        reaches: Callable[[tuple[str, ...], str], bool],
    ) -> None:
        self._connection = connection
        self._scope = scope
        self._policy = policy
        self._ledger = ledger
        self._read_rows = read_rows
        self._ddl_rolls_back = ddl_rolls_back
        self._ownership = TransactionOwnership(
            connection,
            origins=origins,
            on_their_rollback=self._their_rollback,
            before_foreign_commit=self._before_foreign_commit,
        )
        self._lock = RunLock(
            connection,
            key=lock_key(version_table, version_table_schema or policy.tenant_schema, override=policy.lock_key),
            policy=policy,
            ownership=self._ownership,
            enabled=locking,
            side_table=(JOURNAL_TABLE, version_table_schema),
        )
        self._watch = StatementWatch(connection, policy)
        self._watching = ExitStack()
        self._journal = (
            make_journal(
                connection,
                version_table=version_table,
                schema=version_table_schema,
                is_known_to_exist=lambda: None if self._lock.facts is None else self._lock.facts.has_table,
                ddl_rolls_back=ddl_rolls_back,
                clock=policy.clock,
            )
            if locking
            else None
        )
        self._attempts = Attempts(RetryBudget(seconds=policy.lock_retry_seconds, clock=policy.clock))
        self._look_again = False
        self._may_reconnect = may_reconnect
        self._reaches = reaches
        self._end_of_session: ConnectionLost | None = None
        self._shared = needs_write_lock(connection) and scope is TransactionScope.REVISION
        self._their_work_lost = False
        self.failure: BaseException | None = None
        if not ddl_rolls_back:
            event.listen(connection, "after_cursor_execute", self._count)

    # -- looking and locking -----------------------------------------------------------------------------

    def looking(self, read: Callable[[], _T]) -> _T:
        """Return what `read` reads, leaving no transaction behind that was not there before."""
        if self._connection.in_transaction():
            return read()
        try:
            found = read()
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()  # a program's own `fn` may have written something
        return found

    def lock_early(self, has_work: Callable[[], bool]) -> None:
        """Take the lock at configure() if there is work, before env.py may begin a transaction of its own."""
        if not self._connection.in_transaction() and self.looking(has_work):
            self._lock.take()

    def release_unused(self) -> None:
        """Give back an early lock when env.py configures another connection, which might wait for it."""
        if self._lock.is_held and not self._ledger.was_used:
            self._lock.release()

    def prepare_to_look(self) -> None:
        """Take the lock on a connection in somebody else's transaction, where looking first would end all waiting.

        A transaction that env.py opened by merely executing something is committed where DDL is not part of
        one anyway: MySQL shows a transaction the rows, and the tables, as they were at its first SELECT.
        """
        if self._ownership.in_theirs():
            self._lock.take()
            self._lock.take_in_transaction()
        elif not self._ddl_rolls_back and self._connection.in_transaction():
            self._connection.commit()

    def exclusively(self, work: Callable[[], _T]) -> _T:
        """Return what `work` returns, done under the lock and committed; for what is no step of a revision."""
        self._lock.take()
        try:
            self._begin()
            try:
                result = work()
            except BaseException:
                self._rolled_back_cleanly()
                raise
            self._commit()
            return result
        finally:
            self._lock.release()

    # -- transactions ------------------------------------------------------------------------------------

    @contextmanager
    def scope_block(self) -> Iterator[None]:
        """The block env.py puts around run_migrations(); its end settles what is still open."""
        if self._ownership.in_theirs() or self._ownership.block_open:
            yield
            return
        if not self._lock.enabled:
            self._begin()
        with self._settling():
            yield

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hold the lock while steps run, and settle at the end unless env.py's block will."""
        self._lock.take()
        self._watch_session()
        try:
            if self._ownership.in_theirs() or self._ownership.block_open:
                yield
                return
            with self._settling():
                yield
        finally:
            self._watching.close()

    def _watch_session(self) -> None:
        """Watch the session that the connection has now."""
        self._watch = StatementWatch(self._connection, self._policy)
        self._watching.enter_context(self._watch.attached())

    @contextmanager
    def _settling(self) -> Iterator[None]:
        self._ownership.block_open = True
        try:
            yield
        except BaseException as error:
            self._end(error)
            raise
        else:
            self._end(None)

    @contextmanager
    def step(self) -> Iterator[None]:
        """One step's transaction: begun here unless one is open, committed here if it holds one revision.

        Raises:
            AttemptRolledBack: a statement was blocked; after `pause()` the block shall run again.
            RevisionFailed: the revision rolled the transaction back, so nothing of it is left to commit.
        """
        self._begin()
        self._look_again = False
        self._ownership.new_attempt()
        try:
            yield
            self.refuse_rolled_back()
            self._settle_committed_inside()
            self._ledger.executed()
            if self._scope is TransactionScope.REVISION and not self._ownership.in_theirs():
                self._commit()
                self._attempts.committed()
        except BaseException as error:
            with interrupts.deferred():
                instead = self._step_failed(error)
            if instead is error:
                raise
            raise instead from error

    @contextmanager
    def revision(self, step: Step, limits: RevisionLimits, *, source: Callable[[], str]) -> Iterator[None]:
        """The part of a step in which the revision's own code runs.

        Args:
            step: whose code runs.
            limits: what the revision says about its own limits.
            source: returns the digest of its file.
        """
        self._attempts.begin(limits)
        with self._watch.step(step.revision, limits):
            if self._journal is None:
                yield
                return
            before = step.heads_after if step.direction is Direction.STAMP else step.sources
            with self._journal.revision(
                step, source, is_passed=lambda one: self._reaches(before, one), look_again=self.must_look()
            ):
                yield

    def _step_failed(self, error: BaseException) -> BaseException:
        """Roll back, and return what to raise: AttemptRolledBack where another attempt is worth it."""
        self._settle_committed_inside()
        following = self._attempts.after(error, self._why_once())
        if following is not None and self._rolled_back_cleanly():
            blockers = {"blockers": self._watch.last_blockers} if self._watch.last_blockers else {}
            self._ledger.retrying(**following.keys(), **blockers)
            self._look_again = True
            return AttemptRolledBack(following)
        failed = self._attempts.given_up(error)
        self.failure = failed
        if self._ledger.has_uncommitted:
            self._tell_what_stays(failed)
        self._roll_back(failed)
        return failed

    def _why_once(self) -> str | None:
        """Return why nothing in this transaction may run a second time, beside what the revision says and did."""
        if self._ownership.in_theirs():
            return "its transaction is that of env.py or of the calling program"
        if not self._ddl_rolls_back and self._attempts.statements:
            return f"{self._connection.dialect.name} cannot roll back what had been executed"
        return None

    def _rolled_back_cleanly(self) -> bool:
        try:
            with interrupts.deferred():
                self._without_transaction()
        except exc.DBAPIError:
            self._connection.invalidate()
            return False
        return True

    def pause(self, following: NextAttempt) -> None:
        """Wait before another attempt, outside any transaction, and make sure that the lock is still held.

        Raises:
            LockLost: it is not, so another runner may be at work.
        """
        interrupts.check()
        self._policy.clock.sleep(following.pause_seconds)
        self._lock.verify()

    @property
    def is_pooled(self) -> bool:
        """Tell whether the session is a pooler's."""
        return self._lock.is_pooled

    def must_look(self) -> bool:
        """Tell whether the version rows may differ from what this run left there."""
        return self._shared or self._look_again or self._lock.is_pooled

    @contextmanager
    def autocommit(self) -> Iterator[None]:
        """Commit, run the block in autocommit, and begin again.

        Raises:
            OperationError: the transaction is not the runner's, so it must not be committed here.
            PoolerInTheWay: the session is a pooler's, so the next statement may reach another one.
        """
        if self._ownership.in_theirs():
            raise OperationError(
                "autocommit_block() needs to commit, but the connection is in a transaction that env.py or the "
                "calling program began. Let context.begin_transaction() begin it instead."
            )
        if self._lock.is_pooled:
            raise pooler_in_the_way("The revision called autocommit_block(), which needs a session of its own")
        connection = self._connection
        self._attempts.kept_a_part = True
        if connection.in_transaction():
            written = self._before_foreign_commit()
            self._commit(midway=lambda: self._journal is None or self._journal.holds(written))
        before = connection.get_isolation_level()
        self._without_transaction()
        connection.execution_options(isolation_level="AUTOCOMMIT")
        try:
            with nullcontext() if self._journal is None else self._journal.outside():
                yield
        finally:
            if not connection.invalidated:  # else SQLAlchemy would open another session, one without the lock
                self._without_transaction()
                connection.execution_options(isolation_level=before)
        self._begin()

    def _count(self, *_: object) -> None:
        self._attempts.statements += 1

    # -- the end -----------------------------------------------------------------------------------------

    def settle(self, *, owned_by_caller: bool) -> None:
        """Find out, when env.py has ended, what became of steps that ran in somebody else's transaction.

        Args:
            owned_by_caller: the program that called the runner handed the connection over and will commit.

        Raises:
            NotCommitted: nobody committed them.
        """
        if self._ledger.has_uncommitted and owned_by_caller and self._ownership.is_open():
            emit("transaction.left_to_caller")
            self._ledger.committed()
            return  # the lock stays until the caller's commit: it is released when the connection goes back
        if self._ledger.has_uncommitted and self._their_commit_done():
            self._ledger.committed()
        lost = self._their_work_lost or self._ledger.has_uncommitted
        self.abandon()
        if lost:
            raise self._tell_what_stays(
                NotCommitted(
                    "env.py ran the revisions in a transaction that it began itself and did not commit, so what they "
                    "did is lost. Commit it, or leave beginning and committing to context.begin_transaction()."
                )
            )

    def abandon(self) -> None:
        """Report what was not committed as failed and give the lock back; used when env.py has raised."""
        if self._ledger.has_uncommitted and self._their_commit_done():
            self._ledger.committed()
        self._ledger.rolled_back()
        self._lock.release()

    def _their_commit_done(self) -> bool:
        """Tell whether the transaction that env.py began was really committed: asked for, and seen in the rows."""
        if self._their_work_lost or not self._ownership.their_commit_asked or self._ownership.is_open():
            return False
        dialect, url = self._connection.dialect, self._connection.engine.url
        if dialect.is_async or url.database in {None, "", ":memory:"}:
            return True  # another session cannot be asked from here
        with self._connection.engine.connect() as fresh:
            return self._read_rows(fresh) == self._ledger.expected_rows

    def _end(self, error: BaseException | None) -> None:
        """Commit or roll back what is open and ours, then give the lock back."""
        self._ownership.block_open = False
        if self._ownership.in_theirs():
            return
        try:
            if self._connection.closed:
                return
            if error is not None:
                self._roll_back(error)
            elif self._connection.in_transaction():
                self._commit_at_the_end()
            elif not self._ownership.rolled_back_inside:
                self._ledger.committed()  # a revision or a listener has committed what was left
        finally:
            self._lock.release()

    def _commit_at_the_end(self) -> None:
        try:
            self._commit()
        except BaseException as error:
            self.failure = error
            self._ledger.rolled_back(error)
            raise

    # -- pieces ------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Begin unless a transaction is open; either way it holds the write lock where there is one per file."""
        if self._end_of_session is not None:
            raise self._end_of_session
        theirs = self._ownership.in_theirs()
        begin_write(self._connection, clock=self._policy.clock, wait_seconds=self._policy.lock_wait_seconds)
        if not theirs:
            self._ownership.claim()
        self._lock.take_in_transaction()

    def _commit(self, *, midway: Callable[[], bool] | None = None) -> None:
        """Commit, and report what was held as finished; after an error the caller rolls back.

        Args:
            midway: the commit is one in the middle of a revision; reads whether it took effect, where nobody answers.

        Raises:
            StatementFailed: the server refused the commit.
            ConnectionLost: the session ended, and nothing was committed, or nobody can tell.
        """
        try:
            with interrupts.deferred():
                with self._ownership.ending():
                    self._connection.commit()
                self._ledger.committed()
        except exc.DBAPIError as error:
            if was_lost(error):
                self._settle_lost_commit(error, midway)
                return
            raise StatementFailed(
                f"The commit failed: {one_line(error.orig or error)}. Nothing of the transaction was kept.",
                sqlstate=sqlstate_of(error),
            ) from error

    def _settle_lost_commit(self, error: exc.DBAPIError, midway: Callable[[], bool] | None) -> None:
        """Find out what the server did, and report it; go on only if nothing can be missing on the new session."""
        step = self._ledger.latest
        self._watching.close()
        committed = resolve_commit(
            self._connection,
            error,
            lock=self._lock,
            ownership=self._ownership,
            policy=self._policy,
            is_committed=self._has_arrived if midway is None else midway,
        )
        if not committed:
            raise connection_lost("The COMMIT did not take effect: nothing of the transaction was kept.", error)
        self._ledger.committed(read_again=True)
        self._look_again = True
        if midway is not None:
            raise connection_lost("What the revision did until then is committed.", error)
        if self._may_reconnect:
            self._watch_session()
            return
        reached = step.revision if step is not None else "the last step"
        self._end_of_session = connection_lost(
            f"Everything up to and including {reached} is committed, but the session was made by env.py, and the run "
            "cannot go on with another one. Run again.",
            error,
        )

    def _has_arrived(self) -> bool:
        """Tell from the version rows whether the steps that are held have been committed."""
        step = self._ledger.latest
        if step is None:
            return True
        rows = self._read_rows(self._connection)
        if rows == self._ledger.expected_rows:
            return True
        # Another run may have gone on from there before we could look.
        return step.direction is Direction.UPGRADE and self._reaches(rows, step.revision)

    def _roll_back(self, error: BaseException | None) -> None:
        if not self._ownership.in_theirs() and not self._connection.closed and not self._connection.invalidated:
            self._rolled_back_cleanly()  # or the session died, which is a rollback too; the error on its way says why
        self._ledger.rolled_back(error)

    def _tell_what_stays(self, error: _Error) -> _Error:
        """Return the error, saying so where a rollback does not undo what the revision had done."""
        if isinstance(error, RunnerError):
            resumes = self._journal is not None and self._journal.has_kept_something
            dialect = None if self._ddl_rolls_back else self._connection.dialect.name
            add_what_stays(error, without_ddl_rollback=dialect, resumes=resumes)
        return error

    def _without_transaction(self) -> None:
        with self._ownership.ending():
            self._connection.rollback()

    def _before_foreign_commit(self) -> int:
        return 0 if self._journal is None else self._journal.before_commit()

    def _their_rollback(self) -> None:
        if self._ledger.has_uncommitted:
            self._their_work_lost = True
            self._ledger.rolled_back()

    def _settle_committed_inside(self) -> None:
        if self._ownership.committed_inside:
            self._ownership.committed_inside = False
            self._attempts.kept_a_part = True
            self._ledger.committed()

    def refuse_rolled_back(self) -> None:
        """Raise RevisionFailed if the running revision rolled back the transaction it is in."""
        if self._ownership.rolled_back_inside:
            raise RevisionFailed(
                "The revision rolled back the transaction it runs in, so what was done in it is lost. Use a savepoint "
                "(op.get_bind().begin_nested()) for what may be rolled back."
            )

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
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import event, exc

from runner.database.failures import one_line, sqlstate_of
from runner.database.limits import limit_session
from runner.database.lock import AdvisoryLock, acquire, advisory_lock_for, lock_key
from runner.database.write_lock import begin_write, needs_write_lock
from runner.errors import NotCommitted, OperationError, RevisionFailed, RunnerError, StatementFailed
from runner.events import emit
from runner.migration.ledger import StepLedger
from runner.migration.origins import TransactionOrigins
from runner.migration.policy import RunPolicy, TransactionScope

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, RootTransaction

__all__ = ["OnlineTransactions"]

_T = TypeVar("_T")
_Error = TypeVar("_Error", bound=BaseException)


class OnlineTransactions:
    """The transactions and the lock of one migration context.

    Attributes:
        failure: the first error of the run, so that an env.py that swallows it cannot hide it.
        shared: another process may write between two of our steps, so each must look again.
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
    ) -> None:
        self._connection = connection
        self._scope = scope
        self._policy = policy
        self._ledger = ledger
        self._origins = origins
        self._read_rows = read_rows
        self._ddl_rolls_back = ddl_rolls_back
        self._lock_key = lock_key(version_table, version_table_schema, override=policy.lock_key)
        self._locking = locking
        self._lock: AdvisoryLock | None = None
        self._block_open = False  # inside env.py's block, or inside a run without one
        self._ours: RootTransaction | None = None  # begun by _begin(), or taken over
        self._theirs: RootTransaction | None = None  # begun on purpose by env.py or the calling program
        self._ending_it = False  # commit or rollback is our own doing
        self._rolled_back_inside = False  # a revision rolled our transaction back
        self._committed_inside = False  # a revision committed it
        self._their_work_lost = False
        self._their_commit_asked = False
        self.failure: BaseException | None = None
        self.shared = needs_write_lock(connection) and scope is TransactionScope.REVISION
        event.listen(connection, "commit", self._on_commit)
        event.listen(connection, "rollback", self._on_rollback)

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
            self._take_lock()

    def release_unused(self) -> None:
        """Give back an early lock when env.py configures another connection, which might wait for it."""
        if self._lock is not None and not self._ledger.was_used:
            self._release_lock()

    def prepare_to_look(self) -> None:
        """Take the lock on a connection in somebody else's transaction, where looking first would end all waiting.

        A transaction that env.py opened by merely executing something is committed where DDL is not part of
        one anyway: MySQL shows a transaction the rows, and the tables, as they were at its first SELECT.
        """
        if self._in_theirs():
            self._take_lock()
        elif not self._ddl_rolls_back and self._connection.in_transaction():
            self._connection.commit()

    def _take_lock(self) -> None:
        if self._lock is not None or not self._locking:
            return
        lock = advisory_lock_for(self._connection, self._lock_key)
        if lock is None:
            if not needs_write_lock(self._connection):
                emit("lock.unsupported", level="warning", dialect=self._connection.dialect.name)
            return
        if self._connection.in_transaction() and not self._in_theirs() and not lock.try_acquire():
            self._connection.commit()  # what env.py executed so far: nobody waits for a lock inside a transaction
        acquire(lock, clock=self._policy.clock, wait_seconds=self._policy.lock_wait_seconds)
        self._lock = lock

    def _limit_session(self) -> None:
        policy = self._policy
        if policy.lock_timeout_seconds is None and policy.statement_timeout_seconds is None:
            return
        was_open = self._connection.in_transaction()
        limit_session(
            self._connection,
            lock_timeout_seconds=policy.lock_timeout_seconds,
            statement_timeout_seconds=policy.statement_timeout_seconds,
        )
        if not was_open:
            self._connection.commit()

    def _release_lock(self) -> None:
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        emit("lock.released", confirmed=lock.release())

    # -- transactions ------------------------------------------------------------------------------------

    @contextmanager
    def scope_block(self) -> Iterator[None]:
        """The block env.py puts around run_migrations(); its end settles what is still open."""
        if self._in_theirs() or self._block_open:
            yield
            return
        if not self._locking:
            self._begin()
        with self._settling():
            yield

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hold the lock while steps run, and settle at the end unless env.py's block will."""
        self._take_lock()
        self._limit_session()
        if self._in_theirs() or self._block_open:
            yield
            return
        with self._settling():
            yield

    @contextmanager
    def _settling(self) -> Iterator[None]:
        self._block_open = True
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
            RevisionFailed: the revision rolled the transaction back, so nothing of it is left to commit.
        """
        self._begin()
        self._rolled_back_inside = self._committed_inside = False
        try:
            yield
            self.refuse_rolled_back()
        except BaseException as error:
            self.failure = error
            self._settle_committed_inside()
            if self._ledger.has_uncommitted:
                self._tell_what_stays(error)
            self._roll_back(error)
            raise
        self._settle_committed_inside()
        self._ledger.executed()
        if self._scope is TransactionScope.REVISION and not self._in_theirs():
            self._commit()

    @contextmanager
    def autocommit(self) -> Iterator[None]:
        """Commit, run the block in autocommit, and begin again.

        Raises:
            OperationError: the transaction is not the runner's, so it must not be committed here.
        """
        if self._in_theirs():
            raise OperationError(
                "autocommit_block() needs to commit, but the connection is in a transaction that env.py or the "
                "calling program began. Let context.begin_transaction() begin it instead."
            )
        connection = self._connection
        if connection.in_transaction():
            self._commit()
        before = connection.get_isolation_level()
        self._without_transaction()
        connection.execution_options(isolation_level="AUTOCOMMIT")
        try:
            yield
        finally:
            if not connection.invalidated:  # else SQLAlchemy would open another session, one without the lock
                self._without_transaction()
                connection.execution_options(isolation_level=before)
        self._begin()

    # -- the end -----------------------------------------------------------------------------------------

    def settle(self, *, owned_by_caller: bool) -> None:
        """Find out, when env.py has ended, what became of steps that ran in somebody else's transaction.

        Args:
            owned_by_caller: the program that called the runner handed the connection over and will commit.

        Raises:
            NotCommitted: nobody committed them.
        """
        if self._ledger.has_uncommitted and owned_by_caller and self._is_open():
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
        self._release_lock()

    def _their_commit_done(self) -> bool:
        """Tell whether the transaction that env.py began was really committed: asked for, and seen in the rows."""
        if self._their_work_lost or not self._their_commit_asked or self._is_open():
            return False
        dialect, url = self._connection.dialect, self._connection.engine.url
        if dialect.is_async or url.database in {None, "", ":memory:"}:
            return True  # another session cannot be asked from here
        with self._connection.engine.connect() as fresh:
            return self._read_rows(fresh) == self._ledger.expected_rows

    def _is_open(self) -> bool:
        return not self._connection.closed and self._connection.in_transaction()

    def _end(self, error: BaseException | None) -> None:
        """Commit or roll back what is open and ours, then give the lock back."""
        self._block_open = False
        if self._in_theirs():
            return
        try:
            if self._connection.closed:
                return
            if error is not None:
                self._roll_back(error)
            elif self._connection.in_transaction():
                self._commit()
            elif not self._rolled_back_inside:
                self._ledger.committed()  # a revision or a listener has committed what was left
        finally:
            self._release_lock()

    # -- pieces ------------------------------------------------------------------------------------------

    def _in_theirs(self) -> bool:
        """Tell whether the connection is in a transaction that env.py or the calling program began on purpose."""
        current = self._connection.get_transaction() if not self._connection.closed else None
        if current is None or current is self._ours:
            return False
        if current is self._theirs:
            return True
        if self._taken_over():
            self._ours = current
            return False
        self._theirs, self._their_commit_asked = current, False
        return True

    def _taken_over(self) -> bool:
        """Tell whether an unknown open transaction is ours to commit: begun by executing something."""
        if self._connection.in_nested_transaction():
            return False
        if self._origins is None:
            return self._block_open  # begun by an operation inside our own block
        return self._origins.is_begun_by_execute(self._connection)

    def _begin(self) -> None:
        """Begin unless a transaction is open; either way it holds the write lock where there is one per file."""
        theirs = self._in_theirs()
        begin_write(self._connection, clock=self._policy.clock, wait_seconds=self._policy.lock_wait_seconds)
        if not theirs:
            self._ours = self._connection.get_transaction()

    def _commit(self) -> None:
        try:
            with self._ending():
                self._connection.commit()
        except exc.DBAPIError as error:
            failed = StatementFailed(
                f"The commit failed: {one_line(error.orig or error)}. Nothing of the transaction was kept.",
                sqlstate=sqlstate_of(error),
            )
            self.failure = failed
            self._ledger.rolled_back(failed)
            raise failed from error
        except BaseException as error:
            self.failure = error
            self._ledger.rolled_back(error)
            raise
        self._ledger.committed()

    def _roll_back(self, error: BaseException | None) -> None:
        if not self._in_theirs() and not self._connection.closed and not self._connection.invalidated:
            try:
                self._without_transaction()
            except exc.DBAPIError:
                # The session died, which is a rollback too; the error that is on its way says why.
                self._connection.invalidate()
        self._ledger.rolled_back(error)

    def _tell_what_stays(self, error: _Error) -> _Error:
        """Return the error, saying so where a rollback does not undo what the revision had done."""
        if not self._ddl_rolls_back and isinstance(error, RunnerError):
            error.fields["ddl_rolled_back"] = False
            error.message = (
                f"{error.message.removesuffix('.')}. But {self._connection.dialect.name} cannot roll back DDL: "
                "what was done up to the last DDL statement is still there, without its version row. "
                "Undo it, or let the revision skip what is there, before it runs again."
            )
        return error

    def _without_transaction(self) -> None:
        with self._ending():
            self._connection.rollback()

    @contextmanager
    def _ending(self) -> Iterator[None]:
        self._ending_it = True
        try:
            yield
        finally:
            self._ending_it = False

    def _on_commit(self, _connection: Connection) -> None:
        if self._ending_it:
            return
        if self._theirs is not None and self._connection.get_transaction() is self._theirs:
            self._their_commit_asked = True
        else:
            self._committed_inside = True

    def _on_rollback(self, _connection: Connection) -> None:
        if self._ending_it:
            return
        if self._theirs is None or self._connection.get_transaction() is not self._theirs:
            self._rolled_back_inside = True
        elif self._ledger.has_uncommitted:
            self._their_work_lost = True
            self._ledger.rolled_back()

    def _settle_committed_inside(self) -> None:
        if self._committed_inside:
            self._committed_inside = False
            self._ledger.committed()

    def refuse_rolled_back(self) -> None:
        """Raise RevisionFailed if the running revision rolled back the transaction it is in."""
        if self._rolled_back_inside:
            raise RevisionFailed(
                "The revision rolled back the transaction it runs in, so what was done in it is lost. Use a savepoint "
                "(op.get_bind().begin_nested()) for what may be rolled back."
            )

"""Who begins, commits and rolls back on one connection, and when the lock is held: floor 5.

The rules, in one place:

- The runner begins a transaction per revision (or one for the run) and commits it itself.
- A transaction that env.py opened by merely executing a statement is taken over: it commits with the first step.
- A transaction that env.py or the calling program began on purpose is theirs: the runner works inside it
  and never ends it. At the end of the run somebody must have committed it, or the run fails.
- The lock is taken before the first step, outside any transaction, and given back after the last commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import event, exc

from runner.database.limits import limit_session
from runner.database.lock import AdvisoryLock, acquire, advisory_lock_for, lock_key
from runner.database.write_lock import begin_write, needs_write_lock
from runner.errors import NotCommitted, OperationError
from runner.events import emit
from runner.migration.ledger import StepLedger
from runner.migration.origins import TransactionOrigins
from runner.migration.policy import RunPolicy, TransactionScope

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["OnlineTransactions"]

_T = TypeVar("_T")


class OnlineTransactions:
    """The transactions and the lock of one migration context.

    Attributes:
        failure: the error of the step that failed, so that an env.py that swallows it cannot hide it.
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
        version_table: str,
        version_table_schema: str | None,
        locking: bool,
    ) -> None:
        self._connection = connection
        self._scope = scope
        self._policy = policy
        self._ledger = ledger
        self._origins = origins
        self._lock_key = lock_key(version_table, version_table_schema, override=policy.lock_key)
        self._locking = locking
        self._lock: AdvisoryLock | None = None
        self._block_open = False
        self._ours = False  # the open transaction was begun by _begin()
        self._theirs = False  # it was begun on purpose by env.py or the calling program
        self._their_commit_seen = False
        self.failure: BaseException | None = None
        self.shared = needs_write_lock(connection) and scope is TransactionScope.REVISION

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

    def lock_before_looking(self) -> None:
        """Take the lock on a connection in somebody else's transaction, where looking first would end all waiting."""
        self._find_out_whose()
        if self._theirs:
            self._take_lock()

    def _take_lock(self) -> None:
        if self._lock is not None or not self._locking:
            return
        lock = advisory_lock_for(self._connection, self._lock_key)
        if lock is None:
            if not needs_write_lock(self._connection):
                emit("lock.unsupported", level="warning", dialect=self._connection.dialect.name)
            return
        acquire(lock, clock=self._policy.clock, wait_seconds=self._policy.lock_wait_seconds)
        self._lock = lock

    def _limit_session(self) -> None:
        policy = self._policy
        if policy.lock_timeout_seconds is None and policy.statement_timeout_seconds is None:
            return
        limit_session(
            self._connection,
            lock_timeout_seconds=policy.lock_timeout_seconds,
            statement_timeout_seconds=policy.statement_timeout_seconds,
        )
        if not self._theirs:
            self._connection.commit()

    def _release_lock(self) -> None:
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        try:
            confirmed = lock.release()
        except exc.DBAPIError:
            confirmed = False  # the session is gone, and its locks with it
        emit("lock.released", confirmed=confirmed)

    # -- transactions ------------------------------------------------------------------------------------

    @contextmanager
    def scope_block(self) -> Iterator[None]:
        """The block env.py puts around run_migrations(); its end settles what is still open."""
        self._find_out_whose()
        if self._block_open or self._theirs:
            yield
            return
        self._block_open = True
        if not self._locking:
            self._begin()
        try:
            yield
        except BaseException as error:
            self._block_open = False
            self._end(error)
            raise
        self._block_open = False
        self._end(None)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hold the lock while steps run, and settle at the end unless env.py's block will."""
        self._find_out_whose()
        if not self._theirs and self._connection.in_transaction() and self._lock is None and self._locking:
            self._connection.commit()  # what env.py executed so far; nobody waits for a lock inside a transaction
        self._take_lock()
        self._limit_session()
        try:
            yield
        except BaseException as error:
            if not self._block_open:
                self._end(error)
            raise
        if not self._block_open:
            self._end(None)

    @contextmanager
    def step(self) -> Iterator[None]:
        """One step's transaction: begun here unless one is open, committed here if it holds one revision."""
        self._find_out_whose()
        self._begin()
        try:
            yield
        except BaseException as error:
            self.failure = error
            self._roll_back(error)
            raise
        if self._scope is TransactionScope.REVISION and not self._theirs:
            self._commit()

    @contextmanager
    def autocommit(self) -> Iterator[None]:
        """Commit, run the block in autocommit, and begin again.

        Raises:
            OperationError: the transaction is not the runner's, so it must not be committed here.
        """
        if self._theirs:
            raise OperationError(
                "autocommit_block() needs to commit, but the connection is in a transaction that env.py or the "
                "calling program began. Let context.begin_transaction() begin it instead."
            )
        connection = self._connection
        if connection.in_transaction():
            self._commit()
        before = connection.get_isolation_level()
        connection.rollback()
        connection.execution_options(isolation_level="AUTOCOMMIT")
        try:
            yield
        finally:
            connection.rollback()
            connection.execution_options(isolation_level=before)
        self._begin()

    def settle(self, *, owned_by_caller: bool) -> None:
        """Find out, when env.py has ended, what became of steps that ran in somebody else's transaction.

        Args:
            owned_by_caller: the program that called the runner handed the connection over and will commit.

        Raises:
            NotCommitted: nobody committed them.
        """
        if self._ledger.has_uncommitted:
            open_still = not self._connection.closed and self._connection.in_transaction()
            if self._their_commit_seen and not open_still:
                self._ledger.committed()
            elif owned_by_caller and open_still:
                emit("transaction.left_to_caller")
                self._ledger.committed()
                return  # the lock stays until the caller's commit: it is released when the connection goes back
            else:
                self._ledger.rolled_back()
                self._release_lock()
                raise NotCommitted(
                    "env.py ran the revisions in a transaction that it began itself and never committed, so nothing "
                    "was applied. Commit it, or leave beginning and committing to context.begin_transaction()."
                )
        self._release_lock()

    # -- pieces ------------------------------------------------------------------------------------------

    def _find_out_whose(self) -> None:
        """Decide whether the open transaction, if any, is somebody else's."""
        if self._theirs or self._ours or not self._connection.in_transaction():
            return
        if self._origins is None and self._block_open:
            return  # begun by an operation inside our own block
        if self._origins is not None and self._origins.is_begun_by_execute(self._connection):
            return
        self._theirs = True
        event.listen(self._connection, "commit", self._on_their_commit)

    def _begin(self) -> None:
        """Begin unless a transaction is open; either way it holds the write lock where there is one per file."""
        begin_write(self._connection, clock=self._policy.clock, wait_seconds=self._policy.lock_wait_seconds)
        self._ours = not self._theirs

    def _on_their_commit(self, _connection: Connection) -> None:
        self._their_commit_seen = True

    def _commit(self) -> None:
        self._ours = False
        try:
            self._connection.commit()
        except BaseException as error:
            self.failure = error
            self._ledger.rolled_back(error)
            raise
        self._ledger.committed()

    def _roll_back(self, error: BaseException | None) -> None:
        self._ours = False
        if not self._theirs and not self._connection.closed and not self._connection.invalidated:
            try:
                self._connection.rollback()
            except exc.DBAPIError:
                # The session died, which is a rollback too; the error that is on its way says why.
                self._connection.invalidate()
        self._ledger.rolled_back(error)

    def _end(self, error: BaseException | None) -> None:
        """Commit or roll back what is open and ours, then give the lock back."""
        if self._theirs:
            return
        try:
            if self._connection.closed:
                return
            if error is None and self._connection.in_transaction():
                self._commit()
            elif error is not None:
                self._roll_back(error)
        finally:
            self._release_lock()

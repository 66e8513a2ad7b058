"""The lock of one run: when it is taken, on which terms, and that it was really given back. Floor 5.

A session of one's own holds it from before the first step until after the last commit. A session behind a pooler
cannot: there each transaction takes it anew, and the version rows are read again inside (ADR 0010).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.database.lock import AdvisoryLock, LockKey, Release, TransactionLock, acquire, advisory_lock_for
from runner.database.orphans import attend_to_orphans
from runner.database.pooler import SessionFacts, do_without_prepared_statements, end_session, session_facts
from runner.database.write_lock import needs_write_lock
from runner.errors import LockLost
from runner.events import emit
from runner.migration.ownership import TransactionOwnership
from runner.migration.policy import OrphanPolicy, RunPolicy

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["RunLock"]


class RunLock:
    """The lock of a run on one connection.

    Args:
        connection: the one that runs the DDL.
        key: what is locked.
        policy: how long to wait.
        ownership: whose transaction the connection is in.
        enabled: False for a program that uses a MigrationContext on its own: it takes no lock.
        side_table: name and schema of a table whose existence is asked for along with the first query.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        key: LockKey,
        policy: RunPolicy,
        ownership: TransactionOwnership,
        enabled: bool,
        side_table: tuple[str, str | None],
    ) -> None:
        self._connection = connection
        self._key = key
        self._policy = policy
        self._ownership = ownership
        self.enabled = enabled
        self._side_table = side_table
        self._lock: AdvisoryLock | None = None
        self._locked_transaction: object = None
        self._announced = False
        self.facts: SessionFacts | None = None

    @property
    def is_held(self) -> bool:
        """Tell whether the session's lock was taken and not yet given back."""
        return self._lock is not None

    @property
    def is_pooled(self) -> bool:
        """Tell whether the lock belongs to each transaction, because the session is a pooler's."""
        return self.facts is not None and self.facts.is_pooled

    def take(self) -> None:
        """Take the session's lock if there is one and it is not held yet, waiting for another runner.

        Behind a pooler nothing is taken here: see `take_in_transaction()`.

        Raises:
            LockTimeout: somebody else still held it at the deadline, or waiting could harm the holder.
        """
        if self._lock is not None or not self.enabled:
            return
        if self._is_behind_pooler():
            return
        lock = advisory_lock_for(self._connection, self._key)
        if lock is None:
            if not needs_write_lock(self._connection):
                emit("lock.unsupported", level="warning", dialect=self._connection.dialect.name)
            return
        if self._connection.in_transaction() and not self._ownership.in_theirs() and not lock.try_acquire():
            self._connection.commit()  # what env.py executed so far: nobody waits for a lock inside a transaction
        acquire(
            lock,
            clock=self._policy.clock,
            wait_seconds=self._policy.lock_wait_seconds,
            on_busy=lambda: self._attend_to_orphans(lock),
        )
        self._lock = lock

    def _attend_to_orphans(self, lock: AdvisoryLock) -> None:
        """See whether it is this pod's own leftover session that holds the lock."""
        if self._connection.dialect.name == "postgresql":
            terminate = self._policy.orphans is OrphanPolicy.TERMINATE
            attend_to_orphans(lock.ask, self._policy.session, terminate=terminate)

    def _is_behind_pooler(self) -> bool:
        if self.facts is None:
            table, schema = self._side_table
            self.facts = session_facts(self._connection, table=table, schema=schema)
            if self.facts.is_pooled:
                do_without_prepared_statements(self._connection)
                emit("pooler.detected", driver_pid=self.facts.driver_pid, backend_pid=self.facts.backend_pid)
        return self.facts.is_pooled

    def take_on_new_session(self) -> None:
        """Take the lock again on a session that replaced a lost one, which is ended where it lives on.

        Raises:
            LockTimeout: as for `take()`.
        """
        lost, self.facts = self.facts, None
        if self._lock is not None:
            self._lock.forget()
        self._lock, self._locked_transaction = None, None
        if lost is not None:
            with self._ownership.ending():
                end_session(self._connection, lost)
        self.take()

    def take_in_transaction(self) -> None:
        """Behind a pooler, take the lock for the transaction that is open, or for a new one after waiting.

        Raises:
            LockTimeout: as for `take()`.
        """
        current = self._connection.get_transaction()
        if not self.enabled or not self.is_pooled or (current is not None and current is self._locked_transaction):
            return
        lock = TransactionLock(
            self._connection,
            self._key,
            begin=self._begin,
            roll_back=None if self._ownership.in_theirs() else self._roll_back,
        )
        acquire(
            lock,
            clock=self._policy.clock,
            wait_seconds=self._policy.lock_wait_seconds,
            announced=self._announced,
        )
        self._announced = True
        self._locked_transaction = self._connection.get_transaction()

    def _begin(self) -> None:
        if not self._connection.in_transaction():
            self._connection.begin()
            self._ownership.claim()

    def _roll_back(self) -> None:
        with self._ownership.ending():
            self._connection.rollback()

    def verify(self) -> None:
        """Make sure that the lock is still held.

        Raises:
            LockLost: it is not.
        """
        if self._lock is not None and not self._lock.is_still_held():
            raise LockLost(
                "The advisory lock was gone when the revision was about to run again: its session was replaced, or "
                "somebody released it. Steps reported as finished are committed, nothing else was kept. Run again."
            )

    def release(self) -> None:
        """Give the lock back, and say what it means if the server does not confirm that it was ours."""
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        released = lock.release()
        emit("lock.released", confirmed=released is Release.CONFIRMED)
        if released is Release.DENIED:
            emit(
                "lock.release_unconfirmed",
                level="warning",
                meaning="The server says that this session did not hold the lock any more: a pooler between runner and "
                "server gave the session away, or somebody released the lock. Another run may have overlapped with "
                "this one, and the lock may be stranded on another session until that one ends.",
            )

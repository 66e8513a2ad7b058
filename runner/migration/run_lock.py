"""The lock of one run: when it is taken, on which terms, and that it was really given back. Floor 5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.database.lock import AdvisoryLock, LockKey, acquire, advisory_lock_for
from runner.database.write_lock import needs_write_lock
from runner.events import emit
from runner.migration.ownership import TransactionOwnership
from runner.migration.policy import RunPolicy

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["RunLock"]


class RunLock:
    """Taken before the first step, outside any transaction, and given back after the last commit.

    Args:
        connection: the one that runs the DDL.
        key: what is locked.
        policy: how long to wait.
        ownership: whose transaction the connection is in.
        enabled: False for a program that uses a MigrationContext on its own: it takes no lock.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        key: LockKey,
        policy: RunPolicy,
        ownership: TransactionOwnership,
        enabled: bool,
    ) -> None:
        self._connection = connection
        self._key = key
        self._policy = policy
        self._ownership = ownership
        self.enabled = enabled
        self._lock: AdvisoryLock | None = None

    @property
    def is_held(self) -> bool:
        """Tell whether the lock was taken and not yet given back."""
        return self._lock is not None

    def take(self) -> None:
        """Take the lock if there is one and it is not held yet, waiting for another runner.

        Raises:
            LockTimeout: somebody else still held it at the deadline, or waiting could harm the holder.
        """
        if self._lock is not None or not self.enabled:
            return
        lock = advisory_lock_for(self._connection, self._key)
        if lock is None:
            if not needs_write_lock(self._connection):
                emit("lock.unsupported", level="warning", dialect=self._connection.dialect.name)
            return
        if self._connection.in_transaction() and not self._ownership.in_theirs() and not lock.try_acquire():
            self._connection.commit()  # what env.py executed so far: nobody waits for a lock inside a transaction
        acquire(lock, clock=self._policy.clock, wait_seconds=self._policy.lock_wait_seconds)
        self._lock = lock

    def release(self) -> None:
        """Give the lock back."""
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        emit("lock.released", confirmed=lock.release())

"""What became of a COMMIT that was never answered: floor 5. Connects again, waits until the old session is gone, looks.

The server may have committed, or not, or be about to. As long as the old session lives its answer is open; once it is
gone the rows tell. The lock tells too: it was the old session's, so whoever gets it comes after its end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import exc

from runner.database.failures import one_line
from runner.errors import ConnectionLost, LockTimeout, RunnerError
from runner.events import emit
from runner.interrupts import SignalReceived
from runner.migration.ownership import TransactionOwnership
from runner.migration.policy import RunPolicy
from runner.migration.run_lock import RunLock

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["connection_lost", "resolve_commit", "was_lost"]

_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 5.0


def was_lost(error: exc.DBAPIError) -> bool:
    """Tell whether an error is the end of the session."""
    return bool(error.connection_invalidated)


def connection_lost(what: str, error: BaseException, **fields: object) -> ConnectionLost:
    """Return the error for a session that ended; `what` says what is known about the work in it."""
    detail = one_line(getattr(error, "orig", None) or error)
    return ConnectionLost(f"The connection to the server was lost: {detail}. {what}", **fields)


def resolve_commit(
    connection: Connection,
    error: exc.DBAPIError,
    *,
    lock: RunLock,
    ownership: TransactionOwnership,
    policy: RunPolicy,
    is_committed: Callable[[], bool],
) -> bool:
    """Find out whether a commit took effect whose answer was lost; the connection is on a new session afterwards.

    Args:
        connection: the one that was lost; SQLAlchemy opens another session for it.
        error: what the commit raised.
        lock: taken again, on the new session.
        ownership: knows that the rollback of the dead transaction is our own doing.
        policy: how long to wait for the server and for the old session's end.
        is_committed: reads the answer from the database.

    Raises:
        ConnectionLost: it could not be found out, or a signal came before it was.
    """
    reason = one_line(error.orig or error)
    emit("commit.unanswered", level="warning", reason=reason)
    try:
        _connect_again(connection, ownership, policy)
        lock.take_on_new_session()
        found = _read(connection, ownership, lock, is_committed)
    except (exc.DBAPIError, LockTimeout, SignalReceived) as failed:
        why = _why_unknown(failed)
        raise connection_lost(
            f"Whether the last COMMIT took effect could not be found out ({why}). The next run looks at the version "
            "rows, and goes on from there.",
            error,
            commit="unknown",
        ) from failed
    emit("commit.resolved", committed=found)
    return found


def _why_unknown(failed: exc.DBAPIError | LockTimeout | SignalReceived) -> str:
    if isinstance(failed, SignalReceived):  # two seconds are no time to wait for servers: saying so is the truth
        return f"{failed} came first"
    return failed.message if isinstance(failed, RunnerError) else one_line(failed.orig or failed)


def _connect_again(connection: Connection, ownership: TransactionOwnership, policy: RunPolicy) -> None:
    clock, pause = policy.clock, _FIRST_PAUSE_SECONDS
    started = clock.monotonic()
    while True:
        try:
            with ownership.ending():
                if not connection.invalidated:
                    connection.invalidate()
                connection.rollback()
                connection.exec_driver_sql("SELECT 1")
                connection.rollback()
        except exc.DBAPIError:
            waited = clock.monotonic() - started
            if waited >= policy.connect_wait_seconds:
                raise
            clock.sleep(min(pause, policy.connect_wait_seconds - waited))
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        else:
            return


def _read(
    connection: Connection, ownership: TransactionOwnership, lock: RunLock, is_committed: Callable[[], bool]
) -> bool:
    """Read in a transaction of its own, under the lock where that belongs to transactions."""
    with ownership.ending():
        lock.take_in_transaction()
        try:
            return is_committed()
        finally:
            connection.rollback()

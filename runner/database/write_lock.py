"""Begin a transaction whose DDL can be rolled back, on databases whose driver would not: floor 4.

Python's sqlite3 opens a transaction before INSERT but not before CREATE TABLE, so DDL would commit by
itself. An explicit BEGIN IMMEDIATE makes it part of the transaction, and takes the file's one write lock
at once: two processes never both believe that they may write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exc

from runner.clock import Clock
from runner.errors import LockTimeout
from runner.events import emit

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["begin_write", "needs_write_lock"]

_POLL_SECONDS = 0.05
_REPORT_EVERY_SECONDS = 10.0


def needs_write_lock(connection: Connection) -> bool:
    """Tell whether transactions on this database must be begun with the file's write lock."""
    return connection.dialect.name == "sqlite"


def begin_write(connection: Connection, *, clock: Clock, wait_seconds: float) -> None:
    """Begin a transaction on `connection`, with the write lock where the database has one per file.

    Args:
        connection: if SQLAlchemy has begun a transaction on it already, only the write lock is added.
        clock: for the deadline and the pauses.
        wait_seconds: how long another writer is waited for.

    Raises:
        LockTimeout: another process was still writing at the deadline.
    """
    if not connection.in_transaction():
        connection.begin()
    if not needs_write_lock(connection) or _in_driver_transaction(connection):
        return
    before = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    try:
        _poll(connection, clock, wait_seconds)
    except BaseException:
        connection.rollback()
        raise
    finally:
        # Outside the transaction's scope: a PRAGMA is neither rolled back nor does it begin anything.
        _restore_busy_timeout(connection, before)


def _poll(connection: Connection, clock: Clock, wait_seconds: float) -> None:
    started = clock.monotonic()
    reported: float | None = None
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except exc.OperationalError as error:
            if "locked" not in str(error.orig) and "busy" not in str(error.orig):
                raise
            waited = clock.monotonic() - started
            if waited >= wait_seconds:
                raise LockTimeout(
                    f"Another process kept the database file locked for {waited:.0f} s. Nothing more was changed. "
                    "Let it finish and start again, or raise RUNNER_LOCK_WAIT_SECONDS.",
                    waited_seconds=round(waited, 3),
                ) from error
            if reported is None or waited - reported >= _REPORT_EVERY_SECONDS:
                emit("lock.waiting", waited_seconds=round(waited, 3), wait_seconds=wait_seconds)
                reported = waited
            clock.sleep(_POLL_SECONDS)
        else:
            return


def _restore_busy_timeout(connection: Connection, milliseconds: object) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")
    cursor.close()


def _in_driver_transaction(connection: Connection) -> bool:
    """Tell whether env.py's own event listener has begun a transaction already."""
    return bool(getattr(connection.connection.driver_connection, "in_transaction", False))

"""Make a server give up what a session is executing, from another thread: floor 4. Knows drivers, not SQL of ours."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.pool import Pool

from runner.interrupts import Cancel, interrupts

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["cancel_for", "cancel_for_connection"]

_CANCEL_TIMEOUT_SECONDS = 1.0


def cancel_for(session: Any) -> Cancel | None:
    """Return what cancels a driver's connection by its own means; None where it has none that a thread may use.

    psycopg and psycopg2 open a connection of their own for it, SQLite sets a flag. A driver that awaits (asyncpg) is
    interrupted by the signal itself.
    """
    if type(session).__name__.startswith("AsyncAdapt"):
        return None
    if hasattr(session, "cancel_safe"):  # psycopg from 3.2 on; with TLS where the session has it
        return lambda: session.cancel_safe(timeout=_CANCEL_TIMEOUT_SECONDS)
    for name in ("cancel", "interrupt"):  # psycopg2 and psycopg before; sqlite3
        method: Callable[[], None] | None = getattr(session, name, None)
        if callable(method):
            return method
    return None


def cancel_for_connection(connection: Connection) -> Cancel | None:
    """Return what cancels the statement of a SQLAlchemy connection; MySQL's is KILL QUERY from another session."""
    if connection.dialect.is_async:
        return None
    session = connection.connection.dbapi_connection
    return cancel_for(session) or _kill_query(connection, session)


def _kill_query(connection: Connection, session: Any) -> Cancel | None:
    thread_id = getattr(session, "thread_id", None)  # PyMySQL, mysqlclient
    if connection.dialect.name not in {"mysql", "mariadb"} or not callable(thread_id):
        return None
    number = int(thread_id())
    engine = connection.engine

    def kill() -> None:
        pool = engine.pool.recreate()  # the same creator; the engine's own pool may be exhausted
        try:
            with closing(pool.connect()) as other:
                other.cursor().execute(f"KILL QUERY {number}")
        finally:
            pool.dispose()

    return kill


@event.listens_for(Pool, "checkout")
def _on_checkout(session: Any, _record: object, _proxy: object) -> None:
    """Know every session of the process, for a signal that comes while env.py waits in C for one of its own.

    Listened to from the import on, for good: SQLAlchemy's lists of listeners must not change while another thread
    walks through them.
    """
    cancel = cancel_for(session)
    if cancel is not None:
        interrupts.track(session, cancel)


@event.listens_for(Pool, "checkin")
def _on_checkin(session: Any, _record: object) -> None:
    if session is not None:
        interrupts.untrack(session)

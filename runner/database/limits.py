"""Set the server's own time limits for a session: floor 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.events import emit

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["limit_session"]


def limit_session(
    connection: Connection, *, lock_timeout_seconds: float | None, statement_timeout_seconds: float | None
) -> None:
    """Set lock_timeout and statement_timeout for the rest of the session, where the server has them.

    Args:
        connection: an open connection; the settings belong to the transaction that is open on it, if any.
        lock_timeout_seconds: how long a statement may wait for a lock; None leaves the server's value.
        statement_timeout_seconds: how long a statement may run; None leaves the server's value.
    """
    limits = {"lock_timeout": lock_timeout_seconds, "statement_timeout": statement_timeout_seconds}
    wanted = {name: round(seconds * 1000) for name, seconds in limits.items() if seconds is not None}
    if not wanted:
        return
    if connection.dialect.name != "postgresql":
        emit("limits.unsupported", level="warning", dialect=connection.dialect.name, limits=sorted(wanted))
        return
    for name, milliseconds in wanted.items():
        connection.exec_driver_sql(f"SELECT set_config('{name}', '{milliseconds}', false)")

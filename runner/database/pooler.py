"""Whether a pooler is between the runner and the server: floor 4.

A session's own process id reaches the driver when it connects. Behind PgBouncer and its like that number is the
pooler's invention, so `SELECT pg_backend_pid()` answers with another one: one query tells. A proxy that passes the
real number on is not recognised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.errors import PoolerInTheWay

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["SessionFacts", "do_without_prepared_statements", "end_session", "pooler_in_the_way", "session_facts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """What the first query of a run finds out about its session.

    Args:
        driver_pid: the server process as the driver was told when it connected; None where it does not say.
        backend_pid: the server process that answered; None for a database without such numbers.
        has_table: the table asked for exists; None where nobody looked.
        started: when the server process started, as text: tells it from a later one with the same number.
    """

    driver_pid: int | None = None
    backend_pid: int | None = None
    has_table: bool | None = None
    started: str | None = None

    @property
    def is_pooled(self) -> bool:
        """Tell whether somebody else than the server answered the driver's connection attempt."""
        return None not in {self.driver_pid, self.backend_pid} and self.driver_pid != self.backend_pid


def session_facts(connection: Connection, *, table: str, schema: str | None) -> SessionFacts:
    """Ask the server, with one query, who answers and whether a table exists; nothing is asked of other databases.

    Args:
        connection: inside or outside a transaction; one that the query begins is ended here.
        table: the table's name.
        schema: its schema, None for the search path.
    """
    if connection.dialect.name != "postgresql":
        return SessionFacts()
    quote = connection.dialect.identifier_preparer.quote
    name = quote(table) if schema is None else f"{quote(schema)}.{quote(table)}"
    literal = name.replace("'", "''").replace("%", "%%")
    was_open = connection.in_transaction()
    row = connection.exec_driver_sql(
        f"SELECT pg_backend_pid(), to_regclass('{literal}') IS NOT NULL,"  # noqa: S608  # quoted
        " (SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid())"
    ).one()
    if not was_open:
        connection.rollback()
    return SessionFacts(driver_pid=_driver_pid(connection), backend_pid=row[0], has_table=row[1], started=row[2])


def _driver_pid(connection: Connection) -> int | None:
    """Return what the driver was told: psycopg and psycopg2 keep it in `info`, asyncpg has a method."""
    session: Any = connection.connection.driver_connection
    told = getattr(getattr(session, "info", None), "backend_pid", None)
    if told is None and hasattr(session, "get_server_pid"):
        told = session.get_server_pid()
    return told if isinstance(told, int) else None


def end_session(connection: Connection, facts: SessionFacts) -> None:
    """End a session of our own that we have lost, so that nobody waits for what it still holds.

    Behind a pooler it may serve somebody else by now, so it is left alone there.
    """
    if facts.is_pooled or facts.backend_pid is None or facts.started is None:
        return
    connection.exec_driver_sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"  # noqa: S608  # a number and the server's own text
        f" WHERE pid = {facts.backend_pid} AND backend_start::text = '{facts.started}' AND usename = current_user"
        " AND pid <> pg_backend_pid()"
    )
    connection.rollback()


def do_without_prepared_statements(connection: Connection) -> None:
    """Keep psycopg from preparing what it executes often: the next transaction may reach another server process."""
    session: Any = connection.connection.driver_connection
    if hasattr(session, "prepare_threshold"):
        session.prepare_threshold = None


def pooler_in_the_way(why: str, **fields: object) -> PoolerInTheWay:
    """Return the error; `why` is the beginning of its sentence."""
    return PoolerInTheWay(
        f"{why}, and the connection goes through a pooler, which may hand out another session with each transaction. "
        "Nothing of it was kept. Set MIGRATION_DATABASE_URL to an address of the server itself.",
        **fields,
    )

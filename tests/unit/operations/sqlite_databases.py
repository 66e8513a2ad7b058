"""SQLite databases for tests of batch blocks, in the three ways a connection can treat transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

from runner.dialects.base import DefaultImpl
from runner.operations import Operations
from tests.unit.dialects.standin import StandInContext

__all__ = ["MODES", "database", "operations_on", "rows", "schema", "table_sql"]

MODES = ("transaction", "autocommit", "driver")
"""A real transaction as the engine begins it, none at all, or Python's own: begun before the first INSERT."""


def _engine(mode: str, url: str) -> sa.Engine:
    engine = sa.create_engine(url, poolclass=StaticPool)

    @sa.event.listens_for(engine, "connect")
    def connect(driver_connection: Any, _record: Any) -> None:
        if mode != "driver":
            driver_connection.isolation_level = None

    if mode == "transaction":

        @sa.event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@contextmanager
def database(
    *statements: str, mode: str = "transaction", foreign_keys: bool = False, url: str = "sqlite://"
) -> Iterator[tuple[Operations, Connection]]:
    """Yield operations on a database in which the statements have been executed and committed."""
    engine = _engine(mode, url)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()
        if foreign_keys:
            driver: Any = connection.connection.driver_connection
            level, driver.isolation_level = driver.isolation_level, None
            driver.execute("PRAGMA foreign_keys=ON")
            driver.isolation_level = level
        connection.rollback()
        try:
            yield operations_on(connection), connection
        finally:
            connection.rollback()
    engine.dispose()


def operations_on(connection: Connection) -> Operations:
    """Return operations that run on the connection."""
    impl: Any = DefaultImpl.get_by_dialect(connection.dialect)(connection.dialect, connection, False, None, None, {})
    context: Any = StandInContext(impl, connection=connection)
    return Operations(context)


def rows(connection: Connection, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query as tuples."""
    return [tuple(row) for row in connection.exec_driver_sql(sql)]


def schema(connection: Connection) -> dict[str, str]:
    """Return name -> text of everything in the database but the tables SQLite keeps for itself."""
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    return dict(rows(connection, query))


def table_sql(connection: Connection, name: str = "t") -> str:
    """Return the text of a table on one line, with single spaces."""
    return " ".join(schema(connection)[name].split())

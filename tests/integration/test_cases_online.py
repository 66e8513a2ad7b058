"""The table of offline cases on real databases: up, down by the reversed operations, up again, and as a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import sqlalchemy as sa
from pymysql.constants import CLIENT
from sqlalchemy.engine import Connection, Engine, NestedTransaction

from tests.integration.online_cases import GROUPS, complaints_about
from tests.integration.online_layouts import SCHEMAS
from tests.mariadb import MariadbServer

LaidOut = Callable[[list[str]], AbstractContextManager[Connection]]
BATCH_GROUPS = tuple(name for name in GROUPS if name.endswith(("_column", "_constraint", "_key")))


def _execute_at_once(connection: Connection, statements: list[str]) -> None:
    """Send the statements in one message where the driver can: waiting for answers is most of the time of a case."""
    if connection.dialect.name == "sqlite":
        for statement in statements:
            connection.exec_driver_sql(statement)
        return
    cursor = connection.connection.cursor()
    cursor.execute(";\n".join(statements))
    while cursor.nextset():
        pass
    cursor.close()


def _in_savepoint(connection: Connection) -> LaidOut:
    """Lay out in a savepoint, which stays for the next case if that has the same layout, as most have."""
    present: list[tuple[list[str], NestedTransaction]] = []

    @contextmanager
    def laid_out(statements: list[str]) -> Iterator[Connection]:
        if not present or present[0][0] != statements:
            if present:
                present.pop()[1].rollback()
            present.append((statements, connection.begin_nested()))
            _execute_at_once(connection, statements)
        with connection.begin_nested() as savepoint:
            yield connection
            savepoint.rollback()

    return laid_out


@pytest.mark.parametrize("group", GROUPS)
def test_cases_on_postgresql(group: str, pg_url: str) -> None:
    """Every case travels, or is rejected for the reason it should be (OP-1 to OP-17, DI-1)."""
    engine = sa.create_engine(pg_url, connect_args={"prepare_threshold": None})  # or SELECT * outlives its columns
    with engine.connect() as connection:
        for schema in SCHEMAS:
            connection.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
        version = connection.dialect.server_version_info or ()
        found = complaints_about(
            group, "postgresql", "postgresql", _in_savepoint(connection), version, script_dialect="postgresql"
        )
        connection.rollback()
    engine.dispose()

    assert found == []


def _on_sqlite(group: str, run: str, *, in_batch: bool) -> list[str]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        for schema in SCHEMAS:
            connection.exec_driver_sql(f"ATTACH ':memory:' AS \"{schema}\"")
        connection.exec_driver_sql("BEGIN")
        script_dialect = None if in_batch else "sqlite"
        found = complaints_about(
            group, run, "sqlite", _in_savepoint(connection), in_batch=in_batch, script_dialect=script_dialect
        )
    engine.dispose()
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_cases_on_sqlite(group: str) -> None:
    """Every case travels, or is rejected for the reason it should be (OP-1 to OP-17, DI-6)."""
    assert _on_sqlite(group, "sqlite", in_batch=False) == []


@pytest.mark.parametrize("group", BATCH_GROUPS)
def test_cases_in_batch_blocks_on_sqlite(group: str) -> None:
    """What SQLite cannot alter in place travels in a batch block (OP-40, OP-42)."""
    assert _on_sqlite(group, "sqlite in batch", in_batch=True) == []


EVERYTHING = """
SELECT schema_name, table_name, replace(table_type, 'BASE ', '') FROM information_schema.schemata
LEFT JOIN information_schema.tables ON table_schema = schema_name
WHERE schema_name NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')
"""
"""Databases of MariaDB, and the tables, views and sequences in them."""


def _emptying(there: list[tuple[str, str | None, str]]) -> Iterator[str]:
    """Yield the statements after which the databases are there, and empty: a new database takes longer."""
    yield "SET foreign_key_checks = 0"  # tables of several databases refer to one another
    for kind in ("VIEW", "TABLE", "SEQUENCE"):
        names = ", ".join(f"`{database}`.`{name}`" for database, name, what in there if name and what == kind)
        if names:
            yield f"DROP {kind} {names}"
    for database in sorted({"main", *SCHEMAS} - {row[0] for row in there}):
        yield f"CREATE DATABASE `{database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
    yield "SET foreign_key_checks = 1"
    yield "USE main"


@contextmanager
def _emptied(engine: Engine, statements: list[str]) -> Iterator[Connection]:
    """Yield a connection to the emptied database `main`, laid out: DDL commits, nothing can be rolled back."""
    with engine.connect() as connection:
        there = [(row[0], row[1], row[2]) for row in connection.exec_driver_sql(EVERYTHING)]
        _execute_at_once(connection, [*_emptying(there), *statements])
        connection.commit()
        yield connection
        connection.rollback()
        connection.invalidate()


@pytest.mark.parametrize("group", GROUPS)
def test_cases_on_mariadb(group: str, mariadb_server: MariadbServer) -> None:
    """Every case travels, and the script for MySQL leads to the same place (OP-1 to OP-17, DI-3, DI-4)."""
    server = mariadb_server
    server.execute("CREATE DATABASE IF NOT EXISTS main CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    url = sa.URL.create("mariadb+pymysql", "root", database="main", query={"unix_socket": str(server.socket)})
    engine = sa.create_engine(url, connect_args={"ssl_disabled": True, "client_flag": CLIENT.MULTI_STATEMENTS})
    found = complaints_about(
        group,
        "mariadb",
        "mariadb",
        lambda statements: _emptied(engine, statements),
        script_dialect="mysql",
    )
    engine.dispose()
    for name in ("main", *SCHEMAS):
        server.execute(f"DROP DATABASE IF EXISTS `{name}`")

    assert found == []

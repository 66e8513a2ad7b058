"""Sequences, schemas and replaceable objects on a real SQLite and MariaDB: up, down, up again."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from runner.migration.context import MigrationContext
from runner.operations import Operations, ops
from runner.operations.replaceable import Function, Trigger, View
from tests.fix_mariadb import MariadbDatabaseFactory
from tests.integration.test_dialects_online import operations_on
from tests.mariadb import mariadb_client, mariadb_dump

BASE = "CREATE TABLE t (a INTEGER, b VARCHAR(40))", "CREATE TABLE log (note VARCHAR(80))"

VIEW = View("v", "SELECT a AS a, b FROM t WHERE b LIKE '%:x' OR b = '50%%'")
NEW_VIEW = View("v", "SELECT b FROM t WHERE b <> ':y' -- 100%\n;", columns=("B b",))
BODY = "FOR EACH ROW BEGIN INSERT INTO log VALUES ('it''s; 50% :{note}'); INSERT INTO log VALUES ('two'); END;"
TRIGGER = Trigger("g", BODY.format(note="x"), table="t", event="AFTER INSERT")
NEW_TRIGGER = Trigger("g", BODY.format(note="y"), table="t", event="AFTER DELETE")
FUNCTION = Function(
    "f", "RETURNS INTEGER DETERMINISTIC\nBEGIN DECLARE n INTEGER DEFAULT 7; RETURN n % a; END", arguments="a INTEGER"
)
NEW_FUNCTION = Function("f", "RETURNS VARCHAR(20) DETERMINISTIC RETURN '%s :x // $$'", arguments="a INTEGER, b INTEGER")
PROCEDURE = Function("p", "BEGIN DELETE FROM t WHERE b LIKE '%:'; SELECT 1; END;", kind="procedure")

EVERYWHERE: dict[str, tuple[ops.MigrateOperation, ...]] = {
    "view": (ops.CreateViewOp(VIEW),),
    "view replaced": (ops.CreateViewOp(VIEW), ops.ReplaceViewOp(NEW_VIEW, replaces=VIEW)),
    "view made anew": (ops.CreateViewOp(VIEW), ops.ReplaceViewOp(NEW_VIEW, replaces=VIEW, recreate=True)),
    "trigger": (ops.CreateTriggerOp(TRIGGER),),
    "trigger replaced": (ops.CreateTriggerOp(TRIGGER), ops.ReplaceTriggerOp(NEW_TRIGGER, replaces=TRIGGER)),
}
MARIADB: dict[str, tuple[ops.MigrateOperation, ...]] = {
    **EVERYWHERE,
    "function": (ops.CreateFunctionOp(FUNCTION),),
    "function replaced": (ops.CreateFunctionOp(FUNCTION), ops.ReplaceFunctionOp(NEW_FUNCTION, replaces=FUNCTION)),
    "function again": (ops.CreateFunctionOp(FUNCTION), ops.ReplaceFunctionOp(FUNCTION, replaces=FUNCTION)),
    "procedure": (ops.CreateFunctionOp(PROCEDURE),),
    "view with options": (ops.CreateViewOp(View("v", VIEW.definition, options="SQL SECURITY INVOKER")),),
    "sequence": (ops.CreateSequenceOp("q", start=5, increment=3, minvalue=-2, maxvalue=99, cycle=True),),
    "sequence not cycling": (ops.CreateSequenceOp("Q q", cycle=False, cache=7, nominvalue=True),),
    "sequence altered": (
        ops.CreateSequenceOp("q", start=5),
        ops.AlterSequenceOp(
            "q", increment=4, maxvalue=50, cycle=False, existing={"increment": 1, "maxvalue": None, "cycle": True}
        ),
    ),
}


def _up(op: Any, operations: tuple[ops.MigrateOperation, ...]) -> None:
    for operation in operations:
        op.invoke(operation)


def _down(op: Any, operations: tuple[ops.MigrateOperation, ...]) -> None:
    for operation in reversed(operations):
        op.invoke(operation.reverse())


def _travel(connection: Connection, operations: tuple[ops.MigrateOperation, ...], look: Callable[[], Any]) -> None:
    op = operations_on(connection)
    start = look()
    _up(op, operations)
    connection.commit()
    top = look()
    _down(op, operations)
    connection.commit()
    assert look() == start
    _up(op, operations)
    connection.commit()
    assert look() == top != start


def _script(dialect: str, operations: tuple[ops.MigrateOperation, ...]) -> str:
    buffer = io.StringIO()
    context = MigrationContext.configure(dialect_name=dialect, opts={"as_sql": True, "output_buffer": buffer})
    _up(Operations(context), operations)
    return "".join(f"{statement};\n" for statement in BASE) + buffer.getvalue()


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _sqlite_schema(connection: Connection) -> list[Any]:
    return list(connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2").all())


@pytest.fixture
def sqlite_connection(tmp_path: Path) -> Iterator[Connection]:
    """A connection to a file with two tables."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'db.sqlite'}")
    with engine.connect() as connection:
        for statement in BASE:
            connection.exec_driver_sql(statement)
        connection.commit()
        yield connection
    engine.dispose()


@pytest.mark.parametrize("name", EVERYWHERE)
def test_up_down_up_on_sqlite(name: str, sqlite_connection: Connection) -> None:
    """The way back leads to the very same schema, and the script makes the same one."""
    operations = EVERYWHERE[name]
    _travel(sqlite_connection, operations, lambda: _sqlite_schema(sqlite_connection))

    script = sqlite3.connect(":memory:")
    script.executescript(_script("sqlite", operations))
    stored = script.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2").fetchall()
    script.close()
    assert stored == [tuple(row) for row in _sqlite_schema(sqlite_connection)]


def test_triggers_of_a_view_survive_its_replacement_on_sqlite(sqlite_connection: Connection) -> None:
    """DROP VIEW takes them along without a word."""
    operations = operations_on(sqlite_connection)
    operations.create_view(View("seen", "SELECT note FROM log"))
    operations.create_trigger(
        Trigger("tr", "BEGIN INSERT INTO log VALUES (new.note || ':%'); END", table="seen", event="INSTEAD OF INSERT")
    )

    operations.replace_view(View("seen", "SELECT note FROM log WHERE note <> ''"))
    sqlite_connection.exec_driver_sql("INSERT INTO seen VALUES ('a')")

    assert sqlite_connection.exec_driver_sql("SELECT note FROM seen").scalars().all() == ["a:%"]


def test_a_trigger_of_sqlite_works(sqlite_connection: Connection) -> None:
    """The body arrives as it reads, semicolons, colons and percent signs included."""
    operations_on(sqlite_connection).create_trigger(TRIGGER)
    sqlite_connection.exec_driver_sql("INSERT INTO t VALUES (1, 'a')")

    assert sqlite_connection.exec_driver_sql("SELECT note FROM log").scalars().all() == ["it's; 50% :x", "two"]


# --- MariaDB ----------------------------------------------------------------------------------------------------------


def _mariadb_dump(url: str) -> str:
    return mariadb_dump(url, "--no-data", "--routines")


@pytest.fixture
def mariadb_connection(mariadb_url: str) -> Iterator[Connection]:
    """A connection to a database with two tables."""
    engine = sa.create_engine(mariadb_url)
    with engine.connect() as connection:
        for statement in BASE:
            connection.exec_driver_sql(statement)
        yield connection
    engine.dispose()


@pytest.mark.parametrize("name", MARIADB)
def test_up_down_up_on_mariadb(name: str, mariadb_connection: Connection, mariadb_url: str) -> None:
    """The way back leads to the very same dump."""
    _travel(mariadb_connection, MARIADB[name], lambda: _mariadb_dump(mariadb_url))


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize("name", MARIADB)
def test_the_client_reads_the_script(name: str, dialect: str, mariadb_database_factory: MariadbDatabaseFactory) -> None:
    """The client `mysql` makes of the script what the online run makes: bodies stand between DELIMITER commands."""
    if dialect == "mysql" and "sequence" in name:
        dialect = "mariadb"  # MySQL has none, so there is no script for it
    online, offline = mariadb_database_factory(), mariadb_database_factory()
    engine = sa.create_engine(online)
    with engine.connect() as connection:
        for statement in BASE:
            connection.exec_driver_sql(statement)
        _up(operations_on(connection), MARIADB[name])
        connection.commit()
    engine.dispose()

    mariadb_client(offline, _script(dialect, MARIADB[name]))

    assert _mariadb_dump(offline) == _mariadb_dump(online)


def test_functions_of_mariadb_work(mariadb_connection: Connection) -> None:
    """The bodies arrive as they read, whatever the driver makes of percent signs."""
    op = operations_on(mariadb_connection)
    op.create_function(FUNCTION)
    op.create_trigger(TRIGGER)
    mariadb_connection.exec_driver_sql("INSERT INTO t VALUES (1, 'a')")

    assert mariadb_connection.exec_driver_sql("SELECT f(4)").scalar() == 3
    assert mariadb_connection.exec_driver_sql("SELECT note FROM log").scalars().all() == ["it's; 50% :x", "two"]

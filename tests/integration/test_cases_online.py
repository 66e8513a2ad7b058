"""The table of offline cases on real databases: up, down by the reversed operations, up again.

A case is laid out by its group. The way down is what the operations say about themselves with `reverse()`; where one
does not know its way back (a drop by name, a change that does not say what was), only the way up is run. What a
server rejects for reasons of its own (a cast it does not make, a type it does not have) is counted: the number of those
that travel must not fall.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from runner.errors import RunnerError
from tests.differential.offline_sql_cases import CASES, Case
from tests.integration.test_dialects_online import operations_on, picture

PARENTS = (
    "CREATE TABLE u (id INTEGER PRIMARY KEY, c INTEGER, d INTEGER, UNIQUE (c, d))",
    "CREATE TABLE v (id INTEGER PRIMARY KEY)",
)
SCHEMAS = ("s", "r", "other", "My S")
INDEXES = {"My T": "Ix T", "T x": "Ix x"}
TEXT_CASES: tuple[str, ...] = (
    "*/text*",
    "*/func",
    "*/where-text",
    "*/where-string",
    "*/expression",
    "*/in",
    "*/mysql-length*",
)
TEXT_CASES += ("*/mysql-prefix", "*/mysql-parser", "*/mariadb-length")
"""Cases that treat column a as text."""
KNOWS_ITS_PAST = ("*/existing-all", "*/schema")
"""Alterations that say what was."""

VIRTUAL_COLUMN_CASES = 2  # that PostgreSQL takes from version 18 on

TRAVELLED: dict[str, dict[str, int]] = {
    "postgresql": {
        "add_column": 114,
        "alter_column": 85,
        "create_check_constraint": 6,
        "create_exclude_constraint": 1,
        "create_foreign_key": 10,
        "create_index": 23,
        "create_primary_key": 3,
        "create_table": 55,
        "create_table_comment": 3,
        "create_unique_constraint": 6,
        "drop_column": 8,
        "drop_constraint": 16,
        "drop_index": 6,
        "drop_table": 4,
        "drop_table_comment": 1,
        "rename_table": 4,
    },
    "sqlite": {
        "add_column": 58,
        "alter_column": 10,
        "create_table": 51,
        "create_index": 23,
        "drop_column": 6,
        "drop_index": 4,
        "drop_table": 2,
        "rename_table": 2,
    },
}
"""The groups that are run, and how many of their cases get there and back."""
ONE_WAY = (
    "create_table/*enum*",  # the types stay when the table goes, unless drop_types is given
    "create_table_comment/existing",  # says another past than the one laid out
    "drop_table_comment/plain",  # does not say what was
)
UNREADABLE = ("create_index/sqlite-where*",)
"""Cases whose reflection holds objects that do not compare."""


def _matches(name: str, patterns: Any) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _tables(case: Case, dialect: str) -> Iterator[tuple[str, str]]:
    """Yield schema and name of the tables a case may be about."""
    yield "", "t"
    if "quoted" in case.name:
        yield "", "My T"
    if dialect == "postgresql":
        yield from (("s", "t"), ("My S", "My T"), ("My S", "t"), ("My S", "T x"))


def _layout(case: Case, dialect: str) -> Iterator[str]:
    """Yield the statements that make the tables a case is about."""
    group, _, rest = case.name.partition("/")
    yield from PARENTS if group != "rename_table" else ()
    if dialect == "postgresql":
        yield from (f'CREATE SCHEMA "{schema}"' for schema in SCHEMAS)
        yield "CREATE TABLE other.u (id INTEGER PRIMARY KEY)"
        yield "CREATE TABLE r.u (id INTEGER PRIMARY KEY)"
        yield "CREATE SEQUENCE c_seq"
        yield "CREATE SEQUENCE q"
        if group != "create_table":
            yield from ("CREATE TYPE letters AS ENUM ('a', 'b')", "CREATE TYPE colour AS ENUM ('red', 'blue')")
            yield "CREATE SCHEMA types"
            yield "CREATE TYPE types.letters AS ENUM ('a', 'b')"
        else:
            yield "CREATE SCHEMA types"
    if group == "create_table":
        return
    for schema, table in _tables(case, dialect):
        yield from _table(case, dialect, schema, table, group, rest)


def _table(case: Case, dialect: str, schema: str, table: str, group: str, rest: str) -> Iterator[str]:
    mark = "`" if dialect == "mysql" else '"'

    def quoted(name: str) -> str:
        return f"{mark}{name}{mark}"

    full = f"{quoted(schema)}.{quoted(table)}" if schema else quoted(table)
    a = "VARCHAR(20)" if _matches(case.name, TEXT_CASES) else "INTEGER"
    columns = ["id INTEGER NOT NULL", f"a {a} NOT NULL" if "primary" in case.name else f"a {a}", "b INTEGER"]
    columns[2] += " NOT NULL" if "primary" in case.name else ""
    if group == "alter_column":
        comment = " COMMENT 'old'" if dialect == "mysql" else ""
        columns += [f"c INTEGER DEFAULT 7 NOT NULL{comment}", f"{quoted('My C')} INTEGER"]
    elif group != "add_column":
        extra = ("c", "C c", "Mixed", "select", "it's", "My C")
        columns += [f"{quoted(name)} INTEGER" for name in extra]
        columns += ["r INT4RANGE"] if dialect == "postgresql" else []
    columns.append("UNIQUE (id)")
    name = quoted({"My T": "My K", "T x": "K x"}.get(table, "k"))
    kinds = {
        "primary": "PRIMARY KEY (a)",
        "unique": "UNIQUE (a)",
        "check": "CHECK (a > 0)",
        "foreignkey": "FOREIGN KEY (a) REFERENCES u (id)",
    }
    if group == "drop_constraint":
        kind = rest.partition("/")[0]
        columns.append(f"CONSTRAINT {name} {kinds.get(kind, kinds['unique'])}")
    yield f"CREATE TABLE {full} ({', '.join(columns)})"
    if group == "drop_index":
        yield f"CREATE INDEX {quoted(INDEXES.get(table, 'ix_t'))} ON {full} (a)"
    if dialect == "postgresql" and group == "alter_column":
        yield f"COMMENT ON COLUMN {full}.c IS 'old'"
    if dialect == "postgresql" and group == "drop_table_comment":
        yield f"COMMENT ON TABLE {full} IS 'x'"


def _ways_back(case: Case, done: list[Any]) -> list[Any]:
    """Return the operations that undo what was done, none where one does not know how."""
    group = case.name.partition("/")[0]
    if group.startswith("drop_") and group != "drop_table_comment":
        return []
    if group == "alter_column" and not _matches(case.name, KNOWS_ITS_PAST):
        return []
    if case.name.endswith("/unnamed") or _matches(case.name, ONE_WAY):
        return []
    return [operation.reverse() for operation in reversed(done)]


PG_CATALOG = (
    """
    SELECT n.nspname, c.relname, c.relkind, c.relpersistence, c.reloptions, obj_description(c.oid, 'pg_class'),
        a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, to_jsonb(a) ->> 'attgenerated',
        pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum), a.attcollation
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE n.nspname !~ '^pg_|^information_schema$' ORDER BY 1, 2, a.attnum
    """,
    """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(o.oid), obj_description(o.oid, 'pg_constraint')
    FROM pg_constraint o JOIN pg_namespace n ON n.oid = o.connamespace
    WHERE n.nspname !~ '^pg_|^information_schema$' ORDER BY 1, 2
    """,
    "SELECT schemaname, indexname, indexdef FROM pg_indexes WHERE schemaname !~ '^pg_' ORDER BY 1, 2",
    "SELECT t.typname, e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid ORDER BY 1, e.enumsortorder",
    "SELECT * FROM pg_sequences ORDER BY 1, 2",
)
"""What pg_dump writes about tables, asked for at once: pg_dump itself takes longer than a case."""


def _look(connection: Connection) -> Any:
    if connection.dialect.name != "postgresql":
        return picture(connection, None)
    return [[tuple(row) for row in connection.exec_driver_sql(query)] for query in PG_CATALOG]


def _travel(connection: Connection, case: Case) -> None:
    op, done = operations_on(connection), []
    invoke = op.invoke

    def noted(operation: Any) -> Any:
        done.append(operation)
        return invoke(operation)

    op.invoke = noted
    start = _look(connection)
    case.call(op)
    top = _look(connection)
    back = _ways_back(case, done)
    for operation in back:
        invoke(operation)
    if back:
        assert _look(connection) == start
        case.call(op)
        assert _look(connection) == top


def _outcome(connection: Connection, case: Case) -> str:
    """Return "travelled", "rejected" or what went wrong on the way."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _travel(connection, case)
    except (DBAPIError, RunnerError, sa.exc.ArgumentError, sa.exc.CompileError):
        return "rejected"
    except AssertionError as error:
        return f"{case.name}: {error}"
    return "travelled"


def _cases(group: str, dialect: str) -> Iterator[Case]:
    for case in CASES:
        of_group = case.name.partition("/")[0] == group and dialect in case.dialects
        if of_group and "concurrently" not in case.name and not _matches(case.name, UNREADABLE):
            yield case


def _run(connection: Connection, group: str, dialect: str) -> list[str]:
    outcomes = []
    for case in _cases(group, dialect):
        with connection.begin_nested() as savepoint:
            for statement in _layout(case, dialect):
                connection.exec_driver_sql(statement)
            outcomes.append(_outcome(connection, case))
            savepoint.rollback()
    return outcomes


def _judge(outcomes: list[str], at_least: int) -> None:
    """No case may end elsewhere than it began, and as many as once did must get there."""
    assert [outcome for outcome in outcomes if outcome not in {"travelled", "rejected"}] == []
    assert outcomes.count("travelled") >= at_least


@pytest.mark.parametrize("group", TRAVELLED["postgresql"])
def test_cases_on_postgresql(group: str, pg_url: str) -> None:
    """Every case goes up, comes back and goes up again, or is rejected by the server (OP-1 to OP-15, DI-1)."""
    engine = sa.create_engine(pg_url)
    with engine.begin() as connection:
        has_virtual_columns = (connection.dialect.server_version_info or (0,)) >= (18,)
        missing = 0 if has_virtual_columns or group != "add_column" else VIRTUAL_COLUMN_CASES
        _judge(_run(connection, group, "postgresql"), TRAVELLED["postgresql"][group] - missing)
        connection.rollback()
    engine.dispose()


@pytest.mark.parametrize("group", TRAVELLED["sqlite"])
def test_cases_on_sqlite(group: str) -> None:
    """Every case goes up, comes back and goes up again, or is refused (OP-1 to OP-15, DI-6)."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        _judge(_run(connection, group, "sqlite"), TRAVELLED["sqlite"][group])
    engine.dispose()

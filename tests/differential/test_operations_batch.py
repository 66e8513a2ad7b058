"""Batch blocks next to Alembic's: the offline script with `copy_from`, and the database after an online run."""

from __future__ import annotations

import dataclasses
import datetime
import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations as AlembicOperations
from sqlalchemy.engine import Connection

from runner.operations import Operations
from runner.operations.batch.expressions import canonical
from runner.operations.batch.sqlite_ddl import ParsedColumn, ParsedTable, parse_table
from tests.differential.batch_cases import BLOCKS, Block, parent_and_table, table
from tests.unit.dialects.standin import StandInContext, offline_impl
from tests.unit.operations.sqlite_databases import operations_on

MOVED = ("add/moved", "alter/moved-after", "alter/moved-before", "alter/moved-to-the-end")
OFFLINE_DIFFERENCES = {
    "alter/name": "Alembic leaves the old name in checks and partial indexes, which SQLite rejects",
    "alter/name-quoted": "the same",
    "alter/name-and-type": "the same",
    "alter/name-self-reference": "Alembic leaves the old name in the reference of the table to itself",
    "add/index": "Alembic creates the index twice, once named after the temporary table",
    "index/create-expression": "Alembic raises KeyError for text()",
    "naming/drop-unnamed": "Alembic ignores naming_convention where copy_from is given",
    **dict.fromkeys(MOVED, "Alembic takes insert_before and insert_after of alter_column() and moves nothing"),
}
ONLINE_DIFFERENCES = {
    **dict.fromkeys(MOVED, "Alembic takes insert_before and insert_after of alter_column() and moves nothing"),
    "alter/name": "Alembic leaves the old name in checks and partial indexes, which SQLite rejects",
    "alter/name-quoted": "the same",
    "alter/name-and-type": "the same",
    "alter/name-self-reference": "Alembic leaves the old name in the reference of the table to itself",
    "add/index": "Alembic creates the index twice, once named after the temporary table",
    "index/create-expression": "Alembic raises KeyError for text()",
}
ONLINE_REFUSED = {
    "constraint/primary-key": "the reference of the table to itself would refer to what is no longer unique",
}


@dataclass(frozen=True, slots=True)
class Script:
    """An offline script: the items of CREATE TABLE, the other statements in order, the indexes."""

    columns: tuple[str, ...]
    constraints: frozenset[str]
    statements: tuple[str, ...]
    indexes: frozenset[str]


_CONSTRAINT = re.compile(r"(CONSTRAINT|PRIMARY|UNIQUE|CHECK|FOREIGN)\b")
_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX\b")


def _script(text: str) -> Script:
    columns: list[str] = []
    constraints: set[str] = set()
    statements: list[str] = []
    text = re.sub(r"^--.*\n+", "", text, flags=re.MULTILINE)  # ours says what copy_from cannot (LIM-6)
    text = text.replace("PRAGMA foreign_keys=OFF;\n\n", "")  # and keeps child rows from being deleted (DNG-1)
    for statement in filter(None, (part.strip() for part in text.split(";\n\n"))):
        if statement.startswith("CREATE TABLE"):
            head, body = statement.split("(", 1)
            statements.append(" ".join(head.split()))
            for item in body.rstrip(")").strip().split(", \n"):
                (constraints.add if _CONSTRAINT.match(item.strip()) else columns.append)(" ".join(item.split()))
        else:
            statements.append(" ".join(statement.split()))
    indexes = frozenset(s for s in statements if _INDEX.match(s))
    return Script(tuple(columns), frozenset(constraints), tuple(s for s in statements if s not in indexes), indexes)


def _alembic_script(block: Block) -> Script | None:
    buffer = io.StringIO()
    context = MigrationContext.configure(dialect_name="sqlite", opts={"as_sql": True, "output_buffer": buffer})
    return _script(buffer.getvalue()) if _ran(AlembicOperations(context), block, copy_from=table()) else None


def _our_script(block: Block) -> Script | None:
    impl, buffer = offline_impl("sqlite")
    context: Any = StandInContext(impl)
    return _script(buffer.getvalue()) if _ran(Operations(context), block, copy_from=table()) else None


def _ran(operations: Any, block: Block, **options: Any) -> bool:
    """Run a block, and tell whether it was accepted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with operations.batch_alter_table("t", **options, **block.options) as batch:
                block.call(batch)
        except Exception:  # noqa: BLE001  # whichever it is, the block was refused
            return False
    return True


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_the_offline_script_of_a_block_equals_alembics(block: Block) -> None:
    """Offline, with copy_from, a rebuild is the same script but for the documented differences (OP-40, OP-44).

    The blocks try every directive and the arguments of batch_alter_table() (OP-18, OP-42, OP-43, OP-45).
    """
    ours, theirs = _our_script(block), _alembic_script(block)

    if block.name in OFFLINE_DIFFERENCES:
        assert ours is not None
        assert ours != theirs
    else:
        assert ours == theirs


@dataclass(frozen=True, slots=True)
class Database:
    """What is in the database, in a form in which equal means equal to SQLite."""

    table: ParsedTable
    constraints: frozenset[tuple[Any, ...]]
    indexes: frozenset[tuple[str, ...]]
    rows: tuple[tuple[Any, ...], ...]


def _database(connection: Connection) -> Database:
    sql = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 't'").scalar_one()
    indexes = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    parsed = parse_table(sql)
    return Database(
        table=ParsedTable(name=parsed.name, columns=tuple(map(_without_parentheses, parsed.columns))),
        constraints=frozenset((c.kind, c.name, c.columns, canonical(c.text), c.reference) for c in parsed.constraints),
        indexes=frozenset(canonical(row[0]) for row in indexes),
        rows=tuple(tuple(row) for row in connection.exec_driver_sql("SELECT * FROM t ORDER BY 1")),
    )


def _without_parentheses(column: ParsedColumn) -> ParsedColumn:
    """Return a column whose default is comparable: Alembic puts functions in parentheses."""
    default = column.default
    return dataclasses.replace(column, default=default[1:-1]) if default and default.startswith("(") else column


@pytest.fixture
def connection() -> Iterator[Connection]:
    """A database with the table of the cases and a few rows."""
    engine = sa.create_engine("sqlite://")
    metadata, made = parent_and_table()
    metadata.create_all(engine)
    with engine.connect() as connection:
        connection.execute(metadata.tables["o"].insert(), [{"x": 1}, {"x": 2}])
        moment = datetime.datetime(2020, 1, 2, 3, 4, 5)
        rows: list[dict[str, Any]] = [
            {"at": moment, "id": 1, "a": "1", "b": 1, "flag": True, "kind": "x", "parent": None, "o": 1, "n": 1},
            {"at": moment, "id": 2, "a": "2", "b": 2, "flag": False, "kind": "y", "parent": 1, "o": 2, "n": 2},
            {
                "at": moment,
                "id": 3,
                "a": None,
                "b": 1,
                "flag": None,
                "kind": None,
                "parent": None,
                "o": None,
                "n": None,
            },
        ]
        connection.execute(made.insert(), rows)
        connection.commit()
        yield connection
    engine.dispose()


@pytest.fixture
def second_connection() -> Iterator[Connection]:
    """Another database like the first."""
    yield from connection.__wrapped__()  # type: ignore[attr-defined]  # the function the fixture was made of


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_the_database_after_a_block_equals_alembics(
    block: Block, connection: Connection, second_connection: Connection
) -> None:
    """Online, definition, indexes and rows are the same but for the documented differences (OP-40, OP-43, OP-45)."""
    theirs = _ran(AlembicOperations(MigrationContext.configure(second_connection)), block)
    ours = _ran(operations_on(connection), block)

    if block.name in ONLINE_REFUSED:
        assert (ours, theirs) == (False, True)
    elif block.name in ONLINE_DIFFERENCES:
        assert ours
        assert not theirs or _database(connection) != _database(second_connection)
    else:
        assert ours == theirs
        assert not ours or _database(connection) == _database(second_connection)

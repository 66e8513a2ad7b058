"""What became of a statement whose end nobody saw: floor 4. Looks at the catalog; changes nothing itself.

The statement ran outside of a transaction, and then the process, the session or the server went away. For the
statements that people run so, the catalog tells. For any other the answer is that only a person can say.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = [
    "Examination",
    "Form",
    "Verdict",
    "WantedIndex",
    "drop_index_sql",
    "examine",
    "form_of",
    "index_is_valid",
    "one_line_of",
    "plain_name",
    "wanted_index",
]

_NAME = r'(?:"(?:[^"]|"")+"|`[^`]+`|[\w$]+)'
_PATH = rf"(?P<{{0}}>{_NAME}(?:\s*\.\s*{_NAME})*)"


class Form(enum.Enum):
    """What a statement looks like whose end the catalog tells."""

    CREATE_INDEX = "create-index"
    DROP_INDEX = "drop-index"
    ADD_VALUE = "add-value"
    VALIDATE = "validate"
    REINDEX = "reindex"
    HARMLESS = "harmless"
    CREATE_TABLE = "create-table"
    DROP_TABLE = "drop-table"
    CREATE_PLAIN_INDEX = "create-plain-index"
    ADD_COLUMN = "add-column"
    DROP_COLUMN = "drop-column"


class Verdict(enum.Enum):
    """What to do about the statement."""

    DONE = "done"
    REDO = "redo"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A verdict, the fact it rests on, and statements to execute first where the interruption left something."""

    verdict: Verdict
    reason: str
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedIndex:
    """The index that a CREATE INDEX statement names, in the schema of its table."""

    name: str
    table: str
    concurrently: bool
    if_not_exists: bool


def one_line_of(sql: str) -> str:
    """Return a statement without comments, on one line."""
    without = re.sub(r"/\*.*?\*/|--[^\n]*", " ", sql, flags=re.DOTALL)
    return " ".join(without.split()).rstrip("; ")


_CREATE_INDEX = re.compile(
    r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?P<concurrently>CONCURRENTLY\s+)?(?P<exists>IF\s+NOT\s+EXISTS\s+)?"
    rf"(?!CONCURRENTLY\b)(?P<name>{_NAME})\s+ON\s+(?:ONLY\s+)?{_PATH.format('table')}",
    re.IGNORECASE,
)


def wanted_index(sql: str) -> WantedIndex | None:
    """Return what a CREATE INDEX statement names, None for other statements and for an index without a name."""
    found = _CREATE_INDEX.match(one_line_of(sql))
    if found is None:
        return None
    return WantedIndex(
        name=found["name"],
        table=found["table"],
        concurrently=found["concurrently"] is not None,
        if_not_exists=found["exists"] is not None,
    )


def index_is_valid(connection: Connection, index: WantedIndex) -> bool | None:
    """Tell whether an index of that name is valid, None where there is none on that table (PostgreSQL)."""
    rows = _fetch(
        connection,
        "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"  # noqa: S608  # quoted
        f" WHERE i.indrelid = to_regclass({_literal(index.table)}) AND c.relname = {_literal(plain_name(index.name))}",
    )
    return bool(rows[0][0]) if rows else None


def drop_index_sql(connection: Connection, index: WantedIndex) -> str:
    """Return the statement that drops an index concurrently; it is in the schema of its table."""
    rows = _fetch(
        connection,
        "SELECT c.oid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"  # noqa: S608  # quoted
        f" WHERE i.indrelid = to_regclass({_literal(index.table)}) AND c.relname = {_literal(plain_name(index.name))}",
    )
    return f"DROP INDEX CONCURRENTLY IF EXISTS {rows[0][0] if rows else index.name}"


def form_of(sql: str, *, is_postgresql: bool) -> tuple[Form, re.Match[str]] | None:
    """Return what a statement looks like and the names in it, None for one whose end nothing tells."""
    text = one_line_of(sql)
    for pattern, form in (*(_POSTGRESQL if is_postgresql else ()), *_ANYWHERE):
        found = pattern.match(text)
        if found is not None:
            return form, found
    return None


def examine(connection: Connection, sql: str) -> Examination:
    """Return what became of an interrupted statement, as far as the catalog tells."""
    form = form_of(sql, is_postgresql=connection.dialect.name == "postgresql")
    if form is None:
        return Examination(verdict=Verdict.UNKNOWN, reason="nothing in the database tells whether it took effect")
    return _RULES[form[0]](connection, form[1])


# -- rules: what the statement looks like -> what the catalog says ------------------------------------------


def _create_index(connection: Connection, found: re.Match[str]) -> Examination:
    index = wanted_index(found.string)
    assert index is not None  # the pattern is the same
    valid = index_is_valid(connection, index)
    if valid is None:
        return _redo(f"there is no index {index.name}")
    if valid:
        return _done(f"index {index.name} is there and valid")
    return _redo(f"index {index.name} was left INVALID", drop_index_sql(connection, index))


def _drop_index(connection: Connection, found: re.Match[str]) -> Examination:
    if _regclass(connection, found["name"]) is None:
        return _done(f"there is no index {found['name']} any more")
    return _redo(f"index {found['name']} is still there")


def _add_value(connection: Connection, found: re.Match[str]) -> Examination:
    rows = _fetch(
        connection,
        "SELECT count(*) FROM pg_enum WHERE"  # noqa: S608  # quoted, and a literal of the statement itself
        f" enumtypid = to_regtype({_literal(found['name'])}) AND enumlabel = {found['value']}",
    )
    value = found["value"]
    return _done(f"the type has the value {value}") if rows[0][0] else _redo(f"the type lacks the value {value}")


def _validate(connection: Connection, found: re.Match[str]) -> Examination:
    rows = _fetch(
        connection,
        "SELECT convalidated FROM pg_constraint"  # noqa: S608  # quoted
        f" WHERE conrelid = to_regclass({_literal(found['table'])})"
        f" AND conname = {_literal(plain_name(found['name']))}",
    )
    if rows and rows[0][0]:
        return _done(f"constraint {found['name']} is validated")
    return _redo(f"constraint {found['name']} is not validated yet")


def _reindex(connection: Connection, found: re.Match[str]) -> Examination:
    """What REINDEX CONCURRENTLY leaves behind is INVALID and named after the index, with _ccnew or _ccold."""
    rows = _fetch(
        connection,
        "SELECT c.oid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"  # noqa: S608  # quoted
        rf" WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AND to_regclass({_literal(found['name'])})"
        " IN (i.indrelid, (SELECT o.oid FROM pg_class o JOIN pg_index oi ON oi.indexrelid = o.oid"
        rf" WHERE oi.indrelid = i.indrelid AND o.oid = to_regclass({_literal(found['name'])})))",
    )
    left = tuple(f"DROP INDEX CONCURRENTLY IF EXISTS {row[0]}" for row in rows)
    return _redo(f"rebuilding again does no harm; {len(left)} leftovers", *left)


def _harmless(_connection: Connection, _found: re.Match[str]) -> Examination:
    return _redo("executing it again does no harm")


def _create_table(connection: Connection, found: re.Match[str]) -> Examination:
    there = _has_table(connection, found["name"])
    return _done(f"table {found['name']} is there") if there else _redo(f"there is no table {found['name']}")


def _drop_table(connection: Connection, found: re.Match[str]) -> Examination:
    there = _has_table(connection, found["name"])
    return _redo(f"table {found['name']} is still there") if there else _done(f"there is no table {found['name']}")


def _add_column(connection: Connection, found: re.Match[str]) -> Examination:
    there = _has_column(connection, found["table"], found["name"])
    return _done(f"column {found['name']} is there") if there else _redo(f"there is no column {found['name']}")


def _drop_column(connection: Connection, found: re.Match[str]) -> Examination:
    there = _has_column(connection, found["table"], found["name"])
    return _redo(f"column {found['name']} is still there") if there else _done(f"there is no column {found['name']}")


def _create_plain_index(connection: Connection, found: re.Match[str]) -> Examination:
    schema, table = _split(connection, found["table"])
    names = {index["name"] for index in inspect(connection).get_indexes(table, schema=schema)}
    there = plain_name(found["name"]) in names
    return _done(f"index {found['name']} is there") if there else _redo(f"there is no index {found['name']}")


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE)


_Forms = tuple[tuple[re.Pattern[str], Form], ...]
_NAMED = _PATH.format("name")
_TABLE = _PATH.format("table")
_POSTGRESQL: _Forms = (
    (_CREATE_INDEX, Form.CREATE_INDEX),
    (_rule(rf"DROP INDEX (?:CONCURRENTLY )?(?:IF EXISTS )?{_NAMED}(?:\s+(?:RESTRICT|CASCADE))?$"), Form.DROP_INDEX),
    (_rule(rf"ALTER TYPE {_NAMED} ADD VALUE (?:IF NOT EXISTS )?(?P<value>'(?:[^']|'')*')"), Form.ADD_VALUE),
    (_rule(rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_TABLE} VALIDATE CONSTRAINT (?P<name>{_NAME})$"), Form.VALIDATE),
    (_rule(rf"REINDEX (?:\([^)]*\)\s*)?(?:INDEX|TABLE) (?:CONCURRENTLY )?{_NAMED}$"), Form.REINDEX),
)
_ANYWHERE: _Forms = (
    (_rule(r"(?:VACUUM|ANALYZE|ANALYSE|REINDEX|CLUSTER|CHECKPOINT|OPTIMIZE)\b"), Form.HARMLESS),
    (_rule(r"REFRESH MATERIALIZED VIEW\b"), Form.HARMLESS),
    (_rule(r"CREATE OR REPLACE\b"), Form.HARMLESS),
    (_rule(r"CREATE (?:\w+ ){1,3}?IF NOT EXISTS\b"), Form.HARMLESS),
    (_rule(r"DROP (?:\w+ ){1,3}?IF EXISTS\b"), Form.HARMLESS),
    (_rule(rf"CREATE (?:UNLOGGED )?TABLE {_NAMED}\s*\("), Form.CREATE_TABLE),
    (_rule(rf"DROP TABLE {_NAMED}$"), Form.DROP_TABLE),
    (_rule(rf"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY\b)(?P<name>{_NAME}) ON {_TABLE}"), Form.CREATE_PLAIN_INDEX),
    (
        _rule(
            rf"ALTER TABLE {_TABLE} ADD (?!(?:CONSTRAINT|INDEX|KEY|UNIQUE|PRIMARY|FOREIGN|CHECK|FULLTEXT|PARTITION)\b)"
            rf"(?:COLUMN )?(?:IF NOT EXISTS )?(?P<name>{_NAME}) (?!.*,\s*(?:ADD|DROP|ALTER|MODIFY|CHANGE)\b)"
        ),
        Form.ADD_COLUMN,
    ),
    (
        _rule(
            rf"ALTER TABLE {_TABLE} DROP (?!(?:CONSTRAINT|INDEX|KEY|PRIMARY|FOREIGN|CHECK|PARTITION)\b)"
            rf"(?:COLUMN )?(?:IF EXISTS )?(?P<name>{_NAME})(?:\s+(?:RESTRICT|CASCADE))?$"
        ),
        Form.DROP_COLUMN,
    ),
)
_RULES: Mapping[Form, Callable[[Connection, re.Match[str]], Examination]] = {
    Form.CREATE_INDEX: _create_index,
    Form.DROP_INDEX: _drop_index,
    Form.ADD_VALUE: _add_value,
    Form.VALIDATE: _validate,
    Form.REINDEX: _reindex,
    Form.HARMLESS: _harmless,
    Form.CREATE_TABLE: _create_table,
    Form.DROP_TABLE: _drop_table,
    Form.CREATE_PLAIN_INDEX: _create_plain_index,
    Form.ADD_COLUMN: _add_column,
    Form.DROP_COLUMN: _drop_column,
}


def _done(reason: str) -> Examination:
    return Examination(verdict=Verdict.DONE, reason=reason)


def _redo(reason: str, *first: str) -> Examination:
    return Examination(verdict=Verdict.REDO, reason=reason, first=first)


# -- reading ---------------------------------------------------------------------------------------------


def _fetch(connection: Connection, sql: str) -> list[Any]:
    """Ask with a cursor of the driver's own: nobody who listens to SQLAlchemy's statements is concerned."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql)
        return list(cursor.fetchall())
    finally:
        cursor.close()


def _literal(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def plain_name(name: str) -> str:
    """Return a name as the catalog has it."""
    if name.startswith('"'):
        return name[1:-1].replace('""', '"')
    return name[1:-1] if name.startswith("`") else name.lower()


def _regclass(connection: Connection, name: str) -> object:
    return _fetch(connection, f"SELECT to_regclass({_literal(name)})")[0][0]


def _split(connection: Connection, path: str) -> tuple[str | None, str]:
    """Return (schema, name); a name without quotes means itself in MySQL and SQLite."""
    parts = re.findall(_NAME, path)
    as_it_is = connection.dialect.name != "postgresql"
    plain = [part if as_it_is and part[0] not in '"`' else plain_name(part) for part in parts]
    return (plain[-2] if len(plain) > 1 else None), plain[-1]


def _has_table(connection: Connection, path: str) -> bool:
    schema, name = _split(connection, path)
    return inspect(connection).has_table(name, schema=schema)


def _has_column(connection: Connection, path: str, column: str) -> bool:
    if not _has_table(connection, path):
        return False
    schema, table = _split(connection, path)
    names = {found["name"].lower() for found in inspect(connection).get_columns(table, schema=schema)}
    return column.strip('"`').lower() in names

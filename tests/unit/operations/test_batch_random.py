"""Random tables through random batch blocks: what was not altered is there afterwards, and so is every value."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st
from packaging.version import Version
from sqlalchemy.engine import Connection

from runner.errors import OperationError
from runner.operations import BatchOperations, Operations
from tests.unit.operations.sqlite_databases import MODES, database, rows

NAMES = ["a", "b c", "D", "select", "e", "end", "key", "x'y"]
TYPES = [
    "INTEGER",
    "TEXT",
    "VARCHAR(20)",
    "REAL",
    "NUMERIC(10, 2)",
    "BLOB",
    "BOOLEAN",
    "MEDIUMTEXT",
    "double precision",
    "",
]

KINDS = ["", " WITHOUT ROWID"]
# Which SQLAlchemy can write from 2.0.37 on; without that, a rebuild is refused.
_HAS_STRICT = sqlite3.sqlite_version_info >= (3, 37) and Version(sa.__version__) >= Version("2.0.37")
KINDS += [" STRICT", " STRICT, WITHOUT ROWID"] if _HAS_STRICT else []
CHILD = (
    "CREATE TABLE child (id INTEGER PRIMARY KEY, t_id INTEGER NOT NULL REFERENCES t (id){action})",
    "CREATE TRIGGER gone AFTER DELETE ON child BEGIN INSERT INTO log VALUES ('gone'); END",
    "CREATE VIEW family AS SELECT child.id, t.id AS t_id FROM child JOIN t ON t.id = child.t_id",
)
"""A table with rows that refer to those of t: none of them may go."""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomTable:
    """A table and what belongs to it, as statements."""

    columns: tuple[str, ...]
    generated: tuple[str, ...]
    statements: tuple[str, ...]


@st.composite
def _column(draw: st.DrawFn, name: str, types: list[str]) -> str:
    parts = [_quoted(name), draw(st.sampled_from(types))]
    if draw(st.booleans()):
        parts.append(draw(st.sampled_from(["COLLATE NOCASE", "COLLATE rtrim"])))
    if draw(st.booleans()):
        parts.append(draw(st.sampled_from(["DEFAULT 1", "DEFAULT -2.5", "DEFAULT 'it''s'", "DEFAULT (abs(-3) + 1)"])))
    if draw(st.integers(0, 3)) == 0:
        parts.append(f"CHECK ({_quoted(name)} IS NULL OR {_quoted(name)} <> 'z:z')")
    return " ".join(parts)


def _types(kind: str, place: int) -> list[str]:
    """Return the types a column can have; in a STRICT table the first two take every value, the others text."""
    if "STRICT" not in kind:
        return TYPES
    return ["ANY"] if place < 2 else ["ANY", "TEXT"]


@st.composite
def _key(draw: st.DrawFn, names: list[str]) -> str:
    """Return a list of columns for an index or a key."""
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    suffixes = st.sampled_from(["", " DESC", " COLLATE nocase"])
    return ", ".join(_quoted(name) + draw(suffixes) for name in chosen)


@st.composite
def tables(draw: st.DrawFn) -> RandomTable:  # noqa: C901  # one draw after the other
    names = draw(st.lists(st.sampled_from(NAMES), min_size=3, max_size=6, unique=True))
    kind = draw(st.sampled_from(KINDS))
    items = [draw(_column(name, _types(kind, place))) for place, name in enumerate(names)]
    keys = ["INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER NOT NULL UNIQUE"]
    items.insert(0, f"id {draw(st.sampled_from(keys[:1] if 'ROWID' in kind else keys))}")
    generated = []
    if draw(st.booleans()):
        generated.append("gen")
        kept = draw(st.sampled_from(["", " STORED", " VIRTUAL"]))
        items.append(f"gen TEXT GENERATED ALWAYS AS (quote({_quoted(names[0])}) || ':g'){kept}")
    if draw(st.booleans()):
        items.append(f"CONSTRAINT ck CHECK (id > 0 AND {_quoted(names[1])} IS NOT 'nope')")
    if draw(st.booleans()):
        items.append(f"CHECK (length({_quoted(names[1])}) < 99 OR {_quoted(names[2])} IS NULL)")
    if draw(st.booleans()):
        items.append(f"UNIQUE (id, {_quoted(names[1])} DESC) ON CONFLICT IGNORE")
    if draw(st.booleans()):
        items.append(f"FOREIGN KEY ({_quoted(names[2])}) REFERENCES other ON DELETE SET NULL")
    statements = ["CREATE TABLE other (id INTEGER PRIMARY KEY)", "CREATE TABLE log (m)"]
    statements.append(f"CREATE TABLE t ({', '.join(items)}){kind}")
    for number in range(draw(st.integers(0, 3))):
        where = f" WHERE {_quoted(draw(st.sampled_from(names)))} IS NOT NULL" if draw(st.booleans()) else ""
        statements.append(f"CREATE INDEX i{number} ON t ({draw(_key(names))}){where}")
    if draw(st.booleans()):
        statements.append(f"CREATE INDEX ie ON t (lower({_quoted(names[0])}) DESC, id)")
    if draw(st.booleans()):
        name = _quoted(names[1])
        statements.append(
            f"CREATE TRIGGER g AFTER UPDATE OF {name} ON t BEGIN INSERT INTO log VALUES (new.{name} || ':x'); END"
        )
    if draw(st.booleans()):
        statements.append(f"CREATE VIEW v AS SELECT {_quoted(names[0])} AS first, t.{_quoted(names[2])} FROM t")
    values = st.one_of(st.none(), st.integers(-(2**40), 2**40), st.text("ab:'\"é %", max_size=5), st.binary(max_size=3))
    for number in range(draw(st.integers(0, 4))):
        row = [_literal(draw(values)) for _ in names[:2]]
        columns = ", ".join(map(_quoted, names[:2]))
        statements.append(f"INSERT OR IGNORE INTO t (id, {columns}) VALUES ({number + 1}, {', '.join(row)})")
    if draw(st.booleans()):
        action = draw(st.sampled_from(["", " ON DELETE CASCADE", " ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED"]))
        statements += [part.replace("{action}", action) for part in CHILD]
        statements.append("INSERT INTO child SELECT id + 10, id FROM t")
    return RandomTable(columns=tuple(names), generated=tuple(generated), statements=tuple(statements))


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What SQLite itself says about the table, by PRAGMA and by behaviour, without reading any text."""

    columns: dict[str, tuple[Any, ...]]
    indexes: list[tuple[Any, ...]]
    keys: list[tuple[Any, ...]]
    checks: int
    texts: dict[str, str]
    sequence: list[tuple[Any, ...]]
    values: list[dict[str, Any]]
    kind: list[tuple[Any, ...]]
    family: list[tuple[Any, ...]]
    log: list[tuple[Any, ...]]


def _facts(connection: Connection, renames: dict[str, str], dropped: tuple[str, ...] = ()) -> Facts:
    """Return the facts, with columns under the names they will have, without those that will not be there."""

    def new(name: str | None) -> str | None:
        return renames.get(name, name) if name is not None else None

    columns = {
        str(new(row[1])): (_type(row[2]), row[3], _default(row[4]), row[5], row[6])
        for row in rows(connection, "PRAGMA table_xinfo(t)")
        if row[1] not in dropped
    }
    indexes = []
    for row in rows(connection, "PRAGMA index_list(t)"):
        parts = rows(connection, f"PRAGMA index_xinfo({_quoted(row[1])})")
        name = row[1] if row[3] == "c" else ""
        indexes.append((name, row[2], row[3], row[4], tuple((new(p[2]), p[3], p[4].lower()) for p in parts if p[5])))
    keys = [(row[2], new(row[3]), row[4], *row[5:]) for row in rows(connection, "PRAGMA foreign_key_list(t)")]
    (text,) = rows(connection, "SELECT sql FROM sqlite_master WHERE name = 't'")
    texts = rows(connection, "SELECT name, sql FROM sqlite_master WHERE type IN ('trigger', 'view')")
    texts_by_name = dict(texts)
    sequences = rows(connection, "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")
    values = connection.exec_driver_sql("SELECT * FROM t ORDER BY id").mappings()
    return Facts(
        columns=columns,
        indexes=sorted(indexes, key=str),
        keys=sorted(keys, key=str),
        checks=text[0].upper().count("CHECK ("),
        texts=texts_by_name,
        sequence=rows(connection, "SELECT * FROM sqlite_sequence WHERE seq > 0") if sequences else [],
        values=[{str(new(n)): value for n, value in row.items() if n not in dropped} for row in values],
        kind=[row[4:] for row in rows(connection, "PRAGMA table_list(t)")],
        family=_family(connection) if "family" in texts_by_name else [],
        log=rows(connection, "SELECT * FROM log"),
    )


def _family(connection: Connection) -> list[tuple[Any, ...]]:
    """Return the rows of the child, what the view says of them, and what the child refers to."""
    queries = ("SELECT * FROM child ORDER BY id", "SELECT * FROM family ORDER BY id", "PRAGMA foreign_key_list(child)")
    return [row for query in queries for row in rows(connection, query)]


def _type(declared: str) -> str:
    return declared.lower().replace(" ", "")


def _default(default: str | None) -> str | None:
    return default.strip("()") if default is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a random block does."""

    renames: dict[str, str]
    dropped: tuple[str, ...]
    defaults: dict[str, str]
    added: tuple[str, ...]
    order: tuple[str, ...]


@st.composite
def blocks(draw: st.DrawFn, table: RandomTable) -> Changes:
    """Return changes; only the columns that no trigger, view or generated column names can be dropped."""
    dropped = draw(st.lists(st.sampled_from(table.columns[3:]), max_size=1)) if table.columns[3:] else []
    kept = [name for name in table.columns if name not in dropped]
    renamed = draw(st.lists(st.sampled_from(kept), max_size=2, unique=True))
    renames = {name: draw(st.sampled_from([f"new {name}", f"{name}_2", *dropped])) for name in renamed}
    if len(renamed) == 2 and (draw(st.booleans()) or len(set(renames.values())) == 1):
        renames = {renamed[0]: renamed[1], renamed[1]: renamed[0]}
    return Changes(
        renames=renames,
        dropped=tuple(dropped),
        defaults=dict.fromkeys(draw(st.lists(st.sampled_from(kept), max_size=1)), "9"),
        added=tuple(draw(st.lists(st.sampled_from(["n1", "n2"]), max_size=2, unique=True))),
        order=tuple(draw(st.lists(st.sampled_from(kept), max_size=3, unique=True))),
    )


def _apply(batch: BatchOperations, changes: Changes) -> None:
    for name, default in changes.defaults.items():
        batch.alter_column(name, server_default=default)
    for name in changes.dropped:
        batch.drop_column(name)
    for old, new in changes.renames.items():
        batch.alter_column(old, new_column_name=new)
    for name in changes.added:
        batch.add_column(sa.Column(name, sa.Integer, server_default="7"))
        batch.create_index(f"ix_{name}", [name])


def _expected(before: Facts, changes: Changes, connection: Connection) -> Facts:
    """Return the facts as they should be, from those before; `connection` still has the old table."""
    columns = dict(before.columns)
    for old, default in changes.defaults.items():
        name = changes.renames.get(old, old)
        columns[name] = (*columns[name][:2], f"'{default}'", *columns[name][3:])
    texts = dict(rows(connection, "SELECT name, sql FROM sqlite_master WHERE type = 'index'"))
    gone = {name for name, sql in texts.items() if sql and any(_quoted(column) in sql for column in changes.dropped)}
    (text,) = rows(connection, "SELECT sql FROM sqlite_master WHERE name = 't'")
    own_checks = sum(
        text[0].count(f"CHECK ({_quoted(column)} IS NULL OR {_quoted(column)} <>") for column in changes.dropped
    )
    return replace(
        before,
        columns=columns,
        indexes=[index for index in before.indexes if index[0] not in gone],
        checks=before.checks - own_checks,
    )


def _has_dependents(connection: Connection) -> bool:
    """Tell whether dropping t would delete rows of the child (deferred, RESTRICT only counts them)."""
    (key,) = rows(connection, "PRAGMA foreign_key_list(child)") or [("",) * 8]
    return bool(key[6] == "CASCADE" and rows(connection, "SELECT 1 FROM child"))


def _assert_refused(op: Operations, connection: Connection) -> None:
    """Inside a transaction SQLite cannot switch foreign keys off: the block must say so and change nothing."""
    before = _facts(connection, {})
    with (
        pytest.raises(OperationError, match=r"rows of table child refer to it.*Nothing was changed"),
        op.batch_alter_table("t", recreate="always"),
    ):
        pass
    connection.commit()
    assert _facts(connection, {}) == before


@given(st.data(), st.sampled_from(MODES), st.booleans())
@settings(max_examples=100, deadline=None, report_multiple_bugs=False, suppress_health_check=[HealthCheck.too_slow])
def test_a_random_block_changes_what_it_says_and_nothing_else(
    data: st.DataObject, mode: str, foreign_keys: bool
) -> None:
    """Random blocks on random tables leave all else equal, by SQLite's own account (DNG-1 to DNG-4)."""
    table = data.draw(tables())
    changes = data.draw(blocks(table))
    note("\n".join(table.statements))
    with database(*table.statements, mode=mode, foreign_keys=foreign_keys) as (op, connection):
        violations = [row[:3] for row in rows(connection, "PRAGMA foreign_key_check")]
        assume(not (violations and foreign_keys and mode == "transaction"))  # refused, and tested elsewhere
        if foreign_keys and mode == "transaction" and _has_dependents(connection):
            _assert_refused(op, connection)
            return
        before = _expected(_facts(connection, changes.renames, changes.dropped), changes, connection)
        order = tuple(changes.renames.get(name, name) for name in changes.order)
        with op.batch_alter_table("t", recreate="always", partial_reordering=[order]) as batch:
            _apply(batch, changes)
        connection.commit()
        after = _facts(connection, {})

        for name in changes.added:
            assert after.columns.pop(name) == ("integer", 0, "'7'", 0, 0)
            assert [row.pop(name) for row in after.values] == [7] * len(before.values)
        assert after.columns == before.columns
        assert after.values == before.values
        assert [i for i in after.indexes if i[0] not in {f"ix_{n}" for n in changes.added}] == before.indexes
        assert after.keys == before.keys
        assert after.checks == before.checks
        assert after.sequence == before.sequence
        assert (after.kind, after.family, after.log) == (before.kind, before.family, before.log)
        assert set(after.texts) == set(before.texts)
        if not changes.renames:
            assert after.texts == before.texts
        places = [list(after.columns).index(name) for name in order]
        assert places == sorted(places)
        assert [row[:3] for row in rows(connection, "PRAGMA foreign_key_check")] == violations
        assert rows(connection, "PRAGMA integrity_check") == [("ok",)]


@given(st.data(), st.sampled_from(MODES))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_random_rebuild_done_twice_changes_nothing(data: st.DataObject, mode: str) -> None:
    """Rebuilding what was rebuilt gives the very same text."""
    table = data.draw(tables())
    with database(*table.statements, mode=mode) as (op, connection):
        with op.batch_alter_table("t", recreate="always"):
            pass
        once = rows(connection, "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2")
        with op.batch_alter_table("t", recreate="always"):
            pass

        assert rows(connection, "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2") == once

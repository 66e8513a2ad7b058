"""What Alembic does not detect: found, carried out, not found again, and taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, Integer, MetaData, String, Table
from sqlalchemy.dialects import postgresql as pg

from runner.autogenerate.api import compare_metadata, produce_migrations
from runner.migration.context import MigrationContext
from runner.operations import ops
from runner.operations.base import Operations
from runner.operations.replaceable import Function, MaterializedView, Trigger, View, register

Build = Callable[[MetaData], object]


@pytest.fixture
def connection(pg_url: str) -> Iterator[sa.Connection]:
    """A connection to a fresh PostgreSQL database."""
    engine = sa.create_engine(pg_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _t(*items: Any, **kw: Any) -> Build:
    def build(metadata: MetaData) -> None:
        made = [item() for item in items]
        Table("t", metadata, Column("id", Integer, primary_key=True), *made, **kw)

    return build


def _c(*args: Any, **kw: Any) -> Callable[[], Any]:
    return lambda: Column(*args, **kw)


def _i(kind: Any, *args: Any, **kw: Any) -> Callable[[], Any]:
    return lambda: kind(*args, **kw)


def _enum(*values: str) -> Build:
    return _t(_c("e", sa.Enum(*values, name="e_one"), server_default=values[0]))


def _key(*columns: str, name: str | None = None) -> Build:
    def build(metadata: MetaData) -> None:
        items = [Column(column, Integer, nullable=False) for column in ("a", "b", "c")]
        Table("t", metadata, *items, sa.PrimaryKeyConstraint(*columns, name=name))

    return build


def _with(base: Build, *objects: Any) -> Build:
    def build(metadata: MetaData) -> None:
        base(metadata)
        register(metadata, *objects)

    return build


def _sequence(**options: Any) -> Build:
    def build(metadata: MetaData) -> None:
        sa.Sequence("numbers", metadata=metadata, **options)

    return build


def _in_schema(metadata: MetaData) -> None:
    kind = sa.Enum("a", "b", name="kind", schema="shop")
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("k", kind), schema="shop")


def _nothing(metadata: MetaData) -> None:
    pass


A = _c("a", Integer)
W = _c("w", String(20))
RANGE = _c("r", pg.INT4RANGE)
FUNCTION = "RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT $1 + {} $$"
TRIGGER = "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a := {}; RETURN NEW; END $$"
EACH = "FOR EACH ROW EXECUTE FUNCTION stamp()"


def _triggered(event: str) -> Build:
    return _with(_t(A), Function("stamp", TRIGGER.format(1)), Trigger("stamp_t", EACH, table="t", event=event))


CASES: dict[str, tuple[Build, Build, set[str]]] = {
    "primary key": (_key("a"), _key("a", "b"), {"remove_constraint", "add_constraint"}),
    "primary key order": (_key("a", "b"), _key("b", "a"), {"remove_constraint", "add_constraint"}),
    "primary key name": (_key("a", name="one"), _key("a", name="two"), {"remove_constraint", "add_constraint"}),
    "check text": (
        _t(A, _i(sa.CheckConstraint, "a > 0", name="ck")),
        _t(A, _i(sa.CheckConstraint, "a > 1 AND a < 9", name="ck")),
        {"remove_constraint", "add_constraint"},
    ),
    "unnamed check": (_t(A), _t(A, _i(sa.CheckConstraint, "a BETWEEN 1 AND 5")), {"add_constraint"}),
    "unnamed check removed": (_t(A, _i(sa.CheckConstraint, "a BETWEEN 1 AND 5")), _t(A), {"remove_constraint"}),
    "unique order": (
        _t(A, W, _i(sa.UniqueConstraint, "a", "w", name="u")),
        _t(A, W, _i(sa.UniqueConstraint, "w", "a", name="u")),
        {"remove_constraint", "add_constraint"},
    ),
    "unique deferrable": (
        _t(A, _i(sa.UniqueConstraint, "a", name="u")),
        _t(A, _i(sa.UniqueConstraint, "a", name="u", deferrable=True, initially="DEFERRED")),
        {"remove_constraint", "add_constraint"},
    ),
    "index where": (
        _t(A, _i(sa.Index, "ix", "a")),
        _t(A, _i(sa.Index, "ix", "a", postgresql_where=sa.text("a > 5"))),
        {"remove_index", "add_index"},
    ),
    "index using": (
        _t(A, _i(sa.Index, "ix", "a")),
        _t(A, _i(sa.Index, "ix", "a", postgresql_using="hash")),
        {"remove_index", "add_index"},
    ),
    "index include": (
        _t(A, W, _i(sa.Index, "ix", "a")),
        _t(A, W, _i(sa.Index, "ix", "a", postgresql_include=["w"])),
        {"remove_index", "add_index"},
    ),
    "operator class": (
        _t(W, _i(sa.Index, "ix", "w")),
        _t(W, _i(sa.Index, "ix", "w", postgresql_ops={"w": "varchar_pattern_ops"})),
        {"remove_index", "add_index"},
    ),
    "index with": (
        _t(A, _i(sa.Index, "ix", "a", postgresql_with={"fillfactor": 50})),
        _t(A, _i(sa.Index, "ix", "a", postgresql_with={"fillfactor": 60})),
        {"remove_index", "add_index"},
    ),
    "identity without defaults": (
        _t(_c("n", Integer, sa.Identity(start=1), nullable=False)),
        _t(_c("n", Integer, sa.Identity(start=1, increment=3), nullable=False)),
        {"modify_default"},
    ),
    "computed text": (
        _t(A, _c("d", Integer, sa.Computed("a * 2", persisted=True))),
        _t(A, _c("d", Integer, sa.Computed("a * 3", persisted=True))),
        {"remove_column", "add_column"},
    ),
    "computed added": (
        _t(A, _c("d", Integer)),
        _t(A, _c("d", Integer, sa.Computed("a * 3", persisted=True))),
        {"remove_column", "add_column"},
    ),
    "exclusion": (
        _t(RANGE),
        _t(RANGE, _i(pg.ExcludeConstraint, ("r", "&&"), name="no_overlap", where=sa.text("id > 5"))),
        {"add_constraint"},
    ),
    "exclusion text": (
        _t(RANGE, _i(pg.ExcludeConstraint, ("r", "&&"), name="no_overlap")),
        _t(RANGE, _i(pg.ExcludeConstraint, ("r", "&&"), name="no_overlap", where=sa.text("id > 5"))),
        {"remove_constraint", "add_constraint"},
    ),
    "enum value last": (_enum("a", "b"), _enum("a", "b", "c"), {"add_enum_value"}),
    "enum values between": (_enum("a", "d"), _enum("a", "b", "c", "d"), {"add_enum_value"}),
    "enum value removed": (_enum("a", "b", "c"), _enum("a", "c"), {"modify_enum"}),
    "enum order": (_enum("a", "b", "c"), _enum("a", "c", "b"), {"modify_enum"}),
    "enum added": (_t(A), _t(A, _c("e", sa.Enum("x", name="e_two"))), {"add_enum", "add_column"}),
    "enum removed": (_t(A, _c("e", sa.Enum("x", name="e_two"))), _t(A), {"remove_column", "remove_enum"}),
    "sequence": (_nothing, _sequence(start=5), {"add_sequence"}),
    "sequence options": (_sequence(increment=1), _sequence(increment=7, cycle=True), {"modify_sequence"}),
    "schema": (_nothing, _in_schema, {"add_schema", "add_enum", "add_table"}),
    "view": (_t(A), _with(_t(A), View("v", "SELECT a FROM t WHERE a>1")), {"add_view"}),
    "view text": (
        _with(_t(A), View("v", "SELECT a FROM t WHERE a>1")),
        _with(_t(A), View("v", "SELECT a FROM t WHERE a > 2")),
        {"modify_view"},
    ),
    "view of a new column": (
        _with(_t(A, W), View("v", "SELECT a, w FROM t")),
        _with(_t(A, _c("n", Integer)), View("v", "SELECT a, n FROM t")),
        {"remove_view", "add_column", "remove_column", "add_view"},
    ),
    "materialized view": (_t(A), _with(_t(A), MaterializedView("m", "SELECT a FROM t")), {"add_materialized_view"}),
    "function": (
        _with(_t(A), Function("plus", FUNCTION.format(1), arguments="a integer")),
        _with(_t(A), Function("plus", FUNCTION.format(2), arguments="a integer")),
        {"modify_function"},
    ),
    "trigger": (_triggered("BEFORE INSERT"), _triggered("BEFORE INSERT OR UPDATE"), {"modify_trigger"}),
}


@pytest.mark.parametrize("name", CASES)
def test_round_trip(name: str, connection: sa.Connection) -> None:
    """Each is proposed once, runs as proposed, and its downgrade restores what was there."""
    before, after, kinds = CASES[name]
    old, new = _model(before), _model(after)
    _carry_out(connection, produce_migrations(_context(connection), old).upgrade_ops)
    assert [] == _found(connection, old)
    script = produce_migrations(_context(connection), new)
    assert kinds == {_kind(difference) for difference in _found(connection, new)}
    _carry_out(connection, script.upgrade_ops)
    assert [] == _found(connection, new)
    _carry_out(connection, script.downgrade_ops)
    assert [] == _found(connection, old)


@pytest.mark.parametrize("name", CASES)
def test_switched_off(name: str, connection: sa.Connection) -> None:
    """With Alembic's plugins alone none of the new operations is proposed."""
    before, after, _ = CASES[name]
    _carry_out(connection, produce_migrations(_context(connection), _model(before)).upgrade_ops)
    context = _context(connection, autogenerate_plugins=["alembic.autogenerate.*"])
    kinds = {_kind(difference) for difference in compare_metadata(context, _model(after))}
    assert not {
        kind for kind in kinds if kind.endswith(("_enum", "_view", "_function", "_trigger", "_sequence", "_schema"))
    }


def _model(build: Build) -> MetaData:
    metadata = MetaData()
    build(metadata)
    return metadata


def _context(connection: sa.Connection, **options: Any) -> MigrationContext:
    return MigrationContext.configure(connection, opts=options)


def _found(connection: sa.Connection, metadata: MetaData) -> list[Any]:
    return compare_metadata(_context(connection), metadata)


def _kind(difference: Any) -> str:
    return str(difference[0][0] if isinstance(difference, list) else difference[0])


def _carry_out(connection: sa.Connection, container: Any) -> None:
    operations = Operations(_context(connection))
    for operation in container.ops:
        for step in operation.ops if isinstance(operation, ops.OpContainer) else [operation]:
            operations.invoke(step)
    connection.commit()


def _cycle_with(*names: str) -> MetaData:
    """Return tables that need each other in a cycle, as far as they are wanted."""
    references = {"t0": ["t3"], "t2": ["t0", "t3"], "t3": ["t2"]}
    metadata = MetaData()
    for name in names:
        keys = [sa.ForeignKey(f"{other}.id", name=f"fk_{name}_{other}") for other in references[name] if other in names]
        columns = [Column(f"c{number}", Integer, key) for number, key in enumerate(keys)]
        Table(name, metadata, Column("id", Integer, primary_key=True), *columns)
    return metadata


def test_new_tables_come_in_the_order_of_their_own_references(connection: sa.Connection) -> None:
    """A cycle through a table that is there already does not put new tables before those they need."""
    before, after = _cycle_with("t2"), _cycle_with("t0", "t2", "t3")
    before.create_all(connection)
    connection.commit()
    script = produce_migrations(_context(connection), after)

    for container, wanted in ((script.upgrade_ops, after), (script.downgrade_ops, before)):
        _carry_out(connection, container)
        assert [] == _found(connection, wanted)

"""Pairs of models: what the database has, and what the model wants. Each is one difference, or a few."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table
from sqlalchemy.dialects import postgresql as pg

__all__ = ["CASES", "Case", "changed", "zoo"]

Build = Callable[[MetaData], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A model before and a model after.

    Args:
        name: of the test.
        before: adds the tables of the database to a MetaData.
        after: adds the tables of the model.
        only: the dialect it is for; None for all.
        options: for configure().
        ours: the first words of the tuples that Alembic does not have.
    """

    name: str
    before: Build
    after: Build
    only: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    ours: tuple[str, ...] = ()


def _table(*items: Any, name: str = "t", **kw: Any) -> Build:
    def build(metadata: MetaData) -> None:
        copies = [item() if callable(item) and not isinstance(item, sa.schema.SchemaItem) else item for item in items]
        Table(name, metadata, Column("id", sa.Integer, primary_key=True), *copies, **kw)

    return build


def _both(*builds: Build) -> Build:
    def build(metadata: MetaData) -> None:
        for one in builds:
            one(metadata)

    return build


def _nothing(metadata: MetaData) -> None:
    pass


def changed(name: str, before: list[Any], after: list[Any], **kw: Any) -> Case:
    """Return a case of one table with other items before and after."""
    return Case(name=name, before=_table(*before), after=_table(*after), **kw)


def col(*args: Any, **kw: Any) -> Callable[[], Column[Any]]:
    """Return what makes a column when it is needed: a column belongs to one table only."""
    return lambda: Column(*args, **kw)


def item(kind: Callable[..., Any], *args: Any, **kw: Any) -> Callable[[], Any]:
    """Return what makes a constraint or index when it is needed."""
    return lambda: kind(*args, **kw)


def fk(*args: Any, **kw: Any) -> Callable[[], Any]:
    """Return what makes a foreign key."""
    return item(sa.ForeignKeyConstraint, *args, **kw)


A, B = col("a", sa.Integer), col("b", sa.Integer)
PARENT = _table(col("x", sa.Integer, nullable=False), item(sa.UniqueConstraint, "x", name="uq_x"), name="parent")


def _column_with_reference() -> Column[Any]:
    return Column("c", sa.Integer, sa.ForeignKey("parent.id", name="fk_c"))


def _child(*items: Any) -> Build:
    return _both(PARENT, _table(A, B, *items, name="child"))


PG = "postgresql"
DEFAULTS = {"compare_server_default": True}

CASES = [
    Case(name="table-added", before=_nothing, after=_table(A, item(sa.Index, "ix_a", "a"))),
    Case(name="table-removed", before=_table(A, item(sa.Index, "ix_a", "a")), after=_nothing),
    Case(name="tables-with-references-added", before=_nothing, after=_child(fk(["a"], ["parent.id"], name="fk_a"))),
    Case(name="tables-with-references-removed", before=_child(fk(["a"], ["parent.id"], name="fk_a")), after=_nothing),
    changed("column-added", [A], [A, B]),
    changed("column-removed", [A, B], [A]),
    changed("column-renamed", [A], [B]),
    changed("column-order", [A, B], [B, A]),
    changed("column-with-index-added", [A], [A, col("c", sa.Integer, index=True)]),
    changed("column-with-unique-added", [A], [A, col("c", sa.Integer, unique=True)], only=PG),
    changed(
        "unique-name-to-another-column",
        [A, B, item(sa.UniqueConstraint, "a", name="uq")],
        [A, B, item(sa.UniqueConstraint, "b", name="uq"), item(sa.UniqueConstraint, "a", name="uq_a")],
    ),
    changed("nullable-to-not", [A], [col("a", sa.Integer, nullable=False)]),
    changed("not-to-nullable", [col("a", sa.Integer, nullable=False)], [A]),
    changed("integer-to-bigint", [A], [col("a", sa.BigInteger)]),
    changed("integer-to-string", [A], [col("a", sa.String(5))]),
    changed("longer-string", [col("a", sa.String(10))], [col("a", sa.String(20))]),
    changed("length-removed", [col("a", sa.String(10))], [col("a", sa.String())]),
    changed("text-to-string", [col("a", sa.Text)], [col("a", sa.String(5))]),
    changed("numeric-scale", [col("a", sa.Numeric(10, 2))], [col("a", sa.Numeric(10, 4))]),
    changed("float-to-double", [col("a", sa.Float)], [col("a", sa.Double)]),
    changed("time-zone", [col("a", sa.DateTime())], [col("a", sa.DateTime(timezone=True))]),
    changed("array-item", [col("a", pg.ARRAY(sa.Integer))], [col("a", pg.ARRAY(sa.Text))], only=PG),
    changed("type-not-compared", [A], [col("a", sa.BigInteger)], options={"compare_type": False}),
    changed("default-off", [col("a", sa.Integer, server_default="1")], [col("a", sa.Integer, server_default="2")]),
    changed(
        "default-changed",
        [col("a", sa.Integer, server_default="1")],
        [col("a", sa.Integer, server_default="2")],
        options=DEFAULTS,
    ),
    changed("default-added", [A], [col("a", sa.Integer, server_default="2")], options=DEFAULTS),
    changed("default-removed", [col("a", sa.Integer, server_default="2")], [A], options=DEFAULTS),
    changed(
        "default-text",
        [col("a", sa.String(9), server_default="x'y")],
        [col("a", sa.String(9), server_default="x''y")],
        options=DEFAULTS,
        ours=("modify_default",),
    ),
    changed(
        "default-now",
        [col("a", sa.DateTime, server_default=sa.func.now())],
        [col("a", sa.DateTime, server_default=sa.func.current_timestamp())],
        options=DEFAULTS,
        only="sqlite",
    ),
    changed(
        "identity-options",
        [col("a", sa.Integer, sa.Identity(start=1))],
        [col("a", sa.Integer, sa.Identity(start=1, increment=5))],
        options=DEFAULTS,
        only=PG,
    ),
    changed(
        "identity-added",
        [col("a", sa.Integer, nullable=False)],
        [col("a", sa.Integer, sa.Identity())],
        options=DEFAULTS,
        only=PG,
    ),
    changed("unique-added", [A], [A, item(sa.UniqueConstraint, "a", name="uq_a")]),
    changed("unique-unnamed-added", [A], [A, item(sa.UniqueConstraint, "a")]),
    changed("unique-removed", [A, item(sa.UniqueConstraint, "a", name="uq_a")], [A]),
    changed("unique-unnamed-removed", [A, item(sa.UniqueConstraint, "a")], [A]),
    changed(
        "unique-columns",
        [A, B, item(sa.UniqueConstraint, "a", name="uq")],
        [A, B, item(sa.UniqueConstraint, "a", "b", name="uq")],
    ),
    changed(
        "unique-nulls-not-distinct",
        [A, item(sa.UniqueConstraint, "a", name="uq")],
        [A, item(sa.UniqueConstraint, "a", name="uq", postgresql_nulls_not_distinct=True)],
        only=PG,
    ),
    changed("index-added", [A], [A, item(sa.Index, "ix_a", "a")]),
    changed("index-removed", [A, item(sa.Index, "ix_a", "a")], [A]),
    changed("index-renamed", [A, item(sa.Index, "ix_a", "a")], [A, item(sa.Index, "ix_z", "a")]),
    changed("index-columns", [A, B, item(sa.Index, "ix", "a")], [A, B, item(sa.Index, "ix", "a", "b")]),
    changed("index-order", [A, B, item(sa.Index, "ix", "b", "a")], [A, B, item(sa.Index, "ix", "a", "b")]),
    changed("index-unique", [A, item(sa.Index, "ix", "a")], [A, item(sa.Index, "ix", "a", unique=True)]),
    changed("index-descending", [A, item(sa.Index, "ix", "a")], [A, item(sa.Index, "ix", sa.text("a DESC"))]),
    changed(
        "index-expression-added",
        [col("a", sa.String)],
        [col("a", sa.String), item(sa.Index, "ix", sa.text("lower(a)"))],
        only=PG,
    ),
    changed(
        "index-expression",
        [col("a", sa.String), item(sa.Index, "ix", sa.text("lower(a)"))],
        [col("a", sa.String), item(sa.Index, "ix", sa.text("upper(a)"))],
        only=PG,
    ),
    changed(
        "index-to-unique", [A, item(sa.Index, "z", "a", unique=True)], [A, item(sa.UniqueConstraint, "a", name="z")]
    ),
    Case(name="fk-added", before=_child(), after=_child(fk(["a"], ["parent.id"], name="fk_a"))),
    Case(name="fk-unnamed-added", before=_child(), after=_child(fk(["a"], ["parent.id"]))),
    Case(name="fk-removed", before=_child(fk(["a"], ["parent.id"], name="fk_a")), after=_child()),
    Case(
        name="fk-target",
        before=_child(fk(["a"], ["parent.id"], name="f")),
        after=_child(fk(["a"], ["parent.x"], name="f")),
    ),
    Case(
        name="fk-ondelete",
        before=_child(fk(["a"], ["parent.id"], name="f")),
        after=_child(fk(["a"], ["parent.id"], name="f", ondelete="CASCADE")),
    ),
    Case(
        name="fk-onupdate",
        before=_child(fk(["a"], ["parent.id"], name="f", onupdate="SET NULL")),
        after=_child(fk(["a"], ["parent.id"], name="f", onupdate="NO ACTION")),
    ),
    Case(
        name="fk-deferrable",
        before=_child(fk(["a"], ["parent.id"], name="f")),
        after=_child(fk(["a"], ["parent.id"], name="f", deferrable=True, initially="DEFERRED")),
    ),
    Case(
        name="fk-name",
        before=_child(fk(["a"], ["parent.id"], name="f")),
        after=_child(fk(["a"], ["parent.id"], name="g")),
        ours=("remove_fk", "add_fk"),
    ),
    Case(
        name="column-with-fk-added",
        before=_child(),
        after=_child(_column_with_reference),
    ),
    Case(
        name="column-with-fk-removed",
        before=_child(_column_with_reference),
        after=_child(),
    ),
    Case(name="comment-added", before=_table(A), after=_table(A, comment="new"), only=PG),
    Case(name="comment-removed", before=_table(A, comment="old"), after=_table(A), only=PG),
    changed("column-comment", [A], [col("a", sa.Integer, comment="new")], only=PG),
    changed("column-comment-removed", [col("a", sa.Integer, comment="old")], [A], only=PG),
    changed(
        "check-added",
        [A],
        [A, item(sa.CheckConstraint, "a > 0", name="ck")],
        options={"autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.*"]},
    ),
    changed(
        "check-removed",
        [A, item(sa.CheckConstraint, "a > 0", name="ck")],
        [A],
        options={"autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.*"]},
    ),
    changed(
        "enum-type-renamed",
        [col("a", sa.Enum("x", "y", name="e1"))],
        [col("a", sa.Enum("x", "y", name="e2"))],
        only=PG,
        ours=("add_enum", "remove_enum"),
    ),
]


def zoo(metadata: MetaData, dialect: str) -> None:
    """Add one table of everything; a comparison with itself finds nothing."""
    _zoo_of_types(metadata, dialect)
    _zoo_of_defaults(metadata)
    if dialect != "mysql":  # which has neither DEFERRABLE nor these names
        _zoo_of_constraints(metadata)
    if dialect == PG:
        _zoo_of_postgresql(metadata)


def _zoo_of_types(metadata: MetaData, dialect: str) -> None:
    types: dict[str, Any] = {
        "big": sa.BigInteger(),
        "small": sa.SmallInteger(),
        "boolean": sa.Boolean(),
        "checked": sa.Boolean(create_constraint=True),
        "checked_named": sa.Boolean(create_constraint=True, name="ck_bool"),
        "date": sa.Date(),
        "datetime": sa.DateTime(),
        "datetime_tz": sa.DateTime(timezone=True),
        "time": sa.Time(),
        "interval": sa.Interval(),
        "double": sa.Double(),
        "float": sa.Float(),
        "float24": sa.Float(24),
        "float53": sa.Float(53),
        "numeric": sa.Numeric(),
        "numeric10": sa.Numeric(10),
        "numeric10_2": sa.Numeric(10, 2),
        "decimal": sa.DECIMAL(12, 3),
        "string": sa.String(50 if dialect == "mysql" else None),  # it needs a length there
        "string10": sa.String(10),
        "char": sa.CHAR(),
        "char3": sa.CHAR(3),
        "text": sa.Text(),
        "unicode": sa.Unicode(20),
        "unicode_text": sa.UnicodeText(),
        "binary": sa.LargeBinary(),
        "json": sa.JSON(),
        "uuid": sa.Uuid(),
        "enum_text": sa.Enum("a", "b'c", native_enum=False, name="e_text"),
        "enum_checked": sa.Enum("a", "b'c", native_enum=False, create_constraint=True, name="ck_enum"),
        "pickle": sa.PickleType(),
        "variant": sa.String(30).with_variant(sa.Text(), "postgresql"),
    }
    Table(
        "types",
        metadata,
        Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        *(Column(name, type_) for name, type_ in types.items()),
    )


def _zoo_of_defaults(metadata: MetaData) -> None:
    Table(
        "defaults",
        metadata,
        Column("id", sa.Integer, primary_key=True),
        Column("number", sa.Integer, server_default="5"),
        Column("number_text", sa.Integer, server_default=sa.text("5")),
        Column("negative", sa.Integer, server_default=sa.text("-5")),
        Column("boolean", sa.Boolean, server_default=sa.true(), nullable=False),
        Column("falsehood", sa.Boolean, server_default=sa.false()),
        Column("word", sa.String(9), server_default="it's"),
        Column("empty", sa.String(9), server_default=""),
        Column("percent", sa.String(9), server_default="5%"),
        Column("colon", sa.String(9), server_default="a:b"),
        Column("now", sa.DateTime, server_default=sa.func.now()),
        Column("now2", sa.DateTime, server_default=sa.func.current_timestamp()),
        Column("price", sa.Numeric(10, 2), server_default="1.50"),
        Column("money", sa.Numeric(10, 2), server_default=sa.text("1.5")),
        Column("json", sa.JSON, server_default=sa.text("'{\"a\": 1}'")),
        Column("json2", sa.JSON, server_default="{}"),
        Column("date", sa.Date, server_default="2020-01-01"),
        Column("computed", sa.Integer, sa.Computed("number + 1", persisted=True)),
        Column("computed2", sa.String(20), sa.Computed("lower(word)", persisted=True)),
    )


def _zoo_of_constraints(metadata: MetaData) -> None:
    Table(
        "parent",
        metadata,
        Column("x", sa.Integer, primary_key=True),
        Column("y", sa.Integer, primary_key=True),
        Column("z", sa.Integer, unique=True),
    )
    child = Table(
        "child",
        metadata,
        Column("id", sa.Integer, primary_key=True),
        Column("x", sa.Integer, index=True),
        Column("y", sa.Integer, sa.ForeignKey("parent.z", ondelete="CASCADE")),
        Column("w", sa.String(20), unique=True, index=True),
        Column("v", sa.Integer, sa.CheckConstraint("v > 0")),
        Column("self_id", sa.Integer, sa.ForeignKey("child.id")),
        Column("Mixed Case", sa.String(20)),
        Column("order", sa.Integer),
        sa.ForeignKeyConstraint(["x", "y"], ["parent.x", "parent.y"], name="fk_pair", onupdate="RESTRICT"),
        sa.ForeignKeyConstraint(["v"], ["parent.z"], deferrable=True, initially="DEFERRED"),
        sa.UniqueConstraint("y", "x", name="uq_pair"),
        sa.UniqueConstraint("v", "w"),
        sa.CheckConstraint("x > 0 AND (y < 10 OR w IN ('a', 'b'))", name="ck_both"),
        sa.CheckConstraint("length(w) >= 2"),
        sa.CheckConstraint('"order" BETWEEN 1 AND 5 OR "Mixed Case" IS NOT NULL', name="ck Mixed"),
        sa.Index("ix_two", "x", "y"),
        sa.Index("ix Mixed", "Mixed Case"),
        sa.Index("ix_unique", "x", "v", unique=True),
    )
    sa.Index("ix_lower", sa.func.lower(child.c.w))
    sa.Index("ix_desc", child.c.x.desc())
    sa.Index("ix_partial", child.c.x, postgresql_where=child.c.y > 5, sqlite_where=child.c.y > 5)
    sa.CheckConstraint(child.c.x != child.c.y, name="ck_expr")
    child.append_constraint(sa.CheckConstraint(child.c.w.in_(["a", "b", "c:d", "5%"]), name="ck_in"))


def _zoo_of_postgresql(metadata: MetaData) -> None:
    zoo = Table(
        "pg",
        metadata,
        Column("id", sa.Integer, sa.Identity(always=True, start=10, increment=2), primary_key=True),
        Column("serial", sa.Integer, sa.Sequence("pg_serial_seq"), server_default=sa.text("nextval('pg_serial_seq')")),
        Column("arr", pg.ARRAY(sa.String(5)), server_default=sa.text("'{}'")),
        Column("arr2", pg.ARRAY(sa.Integer, dimensions=2)),
        Column("jsonb", pg.JSONB, server_default=sa.text("'{}'::jsonb")),
        Column("inet", pg.INET),
        Column("cidr", pg.CIDR),
        Column("mac", pg.MACADDR),
        Column("bit", pg.BIT(5)),
        Column("varbit", pg.BIT(varying=True)),
        Column("interval", pg.INTERVAL(fields="YEAR TO MONTH")),
        Column("ts6", pg.TIMESTAMP(precision=3)),
        Column("uuid", pg.UUID, server_default=sa.text("gen_random_uuid()")),
        Column("range", pg.INT4RANGE),
        Column("tsvector", pg.TSVECTOR),
        Column("money", pg.MONEY),
        Column("oid", pg.OID),
        Column("citext", sa.String(collation="C")),
        Column("enum", sa.Enum("a", "b", name="e_native"), server_default="a"),
        Column("enums", pg.ARRAY(sa.Enum("a", "b", name="e_items"))),
        Column("domain", pg.DOMAIN("positive", sa.Integer, check="VALUE > 0")),
        sa.UniqueConstraint("ts6", "uuid", name="uq_deferrable", deferrable=True, initially="DEFERRED"),
        pg.ExcludeConstraint(("range", "&&"), name="no_overlap", where=sa.text("id > 5")),
        comment="it's a zoo",
    )
    sa.Index("ix_gin", zoo.c.jsonb, postgresql_using="gin")
    sa.Index("ix_path", zoo.c.jsonb, postgresql_using="gin", postgresql_ops={"jsonb": "jsonb_path_ops"})
    sa.Index("ix_include", zoo.c.uuid, postgresql_include=["inet", "cidr"])
    sa.Index("ix_with", zoo.c.uuid, postgresql_with={"fillfactor": 50})
    sa.Index("ix_nulls", zoo.c.uuid.desc().nullslast(), zoo.c.ts6.nullsfirst())
    sa.Index("ix_json_key", zoo.c.jsonb["a"].astext)
    sa.Index("ix_cast", sa.cast(zoo.c.uuid, sa.Text))
    sa.Index("ix_pattern", zoo.c.citext, postgresql_ops={"citext": "text_pattern_ops"})

"""Batch blocks: calls on the object `batch_alter_table()` yields, each tried through Alembic and through ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

__all__ = ["BLOCKS", "Block", "parent_and_table", "table"]

Call = Callable[[Any], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block: what is called in it, and what `batch_alter_table()` gets."""

    name: str
    call: Call
    options: dict[str, Any] = field(default_factory=dict)


def parent_and_table() -> tuple[sa.MetaData, sa.Table]:
    """Return a table with one of everything SQLAlchemy can say, and the table it refers to."""
    metadata = sa.MetaData()
    sa.Table("o", metadata, sa.Column("x", sa.Integer, primary_key=True))
    made = sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a", sa.String(10), server_default="x'y"),
        sa.Column("b", sa.Integer, nullable=False),
        sa.Column("flag", sa.Boolean(create_constraint=True, name="ck_flag")),
        sa.Column("kind", sa.Enum("x", "y", name="kinds", native_enum=False, create_constraint=True)),
        sa.Column("at", sa.DateTime, server_default=sa.text("CURRENT_TIMESTAMP")),
        sa.Column("parent", sa.Integer, sa.ForeignKey("t.id", name="fk_parent", ondelete="CASCADE")),
        sa.Column("o", sa.Integer, sa.ForeignKey("o.x", name="fk_o")),
        sa.Column("n", sa.Numeric(10, 2)),
        sa.CheckConstraint("b > 0", name="ck_b"),
        sa.UniqueConstraint("a", "b", name="uq_ab"),
        sa.UniqueConstraint("n"),
    )
    sa.Index("ix_a", made.c.a)
    sa.Index("ix_ab", made.c.a, made.c.b, unique=True)
    sa.Index("ix_where", made.c.n, sqlite_where=sa.text("b > 5"))
    return metadata, made


def table() -> sa.Table:
    """Return the table alone, as `copy_from`."""
    return parent_and_table()[1]


def _both(first: Call, second: Call) -> Call:
    def call(batch: Any) -> None:
        first(batch)
        second(batch)

    return call


def _add(*items: Any, name: str = "new", **options: Any) -> Call:
    """Return a call that adds a column made then: an operation takes possession of it."""
    return lambda batch: batch.add_column(sa.Column(name, sa.Integer, *(i() for i in items)), **options)


_ALTER: dict[str, Call] = {
    "alter/nullable": lambda b: b.alter_column("b", nullable=True),
    "alter/not-null": lambda b: b.alter_column("b", nullable=False, existing_type=sa.Integer()),
    "alter/type-same-affinity": lambda b: b.alter_column("a", type_=sa.String(99)),
    "alter/type-cast": lambda b: b.alter_column("b", type_=sa.String(20)),
    "alter/type-numeric": lambda b: b.alter_column("b", type_=sa.Numeric(5, 1)),
    "alter/type-json": lambda b: b.alter_column("b", type_=sa.JSON()),
    "alter/type-class": lambda b: b.alter_column("b", type_=sa.BigInteger),
    "alter/default": lambda b: b.alter_column("b", server_default="7"),
    "alter/default-text": lambda b: b.alter_column("b", server_default=sa.text("7")),
    "alter/default-expression": lambda b: b.alter_column("b", server_default=sa.text("(1 + 2)")),
    "alter/default-function": lambda b: b.alter_column("at", server_default=sa.func.now()),
    "alter/default-drop": lambda b: b.alter_column("a", server_default=None),
    "alter/name": lambda b: b.alter_column("b", new_column_name="bb"),
    "alter/name-quoted": lambda b: b.alter_column("b", new_column_name="b b"),
    "alter/name-and-type": lambda b: b.alter_column("b", new_column_name="bb", type_=sa.Text()),
    "alter/name-and-nullable": lambda b: b.alter_column("a", new_column_name="aa", nullable=False),
    "alter/name-self-reference": lambda b: b.alter_column("id", new_column_name="pk"),
    "alter/name-key": lambda b: b.alter_column("parent", new_column_name="up"),
    "alter/boolean-to-integer": lambda b: b.alter_column(
        "flag", existing_type=sa.Boolean(create_constraint=True, name="ck_flag"), type_=sa.Integer()
    ),
    "alter/integer-to-boolean": lambda b: b.alter_column(
        "b", existing_type=sa.Integer(), type_=sa.Boolean(create_constraint=True, name="ck_new")
    ),
    "alter/enum-to-enum": lambda b: b.alter_column(
        "kind",
        existing_type=sa.Enum("x", "y", name="kinds", native_enum=False, create_constraint=True),
        type_=sa.Enum("x", "y", "z", name="kinds", native_enum=False, create_constraint=True),
    ),
    "alter/comment": lambda b: b.alter_column("a", comment="said"),
    "alter/autoincrement": lambda b: b.alter_column("b", autoincrement=True),
}
_ADD_AND_DROP: dict[str, Call] = {
    "add/plain": _add(),
    "add/not-null-default": lambda b: b.add_column(sa.Column("new", sa.Integer, nullable=False, server_default="3")),
    "add/default-expression": lambda b: b.add_column(sa.Column("new", sa.Integer, server_default=sa.text("(1 + 1)"))),
    "add/index": lambda b: b.add_column(sa.Column("new", sa.Integer, index=True)),
    "add/foreign-key": _add(lambda: sa.ForeignKey("o.x", name="fk_new")),
    "add/boolean": lambda b: b.add_column(sa.Column("new", sa.Boolean(create_constraint=True, name="ck_new"))),
    "add/computed": lambda b: b.add_column(sa.Column("new", sa.Integer, sa.Computed("b + 1", persisted=True))),
    "add/two": _both(_add(), _add(name="newer")),
    "add/first": _add(insert_before="id"),
    "add/before": _add(insert_before="b"),
    "add/after": _add(insert_after="b"),
    "add/after-last": _add(insert_after="n"),
    "add/between": _add(insert_after="a", insert_before="b"),
    "add/two-after-one": _both(_add(insert_after="a"), _add(name="newer", insert_after="a")),
    "add/two-before-one": _both(_add(insert_before="b"), _add(name="newer", insert_before="b")),
    "add/two-before-first": _both(_add(insert_before="id"), _add(name="newer", insert_before="id")),
    "add/moved": _both(_add(insert_before="id"), lambda b: b.alter_column("n", insert_after="id")),
    "alter/moved-after": lambda b: b.alter_column("n", insert_after="a"),
    "alter/moved-before": lambda b: b.alter_column("a", insert_before="id"),
    "alter/moved-to-the-end": lambda b: b.alter_column("a", insert_after="n"),
    "add/chained": _both(_add(insert_after="a"), _add(name="newer", insert_after="new")),
    "drop/plain": lambda b: b.drop_column("at"),
    "drop/default": lambda b: b.drop_column("at", existing_type=sa.DateTime()),
    "drop/boolean": lambda b: b.drop_column("flag", existing_type=sa.Boolean(create_constraint=True, name="ck_flag")),
    "drop/foreign-key": lambda b: b.drop_column("o"),
    "drop/self-reference": lambda b: b.drop_column("parent"),
    "drop/and-add": _both(lambda b: b.drop_column("at"), lambda b: b.add_column(sa.Column("at", sa.Text))),
    "drop/indexed-and-index": _both(
        lambda b: b.drop_index("ix_where"), _both(lambda b: b.drop_index("ix_a"), lambda b: b.drop_column("n"))
    ),
}
_CONSTRAINTS: dict[str, Call] = {
    "constraint/unique": lambda b: b.create_unique_constraint("uq_new", ["b", "n"]),
    "constraint/check": lambda b: b.create_check_constraint("ck_new", "n > b"),
    "constraint/check-expression": lambda b: b.create_check_constraint("ck_new", sa.column("n") > 3),
    "constraint/foreign-key": lambda b: b.create_foreign_key(
        "fk_new", "o", ["b"], ["x"], ondelete="SET NULL", onupdate="CASCADE"
    ),
    "constraint/self-reference": lambda b: b.create_foreign_key("fk_new", "t", ["b"], ["id"]),
    "constraint/deferrable": lambda b: b.create_foreign_key(
        "fk_new", "o", ["b"], ["x"], deferrable=True, initially="DEFERRED"
    ),
    "constraint/primary-key": lambda b: b.create_primary_key("pk_new", ["id", "b"]),
    "constraint/drop-unique": lambda b: b.drop_constraint("uq_ab", "unique"),
    "constraint/drop-check": lambda b: b.drop_constraint("ck_b", "check"),
    "constraint/drop-foreign-key": lambda b: b.drop_constraint("fk_o", "foreignkey"),
    "constraint/drop-untyped": lambda b: b.drop_constraint("fk_parent"),
    "constraint/drop-and-create": _both(
        lambda b: b.drop_constraint("ck_b", "check"), lambda b: b.create_check_constraint("ck_b", "b < 10")
    ),
    "index/create": lambda b: b.create_index("ix_new", ["b"]),
    "index/create-unique": lambda b: b.create_index("ix_new", ["b", "n"], unique=True),
    "index/create-where": lambda b: b.create_index("ix_new", ["b"], sqlite_where=sa.text("b > 3")),
    "index/create-expression": lambda b: b.create_index("ix_new", [sa.text("lower(a)")]),
    "index/drop": lambda b: b.drop_index("ix_a"),
    "index/on-new-column": _both(_add(), lambda b: b.create_index("ix_new", ["new"])),
    "unique/on-new-column": _both(_add(), lambda b: b.create_unique_constraint("uq_new", ["new", "b"])),
    "comment/table": lambda b: b.create_table_comment("said"),
    "comment/drop": lambda b: b.drop_table_comment(),
    "nothing": lambda b: None,
}
_REFUSED: dict[str, Call] = {
    "refused/alter-unknown": lambda b: b.alter_column("nope", nullable=True),
    "refused/drop-unknown": lambda b: b.drop_column("nope"),
    "refused/constraint-unknown": lambda b: b.drop_constraint("nope"),
    "refused/constraint-unnamed": lambda b: b.drop_constraint(None),
    "refused/index-unknown": lambda b: b.drop_index("nope"),
    "refused/add-existing": _add(name="a"),
    "refused/rename-to-existing": lambda b: b.alter_column("a", new_column_name="b"),
    "refused/after-unknown": _add(insert_after="nope"),
}

BLOCKS: tuple[Block, ...] = (
    *(
        Block(name=name, call=call, options={"recreate": "always"})
        for name, call in {**_ALTER, **_ADD_AND_DROP, **_CONSTRAINTS, **_REFUSED}.items()
    ),
    Block(name="auto/add", call=_add()),
    Block(name="auto/alter", call=_ALTER["alter/nullable"]),
    Block(name="auto/index", call=_CONSTRAINTS["index/create"]),
    Block(name="never/add", call=_add(), options={"recreate": "never"}),
    Block(name="order/two", call=lambda b: None, options={"recreate": "always", "partial_reordering": [("n", "a")]}),
    Block(
        name="order/three",
        call=lambda b: None,
        options={"recreate": "always", "partial_reordering": [("flag", "kind", "a"), ("at", "id")]},
    ),
    Block(
        name="order/all",
        call=lambda b: None,
        options={
            "recreate": "always",
            "partial_reordering": [("n", "o", "parent", "at", "kind", "flag", "b", "a", "id")],
        },
    ),
    Block(name="order/with-new", call=_add(), options={"recreate": "always", "partial_reordering": [("new", "id")]}),
    Block(
        name="table_kwargs",
        call=lambda b: None,
        options={"recreate": "always", "table_kwargs": {"sqlite_strict": False}},
    ),
    Block(
        name="naming/drop-unnamed",
        call=lambda b: b.drop_constraint("uq_t_n", "unique"),
        options={"recreate": "always", "naming_convention": {"uq": "uq_%(table_name)s_%(column_0_name)s"}},
    ),
)

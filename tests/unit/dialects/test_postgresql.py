"""What PostgreSQL does its own way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from runner.dialects.postgresql import named_type
from runner.errors import OfflineUnsupported, OperationError
from runner.operations import Operations, ops
from tests.unit.dialects.standin import StandInContext, dialect_named, offline_impl


def _drop_column_with_its_type(op: Any) -> None:
    op.drop_column("t", "c", drop_type=True)


def lines(buffer: Any) -> list[str]:
    return [" ".join(text.split()) for text in buffer.getvalue().split("\n\n") if text]


@pytest.mark.parametrize("persisted", [None, True])
def test_a_script_leaves_the_kind_of_a_generated_column_to_sqlalchemy(persisted: bool | None) -> None:
    """No server says its version, so the words are those SQLAlchemy has for its newest; persisted=True says STORED."""
    made = sa.Table("t", sa.MetaData(), sa.Column("c", sa.Integer(), sa.Computed("a + 1", persisted=persisted)))
    words = str(sa.schema.CreateTable(made).compile(dialect=dialect_named("postgresql")))
    kind = "(a + 1) STORED" if "(a + 1) STORED" in words else "(a + 1)"
    impl, buffer = offline_impl("postgresql")

    impl.add_column("t", made.c.c)

    assert lines(buffer) == [f"ALTER TABLE t ADD COLUMN c INTEGER GENERATED ALWAYS AS {kind};"]
    assert kind.endswith("STORED") or persisted is None


def test_using_needs_the_new_type() -> None:
    """`postgresql_using` alone is refused, naming the column (ERR-27)."""
    impl, buffer = offline_impl("postgresql")

    with pytest.raises(OperationError, match=r"alter_column t\.c: postgresql_using needs the new type"):
        impl.alter_column("t", "c", postgresql_using="c::integer")

    assert buffer.getvalue() == ""


def test_the_enum_type_of_a_new_column_is_left_alone_by_default() -> None:
    """Directories that create the type themselves see nothing new (OP-1)."""
    impl, buffer = offline_impl("postgresql")

    impl.add_column("t", sa.Column("c", sa.Enum("a", name="letters")))

    assert lines(buffer) == ["ALTER TABLE t ADD COLUMN c letters;"]


@pytest.mark.parametrize(
    ("type_", "created"),
    [
        (sa.Enum("a", name="letters"), ["CREATE TYPE letters AS ENUM ('a');"]),
        (sa.Enum("a", name="letters", schema="s"), ["CREATE TYPE s.letters AS ENUM ('a');"]),
        (postgresql.ARRAY(sa.Enum("a", name="letters")), ["CREATE TYPE letters AS ENUM ('a');"]),
        (postgresql.DOMAIN("positive", sa.Integer()), ["CREATE DOMAIN positive AS INTEGER;"]),
        (postgresql.ENUM("a", name="letters", create_type=False), []),
        (sa.Enum("a", name="letters", native_enum=False), []),
        (sa.Integer(), []),
    ],
)
def test_the_type_of_a_new_column_is_created_on_request(type_: Any, created: list[str]) -> None:
    """`postgresql_create_type=True` creates what the column needs first (OP-1)."""
    impl, buffer = offline_impl("postgresql")

    impl.add_column("t", sa.Column("c", type_), postgresql_create_type=True)

    assert lines(buffer)[:-1] == created


LETTERS = sa.Enum("a", name="letters", schema="s")


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (
            lambda op: op.add_column("t", sa.Column("c", LETTERS), create_type=True),
            ["CREATE TYPE s.letters AS ENUM ('a');", "ALTER TABLE t ADD COLUMN c s.letters;"],
        ),
        (
            lambda op: op.drop_column("t", "c", drop_type=LETTERS),
            ["ALTER TABLE t DROP COLUMN c;", "DROP TYPE s.letters;"],
        ),
        (
            lambda op: op.invoke(ops.AddColumnOp("t", sa.Column("c", LETTERS), create_type=True).reverse()),
            ["ALTER TABLE t DROP COLUMN c;", "DROP TYPE s.letters;"],
        ),
        (
            lambda op: op.drop_table("t", drop_types=["letters", LETTERS, postgresql.ARRAY(LETTERS)], if_exists=True),
            ["DROP TABLE IF EXISTS t;", "DROP TYPE letters;", "DROP TYPE s.letters;"],
        ),
        (
            lambda op: op.invoke(_dropped_with_types()),
            ["DROP TABLE t;", "DROP TYPE s.letters;"],
        ),
        (lambda op: op.drop_table("t", drop_types=[]), ["DROP TABLE t;"]),
    ],
)
def test_types_are_created_and_dropped_where_a_directive_says_so(step: Any, expected: list[str]) -> None:
    """`create_type`, `drop_type` and `drop_types` name what Alembic leaves to the revision (OP-1, OP-5)."""
    impl, buffer = offline_impl("postgresql")
    context: Any = StandInContext(impl)

    step(Operations(context))

    assert lines(buffer) == expected


def _dropped_with_types() -> ops.DropTableOp:
    operation = ops.DropTableOp.from_table(sa.Table("t", sa.MetaData(), sa.Column("c", LETTERS)))
    operation.drop_types = True
    return operation


@pytest.mark.parametrize("step", [lambda op: op.drop_table("t", drop_types=True), _drop_column_with_its_type])
def test_offline_nobody_knows_which_types_a_table_has(step: Any) -> None:
    """Asking for them needs a database; naming them does not."""
    impl, buffer = offline_impl("postgresql")
    context: Any = StandInContext(impl)

    with pytest.raises(OfflineUnsupported, match=r"(drop_table t|drop_column t\.c): offline there is no database"):
        step(Operations(context))

    assert buffer.getvalue() == ""


def test_a_type_that_is_none_of_the_databases_own_is_refused() -> None:
    """There is no type to drop behind VARCHAR."""
    impl, _ = offline_impl("postgresql")
    context: Any = StandInContext(impl)

    with pytest.raises(OperationError, match=r"VARCHAR\(\) is no type of the database's own|String\(\) is no type"):
        Operations(context).drop_table("t", drop_types=[sa.String()])


@pytest.mark.parametrize(
    ("version", "autocommit", "refused"), [((11, 9), False, True), ((11, 9), True, False), ((12,), False, False)]
)
def test_old_servers_add_values_outside_of_transactions(version: Any, autocommit: bool, refused: bool) -> None:
    """Before version 12 ALTER TYPE ... ADD VALUE needs an autocommit block, which the sentence names (TP-6)."""
    impl, _ = offline_impl("postgresql")
    impl.as_sql, impl.dialect.server_version_info = False, version
    driver = SimpleNamespace(autocommit=autocommit)
    impl.connection = SimpleNamespace(connection=SimpleNamespace(dbapi_connection=driver))
    sent: list[Any] = []
    impl._exec = sent.append

    if refused:
        with pytest.raises(OperationError, match=r"before version 12 .*autocommit_block"):
            impl.add_enum_value("mood", "a")
    else:
        impl.add_enum_value("mood", "a")

    assert len(sent) == (0 if refused else 1)


@pytest.mark.parametrize("dialect", ["sqlite", "mysql", "mssql", "oracle"])
def test_dropping_types_means_nothing_elsewhere(dialect: str) -> None:
    """Where types belong to their columns, they go with them."""
    impl, buffer = offline_impl(dialect)
    context: Any = StandInContext(impl)

    Operations(context).drop_table("t", drop_types=True)
    Operations(context).drop_column("t", "c", drop_type="letters")

    assert [line.rstrip(";") for line in lines(buffer) if line not in {"GO", "/"}] == [
        "DROP TABLE t",
        "ALTER TABLE t DROP COLUMN c",
    ]


def test_other_dialects_ignore_the_request() -> None:
    """The keyword belongs to PostgreSQL; a revision for several databases may carry it."""
    impl, buffer = offline_impl("mysql")

    impl.add_column("t", sa.Column("c", sa.Enum("a", name="letters")), postgresql_create_type=True)

    assert lines(buffer) == ["ALTER TABLE t ADD COLUMN c ENUM('a');"]


def test_a_type_behind_a_decorator_or_variant_is_found() -> None:
    """The type that counts is the one this dialect ends up with."""

    class Decorated(sa.types.TypeDecorator[str]):
        impl = sa.Enum("a", name="letters")
        cache_ok = True

    variant = sa.String(5).with_variant(postgresql.ENUM("a", name="other"), "postgresql")
    dialect = dialect_named("postgresql")

    found = [named_type(type_, dialect) for type_ in (Decorated(), variant, sa.String(5))]

    assert [getattr(type_, "name", None) for type_ in found] == ["letters", "other", None]


def test_batch_drops_the_constraints_whose_names_are_needed() -> None:
    """Constraint names are unique per schema, so the old table gives them up first (OP-45)."""
    impl, buffer = offline_impl("postgresql")
    table = sa.Table(
        "t",
        sa.MetaData(),
        sa.Column("a", sa.Integer()),
        sa.UniqueConstraint("a", name="uq_kept"),
        sa.CheckConstraint("a > 0", name="ck_gone"),
        sa.CheckConstraint("a > 1"),
    )

    impl.prep_table_for_batch(SimpleNamespace(named_constraints={"uq_kept": None}), table)

    assert lines(buffer) == ["ALTER TABLE t DROP CONSTRAINT uq_kept;"]


@pytest.mark.parametrize(
    ("default", "type_", "stored", "left"),
    [
        ("5", sa.Integer(), {}, "5"),
        (None, sa.Integer(), {}, None),
        ("nextval('s.q'::regclass)", sa.Integer(), {"id": None}, "nothing"),
        ("nextval('s.q'::regclass)", sa.Text(), {"id": None}, "nextval('s.q'::regclass)"),
        ("nextval('s.q'::regclass) + 1", sa.Integer(), {"id": None}, "nextval('s.q'::regclass) + 1"),
        ("nextval('\"s\".q'::regclass)", sa.Integer(), {"id": "nextval('q'::regclass)"}, "nextval('q'::regclass)"),
        ("nextval('s.\"Q q\"'::regclass)", sa.BigInteger(), {}, "nextval('s.\"Q q\"'::regclass)"),
    ],
)
def test_the_default_of_a_serial_column_is_no_default(
    default: str | None, type_: Any, stored: dict[str, str | None], left: str | None
) -> None:
    """Only an integer that takes its own sequence's next value loses its default; others are the server's (DI-2)."""
    impl, _ = offline_impl("postgresql")
    rows = [("s", "t", column, text) for column, text in stored.items()]
    inspector = SimpleNamespace(bind=SimpleNamespace(execute=lambda _: rows), info_cache={})
    column = {"name": "id", "default": default, "type": type_}

    impl.autogen_column_reflect(inspector, sa.Table("t", sa.MetaData(), schema="s"), column)

    assert left == column.get("default", "nothing")

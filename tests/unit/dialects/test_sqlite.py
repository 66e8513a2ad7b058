"""What SQLite cannot do in place, and what it needs in batch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from runner.errors import OperationError
from runner.operations import Operations
from tests.unit.dialects.standin import StandInContext, offline_impl


def _operations(impl: Any) -> Operations:
    context: Any = StandInContext(impl)
    return Operations(context)


@pytest.mark.parametrize(
    ("keywords", "sentence"),
    [
        ({"nullable": True}, "cannot alter the nullability of t.c"),
        ({"type_": sa.Text(), "server_default": None}, "cannot alter the default and type of t.c"),
        ({"comment": "x"}, "cannot alter the comment of t.c"),
    ],
)
def test_altering_in_place_is_refused_before_anything_is_written(keywords: dict[str, Any], sentence: str) -> None:
    """The refusal names what and where, and batch as the way out; Alembic sends invalid SQL (DI-6)."""
    impl, buffer = offline_impl("sqlite")

    with pytest.raises(OperationError, match=sentence) as refusal:
        impl.alter_column("t", "c", name="d", **keywords)

    assert 'op.batch_alter_table("t")' in str(refusal.value)
    assert buffer.getvalue() == ""


REFERENCES: dict[str, tuple[str | None, str, str]] = {
    "to an attached database": (None, "other.u.id", "t.c cannot refer to other.u: on SQLite"),
    "to main by its name": (None, "main.u.id", "t.c cannot refer to main.u: on SQLite"),
    "out of one": ("s", "u.id", "t.c cannot refer to u outside of s: on SQLite"),
    "to a third": ("s", "other.u.id", "t.c cannot refer to other.u: on SQLite"),
}
"""What -> schema of the table, what it refers to, what the error says."""


@pytest.mark.parametrize(("schema", "target", "sentence"), REFERENCES.values(), ids=REFERENCES)
def test_a_foreign_key_into_another_database_is_refused(schema: str | None, target: str, sentence: str) -> None:
    """SQLite has none; SQLAlchemy would leave it out of CREATE TABLE, and mistake its table in ADD COLUMN (DI-6)."""
    impl, buffer = offline_impl("sqlite")
    column = sa.Column("c", sa.Integer, sa.ForeignKey(target))

    with pytest.raises(OperationError, match=sentence):
        _operations(impl).add_column("t", column, schema=schema, inline_references=True)
    with pytest.raises(OperationError, match=sentence):
        _operations(impl).create_table("t", sa.Column("c", sa.Integer, sa.ForeignKey(target)), schema=schema)

    assert buffer.getvalue() == ""


def test_a_foreign_key_within_an_attached_database_is_written() -> None:
    """Tables of one schema refer to each other, whatever it is called."""
    impl, buffer = offline_impl("sqlite")
    op = _operations(impl)

    op.create_table("t", sa.Column("c", sa.Integer, sa.ForeignKey("s.u.id")), schema="s")
    op.add_column("t", sa.Column("d", sa.Integer, sa.ForeignKey("s.u.id")), schema="s", inline_references=True)

    assert buffer.getvalue().count("REFERENCES u (id)") == 2


def test_constraints_in_place_are_refused_as_alembic_refuses_them() -> None:
    """Revisions catch NotImplementedError here (ERR-26)."""
    impl, _ = offline_impl("sqlite")
    table = sa.Table("t", sa.MetaData(), sa.Column("a", sa.Integer()), sa.UniqueConstraint("a", name="uq"))
    (unique,) = (c for c in table.constraints if isinstance(c, sa.UniqueConstraint))

    with pytest.raises(NotImplementedError, match="cannot add constraints in place: unique constraint 'uq' on 't'"):
        impl.add_constraint(unique)
    with pytest.raises(OperationError, match="cannot drop constraints in place"):
        impl.drop_constraint(unique)


def test_the_constraint_of_a_type_is_left_out_with_a_warning() -> None:
    """It is not what the revision asked for, so the column still comes (DI-6)."""
    impl, buffer = offline_impl("sqlite")
    column: sa.Column[bool] = sa.Column("a", sa.Boolean(create_constraint=True, name="ck"))
    table = sa.Table("t", sa.MetaData(), column)
    (check,) = (c for c in table.constraints if isinstance(c, sa.CheckConstraint))

    with pytest.warns(UserWarning, match="check constraint 'ck' on 't' is left out"):
        impl.add_constraint(check)
    impl.drop_constraint(check)

    assert buffer.getvalue() == ""


@pytest.mark.parametrize(
    ("reflected", "corrected"),
    [
        ("1", "1"),
        ("'it''s'", "'it''s'"),
        ("(1 + 1)", "(1 + 1)"),
        ("((a) + (b))", "((a) + (b))"),
        ("')' || x", "(')' || x)"),
        ("CURRENT_TIMESTAMP", "(CURRENT_TIMESTAMP)"),
        ("datetime('now')", "(datetime('now'))"),
        ("-1", "(-1)"),
        ("'a' || 'b'", "('a' || 'b')"),
        ("(1) + (2)", "((1) + (2))"),
        (None, None),
    ],
)
def test_reflected_defaults_get_their_parentheses_back(reflected: str | None, corrected: str | None) -> None:
    """SQLite reports defaults without the parentheses it demands; Alembic misses the last two expressions (DI-6)."""
    impl, _ = offline_impl("sqlite")
    column: dict[str, Any] = {"name": "c", "default": reflected}

    impl.autogen_column_reflect(None, sa.Table("t", sa.MetaData()), column)

    assert column["default"] == corrected


@pytest.mark.parametrize(
    ("expression", "as_default", "plain"),
    [
        (sa.text("1"), "1", "1"),
        (sa.func.now(), "(CURRENT_TIMESTAMP)", "CURRENT_TIMESTAMP"),
        (sa.literal("x"), "'x'", "'x'"),
    ],
)
def test_expressions_as_defaults_stand_in_parentheses(expression: Any, as_default: str, plain: str) -> None:
    """An expression is only valid as a default in parentheses (DI-6)."""
    impl, _ = offline_impl("sqlite")

    assert impl.render_ddl_sql_expr(expression, is_server_default=True) == as_default
    assert impl.render_ddl_sql_expr(expression) == plain


def added(*items: Any, **kw: Any) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    return ("add_column", ("t", sa.Column("c", sa.Integer(), *items, **kw)), {})


@pytest.mark.parametrize(
    ("operation", "recreates"),
    [
        (added(), False),
        (added(server_default="1"), False),
        (added(server_default=sa.text("1")), True),
        (added(server_default=sa.func.now()), True),
        (added(sa.Computed("a")), False),
        (added(sa.Computed("a", persisted=True)), True),
        (("create_index", (), {}), False),
        (("drop_index", (), {}), False),
        (("drop_column", (), {}), True),
        (("alter_column", (), {}), True),
    ],
)
def test_a_batch_recreates_only_where_alter_table_falls_short(operation: Any, recreates: bool) -> None:
    """Added columns without expressions and indexes stay ALTERs (OP-42)."""
    impl, _ = offline_impl("sqlite")

    assert impl.requires_recreate_in_batch(SimpleNamespace(batch=[added(), operation])) is recreates


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (sa.Integer(), sa.BigInteger(), "c"),
        (sa.Integer(), sa.String(), "CAST(c AS VARCHAR)"),
        (sa.String(), sa.JSON(), "c"),
        (sa.JSON(), sa.Integer(), "CAST(c AS INTEGER)"),
    ],
)
def test_values_are_converted_when_their_kind_changes(old: Any, new: Any, expected: str) -> None:
    """CAST on a change of affinity, not to JSON (OP-43)."""
    impl, _ = offline_impl("sqlite")
    transfer: dict[str, Any] = {"expr": sa.column("c")}

    impl.cast_for_batch_migrate(sa.Column("c", old), transfer, new)

    assert str(transfer["expr"]) == expected

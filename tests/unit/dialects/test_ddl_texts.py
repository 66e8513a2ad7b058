"""Colons in the texts of DDL are colons: a default, a check, an index expression says what the revision says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from runner.operations import Operations
from tests.unit.dialects.standin import StandInContext, offline_impl

JSON = '\'{"a":1, "b" :c}\''
OTHER = "x <> ' :b::c'"


def _script(step: Callable[[Any], object], dialect: str) -> str:
    impl, buffer = offline_impl(dialect)
    context: Any = StandInContext(impl)
    step(Operations(context))
    return " ".join(buffer.getvalue().split())


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite", "mysql", "mssql", "oracle"])
@pytest.mark.parametrize(
    "column",
    [
        lambda: sa.Column("c", sa.String(9), server_default=sa.text(JSON)),
        lambda: sa.Column("c", sa.String(9), server_default=JSON.strip("'")),
        lambda: sa.Column("c", sa.String(9), server_default=sa.text(JSON.replace(":", r"\:"))),
        lambda: sa.Column("c", sa.String(9), sa.CheckConstraint(f"c <> {JSON}")),
        lambda: sa.Column("c", sa.String(9), sa.Computed(f"x || {JSON}", persisted=None)),
    ],
)
def test_columns_say_what_they_say(column: Callable[[], Any], dialect: str) -> None:
    """Nothing in a string becomes NULL, in a table as in a column that is added (OP-1, OP-4, OP-16)."""
    assert JSON in _script(lambda op: op.create_table("t", column()), dialect)
    assert JSON in _script(lambda op: op.add_column("t", column()), dialect)


@pytest.mark.parametrize(
    "step",
    [
        lambda op: op.alter_column("t", "c", server_default=sa.text(f"({OTHER})::text")),
        lambda op: op.alter_column("t", "c", server_default=sa.DefaultClause(sa.text(f"({OTHER})::text"))),
        lambda op: op.create_check_constraint("k", "t", OTHER),
        lambda op: op.create_check_constraint("k", "t", sa.and_(sa.text(OTHER), sa.column("y") > 1)),
        lambda op: op.create_index("i", "t", [sa.text(f"({OTHER})")]),
        lambda op: op.create_index("i", "t", ["x"], postgresql_where=sa.text(OTHER)),
        lambda op: op.create_exclude_constraint("e", "t", (sa.text(f"({OTHER})"), "=")),
        lambda op: op.create_exclude_constraint("e", "t", ("x", "="), where=OTHER),
    ],
)
def test_expressions_say_what_they_say(step: Callable[[Any], object]) -> None:
    """Texts inside of expressions too (OP-2, OP-8, OP-12, OP-14)."""
    assert OTHER in _script(step, "postgresql")


def test_a_value_that_is_bound_is_written() -> None:
    """Only what has no value is no parameter."""
    check = sa.text("x <> :value AND y <> ':other'").bindparams(value="it's")

    script = _script(lambda op: op.create_check_constraint("k", "t", check), "postgresql")

    assert script == "ALTER TABLE t ADD CONSTRAINT k CHECK (x <> 'it''s' AND y <> ':other');"

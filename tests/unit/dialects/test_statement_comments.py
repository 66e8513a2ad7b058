"""Scripts: comments get no terminator, and constructs of another database are refused in words."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from runner.dialects.unsupported import OperationUnsupported
from tests.unit.dialects.standin import offline_impl
from tests.unit.operations.sqlite_databases import database


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite", "mysql", "mssql", "oracle"])
@pytest.mark.parametrize("comment", ["-- why", "/* why; */", "-- one\n -- two\n", "/* a */ -- b"])
def test_a_comment_is_written_as_it_is(dialect: str, comment: str) -> None:
    """No lone terminator and no batch separator follows: there is no statement (OFF-1)."""
    impl, buffer = offline_impl(dialect)
    impl.execute(comment)

    assert buffer.getvalue() == comment.strip() + "\n\n"


@pytest.mark.parametrize("sql", ["/*!40101 SET x = 1 */", "-- why\nSELECT 1", "/* a */ SELECT 1", "SELECT '--'"])
def test_a_statement_with_comments_is_terminated(sql: str) -> None:
    """A comment before, after or inside a statement does not keep its terminator away."""
    impl, buffer = offline_impl("mysql")
    impl.execute(sql)

    assert buffer.getvalue().rstrip().endswith(";")


def test_a_statement_behind_many_comments_is_found_at_once() -> None:
    """The time it takes grows with the comments, not with the ways to divide them."""
    impl, buffer = offline_impl("mysql")
    impl.execute("/* one of many */\n" * 500 + "SELECT 1")

    assert buffer.getvalue().rstrip().endswith("SELECT 1;")


def _exclude() -> sa.schema.AddConstraint:
    constraint = postgresql.ExcludeConstraint(("r", "&&"), name="ex")
    sa.Table("t", sa.MetaData(), sa.Column("r", sa.Integer()), constraint)
    return sa.schema.AddConstraint(constraint)


def test_a_construct_of_another_database_is_refused_offline() -> None:
    """The sentence names construct and dialect, and nothing is written (OP-14)."""
    impl, buffer = offline_impl("mysql")

    with pytest.raises(OperationUnsupported, match="dialect mysql has no SQL for ExcludeConstraint"):
        impl._exec(_exclude())

    assert buffer.getvalue() == ""


def test_a_construct_of_another_database_is_refused_online() -> None:
    """The same sentence where the statement would be executed (OP-14)."""
    with (
        database() as (op, _),
        pytest.raises(OperationUnsupported, match="dialect sqlite has no SQL for ExcludeConstraint"),
    ):
        op.impl._exec(_exclude())

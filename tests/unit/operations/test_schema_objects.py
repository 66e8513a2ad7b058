"""Schema objects from names, SQL text, and orders of columns."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable

from runner.errors import OperationError
from runner.operations.batch.naming import name_by_convention
from runner.operations.batch.ordering import in_partial_order
from runner.operations.schemaobj import SchemaObjects
from runner.operations.sqla import foreign_key_target
from runner.operations.sqltext import plain_text, verbatim


def _one_line(element: Any) -> str:
    return " ".join(str(element).split())


def test_a_foreign_key_may_cross_schemas() -> None:
    """Source and referred table each have their schema (OP-13)."""
    key = SchemaObjects().foreign_key_constraint(
        "fk", "t", "o", ["a", "b"], ["x", "y"], source_schema="s", referent_schema="far", ondelete="CASCADE"
    )

    assert _one_line(AddConstraint(key)) == (
        "ALTER TABLE s.t ADD CONSTRAINT fk FOREIGN KEY(a, b) REFERENCES far.o (x, y) ON DELETE CASCADE"
    )


def test_a_foreign_key_may_refer_to_its_own_table() -> None:
    """In the same schema the referred table is the source table; in another one it is not (OP-13)."""
    own = SchemaObjects().foreign_key_constraint("fk", "t", "t", ["a"], ["a"])
    other = SchemaObjects().foreign_key_constraint("fk", "t", "t", ["a"], ["b"], referent_schema="far")

    assert own.elements[0].column.table is own.table
    assert other.elements[0].column.table is not other.table


def test_names_are_quoted_where_needed() -> None:
    """Reserved words and quoted_name objects keep their spelling (section 4)."""
    name = sa.sql.quoted_name("plain", quote=True)
    constraint = SchemaObjects().unique_constraint("u", "select", ["Group", "a b"], schema=name)

    assert _one_line(AddConstraint(constraint)) == (
        'ALTER TABLE "plain"."select" ADD CONSTRAINT u UNIQUE ("Group", "a b")'
    )


def test_an_index_takes_names_text_and_expressions() -> None:
    """Strings are columns, text() is itself, columns of a model are moved (OP-8)."""
    model = sa.Table("m", sa.MetaData(), sa.Column("c", sa.String))
    index = SchemaObjects().index(
        "i", "t", ["a b", sa.text("lower(x)"), sa.func.upper(model.c.c), model.c.c.desc()], schema="s", unique=True
    )

    assert _one_line(CreateIndex(index)) == ('CREATE UNIQUE INDEX i ON s.t ("a b", lower(x), upper(c), c DESC)')


def test_an_index_needs_no_table() -> None:
    """DROP INDEX needs the name only (OP-9)."""
    assert SchemaObjects().index("i", None, ["x"]).name == "i"


def test_referred_tables_get_stand_ins() -> None:
    """A table with foreign keys to tables nobody has described can be rendered (OP-4)."""
    made = SchemaObjects().table(
        "t", sa.Column("a", sa.Integer, sa.ForeignKey("far.o.x")), sa.Column("b", sa.Integer, sa.ForeignKey("t.a"))
    )

    assert "FOREIGN KEY(a) REFERENCES far.o (x)" in _one_line(CreateTable(made))
    assert foreign_key_target(next(iter(made.c.b.foreign_keys))) == (None, "t", "a")


def test_a_table_can_be_made_of_the_parts_of_another() -> None:
    """Columns and constraints of a model are copied, and the model stays as it is."""
    model = sa.Table("m", sa.MetaData(), sa.Column("a", sa.Integer), sa.UniqueConstraint("a", name="u"))
    made = SchemaObjects().table("t", *model.c, *model.constraints)

    assert model.c.a.table is model
    assert _one_line(CreateTable(made)) == "CREATE TABLE t ( a INTEGER, CONSTRAINT u UNIQUE (a) )"


@pytest.mark.parametrize(
    "sql",
    [
        'UPDATE t SET a = \'{"a":1, "b": true}\'',
        "SELECT a::text, '12:30', :name, ' :ab:c ', arr[1:2], ':', 'x:y::z'",
        "SELECT 1 -- :comment\n/* :x */",
        "::a :b::c :: d:",
        "100% %s %(x)s",
    ],
)
def test_a_plain_string_is_sent_as_it_reads(sql: str) -> None:
    """No colon in a string marks a parameter (OP-16)."""
    statement = plain_text(sql)

    assert str(statement) == sql
    assert not statement._bindparams


@given(st.text(alphabet=":\\ab1$' \n", max_size=20))
def test_any_string_without_backslashes_before_colons_is_unchanged(sql: str) -> None:
    """Escaping and rendering cancel out, whatever comes before and after the colons (OP-16)."""
    assert str(verbatim(sql)) == sql
    if "\\:" not in sql:
        assert str(plain_text(sql)) == sql


def test_an_escaped_colon_stays_one_colon() -> None:
    r"""Revisions that write `\:` as Alembic wants it keep working (OP-16)."""
    assert str(plain_text(r"SELECT '{\"a\"\:1}', ' \:b:c'")) == r"SELECT '{\"a\":1}', ' :b:c'"


@pytest.mark.parametrize(
    ("orderings", "expected"),
    [
        ([], ["a", "b", "c", "d"]),
        ([("c", "a")], ["b", "c", "d", "a"]),
        ([("d", "c", "b", "a")], ["d", "c", "b", "a"]),
        ([("b", "a"), ("d", "c")], ["b", "d", "a", "c"]),
    ],
)
def test_a_partial_order_is_completed(orderings: list[tuple[str, ...]], expected: list[str]) -> None:
    """Columns that nothing is said about keep their order (OP-45)."""
    assert in_partial_order(["a", "b", "c", "d"], orderings) == expected


@pytest.mark.parametrize("orderings", [[("a", "b"), ("b", "a")], [("a", "a")], [("a", "nope")]])
def test_an_impossible_order_is_refused(orderings: list[tuple[str, ...]]) -> None:
    """A contradiction or an unknown column is named."""
    with pytest.raises(OperationError, match="order of"):
        in_partial_order(["a", "b"], orderings)


@given(
    st.permutations(list("abcdef")), st.lists(st.lists(st.sampled_from("abcdef"), unique=True, max_size=4), max_size=2)
)
def test_an_order_that_is_possible_is_honoured(names: list[str], orderings: list[list[str]]) -> None:
    """The result is a permutation in which every ordering holds."""
    try:
        placed = in_partial_order(names, orderings)
    except OperationError:
        return
    assert sorted(placed) == sorted(names)
    for ordering in orderings:
        assert [placed.index(name) for name in ordering] == sorted(placed.index(name) for name in ordering)


def test_a_convention_names_what_has_no_name() -> None:
    """Names of the database are final; a check without a name stays without one (OP-45)."""
    table = sa.Table(
        "t",
        sa.MetaData(),
        sa.Column("a", sa.Integer),
        sa.Column("b", sa.Integer),
        sa.UniqueConstraint("a"),
        sa.UniqueConstraint("b", name="mine"),
        sa.CheckConstraint("a > 0"),
        sa.ForeignKeyConstraint(["a"], ["o.x"]),
    )
    name_by_convention(
        table,
        {
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
        },
    )

    assert {str(c.name) for c in table.constraints} == {"uq_t_a", "mine", "None", "fk_t_a"}

"""The directives on views and the like: where the older object comes from, and how they are extended."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from runner.dialects import object_ddl
from runner.dialects.base import DefaultImpl
from runner.errors import OperationError
from runner.operations import AbstractOperations, BatchOperations, Operations, ops
from runner.operations.replaceable import Function, MaterializedView, Trigger, View
from runner.operations.toimpl_objects import create_replaceable
from tests.unit.dialects.standin import StandInContext, dialect_named
from tests.unit.operations.recording import recorder

OLD, NEW = View("v", "SELECT 1"), View("v", "SELECT 2")
REVISIONS = {"a1.b": SimpleNamespace(view=OLD, other=3)}


def _with_directory() -> tuple[Any, Any]:
    """Return operations that know a revision directory, and the implementation they call."""
    op, impl = recorder()
    context: Any = op.migration_context
    context.script = SimpleNamespace(get_revision=lambda name: SimpleNamespace(module=REVISIONS[name]))
    return op, impl


@pytest.mark.parametrize(
    ("given", "called"),
    [
        ({"replaces": OLD}, (NEW, OLD)),
        ({"replaces": "a1.b.view"}, (NEW, OLD)),
        ({"replace_with": OLD}, (OLD, NEW)),
        ({"replace_with": "a1.b.view"}, (OLD, NEW)),
        ({}, (NEW, None)),
    ],
)
def test_the_older_object_comes_from_the_revision_or_from_an_older_one(given: Any, called: Any) -> None:
    """`replaces` goes up, `replace_with` goes down, by value or by revision and attribute (CB-5)."""
    op, impl = _with_directory()
    op.replace_view(NEW, **given)

    assert impl.calls == [("replace_replaceable", (called[0],), {"replaces": called[1], "recreate": None})]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"replaces": "a1.b.other"}, "revision a1.b has no View 'other'"),
        ({"replaces": "a1.b.missing"}, "revision a1.b has no View 'missing'"),
        ({"replaces": "view"}, "Write '<revision>.<attribute>'"),
        ({"replaces": Function("v", "")}, "takes the place of a View"),
        ({"replaces": OLD, "replace_with": OLD}, "not both"),
    ],
)
def test_an_older_object_that_is_none_is_refused(given: Any, sentence: str) -> None:
    """The sentence names what was asked for."""
    op, _ = _with_directory()
    with pytest.raises(OperationError, match=sentence):
        op.replace_view(NEW, **given)


def test_without_a_directory_the_older_object_must_be_given() -> None:
    """A context made by a program has no revisions to look into."""
    op, _ = recorder()
    with pytest.raises(OperationError, match="or give the object itself"):
        op.replace_view(NEW, replaces="a1.view")


def test_names_do_for_dropping() -> None:
    """A name, and what else identifies the object, makes a value without a definition."""
    op, impl = recorder()
    op.drop_view("v", schema="s")
    op.drop_materialized_view("m")
    op.drop_function("f", arguments="a int", kind="procedure")
    op.drop_trigger("g", "t")
    op.refresh_materialized_view(MaterializedView("m", "SELECT 1", schema="s"))

    assert [arguments[0] for _, arguments, _ in impl.calls] == [
        View("v", "", schema="s"),
        MaterializedView("m", ""),
        Function("f", "", arguments="a int", kind="procedure"),
        Trigger("g", "", table="t", event=""),
        "m",
    ]


def test_sequences_are_given_as_objects_or_names() -> None:
    """Keywords come before what the Sequence says."""
    op, impl = recorder()
    op.create_sequence(sa.Sequence("q", start=5, increment=2, schema="s"), start=7)
    op.alter_sequence(sa.Sequence("q", increment=3))
    op.drop_sequence(sa.Sequence("q", start=5))

    created, altered, dropped = (arguments[0] for _, arguments, _ in impl.calls)
    assert (created.name, created.schema, created.start, created.increment) == ("q", "s", 7, 2)
    assert (altered.increment, altered.start) == (3, None)
    assert dropped.start == 5


def test_the_names_are_none_of_a_batch_block() -> None:
    """What is no change of one table has no place in a batch block."""
    assert not any(hasattr(BatchOperations, name) for name in ("create_view", "create_enum", "create_schema"))


def test_an_implementation_for_one_kind_leaves_the_others() -> None:
    """Views can mean something else without touching functions, and call what they meant before (OP-61)."""
    op, impl = recorder()
    try:

        @Operations.implementation_for(ops.CreateViewOp)
        def create_view(operations: Operations, operation: ops.CreateViewOp) -> None:
            operations.execute("SET ROLE owner")
            create_replaceable(operations, operation)

        op.create_view(NEW)
        op.create_function(Function("f", "x"))
    finally:
        del AbstractOperations._to_impl[ops.CreateViewOp]

    assert impl.names == ["execute", "create_replaceable", "create_replaceable"]


def test_the_sql_of_the_elements_can_be_replaced() -> None:
    """`@compiles` on these elements works for any dialect, and a third party's impl says what it has (TP-22, DI-10)."""

    class ThirdParty(DefaultImpl):
        __dialect__ = "thirdparty_objects"
        database_name = "Third Party"
        object_kinds = frozenset({"view"})
        replaced_in_place = frozenset({"view"})

    @compiles(object_ddl.CreateView, "thirdparty_objects")
    def create_view(element: Any, compiler: Any, **kw: Any) -> str:
        words = object_ddl.create_words(element, "OR REFRESH")
        return f"{words} {object_ddl.format_object_name(compiler, element.target)} <- {element.target.definition}"

    buffer = io.StringIO()
    impl = ThirdParty(dialect_named("sqlite"), None, True, None, buffer, {})
    impl.dialect.name = ThirdParty.__dialect__
    context: Any = StandInContext(impl)
    op = Operations(context)
    op.replace_view(NEW)
    op.drop_view(NEW)

    assert buffer.getvalue().split("\n\n")[:-1] == ["CREATE OR REFRESH VIEW v <- SELECT 2;", "DROP VIEW v;"]
    with pytest.raises(OperationError, match="create_function f: Third Party has no functions"):
        op.create_function(Function("f", "x"))

"""Views, functions and triggers as values, and how a model declares them."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from runner.errors import OperationError
from runner.operations.replaceable import Function, MaterializedView, Trigger, View, ViewIndex, register, registered

VIEW = View("v", "SELECT 1", schema="s")
STAMP = Trigger("stamp", "EXECUTE FUNCTION f()", table="t", event="BEFORE UPDATE")


def test_lists_become_tuples() -> None:
    """The values are hashable however their columns were given."""
    view = MaterializedView("m", "SELECT 1", columns=["a"], indexes=[ViewIndex("i", "a")])

    assert view == MaterializedView("m", "SELECT 1", columns=("a",), indexes=(ViewIndex("i", ("a",)),))
    assert hash(view)


@pytest.mark.parametrize(
    ("arguments", "signature"),
    [
        ("", ""),
        ("a integer", "a integer"),
        ("a integer DEFAULT 5, b text", "a integer, b text"),
        ("a numeric(10, 2) = 1.5 ,\n b text := 'x,y'", "a numeric(10, 2), b text"),
        ("\"a = b\" text, INOUT c int[]\tdefault '{1,2}'", '"a = b" text, INOUT c int[]'),
        ("VARIADIC rest text[]", "VARIADIC rest text[]"),
        ("a int DEFAULT(1), default_b int", "a int, default_b int"),
    ],
)
def test_a_signature_has_no_defaults(arguments: str, signature: str) -> None:
    """What DROP FUNCTION needs is the arguments without their defaults."""
    assert Function("f", "", arguments=arguments).signature == signature


def test_the_key_tells_objects_apart() -> None:
    """Name and schema do for views, the signature for functions, the table for triggers; never the definition."""
    assert VIEW.key == View("v", "SELECT 2", schema="s").key != View("v", "SELECT 1").key
    assert VIEW.key != MaterializedView("v", "SELECT 1", schema="s").key
    assert Function("f", "", arguments="a int = 1").key == Function("f", "x", arguments="A  INT").key
    assert Function("f", "").key != Function("f", "", kind="procedure").key
    assert STAMP.key != Trigger("stamp", STAMP.definition, table="u", event=STAMP.event).key


def test_a_kind_of_function_that_does_not_exist_is_refused() -> None:
    """A misspelt kind is found where it was written."""
    kind: Any = "proc"
    with pytest.raises(OperationError, match='"function" or "procedure", not \'proc\''):
        Function("f", "", kind=kind)


def test_a_metadata_knows_what_was_declared_in_order() -> None:
    """The order of declaration is that of creation; a second declaration of the same is none."""
    metadata = sa.MetaData()
    register(metadata, VIEW)
    register(metadata, STAMP, View("v", "SELECT 1", schema="s"))

    assert registered(metadata) == (VIEW, STAMP)
    assert registered(sa.MetaData()) == ()


def test_two_definitions_of_one_object_are_refused() -> None:
    """Which of the two is meant cannot be known."""
    metadata = sa.MetaData()
    register(metadata, VIEW)
    with pytest.raises(OperationError, match="view v is declared twice with different definitions"):
        register(metadata, View("v", "SELECT 2", schema="s"))

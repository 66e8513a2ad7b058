"""Constraints and indexes inside of create_table() as text (floor 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.schema import CheckConstraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint, UniqueConstraint

from runner.autogenerate.render.calls import call, items
from runner.autogenerate.render.expressions import render_condition, render_expression, render_index_element
from runner.autogenerate.render.options import (
    constraint_options,
    dialect_options,
    foreign_key_options,
    foreign_key_spec,
    given,
)
from runner.autogenerate.render.scope import NOT_RENDERED, RenderContext, sa_prefix, user_rendering
from runner.autogenerate.render.strings import string_literal
from runner.autogenerate.render.values import render_name, render_value
from runner.errors import OperationError
from runner.operations.sqla import constraint_name, index_expressions, is_type_bound

__all__ = ["exclude_elements", "exclude_options", "index_elements", "render_constraint", "render_index"]


def render_constraint(context: RenderContext, constraint: Any) -> str | None:
    """Return a constraint of a table.

    Returns:
        The text, None where `render_item` leaves it out, or it needs none: the CHECK of a type, an empty key.

    Raises:
        OperationError: it is of a kind that has no text.
    """
    kind, render = _renderer(constraint)
    if is_type_bound(constraint) or (kind == "primary_key" and not constraint.columns):
        return None
    rendered = user_rendering(context, kind, constraint)
    return render(context, constraint) if rendered is NOT_RENDERED else rendered


def _primary_key(context: RenderContext, constraint: PrimaryKeyConstraint) -> str:
    return _of_columns(context, "PrimaryKeyConstraint", constraint)


def _unique(context: RenderContext, constraint: UniqueConstraint) -> str:
    return _of_columns(context, "UniqueConstraint", constraint)


def _of_columns(context: RenderContext, function: str, constraint: Any) -> str:
    names = [string_literal(column.name) for column in constraint.columns]
    return call(f"{sa_prefix(context)}{function}", names, constraint_options(context, constraint))


def _foreign_key(context: RenderContext, constraint: ForeignKeyConstraint) -> str:
    local = items(string_literal(column.name) for column in constraint.columns)
    remote = items(string_literal(foreign_key_spec(key)) for key in constraint.elements)
    options = foreign_key_options(context, constraint, constraint)
    return call(f"{sa_prefix(context)}ForeignKeyConstraint", [local, remote], options)


def _check(context: RenderContext, constraint: CheckConstraint) -> str:
    arguments = [render_condition(context, constraint.sqltext)]
    return call(f"{sa_prefix(context)}CheckConstraint", arguments, constraint_options(context, constraint))


def _exclude(context: RenderContext, constraint: Any) -> str:
    context.imports.add("from sqlalchemy.dialects import postgresql")
    name = constraint_name(constraint)
    options = {
        **exclude_options(context, constraint),
        "name": None if name is None else render_name(context, name),
    }
    return call("postgresql.ExcludeConstraint", exclude_elements(context, constraint), options)


def exclude_elements(context: RenderContext, constraint: Any) -> list[str]:
    """Return the (expression, operator) pairs of an exclude constraint."""
    return [
        items([render_expression(context, expression), string_literal(operator)], "()")
        for expression, _name, operator in constraint._render_exprs  # noqa: SLF001  # it has no public name
    ]


def exclude_options(context: RenderContext, constraint: Any) -> dict[str, str | None]:
    """Return what an exclude constraint has beside elements and name."""
    where = constraint.where
    return {
        "where": None if where is None else render_expression(context, where),
        **given(context, deferrable=constraint.deferrable, initially=constraint.initially),
        "using": None if constraint.using is None else string_literal(constraint.using),
        "ops": render_value(context, dict(constraint.ops)) if constraint.ops else None,
    }


_RENDERERS: tuple[tuple[type, str, Callable[[RenderContext, Any], str]], ...] = (
    (PrimaryKeyConstraint, "primary_key", _primary_key),
    (UniqueConstraint, "unique", _unique),
    (ForeignKeyConstraint, "foreign_key", _foreign_key),
    (CheckConstraint, "check", _check),
)


def _renderer(constraint: Any) -> tuple[str, Callable[[RenderContext, Any], str]]:
    if constraint.__visit_name__ == "exclude_constraint":
        return "exclude", _exclude
    for cls, kind, render in _RENDERERS:
        if isinstance(constraint, cls):
            return kind, render
    raise OperationError(
        f"A {type(constraint).__name__} cannot be written into a revision. Give a render_item function that "
        "returns its text, or leave the constraint out with include_object.",
        constraint=str(constraint.name),
    )


# --- indexes ----------------------------------------------------------------------------------------------------------


def render_index(context: RenderContext, index: Index) -> str:
    """Return an index that is made with its table."""
    arguments = [
        render_name(context, constraint_name(index)),
        *index_elements(context, index_expressions(index), index.kwargs),
    ]
    options = {"unique": "True" if index.unique else None, **dialect_options(context, index.kwargs)}
    return call(f"{sa_prefix(context)}Index", arguments, options)


def index_elements(context: RenderContext, elements: Any, options: Any) -> list[str]:
    """Return the columns and expressions of an index.

    Args:
        options: of dialects; operator classes refer to expressions by their labels.
    """
    labels = frozenset(key for name, value in options.items() if name.endswith("_ops") for key in value or ())
    return [render_index_element(context, element, labels=labels) for element in elements]

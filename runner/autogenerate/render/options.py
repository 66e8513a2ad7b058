"""What constraints, indexes and tables have beside their columns, as keywords (floor 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import InvalidRequestError

from runner.autogenerate.render.scope import RenderContext
from runner.autogenerate.render.strings import string_literal
from runner.autogenerate.render.values import render_name, render_value
from runner.operations.sqla import constraint_name, foreign_key_target

if TYPE_CHECKING:
    from sqlalchemy.schema import ForeignKey

__all__ = [
    "constraint_options",
    "dialect_options",
    "flag",
    "foreign_key_options",
    "foreign_key_spec",
    "given",
    "name_option",
]

_WITHOUT_EFFECT: dict[str, tuple[Any, ...]] = {"postgresql_nulls_not_distinct": (False,)}
"""Values that reflection reports and that say what the database does anyway (older servers refuse to be told)."""


def dialect_options(context: RenderContext, options: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the options of dialects by name, without those that are empty."""
    return {name: render_value(context, options[name]) for name in sorted(options) if _has_effect(name, options[name])}


def _has_effect(name: str, value: Any) -> bool:
    if value is None or any(value is nothing for nothing in _WITHOUT_EFFECT.get(name, ())):
        return False
    return not (isinstance(value, (list, tuple, dict, set)) and not value)


def flag(value: bool | None) -> str | None:  # noqa: FBT001  # the value is what is rendered
    """Return a keyword that is None where it was not given."""
    return None if value is None else repr(value)


def given(context: RenderContext, **options: Any) -> dict[str, str | None]:
    """Return keywords, None where nothing was given."""
    return {name: None if value is None else render_value(context, value) for name, value in options.items()}


def name_option(context: RenderContext, item: Any) -> dict[str, str | None]:
    """Return `name` of a constraint or index, nothing where it has none."""
    name = constraint_name(item)
    return {"name": None if name is None else render_name(context, name)}


def constraint_options(context: RenderContext, constraint: Any) -> dict[str, str | None]:
    """Return what every constraint can have: deferrable, initially, name, comment, options of dialects."""
    return {
        **given(context, deferrable=constraint.deferrable, initially=constraint.initially),
        **name_option(context, constraint),
        "comment": None if not getattr(constraint, "comment", None) else string_literal(constraint.comment),
        **dialect_options(context, constraint.dialect_kwargs),
    }


def foreign_key_options(context: RenderContext, key: Any, named: Any) -> dict[str, str | None]:
    """Return what a foreign key has beside its columns.

    `use_alter` is not among it: in CREATE TABLE it would make the constraint disappear.

    Args:
        key: a ForeignKey or ForeignKeyConstraint.
        named: what has the name.
    """
    return {
        **name_option(context, named),
        **given(
            context,
            onupdate=key.onupdate,
            ondelete=key.ondelete,
            initially=key.initially,
            deferrable=key.deferrable,
            match=key.match,
        ),
        "comment": None if not getattr(key, "comment", None) else string_literal(key.comment),
        **dialect_options(context, key.dialect_kwargs),
    }


def foreign_key_spec(key: ForeignKey) -> str:
    """Return the column a foreign key refers to as `schema.table.column`, in the names of the database."""
    try:
        parts = foreign_key_target(key)
    except InvalidRequestError:  # its own column belongs to no table yet
        return key.target_fullname
    return ".".join(part for part in parts if part)

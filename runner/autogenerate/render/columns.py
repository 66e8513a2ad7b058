"""Columns and their defaults as text (floor 4)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.schema import (
    CheckConstraint,
    Column,
    Computed,
    DefaultClause,
    FetchedValue,
    ForeignKey,
    Identity,
    Sequence,
)
from sqlalchemy.sql.elements import ClauseElement

from runner.autogenerate.render.calls import call
from runner.autogenerate.render.expressions import render_condition, render_default_expression
from runner.autogenerate.render.options import (
    constraint_options,
    dialect_options,
    foreign_key_options,
    foreign_key_spec,
)
from runner.autogenerate.render.scope import NOT_RENDERED, RenderContext, sa_prefix, user_rendering
from runner.autogenerate.render.strings import string_literal
from runner.autogenerate.render.types import render_type
from runner.autogenerate.render.values import render_name, render_value
from runner.operations.sqla import in_declared_order, is_type_bound

__all__ = ["render_bare_column", "render_column", "render_sequence", "render_server_default"]

_SEQUENCE_OPTIONS = ("start", "increment", "minvalue", "maxvalue", "nominvalue", "nomaxvalue", "cycle", "cache")


def render_bare_column(context: RenderContext, column: Column[Any]) -> str | None:
    """Return a column as a part of its table: keys and indexes stand beside it, or are operations of their own.

    Checks that were written with the column belong to no table, so they are part of it.

    Returns:
        The text, None where `render_item` leaves the column out.
    """
    return _render(context, column, [_check(context, check) for check in _checks(column)], {})


def render_column(context: RenderContext, column: Column[Any]) -> str | None:
    """Return a column with everything it brings along: foreign keys, checks, unique, index, primary key.

    Returns:
        The text, None where `render_item` leaves the column out.
    """
    keys = sorted(column.foreign_keys, key=lambda key: key.target_fullname)
    brought = [
        *(_foreign_key(context, key) for key in keys),
        *(_check(context, check) for check in _checks(column)),
    ]
    flags = {
        "primary_key": "True" if column.primary_key else None,
        "unique": "True" if column.unique else None,
        "index": "True" if column.index else None,
    }
    return _render(context, column, brought, flags)


def _checks(column: Column[Any]) -> list[CheckConstraint]:
    constraints = in_declared_order(column.constraints)
    return [item for item in constraints if isinstance(item, CheckConstraint) and not is_type_bound(item)]


def _render(
    context: RenderContext, column: Column[Any], brought: list[str], flags: dict[str, str | None]
) -> str | None:
    rendered = user_rendering(context, "column", column)
    if rendered is not NOT_RENDERED:
        return rendered
    arguments = [render_value(context, column.name), render_type(context, column.type), *brought]
    default = column.server_default
    text = None if default is None else render_server_default(context, default)
    stands_alone = text is not None and isinstance(default, (Computed, Identity))
    if text is not None and stands_alone:
        arguments.append(text)
    if isinstance(column.default, Sequence):
        arguments.append(render_sequence(context, column.default))
    options = {
        "server_default": None if stands_alone else text,
        "autoincrement": _autoincrement(context, column),
        **flags,
        "nullable": repr(bool(column.nullable)),
        "system": "True" if column.system else None,
        "comment": None if column.comment is None else string_literal(column.comment),
        **dialect_options(context, column.dialect_kwargs),
    }
    return call(f"{sa_prefix(context)}Column", arguments, options)


def _autoincrement(context: RenderContext, column: Column[Any]) -> str | None:
    """Return what is said about counting up; of a column outside of the primary key it says nothing."""
    if column.autoincrement == "auto" or (getattr(column, "table", None) is not None and not column.primary_key):
        return None
    return render_value(context, column.autoincrement)


def _foreign_key(context: RenderContext, key: ForeignKey) -> str:
    arguments = [string_literal(foreign_key_spec(key))]
    return call(f"{sa_prefix(context)}ForeignKey", arguments, foreign_key_options(context, key, key))


def _check(context: RenderContext, check: CheckConstraint) -> str:
    arguments = [render_condition(context, check.sqltext)]
    return call(f"{sa_prefix(context)}CheckConstraint", arguments, constraint_options(context, check))


# --- defaults ---------------------------------------------------------------------------------------------------------


def render_server_default(context: RenderContext, default: Any) -> str | None:
    """Return a server default: a literal, SQL, a computed expression, an identity.

    Returns:
        The text, None where `render_item` leaves the default out or nothing is known of it.
    """
    rendered = user_rendering(context, "server_default", default)
    if rendered is not NOT_RENDERED:
        return rendered
    if isinstance(default, FetchedValue):
        return _fetched(context, default)
    return _expression(context, default)


def _fetched(context: RenderContext, default: FetchedValue) -> str | None:
    if isinstance(default, Computed):
        return _computed(context, default)
    if isinstance(default, Identity):
        return _identity(context, default)
    if isinstance(default, DefaultClause):
        return _expression(context, default.arg)
    return call(f"{sa_prefix(context)}FetchedValue")


def _expression(context: RenderContext, value: Any) -> str | None:
    if isinstance(value, str):
        return string_literal(str.__str__(value))
    if isinstance(value, ClauseElement):
        return render_default_expression(context, value)
    return None if value is None else render_value(context, value)


def _computed(context: RenderContext, computed: Computed) -> str:
    persisted = None if computed.persisted is None else repr(computed.persisted)
    return call(
        f"{sa_prefix(context)}Computed", [render_condition(context, computed.sqltext)], {"persisted": persisted}
    )


def _identity(context: RenderContext, identity: Identity) -> str:
    options = {"always": identity.always, "on_null": identity.on_null, **_sequence_options(identity)}
    rendered = {name: None if value is None else render_value(context, value) for name, value in options.items()}
    return call(
        f"{sa_prefix(context)}Identity", [], {**rendered, **dialect_options(context, _dialect_kwargs(identity))}
    )


def render_sequence(context: RenderContext, sequence: Sequence) -> str:
    """Return a sequence."""
    options: dict[str, Any] = {
        "schema": sequence.schema,
        **_sequence_options(sequence),
        "optional": sequence.optional or None,
    }
    rendered = {name: None if value is None else render_value(context, value) for name, value in options.items()}
    data_type = None if sequence.data_type is None else render_type(context, sequence.data_type)
    return call(
        f"{sa_prefix(context)}Sequence",
        [render_name(context, sequence.name)],
        {**rendered, "data_type": data_type, **dialect_options(context, _dialect_kwargs(sequence))},
    )


def _sequence_options(item: Any) -> dict[str, Any]:
    """Return the options Identity and Sequence share; `order` is a dialect's option in newer SQLAlchemy."""
    options = {name: getattr(item, name, None) for name in _SEQUENCE_OPTIONS}
    return options if hasattr(item, "dialect_kwargs") else {**options, "order": getattr(item, "order", None)}


def _dialect_kwargs(item: Any) -> Any:
    return getattr(item, "dialect_kwargs", {})

"""Enum types, sequences, schemas, extensions, views, functions and triggers as text (floor 4).

The signatures of the directives say what there is to write: every argument is an attribute of the operation.
"""

from __future__ import annotations

import dataclasses
import inspect
from functools import cache
from typing import Any

from runner.autogenerate.render.calls import call, items
from runner.autogenerate.render.columns import render_server_default
from runner.autogenerate.render.options import flag
from runner.autogenerate.render.registry import renderers
from runner.autogenerate.render.scope import RenderContext, op_prefix
from runner.autogenerate.render.strings import string_literal
from runner.autogenerate.render.values import render_value
from runner.operations import ops
from runner.operations.base import BatchOperations, Operations

__all__ = ["alter_sequence", "create_replaceable", "drop_replaceable", "plain_directive", "replace_replaceable"]

_DIRECTIVES: dict[type[ops.MigrateOperation], str] = {
    ops.CreateEnumOp: "create_enum",
    ops.DropEnumOp: "drop_enum",
    ops.AddEnumValueOp: "add_enum_value",
    ops.RenameEnumValueOp: "rename_enum_value",
    ops.ReplaceEnumValuesOp: "replace_enum_values",
    ops.CreateSequenceOp: "create_sequence",
    ops.DropSequenceOp: "drop_sequence",
    ops.CreateSchemaOp: "create_schema",
    ops.DropSchemaOp: "drop_schema",
    ops.CreateExtensionOp: "create_extension",
    ops.DropExtensionOp: "drop_extension",
    ops.RefreshMaterializedViewOp: "refresh_materialized_view",
}
"""Operations whose attributes have the names of the directive's parameters."""

_ATTRIBUTES = {"sequence": "sequence_name", "view": "view_name"}
"""Parameter -> attribute, where the directive takes an object or its name."""


def plain_directive(context: RenderContext, op: ops.MigrateOperation) -> str:
    """Return a directive whose arguments are the attributes of its operation."""
    name = next(_DIRECTIVES[cls] for cls in type(op).__mro__ if cls in _DIRECTIVES)
    arguments: list[str] = []
    options: dict[str, str | None] = {}
    for parameter in _parameters(name):
        if parameter.kind is parameter.VAR_KEYWORD:
            options |= {key: render_value(context, value) for key, value in getattr(op, "kw", {}).items()}
            continue
        value = getattr(op, _ATTRIBUTES.get(parameter.name, parameter.name))
        if parameter.default is parameter.empty:
            arguments.append(_value(context, value))
        elif value != parameter.default and not (parameter.default is None and _is_empty(value)):
            options[parameter.name] = _value(context, value)
    return call(f"{_prefix(context, name)}{name}", arguments, options)


for _op_class in _DIRECTIVES:
    renderers.dispatch_for(_op_class)(plain_directive)


def _is_empty(value: Any) -> bool:
    return isinstance(value, dict) and not value


@cache
def _parameters(directive: str) -> tuple[inspect.Parameter, ...]:
    signature = inspect.signature(getattr(Operations, directive))
    return tuple(signature.parameters.values())[1:]


def _prefix(context: RenderContext, directive: str) -> str:
    """Return `batch_op.` only where a batch block has the directive."""
    prefix = op_prefix(context)
    if prefix != "batch_op." or hasattr(BatchOperations, directive):
        return prefix
    configured = context.opts.get("alembic_module_prefix")
    return "op." if configured is None else str(configured)


def _value(context: RenderContext, value: Any) -> str:
    """Return an argument; sequences as lists, columns of an enum type as tuples where that says it all."""
    if isinstance(value, ops.EnumColumn):
        return _enum_column(context, value)
    if isinstance(value, (list, tuple)):
        return items(_value(context, item) for item in value)
    return render_value(context, value)


def _enum_column(context: RenderContext, column: ops.EnumColumn) -> str:
    table, name = render_value(context, column.table), render_value(context, column.column)
    default = None if column.server_default is None else render_server_default(context, column.server_default)
    if column.new_server_default is False and column.schema is None and not column.array:
        return items([table, name, *([] if default is None else [default])], "()")
    context.imports.add("from runner.operations.ops import EnumColumn")
    new = column.new_server_default
    options = {
        "server_default": default,
        "new_server_default": None if new is False else _new_default(context, new),
        "schema": None if column.schema is None else render_value(context, column.schema),
        "array": "True" if column.array else None,
    }
    return call("EnumColumn", [table, name], options)


def _new_default(context: RenderContext, default: Any) -> str | None:
    return "None" if default is None else render_server_default(context, default)


@renderers.dispatch_for(ops.AlterSequenceOp)
def alter_sequence(context: RenderContext, op: ops.AlterSequenceOp) -> str:
    """Return `op.alter_sequence()`."""
    options = {
        **{name: render_value(context, value) for name, value in op.options.items()},
        "restart": None if op.restart is None else render_value(context, op.restart),
        "schema": None if op.schema is None else render_value(context, op.schema),
        "existing": render_value(context, dict(op.existing)) if op.existing else None,
    }
    return call(
        f"{_prefix(context, 'alter_sequence')}alter_sequence", [render_value(context, op.sequence_name)], options
    )


# --- views, functions, triggers ---------------------------------------------------------------------------------------


@renderers.dispatch_for(ops.CreateReplaceableOp)
def create_replaceable(context: RenderContext, op: ops.CreateReplaceableOp[Any]) -> str:
    """Return `op.create_view()` and the like."""
    return call(f"{_prefix(context, f'create_{op.noun}')}create_{op.noun}", [_object(context, op.target)])


@renderers.dispatch_for(ops.DropReplaceableOp)
def drop_replaceable(context: RenderContext, op: ops.DropReplaceableOp[Any]) -> str:
    """Return `op.drop_view()` and the like, by name alone: the definition stands in the other direction."""
    target = op.target
    place = [render_value(context, target.table)] if op.noun == "trigger" else []
    arguments = getattr(target, "arguments", "")
    options = {
        "arguments": string_literal(arguments) if arguments else None,
        "schema": None if target.schema is None else render_value(context, target.schema),
        "kind": string_literal(target.kind) if target.kind == "procedure" else None,
        "if_exists": flag(op.if_exists),
        "cascade": flag(op.cascade),
    }
    directive = f"drop_{op.noun}"
    return call(f"{_prefix(context, directive)}{directive}", [render_value(context, target.name), *place], options)


@renderers.dispatch_for(ops.ReplaceReplaceableOp)
def replace_replaceable(context: RenderContext, op: ops.ReplaceReplaceableOp[Any]) -> str:
    """Return `op.replace_view()` and the like."""
    directive = f"replace_{op.noun}"
    options = {
        "replaces": None if op.replaces is None else _object(context, op.replaces),
        "recreate": flag(op.recreate),
    }
    return call(f"{_prefix(context, directive)}{directive}", [_object(context, op.target)], options)


def _object(context: RenderContext, value: Any) -> str:
    """Return a view, function or trigger, and the indexes of one, as the call that makes it."""
    name = type(value).__name__
    context.imports.add(f"from runner.operations.replaceable import {name}")
    arguments: list[str] = []
    options: dict[str, str | None] = {}
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if not field.kw_only:
            arguments.append(_part(context, item))
        elif item != field.default:
            options[field.name] = _part(context, item)
    return call(name, arguments, options)


def _part(context: RenderContext, value: Any) -> str:
    if isinstance(value, tuple):
        return items((_part(context, item) for item in value), "()")
    return _object(context, value) if dataclasses.is_dataclass(value) else render_value(context, value)

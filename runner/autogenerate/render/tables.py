"""Operations on tables as text (floor 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.autogenerate.render.calls import call
from runner.autogenerate.render.columns import render_bare_column
from runner.autogenerate.render.constraints import render_constraint, render_index
from runner.autogenerate.render.options import dialect_options, flag, given
from runner.autogenerate.render.registry import renderers
from runner.autogenerate.render.scope import RenderContext, in_batch, op_prefix
from runner.autogenerate.render.strings import string_literal
from runner.autogenerate.render.values import is_plain, render_plain, render_value
from runner.operations import ops
from runner.operations.sqla import in_declared_order

if TYPE_CHECKING:
    from sqlalchemy.schema import Table

__all__ = ["create_table", "create_table_comment", "drop_table", "drop_table_comment", "rename_table"]


@renderers.dispatch_for(ops.CreateTableOp)
def create_table(context: RenderContext, op: ops.CreateTableOp) -> str:
    """Return `op.create_table()` with columns, constraints, indexes and every option."""
    table = op.to_table(context.migration_context)
    options = {
        "schema": render_plain(context, op.schema),
        "comment": None if op.comment is None else string_literal(op.comment),
        "info": render_value(context, op.info) if op.info and is_plain(op.info) else None,
        **dialect_options(context, op.kw),
        "prefixes": render_value(context, list(op.prefixes)) if op.prefixes else None,
        "if_not_exists": flag(op.if_not_exists),
    }
    name = str(render_plain(context, op.table_name))
    return call(f"{op_prefix(context)}create_table", [name, *_items(context, table)], options)


def _items(context: RenderContext, table: Table) -> list[str]:
    """Return the columns in their order, then constraints and indexes in an order that no hash decides."""
    columns = [render_bare_column(context, column) for column in table.columns]
    constraints = [render_constraint(context, item) for item in in_declared_order(table.constraints)]
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    return [
        *(text for text in columns if text),
        *sorted(text for text in constraints if text),
        *(render_index(context, index) for index in indexes),
    ]


@renderers.dispatch_for(ops.DropTableOp)
def drop_table(context: RenderContext, op: ops.DropTableOp) -> str:
    """Return `op.drop_table()`; what the operation remembers for its reverse is not part of it."""
    options = {
        "schema": render_plain(context, op.schema),
        "if_exists": flag(op.if_exists),
        **given(context, drop_types=getattr(op, "drop_types", None)),
    }
    return call(f"{op_prefix(context)}drop_table", [str(render_plain(context, op.table_name))], options)


@renderers.dispatch_for(ops.RenameTableOp)
def rename_table(context: RenderContext, op: ops.RenameTableOp) -> str:
    """Return `op.rename_table()`."""
    names = [str(render_plain(context, name)) for name in (op.table_name, op.new_table_name)]
    return call(f"{op_prefix(context)}rename_table", names, {"schema": render_plain(context, op.schema)})


@renderers.dispatch_for(ops.CreateTableCommentOp)
def create_table_comment(context: RenderContext, op: ops.CreateTableCommentOp) -> str:
    """Return `op.create_table_comment()`."""
    return _comment(context, "create_table_comment", op, [render_value(context, op.comment)])


@renderers.dispatch_for(ops.DropTableCommentOp)
def drop_table_comment(context: RenderContext, op: ops.DropTableCommentOp) -> str:
    """Return `op.drop_table_comment()`."""
    return _comment(context, "drop_table_comment", op, [])


def _comment(context: RenderContext, directive: str, op: Any, arguments: list[str]) -> str:
    options = given(context, existing_comment=op.existing_comment)
    if in_batch(context):
        return call(f"{op_prefix(context)}{directive}", arguments, options)
    name = str(render_plain(context, op.table_name))
    options["schema"] = render_plain(context, op.schema)
    return call(f"{op_prefix(context)}{directive}", [name, *arguments], options)

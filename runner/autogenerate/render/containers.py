# ruff: noqa: SLF001  # the context says whether a batch block is being written, under Alembic's name
"""Operations that hold operations as text (floor 4)."""

from __future__ import annotations

import textwrap
from typing import Any

from runner.autogenerate.render.calls import call
from runner.autogenerate.render.registry import lines_of, renderers
from runner.autogenerate.render.scope import RenderContext, in_batch, op_prefix
from runner.autogenerate.render.values import render_plain
from runner.operations import ops

__all__ = ["container", "modify_table"]


@renderers.dispatch_for(ops.OpContainer)
def container(context: RenderContext, op: ops.OpContainer) -> list[str]:
    """Return the statements of every operation inside."""
    return [line for item in op.ops for line in lines_of(context, item)]


@renderers.dispatch_for(ops.ModifyTableOps)
def modify_table(context: Any, op: ops.ModifyTableOps) -> list[str]:
    """Return the operations on one table; with `render_as_batch` in a `batch_alter_table()` block."""
    if not context.opts.get("render_as_batch") or in_batch(context):
        return container(context, op)
    name = str(render_plain(context, op.table_name))
    schema = render_plain(context, op.schema) or "None"
    head = call(f"{op_prefix(context)}batch_alter_table", [name], {"schema": schema})
    with context._within_batch():
        body = container(context, op)
    if not body:
        return []
    return [f"with {head} as batch_op:", *(textwrap.indent(line, "    ") for line in body), ""]

"""Statements of the user's own and rows as text (floor 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.sql.elements import TextClause

from runner.autogenerate.render.calls import call, items
from runner.autogenerate.render.expressions import render_text, statement_of
from runner.autogenerate.render.registry import renderers
from runner.autogenerate.render.scope import RenderContext, op_prefix, sa_prefix
from runner.autogenerate.render.strings import string_literal
from runner.autogenerate.render.types import render_type
from runner.autogenerate.render.values import render_plain, render_value
from runner.operations import ops

if TYPE_CHECKING:
    from sqlalchemy.schema import Column

__all__ = ["bulk_insert", "execute"]


@renderers.dispatch_for(ops.ExecuteSQLOp)
def execute(context: RenderContext, op: ops.ExecuteSQLOp) -> str:
    """Return `op.execute()`; the values of an expression are written into its SQL."""
    options = {"execution_options": render_value(context, op.execution_options) if op.execution_options else None}
    return call(f"{op_prefix(context)}execute", [_statement(context, op.sqltext)], options)


def _statement(context: RenderContext, statement: Any) -> str:
    if isinstance(statement, str):
        return string_literal(statement)
    sql = statement_of(context, statement)
    if isinstance(statement, TextClause) or "\\:" in sql:
        return render_text(context, sql)
    return string_literal(sql)


@renderers.dispatch_for(ops.BulkInsertOp)
def bulk_insert(context: RenderContext, op: ops.BulkInsertOp) -> str:
    """Return `op.bulk_insert()` on a table of just the columns, with types for the values."""
    rows = items(render_value(context, row) for row in op.rows)
    options = {"multiinsert": None if op.multiinsert else "False"}
    return call(f"{op_prefix(context)}bulk_insert", [_table(context, op.table), rows], options)


def _table(context: RenderContext, table: Any) -> str:
    columns = [_column(context, column) for column in table.columns]
    options = {"schema": render_plain(context, table.schema)}
    return call(f"{sa_prefix(context)}table", [str(render_plain(context, table.name)), *columns], options)


def _column(context: RenderContext, column: Column[Any]) -> str:
    return call(f"{sa_prefix(context)}column", [string_literal(column.name), render_type(context, column.type)])

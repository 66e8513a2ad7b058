"""Operations on the columns, constraints and indexes of existing tables as text (floor 4)."""

from __future__ import annotations

from typing import Any

from runner.autogenerate.render.calls import call, items
from runner.autogenerate.render.columns import render_bare_column, render_column, render_server_default
from runner.autogenerate.render.constraints import exclude_elements, exclude_options, index_elements
from runner.autogenerate.render.expressions import render_condition
from runner.autogenerate.render.options import dialect_options, flag, given
from runner.autogenerate.render.registry import renderers
from runner.autogenerate.render.scope import RenderContext, in_batch, op_prefix
from runner.autogenerate.render.strings import string_literal
from runner.autogenerate.render.types import render_type
from runner.autogenerate.render.values import render_name, render_plain, render_value
from runner.operations import ops
from runner.operations.sqla import constraint_name

__all__ = [
    "add_column",
    "alter_column",
    "create_check_constraint",
    "create_exclude_constraint",
    "create_foreign_key",
    "create_index",
    "create_primary_key",
    "create_unique_constraint",
    "drop_column",
    "drop_constraint",
    "drop_index",
]


def _directive(
    context: RenderContext,
    name: str,
    op: Any,
    arguments: list[str],
    options: dict[str, str | None],
    *,
    before: list[str] | None = None,
) -> str:
    """Return a directive on a table: its name and schema go without saying in a batch block.

    Args:
        before: arguments in front of the table.
    """
    place: list[str] = []
    if not in_batch(context):
        place = [str(render_plain(context, op.table_name))]
        options = {**options, "schema": render_plain(context, op.schema)}
    return call(f"{op_prefix(context)}{name}", [*(before or []), *place, *arguments], options)


# --- columns ----------------------------------------------------------------------------------------------------------


@renderers.dispatch_for(ops.AddColumnOp)
def add_column(context: RenderContext, op: ops.AddColumnOp) -> str | list[str]:
    """Return `op.add_column()`.

    A column that belongs to a table is written without keys and indexes, as those of the table are operations of
    their own; a column made for this operation is written with them. What is to be inline is written either way.
    """
    column = op.column
    is_whole = getattr(column, "table", None) is None or op.inline_references or op.inline_primary_key
    text = render_column(context, _part(op)) if is_whole else render_bare_column(context, column)
    if text is None:
        return []
    options = {
        "if_not_exists": flag(op.if_not_exists),
        "inline_references": flag(op.inline_references),
        "inline_primary_key": flag(op.inline_primary_key),
        **given(context, create_type=getattr(op, "create_type", None)),
        **given(context, **op.kw),
    }
    return _directive(context, "add_column", op, [text], options)


def _part(op: ops.AddColumnOp) -> Any:
    """Return the column with what belongs into ADD COLUMN."""
    column = op.column
    if getattr(column, "table", None) is None:
        return column
    return _InlineColumn(column, references=bool(op.inline_references), primary_key=bool(op.inline_primary_key))


class _InlineColumn:
    """A column of a table, without the keys that are not to be inline."""

    unique = index = None

    def __init__(self, column: Any, *, references: bool, primary_key: bool) -> None:
        self._column = column
        self.foreign_keys = column.foreign_keys if references else frozenset()
        self.primary_key = column.primary_key and primary_key

    def __getattr__(self, name: str) -> Any:
        return getattr(self._column, name)


@renderers.dispatch_for(ops.DropColumnOp)
def drop_column(context: RenderContext, op: ops.DropColumnOp) -> str:
    """Return `op.drop_column()`."""
    drop_type = getattr(op, "drop_type", None)
    options = {"if_exists": flag(op.if_exists), **given(context, drop_type=drop_type, **op.kw)}
    return _directive(context, "drop_column", op, [str(render_plain(context, op.column_name))], options)


@renderers.dispatch_for(ops.AlterColumnOp)
def alter_column(context: RenderContext, op: ops.AlterColumnOp) -> str:
    """Return `op.alter_column()` with everything that changes and everything that is known of the column."""
    options = {
        "existing_type": None if op.existing_type is None else render_type(context, op.existing_type),
        "server_default": _default(context, op.modify_server_default),
        **given(context, new_column_name=op.modify_name),
        "type_": None if op.modify_type is None else render_type(context, op.modify_type),
        "nullable": flag(op.modify_nullable),
        "comment": None if op.modify_comment is False else render_value(context, op.modify_comment),
        **given(context, existing_comment=op.existing_comment),
        "existing_nullable": flag(op.existing_nullable),
        "existing_server_default": _default(context, _known(op.existing_server_default)),
        **given(context, **op.kw),
    }
    return _directive(context, "alter_column", op, [str(render_plain(context, op.column_name))], options)


def _known(default: Any) -> Any:
    """Return an existing default; that there is none needs not be said."""
    return False if default is None else default


def _default(context: RenderContext, default: Any) -> str | None:
    """Return a server default as a keyword's value: None removes one, False stands for "not given"."""
    if default is False:
        return None
    return "None" if default is None else render_server_default(context, default)


# --- indexes ----------------------------------------------------------------------------------------------------------


@renderers.dispatch_for(ops.CreateIndexOp)
def create_index(context: RenderContext, op: ops.CreateIndexOp) -> str:
    """Return `op.create_index()`."""
    options = {
        "unique": repr(bool(op.unique)),
        **dialect_options(context, op.kw),
        "if_not_exists": flag(op.if_not_exists),
    }
    elements = items(index_elements(context, op.columns, op.kw))
    name = op.index_name
    if name is None:  # the convention of today, so that the file does not change its meaning with it
        name = constraint_name(op.to_index(context.migration_context))
    return _directive(context, "create_index", op, [elements], options, before=[render_name(context, name)])


@renderers.dispatch_for(ops.DropIndexOp)
def drop_index(context: RenderContext, op: ops.DropIndexOp) -> str:
    """Return `op.drop_index()`."""
    dialect_kw = {name: value for name, value in op.kw.items() if name not in {"info", "unique"}}
    options = {**dialect_options(context, dialect_kw), "if_exists": flag(op.if_exists)}
    if not in_batch(context):
        place = {"table_name": render_plain(context, op.table_name), "schema": render_plain(context, op.schema)}
        options = {**place, **options}
    return call(f"{op_prefix(context)}drop_index", [render_name(context, op.index_name)], options)


# --- constraints ------------------------------------------------------------------------------------------------------


@renderers.dispatch_for(ops.CreatePrimaryKeyOp)
def create_primary_key(context: RenderContext, op: ops.CreatePrimaryKeyOp) -> str:
    """Return `op.create_primary_key()`."""
    return _on_columns(context, "create_primary_key", op)


@renderers.dispatch_for(ops.CreateUniqueConstraintOp)
def create_unique_constraint(context: RenderContext, op: ops.CreateUniqueConstraintOp) -> str:
    """Return `op.create_unique_constraint()`."""
    return _on_columns(context, "create_unique_constraint", op)


def _on_columns(context: RenderContext, directive: str, op: Any) -> str:
    options = dialect_options(context, op.kw)
    before = [render_name(context, op.constraint_name)]
    return _directive(context, directive, op, [_names(op.columns)], options, before=before)


def _names(columns: Any) -> str:
    return items(string_literal(str.__str__(name)) for name in columns)


@renderers.dispatch_for(ops.CreateForeignKeyOp)
def create_foreign_key(context: RenderContext, op: ops.CreateForeignKeyOp) -> str:
    """Return `op.create_foreign_key()`."""
    schemas = {"source_schema", "referent_schema"}
    others = {name: value for name, value in op.kw.items() if name not in schemas}
    options = {
        "source_schema": None if in_batch(context) else render_plain(context, op.kw.get("source_schema")),
        "referent_schema": render_plain(context, op.kw.get("referent_schema")),
        **dialect_options(context, others),
    }
    tables = [str(render_plain(context, name)) for name in (op.source_table, op.referent_table)]
    arguments = [
        render_name(context, op.constraint_name),
        *(tables[1:] if in_batch(context) else tables),
        _names(op.local_cols),
        _names(op.remote_cols),
    ]
    return call(f"{op_prefix(context)}create_foreign_key", arguments, options)


@renderers.dispatch_for(ops.CreateCheckConstraintOp)
def create_check_constraint(context: RenderContext, op: ops.CreateCheckConstraintOp) -> str:
    """Return `op.create_check_constraint()`."""
    condition = render_condition(context, op.condition)
    options = dialect_options(context, {name: value for name, value in op.kw.items() if not name.startswith("_")})
    before = [render_name(context, op.constraint_name)]
    return _directive(context, "create_check_constraint", op, [condition], options, before=before)


@renderers.dispatch_for(ops.CreateExcludeConstraintOp)
def create_exclude_constraint(context: RenderContext, op: ops.CreateExcludeConstraintOp) -> str:
    """Return `op.create_exclude_constraint()`."""
    constraint = op.to_constraint(context.migration_context)
    before = [render_name(context, op.constraint_name)]
    elements, options = exclude_elements(context, constraint), exclude_options(context, constraint)
    return _directive(context, "create_exclude_constraint", op, elements, options, before=before)


@renderers.dispatch_for(ops.DropConstraintOp)
def drop_constraint(context: RenderContext, op: ops.DropConstraintOp) -> str:
    """Return `op.drop_constraint()`."""
    options = {**given(context, type_=op.constraint_type), "if_exists": flag(op.if_exists)}
    name = render_name(context, op.constraint_name)
    return _directive(context, "drop_constraint", op, [], options, before=[name])

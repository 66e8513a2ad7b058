"""Server defaults, compared where `compare_server_default` asks for it. Floor 4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Computed, DefaultClause, Identity
from sqlalchemy.sql.elements import TextClause

from runner.autogenerate.compare.found import found, qualified
from runner.autogenerate.dispatch import PriorityDispatchResult

if TYPE_CHECKING:
    from sqlalchemy.schema import Column

    from runner.autogenerate.context import AutogenContext
    from runner.operations.ops import AlterColumnOp

__all__ = ["compare_default_by_dialect", "compare_default_by_user", "is_plain", "note_default"]

_CONTINUE, _STOP = PriorityDispatchResult.CONTINUE, PriorityDispatchResult.STOP


def is_plain(default: Any) -> bool:
    """Tell whether this is a default, or none, and not an identity or a generation expression."""
    return not isinstance(default, Computed | Identity)


def note_default(
    autogen_context: AutogenContext,
    alter_column_op: AlterColumnOp,
    schema: str | None,
    tname: str,
    cname: str,
    conn_col: Column[Any],
    metadata_col: Column[Any],
) -> None:
    """Write down the default the column has, None where it has none and the model wants one."""
    if conn_col.server_default is not None or metadata_col.server_default is not None:
        existing: Any = conn_col.server_default
        alter_column_op.existing_server_default = existing


def compare_default_by_user(
    autogen_context: AutogenContext,
    alter_column_op: AlterColumnOp,
    schema: str | None,
    tname: str,
    cname: str,
    conn_col: Column[Any],
    metadata_col: Column[Any],
) -> PriorityDispatchResult:
    """Ask `compare_server_default`, where it is a function; None from it leaves it to the database's rules."""
    compare = autogen_context.opts.get("compare_server_default", False)
    if not callable(compare) or not _comparable(conn_col, metadata_col):
        return _CONTINUE
    rendered = _rendered_wanted(autogen_context, metadata_col)
    differs = compare(
        autogen_context.migration_context,
        conn_col,
        metadata_col,
        _rendered_stored(conn_col),
        metadata_col.server_default,
        rendered,
    )
    if differs is None:
        return _CONTINUE
    if differs:
        _change(alter_column_op, schema, tname, cname, metadata_col)
    return _STOP


def compare_default_by_dialect(
    autogen_context: AutogenContext,
    alter_column_op: AlterColumnOp,
    schema: str | None,
    tname: str,
    cname: str,
    conn_col: Column[Any],
    metadata_col: Column[Any],
) -> PriorityDispatchResult:
    """Compare the defaults as the database's rules say."""
    if not autogen_context.opts.get("compare_server_default", False) or not _comparable(conn_col, metadata_col):
        return _CONTINUE
    differs = autogen_context.migration_context.impl.compare_server_default(
        conn_col, metadata_col, _rendered_wanted(autogen_context, metadata_col), _rendered_stored(conn_col)
    )
    if differs:
        _change(alter_column_op, schema, tname, cname, metadata_col)
    return _CONTINUE


def _comparable(conn_col: Column[Any], metadata_col: Column[Any]) -> bool:
    """Tell whether there is a default on either side, and none is an identity or a generated column's."""
    if conn_col.server_default is None and metadata_col.server_default is None:
        return False
    return is_plain(conn_col.server_default) and is_plain(metadata_col.server_default)


def _change(
    alter_column_op: AlterColumnOp, schema: str | None, tname: str, cname: str, metadata_col: Column[Any]
) -> None:
    alter_column_op.modify_server_default = metadata_col.server_default
    found("changed server default", qualified(schema, tname), item=cname)


def _rendered_stored(conn_col: Column[Any]) -> str | None:
    default = conn_col.server_default
    return str(default.arg.text) if isinstance(default, DefaultClause) and isinstance(default.arg, TextClause) else None


def _rendered_wanted(autogen_context: AutogenContext, metadata_col: Column[Any]) -> str | None:
    """Return the default of the model as it stands in DDL."""
    default = metadata_col.server_default
    if not isinstance(default, DefaultClause):
        return None
    if isinstance(default.arg, str):
        return "'" + default.arg.replace("'", "''") + "'"
    impl = autogen_context.migration_context.impl
    return str(impl.render_ddl_sql_expr(default.arg, is_server_default=True))

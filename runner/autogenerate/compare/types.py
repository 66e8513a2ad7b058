"""The type of a column: first as env.py says, then as the database's rules say. Floor 4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.types import NullType

from runner.autogenerate.compare.found import found, not_compared, qualified
from runner.autogenerate.dispatch import PriorityDispatchResult

if TYPE_CHECKING:
    from sqlalchemy.schema import Column

    from runner.autogenerate.context import AutogenContext
    from runner.operations.ops import AlterColumnOp

__all__ = ["compare_type_by_dialect", "compare_type_by_user"]

_CONTINUE, _STOP = PriorityDispatchResult.CONTINUE, PriorityDispatchResult.STOP


def compare_type_by_user(
    autogen_context: AutogenContext,
    alter_column_op: AlterColumnOp,
    schema: str | None,
    tname: str,
    cname: str,
    conn_col: Column[Any],
    metadata_col: Column[Any],
) -> PriorityDispatchResult:
    """Ask `compare_type`, where it is a function; None from it leaves the decision to the database's rules."""
    alter_column_op.existing_type = conn_col.type
    compare = autogen_context.opts.get("compare_type", True)
    if compare is False:
        return _STOP
    if not callable(compare):
        return _CONTINUE
    context = autogen_context.migration_context
    differs = compare(context, conn_col, metadata_col, conn_col.type, metadata_col.type)
    if differs is None:
        return _CONTINUE
    if differs:
        _change(alter_column_op, schema, tname, cname, conn_col, metadata_col)
    return _STOP


def compare_type_by_dialect(
    autogen_context: AutogenContext,
    alter_column_op: AlterColumnOp,
    schema: str | None,
    tname: str,
    cname: str,
    conn_col: Column[Any],
    metadata_col: Column[Any],
) -> PriorityDispatchResult:
    """Compare as the type itself says (`compare_against_backend`), or else as the database's rules say."""
    if isinstance(conn_col.type, NullType):
        not_compared(qualified(schema, tname), item=cname, reason="SQLAlchemy does not know its type in the database")
        return _CONTINUE
    if isinstance(metadata_col.type, NullType):
        not_compared(qualified(schema, tname), item=cname, reason="it has no type in the model")
        return _CONTINUE
    own = getattr(metadata_col.type, "compare_against_backend", None)
    same = own(autogen_context.dialect, conn_col.type) if own is not None else None
    if same is None:
        same = not autogen_context.migration_context.impl.compare_type(conn_col, metadata_col)
    if not same:
        _change(alter_column_op, schema, tname, cname, conn_col, metadata_col)
    return _CONTINUE


def _change(
    alter_column_op: AlterColumnOp,
    schema: str | None,
    tname: str,
    cname: str,
    conn_col: Column[Any],
    metadata_col: Column[Any],
) -> None:
    alter_column_op.modify_type = metadata_col.type
    found("changed type", qualified(schema, tname), item=cname, detail=f"{conn_col.type!r} to {metadata_col.type!r}")

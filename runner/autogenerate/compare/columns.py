"""One column on both sides: nullability, autoincrement, comment. Floor 4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Computed, Identity

from runner.autogenerate.compare.found import found, not_compared, qualified

if TYPE_CHECKING:
    from sqlalchemy.schema import Column

    from runner.autogenerate.context import AutogenContext
    from runner.operations.ops import AlterColumnOp

__all__ = ["compare_comment", "compare_nullable", "note_autoincrement"]


def compare_nullable(
    autogen_context: AutogenContext,
    alter_column_op: AlterColumnOp,
    schema: str | None,
    tname: str,
    cname: str,
    conn_col: Column[Any],
    metadata_col: Column[Any],
) -> None:
    """Compare NOT NULL; generated columns and identities are what their kind makes them."""
    stored, wanted = conn_col.nullable, metadata_col.nullable
    alter_column_op.existing_nullable = stored
    if stored is wanted:
        return
    for kind in (Computed, Identity):
        if isinstance(metadata_col.server_default, kind) and isinstance(conn_col.server_default, kind):
            reason = f"nullable={stored} in the database, {wanted} in the model; its kind decides"
            not_compared(qualified(schema, tname), item=cname, reason=reason)
            return
    alter_column_op.modify_nullable = wanted
    found("NULL" if wanted else "NOT NULL", qualified(schema, tname), item=cname)


def note_autoincrement(
    autogen_context: AutogenContext,
    alter_column_op: AlterColumnOp,
    schema: str | None,
    tname: str,
    cname: str,
    conn_col: Column[Any],
    metadata_col: Column[Any],
) -> None:
    """Tell MySQL's ALTER, which writes the whole column anew, whether it counts."""
    if not autogen_context.migration_context.impl.alters_autoincrement:
        return
    if metadata_col.table._autoincrement_column is metadata_col or metadata_col.autoincrement is True:  # noqa: SLF001
        alter_column_op.kw["autoincrement"] = True
    elif metadata_col.autoincrement == "auto" or metadata_col.autoincrement is False:
        alter_column_op.kw["autoincrement"] = False


def compare_comment(
    autogen_context: AutogenContext,
    alter_column_op: AlterColumnOp,
    schema: str | None,
    tname: str,
    cname: str,
    conn_col: Column[Any],
    metadata_col: Column[Any],
) -> None:
    """Compare the comment, where the database has comments."""
    if not autogen_context.dialect.supports_comments:
        return
    stored, wanted = conn_col.comment, metadata_col.comment
    if stored is None and wanted is None:
        return
    alter_column_op.existing_comment = stored
    if stored != wanted:
        alter_column_op.modify_comment = wanted
        found("changed comment", qualified(schema, tname), item=cname)

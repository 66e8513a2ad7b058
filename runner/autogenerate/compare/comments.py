"""Comments of tables. Floor 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.autogenerate.compare.found import found, qualified
from runner.operations.ops import CreateTableCommentOp, DropTableCommentOp, ModifyTableOps

if TYPE_CHECKING:
    from sqlalchemy.schema import Table

    from runner.autogenerate.context import AutogenContext

__all__ = ["compare_table_comment"]


def compare_table_comment(
    autogen_context: AutogenContext,
    modify_ops: ModifyTableOps,
    schema: str | None,
    tname: str,
    conn_table: Table | None,
    metadata_table: Table | None,
) -> None:
    """Compare the comment of a table, where the database has comments."""
    if conn_table is None or metadata_table is None or not autogen_context.dialect.supports_comments:
        return
    stored, wanted = conn_table.comment, metadata_table.comment
    if stored == wanted:
        return
    found("removed comment" if wanted is None else "changed comment", qualified(schema, tname))
    if wanted is None:
        modify_ops.ops.append(DropTableCommentOp(tname, existing_comment=stored, schema=schema))
    else:
        modify_ops.ops.append(CreateTableCommentOp(tname, wanted, existing_comment=stored, schema=schema))

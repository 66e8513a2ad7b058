"""Operations on rows, and statements of the user's own (floor 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.operations.ops.base import MigrateOperation

if TYPE_CHECKING:
    from sqlalchemy.sql.expression import Executable, TableClause

    from runner.operations.base import BatchOperations, Operations

__all__ = ["BulkInsertOp", "ExecuteSQLOp"]


class BulkInsertOp(MigrateOperation):
    """Insert rows.

    Args:
        multiinsert: False sends one INSERT for each row, which rows with `inline_literal()` need.
    """

    def __init__(self, table: TableClause, rows: list[dict[str, Any]], *, multiinsert: bool = True) -> None:
        self.table = table
        self.rows = rows
        self.multiinsert = multiinsert

    @classmethod
    def bulk_insert(
        cls, operations: Operations, table: TableClause, rows: list[dict[str, Any]], *, multiinsert: bool = True
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(table, rows, multiinsert=multiinsert))


class ExecuteSQLOp(MigrateOperation):
    """Run one statement; nothing comes back."""

    def __init__(self, sqltext: Executable | str, *, execution_options: dict[str, Any] | None = None) -> None:
        self.sqltext = sqltext
        self.execution_options = execution_options

    @classmethod
    def execute(
        cls,
        operations: Operations,
        sqltext: Executable | str,
        *,
        execution_options: dict[str, Any] | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(sqltext, execution_options=execution_options))

    @classmethod
    def batch_execute(
        cls,
        operations: BatchOperations,
        sqltext: Executable | str,
        *,
        execution_options: dict[str, Any] | None = None,
    ) -> None:
        """Carry out the directive in a batch block, at once: before the queued operations."""
        operations.invoke(cls(sqltext, execution_options=execution_options))

    def to_diff_tuple(self) -> tuple[str, Executable | str]:
        """Return ("execute", statement)."""
        return ("execute", self.sqltext)

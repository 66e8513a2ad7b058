"""An index that IF NOT EXISTS finds must be valid: floor 5. PostgreSQL only.

An interrupted CREATE INDEX CONCURRENTLY leaves an index that every writer maintains and no query uses. IF NOT EXISTS
is content with it. So it is looked at before, and the result after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.database.interrupted import WantedIndex, drop_index_sql, index_is_valid, wanted_index
from runner.errors import OperationError
from runner.events import emit

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["IndexCheck"]


class IndexCheck:
    """Looks after the statements of one connection, one after the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_concerned = connection.dialect.name == "postgresql"
        self._made: WantedIndex | None = None

    def before(self, sql: str, *, revision: str) -> None:
        """Drop an INVALID index that the statement would be content with.

        Raises:
            OperationError: the statement is not CONCURRENTLY, so dropping the index here would block writers.
        """
        self._made = None
        if not self._is_concerned or "exists" not in sql.lower():
            return
        index = wanted_index(sql)
        if index is None or not index.if_not_exists:
            return
        self._made = index
        if index_is_valid(self._connection, index) is not False:
            return
        if not index.concurrently:
            raise OperationError(
                f"Index {index.name} on {index.table} is there but INVALID: its concurrent build was interrupted once. "
                f"IF NOT EXISTS would leave it so. Drop it (DROP INDEX CONCURRENTLY {index.name}) and run again, or "
                "create it concurrently in an autocommit block.",
                index=index.name,
                table=index.table,
            )
        self.execute(drop_index_sql(self._connection, index))
        emit("index.invalid_dropped", level="warning", revision=revision, index=index.name, table=index.table)

    def after(self, *, revision: str) -> None:
        """Make sure that the index is valid now.

        Raises:
            OperationError: it is not.
        """
        index, self._made = self._made, None
        if index is None or index_is_valid(self._connection, index) is not False:
            return
        raise OperationError(
            f"{revision} made index {index.name} on {index.table}, but it is INVALID. Drop it, and run again.",
            index=index.name,
            table=index.table,
        )

    def execute(self, sql: str) -> None:
        """Execute a statement of our own, in whatever transaction the session is in."""
        cursor = self._connection.connection.cursor()
        try:
            cursor.execute(sql)
        finally:
            cursor.close()

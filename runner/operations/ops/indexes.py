"""Operations on indexes (floor 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.operations import schemaobj
from runner.operations.ops.base import MigrateOperation
from runner.operations.sqla import constraint_name, index_expressions

if TYPE_CHECKING:
    from sqlalchemy.schema import Index

    from runner.operations.arguments import IndexColumns
    from runner.operations.base import BatchOperations, Operations
    from runner.operations.protocols import MigrationContextLike

__all__ = ["CreateIndexOp", "DropIndexOp"]


class CreateIndexOp(MigrateOperation):
    """Create an index.

    Args:
        columns: names, `text()` and expressions.
        kw: options of `sqlalchemy.Index`, those of dialects included.
    """

    def __init__(
        self,
        index_name: str | None,
        table_name: str,
        columns: IndexColumns,
        *,
        schema: str | None = None,
        unique: bool = False,
        if_not_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        self.index_name = index_name
        self.table_name = table_name
        self.columns = columns
        self.schema = schema
        self.unique = unique
        self.if_not_exists = if_not_exists
        self.kw = kw

    def reverse(self) -> DropIndexOp:
        """Return the drop that remembers this index."""
        return DropIndexOp.from_index(self.to_index())

    def to_diff_tuple(self) -> tuple[str, Index]:
        """Return ("add_index", index)."""
        return ("add_index", self.to_index())

    @classmethod
    def from_index(cls, index: Index) -> CreateIndexOp:
        """Return the operation that creates this index."""
        if index.table is None:
            raise ValueError(f"Index {index.name} belongs to no table.")
        return cls(
            constraint_name(index),
            index.table.name,
            index_expressions(index),
            schema=index.table.schema,
            unique=bool(index.unique),
            **index.kwargs,
        )

    def to_index(self, migration_context: MigrationContextLike | None = None) -> Index:
        """Return the index on a table of just its columns."""
        return schemaobj.SchemaObjects(migration_context).index(
            self.index_name, self.table_name, self.columns, schema=self.schema, unique=self.unique, **self.kw
        )

    @classmethod
    def create_index(
        cls,
        operations: Operations,
        index_name: str | None,
        table_name: str,
        columns: IndexColumns,
        *,
        schema: str | None = None,
        unique: bool = False,
        if_not_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(
            cls(index_name, table_name, columns, schema=schema, unique=unique, if_not_exists=if_not_exists, **kw)
        )

    @classmethod
    def batch_create_index(
        cls, operations: BatchOperations, index_name: str | None, columns: IndexColumns, **kw: Any
    ) -> None:
        """Carry out the directive in a batch block."""
        table = operations.impl
        operations.invoke(cls(index_name, table.table_name, columns, schema=table.schema, **kw))


class DropIndexOp(MigrateOperation):
    """Drop an index.

    Args:
        table_name: needed by dialects whose index names belong to a table (MySQL, SQL Server).
        kw: options of `sqlalchemy.Index`, those of dialects included.
    """

    def __init__(
        self,
        index_name: str,
        table_name: str | None = None,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        _reverse: CreateIndexOp | None = None,
        **kw: Any,
    ) -> None:
        self.index_name = index_name
        self.table_name = table_name
        self.schema = schema
        self.if_exists = if_exists
        self._reverse = _reverse
        self.kw = kw

    def to_diff_tuple(self) -> tuple[str, Index]:
        """Return ("remove_index", index)."""
        return ("remove_index", self.to_index())

    def reverse(self) -> CreateIndexOp:
        """Return the operation that creates the dropped index again.

        Raises:
            ValueError: only the name of the index is known.
        """
        if self._reverse is None:
            raise ValueError(
                f"Dropping the index {self.index_name} cannot be reversed: its columns are not known to this "
                "operation. Build it with DropIndexOp.from_index()."
            )
        return CreateIndexOp.from_index(self.to_index())

    @classmethod
    def from_index(cls, index: Index) -> DropIndexOp:
        """Return the operation that drops this index and remembers it for `reverse()`."""
        if index.table is None:
            raise ValueError(f"Index {index.name} belongs to no table.")
        return cls(
            index.name,  # type: ignore[arg-type]  # None only where nothing could be dropped by name
            table_name=index.table.name,
            schema=index.table.schema,
            _reverse=CreateIndexOp.from_index(index),
            unique=bool(index.unique),
            **index.kwargs,
        )

    def to_index(self, migration_context: MigrationContextLike | None = None) -> Index:
        """Return the index; on a stand-in column where the original is not known."""
        columns: IndexColumns = self._reverse.columns if self._reverse is not None else ["x"]
        return schemaobj.SchemaObjects(migration_context).index(
            self.index_name, self.table_name, columns, schema=self.schema, **self.kw
        )

    @classmethod
    def drop_index(
        cls,
        operations: Operations,
        index_name: str,
        table_name: str | None = None,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(index_name, table_name=table_name, schema=schema, if_exists=if_exists, **kw))

    @classmethod
    def batch_drop_index(cls, operations: BatchOperations, index_name: str, **kw: Any) -> None:
        """Carry out the directive in a batch block."""
        table = operations.impl
        operations.invoke(cls(index_name, table_name=table.table_name, schema=table.schema, **kw))

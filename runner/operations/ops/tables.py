# ruff: noqa: SLF001  # an operation and its reverse know each other; SQLAlchemy's prefixes have no public name
"""Operations on whole tables (floor 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runner.operations import schemaobj
from runner.operations.ops.base import AlterTableOp, MigrateOperation
from runner.operations.sqla import in_declared_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.schema import Index, MetaData, SchemaItem, Table

    from runner.operations.arguments import DroppedType
    from runner.operations.base import BatchOperations, Operations
    from runner.operations.protocols import MigrationContextLike

__all__ = ["CreateTableCommentOp", "CreateTableOp", "DropTableCommentOp", "DropTableOp", "RenameTableOp"]


class CreateTableOp(MigrateOperation):
    """Create a table.

    Args:
        columns: columns, constraints and indexes.
        kw: `comment`, `info`, `prefixes` and everything else `sqlalchemy.Table` accepts.
        _constraints_included: the constraints of the columns are among `columns`, so that flags such as
            `unique=True` on a column must not make them twice.
    """

    def __init__(
        self,
        table_name: str,
        columns: Sequence[SchemaItem],
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        _namespace_metadata: MetaData | None = None,
        _constraints_included: bool = False,
        **kw: Any,
    ) -> None:
        self.table_name = table_name
        self.columns = columns
        self.schema = schema
        self.if_not_exists = if_not_exists
        self.info = kw.pop("info", {})
        self.comment = kw.pop("comment", None)
        self.prefixes = kw.pop("prefixes", None)
        self.kw = kw
        self._namespace_metadata = _namespace_metadata
        self._constraints_included = _constraints_included

    def reverse(self) -> DropTableOp:
        """Return the drop that remembers this table and the indexes made with it."""
        table = self.to_table()
        drop = DropTableOp.from_table(table, _namespace_metadata=self._namespace_metadata)
        if drop._reverse is not None:
            drop._reverse.columns = [*drop._reverse.columns, *_indexes(table)]
        return drop

    def to_diff_tuple(self) -> tuple[str, Table]:
        """Return ("add_table", table)."""
        return ("add_table", self.to_table())

    @classmethod
    def from_table(cls, table: Table, *, _namespace_metadata: MetaData | None = None) -> CreateTableOp:
        """Return the operation that creates this table; its indexes are operations of their own."""
        return cls(
            table.name,
            [*table.c, *in_declared_order(table.constraints)],
            schema=table.schema,
            _namespace_metadata=table.metadata if _namespace_metadata is None else _namespace_metadata,
            _constraints_included=True,
            **_table_options(table),
        )

    def to_table(self, migration_context: MigrationContextLike | None = None) -> Table:
        """Return the table, in a MetaData of its own."""
        options = {"prefixes": list(self.prefixes)} if self.prefixes else {}
        return schemaobj.SchemaObjects(migration_context).table(
            self.table_name,
            *self.columns,
            schema=self.schema,
            comment=self.comment,
            info=dict(self.info),
            _constraints_included=self._constraints_included,
            **options,
            **self.kw,
        )

    @classmethod
    def create_table(
        cls,
        operations: Operations,
        table_name: str,
        *columns: SchemaItem,
        if_not_exists: bool | None = None,
        **kw: Any,
    ) -> Table:
        """Carry out the directive of the same name."""
        table: Table = operations.invoke(cls(table_name, columns, if_not_exists=if_not_exists, **kw))
        return table


class DropTableOp(MigrateOperation):
    """Drop a table.

    Args:
        drop_types: drop the enum and domain types of its columns too: True, or the types or their names.
        table_kw: `comment`, `info`, `prefixes` and everything else `sqlalchemy.Table` accepts.
    """

    def __init__(
        self,
        table_name: str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        table_kw: Mapping[Any, Any] | None = None,
        drop_types: Sequence[DroppedType] | bool | None = None,
        _reverse: CreateTableOp | None = None,
    ) -> None:
        self.drop_types = drop_types
        self.table_name = table_name
        self.schema = schema
        self.if_exists = if_exists
        self.table_kw = dict(table_kw or {})
        self.comment = self.table_kw.pop("comment", None)
        self.info = self.table_kw.pop("info", None)
        self.prefixes = self.table_kw.pop("prefixes", None)
        self._reverse = _reverse

    def to_diff_tuple(self) -> tuple[str, Table]:
        """Return ("remove_table", table)."""
        return ("remove_table", self.to_table())

    def reverse(self) -> CreateTableOp:
        """Return the operation that creates the dropped table again.

        Raises:
            ValueError: only the name of the table is known.
        """
        if self._reverse is None:
            raise ValueError(
                f"Dropping table {self.table_name} cannot be reversed: its columns are not known to this operation. "
                "Build it with DropTableOp.from_table()."
            )
        table = self.to_table()
        create = CreateTableOp.from_table(table, _namespace_metadata=self._reverse._namespace_metadata)
        create.columns = [*create.columns, *_indexes(table)]
        return create

    @classmethod
    def from_table(cls, table: Table, *, _namespace_metadata: MetaData | None = None) -> DropTableOp:
        """Return the operation that drops this table and remembers it for `reverse()`."""
        return cls(
            table.name,
            schema=table.schema,
            table_kw=_table_options(table),
            _reverse=CreateTableOp.from_table(table, _namespace_metadata=_namespace_metadata),
        )

    def to_table(self, migration_context: MigrationContextLike | None = None) -> Table:
        """Return the table; without columns where the original is not known."""
        options = {"prefixes": list(self.prefixes)} if self.prefixes else {}
        return schemaobj.SchemaObjects(migration_context).table(
            self.table_name,
            *(self._reverse.columns if self._reverse is not None else ()),
            schema=self.schema,
            comment=self.comment,
            info=dict(self.info or {}),
            _constraints_included=self._reverse._constraints_included if self._reverse is not None else False,
            **options,
            **self.table_kw,
        )

    @classmethod
    def drop_table(
        cls,
        operations: Operations,
        table_name: str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        drop_types: Sequence[DroppedType] | bool | None = None,
        **kw: Any,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(table_name, schema=schema, if_exists=if_exists, table_kw=kw, drop_types=drop_types))


class RenameTableOp(AlterTableOp):
    """Rename a table."""

    def __init__(self, old_table_name: str, new_table_name: str, *, schema: str | None = None) -> None:
        super().__init__(old_table_name, schema=schema)
        self.new_table_name = new_table_name

    def reverse(self) -> RenameTableOp:
        """Return the rename back."""
        return RenameTableOp(self.new_table_name, self.table_name, schema=self.schema)

    @classmethod
    def rename_table(
        cls, operations: Operations, old_table_name: str, new_table_name: str, *, schema: str | None = None
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(old_table_name, new_table_name, schema=schema))


class CreateTableCommentOp(AlterTableOp):
    """Set the comment of a table."""

    def __init__(
        self,
        table_name: str,
        comment: str | None,
        *,
        schema: str | None = None,
        existing_comment: str | None = None,
    ) -> None:
        super().__init__(table_name, schema=schema)
        self.comment = comment
        self.existing_comment = existing_comment

    def reverse(self) -> CreateTableCommentOp | DropTableCommentOp:
        """Return the operation that puts the existing comment back, a drop where there was none."""
        if self.existing_comment is None:
            return DropTableCommentOp(self.table_name, existing_comment=self.comment, schema=self.schema)
        return CreateTableCommentOp(
            self.table_name, self.existing_comment, existing_comment=self.comment, schema=self.schema
        )

    def to_table(self, migration_context: MigrationContextLike | None = None) -> Table:
        """Return a table of just the name and the new comment."""
        return schemaobj.SchemaObjects(migration_context).table(
            self.table_name, schema=self.schema, comment=self.comment
        )

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return ("add_table_comment", table, existing comment)."""
        return ("add_table_comment", self.to_table(), self.existing_comment)

    @classmethod
    def create_table_comment(
        cls,
        operations: Operations,
        table_name: str,
        comment: str | None,
        *,
        existing_comment: str | None = None,
        schema: str | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(table_name, comment, existing_comment=existing_comment, schema=schema))

    @classmethod
    def batch_create_table_comment(
        cls, operations: BatchOperations, comment: str | None, *, existing_comment: str | None = None
    ) -> None:
        """Carry out the directive in a batch block."""
        table = operations.impl
        operations.invoke(cls(table.table_name, comment, existing_comment=existing_comment, schema=table.schema))


class DropTableCommentOp(AlterTableOp):
    """Remove the comment of a table."""

    def __init__(self, table_name: str, *, schema: str | None = None, existing_comment: str | None = None) -> None:
        super().__init__(table_name, schema=schema)
        self.existing_comment = existing_comment

    def reverse(self) -> CreateTableCommentOp:
        """Return the operation that puts the comment back."""
        return CreateTableCommentOp(self.table_name, self.existing_comment, schema=self.schema)

    def to_table(self, migration_context: MigrationContextLike | None = None) -> Table:
        """Return a table of just the name."""
        return schemaobj.SchemaObjects(migration_context).table(self.table_name, schema=self.schema)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return ("remove_table_comment", table)."""
        return ("remove_table_comment", self.to_table())

    @classmethod
    def drop_table_comment(
        cls,
        operations: Operations,
        table_name: str,
        *,
        existing_comment: str | None = None,
        schema: str | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(table_name, existing_comment=existing_comment, schema=schema))

    @classmethod
    def batch_drop_table_comment(cls, operations: BatchOperations, *, existing_comment: str | None = None) -> None:
        """Carry out the directive in a batch block."""
        table = operations.impl
        operations.invoke(cls(table.table_name, existing_comment=existing_comment, schema=table.schema))


def _indexes(table: Table) -> list[Index]:
    """Return the indexes of a table; `Table.indexes` is a set without an order."""
    return sorted(table.indexes, key=lambda index: str(index.name))


def _table_options(table: Table) -> dict[str, Any]:
    """Return what a Table has beside columns and constraints, as keywords."""
    return {
        "comment": table.comment,
        "info": dict(table.info),
        "prefixes": list(table._prefixes),
        **table.kwargs,
    }

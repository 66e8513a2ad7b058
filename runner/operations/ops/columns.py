# ruff: noqa: SLF001  # an operation and its reverse know each other
"""Operations on columns (floor 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.types import NULLTYPE

from runner.operations import schemaobj
from runner.operations.ops.base import AlterTableOp

if TYPE_CHECKING:
    from sqlalchemy.schema import Column

    from runner.operations.arguments import Comment, DroppedType, ServerDefault, TypeArgument
    from runner.operations.base import BatchOperations, Operations
    from runner.operations.protocols import MigrationContextLike

__all__ = ["AddColumnOp", "AlterColumnOp", "DropColumnOp"]


class AlterColumnOp(AlterTableOp):
    """Change name, type, nullability, server default or comment of a column.

    False as a server default or a comment means "not given": None is a value there, "has none".

    Args:
        kw: options of dialects, and pairs `modify_<name>`, `existing_<name>` for attributes this class
            does not know.
    """

    def __init__(
        self,
        table_name: str,
        column_name: str,
        *,
        schema: str | None = None,
        existing_type: Any | None = None,
        existing_server_default: ServerDefault = False,
        existing_nullable: bool | None = None,
        existing_comment: str | None = None,
        modify_nullable: bool | None = None,
        modify_comment: Comment = False,
        modify_server_default: Any = False,
        modify_name: str | None = None,
        modify_type: Any | None = None,
        **kw: Any,
    ) -> None:
        super().__init__(table_name, schema=schema)
        self.column_name = column_name
        self.existing_type = existing_type
        self.existing_server_default = existing_server_default
        self.existing_nullable = existing_nullable
        self.existing_comment = existing_comment
        self.modify_nullable = modify_nullable
        self.modify_comment = modify_comment
        self.modify_server_default = modify_server_default
        self.modify_name = modify_name
        self.modify_type = modify_type
        self.kw = kw

    def to_diff_tuple(self) -> list[tuple[Any, ...]]:
        """Return one tuple for each attribute that changes; a rename is not one of them."""
        existing = {
            "existing_nullable": self.existing_nullable,
            "existing_type": self.existing_type,
            "existing_server_default": self.existing_server_default,
            "existing_comment": self.existing_comment,
        }
        changes = (
            ("modify_type", "existing_type", self.modify_type, None),
            ("modify_nullable", "existing_nullable", self.modify_nullable, None),
            ("modify_default", "existing_server_default", self.modify_server_default, False),
            ("modify_comment", "existing_comment", self.modify_comment, False),
        )
        return [
            (
                name,
                self.schema,
                self.table_name,
                self.column_name,
                {key: value for key, value in existing.items() if key != old},
                existing[old],
                new,
            )
            for name, old, new, not_given in changes
            if new is not not_given
        ]

    def has_changes(self) -> bool:
        """Tell whether anything is to be changed."""
        return (
            self.modify_nullable is not None
            or self.modify_type is not None
            or self.modify_name is not None
            or self.modify_server_default is not False
            or self.modify_comment is not False
            or any(name.startswith("modify_") for name in self.kw)
        )

    def reverse(self) -> AlterColumnOp:
        """Return the change back to the existing attributes, and to the existing name."""
        kw = dict(self.kw)
        for modify in [name for name in kw if name.startswith("modify_")]:
            existing = "existing_" + modify.removeprefix("modify_")
            kw[modify], kw[existing] = kw.get(existing), kw[modify]
        renamed = self.modify_name is not None
        default_changes = self.modify_server_default is not False
        comment_changes = self.modify_comment is not False
        return AlterColumnOp(
            self.table_name,
            self.modify_name if self.modify_name is not None else self.column_name,
            schema=self.schema,
            modify_name=self.column_name if renamed else None,
            existing_type=self.existing_type if self.modify_type is None else self.modify_type,
            modify_type=None if self.modify_type is None else self.existing_type,
            existing_nullable=self.existing_nullable if self.modify_nullable is None else self.modify_nullable,
            modify_nullable=None if self.modify_nullable is None else self.existing_nullable,
            existing_server_default=self.modify_server_default if default_changes else self.existing_server_default,
            modify_server_default=self.existing_server_default if default_changes else False,
            existing_comment=self.modify_comment or None if comment_changes else self.existing_comment,
            modify_comment=self.existing_comment if comment_changes else False,
            **kw,
        )

    @classmethod
    def alter_column(
        cls,
        operations: Operations,
        table_name: str,
        column_name: str,
        *,
        nullable: bool | None = None,
        comment: Comment = False,
        server_default: ServerDefault = False,
        new_column_name: str | None = None,
        type_: TypeArgument | None = None,
        existing_type: TypeArgument | None = None,
        existing_server_default: ServerDefault = False,
        existing_nullable: bool | None = None,
        existing_comment: str | None = None,
        schema: str | None = None,
        **kw: Any,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(
            cls(
                table_name,
                column_name,
                schema=schema,
                existing_type=existing_type,
                existing_server_default=existing_server_default,
                existing_nullable=existing_nullable,
                existing_comment=existing_comment,
                modify_name=new_column_name,
                modify_type=type_,
                modify_server_default=server_default,
                modify_nullable=nullable,
                modify_comment=comment,
                **kw,
            )
        )

    @classmethod
    def batch_alter_column(
        cls,
        operations: BatchOperations,
        column_name: str,
        *,
        nullable: bool | None = None,
        comment: Comment = False,
        server_default: ServerDefault = False,
        new_column_name: str | None = None,
        type_: TypeArgument | None = None,
        existing_type: TypeArgument | None = None,
        existing_server_default: ServerDefault = False,
        existing_nullable: bool | None = None,
        existing_comment: str | None = None,
        insert_before: str | None = None,
        insert_after: str | None = None,
        **kw: Any,
    ) -> None:
        """Carry out the directive in a batch block."""
        table = operations.impl
        operations.invoke(
            cls(
                table.table_name,
                column_name,
                schema=table.schema,
                existing_type=existing_type,
                existing_server_default=existing_server_default,
                existing_nullable=existing_nullable,
                existing_comment=existing_comment,
                modify_name=new_column_name,
                modify_type=type_,
                modify_server_default=server_default,
                modify_nullable=nullable,
                modify_comment=comment,
                **_placement(insert_before, insert_after),
                **kw,
            )
        )


class AddColumnOp(AlterTableOp):
    """Add a column.

    Args:
        inline_references: put the foreign key of the column into ADD COLUMN itself.
        inline_primary_key: put PRIMARY KEY into ADD COLUMN itself.
        create_type: create the enum or domain type of the column first, where the database has such types.
        kw: `insert_before` and `insert_after` in a batch block.
    """

    _constraints_included: bool = False
    """The constraints and indexes of the column are operations of their own, as autogenerate makes them."""

    def __init__(
        self,
        table_name: str,
        column: Column[Any],
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
        create_type: bool | None = None,
        **kw: Any,
    ) -> None:
        super().__init__(table_name, schema=schema)
        self.column = column
        self.create_type = create_type
        self.if_not_exists = if_not_exists
        self.inline_references = inline_references
        self.inline_primary_key = inline_primary_key
        self.kw = kw

    def reverse(self) -> DropColumnOp:
        """Return the drop that remembers this column."""
        drop = DropColumnOp.from_column_and_tablename(self.schema, self.table_name, self.column)
        drop._constraints_included = self._constraints_included
        drop.if_exists = self.if_not_exists
        drop.drop_type = self.create_type
        return drop

    def to_diff_tuple(self) -> tuple[str, str | None, str, Column[Any]]:
        """Return ("add_column", schema, table name, column)."""
        return ("add_column", self.schema, self.table_name, self.column)

    def to_column(self) -> Column[Any]:
        """Return the column."""
        return self.column

    @classmethod
    def from_column(cls, col: Column[Any]) -> AddColumnOp:
        """Return the operation that adds this column to a table of the name of its table."""
        return cls(col.table.name, col, schema=col.table.schema)

    @classmethod
    def from_column_and_tablename(cls, schema: str | None, tname: str, col: Column[Any]) -> AddColumnOp:
        """Return the operation that adds this column."""
        return cls(tname, col, schema=schema)

    @classmethod
    def add_column(
        cls,
        operations: Operations,
        table_name: str,
        column: Column[Any],
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
        create_type: bool | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(
            cls(
                table_name,
                column,
                schema=schema,
                if_not_exists=if_not_exists,
                inline_references=inline_references,
                inline_primary_key=inline_primary_key,
                create_type=create_type,
            )
        )

    @classmethod
    def batch_add_column(
        cls,
        operations: BatchOperations,
        column: Column[Any],
        *,
        insert_before: str | None = None,
        insert_after: str | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
        create_type: bool | None = None,
    ) -> None:
        """Carry out the directive in a batch block."""
        table = operations.impl
        operations.invoke(
            cls(
                table.table_name,
                column,
                schema=table.schema,
                if_not_exists=if_not_exists,
                inline_references=inline_references,
                inline_primary_key=inline_primary_key,
                create_type=create_type,
                **_placement(insert_before, insert_after),
            )
        )


class DropColumnOp(AlterTableOp):
    """Drop a column.

    Args:
        drop_type: drop the enum or domain type of the column too: True, or the type or its name.
        kw: options of dialects, `existing_type` in a batch block.
    """

    _constraints_included: bool = False
    """The constraints and indexes of the column were operations of their own."""

    def __init__(
        self,
        table_name: str,
        column_name: str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        drop_type: DroppedType | bool | None = None,
        _reverse: AddColumnOp | None = None,
        **kw: Any,
    ) -> None:
        super().__init__(table_name, schema=schema)
        self.column_name = column_name
        self.drop_type = drop_type
        self.kw = kw
        self.if_exists = if_exists
        self._reverse = _reverse

    def to_diff_tuple(self) -> tuple[str, str | None, str, Column[Any]]:
        """Return ("remove_column", schema, table name, column)."""
        return ("remove_column", self.schema, self.table_name, self.to_column())

    def reverse(self) -> AddColumnOp:
        """Return the operation that adds the dropped column again.

        Raises:
            ValueError: the operation was made from a name only.
        """
        if self._reverse is None:
            raise ValueError(
                f"Dropping column {self.column_name} of table {self.table_name} cannot be reversed: "
                "the original column is not known to this operation."
            )
        add = AddColumnOp.from_column_and_tablename(self.schema, self.table_name, self._reverse.column)
        add._constraints_included = self._constraints_included
        add.if_not_exists = self.if_exists
        add.create_type = bool(self.drop_type) or None
        return add

    @classmethod
    def from_column_and_tablename(cls, schema: str | None, tname: str, col: Column[Any]) -> DropColumnOp:
        """Return the operation that drops this column and remembers it for `reverse()`."""
        return cls(tname, col.name, schema=schema, _reverse=AddColumnOp.from_column_and_tablename(schema, tname, col))

    def to_column(self, migration_context: MigrationContextLike | None = None) -> Column[Any]:
        """Return the column; without a type where the original is not known."""
        if self._reverse is not None:
            return self._reverse.column
        return schemaobj.SchemaObjects(migration_context).column(self.column_name, NULLTYPE)

    @classmethod
    def drop_column(
        cls,
        operations: Operations,
        table_name: str,
        column_name: str,
        *,
        schema: str | None = None,
        **kw: Any,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(table_name, column_name, schema=schema, **kw))

    @classmethod
    def batch_drop_column(cls, operations: BatchOperations, column_name: str, **kw: Any) -> None:
        """Carry out the directive in a batch block."""
        table = operations.impl
        operations.invoke(cls(table.table_name, column_name, schema=table.schema, **kw))


def _placement(insert_before: str | None, insert_after: str | None) -> dict[str, Any]:
    """Return the placement of a column as keywords, none where it has none."""
    placement = {"insert_before": insert_before, "insert_after": insert_after}
    return {name: value for name, value in placement.items() if value}

"""The directives inside a batch block (floor 2): `BatchOperations`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Never

from runner.errors import OperationError
from runner.operations import ops
from runner.operations.abstract import AbstractOperations
from runner.operations.ops.constraints import CreateExcludeConstraintOp
from runner.operations.sqla import only_set

if TYPE_CHECKING:
    from sqlalchemy.schema import Column
    from sqlalchemy.sql.expression import Executable

    from runner.operations.arguments import Comment, Condition, IndexColumns, ServerDefault, TypeArgument
    from runner.operations.batch import BatchOperationsImpl

__all__ = ["BatchOperations"]


class BatchOperations(AbstractOperations):
    """The directives inside a `batch_alter_table()` block; the table and its schema are known."""

    impl: BatchOperationsImpl

    def _noop(self, operation: Any) -> None:
        raise OperationError(
            f"{operation} is not available inside batch_alter_table(): it is not a change of one table. "
            f"Call op.{operation}() outside of the block.",
            operation=str(operation),
        )

    def add_column(
        self,
        column: Column[Any],
        *,
        insert_before: str | None = None,
        insert_after: str | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
        create_type: bool | None = None,
    ) -> None:
        """Add a column; see `Operations.add_column()`.

        Args:
            insert_before: the column that should follow, where the table is rebuilt.
            insert_after: the column that should precede, where the table is rebuilt.
        """
        ops.AddColumnOp.batch_add_column(
            self,
            column,
            insert_before=insert_before,
            insert_after=insert_after,
            if_not_exists=if_not_exists,
            inline_references=inline_references,
            inline_primary_key=inline_primary_key,
            create_type=create_type,
        )

    def alter_column(
        self,
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
        """Change a column; see `Operations.alter_column()`.

        Args:
            insert_before: move it before this column, where the table is rebuilt.
            insert_after: move it after this column, where the table is rebuilt.
        """
        ops.AlterColumnOp.batch_alter_column(
            self,
            column_name,
            nullable=nullable,
            comment=comment,
            server_default=server_default,
            new_column_name=new_column_name,
            type_=type_,
            existing_type=existing_type,
            existing_server_default=existing_server_default,
            existing_nullable=existing_nullable,
            existing_comment=existing_comment,
            insert_before=insert_before,
            insert_after=insert_after,
            **kw,
        )

    def drop_column(self, column_name: str, **kw: Any) -> None:
        """Drop a column; see `Operations.drop_column()`.

        Args:
            kw: also `existing_type`, a Boolean or Enum whose CHECK goes with the column.
        """
        ops.DropColumnOp.batch_drop_column(self, column_name, **kw)

    def create_index(self, index_name: str | None, columns: IndexColumns, **kw: Any) -> None:
        """Create an index; see `Operations.create_index()`."""
        ops.CreateIndexOp.batch_create_index(self, index_name, columns, **kw)

    def drop_index(self, index_name: str, **kw: Any) -> None:
        """Drop an index; see `Operations.drop_index()`."""
        ops.DropIndexOp.batch_drop_index(self, index_name, **kw)

    def create_primary_key(
        self,
        constraint_name: str | None,
        columns: Sequence[str],
        *,
        deferrable: bool | None = None,
        initially: str | None = None,
        postgresql_include: Sequence[str] | None = None,
        mysql_using: str | None = None,
        mariadb_using: str | None = None,
        mssql_clustered: bool | None = None,
        **third_party: Never,
    ) -> None:
        """Add a primary key; see `Operations.create_primary_key()`."""
        options = only_set(
            deferrable=deferrable,
            initially=initially,
            postgresql_include=postgresql_include,
            mysql_using=mysql_using,
            mariadb_using=mariadb_using,
            mssql_clustered=mssql_clustered,
        )
        ops.CreatePrimaryKeyOp.batch_create_primary_key(self, constraint_name, columns, **options, **third_party)

    def create_unique_constraint(self, constraint_name: str | None, columns: Sequence[str], **kw: Any) -> Any:
        """Add a unique constraint; see `Operations.create_unique_constraint()`."""
        return ops.CreateUniqueConstraintOp.batch_create_unique_constraint(self, constraint_name, columns, **kw)

    def create_foreign_key(
        self,
        constraint_name: str | None,
        referent_table: str,
        local_cols: Sequence[str],
        remote_cols: Sequence[str],
        *,
        referent_schema: str | None = None,
        onupdate: str | None = None,
        ondelete: str | None = None,
        deferrable: bool | None = None,
        initially: str | None = None,
        match: str | None = None,
        **dialect_kw: Any,
    ) -> None:
        """Add a foreign key; see `Operations.create_foreign_key()`."""
        ops.CreateForeignKeyOp.batch_create_foreign_key(
            self,
            constraint_name,
            referent_table,
            local_cols,
            remote_cols,
            referent_schema=referent_schema,
            onupdate=onupdate,
            ondelete=ondelete,
            deferrable=deferrable,
            initially=initially,
            match=match,
            **dialect_kw,
        )

    def create_check_constraint(self, constraint_name: str | None, condition: Condition, **kw: Any) -> None:
        """Add a check constraint; see `Operations.create_check_constraint()`."""
        ops.CreateCheckConstraintOp.batch_create_check_constraint(self, constraint_name, condition, **kw)

    def create_exclude_constraint(self, constraint_name: str | None, *elements: Any, **kw: Any) -> Any:
        """Add an EXCLUDE constraint (PostgreSQL); see `Operations.create_exclude_constraint()`."""
        return CreateExcludeConstraintOp.batch_create_exclude_constraint(self, constraint_name, *elements, **kw)

    def drop_constraint(self, constraint_name: str, type_: str | None = None, *, if_exists: bool | None = None) -> None:
        """Drop a constraint by name; see `Operations.drop_constraint()`."""
        ops.DropConstraintOp.batch_drop_constraint(self, constraint_name, type_, if_exists=if_exists)

    def create_table_comment(self, comment: str | None, *, existing_comment: str | None = None) -> None:
        """Set the comment of the table; see `Operations.create_table_comment()`."""
        ops.CreateTableCommentOp.batch_create_table_comment(self, comment, existing_comment=existing_comment)

    def drop_table_comment(self, *, existing_comment: str | None = None) -> None:
        """Remove the comment of the table; see `Operations.drop_table_comment()`."""
        ops.DropTableCommentOp.batch_drop_table_comment(self, existing_comment=existing_comment)

    def execute(self, sqltext: Executable | str, *, execution_options: dict[str, Any] | None = None) -> None:
        """Run one statement at once, before the collected operations; see `Operations.execute()`."""
        ops.ExecuteSQLOp.batch_execute(self, sqltext, execution_options=execution_options)

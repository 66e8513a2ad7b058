"""The directives (floor 2): `Operations`, which revisions call as `op`, and `BatchOperations`.

Every directive makes an operation object and invokes it; what an operation means is registered per class, so
that third parties can add operations and replace meanings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Never

from runner.operations import ops
from runner.operations.abstract import AbstractOperations, current_operations
from runner.operations.batch_directives import BatchOperations
from runner.operations.object_directives import ObjectDirectives
from runner.operations.ops.constraints import CreateExcludeConstraintOp
from runner.operations.sqla import only_set

if TYPE_CHECKING:
    from sqlalchemy.schema import Column, SchemaItem, Table
    from sqlalchemy.sql.expression import Executable, TableClause

    from runner.operations.arguments import (
        Comment,
        Condition,
        DroppedType,
        IndexColumns,
        ServerDefault,
        TypeArgument,
    )

__all__ = ["AbstractOperations", "BatchOperations", "Operations", "current_operations"]


class Operations(ObjectDirectives, AbstractOperations):
    """The directives a revision can use, carried out one by one.

    `op` in a revision file is this class, for the running migration. Names of tables and columns are plain
    strings, quoted where needed; `schema` also takes a `quoted_name`. Keywords that begin with the name of a
    dialect go to the SQLAlchemy construct.
    """

    def create_table(
        self, table_name: str, *columns: SchemaItem, if_not_exists: bool | None = None, **kw: Any
    ) -> Table:
        """Create a table, with an index for each column that has `index=True`, and return it.

        Args:
            table_name: the new table.
            columns: columns, constraints, indexes.
            if_not_exists: do nothing where a table of that name exists, whatever its columns.
            kw: `schema`, `comment`, `prefixes`, `info` and the dialects' options of `sqlalchemy.Table`.

        Returns:
            The table, ready for `bulk_insert()`.
        """
        return ops.CreateTableOp.create_table(self, table_name, *columns, if_not_exists=if_not_exists, **kw)

    def drop_table(
        self,
        table_name: str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        drop_types: Sequence[DroppedType] | bool | None = None,
        **kw: Any,
    ) -> None:
        """Drop a table with everything that belongs to it; types it used stay, unless told otherwise.

        Args:
            if_exists: do nothing where the table is gone already.
            drop_types: the enum and domain types to drop with it (PostgreSQL), as types or names; True asks the
                database which enum types its columns have.
            kw: the dialects' options of `sqlalchemy.Table`.
        """
        ops.DropTableOp.drop_table(self, table_name, schema=schema, if_exists=if_exists, drop_types=drop_types, **kw)

    def rename_table(self, old_table_name: str, new_table_name: str, *, schema: str | None = None) -> None:
        """Rename a table; it stays in its schema."""
        ops.RenameTableOp.rename_table(self, old_table_name, new_table_name, schema=schema)

    def create_table_comment(
        self,
        table_name: str,
        comment: str | None,
        *,
        existing_comment: str | None = None,
        schema: str | None = None,
    ) -> None:
        """Set the comment of a table.

        Args:
            existing_comment: what the reverse operation should put back.
        """
        ops.CreateTableCommentOp.create_table_comment(
            self, table_name, comment, existing_comment=existing_comment, schema=schema
        )

    def drop_table_comment(
        self, table_name: str, *, existing_comment: str | None = None, schema: str | None = None
    ) -> None:
        """Remove the comment of a table.

        Args:
            existing_comment: what the reverse operation should put back.
        """
        ops.DropTableCommentOp.drop_table_comment(self, table_name, existing_comment=existing_comment, schema=schema)

    def add_column(
        self,
        table_name: str,
        column: Column[Any],
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
        create_type: bool | None = None,
    ) -> None:
        """Add a column, then its foreign keys, unique constraint, checks, index and comment.

        Args:
            column: a column that belongs to no table yet, or one to copy.
            if_not_exists: do nothing where the column exists; not every dialect can.
            inline_references: write the foreign key into ADD COLUMN, where a statement of its own would
                scan the table once more or is not possible.
            inline_primary_key: write PRIMARY KEY into ADD COLUMN; without it the primary key of the table
                stays as it is.
            create_type: create the enum or domain type of the column first, unless it exists (PostgreSQL).
                Without it the type must be there.
        """
        ops.AddColumnOp.add_column(
            self,
            table_name,
            column,
            schema=schema,
            if_not_exists=if_not_exists,
            inline_references=inline_references,
            inline_primary_key=inline_primary_key,
            create_type=create_type,
        )

    def alter_column(
        self,
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
        """Change nullability, default, type, comment or name of a column, in that order.

        The `existing_` values say what the column is now. Dialects that state a column in full when they
        change it (MySQL, SQL Server) need them, others use them where they help.

        Args:
            nullable: whether NULL is allowed; None leaves it.
            comment: None removes the comment, False leaves it.
            server_default: None removes the default, False leaves it; a string is a literal, `text()` an
                expression; also `Computed` and `Identity`.
            type_: the new type; a CHECK that a Boolean or Enum brings along is dropped and made anew.
            kw: `postgresql_using`, the expression that converts the old values; `autoincrement` and
                `existing_autoincrement` on MySQL; the dialects' other options.
        """
        ops.AlterColumnOp.alter_column(
            self,
            table_name,
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
            schema=schema,
            **kw,
        )

    def drop_column(self, table_name: str, column_name: str, *, schema: str | None = None, **kw: Any) -> None:
        """Drop a column.

        Args:
            kw: `if_exists`; `drop_type`, which drops the enum or domain type of the column too (PostgreSQL): the
                type, its name, or True, which asks the database for it; on SQL Server `mssql_drop_default`,
                `mssql_drop_check` and `mssql_drop_foreign_key`, which drop what would be in the way.
        """
        ops.DropColumnOp.drop_column(self, table_name, column_name, schema=schema, **kw)

    def create_index(
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
        """Create an index.

        Args:
            index_name: None lets the naming convention decide.
            columns: names of columns; `text()` and expressions for anything else.
            if_not_exists: do nothing where an index of that name exists, whatever its columns.
            kw: options of `sqlalchemy.Index`, such as `postgresql_concurrently`, `postgresql_where`,
                `postgresql_using`, `sqlite_where`, `mysql_length`, `mssql_include`.
        """
        ops.CreateIndexOp.create_index(
            self,
            index_name,
            table_name,
            columns,
            schema=schema,
            unique=unique,
            if_not_exists=if_not_exists,
            **kw,
        )

    def drop_index(
        self,
        index_name: str,
        table_name: str | None = None,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        """Drop an index.

        Args:
            table_name: needed on MySQL and SQL Server, where the name of an index belongs to its table.
            if_exists: do nothing where the index is gone already.
            kw: options of `sqlalchemy.Index`, such as `postgresql_concurrently`.
        """
        ops.DropIndexOp.drop_index(self, index_name, table_name, schema=schema, if_exists=if_exists, **kw)

    def create_primary_key(
        self,
        constraint_name: str | None,
        table_name: str,
        columns: Sequence[str],
        *,
        schema: str | None = None,
        deferrable: bool | None = None,
        initially: str | None = None,
        postgresql_include: Sequence[str] | None = None,
        mysql_using: str | None = None,
        mariadb_using: str | None = None,
        mssql_clustered: bool | None = None,
        **third_party: Never,
    ) -> None:
        """Add a primary key to a table that has none.

        Args:
            constraint_name: None lets the naming convention or the database decide.
            initially: DEFERRED or IMMEDIATE.
            postgresql_include: columns that the index has beside the key.
            mysql_using: BTREE or HASH.
            mariadb_using: BTREE or HASH.
            mssql_clustered: False makes the index NONCLUSTERED.
            third_party: options of another dialect; no type checker knows them, so ignore its complaint there.
        """
        options = only_set(
            deferrable=deferrable,
            initially=initially,
            postgresql_include=postgresql_include,
            mysql_using=mysql_using,
            mariadb_using=mariadb_using,
            mssql_clustered=mssql_clustered,
        )
        ops.CreatePrimaryKeyOp.create_primary_key(
            self, constraint_name, table_name, columns, schema=schema, **options, **third_party
        )

    def create_unique_constraint(
        self,
        constraint_name: str | None,
        table_name: str,
        columns: Sequence[str],
        *,
        schema: str | None = None,
        **kw: Any,
    ) -> Any:
        """Add a unique constraint.

        Args:
            constraint_name: None lets the naming convention or the database decide.
            kw: `deferrable`, `initially` and the dialects' options, such as `postgresql_nulls_not_distinct`.
        """
        return ops.CreateUniqueConstraintOp.create_unique_constraint(
            self, constraint_name, table_name, columns, schema=schema, **kw
        )

    def create_foreign_key(
        self,
        constraint_name: str | None,
        source_table: str,
        referent_table: str,
        local_cols: Sequence[str],
        remote_cols: Sequence[str],
        *,
        onupdate: str | None = None,
        ondelete: str | None = None,
        deferrable: bool | None = None,
        initially: str | None = None,
        match: str | None = None,
        source_schema: str | None = None,
        referent_schema: str | None = None,
        **dialect_kw: Any,
    ) -> None:
        """Add a foreign key.

        Args:
            constraint_name: None lets the naming convention or the database decide.
            source_table: the table that holds the reference.
            referent_table: the table referred to; may be the same.
            onupdate: CASCADE, RESTRICT, SET NULL, ...
            ondelete: CASCADE, RESTRICT, SET NULL, ...
            initially: DEFERRED or IMMEDIATE.
            dialect_kw: the dialects' options, such as `postgresql_not_valid`.
        """
        ops.CreateForeignKeyOp.create_foreign_key(
            self,
            constraint_name,
            source_table,
            referent_table,
            local_cols,
            remote_cols,
            onupdate=onupdate,
            ondelete=ondelete,
            deferrable=deferrable,
            initially=initially,
            match=match,
            source_schema=source_schema,
            referent_schema=referent_schema,
            **dialect_kw,
        )

    def create_check_constraint(
        self,
        constraint_name: str | None,
        table_name: str,
        condition: Condition,
        *,
        schema: str | None = None,
        **kw: Any,
    ) -> None:
        """Add a check constraint.

        Args:
            constraint_name: None lets the database decide.
            condition: SQL as a string or `text()`, or an expression.
            kw: `deferrable`, `initially` and the dialects' options, such as `postgresql_not_valid`.
        """
        ops.CreateCheckConstraintOp.create_check_constraint(
            self, constraint_name, table_name, condition, schema=schema, **kw
        )

    def create_exclude_constraint(self, constraint_name: str | None, table_name: str, *elements: Any, **kw: Any) -> Any:
        """Add an EXCLUDE constraint (PostgreSQL).

        Args:
            elements: (column or expression, operator) pairs.
            kw: `where`, `using`, `deferrable`, `initially`, `ops`, `schema`.
        """
        return CreateExcludeConstraintOp.create_exclude_constraint(self, constraint_name, table_name, *elements, **kw)

    def drop_constraint(
        self,
        constraint_name: str,
        table_name: str,
        type_: str | None = None,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
    ) -> None:
        """Drop a constraint by name.

        Args:
            type_: foreignkey, primary, unique or check; needed on MySQL.
            if_exists: do nothing where the constraint is gone already.
        """
        ops.DropConstraintOp.drop_constraint(
            self, constraint_name, table_name, type_, schema=schema, if_exists=if_exists
        )

    def bulk_insert(self, table: TableClause, rows: list[dict[str, Any]], *, multiinsert: bool = True) -> None:
        """Insert rows.

        Args:
            table: what `create_table()` returned, or `sqlalchemy.table()` with typed columns.
            rows: dictionaries, column name -> value.
            multiinsert: False sends one INSERT per row, which `inline_literal()` values need.
        """
        ops.BulkInsertOp.bulk_insert(self, table, rows, multiinsert=multiinsert)

    def execute(self, sqltext: Executable | str, *, execution_options: dict[str, Any] | None = None) -> None:
        r"""Run one statement; nothing comes back, so that it can be part of an SQL script.

        Args:
            sqltext: a string is sent as it reads: `:name` in it is no parameter, and `\:` is a colon. For
                parameters use `text(...).bindparams(...)` or an expression.
            execution_options: options of the SQLAlchemy connection for this statement.
        """
        ops.ExecuteSQLOp.execute(self, sqltext, execution_options=execution_options)

# ruff: noqa: FBT001, FBT002, SLF001  # Alembic's signatures; how SQLAlchemy itself makes an AsyncConnection of a Connection
"""The directives (floor 2): `Operations`, which revisions call as `op`, and `BatchOperations`.

Every directive makes an operation object and invokes it; what an operation means is registered per class, so
that third parties can add operations and replace meanings.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Never, TypeVar

from sqlalchemy.sql.elements import conv
from sqlalchemy.util import immutabledict

from runner.errors import OperationError
from runner.operations import ops
from runner.operations.current import CurrentObject
from runner.operations.object_directives import ObjectDirectives
from runner.operations.ops.constraints import CreateExcludeConstraintOp
from runner.operations.schemaobj import SchemaObjects
from runner.operations.sqla import only_set
from runner.operations.sqltext import InlineLiteral, inline_literal

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.schema import Column, SchemaItem, Table
    from sqlalchemy.sql.expression import Executable, TableClause
    from sqlalchemy.types import TypeEngine

    from runner.operations.arguments import (
        Comment,
        Condition,
        DroppedType,
        IndexColumns,
        Recreate,
        ServerDefault,
        TypeArgument,
    )
    from runner.operations.batch import BatchOperationsImpl
    from runner.operations.protocols import MigrationContextLike

__all__ = ["AbstractOperations", "BatchOperations", "Operations", "current_operations"]

_T = TypeVar("_T")
_C = TypeVar("_C", bound=Callable[..., Any])
_OpClass = TypeVar("_OpClass", bound=type[ops.MigrateOperation])

_NO_OPTIONS: Mapping[str, Any] = immutabledict()

current_operations: CurrentObject[Operations] = CurrentObject("op")
"""The operations the module `runner.op` stands for."""


class AsyncUnsupported(OperationError, NotImplementedError):
    """`run_async()` needs a connection of an asynchronous driver."""


class AbstractOperations:
    """What `Operations` and `BatchOperations` share.

    Args:
        migration_context: the running migration.
        impl: carries the operations out; None takes the implementation of the context.
    """

    _to_impl: ClassVar[dict[type, Callable[..., Any]]] = {}

    def __init__(self, migration_context: MigrationContextLike, impl: Any = None) -> None:
        self.migration_context = migration_context
        self.impl: Any = migration_context.impl if impl is None else impl
        self.schema_obj = SchemaObjects(migration_context)

    @classmethod
    def register_operation(cls, name: str, sourcename: str | None = None) -> Callable[[_OpClass], _OpClass]:
        """Return a class decorator that makes an operation class available as a directive of this class.

        Args:
            name: the directive.
            sourcename: the classmethod of the operation class that carries it out, called with the
                operations object first; None where it has the name of the directive.
        """

        def register(op_cls: _OpClass) -> _OpClass:
            setattr(cls, name, _directive(op_cls, name, sourcename or name))
            return op_cls

        return register

    @classmethod
    def implementation_for(cls, op_cls: type, replace: bool = False) -> Callable[[_C], _C]:
        """Return a decorator for the function that carries out operations of a class and its subclasses.

        Args:
            op_cls: the operation class.
            replace: whether a function may be registered already.

        Raises:
            ValueError: a function is registered already and `replace` is false.
        """

        def register(function: _C) -> _C:
            if op_cls in cls._to_impl and not replace:
                raise ValueError(
                    f"{op_cls.__name__} has an implementation already, {cls._to_impl[op_cls].__qualname__}. "
                    "Pass replace=True to put this one in its place."
                )
            cls._to_impl[op_cls] = function
            return function

        return register

    @classmethod
    @contextmanager
    def context(cls, migration_context: MigrationContextLike) -> Iterator[Operations]:
        """Make the module `op` stand for operations in this context while the block runs."""
        with current_operations.entered(Operations(migration_context)) as operations:
            yield operations

    def get_context(self) -> MigrationContextLike:
        """Return the running migration."""
        return self.migration_context

    def get_bind(self) -> Connection:
        """Return the connection the migration runs on.

        Offline, it writes what it is given and refuses to answer.
        """
        bind: Connection = self.migration_context.impl.bind
        return bind

    def invoke(self, operation: ops.MigrateOperation) -> Any:
        """Carry out an operation object.

        Raises:
            OperationError: no implementation is registered for its class.
        """
        for op_cls in type(operation).__mro__:
            if op_cls in self._to_impl:
                return self._to_impl[op_cls](self, operation)
        raise OperationError(
            f"No implementation is registered for {type(operation).__name__}. "
            f"Register one with @Operations.implementation_for({type(operation).__name__}).",
            operation=type(operation).__name__,
        )

    def f(self, name: str) -> conv:
        """Return the name marked as final: no naming convention is applied to it."""
        return conv(name)

    def inline_literal(self, value: Any, type_: TypeEngine[Any] | type[TypeEngine[Any]] | None = None) -> InlineLiteral:
        """Return the value as an expression that is written into the statement, never sent as a parameter.

        Args:
            value: a value the type can write as a literal.
            type_: None derives it from the value.
        """
        return inline_literal(value, type_)

    def run_async(self, async_function: Callable[..., Awaitable[_T]], *args: Any, **kw_args: Any) -> _T:
        """Run an asynchronous function on the connection of the migration, in its transaction.

        Args:
            async_function: called with an `AsyncConnection`, then `args` and `kw_args`.

        Raises:
            OperationError: offline, or the driver is not asynchronous.
        """
        bind = self.get_bind()
        if self.migration_context.as_sql or bind is None:
            raise AsyncUnsupported("op.run_async() needs a database; it cannot be part of an SQL script.")
        if not bind.dialect.is_async:
            raise AsyncUnsupported(
                f"op.run_async() needs an asynchronous driver; this connection uses {bind.dialect.driver}."
            )
        from sqlalchemy.ext.asyncio import AsyncConnection
        from sqlalchemy.util import await_only

        awaitable = async_function(AsyncConnection._retrieve_proxy_for_target(bind), *args, **kw_args)
        return await_only(awaitable)

    @contextmanager
    def batch_alter_table(
        self,
        table_name: str,
        schema: str | None = None,
        recreate: Recreate = "auto",
        partial_reordering: Sequence[tuple[str, ...]] | None = None,
        copy_from: Table | None = None,
        table_args: tuple[Any, ...] = (),
        table_kwargs: Mapping[str, Any] = _NO_OPTIONS,
        reflect_args: tuple[Any, ...] = (),
        reflect_kwargs: Mapping[str, Any] = _NO_OPTIONS,
        naming_convention: Mapping[str, Any] | None = None,
    ) -> Iterator[BatchOperations]:
        """Collect operations on one table and carry them out together when the block ends.

        Where the dialect cannot alter the table in the way asked for, it is rebuilt: a new table is made, the
        rows are copied, the old table is dropped and the new one takes its name. On SQLite everything that
        belongs to the table or names it is kept: triggers, views, indexes of every form, checks, collations,
        AUTOINCREMENT, rows of other tables. What cannot be kept is refused, and nothing has changed then.

        Args:
            recreate: "auto" rebuilds where the dialect needs it, "always" and "never" say it.
            partial_reordering: tuples of column names in the order wanted; needs "always".
            copy_from: the table as it is, instead of reading it from the database; needed offline.
            table_args: constraints and the like for the new table.
            table_kwargs: keywords of `sqlalchemy.Table` for the new table.
            reflect_args: columns that replace what is read from the database.
            reflect_kwargs: keywords of `sqlalchemy.Table` for reading, such as `listeners`.
            naming_convention: names the constraints that have no name in the database.
        """
        from runner.operations.batch import BatchOperationsImpl  # large, and most revisions have no block

        impl = BatchOperationsImpl(
            self,
            table_name,
            schema,
            recreate,
            copy_from,
            table_args,
            dict(table_kwargs),
            reflect_args,
            dict(reflect_kwargs),
            naming_convention,
            partial_reordering,
        )
        batch_op = BatchOperations(self.migration_context, impl=impl)
        yield batch_op
        impl.flush()


def _directive(op_cls: type[ops.MigrateOperation], name: str, sourcename: str) -> Callable[..., Any]:
    """Return the method that stands for a registered operation."""
    source = getattr(op_cls, sourcename)

    @functools.wraps(source)
    def directive(self: AbstractOperations, *args: Any, **kw: Any) -> Any:
        return getattr(op_cls, sourcename)(self, *args, **kw)

    directive.__name__ = name
    directive.__qualname__ = name
    try:
        parameters = list(inspect.signature(source).parameters.values())
    except (TypeError, ValueError):  # not a Python function
        return directive
    self_parameter = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    directive.__signature__ = inspect.Signature([self_parameter, *parameters[1:]])  # type: ignore[attr-defined]
    return directive


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

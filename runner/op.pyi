# ruff: noqa: PYI021  # written by tests/unit/operations/op_stub.py
"""The directives of the running migration, with their signatures."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.schema import Column, SchemaItem, Table
from sqlalchemy.sql.elements import conv
from sqlalchemy.sql.expression import Executable, TableClause
from sqlalchemy.types import TypeEngine

from runner.operations import ops
from runner.operations.arguments import (
    Comment,
    Condition,
    IndexColumns,
    Recreate,
    ServerDefault,
    TypeArgument,
)
from runner.operations.base import BatchOperations
from runner.operations.base import Operations as Operations
from runner.operations.protocols import MigrationContextLike
from runner.operations.sqltext import InlineLiteral

_T = TypeVar("_T")
_C = TypeVar("_C", bound=Callable[..., Any])
_OpClass = TypeVar("_OpClass", bound=type[ops.MigrateOperation])

def add_column(
    table_name: str,
    column: Column[Any],
    *,
    schema: str | None = None,
    if_not_exists: bool | None = None,
    inline_references: bool | None = None,
    inline_primary_key: bool | None = None,
) -> None:
    """Add a column, then its foreign keys, unique constraint, checks, index and comment.

    Args:
        column: a column that belongs to no table yet, or one to copy.
        if_not_exists: do nothing where the column exists; not every dialect can.
        inline_references: write the foreign key into ADD COLUMN, where a statement of its own would
            scan the table once more or is not possible.
        inline_primary_key: write PRIMARY KEY into ADD COLUMN; without it the primary key of the table
            stays as it is.
    """

def alter_column(
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

def batch_alter_table(
    table_name: str,
    schema: str | None = None,
    recreate: Recreate = "auto",
    partial_reordering: Sequence[tuple[str, ...]] | None = None,
    copy_from: Table | None = None,
    table_args: tuple[Any, ...] = (),
    table_kwargs: Mapping[str, Any] = ...,
    reflect_args: tuple[Any, ...] = (),
    reflect_kwargs: Mapping[str, Any] = ...,
    naming_convention: Mapping[str, Any] | None = None,
) -> AbstractContextManager[BatchOperations]:
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

def bulk_insert(
    table: TableClause,
    rows: list[dict[str, Any]],
    *,
    multiinsert: bool = True,
) -> None:
    """Insert rows.

    Args:
        table: what `create_table()` returned, or `sqlalchemy.table()` with typed columns.
        rows: dictionaries, column name -> value.
        multiinsert: False sends one INSERT per row, which `inline_literal()` values need.
    """

def context(
    migration_context: MigrationContextLike,
) -> AbstractContextManager[Operations]:
    """Make the module `op` stand for operations in this context while the block runs."""

def create_check_constraint(
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

def create_exclude_constraint(
    constraint_name: str | None,
    table_name: str,
    *elements: Any,
    **kw: Any,
) -> Any:
    """Add an EXCLUDE constraint (PostgreSQL).

    Args:
        elements: (column or expression, operator) pairs.
        kw: `where`, `using`, `deferrable`, `initially`, `ops`, `schema`.
    """

def create_foreign_key(
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

def create_index(
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

def create_primary_key(
    constraint_name: str | None,
    table_name: str,
    columns: Sequence[str],
    *,
    schema: str | None = None,
) -> None:
    """Add a primary key to a table that has none.

    Args:
        constraint_name: None lets the naming convention or the database decide.
    """

def create_table(
    table_name: str,
    *columns: SchemaItem,
    if_not_exists: bool | None = None,
    **kw: Any,
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

def create_table_comment(
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

def create_unique_constraint(
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

def drop_column(
    table_name: str,
    column_name: str,
    *,
    schema: str | None = None,
    **kw: Any,
) -> None:
    """Drop a column.

    Args:
        kw: `if_exists`; on SQL Server `mssql_drop_default`, `mssql_drop_check` and
            `mssql_drop_foreign_key`, which drop what would be in the way.
    """

def drop_constraint(
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

def drop_index(
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

def drop_table(
    table_name: str,
    *,
    schema: str | None = None,
    if_exists: bool | None = None,
    **kw: Any,
) -> None:
    """Drop a table with everything that belongs to it; types it used stay.

    Args:
        if_exists: do nothing where the table is gone already.
        kw: the dialects' options of `sqlalchemy.Table`.
    """

def drop_table_comment(
    table_name: str,
    *,
    existing_comment: str | None = None,
    schema: str | None = None,
) -> None:
    """Remove the comment of a table.

    Args:
        existing_comment: what the reverse operation should put back.
    """

def execute(
    sqltext: Executable | str,
    *,
    execution_options: dict[str, Any] | None = None,
) -> None:
    r"""Run one statement; nothing comes back, so that it can be part of an SQL script.

    Args:
        sqltext: a string is sent as it reads: `:name` in it is no parameter, and `\:` is a colon. For
            parameters use `text(...).bindparams(...)` or an expression.
        execution_options: options of the SQLAlchemy connection for this statement.
    """

def f(
    name: str,
) -> conv:
    """Return the name marked as final: no naming convention is applied to it."""

def get_bind() -> Connection:
    """Return the connection the migration runs on.

    Offline, it writes what it is given and refuses to answer.
    """

def get_context() -> MigrationContextLike:
    """Return the running migration."""

def implementation_for(
    op_cls: type,
    replace: bool = False,
) -> Callable[[_C], _C]:
    """Return a decorator for the function that carries out operations of a class and its subclasses.

    Args:
        op_cls: the operation class.
        replace: whether a function may be registered already.

    Raises:
        ValueError: a function is registered already and `replace` is false.
    """

def inline_literal(
    value: Any,
    type_: TypeEngine[Any] | type[TypeEngine[Any]] | None = None,
) -> InlineLiteral:
    """Return the value as an expression that is written into the statement, never sent as a parameter.

    Args:
        value: a value the type can write as a literal.
        type_: None derives it from the value.
    """

def invoke(
    operation: ops.MigrateOperation,
) -> Any:
    """Carry out an operation object.

    Raises:
        OperationError: no implementation is registered for its class.
    """

def register_operation(
    name: str,
    sourcename: str | None = None,
) -> Callable[[_OpClass], _OpClass]:
    """Return a class decorator that makes an operation class available as a directive of this class.

    Args:
        name: the directive.
        sourcename: the classmethod of the operation class that carries it out, called with the
            operations object first; None where it has the name of the directive.
    """

def rename_table(
    old_table_name: str,
    new_table_name: str,
    *,
    schema: str | None = None,
) -> None:
    """Rename a table; it stays in its schema."""

def run_async(
    async_function: Callable[..., Awaitable[_T]],
    *args: Any,
    **kw_args: Any,
) -> _T:
    """Run an asynchronous function on the connection of the migration, in its transaction.

    Args:
        async_function: called with an `AsyncConnection`, then `args` and `kw_args`.

    Raises:
        OperationError: offline, or the driver is not asynchronous.
    """

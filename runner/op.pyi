# ruff: noqa: PYI021  # written by tests/unit/operations/op_stub.py
"""The directives of the running migration, with their signatures."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Never, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.schema import Column, SchemaItem, Table
from sqlalchemy.schema import Sequence as SequenceItem
from sqlalchemy.sql.elements import conv
from sqlalchemy.sql.expression import Executable, TableClause
from sqlalchemy.types import TypeEngine

from runner.operations import ops
from runner.operations.arguments import (
    Comment,
    Condition,
    DroppedType,
    IndexColumns,
    Recreate,
    ServerDefault,
    TypeArgument,
)
from runner.operations.base import BatchOperations
from runner.operations.base import Operations as Operations
from runner.operations.ops.enums import EnumColumnArgument
from runner.operations.protocols import MigrationContextLike
from runner.operations.replaceable import Function, MaterializedView, Trigger, View
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

def add_enum_value(
    enum_name: str,
    value: str,
    *,
    before: str | None = None,
    after: str | None = None,
    if_not_exists: bool | None = None,
    schema: str | None = None,
    existing_values: Sequence[str] | None = None,
    columns: Sequence[EnumColumnArgument] | None = None,
) -> None:
    """Add a value to an enum type (PostgreSQL).

    The value can be used when the transaction has committed, so not in the same revision; in
    `get_context().autocommit_block()` it can be used at once. Servers before version 12 add values in such a
    block only. Nothing takes a value away again but `replace_enum_values()`.

    Args:
        before: the value it comes before.
        after: the value it comes after; without both it comes last.
        if_not_exists: do nothing where the type has the value.
        existing_values: the values so far; with `columns` they make the operation reversible.
        columns: every column of the type, as `replace_enum_values()` takes them.
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

def alter_sequence(
    sequence: SequenceItem | str,
    *,
    schema: str | None = None,
    restart: int | bool | None = None,
    existing: Mapping[str, Any] | SequenceItem | None = None,
    **options: Any,
) -> None:
    """Change options of a sequence (PostgreSQL, MariaDB, SQL Server, Oracle Database).

    Args:
        sequence: the name, or a `sqlalchemy.Sequence` of the options that change.
        restart: the value it gives out next; True is its start value.
        existing: the options as they are, which the reverse operation puts back.
        options: see `create_sequence()`.
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

def create_enum(
    enum_name: str,
    values: Sequence[str],
    *,
    schema: str | None = None,
    if_not_exists: bool | None = None,
) -> None:
    """Create an enum type (PostgreSQL).

    Columns of the type are made with `postgresql.ENUM(name=..., create_type=False)`, or
    `create_table()` would create it once more.

    Args:
        values: in their order.
        if_not_exists: do nothing where a type of that name exists, whatever its values.
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

def create_extension(
    extension_name: str,
    *,
    schema: str | None = None,
    version: str | None = None,
    if_not_exists: bool | None = None,
    cascade: bool | None = None,
) -> None:
    """Create an extension in the database (PostgreSQL).

    Args:
        schema: where its objects go; None lets it decide.
        version: None is the newest the server has.
        if_not_exists: do nothing where it exists, whatever its version.
        cascade: create the extensions it needs too.
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

def create_function(
    function: Function,
) -> None:
    """Create a function or procedure; its definition is passed on as it reads."""

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

def create_materialized_view(
    view: MaterializedView,
) -> None:
    """Create a materialized view with its indexes (PostgreSQL, Oracle Database)."""

def create_primary_key(
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

def create_schema(
    schema_name: str,
    *,
    if_not_exists: bool | None = None,
) -> None:
    """Create a schema (PostgreSQL, MySQL, MariaDB, SQL Server).

    Args:
        if_not_exists: do nothing where it exists.
    """

def create_sequence(
    sequence: SequenceItem | str,
    *,
    schema: str | None = None,
    if_not_exists: bool | None = None,
    **kw: Any,
) -> None:
    """Create a sequence (PostgreSQL, MariaDB, SQL Server, Oracle Database).

    Args:
        sequence: the name, or a `sqlalchemy.Sequence` with its options.
        if_not_exists: do nothing where a sequence of that name exists, whatever its options.
        kw: `start`, `increment`, `minvalue`, `maxvalue`, `nominvalue`, `nomaxvalue`, `cycle`, `cache`,
            `data_type` and the dialects' options of `sqlalchemy.Sequence`.
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

def create_trigger(
    trigger: Trigger,
) -> None:
    """Create a trigger; its definition is passed on as it reads."""

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

def create_view(
    view: View,
) -> None:
    """Create a view; its definition is passed on as it reads."""

def drop_column(
    table_name: str,
    column_name: str,
    *,
    schema: str | None = None,
    **kw: Any,
) -> None:
    """Drop a column.

    Args:
        kw: `if_exists`; `drop_type`, which drops the enum or domain type of the column too (PostgreSQL): the
            type, its name, or True, which asks the database for it; on SQL Server `mssql_drop_default`,
            `mssql_drop_check` and `mssql_drop_foreign_key`, which drop what would be in the way.
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

def drop_enum(
    enum_name: str,
    *,
    schema: str | None = None,
    if_exists: bool | None = None,
    existing_values: Sequence[str] | None = None,
) -> None:
    """Drop an enum type that no column has any more (PostgreSQL).

    Args:
        if_exists: do nothing where it is gone already.
        existing_values: what the reverse operation creates it with.
    """

def drop_extension(
    extension_name: str,
    *,
    if_exists: bool | None = None,
    cascade: bool | None = None,
    existing_schema: str | None = None,
    existing_version: str | None = None,
) -> None:
    """Drop an extension from the database (PostgreSQL).

    Args:
        if_exists: do nothing where it is gone already.
        cascade: drop what uses it too.
        existing_schema: where the reverse operation creates it.
        existing_version: the version the reverse operation creates.
    """

def drop_function(
    function: Function | str,
    *,
    arguments: str = "",
    schema: str | None = None,
    kind: Literal["function", "procedure"] = "function",
    if_exists: bool | None = None,
    cascade: bool | None = None,
) -> None:
    """Drop a function or procedure.

    Args:
        function: a `Function`, which makes the operation reversible, or its name.
        arguments: where only the name is given: what tells functions of one name apart on PostgreSQL.
        kind: where only the name is given.
        if_exists: do nothing where it is gone already.
        cascade: drop what uses it too (PostgreSQL).
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

def drop_materialized_view(
    view: MaterializedView | str,
    *,
    schema: str | None = None,
    if_exists: bool | None = None,
    cascade: bool | None = None,
) -> None:
    """Drop a materialized view with its indexes (PostgreSQL, Oracle Database).

    Args:
        view: a `MaterializedView`, which makes the operation reversible, or its name.
        if_exists: do nothing where it is gone already.
        cascade: drop what uses it too (PostgreSQL).
    """

def drop_schema(
    schema_name: str,
    *,
    if_exists: bool | None = None,
    cascade: bool | None = None,
) -> None:
    """Drop a schema (PostgreSQL, MySQL, MariaDB, SQL Server).

    Args:
        if_exists: do nothing where it is gone already.
        cascade: drop what is in it too. MySQL and MariaDB always do, so there it must be said; SQL Server
            never does.
    """

def drop_sequence(
    sequence: SequenceItem | str,
    *,
    schema: str | None = None,
    if_exists: bool | None = None,
    existing: Mapping[str, Any] | SequenceItem | None = None,
) -> None:
    """Drop a sequence (PostgreSQL, MariaDB, SQL Server, Oracle Database).

    Args:
        sequence: the name, or a `sqlalchemy.Sequence`, which makes the operation reversible.
        if_exists: do nothing where it is gone already.
        existing: the options, for the reverse operation, where only the name is given.
    """

def drop_table(
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

def drop_trigger(
    trigger: Trigger | str,
    table_name: str | None = None,
    *,
    schema: str | None = None,
    if_exists: bool | None = None,
    cascade: bool | None = None,
) -> None:
    """Drop a trigger.

    Args:
        trigger: a `Trigger`, which makes the operation reversible, or its name.
        table_name: where only the name is given; needed on PostgreSQL.
        if_exists: do nothing where it is gone already.
        cascade: drop what uses it too (PostgreSQL).
    """

def drop_view(
    view: View | str,
    *,
    schema: str | None = None,
    if_exists: bool | None = None,
    cascade: bool | None = None,
) -> None:
    """Drop a view.

    Args:
        view: a `View`, which makes the operation reversible, or its name.
        if_exists: do nothing where it is gone already.
        cascade: drop what uses it too (PostgreSQL).
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

def refresh_materialized_view(
    view: MaterializedView | str,
    *,
    schema: str | None = None,
    concurrently: bool = False,
    with_data: bool = True,
) -> None:
    """Fill a materialized view again (PostgreSQL, Oracle Database).

    Args:
        concurrently: let it be read meanwhile; needs a unique index on it, and that it is filled.
        with_data: False empties it.
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

def rename_enum_value(
    enum_name: str,
    value: str,
    new_value: str,
    *,
    schema: str | None = None,
) -> None:
    """Rename a value of an enum type (PostgreSQL); rows and defaults that have it follow."""

def rename_table(
    old_table_name: str,
    new_table_name: str,
    *,
    schema: str | None = None,
) -> None:
    """Rename a table; it stays in its schema."""

def replace_enum_values(
    enum_name: str,
    values: Sequence[str],
    existing_values: Sequence[str],
    *,
    columns: Sequence[EnumColumnArgument] = (),
    mapping: Mapping[str, str] | None = None,
    schema: str | None = None,
) -> None:
    """Remove or reorder values of an enum type (PostgreSQL): a new type takes the place of the old one.

    Every table with a column of the type is rewritten, and locked meanwhile. A row that has a removed value
    which `mapping` does not mention makes the statement fail; nothing has changed then.

    Args:
        values: what the type has afterwards, in their order.
        existing_values: what it has now.
        columns: every column of the type: `(table, column)`, `(table, column, server_default)`, or an
            `ops.EnumColumn`, which also knows schemas and arrays.
        mapping: removed value -> the value its rows get.
        schema: of the type, and of the tables that do not say another.
    """

def replace_function(
    function: Function,
    *,
    replaces: Function | str | None = None,
    replace_with: Function | str | None = None,
    recreate: bool | None = None,
) -> None:
    """Put a function or procedure in the place of an older one, with OR REPLACE where the database has it.

    Where the arguments differ, the older one is dropped: otherwise both would be there.

    Args:
        function: as it is to be.
        replaces: as it is: a `Function`, or "<revision>.<attribute>" of an older revision.
        replace_with: in a downgrade, the older function that comes back in the place of `function`.
        recreate: True drops and creates, which PostgreSQL needs if the result type changes or an argument
            loses its default. False never drops.
    """

def replace_materialized_view(
    view: MaterializedView,
    *,
    replaces: MaterializedView | str | None = None,
    replace_with: MaterializedView | str | None = None,
) -> None:
    """Drop a materialized view and create it anew, with its indexes (PostgreSQL, Oracle Database).

    Args:
        view: as it is to be.
        replaces: as it is: a `MaterializedView`, or "<revision>.<attribute>" of an older revision.
        replace_with: in a downgrade, the older view that comes back in the place of `view`.
    """

def replace_trigger(
    trigger: Trigger,
    *,
    replaces: Trigger | str | None = None,
    replace_with: Trigger | str | None = None,
    recreate: bool | None = None,
) -> None:
    """Put a trigger in the place of an older one, with OR REPLACE where the database has it.

    Args:
        trigger: as it is to be.
        replaces: as it is: a `Trigger`, or "<revision>.<attribute>" of an older revision.
        replace_with: in a downgrade, the older trigger that comes back in the place of `trigger`.
        recreate: True drops and creates. False never drops.
    """

def replace_view(
    view: View,
    *,
    replaces: View | str | None = None,
    replace_with: View | str | None = None,
    recreate: bool | None = None,
) -> None:
    """Put a view in the place of an older one, with CREATE OR REPLACE where the database has it.

    Args:
        view: as it is to be.
        replaces: as it is: a `View`, or "<revision>.<attribute>", the module attribute of an older revision.
        replace_with: in a downgrade, the older view that comes back in the place of `view`.
        recreate: True drops and creates: PostgreSQL replaces a view only if its columns stay and new ones
            come last. False never drops.
    """

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

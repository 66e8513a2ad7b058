# ruff: noqa: FBT001, FBT002, SLF001  # Alembic's signatures; SQLAlchemy has no public name for create rules
"""The implementation per database: floor 3. Operations become statements here, and only here.

`DefaultImpl` holds the rules of standard SQL; a subclass with a `__dialect__` registers itself for the
SQLAlchemy dialect of that name and overrides what its database does differently. Method names and signatures
are those third-party dialects of Alembic override and call. What a database can do is said by class
attributes and overridden methods; nothing here asks for the name of a dialect.

Every statement goes through `_exec`, which makes a `Statement` and gives it to the sink.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from sqlalchemy import (
    Column,
    Computed,
    Constraint,
    Identity,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    TableClause,
    cast,
    text,
)
from sqlalchemy.schema import (
    AddConstraint,
    CreateIndex,
    CreateTable,
    DDLElement,
    DropConstraint,
    DropIndex,
    DropTable,
    DropTableComment,
    SetColumnComment,
    SetTableComment,
)
from sqlalchemy.types import NullType, TypeEngine

from runner.dialects.compare.base import ComparingImpl
from runner.dialects.ddl import (
    AddColumn,
    ColumnComment,
    ColumnDefault,
    ColumnName,
    ColumnNullable,
    ColumnType,
    ComputedColumnDefault,
    DropColumn,
    IdentityColumnDefault,
    Name,
    RenameTable,
    ServerDefault,
)
from runner.dialects.ddl_texts import read_literally
from runner.dialects.identity import compare_identity_options
from runner.dialects.literals import Literals, rendering_dialect
from runner.dialects.objects import ObjectImpl
from runner.dialects.offline import OfflineConnection
from runner.dialects.rows import as_literals, check_rows
from runner.dialects.statement import (
    NO_OPERATION,
    OfflineSink,
    OnlineSink,
    ParameterSets,
    Statement,
    StatementSink,
    TextOutput,
    part_of,
)
from runner.errors import EnvironmentFailed, OfflineUnsupported, OperationError
from runner.operations.sqltext import plain_text

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, CursorResult, Dialect
    from sqlalchemy.sql.elements import ClauseElement

__all__ = ["BatchOperation", "BatchOperations", "BatchTable", "DefaultImpl", "ImplMeta", "ensure_columns"]


class BatchOperation(Protocol):
    """One queued operation of a batch: its name, its arguments and its keywords."""

    def __getitem__(self, index: int, /) -> Any:
        """Return the name (0), the arguments (1) or the keywords (2)."""


class BatchOperations(Protocol):
    """What a dialect looks at to decide whether a batch needs a new table."""

    @property
    def batch(self) -> Iterable[Any]:
        """The queued operations, `(name, arguments, keywords)` each."""


class BatchTable(Protocol):
    """What a dialect looks at when a batch replaces a table."""

    @property
    def named_constraints(self) -> Mapping[Any, Constraint]:
        """The constraints the new table will have, by name."""


_impls: dict[str, type[DefaultImpl]] = {}


class ImplMeta(type):
    """Registers every class that names its `__dialect__`."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        super().__init__(name, bases, namespace)
        if "__dialect__" in namespace:
            impl: Any = cls
            _impls[namespace["__dialect__"]] = impl


class DefaultImpl(ObjectImpl, ComparingImpl, metaclass=ImplMeta):
    """Carries out operations on one database.

    Args:
        dialect: the SQLAlchemy dialect.
        connection: where statements are executed; unused in offline mode.
        as_sql: offline mode.
        transactional_ddl: the user's own word on the class attribute of that name, or None.
        output_buffer: where offline mode writes.
        context_opts: everything given to `context.configure()`.

    Raises:
        EnvironmentFailed: `literal_binds` was asked for online.
    """

    __dialect__: ClassVar[str] = "default"

    transactional_ddl: bool = False
    """Whether scripts frame a revision, its DDL included, in a transaction."""
    online_transactional_ddl: ClassVar[bool | None] = None
    """The same for an online run, where it differs from a script."""
    writes_in_with: ClassVar[bool] = False
    """Whether one statement may write to two tables: to one of them in its WITH clause."""
    command_terminator: str = ";"
    batch_separator: str = ""
    """What follows each statement in a script, on a line of its own."""
    script_sink: ClassVar[type[OfflineSink]] = OfflineSink
    """Writes the statements of a script."""
    supports_alter_column: ClassVar[bool] = True
    """Whether type, nullability and default of a column can be altered in place."""
    supports_alter_constraint: ClassVar[bool] = True
    """Whether constraints can be added to and dropped from a table in place."""
    supports_create_index_if_not_exists: ClassVar[bool] = True
    """Whether the SQL that SQLAlchemy renders for CREATE INDEX IF NOT EXISTS says so."""
    type_synonyms: tuple[set[str], ...] = ({"NUMERIC", "DECIMAL"},)
    """Type names that mean the same to autogenerate."""
    type_arg_extract: Sequence[str] = ()
    """Patterns for type arguments outside the parentheses, for autogenerate."""
    identity_attrs_ignore: tuple[str, ...] = ("order", "on_null")
    """Identity options this database does not have."""

    def __init__(
        self,
        dialect: Dialect,
        connection: Connection | None,
        as_sql: bool,
        transactional_ddl: bool | None,
        output_buffer: TextOutput | None,
        context_opts: dict[str, Any],
    ) -> None:
        self.dialect = dialect
        self.as_sql = as_sql
        self.literal_binds: bool = context_opts.get("literal_binds", False)
        self.memo: dict[Any, Any] = {}  # SQLAlchemy's enum types note here what this run has created
        self.context_opts = context_opts
        if transactional_ddl is not None:
            self.transactional_ddl = transactional_ddl
        if self.literal_binds and not as_sql:
            message = (
                "literal_binds is for offline mode: remove it from context.configure(), or make it depend on --sql."
            )
            raise EnvironmentFailed(message)
        self._online = OnlineSink(connection)
        self._output_buffer = output_buffer
        self._configure(context_opts)

    @classmethod
    def get_by_dialect(cls, dialect: Dialect) -> type[DefaultImpl]:
        """Return the class registered for the dialect's name.

        Raises:
            OperationError: there is none.
        """
        try:
            return _impls[dialect.name]
        except KeyError:
            known = ", ".join(sorted(_impls.keys() - {DefaultImpl.__dialect__}))
            message = (
                f"There are no migration rules for the dialect {dialect.name!r} (known: {known}). "
                f"Import a class derived from DefaultImpl with __dialect__ = {dialect.name!r} in env.py."
            )
            raise OperationError(message, dialect=dialect.name) from None

    # --- where statements go ---------------------------------------------------------------------------------------

    def _configure(self, context_opts: Mapping[str, Any]) -> None:
        """Take what the dialect needs from `context.configure()`."""

    def _literals(self) -> type[Literals]:
        """Return how this database writes values; loaded where a script is written, for it knows all its types."""
        return Literals

    def _rendering_dialect(self) -> Dialect:
        """Return the dialect that renders scripts."""
        return rendering_dialect(self.dialect, self.render_binary_literal, literals=self._literals())

    def render_binary_literal(self, value: bytes) -> str:
        """Return the bytes as this database writes them in SQL."""
        return f"X'{value.hex()}'"

    @cached_property
    def _script(self) -> OfflineSink:
        """The sink of offline mode; made when first needed, so an online run never pays for it."""
        return self.script_sink(
            self._output_buffer,
            self._rendering_dialect(),
            self.command_terminator,
            self.batch_separator,
            emit=self.static_output,
        )

    @property
    def sink(self) -> StatementSink:
        """Where statements go in this mode."""
        return self._script if self.as_sql else self._online

    @property
    def connection(self) -> Connection | None:
        """Where statements are executed online."""
        return self._online.connection

    @connection.setter
    def connection(self, connection: Connection | None) -> None:
        self._online.connection = connection

    @property
    def output_buffer(self) -> TextOutput | None:
        """Where offline mode writes."""
        return self._script.buffer

    @output_buffer.setter
    def output_buffer(self, buffer: TextOutput | None) -> None:
        self._script.buffer = buffer

    @property
    def bind(self) -> Any:
        """The connection; in offline mode one that writes statements and refuses to answer."""
        return self._offline_connection if self.as_sql else self.connection

    @cached_property
    def _offline_connection(self) -> OfflineConnection:
        return OfflineConnection(self.dialect, self._exec_for_bind)

    def _exec_for_bind(self, construct: Any, parameters: ParameterSets) -> None:
        if parameters is None or isinstance(parameters, Mapping):
            self._exec(construct, NO_OPERATION, params=parameters)
        else:
            self._exec(construct, NO_OPERATION, multiparams=parameters)

    @property
    def ddl_in_transaction(self) -> bool:
        """Whether the database rolls DDL back; what env.py says with `transactional_ddl` is about scripts."""
        online = self.online_transactional_ddl
        return type(self).transactional_ddl if online is None else online

    def static_output(self, text: str) -> None:
        """Write text into the script as it is."""
        self._script.static_output(text)

    def _exec(
        self,
        construct: Any,
        execution_options: Mapping[str, Any] | None = None,
        multiparams: Sequence[Mapping[str, Any]] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> CursorResult[Any] | None:
        """Make a statement of the construct and give it to the sink."""
        if params and multiparams is not None:
            message = "A statement takes one set of parameters or several, not both."
            raise TypeError(message)
        parameters: ParameterSets = multiparams or params
        if isinstance(construct, str):
            construct = text(construct) if parameters else plain_text(construct)
        elif isinstance(construct, DDLElement):
            read_literally(construct)
        statement = Statement(construct=construct, parameters=parameters, execution_options=execution_options or {})
        return self.sink.execute(statement)

    def execute(self, sql: Any, execution_options: Mapping[str, Any] | None = None) -> None:
        """Execute or write a statement given by the revision; a string is taken literally."""
        self._exec(sql, execution_options)

    # --- the run ---------------------------------------------------------------------------------------------------

    def start_migrations(self) -> None:
        """Prepare for a run; called once before its first revision."""

    def emit_begin(self) -> None:
        """Write the beginning of a transaction into the script."""
        self.static_output("BEGIN" + self.command_terminator)

    def emit_commit(self) -> None:
        """Write the end of a transaction into the script."""
        self.static_output("COMMIT" + self.command_terminator)

    def version_table_impl(
        self,
        *,
        version_table: str,
        version_table_schema: str | None,
        version_table_pk: bool,
        **kw: Any,
    ) -> Table:
        """Return the version table; overrides may widen or add columns, `version_num` must stay."""
        table = Table(
            version_table,
            MetaData(),
            Column("version_num", String(32), nullable=False),
            schema=version_table_schema,
        )
        if version_table_pk:
            table.append_constraint(PrimaryKeyConstraint("version_num", name=f"{version_table}_pkc"))
        return table

    # --- columns ---------------------------------------------------------------------------------------------------

    def alter_column(
        self,
        table_name: str,
        column_name: str,
        *,
        nullable: bool | None = None,
        server_default: ServerDefault | Literal[False] | None = False,
        name: str | None = None,
        type_: TypeEngine[Any] | None = None,
        schema: str | None = None,
        autoincrement: bool | None = None,
        comment: str | Literal[False] | None = False,
        existing_comment: str | None = None,
        existing_type: TypeEngine[Any] | None = None,
        existing_server_default: ServerDefault | Literal[False] | None = None,
        existing_nullable: bool | None = None,
        existing_autoincrement: bool | None = None,
        **kw: Any,
    ) -> None:
        """Alter a column, one statement per aspect, the new name last."""
        if autoincrement is not None or existing_autoincrement is not None:
            warnings.warn("autoincrement and existing_autoincrement only mean something to MySQL", stacklevel=3)
        known: dict[str, Any] = {
            "schema": schema,
            "existing_type": existing_type,
            "existing_server_default": existing_server_default,
            "existing_nullable": existing_nullable,
            "existing_comment": existing_comment,
        }
        if nullable is not None:
            self._exec(ColumnNullable(table_name, column_name, nullable, **known))
        if server_default is not False:
            self._alter_default(table_name, column_name, server_default, known)
        if type_ is not None:
            self._exec(ColumnType(table_name, column_name, type_, **known))
        if comment is not False:
            self._exec(ColumnComment(table_name, column_name, comment, **known))
        if name is not None:
            self._exec(ColumnName(table_name, column_name, name, **known))

    def _alter_default(
        self, table_name: str, column_name: str, default: ServerDefault | None, known: Mapping[str, Any]
    ) -> None:
        """Alter the default, the identity or the generation expression, whichever is concerned."""
        existing = known["existing_server_default"]
        if isinstance(default, Computed) or isinstance(existing, Computed):
            self._exec(ComputedColumnDefault(table_name, column_name, default, **known))  # type: ignore[arg-type]
        elif isinstance(default, Identity) or (isinstance(existing, Identity) and default is None):
            self._alter_identity(table_name, column_name, default, known)
        elif isinstance(existing, Identity):
            self._alter_identity(table_name, column_name, None, known)
            self._exec(ColumnDefault(table_name, column_name, default, **known))
        else:
            self._exec(ColumnDefault(table_name, column_name, default, **known))

    def _alter_identity(
        self, table_name: str, column_name: str, identity: Identity | None, known: Mapping[str, Any]
    ) -> None:
        self._exec(IdentityColumnDefault(table_name, column_name, identity, self, **known))

    def add_column(
        self,
        table_name: str,
        column: Column[Any],
        *,
        schema: Name | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
        **kw: Any,
    ) -> None:
        """Add a column with what belongs to it alone; `kw` are keywords of other databases."""
        self._exec(
            AddColumn(
                table_name,
                column,
                schema=schema,
                if_not_exists=if_not_exists,
                inline_references=inline_references,
                inline_primary_key=inline_primary_key,
            )
        )

    def drop_column(
        self,
        table_name: str,
        column: Column[Any],
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        """Drop a column."""
        self._exec(DropColumn(table_name, column, schema=schema, if_exists=if_exists))

    def type_dropper(
        self, table_name: str, column: Column[Any], *, schema: str | None = None, drop_type: Any = None
    ) -> Callable[[], None]:
        """Return what drops the type of a column when the column is gone: nothing where types belong to columns."""
        return lambda: None

    # --- constraints -----------------------------------------------------------------------------------------------

    def add_constraint(self, const: Any, **kw: Any) -> None:
        """Add a constraint, unless it belongs to a type that has no need of it here."""
        if const._create_rule is None or const._create_rule(self):
            self._exec(AddConstraint(const, **kw))

    def drop_constraint(self, const: Constraint, **kw: Any) -> None:
        """Drop a constraint; `if_exists` is the keyword."""
        self._exec(DropConstraint(const, **kw))

    # --- tables ----------------------------------------------------------------------------------------------------

    def rename_table(self, old_table_name: str, new_table_name: Name, schema: Name | None = None) -> None:
        """Rename a table inside its schema."""
        self._exec(RenameTable(old_table_name, new_table_name, schema=schema))

    def create_table(self, table: Table, **kw: Any) -> None:
        """Create a table, then its indexes and comments; the table's events fire around the CREATE."""
        table.dispatch.before_create(table, self.bind, checkfirst=False, _ddl_runner=self)
        self._exec(CreateTable(table, **kw))
        table.dispatch.after_create(table, self.bind, checkfirst=False, _ddl_runner=self)
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            self._exec(CreateIndex(index))
        if self.dialect.supports_comments and not self.dialect.inline_comments:
            self._comment_on(table)

    def _comment_on(self, table: Table) -> None:
        if table.comment:
            self.create_table_comment(table)
        for column in table.columns:
            if column.comment:
                self.create_column_comment(column)

    def drop_table(self, table: Table, **kw: Any) -> None:
        """Drop a table; its events fire around the DROP. Types to drop with it are PostgreSQL's."""
        kw.pop("postgresql_drop_types", None)
        table.dispatch.before_drop(table, self.bind, checkfirst=False, _ddl_runner=self)
        self._exec(DropTable(table, **kw))
        table.dispatch.after_drop(table, self.bind, checkfirst=False, _ddl_runner=self)

    def create_table_comment(self, table: Table) -> None:
        """Set the comment of a table, or remove it where that is None: few databases take NULL for one."""
        if table.comment is None:
            self.drop_table_comment(table)
        else:
            self._exec(SetTableComment(table))

    def drop_table_comment(self, table: Table) -> None:
        """Remove the comment of a table."""
        self._exec(DropTableComment(table))

    def create_column_comment(self, column: Column[Any]) -> None:
        """Set the comment of a column."""
        self._exec(SetColumnComment(column))

    # --- indexes ---------------------------------------------------------------------------------------------------

    def create_index(self, index: Index, **kw: Any) -> None:
        """Create an index; `if_not_exists` is the keyword.

        Raises:
            OfflineUnsupported: `if_not_exists` offline, on a database whose SQL does not have it.
        """
        if kw.get("if_not_exists") and not self.supports_create_index_if_not_exists:
            if self._index_exists(index):
                return
            kw = {key: value for key, value in kw.items() if key != "if_not_exists"}
        self._exec(CreateIndex(index, **kw))

    def _index_exists(self, index: Index) -> bool:
        table = index.table
        assert table is not None
        if self.as_sql:
            message = (
                f"Index {index.name!r} on {table.name!r}: {self.dialect.name} has no CREATE INDEX IF NOT EXISTS, and "
                "offline there is no database to look at. Remove if_not_exists=True, or run the revision online."
            )
            raise OfflineUnsupported(message, index=str(index.name), table=table.name)
        assert self.connection is not None
        return self.dialect.has_index(self.connection, table.name, str(index.name), schema=table.schema)

    def drop_index(self, index: Index, **kw: Any) -> None:
        """Drop an index; `if_exists` is the keyword."""
        self._exec(DropIndex(index, **kw))

    # --- rows ------------------------------------------------------------------------------------------------------

    def bulk_insert(
        self,
        table: TableClause,
        rows: Sequence[Mapping[str, Any]],
        multiinsert: bool = True,
    ) -> None:
        """Insert rows, given as one mapping of column keys to values each.

        Args:
            table: a Table, or a `table()` with typed columns.
            rows: the rows; offline every value becomes a literal.
            multiinsert: one executemany; false for one INSERT per row, which rows with SQL expressions need.

        Raises:
            OperationError: the rows are not a sequence of mappings.
        """
        check_rows(rows)
        if self.as_sql:
            whole = part_of(Statement(construct=table.insert().inline(), parameters=rows)) if multiinsert else None
            for row in rows:
                self._exec(table.insert().inline().values(as_literals(table, row)), whole)
        elif rows and multiinsert:
            self._exec(table.insert().inline(), multiparams=rows)
        else:
            for row in rows:
                self._exec(table.insert().inline().values(**row))

    # --- batch -----------------------------------------------------------------------------------------------------

    def requires_recreate_in_batch(self, batch_op: BatchOperations) -> bool:
        """Return whether this batch needs a new table to which the rows are copied."""
        return False

    def prep_table_for_batch(self, batch_impl: BatchTable, table: Table) -> None:
        """Make way on the old table before a batch creates the new one."""

    def cast_for_batch_migrate(
        self, existing: Column[Any], existing_transfer: dict[str, Any], new_type: TypeEngine[Any]
    ) -> None:
        """Convert the values of a column whose kind of type changes while a batch copies them."""
        if existing.type._type_affinity is not new_type._type_affinity:
            existing_transfer["expr"] = cast(existing_transfer["expr"], new_type)

    # --- autogenerate ----------------------------------------------------------------------------------------------

    def render_ddl_sql_expr(self, expr: ClauseElement, is_server_default: bool = False, **kw: Any) -> str:
        """Return an expression (a default, an index column) as SQL text."""
        return str(expr.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True, "include_table": False}))

    def render_type(self, type_obj: TypeEngine[Any], autogen_context: Any) -> str | Literal[False]:
        """Return the Python text of a type for a revision file, or False for the default."""
        return False

    def autogen_column_reflect(self, inspector: Any, table: Table, column_info: dict[str, Any]) -> None:
        """Correct one reflected column, for autogenerate and batch."""

    def _compare_identity_default(
        self, metadata_identity: Identity | None, inspector_identity: Identity | None
    ) -> tuple[set[str], set[str], bool]:
        """Compare two identities.

        Returns:
            the options that differ, those ignored because the new one leaves them at their default, and
            whether the identities differ at all.
        """
        differing, ignored = compare_identity_options(metadata_identity, inspector_identity)
        if bool(getattr(metadata_identity, "always", None)) != bool(getattr(inspector_identity, "always", None)):
            differing.add("always")
        differing -= set(self.identity_attrs_ignore)
        return differing, ignored, bool(differing) or (metadata_identity is None) != (inspector_identity is None)


def ensure_columns(table: Table | None, names: Any) -> None:
    """Give the table the columns that are mentioned by name only."""
    for name in names or ():
        if table is not None and isinstance(name, str) and name not in table.c:
            table.append_column(Column(name, NullType()))

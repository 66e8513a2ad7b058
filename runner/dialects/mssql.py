# ruff: noqa: ARG001, FBT001, FBT002, S608, SLF001  # @compiles keywords; Alembic's signatures; SQL texts; internals
"""SQL Server: floor 3. ALTER COLUMN with the type, sp_rename, unnamed defaults, extended properties.

Source: Transact-SQL reference, ALTER TABLE, sp_rename, sp_addextendedproperty, SET IDENTITY_INSERT.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Column, Computed, Identity, Index, Table, TableClause
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex, CreateSchema, DDLElement
from sqlalchemy.schema import Sequence as Sequence_
from sqlalchemy.types import NVARCHAR, TypeEngine

from runner.dialects.base import DefaultImpl, ensure_columns
from runner.dialects.compare.others import MSSQLComparison
from runner.dialects.ddl import (
    AddColumn,
    AlterTable,
    ColumnComment,
    ColumnDefault,
    ColumnName,
    ColumnNullable,
    ColumnType,
    Name,
    RenameTable,
    ServerDefault,
    alter_column,
    alter_table,
    column_specification,
    format_column_name,
    format_server_default,
    format_table_name,
    format_type,
    is_default,
)
from runner.dialects.literals import rendering_dialect
from runner.dialects.object_ddl import (
    AlterSequence,
    CreateFunction,
    CreateReplaceable,
    CreateTrigger,
    CreateView,
    create_words,
    format_arguments,
    format_definition,
    format_object_name,
    format_view_columns,
    raw,
    visit_alter_sequence,
)
from runner.dialects.statement import OfflineSink, Statement
from runner.dialects.unsupported import OperationUnsupported
from runner.errors import OperationError

if TYPE_CHECKING:
    from sqlalchemy.dialects.mssql.base import MSDDLCompiler
    from sqlalchemy.engine import Dialect

    from runner.dialects.literals import Literals

__all__ = ["MSSQLImpl"]

_CATALOGUES = {"default": "sys.default_constraints", "check": "sys.check_constraints"}


class DropColumnConstraint(AlterTable):
    """Drop the constraint of one kind that a column has, whatever its name.

    Args:
        name: the table.
        column_name: the column.
        kind: `default`, `check` or `foreign key`.
        schema: of the table.
    """

    def __init__(self, name: Name, column_name: Name, kind: str, schema: Name | None) -> None:
        super().__init__(name, schema=schema)
        self.column_name = column_name
        self.kind = kind


class CreateIndexIfNotExists(DDLElement):
    """CREATE INDEX behind a look into the catalogue."""

    def __init__(self, index: Index) -> None:
        self.index = index


class CreateSchemaIfNotExists(DDLElement):
    """CREATE SCHEMA behind a look into the catalogue."""

    def __init__(self, schema_name: str) -> None:
        self.schema_name = schema_name


class BatchSink(OfflineSink):
    """Writes statements in batches; those that must begin one get one of their own."""

    _in_batch = False

    def framed(self, statement: Statement, sql: str) -> tuple[str, ...]:
        """Return the statement, behind a batch separator where it has to come first and does not."""
        pieces = OfflineSink.framed(self, statement, sql)
        first = isinstance(statement.construct, CreateReplaceable | CreateSchema)
        return (self.batch_separator, *pieces) if first and self._in_batch and self.batch_separator else pieces

    def static_output(self, static_text: str) -> None:
        """Write text as it is; comments do not count as statements."""
        if static_text == self.batch_separator:
            self._in_batch = False
        elif not static_text.lstrip().startswith("--"):
            self._in_batch = True
        OfflineSink.static_output(self, static_text)


class MSSQLImpl(MSSQLComparison, DefaultImpl):
    """Operations on SQL Server."""

    __dialect__ = "mssql"
    transactional_ddl = True
    batch_separator = "GO"
    script_sink = BatchSink
    database_name = "SQL Server"
    replaced_in_place = frozenset({"view", "function", "procedure", "trigger"})
    type_synonyms = (*DefaultImpl.type_synonyms, {"VARCHAR", "NVARCHAR"})
    identity_attrs_ignore = (
        *DefaultImpl.identity_attrs_ignore,
        "minvalue",
        "maxvalue",
        "nominvalue",
        "nomaxvalue",
        "cycle",
        "cache",
    )

    def _literals(self) -> type[Literals]:
        from runner.dialects.values.mssql import MSSQLLiterals

        return MSSQLLiterals

    def _configure(self, context_opts: Mapping[str, Any]) -> None:
        self.batch_separator = context_opts.get("mssql_batch_separator", self.batch_separator) or ""

    def _rendering_dialect(self) -> Dialect:
        # Extended properties name their schema; a script has no session that could tell the default one.
        schema = self.dialect.default_schema_name or "dbo"
        return rendering_dialect(
            self.dialect, self.render_binary_literal, literals=self._literals(), default_schema_name=schema
        )

    def render_binary_literal(self, value: bytes) -> str:
        """Return the bytes as a binary constant."""
        return f"0x{value.hex()}"

    def emit_begin(self) -> None:
        """Write BEGIN TRANSACTION."""
        self.static_output("BEGIN TRANSACTION" + self.command_terminator)

    def emit_commit(self) -> None:
        """Write COMMIT and the batch separator."""
        super().emit_commit()
        if self.batch_separator:
            self.static_output(self.batch_separator)

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
        existing_type: TypeEngine[Any] | None = None,
        existing_server_default: ServerDefault | Literal[False] | None = None,
        existing_nullable: bool | None = None,
        **kw: Any,
    ) -> None:
        """Alter a column: its old default goes first, type and nullability are one statement, the name comes last.

        Raises:
            OperationError: nullability is to change and the revision does not say the type.
        """
        known: dict[str, Any] = {
            "schema": schema,
            "existing_type": existing_type,
            "existing_server_default": existing_server_default,
            "existing_nullable": existing_nullable,
        }
        generated = any(isinstance(item, Computed | Identity) for item in (server_default, existing_server_default))
        if server_default is not False and generated:
            self._alter_default(table_name, column_name, server_default, known)
        replaces_default = server_default is None or existing_server_default is not False
        if server_default is not False and replaces_default:
            self._exec(DropColumnConstraint(table_name, column_name, "default", schema))
        self._alter_type(table_name, column_name, type_, nullable, known)
        super().alter_column(table_name, column_name, **known, **kw)
        if is_default(server_default):
            self._exec(ColumnDefault(table_name, column_name, server_default, **known))
        if name is not None:
            super().alter_column(table_name, column_name, name=name, **known)

    def _alter_type(
        self,
        table_name: str,
        column_name: str,
        type_: TypeEngine[Any] | None,
        nullable: bool | None,
        known: Mapping[str, Any],
    ) -> None:
        """Write type and nullability in one statement: each alone resets the other."""
        if type_ is None and nullable is None:
            return
        whole = type_ if type_ is not None else known["existing_type"]
        if whole is None:
            message = (
                f"alter_column {table_name}.{column_name}: SQL Server changes nullability together with the type. "
                "Add existing_type=, or type_= if it changes."
            )
            raise OperationError(message, table=table_name, column=column_name)
        if nullable is None:
            nullable = known["existing_nullable"]
        if nullable is None:
            warnings.warn(
                f"alter_column {table_name}.{column_name}: SQL Server makes the column nullable unless told otherwise. "
                "Add nullable= or existing_nullable=.",
                stacklevel=3,
            )
        about = {**known, "existing_nullable": nullable}
        self._exec(ColumnType(table_name, column_name, whole, **about))

    def drop_column(
        self,
        table_name: str,
        column: Column[Any],
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        """Drop a column, first the constraints `mssql_drop_default`, `_check` and `_foreign_key` ask for."""
        for kind in ("default", "check", "foreign key"):
            if kw.pop(f"mssql_drop_{kind.replace(' ', '_')}", False):
                self._exec(DropColumnConstraint(table_name, column.name, kind, schema))
        super().drop_column(table_name, column, schema=schema, if_exists=if_exists, **kw)

    def create_index(self, index: Index, **kw: Any) -> None:
        """Create an index; INCLUDE columns need not be listed elsewhere."""
        ensure_columns(index.table, index.dialect_options["mssql"]["include"])
        if kw.get("if_not_exists"):
            self._exec(CreateIndexIfNotExists(index))
        else:
            super().create_index(index, **kw)

    def create_schema(self, schema_name: str, *, if_not_exists: bool = False) -> None:
        """Create a schema."""
        if if_not_exists:
            self._exec(CreateSchemaIfNotExists(schema_name))
        else:
            super().create_schema(schema_name)

    def create_sequence(self, sequence: Sequence_, *, if_not_exists: bool = False) -> None:
        """Create a sequence.

        Raises:
            OperationUnsupported: `if_not_exists`, which there is not.
        """
        if if_not_exists:
            self._refuse("create_sequence", sequence.name, "CREATE SEQUENCE IF NOT EXISTS", "Leave if_not_exists= out.")
        super().create_sequence(sequence)

    def bulk_insert(
        self,
        table: TableClause,
        rows: Sequence[Mapping[str, Any]],
        multiinsert: bool = True,
    ) -> None:
        """Insert rows; a script says that identity values are given. Online SQLAlchemy does."""
        if not self.as_sql or not rows or not _gives_identity(table, rows):
            super().bulk_insert(table, rows, multiinsert=multiinsert)
            return
        name = self.dialect.identifier_preparer.format_table(table)
        self.execute(f"SET IDENTITY_INSERT {name} ON")
        super().bulk_insert(table, rows, multiinsert=multiinsert)
        self.execute(f"SET IDENTITY_INSERT {name} OFF")


def _gives_identity(table: TableClause, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the rows have values for an identity column; assumed of a table that lists no keys."""
    if not isinstance(table, Table):
        return True
    identity = table._autoincrement_column
    return identity is not None and any(identity.key in row for row in rows)


def _string(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@compiles(DropColumnConstraint, "mssql")
def visit_drop_column_constraint(element: DropColumnConstraint, compiler: MSDDLCompiler, **kw: Any) -> str:
    """Return a batch that looks the names up and drops the constraints: a column can have several foreign keys."""
    table = str(format_table_name(compiler, element.table_name, element.schema))
    if element.kind == "foreign key":
        source = "sys.foreign_keys fk join sys.foreign_key_columns fkc on fk.object_id=fkc.constraint_object_id"
        prefix = "fkc."
    else:
        source, prefix = _CATALOGUES[element.kind], ""
    drop = _string(f"alter table {table} drop constraint ")
    lines = (
        "declare @drops nvarchar(max) = N''",
        f"select @drops = @drops + N{drop} + QUOTENAME([name]) + N';' from {source}",
        f"where {prefix}parent_object_id = object_id(N{_string(table)})",
        f"and col_name({prefix}parent_object_id, {prefix}parent_column_id) = N{_string(str(element.column_name))}",
        "exec(@drops)",
    )
    return "\n".join(lines)


@compiles(CreateIndexIfNotExists, "mssql")
def visit_create_index_if_not_exists(element: CreateIndexIfNotExists, compiler: MSDDLCompiler, **kw: Any) -> str:
    """Return CREATE INDEX behind IF NOT EXISTS (SELECT ...)."""
    table = compiler.preparer.format_table(element.index.table)  # type: ignore[arg-type]  # set by the operation
    condition = (
        f"SELECT 1 FROM sys.indexes WHERE name = N{_string(str(element.index.name))} "
        f"AND object_id = OBJECT_ID(N{_string(table)})"
    )
    return f"IF NOT EXISTS ({condition}) {compiler.process(CreateIndex(element.index))}"


@compiles(AddColumn, "mssql")
def visit_add_column(element: AddColumn, compiler: MSDDLCompiler, **kw: Any) -> str:
    """Return ALTER TABLE ... ADD, behind a look at the columns if asked for."""
    specification = column_specification(
        compiler,
        element.column,
        inline_references=element.inline_references,
        inline_primary_key=element.inline_primary_key,
        **kw,
    )
    table = str(format_table_name(compiler, element.table_name, element.schema))
    guard = ""
    if element.if_not_exists:
        guard = f"IF COL_LENGTH(N{_string(table)}, N{_string(element.column.name)}) IS NULL "
    return f"{guard}ALTER TABLE {table} ADD {specification}"


@compiles(ColumnType, "mssql")
def visit_column_type(element: ColumnType, compiler: MSDDLCompiler, **kw: Any) -> str:
    """Return ALTER COLUMN with type and nullability."""
    table = alter_table(compiler, element.table_name, element.schema)
    text = f"{table} {alter_column(compiler, element.column_name)} {format_type(compiler, element.type_)}"
    return text + _nullability(element.existing_nullable)


@compiles(ColumnNullable, "mssql")
def visit_column_nullable(element: ColumnNullable, compiler: MSDDLCompiler, **kw: Any) -> str:
    """Return ALTER COLUMN with the type the column has."""
    table = alter_table(compiler, element.table_name, element.schema)
    if element.existing_type is None:
        message = f"SQL Server needs the type of {element.table_name}.{element.column_name} to change its nullability."
        raise OperationError(message, table=str(element.table_name), column=str(element.column_name))
    text = f"{table} {alter_column(compiler, element.column_name)} {format_type(compiler, element.existing_type)}"
    return text + _nullability(element.nullable)


def _nullability(nullable: bool | None) -> str:
    return "" if nullable is None else " NULL" if nullable else " NOT NULL"


@compiles(ColumnDefault, "mssql")
def visit_column_default(element: ColumnDefault, compiler: MSDDLCompiler, **kw: Any) -> str:
    """Return ADD DEFAULT ... FOR; a default is a constraint here."""
    table = alter_table(compiler, element.table_name, element.schema)
    column = format_column_name(compiler, element.column_name)
    return f"{table} ADD DEFAULT {format_server_default(compiler, element.default)} FOR {column}"


@compiles(ColumnName, "mssql")
def visit_column_name(element: ColumnName, compiler: MSDDLCompiler, **kw: Any) -> str:
    """Return EXEC sp_rename for a column."""
    table = format_table_name(compiler, element.table_name, element.schema)
    old = _string(f"{table}.{format_column_name(compiler, element.column_name)}")
    return f"EXEC sp_rename {old}, {format_column_name(compiler, element.newname)}, 'COLUMN'"


@compiles(RenameTable, "mssql")
def visit_rename_table(element: RenameTable, compiler: MSDDLCompiler, **kw: Any) -> str:
    """Return EXEC sp_rename for a table."""
    old = _string(str(format_table_name(compiler, element.table_name, element.schema)))
    return f"EXEC sp_rename {old}, {format_table_name(compiler, element.new_table_name, None)}"


@compiles(ColumnComment, "mssql")
def visit_column_comment(element: ColumnComment, compiler: MSDDLCompiler, **kw: Any) -> str:
    """Return the procedure call that adds, updates or drops the MS_Description of a column."""
    schema: Any = element.schema if element.schema is not None else compiler.dialect.default_schema_name
    target = (
        f"'schema', {compiler.preparer.quote_schema(schema)}, "
        f"'table', {compiler.preparer.quote(element.table_name)}, "
        f"'column', {format_column_name(compiler, element.column_name)}"
    )
    if element.comment is None:
        return f"exec sp_dropextendedproperty 'MS_Description', {target}"
    verb = "update" if element.existing_comment is not None else "add"
    comment = compiler.sql_compiler.render_literal_value(element.comment, NVARCHAR())
    return f"exec sp_{verb}extendedproperty 'MS_Description', {comment}, {target}"


# --- what is neither table nor column ---------------------------------------------------------------------------------


@compiles(CreateSchemaIfNotExists, "mssql")
def visit_create_schema_if_not_exists(element: CreateSchemaIfNotExists, compiler: MSDDLCompiler, **kw: Any) -> str:
    """Return CREATE SCHEMA through EXEC, since it must be alone, behind IF SCHEMA_ID(...) IS NULL."""
    create = f"CREATE SCHEMA {compiler.preparer.quote(element.schema_name)}"
    return f"IF SCHEMA_ID(N{_string(element.schema_name)}) IS NULL EXEC(N{_string(create)})"


@compiles(AlterSequence, "mssql")
def alter_sequence(element: AlterSequence, compiler: MSDDLCompiler, **kw: Any) -> str:
    """Return ALTER SEQUENCE.

    Raises:
        OperationUnsupported: the start value or the type is to change, which only a new sequence can have.
    """
    if element.sequence.start is not None or element.sequence.data_type is not None:
        message = (
            f"alter_sequence {element.sequence.name}: SQL Server cannot alter start value or type of a sequence. "
            "Use restart= to say where it goes on, or drop it and create it again."
        )
        raise OperationUnsupported(message, sequence=element.sequence.name)
    return visit_alter_sequence(element, compiler, **kw)


@compiles(CreateView, "mssql")
def visit_create_view(element: CreateView, compiler: MSDDLCompiler, **kw: Any) -> str:
    """Return CREATE OR ALTER VIEW."""
    view = element.target
    options = f" {raw(compiler, view.options)}" if view.options else ""
    name = f"{format_object_name(compiler, view)}{format_view_columns(compiler, view)}"
    return f"{create_words(element, 'OR ALTER')} {name}{options} AS\n{format_definition(compiler, view)}"


@compiles(CreateFunction, "mssql")
def visit_create_function(element: CreateFunction, compiler: MSDDLCompiler, **kw: Any) -> str:
    """Return CREATE OR ALTER FUNCTION or PROCEDURE; a procedure without arguments has no parentheses."""
    function = element.target
    arguments = format_arguments(compiler, function)
    if function.kind == "function":
        arguments = arguments or " ()"
    head = f"{create_words(element, 'OR ALTER')} {format_object_name(compiler, function)}{arguments}"
    return f"{head}\n{format_definition(compiler, function)}"


@compiles(CreateTrigger, "mssql")
def visit_create_trigger(element: CreateTrigger, compiler: MSDDLCompiler, **kw: Any) -> str:
    """Return CREATE OR ALTER TRIGGER, the table in front of the event."""
    trigger = element.target
    table = format_table_name(compiler, trigger.table, trigger.schema)
    head = f"{create_words(element, 'OR ALTER')} {format_object_name(compiler, trigger)}"
    return f"{head}\nON {table} {raw(compiler, trigger.event)}\n{format_definition(compiler, trigger)}"

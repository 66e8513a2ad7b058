# ruff: noqa: ARG001  # @compiles passes keywords on
"""Oracle Database: floor 3. MODIFY, ADD without COLUMN, and scripts whose statements end with a slash.

Source: Oracle Database SQL Language Reference, ALTER TABLE, COMMENT.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import String

from runner.dialects.base import DefaultImpl
from runner.dialects.compare.others import OracleComparison
from runner.dialects.ddl import (
    AddColumn,
    AlterColumn,
    ColumnComment,
    ColumnDefault,
    ColumnName,
    ColumnNullable,
    ColumnType,
    IdentityColumnDefault,
    RenameTable,
    alter_table,
    column_specification,
    format_column_name,
    format_server_default,
    format_table_name,
    format_type,
)
from runner.dialects.literals import rendering_dialect
from runner.dialects.object_ddl import (
    AlterSequence,
    CreateFunction,
    CreateMaterializedView,
    CreateTrigger,
    RefreshMaterializedView,
    create_words,
    format_arguments,
    format_definition,
    format_object_name,
    format_view_columns,
    literal_text,
    raw,
    refuse_idle_change,
)
from runner.dialects.unsupported import OperationUnsupported
from runner.operations.replaceable import MaterializedView, Replaceable

if TYPE_CHECKING:
    from sqlalchemy.dialects.oracle.base import OracleDDLCompiler
    from sqlalchemy.engine import Dialect

    from runner.dialects.literals import Literals

__all__ = ["OracleImpl"]


class OracleImpl(OracleComparison, DefaultImpl):
    """Operations on Oracle Database."""

    __dialect__ = "oracle"
    transactional_ddl = False
    batch_separator = "/"
    command_terminator = ""
    supports_create_index_if_not_exists = False
    type_synonyms = (
        *DefaultImpl.type_synonyms,
        {"VARCHAR", "VARCHAR2"},
        {"BIGINT", "INTEGER", "SMALLINT", "DECIMAL", "NUMERIC", "NUMBER"},
        {"DOUBLE", "FLOAT", "DOUBLE_PRECISION"},
    )
    identity_attrs_ignore = ()
    database_name = "Oracle Database"
    supports_schemas = False
    object_kinds = frozenset({"view", "materialized view", "function", "procedure", "trigger"})
    replaced_in_place = frozenset({"view", "function", "procedure", "trigger"})

    def _literals(self) -> type[Literals]:
        from runner.dialects.values.oracle import OracleLiterals

        return OracleLiterals

    def _configure(self, context_opts: Mapping[str, Any]) -> None:
        self.batch_separator = context_opts.get("oracle_batch_separator", self.batch_separator) or ""

    def _rendering_dialect(self) -> Dialect:
        # RETURNING ... INTO returns into a variable of the client, which a script does not have.
        return rendering_dialect(
            self.dialect, self.render_binary_literal, literals=self._literals(), insert_returning=False
        )

    def render_binary_literal(self, value: bytes) -> str:
        """Return the bytes through HEXTORAW."""
        return f"HEXTORAW('{value.hex()}')"

    def _require_kind(self, verb: str, target: Replaceable) -> None:
        """Raise for what there is not, an access method or a condition of an index included."""
        super()._require_kind(verb, target)
        for index in target.indexes if isinstance(target, MaterializedView) else ():
            if index.using is not None or index.where is not None:
                message = (
                    f"Index {index.name} on {target.name}: Oracle Database has no USING and no WHERE for indexes. "
                    "Leave using= and where= out for this dialect."
                )
                raise OperationUnsupported(message, index=index.name)

    def emit_begin(self) -> None:
        """Write SET TRANSACTION READ WRITE; there is no BEGIN."""
        self._emit("SET TRANSACTION READ WRITE")

    def emit_commit(self) -> None:
        """Write COMMIT."""
        self._emit("COMMIT")

    def _emit(self, command: str) -> None:
        self.static_output(command)
        if self.batch_separator:
            self.static_output(self.batch_separator)


def _modify(element: AlterColumn, compiler: OracleDDLCompiler, what: str) -> str:
    table = alter_table(compiler, element.table_name, element.schema)
    return f"{table} MODIFY {format_column_name(compiler, element.column_name)} {what}"


@compiles(AddColumn, "oracle")
def visit_add_column(element: AddColumn, compiler: OracleDDLCompiler, **kw: Any) -> str:
    """Return ALTER TABLE ... ADD.

    Raises:
        OperationUnsupported: `if_not_exists`, which ADD does not have.
    """
    if element.if_not_exists:
        message = (
            f"add_column {element.table_name}.{element.column.name}: Oracle Database has no IF NOT EXISTS for columns. "
            "Remove if_not_exists=True for this dialect."
        )
        raise OperationUnsupported(message, table=str(element.table_name), column=element.column.name)
    specification = column_specification(
        compiler,
        element.column,
        inline_references=element.inline_references,
        inline_primary_key=element.inline_primary_key,
        **kw,
    )
    return f"{alter_table(compiler, element.table_name, element.schema)} ADD {specification}"


@compiles(ColumnNullable, "oracle")
def visit_column_nullable(element: ColumnNullable, compiler: OracleDDLCompiler, **kw: Any) -> str:
    """Return MODIFY ... NULL or NOT NULL."""
    return _modify(element, compiler, "NULL" if element.nullable else "NOT NULL")


@compiles(ColumnType, "oracle")
def visit_column_type(element: ColumnType, compiler: OracleDDLCompiler, **kw: Any) -> str:
    """Return MODIFY with the type."""
    return _modify(element, compiler, format_type(compiler, element.type_))


@compiles(ColumnDefault, "oracle")
def visit_column_default(element: ColumnDefault, compiler: OracleDDLCompiler, **kw: Any) -> str:
    """Return MODIFY ... DEFAULT; a default is removed by the default NULL."""
    default = "NULL" if element.default is None else format_server_default(compiler, element.default)
    return _modify(element, compiler, f"DEFAULT {default}")


@compiles(IdentityColumnDefault, "oracle")
def visit_identity_column(element: IdentityColumnDefault, compiler: OracleDDLCompiler, **kw: Any) -> str:
    """Return MODIFY with the whole identity, or without any."""
    if element.default is None:
        return _modify(element, compiler, "DROP IDENTITY")
    rendered: str = compiler.visit_identity_column(element.default)  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
    return _modify(element, compiler, rendered.strip())


@compiles(ColumnName, "oracle")
def visit_column_name(element: ColumnName, compiler: OracleDDLCompiler, **kw: Any) -> str:
    """Return RENAME COLUMN."""
    table = alter_table(compiler, element.table_name, element.schema)
    old = format_column_name(compiler, element.column_name)
    return f"{table} RENAME COLUMN {old} TO {format_column_name(compiler, element.newname)}"


@compiles(RenameTable, "oracle")
def visit_rename_table(element: RenameTable, compiler: OracleDDLCompiler, **kw: Any) -> str:
    """Return RENAME TO, where the new name is never qualified."""
    table = alter_table(compiler, element.table_name, element.schema)
    return f"{table} RENAME TO {format_table_name(compiler, element.new_table_name, None)}"


@compiles(ColumnComment, "oracle")
def visit_column_comment(element: ColumnComment, compiler: OracleDDLCompiler, **kw: Any) -> str:
    """Return COMMENT ON COLUMN; a comment is removed by an empty one."""
    table = format_table_name(compiler, element.table_name, element.schema)
    comment = compiler.sql_compiler.render_literal_value(element.comment or "", String())
    return f"COMMENT ON COLUMN {table}.{format_column_name(compiler, element.column_name)} IS {comment}"


@compiles(AlterSequence, "oracle")
def visit_alter_sequence(element: AlterSequence, compiler: OracleDDLCompiler, **kw: Any) -> str:
    """Return ALTER SEQUENCE, where RESTART names its value as START WITH.

    Raises:
        OperationUnsupported: the start value is to change, which only a new sequence can have.
    """
    sequence = element.sequence
    if sequence.start is not None:
        message = (
            f"alter_sequence {sequence.name}: Oracle Database cannot alter the start value of a sequence. Use restart= "
            "to say where it goes on, or drop it and create it again."
        )
        raise OperationUnsupported(message, sequence=sequence.name)
    options = compiler.get_identity_options(sequence)  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
    refuse_idle_change(element, options)
    parts = [f"ALTER SEQUENCE {compiler.preparer.format_sequence(sequence)}", options]
    if element.restart is not None and element.restart is not False:
        parts.append("RESTART" if element.restart is True else f"RESTART START WITH {element.restart}")
    return " ".join(part for part in parts if part)


@compiles(CreateFunction, "oracle")
def visit_create_function(element: CreateFunction, compiler: OracleDDLCompiler, **kw: Any) -> str:
    """Return CREATE FUNCTION or PROCEDURE with the semicolon behind END, which is part of the block."""
    function = element.target
    head = f"{create_words(element)} {format_object_name(compiler, function)}{format_arguments(compiler, function)}"
    return f"{head}\n{format_definition(compiler, function, keep_semicolon=True)}"


@compiles(CreateTrigger, "oracle")
def visit_create_trigger(element: CreateTrigger, compiler: OracleDDLCompiler, **kw: Any) -> str:
    """Return CREATE TRIGGER with the semicolon behind END, which is part of the block."""
    trigger = element.target
    table = format_table_name(compiler, trigger.table, trigger.schema)
    head = f"{create_words(element)} {format_object_name(compiler, trigger)}\n{raw(compiler, trigger.event)} ON {table}"
    return f"{head}\n{format_definition(compiler, trigger, keep_semicolon=True)}"


@compiles(CreateMaterializedView, "oracle")
def visit_create_materialized_view(element: CreateMaterializedView, compiler: OracleDDLCompiler, **kw: Any) -> str:
    """Return CREATE MATERIALIZED VIEW, where BUILD says whether it is filled."""
    view = element.target
    name = f"{format_object_name(compiler, view)}{format_view_columns(compiler, view)}"
    options = f" {raw(compiler, view.options)}" if view.options else ""
    build = "IMMEDIATE" if view.with_data else "DEFERRED"
    return f"{create_words(element)} {name}{options} BUILD {build} AS\n{format_definition(compiler, view)}"


@compiles(RefreshMaterializedView, "oracle")
def visit_refresh_materialized_view(element: RefreshMaterializedView, compiler: OracleDDLCompiler, **kw: Any) -> str:
    """Return a block that calls DBMS_MVIEW.REFRESH for the complete refresh.

    Raises:
        OperationUnsupported: `concurrently`, or `with_data=False`.
    """
    if element.concurrently or not element.with_data:
        message = (
            f"refresh_materialized_view {element.view_name}: Oracle Database has no CONCURRENTLY or WITH NO DATA. "
            "Leave concurrently= and with_data= out for this dialect."
        )
        raise OperationUnsupported(message, view=element.view_name)
    name = literal_text(compiler, str(format_table_name(compiler, element.view_name, element.schema)))
    return f"BEGIN DBMS_MVIEW.REFRESH({name}, 'C'); END;"

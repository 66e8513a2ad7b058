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
from runner.dialects.unsupported import OperationUnsupported

if TYPE_CHECKING:
    from sqlalchemy.dialects.oracle.base import OracleDDLCompiler
    from sqlalchemy.engine import Dialect

__all__ = ["OracleImpl"]


class OracleImpl(DefaultImpl):
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

    def _configure(self, context_opts: Mapping[str, Any]) -> None:
        self.batch_separator = context_opts.get("oracle_batch_separator", self.batch_separator) or ""

    def _rendering_dialect(self) -> Dialect:
        # RETURNING ... INTO returns into a variable of the client, which a script does not have.
        return rendering_dialect(self.dialect, self.render_binary_literal, insert_returning=False)

    def render_binary_literal(self, value: bytes) -> str:
        """Return the bytes through HEXTORAW."""
        return f"HEXTORAW('{value.hex()}')"

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

# ruff: noqa: ARG001, FBT001, FBT002, SLF001  # @compiles passes keywords on; Alembic's signatures; SQLAlchemy's internals
"""MySQL and MariaDB: floor 3. One MODIFY or CHANGE that repeats the whole column, and typed DROPs.

A column is altered by writing it again, so whatever the statement leaves out is lost. Where a revision does
not say whether the column is nullable, the database is asked; offline, the revision is refused.

Source: MySQL manual and MariaDB documentation, ALTER TABLE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import (
    CheckConstraint,
    Computed,
    Constraint,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
    column,
    func,
    select,
    table,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import DDLElement

from runner.dialects.base import DefaultImpl
from runner.dialects.ddl import (
    AddColumn,
    AlterColumn,
    ColumnDefault,
    ColumnName,
    ColumnNullable,
    ColumnType,
    Name,
    ServerDefault,
    add_column,
    alter_column,
    alter_table,
    column_references,
    format_column_name,
    format_server_default,
    format_type,
    is_default,
    type_instance,
)
from runner.dialects.unsupported import OperationUnsupported
from runner.errors import OfflineUnsupported, OperationError

if TYPE_CHECKING:
    from sqlalchemy.dialects.mysql.base import MySQLDDLCompiler
    from sqlalchemy.types import TypeEngine

__all__ = ["MariaDBImpl", "MySQLAlterDefault", "MySQLChangeColumn", "MySQLImpl", "MySQLModifyColumn"]

_DROP_KINDS: dict[type[Constraint], str] = {
    ForeignKeyConstraint: "FOREIGN KEY",
    PrimaryKeyConstraint: "PRIMARY KEY",
    UniqueConstraint: "INDEX",
    CheckConstraint: "CONSTRAINT",
}


class MySQLAlterDefault(AlterColumn):
    """ALTER COLUMN ... SET or DROP DEFAULT: the one alteration that does not repeat the column."""

    def __init__(
        self, name: Name, column_name: Name, default: ServerDefault | None, schema: Name | None = None
    ) -> None:
        super().__init__(name, column_name, schema=schema)
        self.default = default


class MySQLChangeColumn(AlterColumn):
    """CHANGE: a column written again, under the same or a new name.

    Args:
        name: the table.
        column_name: the column as it is called now.
        schema: of the table.
        newname: the name it gets.
        type_: of the column.
        nullable: None reads as nullable.
        default: False for none known, None for none.
        autoincrement: whether AUTO_INCREMENT is written.
        comment: the comment it has afterwards; False or None for none.
    """

    def __init__(
        self,
        name: Name,
        column_name: Name,
        schema: Name | None = None,
        newname: Name | None = None,
        type_: TypeEngine[Any] | None = None,
        nullable: bool | None = None,
        default: ServerDefault | Literal[False] | None = False,
        autoincrement: bool | None = None,
        comment: str | Literal[False] | None = False,
    ) -> None:
        super().__init__(name, column_name, schema=schema)
        if type_ is None:
            message = (
                f"alter_column {name}.{column_name}: MySQL writes the whole column again, so the revision must say "
                "its type. Add existing_type=, or type_= if it changes."
            )
            raise OperationError(message, table=str(name), column=str(column_name))
        self.newname = newname
        self.type_ = type_instance(type_)
        self.nullable = True if nullable is None else nullable
        self.default = default
        self.autoincrement = autoincrement
        self.comment = comment


class MySQLModifyColumn(MySQLChangeColumn):
    """MODIFY: a column written again under its name."""


class DropConstraintIfExists(DDLElement):
    """MariaDB's DROP ... IF EXISTS for a constraint."""

    def __init__(self, constraint: Constraint, kind: str) -> None:
        self.constraint = constraint
        self.kind = kind


class MySQLImpl(DefaultImpl):
    """Operations on MySQL, and on MariaDB where they are the same."""

    __dialect__ = "mysql"
    transactional_ddl = False
    type_synonyms = (*DefaultImpl.type_synonyms, {"BOOL", "TINYINT"}, {"JSON", "LONGTEXT"})
    type_arg_extract = [r"character set ([\w\-_]+)", r"collate ([\w\-_]+)"]  # noqa: RUF012  # Alembic's kind of value

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
        """Alter a column: by its default alone where that is all, otherwise by writing it again.

        Raises:
            OperationError: the revision does not say the type of the column.
            OfflineUnsupported: it does not say whether the column is nullable, and there is no database to ask.
        """
        if any(isinstance(default, Computed | Identity) for default in (server_default, existing_server_default)):
            known = {"schema": schema, "existing_server_default": existing_server_default}
            self._alter_default(table_name, column_name, None if server_default is False else server_default, known)
        known_type = type_ if type_ is not None else existing_type
        changes = name is not None or _default_needs_change(known_type, server_default)
        modifies = any((nullable is not None, type_ is not None, autoincrement is not None, comment is not False))
        if not changes and not modifies:
            if server_default is not False:
                self._exec(MySQLAlterDefault(table_name, column_name, server_default, schema=schema))
            return
        if nullable is None and known_type is not None:
            nullable = existing_nullable
            if nullable is None:
                nullable = self._ask_nullable(table_name, column_name, schema)
        whole: dict[str, Any] = {
            "schema": schema,
            "type_": known_type,
            "nullable": nullable,
            "default": server_default if server_default is not False else existing_server_default,
            "autoincrement": autoincrement if autoincrement is not None else existing_autoincrement,
            "comment": comment if comment is not False else existing_comment,
        }
        if changes:
            newname = name if name is not None else column_name
            self._exec(MySQLChangeColumn(table_name, column_name, newname=newname, **whole))
        else:
            self._exec(MySQLModifyColumn(table_name, column_name, **whole))

    def _ask_nullable(self, table_name: str, column_name: str, schema: str | None) -> bool:
        """Return whether the column is nullable in the database; writing it again would otherwise make it so."""
        if self.as_sql:
            message = (
                f"alter_column {table_name}.{column_name}: MySQL writes the whole column again, and the revision does "
                "not say whether it is nullable; offline there is no database to ask. Add existing_nullable=."
            )
            raise OfflineUnsupported(message, table=table_name, column=column_name)
        columns = table("columns", *map(column, _COLUMNS_COLUMNS), schema="information_schema")
        found = self._exec(
            select(columns.c.is_nullable).where(
                columns.c.table_schema == (schema if schema is not None else func.database()),
                columns.c.table_name == table_name,
                columns.c.column_name == column_name,
            )
        )
        return found is None or found.scalar() != "NO"

    def drop_constraint(self, const: Constraint, **kw: Any) -> None:
        """Drop a constraint by its kind; the CHECK of a type stays, since older servers never made it.

        Raises:
            OperationUnsupported: the revision does not say the kind.
            OfflineUnsupported: `if_exists` offline, on MySQL, whose SQL does not have it.
        """
        if getattr(const, "_type_bound", False):
            return
        kind = next((text for type_, text in _DROP_KINDS.items() if isinstance(const, type_)), None)
        if kind is None:
            message = (
                f"drop_constraint {const.name!r} on {const.table.name!r}: MySQL drops constraints by their kind. "
                'Add type_="foreignkey", "primary", "unique" or "check".'
            )
            raise OperationUnsupported(message, table=const.table.name, constraint=str(const.name))
        if not kw.pop("if_exists", None):
            super().drop_constraint(const, **kw)
        elif getattr(self.dialect, "is_mariadb", False) and not isinstance(const, PrimaryKeyConstraint):
            self._exec(DropConstraintIfExists(const, kind))
        elif self._constraint_exists(const):
            super().drop_constraint(const, **kw)

    def _constraint_exists(self, const: Constraint) -> bool:
        name = "PRIMARY" if isinstance(const, PrimaryKeyConstraint) else str(const.name)
        if self.as_sql:
            message = (
                f"drop_constraint {name!r} on {const.table.name!r}: MySQL has no IF EXISTS for constraints, and "
                "offline there is no database to look at. Remove if_exists=True, or run the revision online."
            )
            raise OfflineUnsupported(message, table=const.table.name, constraint=name)
        schema = const.table.schema
        constraints = table("table_constraints", *map(column, _CONSTRAINTS_COLUMNS), schema="information_schema")
        found = self._exec(
            select(func.count()).where(
                constraints.c.table_schema == (schema if schema is not None else func.database()),
                constraints.c.table_name == const.table.name,
                constraints.c.constraint_name == name,
            )
        )
        return found is not None and bool(found.scalar())


_COLUMNS_COLUMNS = ("table_schema", "table_name", "column_name", "is_nullable")
_CONSTRAINTS_COLUMNS = ("table_schema", "table_name", "constraint_name")


class MariaDBImpl(MySQLImpl):
    """Operations on MariaDB."""

    __dialect__ = "mariadb"


def _default_needs_change(type_: TypeEngine[Any] | None, default: ServerDefault | Literal[False] | None) -> bool:
    """Return whether the column is a date and time: only then may its default be a function."""
    return type_ is not None and default is not None and type_instance(type_)._type_affinity is DateTime


@compiles(MySQLAlterDefault, "mysql", "mariadb")
def visit_alter_default(element: MySQLAlterDefault, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Return ALTER COLUMN ... SET or DROP DEFAULT."""
    table_ = alter_table(compiler, element.table_name, element.schema)
    altered = f"{table_} {alter_column(compiler, element.column_name)}"
    if element.default is None:
        return f"{altered} DROP DEFAULT"
    return f"{altered} SET DEFAULT {format_server_default(compiler, element.default)}"


@compiles(MySQLModifyColumn, "mysql", "mariadb")
def visit_modify_column(element: MySQLModifyColumn, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Return MODIFY with the whole column."""
    table_ = alter_table(compiler, element.table_name, element.schema)
    name = format_column_name(compiler, element.column_name)
    return f"{table_} MODIFY {name} {_whole_column(element, compiler)}"


@compiles(MySQLChangeColumn, "mysql", "mariadb")
def visit_change_column(element: MySQLChangeColumn, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Return CHANGE with the whole column."""
    table_ = alter_table(compiler, element.table_name, element.schema)
    name = format_column_name(compiler, element.column_name)
    newname = format_column_name(compiler, element.newname)
    return f"{table_} CHANGE {name} {newname} {_whole_column(element, compiler)}"


def _whole_column(element: MySQLChangeColumn, compiler: MySQLDDLCompiler) -> str:
    parts = [format_type(compiler, element.type_), "NULL" if element.nullable else "NOT NULL"]
    if element.autoincrement:
        parts.append("AUTO_INCREMENT")
    if is_default(element.default):
        parts.append(f"DEFAULT {format_server_default(compiler, element.default)}")
    if element.comment:
        parts.append(f"COMMENT {compiler.sql_compiler.render_literal_value(element.comment, String())}")
    return " ".join(parts)


@compiles(AddColumn, "mysql", "mariadb")
def visit_add_column(element: AddColumn, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Return ADD COLUMN; foreign keys follow as clauses of the same statement, since MySQL ignores them inline."""
    clauses = [
        add_column(
            compiler,
            element.column,
            if_not_exists=element.if_not_exists,
            inline_primary_key=element.inline_primary_key,
            **kw,
        )
    ]
    if element.inline_references:
        keys = column_references(element.column)
        clauses.extend(f"ADD {compiler.process(key.constraint)}" for key in keys if key.constraint is not None)
    return f"{alter_table(compiler, element.table_name, element.schema)} {', '.join(clauses)}"


@compiles(DropConstraintIfExists, "mysql", "mariadb")
def visit_drop_constraint_if_exists(element: DropConstraintIfExists, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Return DROP kind IF EXISTS name."""
    table_ = compiler.preparer.format_table(element.constraint.table)
    name = compiler.preparer.format_constraint(element.constraint)
    return f"ALTER TABLE {table_} DROP {element.kind} IF EXISTS {name}"


@compiles(ColumnNullable, "mysql", "mariadb")
@compiles(ColumnName, "mysql", "mariadb")
@compiles(ColumnDefault, "mysql", "mariadb")
@compiles(ColumnType, "mysql", "mariadb")
def visit_individually(element: AlterColumn, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Raise: MySQL alters a column by writing it again."""
    message = (
        f"{element.table_name}.{element.column_name}: MySQL alters a column by writing it again. "
        "Use the alter_column operation, which does."
    )
    raise OperationUnsupported(message, table=str(element.table_name), column=str(element.column_name))

# ruff: noqa: ARG001, FBT001, SLF001  # @compiles passes keywords on; Alembic's signatures; SQLAlchemy's DDL internals
"""The DDL elements of ALTER and RENAME: floor 3. What SQLAlchemy has no constructs for, in standard SQL.

Each element is a value with the attributes a `@compiles` function needs; the functions below are the default
text, and the database modules of this package override what differs. Third parties import all of these names
and add their own `@compiles` functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from sqlalchemy import Column, Computed, FetchedValue, ForeignKey, Identity, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import DDLElement
from sqlalchemy.sql.elements import ClauseElement, quoted_name

from runner.dialects.unsupported import OperationUnsupported

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import Compiled, DDLCompiler
    from sqlalchemy.types import TypeEngine

__all__ = [
    "AddColumn",
    "AlterColumn",
    "AlterTable",
    "ColumnComment",
    "ColumnDefault",
    "ColumnName",
    "ColumnNullable",
    "ColumnType",
    "ComputedColumnDefault",
    "DropColumn",
    "IdentityColumnDefault",
    "Name",
    "RenameTable",
    "ServerDefault",
    "add_column",
    "alter_column",
    "alter_table",
    "column_references",
    "column_specification",
    "drop_column",
    "format_column_name",
    "format_server_default",
    "format_table_name",
    "format_type",
    "is_default",
    "quote_dotted",
    "type_instance",
    "visit_add_column",
    "visit_column_comment",
    "visit_column_default",
    "visit_column_name",
    "visit_column_nullable",
    "visit_column_type",
    "visit_computed_column",
    "visit_drop_column",
    "visit_identity_column",
    "visit_rename_table",
]

Name: TypeAlias = "quoted_name | str"
ServerDefault: TypeAlias = "FetchedValue | ClauseElement | str"
"""A server default as SQLAlchemy accepts it; Computed and Identity are FetchedValues."""


class AlterTable(DDLElement):
    """Something done to one table."""

    def __init__(self, table_name: Name, schema: Name | None = None) -> None:
        self.table_name = table_name
        self.schema = schema


class RenameTable(AlterTable):
    """ALTER TABLE ... RENAME TO."""

    def __init__(self, old_table_name: Name, new_table_name: Name, schema: Name | None = None) -> None:
        super().__init__(old_table_name, schema=schema)
        self.new_table_name = new_table_name


class AddColumn(AlterTable):
    """ALTER TABLE ... ADD COLUMN.

    Args:
        name: the table.
        column: as declared in the model; may carry foreign keys and checks.
        schema: of the table.
        if_not_exists: do nothing when the column is there.
        inline_references: write the foreign keys in the column specification.
        inline_primary_key: write PRIMARY KEY in the column specification.
    """

    def __init__(
        self,
        name: Name,
        column: Column[Any],
        schema: Name | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
    ) -> None:
        super().__init__(name, schema=schema)
        self.column = column
        self.if_not_exists = if_not_exists
        self.inline_references = inline_references
        self.inline_primary_key = inline_primary_key


class DropColumn(AlterTable):
    """ALTER TABLE ... DROP COLUMN."""

    def __init__(
        self,
        name: Name,
        column: Column[Any],
        schema: Name | None = None,
        if_exists: bool | None = None,
    ) -> None:
        super().__init__(name, schema=schema)
        self.column = column
        self.if_exists = if_exists


class AlterColumn(AlterTable):
    """Something done to one column, with what is known about it."""

    def __init__(
        self,
        name: Name,
        column_name: Name,
        schema: Name | None = None,
        existing_type: TypeEngine[Any] | None = None,
        existing_nullable: bool | None = None,
        existing_server_default: ServerDefault | bool | None = None,
        existing_comment: str | None = None,
    ) -> None:
        super().__init__(name, schema=schema)
        self.column_name = column_name
        self.existing_type = None if existing_type is None else type_instance(existing_type)
        self.existing_nullable = existing_nullable
        self.existing_server_default = existing_server_default
        self.existing_comment = existing_comment


class ColumnNullable(AlterColumn):
    """SET or DROP NOT NULL."""

    def __init__(self, name: Name, column_name: Name, nullable: bool, **kw: Any) -> None:
        super().__init__(name, column_name, **kw)
        self.nullable = nullable


class ColumnType(AlterColumn):
    """A new type."""

    def __init__(self, name: Name, column_name: Name, type_: TypeEngine[Any], **kw: Any) -> None:
        super().__init__(name, column_name, **kw)
        self.type_ = type_instance(type_)


class ColumnName(AlterColumn):
    """A new name."""

    def __init__(self, name: Name, column_name: Name, newname: Name, **kw: Any) -> None:
        super().__init__(name, column_name, **kw)
        self.newname = newname


class ColumnDefault(AlterColumn):
    """A new server default, or none."""

    def __init__(self, name: Name, column_name: Name, default: ServerDefault | None, **kw: Any) -> None:
        super().__init__(name, column_name, **kw)
        self.default = default


class ComputedColumnDefault(AlterColumn):
    """A generation expression added or removed."""

    def __init__(self, name: Name, column_name: Name, default: Computed | None, **kw: Any) -> None:
        super().__init__(name, column_name, **kw)
        self.default = default


class IdentityColumnDefault(AlterColumn):
    """An identity added, removed or changed; `impl` knows how identities compare."""

    def __init__(self, name: Name, column_name: Name, default: Identity | None, impl: Any, **kw: Any) -> None:
        super().__init__(name, column_name, **kw)
        self.default = default
        self.impl = impl


class ColumnComment(AlterColumn):
    """A new comment, or none."""

    def __init__(self, name: Name, column_name: Name, comment: str | None, **kw: Any) -> None:
        super().__init__(name, column_name, **kw)
        self.comment = comment


def is_default(default: ServerDefault | bool | None) -> TypeGuard[ServerDefault]:
    """Return whether there is a default: None says there is none, False that none is known."""
    return default is not None and default is not False


def type_instance(type_: Any) -> TypeEngine[Any]:
    """Return the type; a class stands for its instance without arguments."""
    instance: TypeEngine[Any] = type_() if isinstance(type_, type) else type_
    return instance


# --- the default text ---------------------------------------------------------------------------------------------


@compiles(RenameTable)
def visit_rename_table(element: RenameTable, compiler: DDLCompiler, **kw: Any) -> str:
    """Return ALTER TABLE old RENAME TO new."""
    table = alter_table(compiler, element.table_name, element.schema)
    return f"{table} RENAME TO {format_table_name(compiler, element.new_table_name, element.schema)}"


@compiles(AddColumn)
def visit_add_column(element: AddColumn, compiler: DDLCompiler, **kw: Any) -> str:
    """Return ALTER TABLE ... ADD COLUMN with the whole column specification."""
    clause = add_column(
        compiler,
        element.column,
        if_not_exists=element.if_not_exists,
        inline_references=element.inline_references,
        inline_primary_key=element.inline_primary_key,
        **kw,
    )
    return f"{alter_table(compiler, element.table_name, element.schema)} {clause}"


@compiles(DropColumn)
def visit_drop_column(element: DropColumn, compiler: DDLCompiler, **kw: Any) -> str:
    """Return ALTER TABLE ... DROP COLUMN."""
    clause = drop_column(compiler, element.column.name, if_exists=element.if_exists, **kw)
    return f"{alter_table(compiler, element.table_name, element.schema)} {clause}"


@compiles(ColumnNullable)
def visit_column_nullable(element: ColumnNullable, compiler: DDLCompiler, **kw: Any) -> str:
    """Return ALTER COLUMN ... SET or DROP NOT NULL."""
    return f"{_altered_column(element, compiler)} {'DROP' if element.nullable else 'SET'} NOT NULL"


@compiles(ColumnType)
def visit_column_type(element: ColumnType, compiler: DDLCompiler, **kw: Any) -> str:
    """Return ALTER COLUMN ... TYPE."""
    return f"{_altered_column(element, compiler)} TYPE {format_type(compiler, element.type_)}"


@compiles(ColumnName)
def visit_column_name(element: ColumnName, compiler: DDLCompiler, **kw: Any) -> str:
    """Return ALTER TABLE ... RENAME old TO new."""
    table = alter_table(compiler, element.table_name, element.schema)
    old = format_column_name(compiler, element.column_name)
    return f"{table} RENAME {old} TO {format_column_name(compiler, element.newname)}"


@compiles(ColumnDefault)
def visit_column_default(element: ColumnDefault, compiler: DDLCompiler, **kw: Any) -> str:
    """Return ALTER COLUMN ... SET or DROP DEFAULT."""
    column = _altered_column(element, compiler)
    if element.default is None:
        return f"{column} DROP DEFAULT"
    return f"{column} SET DEFAULT {format_server_default(compiler, element.default)}"


@compiles(ColumnComment)
def visit_column_comment(element: ColumnComment, compiler: DDLCompiler, **kw: Any) -> str:
    """Raise: comments have no standard statement."""
    message = (
        f"{compiler.dialect.name} has no comments, so {element.table_name}.{element.column_name} cannot get one. "
        "Leave comment= out for this dialect."
    )
    raise OperationUnsupported(message, table=element.table_name, column=element.column_name)


@compiles(ComputedColumnDefault)
def visit_computed_column(element: ComputedColumnDefault, compiler: DDLCompiler, **kw: Any) -> str:
    """Raise: no database turns a column into a generated one, or back."""
    message = (
        f"The generation expression of {element.table_name}.{element.column_name} cannot be added, changed or removed "
        "in place. Add a new column with the expression, or drop this one and add it again."
    )
    raise OperationUnsupported(message, table=element.table_name, column=element.column_name)


@compiles(IdentityColumnDefault)
def visit_identity_column(element: IdentityColumnDefault, compiler: DDLCompiler, **kw: Any) -> str:
    """Raise: identities cannot be altered on this database."""
    message = (
        f"{compiler.dialect.name} cannot add, change or remove the identity of {element.table_name}."
        f"{element.column_name} in place. Create a new column or table with it and move the rows."
    )
    raise OperationUnsupported(message, table=element.table_name, column=element.column_name)


# --- helpers for @compiles functions -------------------------------------------------------------------------------


def quote_dotted(name: Name, quote: Callable[[str], str]) -> Name:
    """Quote each part of a dotted name; a name with explicit quoting is one part."""
    if isinstance(name, quoted_name) and name.quote is not None:
        return quote(name)
    return ".".join(quote(part) for part in name.split("."))


def format_table_name(compiler: Compiled, name: Name, schema: Name | None) -> Name:
    """Return the quoted table name, with its schema if there is one."""
    quote: Callable[[str], str] = compiler.preparer.quote
    return f"{quote_dotted(schema, quote)}.{quote(name)}" if schema else quote(name)


def format_column_name(compiler: DDLCompiler, name: Name | None) -> Name:
    """Return the quoted column name."""
    assert name is not None
    return compiler.preparer.quote(name)


def format_server_default(compiler: DDLCompiler, default: ServerDefault | None) -> str:
    """Return the default as it stands behind DEFAULT: strings quoted, expressions as they are."""
    server_default: Any = default
    rendered = compiler.get_column_default_string(Column("c", Integer, server_default=server_default))
    assert rendered is not None
    return rendered


def format_type(compiler: DDLCompiler, type_: TypeEngine[Any]) -> str:
    """Return the type in the dialect's words."""
    return compiler.dialect.type_compiler_instance.process(type_)


def alter_table(compiler: DDLCompiler, name: Name, schema: Name | None) -> str:
    """Return ALTER TABLE with the table's name."""
    return f"ALTER TABLE {format_table_name(compiler, name, schema)}"


def alter_column(compiler: DDLCompiler, name: Name) -> str:
    """Return ALTER COLUMN with the column's name."""
    return f"ALTER COLUMN {format_column_name(compiler, name)}"


def drop_column(compiler: DDLCompiler, name: Name, if_exists: bool | None = None, **kw: Any) -> str:
    """Return DROP COLUMN with the column's name."""
    return f"DROP COLUMN {'IF EXISTS ' if if_exists else ''}{format_column_name(compiler, name)}"


def add_column(
    compiler: DDLCompiler,
    column: Column[Any],
    if_not_exists: bool | None = None,
    inline_references: bool | None = None,
    inline_primary_key: bool | None = None,
    **kw: Any,
) -> str:
    """Return ADD COLUMN with the column's whole specification."""
    specification = column_specification(
        compiler, column, inline_references=inline_references, inline_primary_key=inline_primary_key, **kw
    )
    return f"ADD COLUMN {'IF NOT EXISTS ' if if_not_exists else ''}{specification}"


def column_specification(
    compiler: DDLCompiler,
    column: Column[Any],
    *,
    inline_references: bool | None = None,
    inline_primary_key: bool | None = None,
    **kw: Any,
) -> str:
    """Return name, type, default, nullability and the constraints that belong to the column alone."""
    parts = [compiler.get_column_specification(column, **kw)]
    if inline_primary_key and column.primary_key:
        parts.append("PRIMARY KEY")
    if inline_references:
        parts.extend(_inline_reference(compiler, key) for key in column_references(column))
    own = sorted(column.constraints, key=lambda constraint: constraint._creation_order)
    parts.extend(compiler.process(constraint) for constraint in own)
    return " ".join(part for part in parts if part)


def column_references(column: Column[Any]) -> list[ForeignKey]:
    """Return the foreign keys of the column, in the order they were declared."""
    return sorted(column.foreign_keys, key=lambda key: key.constraint._creation_order if key.constraint else 0)


def _inline_reference(compiler: DDLCompiler, key: ForeignKey) -> str:
    """Return REFERENCES for one foreign key, with its name if it has one."""
    constraint: Any = key.constraint if key.constraint is not None else key
    named = key.constraint is not None and key.constraint.name is not None
    name = compiler.preparer.format_constraint(constraint) if named else None
    target = key.column
    text = f"CONSTRAINT {name} " if name else ""
    remote = compiler.define_constraint_remote_table(constraint, target.table, compiler.preparer)  # type: ignore[no-untyped-call]
    text += f"REFERENCES {remote} ({compiler.preparer.quote(target.name)})"
    text += compiler.define_constraint_match(constraint)
    text += compiler.define_constraint_cascades(constraint)
    return text + compiler.define_constraint_deferrability(constraint)


def _altered_column(element: AlterColumn, compiler: DDLCompiler) -> str:
    table = alter_table(compiler, element.table_name, element.schema)
    return f"{table} {alter_column(compiler, element.column_name)}"

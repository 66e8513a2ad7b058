# ruff: noqa: ARG001  # @compiles passes keywords on
"""PostgreSQL's enum types, extensions and replaceable objects: floor 3, a part of `postgresql`.

Source: PostgreSQL manual, CREATE and ALTER TYPE, CREATE EXTENSION, CREATE VIEW, MATERIALIZED VIEW, FUNCTION, TRIGGER.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.compiler import compiles

from runner.dialects.ddl import (
    ColumnDefault,
    alter_column,
    alter_table,
    format_column_name,
    format_table_name,
    quote_dotted,
)
from runner.dialects.object_ddl import (
    AddEnumValue,
    AlterEnumColumn,
    CreateEnum,
    CreateExtension,
    CreateMaterializedView,
    CreateTrigger,
    DropEnum,
    DropExtension,
    DropFunction,
    DropTrigger,
    RefreshMaterializedView,
    RenameEnum,
    RenameEnumValue,
    create_words,
    drop_words,
    format_definition,
    format_object_name,
    format_view_columns,
    literal_text,
    raw,
)
from runner.dialects.objects import ObjectImpl
from runner.errors import OperationError
from runner.operations.replaceable import Function, MaterializedView, Replaceable, Trigger

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql.base import PGDDLCompiler
    from sqlalchemy.engine import Connection

    from runner.operations.ops.enums import EnumColumn

__all__ = ["PostgresqlObjects"]

_LONGEST_NAME = 63
_NEW = "__new"
_ENUM_MEMO = "pg_enum"
"""Where SQLAlchemy notes the enum types that have been created."""


class PostgresqlObjects(ObjectImpl):
    """The part of `PostgresqlImpl` for what is neither table nor column."""

    as_sql: bool
    memo: dict[Any, Any]
    connection: Connection | None

    database_name = "PostgreSQL"
    without_enums = None
    drop_schema_cascades = None
    supports_extensions = True
    object_kinds = ObjectImpl.object_kinds | {"materialized view"}
    replaced_in_place = frozenset({"view", "function", "procedure", "trigger"})
    supports_constraint_triggers = True
    supports_drop_cascade = True

    # --- enum types ------------------------------------------------------------------------------------------------

    def create_enum(
        self, enum_name: str, values: Sequence[str], *, schema: str | None = None, if_not_exists: bool = False
    ) -> None:
        """Create an enum type."""
        self._exec(CreateEnum(enum_name, values, schema, if_not_exists=if_not_exists))
        self.memo.setdefault(_ENUM_MEMO, set()).add((schema, enum_name))  # create_table must not create it again

    def drop_enum(self, enum_name: str, *, schema: str | None = None, if_exists: bool = False) -> None:
        """Drop an enum type."""
        self._exec(DropEnum(enum_name, schema, if_exists=if_exists))
        self.memo.setdefault(_ENUM_MEMO, set()).discard((schema, enum_name))

    def add_enum_value(
        self,
        enum_name: str,
        value: str,
        *,
        before: str | None = None,
        after: str | None = None,
        if_not_exists: bool = False,
        schema: str | None = None,
    ) -> None:
        """Add a value to an enum type.

        Raises:
            OperationError: the server is older than 12 and a transaction is open.
        """
        self._refuse_in_old_transaction(enum_name, value)
        self._exec(AddEnumValue(enum_name, value, schema, before=before, after=after, if_not_exists=if_not_exists))

    def _refuse_in_old_transaction(self, enum_name: str, value: str) -> None:
        version = getattr(self.dialect, "server_version_info", None)
        if self.as_sql or self.connection is None or not version or version >= (12,):
            return
        driver = self.connection.connection.dbapi_connection
        if getattr(driver, "autocommit", False) is True:
            return
        raise OperationError(
            f"add_enum_value {enum_name}: PostgreSQL before version 12 cannot add a value in a transaction. "
            f"Put op.add_enum_value({enum_name!r}, {value!r}) into `with op.get_context().autocommit_block():`.",
            enum=enum_name,
        )

    def rename_enum_value(self, enum_name: str, value: str, new_value: str, *, schema: str | None = None) -> None:
        """Rename a value of an enum type."""
        self._exec(RenameEnumValue(enum_name, value, new_value, schema))

    def replace_enum_values(
        self,
        enum_name: str,
        values: Sequence[str],
        *,
        columns: Sequence[EnumColumn],
        mapping: Mapping[str, str],
        schema: str | None = None,
    ) -> None:
        """Make a new type, take the columns over to it, drop the old one and give the new one its name.

        The defaults come last: one that names the type means the new one then.
        """
        _refuse_chained(enum_name, columns, mapping)
        new_name = enum_name[: _LONGEST_NAME - len(_NEW)] + _NEW
        self._exec(CreateEnum(new_name, values, schema))
        for column in columns:
            if column.server_default is not None and column.server_default is not False:
                self._exec(ColumnDefault(column.table, column.column, None, schema=column.schema_or(schema)))
            self._exec(AlterEnumColumn(new_name, column, mapping, schema))
        self._exec(DropEnum(enum_name, schema))
        self._exec(RenameEnum(new_name, enum_name, schema))
        for column in columns:
            default = column.default_after(mapping)
            if default is not None and default is not False:
                self._exec(ColumnDefault(column.table, column.column, default, schema=column.schema_or(schema)))

    # --- replaceable objects ---------------------------------------------------------------------------------------

    def _can_replace(self, older: Replaceable, target: Replaceable) -> bool:
        if isinstance(target, Trigger) and isinstance(older, Trigger):
            version = getattr(self.dialect, "server_version_info", None)
            if target.constraint or older.constraint or (not self.as_sql and version and version < (14,)):
                return False  # OR REPLACE came with 14, and not for constraint triggers
        return super()._can_replace(older, target)


def _refuse_chained(enum_name: str, columns: Sequence[EnumColumn], mapping: Mapping[str, str]) -> None:
    """Raise where items of an array would be renamed twice: they are replaced value by value."""
    arrays = [column for column in columns if column.array]
    chained = sorted(set(mapping) & set(mapping.values()))
    if arrays and chained:
        raise OperationError(
            f"replace_enum_values {enum_name}: mapping takes {', '.join(chained)} somewhere and something to it, which "
            f"the array {arrays[0].table}.{arrays[0].column} cannot follow. Do it in two operations.",
            enum=enum_name,
        )


# --- enum types -------------------------------------------------------------------------------------------------------


@compiles(CreateEnum, "postgresql")
def visit_create_enum(element: CreateEnum, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return CREATE TYPE, in a DO block that ignores its failing if asked for: there is no IF NOT EXISTS."""
    values = ", ".join(literal_text(compiler, value) for value in element.values)
    name = format_table_name(compiler, element.enum_name, element.schema)
    create = f"CREATE TYPE {name} AS ENUM ({values})"
    if not element.if_not_exists:
        return create
    quote = "$create$"
    while quote in create:
        quote = f"{quote[:-1]}_$"
    return f"DO {quote} BEGIN {create}; EXCEPTION WHEN duplicate_object THEN NULL; END {quote}"


@compiles(DropEnum, "postgresql")
def visit_drop_enum(element: DropEnum, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return DROP TYPE."""
    name = format_table_name(compiler, element.enum_name, element.schema)
    return f"DROP TYPE {'IF EXISTS ' if element.if_exists else ''}{name}"


@compiles(RenameEnum, "postgresql")
def visit_rename_enum(element: RenameEnum, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return ALTER TYPE ... RENAME TO, where the new name is never qualified."""
    new_name = format_table_name(compiler, element.new_name, None)
    return f"{_alter_type(compiler, element.enum_name, element.schema)} RENAME TO {new_name}"


@compiles(AddEnumValue, "postgresql")
def visit_add_enum_value(element: AddEnumValue, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return ALTER TYPE ... ADD VALUE, with its place if given."""
    text = f"{_alter_type(compiler, element.enum_name, element.schema)} ADD VALUE "
    text += f"{'IF NOT EXISTS ' if element.if_not_exists else ''}{literal_text(compiler, element.value)}"
    if element.before is not None:
        text += f" BEFORE {literal_text(compiler, element.before)}"
    if element.after is not None:
        text += f" AFTER {literal_text(compiler, element.after)}"
    return text


@compiles(RenameEnumValue, "postgresql")
def visit_rename_enum_value(element: RenameEnumValue, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return ALTER TYPE ... RENAME VALUE."""
    value, new_value = literal_text(compiler, element.value), literal_text(compiler, element.new_value)
    return f"{_alter_type(compiler, element.enum_name, element.schema)} RENAME VALUE {value} TO {new_value}"


@compiles(AlterEnumColumn, "postgresql")
def visit_alter_enum_column(element: AlterEnumColumn, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return ALTER COLUMN ... TYPE with the values converted through text."""
    column = element.column
    type_ = str(format_table_name(compiler, element.enum_name, element.schema)) + ("[]" if column.array else "")
    table = alter_table(compiler, column.table, column.schema_or(element.schema))
    converted = _converted(element, compiler)
    return f"{table} {alter_column(compiler, column.column)} TYPE {type_} USING {converted}::{type_}"


def _converted(element: AlterEnumColumn, compiler: PGDDLCompiler) -> str:
    """Return the value of the column as text, or texts, under its new name."""
    name = format_column_name(compiler, element.column.column)
    pairs = [(literal_text(compiler, old), literal_text(compiler, new)) for old, new in element.mapping.items()]
    if element.column.array:
        value = f"{name}::text[]"
        for old, new in pairs:
            value = f"array_replace({value}, {old}, {new})"
        return value
    whens = " ".join(f"WHEN {old} THEN {new}" for old, new in pairs)
    return f"(CASE {name}::text {whens} ELSE {name}::text END)" if pairs else f"{name}::text"


def _alter_type(compiler: PGDDLCompiler, name: str, schema: str | None) -> str:
    return f"ALTER TYPE {format_table_name(compiler, name, schema)}"


# --- extensions -------------------------------------------------------------------------------------------------------


@compiles(CreateExtension, "postgresql")
def visit_create_extension(element: CreateExtension, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return CREATE EXTENSION with its options."""
    quote = compiler.preparer.quote
    text = f"CREATE EXTENSION {'IF NOT EXISTS ' if element.if_not_exists else ''}{quote(element.extension_name)}"
    if element.schema is not None:
        text += f" SCHEMA {quote_dotted(element.schema, quote)}"
    if element.version is not None:
        text += f" VERSION {literal_text(compiler, element.version)}"
    return f"{text} CASCADE" if element.cascade else text


@compiles(DropExtension, "postgresql")
def visit_drop_extension(element: DropExtension, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return DROP EXTENSION."""
    name = compiler.preparer.quote(element.extension_name)
    cascade = " CASCADE" if element.cascade else ""
    return f"DROP EXTENSION {'IF EXISTS ' if element.if_exists else ''}{name}{cascade}"


# --- replaceable objects ----------------------------------------------------------------------------------------------


@compiles(CreateMaterializedView, "postgresql")
def visit_create_materialized_view(element: CreateMaterializedView, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return CREATE MATERIALIZED VIEW; WITH NO DATA stands on a line of its own, safe from a comment."""
    view: MaterializedView = element.target
    name = f"{format_object_name(compiler, view)}{format_view_columns(compiler, view)}"
    options = f" {raw(compiler, view.options)}" if view.options else ""
    data = "" if view.with_data else "\nWITH NO DATA"
    return f"{create_words(element)} {name}{options} AS\n{format_definition(compiler, view)}{data}"


@compiles(RefreshMaterializedView, "postgresql")
def visit_refresh_materialized_view(element: RefreshMaterializedView, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return REFRESH MATERIALIZED VIEW."""
    name = format_table_name(compiler, element.view_name, element.schema)
    concurrently = "CONCURRENTLY " if element.concurrently else ""
    return f"REFRESH MATERIALIZED VIEW {concurrently}{name}{'' if element.with_data else ' WITH NO DATA'}"


@compiles(CreateTrigger, "postgresql")
def visit_create_trigger(element: CreateTrigger, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return CREATE TRIGGER, where the name is never qualified: it belongs to the table."""
    trigger: Trigger = element.target
    words = create_words(element)
    if trigger.constraint:
        words = words.replace("TRIGGER", "CONSTRAINT TRIGGER")
    table = format_table_name(compiler, trigger.table, trigger.schema)
    head = f"{words} {compiler.preparer.quote(trigger.name)}\n{raw(compiler, trigger.event)} ON {table}"
    return f"{head}\n{format_definition(compiler, trigger)}"


@compiles(DropTrigger, "postgresql")
def visit_drop_trigger(element: DropTrigger, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return DROP TRIGGER ... ON.

    Raises:
        OperationError: the table is not known.
    """
    trigger: Trigger = element.target
    if not trigger.table:
        raise OperationError(
            f"drop_trigger {trigger.name}: on PostgreSQL a trigger belongs to its table. Give the table's name too."
        )
    table = format_table_name(compiler, trigger.table, trigger.schema)
    cascade = " CASCADE" if element.cascade else ""
    return f"{drop_words(element)} {compiler.preparer.quote(trigger.name)} ON {table}{cascade}"


@compiles(DropFunction, "postgresql")
def visit_drop_function(element: DropFunction, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return DROP FUNCTION or PROCEDURE with the signature, which tells overloads apart."""
    function: Function = element.target
    name = f"{format_object_name(compiler, function)}({raw(compiler, function.signature)})"
    return f"{drop_words(element)} {name}{' CASCADE' if element.cascade else ''}"

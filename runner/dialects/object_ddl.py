# ruff: noqa: ARG001  # @compiles passes keywords on
"""The DDL elements of enum types, sequences, extensions and replaceable objects: floor 3.

Values with the attributes a `@compiles` function needs, and their default text; what differs per database is in
its module. SQLAlchemy has the elements for CREATE and DROP of sequences and schemas itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import DDLElement
from sqlalchemy.types import String

from runner.dialects.ddl import format_table_name
from runner.dialects.statement_kind import without_terminator
from runner.errors import OperationError
from runner.operations.replaceable import Function, MaterializedView, Replaceable, Trigger, View

if TYPE_CHECKING:
    from sqlalchemy.schema import Sequence as SequenceItem
    from sqlalchemy.sql.compiler import DDLCompiler

    from runner.operations.ops.enums import EnumColumn

__all__ = [
    "AddEnumValue",
    "AlterEnumColumn",
    "AlterSequence",
    "CreateEnum",
    "CreateExtension",
    "CreateFunction",
    "CreateMaterializedView",
    "CreateReplaceable",
    "CreateTrigger",
    "CreateView",
    "DropEnum",
    "DropExtension",
    "DropFunction",
    "DropMaterializedView",
    "DropReplaceable",
    "DropTrigger",
    "DropView",
    "RefreshMaterializedView",
    "RenameEnum",
    "RenameEnumValue",
    "create_element",
    "create_words",
    "drop_element",
    "drop_words",
    "format_arguments",
    "format_definition",
    "format_object_name",
    "format_view_columns",
    "literal_text",
    "raw",
    "refuse_idle_change",
    "visit_alter_sequence",
    "visit_create_function",
    "visit_create_trigger",
    "visit_create_view",
    "visit_drop_replaceable",
]


# --- enum types -------------------------------------------------------------------------------------------------------


class _EnumElement(DDLElement):
    def __init__(self, enum_name: str, schema: str | None = None) -> None:
        self.enum_name = enum_name
        self.schema = schema


class CreateEnum(_EnumElement):
    """CREATE TYPE ... AS ENUM."""

    def __init__(
        self, enum_name: str, values: Sequence[str], schema: str | None = None, *, if_not_exists: bool = False
    ) -> None:
        super().__init__(enum_name, schema)
        self.values = tuple(values)
        self.if_not_exists = if_not_exists


class DropEnum(_EnumElement):
    """DROP TYPE."""

    def __init__(self, enum_name: str, schema: str | None = None, *, if_exists: bool = False) -> None:
        super().__init__(enum_name, schema)
        self.if_exists = if_exists


class RenameEnum(_EnumElement):
    """ALTER TYPE ... RENAME TO."""

    def __init__(self, enum_name: str, new_name: str, schema: str | None = None) -> None:
        super().__init__(enum_name, schema)
        self.new_name = new_name


class AddEnumValue(_EnumElement):
    """ALTER TYPE ... ADD VALUE."""

    def __init__(
        self,
        enum_name: str,
        value: str,
        schema: str | None = None,
        *,
        before: str | None = None,
        after: str | None = None,
        if_not_exists: bool = False,
    ) -> None:
        super().__init__(enum_name, schema)
        self.value = value
        self.before = before
        self.after = after
        self.if_not_exists = if_not_exists


class RenameEnumValue(_EnumElement):
    """ALTER TYPE ... RENAME VALUE."""

    def __init__(self, enum_name: str, value: str, new_value: str, schema: str | None = None) -> None:
        super().__init__(enum_name, schema)
        self.value = value
        self.new_value = new_value


class AlterEnumColumn(_EnumElement):
    """ALTER COLUMN ... TYPE to another enum type, the values taken over as text.

    Args:
        enum_name: the new type.
        column: the column.
        mapping: old value -> new value, where it is another.
        schema: of the type.
    """

    def __init__(
        self, enum_name: str, column: EnumColumn, mapping: Mapping[str, str], schema: str | None = None
    ) -> None:
        super().__init__(enum_name, schema)
        self.column = column
        self.mapping = dict(mapping)


# --- sequences and extensions -----------------------------------------------------------------------------------------


class AlterSequence(DDLElement):
    """ALTER SEQUENCE with the options that change.

    Args:
        sequence: of just those options.
        restart: the next value; True is the start value, None leaves it.
    """

    def __init__(self, sequence: SequenceItem, restart: int | bool | None = None) -> None:  # noqa: FBT001  # a value
        self.sequence = sequence
        self.restart = restart


class CreateExtension(DDLElement):
    """CREATE EXTENSION."""

    def __init__(
        self,
        extension_name: str,
        *,
        schema: str | None = None,
        version: str | None = None,
        if_not_exists: bool = False,
        cascade: bool = False,
    ) -> None:
        self.extension_name = extension_name
        self.schema = schema
        self.version = version
        self.if_not_exists = if_not_exists
        self.cascade = cascade


class DropExtension(DDLElement):
    """DROP EXTENSION."""

    def __init__(self, extension_name: str, *, if_exists: bool = False, cascade: bool = False) -> None:
        self.extension_name = extension_name
        self.if_exists = if_exists
        self.cascade = cascade


@compiles(AlterSequence)
def visit_alter_sequence(element: AlterSequence, compiler: DDLCompiler, **kw: Any) -> str:
    """Return ALTER SEQUENCE with each option, RESTART last."""
    parts = [f"ALTER SEQUENCE {compiler.preparer.format_sequence(element.sequence)}"]
    if element.sequence.data_type is not None:
        parts.append(f"AS {compiler.dialect.type_compiler_instance.process(element.sequence.data_type)}")
    parts.append(compiler.get_identity_options(element.sequence))
    refuse_idle_change(element, *parts[1:])
    if element.restart is not None and element.restart is not False:
        parts.append("RESTART" if element.restart is True else f"RESTART WITH {element.restart}")
    return " ".join(part for part in parts if part)


def refuse_idle_change(element: AlterSequence, *options: str) -> None:
    """Raise where neither an option nor RESTART is given: no database takes a bare ALTER SEQUENCE."""
    if (element.restart is None or element.restart is False) and not any(options):
        raise OperationError(
            f"alter_sequence {element.sequence.name}: nothing is said to change. Give restart= or an option, such as "
            "increment=, or remove the call.",
            sequence=element.sequence.name,
        )


# --- replaceable objects ----------------------------------------------------------------------------------------------


class CreateReplaceable(DDLElement):
    """CREATE of an object from its definition; the base of `CreateView` and the like."""

    def __init__(self, target: Replaceable, *, or_replace: bool = False) -> None:
        self.target: Any = target
        self.or_replace = or_replace


class CreateView(CreateReplaceable):
    """CREATE VIEW."""


class CreateMaterializedView(CreateReplaceable):
    """CREATE MATERIALIZED VIEW, without its indexes."""


class CreateFunction(CreateReplaceable):
    """CREATE FUNCTION or PROCEDURE."""


class CreateTrigger(CreateReplaceable):
    """CREATE TRIGGER."""


class DropReplaceable(DDLElement):
    """DROP of an object; the base of `DropView` and the like."""

    def __init__(self, target: Replaceable, *, if_exists: bool = False, cascade: bool = False) -> None:
        self.target: Any = target
        self.if_exists = if_exists
        self.cascade = cascade


class DropView(DropReplaceable):
    """DROP VIEW."""


class DropMaterializedView(DropReplaceable):
    """DROP MATERIALIZED VIEW."""


class DropFunction(DropReplaceable):
    """DROP FUNCTION or PROCEDURE."""


class DropTrigger(DropReplaceable):
    """DROP TRIGGER."""


class RefreshMaterializedView(DDLElement):
    """REFRESH MATERIALIZED VIEW."""

    def __init__(
        self, view_name: str, schema: str | None = None, *, concurrently: bool = False, with_data: bool = True
    ) -> None:
        self.view_name = view_name
        self.schema = schema
        self.concurrently = concurrently
        self.with_data = with_data


_ELEMENTS: dict[type, tuple[type[CreateReplaceable], type[DropReplaceable]]] = {
    View: (CreateView, DropView),
    MaterializedView: (CreateMaterializedView, DropMaterializedView),
    Function: (CreateFunction, DropFunction),
    Trigger: (CreateTrigger, DropTrigger),
}


def create_element(target: Replaceable, *, or_replace: bool = False) -> CreateReplaceable:
    """Return the element that creates an object of this kind."""
    return _ELEMENTS[type(target)][0](target, or_replace=or_replace)


def drop_element(target: Replaceable, *, if_exists: bool = False, cascade: bool = False) -> DropReplaceable:
    """Return the element that drops an object of this kind."""
    return _ELEMENTS[type(target)][1](target, if_exists=if_exists, cascade=cascade)


@compiles(CreateView)
def visit_create_view(element: CreateView, compiler: DDLCompiler, **kw: Any) -> str:
    """Return CREATE VIEW with the options in front of AS."""
    view: View = element.target
    options = f" {raw(compiler, view.options)}" if view.options else ""
    name = f"{format_object_name(compiler, view)}{format_view_columns(compiler, view)}"
    return f"{create_words(element)} {name}{options} AS\n{format_definition(compiler, view)}"


@compiles(CreateFunction)
def visit_create_function(element: CreateFunction, compiler: DDLCompiler, **kw: Any) -> str:
    """Return CREATE FUNCTION or PROCEDURE with the arguments in parentheses."""
    function: Function = element.target
    name = format_object_name(compiler, function)
    return (
        f"{create_words(element)} {name}({raw(compiler, function.arguments)})\n{format_definition(compiler, function)}"
    )


@compiles(CreateTrigger)
def visit_create_trigger(element: CreateTrigger, compiler: DDLCompiler, **kw: Any) -> str:
    """Return CREATE TRIGGER, the event in front of the table."""
    trigger: Trigger = element.target
    table = format_table_name(compiler, trigger.table, trigger.schema)
    head = f"{create_words(element)} {format_object_name(compiler, trigger)}"
    return f"{head}\n{raw(compiler, trigger.event)} ON {table}\n{format_definition(compiler, trigger)}"


@compiles(DropView)
@compiles(DropMaterializedView)
@compiles(DropFunction)
@compiles(DropTrigger)
def visit_drop_replaceable(element: DropReplaceable, compiler: DDLCompiler, **kw: Any) -> str:
    """Return DROP with the qualified name."""
    name = format_object_name(compiler, element.target)
    return f"{drop_words(element)} {name}{' CASCADE' if element.cascade else ''}"


# --- helpers for @compiles functions ----------------------------------------------------------------------------------


def create_words(element: CreateReplaceable, or_replace: str = "OR REPLACE") -> str:
    """Return CREATE, the words for taking the place of an older object if asked for, and the kind."""
    return f"CREATE {f'{or_replace} ' if element.or_replace else ''}{element.target.kind.upper()}"


def drop_words(element: DropReplaceable) -> str:
    """Return DROP, the kind, and IF EXISTS if asked for."""
    return f"DROP {element.target.kind.upper()}{' IF EXISTS' if element.if_exists else ''}"


def format_object_name(compiler: DDLCompiler, target: Replaceable) -> str:
    """Return the quoted name, with its schema if there is one."""
    return str(format_table_name(compiler, target.name, target.schema))


def format_view_columns(compiler: DDLCompiler, view: View | MaterializedView) -> str:
    """Return the names of a view's columns in parentheses, nothing where it takes those of the query."""
    quote = compiler.preparer.quote
    return f" ({', '.join(quote(column) for column in view.columns)})" if view.columns else ""


def format_arguments(compiler: DDLCompiler, function: Function) -> str:
    """Return the arguments in parentheses, nothing where there are none: some databases do not take empty ones."""
    return f" ({raw(compiler, function.arguments)})" if function.arguments.strip() else ""


def format_definition(compiler: DDLCompiler, target: Replaceable, *, keep_semicolon: bool = False) -> str:
    """Return the definition without the white space around it, and without the terminator behind it."""
    sql = target.definition.strip()
    if not keep_semicolon:
        sql = without_terminator(sql)
    return raw(compiler, sql)


def literal_text(compiler: DDLCompiler, value: str) -> str:
    """Return the string as the dialect's literal."""
    return str(compiler.sql_compiler.render_literal_value(value, String()))


def raw(compiler: DDLCompiler, sql: str) -> str:
    """Return raw SQL as this driver needs it: percent signs doubled where it undoes that."""
    doubles: bool = compiler.preparer._double_percents  # noqa: SLF001  # SQLAlchemy has no public name for it
    return sql.replace("%", "%%") if doubles else sql

"""Operations on enum types (floor 2)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from runner.errors import OperationError
from runner.operations.ops.base import MigrateOperation

if TYPE_CHECKING:
    from sqlalchemy.types import Enum

    from runner.operations.arguments import ServerDefault
    from runner.operations.base import Operations

__all__ = [
    "AddEnumValueOp",
    "CreateEnumOp",
    "DropEnumOp",
    "EnumColumn",
    "EnumColumnArgument",
    "RenameEnumValueOp",
    "ReplaceEnumValuesOp",
]


@dataclass(frozen=True, slots=True)
class EnumColumn:
    """A column of an enum type.

    Args:
        table: without schema.
        column: the column.
        server_default: the default it has, one of the values, for an array `{a,b}`, or `text()`, which is not
            mapped; None where it has none.
        new_server_default: the default it gets; False keeps the one it has, mapped as its rows are.
        schema: of the table; None is that of the type.
        array: whether the column holds an array of the type.
    """

    table: str
    column: str
    server_default: ServerDefault = None
    _: KW_ONLY
    new_server_default: ServerDefault = False
    schema: str | None = None
    array: bool = False

    def schema_or(self, schema: str | None) -> str | None:
        """Return the schema of the table: its own, or that of the type."""
        return schema if self.schema is None else self.schema

    def default_after(self, mapping: Mapping[str, str]) -> ServerDefault:
        """Return the default the column has when values were replaced."""
        if self.new_server_default is not False:
            return self.new_server_default
        default = self.server_default
        if not isinstance(default, str):
            return default
        return _mapped_items(default, mapping) if self.array else mapping.get(default, default)


EnumColumnArgument: TypeAlias = EnumColumn | tuple[str, str] | tuple[str, str, Any]
"""A column, or (table, column), or (table, column, server default)."""


class CreateEnumOp(MigrateOperation):
    """Create an enum type.

    Attributes:
        enum_name: without schema.
        values: in their order.
        schema: None is the default schema.
        if_not_exists: do nothing where a type of that name exists.
    """

    def __init__(
        self, enum_name: str, values: Sequence[str], *, schema: str | None = None, if_not_exists: bool | None = None
    ) -> None:
        self.enum_name = enum_name
        self.values = _checked_values(enum_name, values)
        self.schema = schema
        self.if_not_exists = if_not_exists

    def reverse(self) -> DropEnumOp:
        """Return the drop that remembers the values."""
        return DropEnumOp(self.enum_name, schema=self.schema, if_exists=self.if_not_exists, existing_values=self.values)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return ("add_enum", schema, name, values)."""
        return ("add_enum", self.schema, self.enum_name, self.values)

    @classmethod
    def from_enum(cls, enum: Enum) -> CreateEnumOp:
        """Return the operation that creates the type of a column."""
        return cls(_name_of(enum), enum.enums, schema=enum.schema)

    @classmethod
    def create_enum(
        cls,
        operations: Operations,
        enum_name: str,
        values: Sequence[str],
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(enum_name, values, schema=schema, if_not_exists=if_not_exists))


class DropEnumOp(MigrateOperation):
    """Drop an enum type.

    Attributes:
        enum_name: without schema.
        schema: None is the default schema.
        if_exists: do nothing where it is gone already.
        existing_values: what the reverse creates it with; None where they are not known.
    """

    def __init__(
        self,
        enum_name: str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        existing_values: Sequence[str] | None = None,
    ) -> None:
        self.enum_name = enum_name
        self.schema = schema
        self.if_exists = if_exists
        self.existing_values = None if existing_values is None else _checked_values(enum_name, existing_values)

    def reverse(self) -> CreateEnumOp:
        """Return the operation that creates the type again.

        Raises:
            ValueError: its values are not known.
        """
        if self.existing_values is None:
            raise ValueError(
                f"Dropping the enum type {self.enum_name} cannot be reversed: its values are not known to this "
                "operation. Give them as existing_values=."
            )
        return CreateEnumOp(self.enum_name, self.existing_values, schema=self.schema, if_not_exists=self.if_exists)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return ("remove_enum", schema, name, values)."""
        return ("remove_enum", self.schema, self.enum_name, self.existing_values)

    @classmethod
    def from_enum(cls, enum: Enum) -> DropEnumOp:
        """Return the operation that drops the type of a column and remembers its values."""
        return cls(_name_of(enum), schema=enum.schema, existing_values=enum.enums)

    @classmethod
    def drop_enum(
        cls,
        operations: Operations,
        enum_name: str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        existing_values: Sequence[str] | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(enum_name, schema=schema, if_exists=if_exists, existing_values=existing_values))


class AddEnumValueOp(MigrateOperation):
    """Add a value to an enum type.

    Attributes:
        enum_name: without schema.
        value: the new value.
        before: the value it comes before.
        after: the value it comes after; without both it comes last.
        if_not_exists: do nothing where the type has the value.
        schema: None is the default schema.
        existing_values: the values before this operation; the reverse needs them.
        columns: the columns of the type; the reverse needs them.
    """

    def __init__(
        self,
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
        if before is not None and after is not None:
            raise OperationError(
                f"add_enum_value {enum_name}: {value!r} comes before={before!r} or after={after!r}, not both.",
                enum=enum_name,
            )
        self.enum_name = enum_name
        self.value = value
        self.before = before
        self.after = after
        self.if_not_exists = if_not_exists
        self.schema = schema
        self.existing_values = None if existing_values is None else _checked_values(enum_name, existing_values)
        self.columns = None if columns is None else _as_columns(columns)

    @property
    def values(self) -> tuple[str, ...] | None:
        """The values after this operation, in their order; None where the existing ones are not known."""
        if self.existing_values is None:
            return None
        if self.value in self.existing_values:
            return self.existing_values
        values = list(self.existing_values)
        position = len(values)
        if self.before in values:
            position = values.index(self.before)
        elif self.after in values:
            position = values.index(self.after) + 1
        values.insert(position, self.value)
        return tuple(values)

    def reverse(self) -> ReplaceEnumValuesOp:
        """Return the operation that makes the type anew without the value.

        Raises:
            ValueError: the existing values or the columns are not known.
        """
        if self.values is None or self.existing_values is None or self.columns is None:
            raise ValueError(
                f"Adding {self.value!r} to the enum type {self.enum_name} cannot be reversed: PostgreSQL cannot drop "
                "a value, it takes a new type for every column. Give existing_values= and columns=, or use "
                "op.replace_enum_values() in downgrade()."
            )
        return ReplaceEnumValuesOp(
            self.enum_name, self.existing_values, self.values, columns=self.columns, schema=self.schema
        )

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return ("add_enum_value", schema, enum name, value, {"before": ..., "after": ...})."""
        return (
            "add_enum_value",
            self.schema,
            self.enum_name,
            self.value,
            {"before": self.before, "after": self.after},
        )

    @classmethod
    def add_enum_value(
        cls,
        operations: Operations,
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
        """Carry out the directive of the same name."""
        operations.invoke(
            cls(
                enum_name,
                value,
                before=before,
                after=after,
                if_not_exists=if_not_exists,
                schema=schema,
                existing_values=existing_values,
                columns=columns,
            )
        )


class RenameEnumValueOp(MigrateOperation):
    """Rename a value of an enum type; rows that have it follow.

    Attributes:
        enum_name: without schema.
        value: the value as it is called now.
        new_value: the name it gets.
        schema: None is the default schema.
    """

    def __init__(self, enum_name: str, value: str, new_value: str, *, schema: str | None = None) -> None:
        self.enum_name = enum_name
        self.value = value
        self.new_value = new_value
        self.schema = schema

    def reverse(self) -> RenameEnumValueOp:
        """Return the rename back."""
        return RenameEnumValueOp(self.enum_name, self.new_value, self.value, schema=self.schema)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return ("rename_enum_value", schema, enum name, value, new value)."""
        return ("rename_enum_value", self.schema, self.enum_name, self.value, self.new_value)

    @classmethod
    def rename_enum_value(
        cls, operations: Operations, enum_name: str, value: str, new_value: str, *, schema: str | None = None
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(enum_name, value, new_value, schema=schema))


class ReplaceEnumValuesOp(MigrateOperation):
    """Make an enum type anew with other values, or with the same in another order.

    Attributes:
        enum_name: without schema.
        values: what it has afterwards, in their order.
        existing_values: what it has before.
        columns: every column of the type; one that is missing here makes the database refuse to drop the old type.
        mapping: what rows with a removed value get, removed value -> value.
        schema: None is the default schema.
    """

    def __init__(
        self,
        enum_name: str,
        values: Sequence[str],
        existing_values: Sequence[str],
        *,
        columns: Sequence[EnumColumnArgument] = (),
        mapping: Mapping[str, str] | None = None,
        schema: str | None = None,
    ) -> None:
        self.enum_name = enum_name
        self.values = _checked_values(enum_name, values)
        self.existing_values = _checked_values(enum_name, existing_values)
        self.columns = _as_columns(columns)
        self.mapping = dict(mapping or {})
        self.schema = schema
        self._check_mapping()

    def _check_mapping(self) -> None:
        for value, new_value in self.mapping.items():
            if value not in self.existing_values or new_value not in self.values:
                raise OperationError(
                    f"replace_enum_values {self.enum_name}: mapping takes {value!r} to {new_value!r}; the first must "
                    "be one of the existing values, the second one of the new values.",
                    enum=self.enum_name,
                )

    def reverse(self) -> ReplaceEnumValuesOp:
        """Return the operation that makes the type anew with the existing values.

        Rows of a value that was mapped to a new one get it back, also where values were swapped; those mapped to a
        value that other rows keep stay what they became, since they cannot be told from the others.
        """
        back: dict[str, str] = {}
        for value, new_value in self.mapping.items():
            is_kept = new_value in self.existing_values and self.mapping.get(new_value, new_value) == new_value
            if not is_kept:
                back.setdefault(new_value, value)
        return ReplaceEnumValuesOp(
            self.enum_name,
            self.existing_values,
            self.values,
            columns=[
                replace(
                    column,
                    server_default=column.default_after(self.mapping),
                    new_server_default=column.server_default,
                )
                for column in self.columns
            ],
            mapping=back,
            schema=self.schema,
        )

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return ("modify_enum", schema, enum name, existing values, values)."""
        return ("modify_enum", self.schema, self.enum_name, self.existing_values, self.values)

    @classmethod
    def replace_enum_values(
        cls,
        operations: Operations,
        enum_name: str,
        values: Sequence[str],
        existing_values: Sequence[str],
        *,
        columns: Sequence[EnumColumnArgument] = (),
        mapping: Mapping[str, str] | None = None,
        schema: str | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(enum_name, values, existing_values, columns=columns, mapping=mapping, schema=schema))


def _name_of(enum: Enum) -> str:
    if enum.name is None:
        raise OperationError("An enum type needs a name to be created or dropped. Give the Enum a name=.")
    return enum.name


def _checked_values(enum_name: str, values: Sequence[str]) -> tuple[str, ...]:
    """Return the values as a tuple; a plain string would be taken for its letters."""
    if isinstance(values, str):
        raise OperationError(f"Enum type {enum_name}: its values are a sequence of strings, not one string.")
    found = tuple(values)
    twice = sorted({value for value in found if found.count(value) > 1})
    if twice:
        raise OperationError(f"Enum type {enum_name}: the values {', '.join(twice)} are given twice.", enum=enum_name)
    return found


def _as_columns(columns: Sequence[EnumColumnArgument]) -> tuple[EnumColumn, ...]:
    return tuple(column if isinstance(column, EnumColumn) else EnumColumn(*column) for column in columns)


_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"|[^{},"\s][^{},"]*', re.DOTALL)
_BARE_ITEM = re.compile(r"[^\s{},\"\\](?:[^{},\"\\]*[^\s{},\"\\])?")


def _mapped_items(array: str, mapping: Mapping[str, str]) -> str:
    """Return an array as PostgreSQL writes one, `{a,"b c"}`, with its items mapped."""

    def mapped(found: re.Match[str]) -> str:
        is_quoted = found[1] is not None
        value = re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL) if is_quoted else found[0].rstrip()
        is_null = not is_quoted and value.upper() == "NULL"
        return found[0] if is_null or value not in mapping else _array_item(mapping[value])

    return _ITEM.sub(mapped, array)


def _array_item(value: str) -> str:
    if _BARE_ITEM.fullmatch(value) and value.upper() != "NULL":
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'

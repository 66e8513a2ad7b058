"""Native enum types: created before their use, changed, and dropped after it. Floor 4."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from runner.autogenerate.compare.found import found, qualified
from runner.autogenerate.compare.renames import RenameCandidate, accepted, names_alike, renames_mode
from runner.operations.ops import (
    AddEnumValueOp,
    CreateEnumOp,
    DropEnumOp,
    MigrateOperation,
    RenameEnumValueOp,
    ReplaceEnumValuesOp,
    UpgradeOps,
)
from runner.operations.ops.enums import EnumColumn

if TYPE_CHECKING:
    from runner.autogenerate.context import AutogenContext

__all__ = ["compare_enums", "enum_steps"]

_Key = tuple[str | None, str]
_WORD = re.compile(r"'((?:[^']|'')*)'::.*", re.DOTALL)
_ALIKE = 0.5


@dataclass(frozen=True, slots=True)
class _Stored:
    """An enum type of the database: its values, and the columns that are of it with the schema of their table."""

    values: tuple[str, ...]
    columns: tuple[EnumColumn, ...]


def compare_enums(autogen_context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
    """Compare the enum types of the model's columns with those of the database."""
    impl = autogen_context.migration_context.impl
    if not impl.has_enum_types:
        return
    wanted = _wanted(autogen_context)
    stored = _stored(autogen_context)
    autogen_context.explicit_enums = frozenset([*wanted, *stored])
    first: list[MigrateOperation] = []
    for key, values in wanted.items():
        if key not in stored:
            found("added enum type", qualified(*key))
            first.append(CreateEnumOp(key[1], values, schema=key[0]))
        elif stored[key].values != values:
            first += _changes(autogen_context, key, stored[key], values)
    upgrade_ops.ops[:0] = first
    for key, enum in stored.items():
        if key not in wanted and _is_left_behind(autogen_context, upgrade_ops, enum):
            found("removed enum type", qualified(*key))
            upgrade_ops.ops.append(DropEnumOp(key[1], schema=key[0], existing_values=enum.values))


def _wanted(autogen_context: AutogenContext) -> dict[_Key, tuple[str, ...]]:
    impl = autogen_context.migration_context.impl
    default = autogen_context.dialect.default_schema_name
    found_types: dict[_Key, tuple[str, ...]] = {}
    for table in autogen_context.sorted_tables:
        for column in table.columns:
            enum = impl.enum_of(column.type)
            if enum is not None and enum.name:
                schema = None if enum.schema == default else enum.schema
                found_types.setdefault((schema, str(enum.name)), tuple(enum.enums))
    return found_types


def _stored(autogen_context: AutogenContext) -> dict[_Key, _Stored]:
    impl = autogen_context.migration_context.impl
    default = autogen_context.dialect.default_schema_name
    types: dict[_Key, _Stored] = {}
    for schema, name, values, columns in impl.stored_enums(autogen_context.inspector):
        used = tuple(
            EnumColumn(table, column, _default(expression), schema=None if at == default else at, array=array)
            for at, table, column, array, expression in columns
        )
        types[None if schema == default else schema, name] = _Stored(tuple(values), used)
    return types


def _default(expression: str | None) -> Any:
    if expression is None:
        return None
    match = _WORD.fullmatch(expression)
    return match.group(1).replace("''", "'") if match else text(expression.replace(":", "\\:"))


def _is_left_behind(autogen_context: AutogenContext, upgrade_ops: UpgradeOps, enum: _Stored) -> bool:
    """Tell whether the type is used by columns of the compared tables only, and by none when the operations ran."""
    database = autogen_context.memo.get("database")
    if database is None or not enum.columns:
        return False
    gone = set(_columns_gone(upgrade_ops))
    return all(
        (column.schema, column.table, column.column) in gone or (column.schema, column.table, None) in gone
        for column in enum.columns
    )


def _columns_gone(container: Any) -> Iterable[tuple[str | None, str, str | None]]:
    """Iterate over the columns, and the whole tables, that lose their type."""
    for op in container.ops:
        if hasattr(op, "ops"):
            yield from _columns_gone(op)
        elif type(op).__name__ == "DropTableOp":
            yield (op.schema, op.table_name, None)
        elif type(op).__name__ == "DropColumnOp" or getattr(op, "modify_type", None) is not None:
            yield (op.schema, op.table_name, op.column_name)


def _changes(
    autogen_context: AutogenContext, key: _Key, stored: _Stored, values: tuple[str, ...]
) -> list[MigrateOperation]:
    found("changed enum type", qualified(*key), detail=f"{list(stored.values)} to {list(values)}")
    renamed = _renamed_values(autogen_context, key, stored.values, values)
    return enum_steps(key, stored.values, values, stored.columns, renamed)


def _renamed_values(
    autogen_context: AutogenContext, key: _Key, old: Sequence[str], new: Sequence[str]
) -> dict[str, str]:
    """Return the values that are taken for renamed, old -> new: one in the other's place, and alike."""
    if renames_mode(autogen_context) == "off" or len(old) != len(new):
        return {}
    pairs = {}
    for before, after in zip(old, new, strict=True):
        if before == after or before in new or after in old:
            continue
        likeness = names_alike(before, after)
        candidate = RenameCandidate(
            kind="enum value", schema=key[0], table=key[1], old=before, new=after, likeness=likeness
        )
        if likeness >= _ALIKE and accepted(autogen_context, candidate):
            pairs[before] = after
    return pairs


def enum_steps(
    key: _Key,
    stored: Sequence[str],
    wanted: Sequence[str],
    columns: Sequence[EnumColumn],
    renamed: dict[str, str],
) -> list[MigrateOperation]:
    """Return the operations that take an enum type from some values to others.

    Args:
        key: (schema, name) of the type.
        stored: the values it has, in their order.
        wanted: the values it gets, in their order.
        columns: every column of the type.
        renamed: the values that only change their name, old -> new.
    """
    schema, name = key
    steps: list[MigrateOperation] = []
    for old, new in renamed.items():
        step = RenameEnumValueOp(name, old, new, schema=schema)
        step.note = f"{old} is taken for {new} under a new name. If it is not, use op.replace_enum_values()."
        steps.append(step)
    current = [renamed.get(value, value) for value in stored]
    if current == [value for value in wanted if value in current]:
        return steps + _added(key, current, wanted, columns)
    replace = ReplaceEnumValuesOp(name, wanted, current, columns=columns, schema=schema)
    gone = [value for value in current if value not in wanted]
    if gone:
        replace.note = f"Rows with {', '.join(gone)} make this fail. Say in mapping= which values they get."
    return [*steps, replace]


def _added(
    key: _Key, current: list[str], wanted: Sequence[str], columns: Sequence[EnumColumn]
) -> list[MigrateOperation]:
    steps: list[MigrateOperation] = []
    values = list(current)
    for index, value in enumerate(wanted):
        if value in values:
            continue
        after = wanted[index - 1] if index else None
        before = values[0] if not index and values else None
        if after is not None and values and values[-1] == after:
            after = None  # it comes last
        steps.append(
            AddEnumValueOp(
                key[1], value, before=before, after=after, schema=key[0], existing_values=tuple(values), columns=columns
            )
        )
        values.insert(index, value)
    return steps

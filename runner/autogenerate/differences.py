"""What a comparison found, as values for people and programs: floor 4. Made from the operations' difference tuples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column

from runner.operations.ops import MigrateOperation, OpContainer, UpgradeOps

__all__ = ["Difference", "differences"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that the model has and the database has not, or the other way round.

    Args:
        kind: the first item of the difference tuple: add_table, remove_column, modify_type ...
        table: the table, with its schema where it has one; None where it is about no table.
        name: the column, index or constraint.
        text: what an upgrade would do, in words.
        database: the `upgrade_token` of the database, where env.py has several.
    """

    kind: str
    table: str | None
    name: str | None
    text: str
    database: str | None = None


def differences(upgrades: Iterable[UpgradeOps]) -> tuple[Difference, ...]:
    """Return the differences that the operations of an upgrade would remove, in their order."""
    lists = list(upgrades)
    several = len(lists) > 1
    return tuple(
        found for ops in lists for found in _of_container(ops, database=ops.upgrade_token if several else None)
    )


def _of_container(container: OpContainer, *, database: str | None) -> Iterator[Difference]:
    for op in container.ops:
        if isinstance(op, OpContainer):
            yield from _of_container(op, database=database)
        else:
            yield from _of_operation(op, database=database)


def _of_operation(op: MigrateOperation, *, database: str | None) -> Iterator[Difference]:
    try:
        diff: Any = op.to_diff_tuple()
    except NotImplementedError:  # an operation of an extension need not have one
        diff = (type(op).__name__, op)
    for one in diff if isinstance(diff, list) else [diff]:
        yield _difference(tuple(one), database=database)


def _difference(diff: tuple[Any, ...], *, database: str | None) -> Difference:
    kind = str(diff[0])
    describe = _DESCRIBED.get(kind)
    table, name, text = describe(kind, diff) if describe is not None else (None, None, _other(kind, diff))
    return Difference(kind=kind, table=table, name=name, text=text, database=database)


_Described = tuple[str | None, str | None, str]


def _verb(kind: str) -> str:
    return kind.partition("_")[0]


def _table(kind: str, diff: tuple[Any, ...]) -> _Described:
    table = str(diff[1].fullname)
    return table, None, f"{_verb(kind)} table {table}"


def _table_comment(kind: str, diff: tuple[Any, ...]) -> _Described:
    table = str(diff[1].fullname)
    return table, None, f"{_verb(kind)} comment of table {table}"


def _column(kind: str, diff: tuple[Any, ...]) -> _Described:
    _, schema, table_name, column = diff
    table = _qualified(schema, table_name)
    return table, str(column.name), f"{_verb(kind)} column {table}.{column.name}"


def _item(what: str) -> Callable[[str, tuple[Any, ...]], _Described]:
    def describe(kind: str, diff: tuple[Any, ...]) -> _Described:
        item = diff[1]
        owner = getattr(item, "table", None)
        table = str(owner.fullname) if owner is not None else None
        name = None if item.name is None else str(item.name)
        columns = ", ".join(_column_names(item))
        label = what or _constraint_kind(item)
        return table, name, f"{_verb(kind)} {label} {name or 'without name'} on {table} ({columns})"

    return describe


def _modified(what: str) -> Callable[[str, tuple[Any, ...]], _Described]:
    def describe(_: str, diff: tuple[Any, ...]) -> _Described:
        schema, table_name, column, before, after = diff[1], diff[2], diff[3], diff[-2], diff[-1]
        table = _qualified(schema, table_name)
        return table, str(column), f"change {what} of {table}.{column} from {_shown(before)} to {_shown(after)}"

    return describe


_DESCRIBED: dict[str, Callable[[str, tuple[Any, ...]], _Described]] = {
    "add_table": _table,
    "remove_table": _table,
    "add_column": _column,
    "remove_column": _column,
    "add_index": _item("index"),
    "remove_index": _item("index"),
    "add_constraint": _item(""),
    "remove_constraint": _item(""),
    "add_fk": _item("foreign key"),
    "remove_fk": _item("foreign key"),
    "add_table_comment": _table_comment,
    "remove_table_comment": _table_comment,
    "modify_type": _modified("type"),
    "modify_nullable": _modified("nullability"),
    "modify_default": _modified("server default"),
    "modify_comment": _modified("comment"),
}


def _other(kind: str, diff: tuple[Any, ...]) -> str:
    return " ".join([kind.replace("_", " "), *(str(part) for part in diff[1:] if part is not None)])


def _qualified(schema: str | None, table: str) -> str:
    return f"{schema}.{table}" if schema else table


def _constraint_kind(item: Any) -> str:
    words = {"UniqueConstraint": "unique constraint", "CheckConstraint": "check constraint"}
    return words.get(type(item).__name__, "constraint")


def _column_names(item: Any) -> list[str]:
    if hasattr(item, "expressions"):
        return [str(one.name if isinstance(one, Column) else one) for one in item.expressions]
    sqltext = getattr(item, "sqltext", None)
    return [str(sqltext)] if sqltext is not None else [str(one.name) for one in getattr(item, "columns", ())]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "nullable" if value else "not null"
    if value is None or value is False:
        return "none"
    return str(getattr(value, "arg", value))

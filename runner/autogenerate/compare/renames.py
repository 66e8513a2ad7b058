"""Tables and columns that look renamed: proposed with a note, never silently. Floor 4.

`renames` of `context.configure()` says what is done: "off" (a drop and a creation, as Alembic proposes), "suggest"
(a rename with a note for the author), "ask" (the function in `renames_ask` decides for each).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Literal

from runner.autogenerate.compare.reflection import DatabaseTables, TableKey

if TYPE_CHECKING:
    from sqlalchemy.schema import Column, Table

    from runner.autogenerate.context import AutogenContext

__all__ = [
    "ColumnRenames",
    "RenameCandidate",
    "accepted",
    "column_renames",
    "names_alike",
    "renames_mode",
    "table_renames",
]

_SIMILAR = 0.6
"""How alike two names must be, from 0 to 1, where the type and the place agree."""
_SAME_SHAPE = 0.35
"""How alike they must be where nothing else changed: all columns of the table, or the only column that is gone."""
_COLUMNS_ALIKE = 0.6
"""How many of the columns of two tables must agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameCandidate:
    """Something that looks renamed.

    Args:
        kind: table, column or enum value.
        schema: of the table; None is the default schema.
        table: the table of a column, the type of a value; None for a table.
        old: the name in the database.
        new: the name in the model.
        likeness: how alike they are, from 0 to 1.
    """

    kind: Literal["table", "column", "enum value"]
    schema: str | None
    table: str | None
    old: str
    new: str
    likeness: float


@dataclass(frozen=True, slots=True)
class ColumnRenames:
    """The columns of a table that are renamed, old name -> new name."""

    pairs: dict[str, str] = field(default_factory=dict)


def table_renames(
    autogen_context: AutogenContext,
    database: DatabaseTables,
    removed: Sequence[TableKey],
    added: Mapping[TableKey, Table],
) -> list[tuple[TableKey, TableKey]]:
    """Return the (old, new) tables that are renamed."""
    if renames_mode(autogen_context) == "off" or not removed or not added:
        return []
    scored = []
    for old in removed:
        for new, table in added.items():
            likeness = _table_likeness(database.table(old), table) if old[0] == new[0] else 0
            if likeness:
                scored.append((likeness, old, new))
    return [
        (old, new)
        for likeness, old, new in _best(scored)
        if accepted(
            autogen_context,
            RenameCandidate(kind="table", schema=new[0], table=None, old=old[1], new=new[1], likeness=likeness),
        )
    ]


def column_renames(autogen_context: AutogenContext, stored: Table, wanted: Table) -> ColumnRenames:
    """Return the columns of a table that are renamed."""
    if renames_mode(autogen_context) == "off":
        return ColumnRenames()
    gone = [column for column in stored.columns if column.name not in wanted.c]
    new = [column for column in wanted.columns if column.name not in stored.c]
    if not gone or not new:
        return ColumnRenames()
    alone = len(gone) == len(new) == 1
    impl = autogen_context.migration_context.impl
    scored = [
        (likeness, old.name, column.name)
        for old in gone
        for column in new
        if (likeness := _column_likeness(impl, old, column, alone=alone))
    ]
    pairs = {
        old: name
        for likeness, old, name in _best(scored)
        if accepted(
            autogen_context,
            RenameCandidate(
                kind="column", schema=wanted.schema, table=wanted.name, old=old, new=name, likeness=likeness
            ),
        )
    }
    return ColumnRenames(pairs)


def renames_mode(autogen_context: AutogenContext) -> str:
    """Return what is done with renames: off, suggest or ask."""
    return str(autogen_context.opts.get("renames") or "off")


def accepted(autogen_context: AutogenContext, candidate: RenameCandidate) -> bool:
    """Tell whether a candidate is proposed as a rename."""
    if renames_mode(autogen_context) != "ask":
        return True
    ask: Callable[[RenameCandidate], bool] | None = autogen_context.opts.get("renames_ask")
    return ask is not None and bool(ask(candidate))


def _best(scored: list[tuple[float, Any, Any]]) -> list[tuple[float, Any, Any]]:
    """Return the pairs from the most alike down, each side once."""
    chosen: list[tuple[float, Any, Any]] = []
    for score, old, new in sorted(scored, key=lambda entry: (-entry[0], str(entry[1]), str(entry[2]))):
        if all(old != other[1] and new != other[2] for other in chosen):
            chosen.append((score, old, new))
    return chosen


def names_alike(old: str, new: str) -> float:
    """Return how alike two names are, from 0 to 1; words in another order are the same."""
    if sorted(old.lower().split("_")) == sorted(new.lower().split("_")):
        return 1.0
    return SequenceMatcher(None, old.lower(), new.lower()).ratio()


def _table_likeness(stored: Table, wanted: Table) -> float:
    """Return how alike two tables are, 0 where they are not taken for one."""
    old, new = {column.name for column in stored.columns}, {column.name for column in wanted.columns}
    columns = len(old & new) / max(len(old | new), 1)
    names = names_alike(stored.name, wanted.name)
    if columns == 1 and len(old) > 1:
        return names if names >= _SAME_SHAPE else 0
    return names * columns if columns >= _COLUMNS_ALIKE and names >= _SIMILAR else 0


def _column_likeness(impl: Any, stored: Column[Any], wanted: Column[Any], *, alone: bool) -> float:
    """Return how alike two columns are, 0 where they are not taken for one."""
    if impl.compare_type(stored, wanted) or bool(stored.primary_key) != bool(wanted.primary_key):
        return 0
    same_place = list(stored.table.columns).index(stored) == list(wanted.table.columns).index(wanted)
    names = names_alike(stored.name, wanted.name)
    needed = _SAME_SHAPE if alone and same_place else _SIMILAR
    return names if names >= needed and (same_place or alone) else 0

"""Tables in the order of their foreign keys, and the keys that are in the way of any order. Floor 4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from runner.operations.sqla import foreign_key_target

if TYPE_CHECKING:
    from sqlalchemy.schema import ForeignKeyConstraint, Table

__all__ = ["referred_table", "sort_tables"]

_Key = tuple[str | None, str]


def referred_table(key: ForeignKeyConstraint) -> _Key:
    """Return (schema, table) a foreign key refers to."""
    schema, table, _ = foreign_key_target(key.elements[0])
    return schema, table


def sort_tables(tables: Iterable[Table]) -> tuple[list[Table], list[ForeignKeyConstraint]]:
    """Sort tables so that each comes after those it refers to.

    Returns:
        the tables, by name where nothing else decides, and the foreign keys that close a cycle: they are left out of
        account, and have to be made when all tables are there.
    """
    by_key: dict[_Key, Table] = {(table.schema, str(table.name)): table for table in tables}
    waiting = {key: _references(table, by_key) for key, table in sorted(by_key.items(), key=_sort_key)}
    order: list[Table] = []
    cyclic: list[ForeignKeyConstraint] = []
    while waiting:
        free = [key for key, references in waiting.items() if not references]
        if not free:
            key = _on_a_cycle(waiting)
            cyclic += [fk for fk in _foreign_keys(by_key[key]) if referred_table(fk) in waiting[key]]
            free = [key]
        for key in free:
            del waiting[key]
            order.append(by_key[key])
        for references in waiting.values():
            references.difference_update(free)
    return order, cyclic


def _sort_key(item: tuple[_Key, Table]) -> tuple[str, str]:
    return item[0][0] or "", item[0][1]


def _foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    return sorted(table.foreign_key_constraints, key=lambda key: (str(key.name), [c.name for c in key.columns]))


def _references(table: Table, by_key: Mapping[_Key, Table]) -> set[_Key]:
    own = (table.schema, str(table.name))
    return {key for fk in table.foreign_key_constraints if (key := referred_table(fk)) in by_key and key != own}


def _on_a_cycle(waiting: Mapping[_Key, set[_Key]]) -> _Key:
    """Return the table that refers to itself through others and has the fewest references in the way."""
    found = [key for key in waiting if _reaches(waiting, key)]
    return min(found, key=lambda key: (len(waiting[key]), key[0] or "", key[1]))


def _reaches(waiting: Mapping[_Key, set[_Key]], start: _Key) -> bool:
    seen: set[_Key] = set()
    front = set(waiting[start])
    while front:
        if start in front:
            return True
        seen |= front
        front = {key for at in front for key in waiting.get(at, ())} - seen
    return False

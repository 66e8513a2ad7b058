"""Indexes and unique constraints. Floor 4."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Index, UniqueConstraint

from runner.autogenerate.compare.definitions import definitions_of, is_plain_index
from runner.autogenerate.compare.found import found, not_compared, qualified
from runner.autogenerate.compare.key_indexes import indexes_left_to_keys
from runner.autogenerate.compare.names import name_in_database
from runner.autogenerate.compare.reflection import definition_of
from runner.dialects.compare.results import ComparisonResult
from runner.operations.ops import (
    AddConstraintOp,
    CreateIndexOp,
    DropConstraintOp,
    DropIndexOp,
    MigrateOperation,
    ModifyTableOps,
)
from runner.operations.sqla import in_declared_order

if TYPE_CHECKING:
    from sqlalchemy.schema import Table

    from runner.autogenerate.context import AutogenContext

__all__ = ["compare_index_options", "compare_indexes_and_uniques", "compare_unique_details"]

_Item = Index | UniqueConstraint
_DOUBLE = "duplicates_index"
"""What reflection notes of a unique constraint that the database reports as an index too."""


def compare_indexes_and_uniques(
    autogen_context: AutogenContext,
    modify_ops: ModifyTableOps,
    schema: str | None,
    tname: str,
    conn_table: Table | None,
    metadata_table: Table | None,
) -> None:
    """Compare indexes and unique constraints: by name, and unnamed uniques by their columns."""
    _Comparison(autogen_context, modify_ops, schema, tname, conn_table, metadata_table).compare()


class _Comparison:
    def __init__(
        self,
        context: AutogenContext,
        modify_ops: ModifyTableOps,
        schema: str | None,
        tname: str,
        conn_table: Table | None,
        metadata_table: Table | None,
    ) -> None:
        self.context = context
        self.modify_ops = modify_ops
        self.on = qualified(schema, tname)
        self.conn_table = conn_table
        self.metadata_table = metadata_table
        self.impl = context.migration_context.impl
        self.stored_uniques, self.stored_indexes = _items(conn_table, with_uniques=metadata_table is not None)
        self.wanted_uniques, self.wanted_indexes = _items(metadata_table, with_uniques=conn_table is not None)
        if conn_table is not None and metadata_table is not None:
            self._without_doubles()
        elif conn_table is not None:
            doubles = {item.name for item in _items(conn_table, with_uniques=True)[0] if item.info.get(_DOUBLE)}
            self.stored_indexes -= {index for index in self.stored_indexes if index.name in doubles}
        if conn_table is not None:
            self.impl.correct_for_autogen_constraints(
                self.stored_uniques, self.stored_indexes, self.wanted_uniques, self.wanted_indexes
            )
            if self.impl.foreign_keys_need_indexes:
                self._without_those_of_keys(conn_table)

    def _without_doubles(self) -> None:
        """Keep one where the database reports a unique constraint as an index too: the one the model has."""
        wanted = {self._name(index) for index in self.wanted_indexes}
        for unique in [item for item in self.stored_uniques if item.info.get(_DOUBLE)]:
            if unique.name in wanted:
                self.stored_uniques.discard(unique)
            else:
                self.stored_indexes -= {index for index in self.stored_indexes if index.name == unique.name}

    def _without_those_of_keys(self, conn_table: Table) -> None:
        wanted = {self._name(item) for items in (self.wanted_uniques, self.wanted_indexes) for item in items}
        unknown = [index for index in self.stored_indexes if index.name not in wanted]
        self.stored_indexes -= indexes_left_to_keys(self.context, unknown, conn_table, self.metadata_table)

    def _name(self, item: _Item) -> str | None:
        return name_in_database(item, self.context.dialect)

    def compare(self) -> None:
        """Compare: gone, on both sides, new, and the unnamed uniques of the model."""
        both: list[_Item] = [*self.stored_uniques, *self.stored_indexes]
        stored = {str(item.name): item for item in both if item.name}
        stored_indexes = {str(item.name) for item in self.stored_indexes}
        items = [*_ordered(self.wanted_uniques), *_ordered(self.wanted_indexes)]
        wanted = {name: item for item in items if (name := self._name(item)) is not None}
        unnamed = [item for item in _ordered(self.wanted_uniques) if self._name(item) is None]
        unnamed_columns = {_columns(item) for item in unnamed}
        for name in sorted(stored.keys() - wanted.keys()):
            item = stored[name]
            if isinstance(item, UniqueConstraint) and _columns(item) in unnamed_columns:
                continue
            self._remove(item, None)
        for name in sorted(stored.keys() & wanted.keys()):
            self._compare(stored[name], wanted[name])
        matched = {
            _columns(item)
            for name, item in stored.items()
            if name in wanted and name not in stored_indexes and _columns(item) == _columns(wanted[name])
        }
        for name in sorted(wanted.keys() - stored.keys()):
            item = wanted[name]
            if isinstance(item, Index) or _columns(item) not in matched:  # of two that say the same, one is kept
                self._add(item, None)
        existing = {_columns(item) for item in self.stored_uniques}
        for item in unnamed:
            if _columns(item) not in existing:
                self._add(item, None)

    def _compare(self, stored: _Item, wanted: _Item) -> None:
        if isinstance(stored, Index) is not isinstance(wanted, Index):
            if self._is_same_as_unique(stored, wanted):
                return
            result = ComparisonResult.Different("an index and a constraint")
        elif isinstance(wanted, Index):
            result = self.impl.compare_indexes(wanted, stored)
        else:
            result = self.impl.compare_unique_constraint(wanted, stored)
        if result.is_skip:
            not_compared(self.on, item=str(stored.name), reason=result.message)
        if result.is_different:
            self._replace(stored, wanted, result.message)

    def _is_same_as_unique(self, stored: _Item, wanted: _Item) -> bool:
        """Tell whether one side has a unique constraint where the other has a unique index that is its double."""
        return bool(stored.info.get(_DOUBLE)) and _columns(stored) == _columns(wanted)

    def _replace(self, stored: _Item, wanted: _Item, detail: str) -> None:
        if not self.context.run_object_filters(wanted, self._name(wanted), _type_of(wanted), False, stored):
            return
        found(f"changed {_word(wanted)}", self.on, item=str(stored.name), detail=detail)
        self.modify_ops.ops += [_drop(stored), _create(wanted)]

    def _remove(self, item: _Item, counterpart: _Item | None) -> None:
        if isinstance(item, UniqueConstraint) and self.metadata_table is None:
            return  # it goes with the table
        if self.context.run_object_filters(item, item.name, _type_of(item), True, counterpart):
            found(f"removed {_word(item)}", self.on, item=str(item.name))
            self.modify_ops.ops.append(_drop(item))

    def _add(self, item: _Item, counterpart: _Item | None) -> None:
        if isinstance(item, UniqueConstraint) and self.conn_table is None:
            return  # it comes with the table
        if self.context.run_object_filters(item, self._name(item), _type_of(item), False, counterpart):
            found(f"added {_word(item)}", self.on, item=self._name(item), detail=", ".join(_columns(item)))
            self.modify_ops.ops.append(_create(item))


def compare_unique_details(
    autogen_context: AutogenContext,
    modify_ops: ModifyTableOps,
    schema: str | None,
    tname: str,
    conn_table: Table | None,
    metadata_table: Table | None,
) -> None:
    """Compare the order of columns and DEFERRABLE of unique constraints that are the same otherwise."""
    if conn_table is None or metadata_table is None:
        return
    dialect = autogen_context.dialect
    if autogen_context.migration_context.impl.stored_definitions(autogen_context.inspector, schema, tname) is None:
        return
    stored_uniques, _ = _items(conn_table, with_uniques=True)
    by_name = {item.name: item for item in stored_uniques if item.name}
    by_columns = {_columns(item): item for item in stored_uniques}
    touched = {op.constraint_name for op in modify_ops.ops if isinstance(op, DropConstraintOp)}
    for wanted in in_declared_order(metadata_table.constraints):
        if not isinstance(wanted, UniqueConstraint):
            continue
        name = name_in_database(wanted, dialect)
        stored = by_columns.get(_columns(wanted)) if name is None else by_name.get(name)
        if stored is None or stored.name is None or stored.name in touched or _columns(stored) != _columns(wanted):
            continue
        reason = _unique_difference(stored, wanted)
        if reason and autogen_context.run_object_filters(wanted, name, "unique_constraint", False, stored):
            found("changed unique constraint", qualified(schema, tname), item=str(stored.name), detail=reason)
            modify_ops.ops += [_drop(stored), _create(wanted)]


def _unique_difference(stored: UniqueConstraint, wanted: UniqueConstraint) -> str:
    names = [[column.name for column in item.columns] for item in (stored, wanted)]
    if names[0] != names[1]:
        return f"columns {', '.join(names[0])} to {', '.join(names[1])}"
    times = [_deferral(item) for item in (stored, wanted)]
    return f"{times[0]} to {times[1]}" if times[0] != times[1] else ""


def _deferral(item: Any) -> str:
    """Return when the constraint is checked, in words."""
    initially = (item.initially or "").upper()
    if initially == "DEFERRED":
        return "deferrable initially deferred"
    return "deferrable" if item.deferrable else "not deferrable"


def compare_index_options(
    autogen_context: AutogenContext,
    modify_ops: ModifyTableOps,
    schema: str | None,
    tname: str,
    conn_table: Table | None,
    metadata_table: Table | None,
) -> None:
    """Compare what else an index says: WHERE, USING, INCLUDE, operator classes, WITH."""
    if conn_table is None or metadata_table is None:
        return
    stored: dict[Any, Index] = {index.name: index for index in conn_table.indexes}
    touched = {op.index_name for op in modify_ops.ops if isinstance(op, DropIndexOp)}
    for wanted in sorted(metadata_table.indexes, key=lambda index: str(index.name)):
        existing = stored.get(name_in_database(wanted, autogen_context.dialect))
        if existing is None or existing.name in touched:
            continue
        reason = _option_difference(autogen_context, existing, wanted, conn_table, metadata_table)
        if reason and autogen_context.run_object_filters(wanted, wanted.name, "index", False, existing):
            found("changed index", qualified(schema, tname), item=str(existing.name), detail=reason)
            modify_ops.ops += [_drop(existing), _create(wanted)]


def _option_difference(
    autogen_context: AutogenContext, stored: Index, wanted: Index, conn_table: Table, metadata_table: Table
) -> str:
    existing = definition_of(stored)
    if existing is None or (is_plain_index(wanted) and is_plain_index(stored)):
        return ""
    definition = definitions_of(autogen_context).wanted("index", wanted, conn_table, metadata_table)
    if definition is None:
        not_compared(str(conn_table), item=str(wanted.name), reason="the database does not accept the model's index")
        return ""
    return "" if definition == existing else f"{existing} to {definition}"


def _items(table: Table | None, *, with_uniques: bool) -> tuple[set[UniqueConstraint], set[Index]]:
    if table is None:
        return set(), set()
    uniques = {item for item in table.constraints if isinstance(item, UniqueConstraint)} if with_uniques else set()
    return uniques, set(table.indexes)


def _ordered(items: Iterable[Any]) -> list[Any]:
    return sorted(items, key=lambda item: (str(item.name), _columns(item)))


def _columns(item: _Item) -> tuple[str, ...]:
    return tuple(sorted(column.name for column in item.columns))


def _type_of(item: _Item) -> str:
    return "index" if isinstance(item, Index) else "unique_constraint"


def _word(item: _Item) -> str:
    return "index" if isinstance(item, Index) else "unique constraint"


def _drop(item: _Item) -> MigrateOperation:
    return DropIndexOp.from_index(item) if isinstance(item, Index) else DropConstraintOp.from_constraint(item)


def _create(item: _Item) -> MigrateOperation:
    return CreateIndexOp.from_index(item) if isinstance(item, Index) else AddConstraintOp.from_constraint(item)

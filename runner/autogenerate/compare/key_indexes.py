"""Indexes that foreign keys need, on databases where they need one: nothing drops them from under a key. Floor 4.

MySQL and MariaDB make the index if there is none, take one that begins with the columns of the key if there is, and
refuse to drop the last that a key has. They drop the one they made as soon as another can do its work.

Source: MySQL manual, FOREIGN KEY Constraints, "Conditions and Restrictions"; tried with MariaDB.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.sql.elements import UnaryExpression

from runner.operations import ops
from runner.operations.ops import MigrateOperation, ModifyTableOps, OpContainer

if TYPE_CHECKING:
    from sqlalchemy.schema import Table

    from runner.autogenerate.context import AutogenContext

__all__ = ["drop_with_keys", "indexes_left_to_keys", "leading_columns"]

_Columns = tuple[str, ...]
_TYPE = "foreign_key_constraint"


def leading_columns(index: Index) -> _Columns:
    """Return the columns by which an index can serve a foreign key: those before the first expression."""
    if any(option.endswith(("_length", "_prefix")) for option in index.dialect_kwargs):
        return ()  # parts of values, or FULLTEXT and SPATIAL
    names: list[str] = []
    for expression in index.expressions:
        element = expression.element if isinstance(expression, UnaryExpression) else expression
        if not isinstance(element, Column):
            break
        names.append(str(element.name))
    return tuple(names)


def _serves(columns: Sequence[str], key: Sequence[str]) -> bool:
    return bool(key) and tuple(columns[: len(key)]) == tuple(key)


def _local(key: ForeignKeyConstraint) -> _Columns:
    return tuple(str(column.name) for column in key.columns)


def _column_lists(table: Table) -> dict[str, _Columns]:
    """Return what can serve a foreign key of the table: name of index, unique constraint or primary key -> columns."""
    found = {str(index.name): leading_columns(index) for index in table.indexes}
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            found[str(constraint.name)] = tuple(str(column.name) for column in constraint.columns)
    return {"PRIMARY": tuple(str(column.name) for column in table.primary_key.columns), **found}


# --- which indexes are not the model's business -----------------------------------------------------------------------


def indexes_left_to_keys(
    autogen_context: AutogenContext, unknown: Iterable[Index], stored: Table, wanted: Table | None
) -> set[Index]:
    """Return the indexes that belong to foreign keys, and so are not dropped although no model has them.

    Args:
        autogen_context: the comparison.
        unknown: indexes that only the database has.
        stored: the table in the database.
        wanted: the table of the model; None where the table goes.
    """
    plain = sorted((index for index in unknown if not index.unique), key=lambda index: str(index.name))
    if not plain:
        return set()
    if wanted is None:
        return {index for index in plain if any(_is_made_for(index, key) for key in stored.foreign_key_constraints)}
    keys = list(_staying(autogen_context, stored, wanted))
    names = {str(key.name) for key in stored.foreign_key_constraints}
    left = {index for index in plain if any(_is_made_for(index, key, names) for key in keys)}
    columns = {column.name for column in wanted.columns}
    gone = [key for key in stored.foreign_key_constraints if not set(_local(key)) & columns]
    left |= {index for index in plain if any(_is_made_for(index, key) for key in gone)}  # it goes with its columns
    for key in keys:
        served = [*_column_lists(wanted).values(), *map(leading_columns, left)]
        if not any(_serves(other, _local(key)) for other in served):
            whole = [index for index in plain if {column.name for column in index.columns} <= columns]
            able = [index for index in whole if _serves(leading_columns(index), _local(key))]
            left |= set(sorted(able, key=lambda index: len(index.expressions))[:1])
    return left


def _is_made_for(index: Index, key: ForeignKeyConstraint, names: Iterable[str] = ()) -> bool:
    """Tell whether the server has made the index for the key: it has the name of the key, or of its first column."""
    local = _local(key)
    if leading_columns(index) != local:
        return False
    name = str(index.name)
    return name in {str(key.name), *names} or re.fullmatch(rf"{re.escape(local[0])}(_\d+)?", name) is not None


def _staying(context: AutogenContext, stored: Table, wanted: Table) -> Iterator[ForeignKeyConstraint]:
    """Yield the foreign keys that the table has afterwards, those included that filters hide from the model."""
    yield from wanted.foreign_key_constraints
    columns = {_local(key) for key in wanted.foreign_key_constraints}
    by_name: dict[Any, Any] = {key.name: key for key in wanted.foreign_key_constraints if key.name}
    for key in stored.foreign_key_constraints:
        if _local(key) not in columns:
            counterpart = by_name.get(key.name)
            if not context.run_object_filters(key, key.name, _TYPE, True, counterpart):
                yield key


# --- dropping what a key needs ----------------------------------------------------------------------------------------


def drop_with_keys(autogen_context: AutogenContext, container: OpContainer, *, backwards: bool) -> None:
    """Let indexes be dropped that foreign keys need, in the direction of this list.

    The key goes before the index and comes back after it; in a table that goes, the index goes with the table. What
    the server made for a key that this list drops is dropped behind it.

    Args:
        autogen_context: the comparison, done.
        container: all operations of one direction.
        backwards: this is the downgrade: the database starts as the model has it.
    """
    if not autogen_context.migration_context.impl.foreign_keys_need_indexes:
        return
    modified = [op for op in container.ops if isinstance(op, ModifyTableOps)]
    if not any(_is_concerned(op) for modify in modified for op in modify.ops):
        return
    dropped = {(op.schema, op.table_name): op for op in container.ops if isinstance(op, ops.DropTableOp)}
    pairs = {(wanted.schema, str(wanted.name)): (stored, wanted) for stored, wanted in _pairs(autogen_context)}
    by_table: dict[tuple[str | None, str], list[MigrateOperation]] = {}
    for modify in modified:
        by_table.setdefault((modify.schema, modify.table_name), []).extend(modify.ops)
    for modify in modified:
        place = (modify.schema, modify.table_name)
        if place in dropped:
            _leave_to_table(modify, dropped[place])
        elif place in pairs:
            change = _Change(*pairs[place], by_table[place])
            change.drop_around(modify)
            if backwards:
                change.drop_behind(modify)
    container.ops[:] = [op for op in container.ops if not (isinstance(op, ModifyTableOps) and op.is_empty())]


def _pairs(context: AutogenContext) -> list[tuple[Table, Table]]:
    pairs: list[tuple[Table, Table]] = context.memo["all pairs"]() if "all pairs" in context.memo else []
    return pairs


def _is_concerned(operation: MigrateOperation) -> bool:
    return isinstance(operation, ops.DropIndexOp | ops.DropConstraintOp)


def _leave_to_table(modify: ModifyTableOps, drop: ops.DropTableOp) -> None:
    keys = [_local(key) for key in drop.to_table().foreign_key_constraints]
    modify.ops[:] = [
        op
        for op in modify.ops
        if not (isinstance(op, ops.DropIndexOp) and any(_serves(leading_columns(op.to_index()), key) for key in keys))
    ]


class _Change:
    """What one list of operations does to a table that is there before and after it.

    Args:
        stored: the table in the database.
        wanted: the table of the model.
        operations: all that happens to the table.
    """

    def __init__(self, stored: Table, wanted: Table, operations: Sequence[MigrateOperation]) -> None:
        self.stored, self.wanted = stored, wanted
        self.dropped = {_index_name(op) for op in operations if _drops_columns(op)}
        self.created = {_index_name(op) for op in operations if _creates_columns(op)}
        self.new_keys = [op for op in operations if isinstance(op, ops.CreateForeignKeyOp)]
        self.gone_columns = {op.column_name for op in operations if isinstance(op, ops.DropColumnOp)}
        touched = {op.constraint_name for op in operations if isinstance(op, ops.DropConstraintOp)}
        touched |= {op.constraint_name for op in self.new_keys}
        self.staying = [
            key for key in stored.foreign_key_constraints if isinstance(key.name, str) and key.name not in touched
        ]

    # -- an index goes, its key stays ------------------------------------------------------------------------

    def drop_around(self, modify: ModifyTableOps) -> None:
        """Drop the keys before the indexes that serve them, and create them again behind the last change of these."""
        numbered = list(enumerate(modify.ops))
        dropping = {position: _dropped_columns(op) for position, op in numbered if _drops_columns(op)}
        kept = self._kept()
        keys = [
            key
            for key in sorted(self.staying, key=lambda key: str(key.name))
            if any(_serves(columns, _local(key)) for columns in dropping.values())
            and not any(_serves(columns, _local(key)) for columns in kept)
        ]
        if keys:
            first = min(dropping)
            last = 1 + max(position for position, op in numbered if _drops_columns(op) or _creates_columns(op))
            before = [ops.DropConstraintOp.from_constraint(key) for key in keys]
            after = [ops.CreateForeignKeyOp.from_constraint(key) for key in keys]
            modify.ops[:] = [*modify.ops[:first], *before, *modify.ops[first:last], *after, *modify.ops[last:]]

    def _kept(self) -> list[_Columns]:
        """Return what is in both tables, and so serves keys all the time."""
        stored, wanted = _column_lists(self.stored), _column_lists(self.wanted)
        return [columns for name, columns in stored.items() if wanted.get(name) == columns and name not in self.dropped]

    # -- a key goes, and leaves an index ---------------------------------------------------------------------

    def drop_behind(self, modify: ModifyTableOps) -> None:
        """Drop what the server has made for the keys that the upgrade creates, once they are gone."""
        drops = [op for op in modify.ops if isinstance(op, ops.DropConstraintOp) and op.constraint_type == "foreignkey"]
        if drops:
            made = self._made(list(reversed(drops)))
            behind = modify.ops.index(drops[-1]) + 1
            modify.ops[behind:behind] = [_drop_index(modify, name, columns) for name, columns in made.items()]

    def _made(self, created: Sequence[ops.DropConstraintOp]) -> dict[str, _Columns]:
        """Return name and columns of the indexes that come with keys; of several on one column, the last stays."""
        stored = _column_lists(self.stored)
        there = [*_column_lists(self.wanted).values(), *(stored[name] for name in stored.keys() - self.created)]
        made: dict[str, _Columns] = {}
        for operation in created:
            key: Any = operation.to_constraint()
            columns = _local(key)
            longer = [other for other in made.values() if len(other) > len(columns)]
            if set(columns) & self.gone_columns or any(_serves(other, columns) for other in [*there, *longer]):
                continue
            made = {name: other for name, other in made.items() if not _serves(columns, other)}
            made[str(operation.constraint_name)] = columns
        needed = [tuple(op.local_cols) for op in self.new_keys]
        return {name: columns for name, columns in made.items() if not any(_serves(columns, key) for key in needed)}


def _drop_index(modify: ModifyTableOps, name: str, columns: _Columns) -> ops.DropIndexOp:
    index = ops.CreateIndexOp(name, modify.table_name, list(columns), schema=modify.schema).to_index()
    return ops.DropIndexOp.from_index(index)


def _index_name(operation: Any) -> str:
    """Return the name by which `_column_lists` knows what the operation drops or creates."""
    if isinstance(operation, ops.DropIndexOp | ops.CreateIndexOp):
        return str(operation.index_name)
    is_primary = isinstance(operation, ops.CreatePrimaryKeyOp) or operation.constraint_type == "primary"
    return "PRIMARY" if is_primary else str(operation.constraint_name)


def _drops_columns(operation: MigrateOperation) -> bool:
    """Tell whether the operation takes something away that can serve a key."""
    if isinstance(operation, ops.DropConstraintOp):
        return operation.constraint_type in {"primary", "unique"}
    return isinstance(operation, ops.DropIndexOp)


def _creates_columns(operation: MigrateOperation) -> bool:
    return isinstance(operation, ops.CreateIndexOp | ops.CreateUniqueConstraintOp | ops.CreatePrimaryKeyOp)


def _dropped_columns(operation: Any) -> _Columns:
    if isinstance(operation, ops.DropIndexOp):
        return leading_columns(operation.to_index())
    return tuple(str(column.name) for column in operation.to_constraint().columns)

# ruff: noqa: SLF001  # an operation and its reverse know each other
"""The order in which the operations run as written, upwards and, reversed, downwards. Floor 4.

Schemas, then types and sequences, then tables, then what is on them; foreign keys go before what they need is gone,
and come when it is there. What this module does not know keeps its place behind its neighbour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKeyConstraint

from runner.autogenerate.references import referred_table, sort_tables
from runner.operations import ops
from runner.operations.ops import MigrateOperation, ModifyTableOps, OpContainer, UpgradeOps
from runner.operations.sqla import foreign_key_target

if TYPE_CHECKING:
    from sqlalchemy.schema import Table

    from runner.autogenerate.context import AutogenContext

__all__ = ["complete_conversions", "order_operations"]

_Key = tuple[str | None, str]

_GLOBAL: dict[str, int] = {
    "CreateExtensionOp": 0,
    "CreateSchemaOp": 0,
    "DropTriggerOp": 1,
    "DropViewOp": 2,
    "DropMaterializedViewOp": 2,
    "RenameTableOp": 4,
    "CreateEnumOp": 5,
    "RenameEnumValueOp": 5,
    "AddEnumValueOp": 5,
    "ReplaceEnumValuesOp": 5,
    "CreateSequenceOp": 5,
    "AlterSequenceOp": 5,
    "CreateTableOp": 7,
    "DropTableOp": 8,
    "CreateFunctionOp": 11,
    "ReplaceFunctionOp": 11,
    "CreateViewOp": 12,
    "ReplaceViewOp": 12,
    "CreateMaterializedViewOp": 12,
    "ReplaceMaterializedViewOp": 12,
    "CreateTriggerOp": 13,
    "ReplaceTriggerOp": 13,
    "DropFunctionOp": 14,
    "DropSequenceOp": 15,
    "DropEnumOp": 15,
    "DropExtensionOp": 16,
    "DropSchemaOp": 16,
}
_EARLY, _MODIFY, _LATE = 6, 9, 10

_DROPS = {"foreignkey": 1, "primary": 3}
_IN_TABLE: tuple[tuple[type[MigrateOperation], int], ...] = (
    (ops.DropIndexOp, 2),
    (ops.AddColumnOp, 5),
    (ops.AlterColumnOp, 6),
    (ops.CreatePrimaryKeyOp, 7),
    (ops.CreateForeignKeyOp, 9),
    (ops.AddConstraintOp, 8),
    (ops.CreateIndexOp, 8),
    (ops.DropColumnOp, 10),
)


def order_operations(autogen_context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
    """Put the operations into an order in which each finds what it needs."""
    impl = autogen_context.migration_context.impl
    if impl.supports_alter_constraint:
        _References(autogen_context, upgrade_ops).untangle()
    for operation in upgrade_ops.ops:
        if isinstance(operation, ModifyTableOps):
            operation.ops[:] = _ordered_in_table(operation)
    upgrade_ops.ops[:] = _ordered(upgrade_ops)


def complete_conversions(autogen_context: AutogenContext, container: OpContainer) -> None:
    """Give the changes of types what they need to convert the rows, in the direction of this list."""
    impl = autogen_context.migration_context.impl
    for operation in container.ops:
        if isinstance(operation, OpContainer):
            complete_conversions(autogen_context, operation)
    container.ops[:] = [step for operation in container.ops for step in _converted(impl, operation)]


def _converted(impl: Any, operation: MigrateOperation) -> list[MigrateOperation]:
    if not isinstance(operation, ops.AlterColumnOp) or operation.modify_type is None or operation.existing_type is None:
        return [operation]
    operation.kw.pop("postgresql_using", None)
    name = operation.column_name
    options = impl.conversion_options(name, operation.existing_type, operation.modify_type)
    operation.kw.update(options)
    existing = operation.existing_server_default
    if not options or existing in (None, False):
        return [operation]
    return _around_default(operation)


def _around_default(operation: ops.AlterColumnOp) -> list[MigrateOperation]:
    """Take the default away while the type changes: the database does not convert it by itself."""
    existing = operation.existing_server_default
    away = ops.AlterColumnOp(
        operation.table_name,
        operation.column_name,
        schema=operation.schema,
        existing_type=operation.existing_type,
        existing_nullable=operation.existing_nullable,
        existing_server_default=existing,
        modify_server_default=None,
    )
    if operation.modify_server_default is False:
        operation.modify_server_default = existing
    operation.existing_server_default = None
    return [away, operation]


# --- inside a table ---------------------------------------------------------------------------------------------------


def _ordered_in_table(modify: ModifyTableOps) -> list[MigrateOperation]:
    anew = {op.column.name for op in modify.ops if isinstance(op, ops.AddColumnOp)}
    return sorted(modify.ops, key=lambda op: _rank_in_table(op, anew))  # sorting keeps the order of equals


def _rank_in_table(operation: MigrateOperation, anew: set[str]) -> int:
    if isinstance(operation, ops.AlterColumnOp) and operation.modify_name is not None:
        return 0
    if isinstance(operation, ops.DropConstraintOp):
        return _DROPS.get(operation.constraint_type or "", 2)
    if isinstance(operation, ops.DropColumnOp) and operation.column_name in anew:
        return 4  # it is added again
    return next((rank for kind, rank in _IN_TABLE if isinstance(operation, kind)), 11)


# --- of all tables ----------------------------------------------------------------------------------------------------


_Rank = tuple[int, int]
"""The phase, and in it the place of the table that is created."""


def _ordered(upgrade_ops: UpgradeOps) -> list[MigrateOperation]:
    created = _creation_order(upgrade_ops)
    dropped = {(op.schema, op.table_name) for op in upgrade_ops.ops if isinstance(op, ops.DropTableOp)}
    ranked: list[tuple[_Rank, MigrateOperation]] = []
    previous = (-1, 0)
    for operation in upgrade_ops.ops:
        previous = _rank(operation, created, dropped, previous)
        ranked.append((previous, operation))
    return [operation for _, operation in sorted(ranked, key=lambda entry: entry[0])]


def _creation_order(upgrade_ops: UpgradeOps) -> dict[_Key, int]:
    """Return the places of the tables that are created.

    Those that are there already are left out of account: a cycle through them was broken at another foreign key than
    the one that is in the way here.
    """
    created = [op for op in upgrade_ops.ops if isinstance(op, ops.CreateTableOp)]
    order, _ = sort_tables({table for op in created for table in _tables_of(op)})
    places = {(table.schema, str(table.name)): place for place, table in enumerate(order)}
    return {(op.schema, op.table_name): places.get((op.schema, op.table_name), 0) for op in created}


def _rank(operation: MigrateOperation, created: dict[_Key, int], dropped: set[_Key], previous: _Rank) -> _Rank:
    key = (getattr(operation, "schema", None), getattr(operation, "table_name", ""))
    if isinstance(operation, ModifyTableOps):
        planned = operation.info.get("phase")
        if planned is not None:
            return int(planned), 0
        if key in created:
            return _GLOBAL["CreateTableOp"], created[key]
        return (_GLOBAL["DropTableOp"] if key in dropped else _MODIFY), 0
    phase = _GLOBAL.get(type(operation).__name__)
    if phase is None:
        return previous
    return phase, created.get(key, 0) if isinstance(operation, ops.CreateTableOp) else 0


# --- foreign keys -----------------------------------------------------------------------------------------------------


class _References:
    """Moves foreign keys out of the way of what they depend on."""

    def __init__(self, context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
        self.context = context
        self.upgrade_ops = upgrade_ops
        self.early: dict[_Key, list[MigrateOperation]] = defaultdict(list)
        self.late: dict[_Key, list[MigrateOperation]] = defaultdict(list)
        self.modified = {self._key(op): op for op in upgrade_ops.ops if isinstance(op, ModifyTableOps)}
        self.dropped = {self._key(op) for op in upgrade_ops.ops if isinstance(op, ops.DropTableOp)}
        self.any_index = context.migration_context.impl.foreign_keys_need_indexes
        self.losing = {key: _columns_of(modify, self._lost) for key, modify in self.modified.items()}
        self.gaining = {key: _columns_of(modify, _gained) for key, modify in self.modified.items()}

    def _key(self, operation: Any) -> _Key:
        default = self.context.dialect.default_schema_name
        return (None if operation.schema == default else operation.schema, str(operation.table_name))

    def _target(self, key: ForeignKeyConstraint) -> _Key:
        schema, name = referred_table(key)
        return (None if schema == self.context.dialect.default_schema_name else schema, name)

    def untangle(self) -> None:
        """Move foreign keys, and drop and create those anew whose columns or keys change under them."""
        self._recreate()
        for key, modify in self.modified.items():
            self._move(key, modify)
        self._take_out_of_new_tables()
        self._take_out_of_old_tables()
        self.upgrade_ops.ops[:] = [
            op for op in self.upgrade_ops.ops if not (isinstance(op, ModifyTableOps) and op.is_empty())
        ]
        self.upgrade_ops.ops += [*self._containers(self.early, _EARLY), *self._containers(self.late, _LATE)]

    def _containers(self, operations: dict[_Key, list[MigrateOperation]], phase: int) -> Iterator[ModifyTableOps]:
        for (schema, name), found in operations.items():
            container = ModifyTableOps(name, found, schema=schema)
            container.info["phase"] = phase
            yield container

    def _move(self, key: _Key, modify: ModifyTableOps) -> None:
        stay: list[MigrateOperation] = []
        for operation in modify.ops:
            if isinstance(operation, ops.DropConstraintOp) and self._needs_early(key, operation):
                self.early[key].append(operation)
            elif isinstance(operation, ops.CreateForeignKeyOp) and self._needs_late(key, operation):
                self.late[key].append(operation)
            else:
                stay.append(operation)
        modify.ops[:] = stay

    def _needs_early(self, key: _Key, operation: ops.DropConstraintOp) -> bool:
        if operation.constraint_type != "foreignkey" or key in self.dropped:
            return False
        constraint: Any = operation.to_constraint()
        target = self._target(constraint)
        return target in self.dropped or (target != key and self._touches(self.losing, constraint))

    def _needs_late(self, key: _Key, operation: ops.CreateForeignKeyOp) -> bool:
        constraint = operation.to_constraint()
        return self._target(constraint) != key and self._touches(self.gaining, constraint)

    def _touches(self, columns: dict[_Key, set[str]], constraint: ForeignKeyConstraint) -> bool:
        """Tell whether something happens to the columns that a foreign key refers to."""
        remote = {foreign_key_target(element)[2] for element in constraint.elements}
        return bool(remote & columns.get(self._target(constraint), set()))

    def _recreate(self) -> None:
        """Drop and create the foreign keys that stay the same while their columns or keys do not."""
        if not any(self.losing.values()) or "all pairs" not in self.context.memo:
            return
        pairs: list[tuple[Table, Table]] = self.context.memo["all pairs"]()
        for stored, wanted in pairs:
            key = self._key_of(wanted)
            going = {op.constraint_name for op in self._ops(key) if isinstance(op, ops.DropConstraintOp)}
            for old in stored.foreign_key_constraints:
                if not isinstance(old.name, str) or old.name in going:
                    continue
                target = self._target(old)
                if self._changes_under(key, target, old):
                    self._again(key, old)

    def _key_of(self, table: Table) -> _Key:
        schema = table.schema
        return (None if schema == self.context.dialect.default_schema_name else schema, str(table.name))

    def _again(self, key: _Key, old: ForeignKeyConstraint) -> None:
        self.early[key].append(ops.DropConstraintOp.from_constraint(old))
        self.late[key].append(ops.CreateForeignKeyOp.from_constraint(old))

    def _ops(self, key: _Key) -> list[MigrateOperation]:
        return self.modified[key].ops if key in self.modified else []

    def _changes_under(self, key: _Key, target: _Key, constraint: ForeignKeyConstraint) -> bool:
        remote = {foreign_key_target(element)[2] for element in constraint.elements}
        local = {column.name for column in constraint.columns}
        for operation in self._ops(target):
            if isinstance(operation, ops.DropConstraintOp) and operation.constraint_type in {"primary", "unique"}:
                dropped: Any = operation.to_constraint()
                if {column.name for column in dropped.columns} == remote:
                    return True
            if isinstance(operation, ops.DropIndexOp) and self._is_referred_to(operation, remote):
                return True
        return self._converts(target, remote) or self._converts(key, local)

    def _is_referred_to(self, operation: ops.DropIndexOp, remote: set[str]) -> bool:
        """Tell whether a foreign key to these columns may rest on the index."""
        columns = self._index_columns(operation)
        return set(columns[: len(remote)] if self.any_index else columns) == remote

    def _index_columns(self, operation: ops.DropIndexOp) -> list[str]:
        index: Any = operation.to_index()
        return [column.name for column in index.columns] if index.unique or self.any_index else []

    def _lost(self, operation: MigrateOperation) -> Iterable[str]:
        """Return the columns whose foreign keys are in the way of the operation."""
        if isinstance(operation, ops.DropConstraintOp) and operation.constraint_type in {"primary", "unique"}:
            constraint: Any = operation.to_constraint()
            return [column.name for column in constraint.columns]
        if isinstance(operation, ops.AlterColumnOp) and operation.modify_type is not None:
            return [operation.column_name]
        if isinstance(operation, ops.DropIndexOp):
            return self._index_columns(operation)
        return [operation.column_name] if isinstance(operation, ops.DropColumnOp) else ()

    def _converts(self, key: _Key, columns: set[str]) -> bool:
        impl = self.context.migration_context.impl
        return any(
            isinstance(op, ops.AlterColumnOp)
            and op.column_name in columns
            and op.modify_type is not None
            and bool(impl.conversion_options(op.column_name, op.existing_type, op.modify_type))
            for op in self._ops(key)
        )

    def _take_out_of_new_tables(self) -> None:
        created = [op for op in self.upgrade_ops.ops if isinstance(op, ops.CreateTableOp)]
        tables = {id(op): op for op in created}
        owners = {id(item): op for op in tables.values() for item in op.columns}
        found = {table for op in created for table in _tables_of(op)}
        _, cyclic = sort_tables(found)
        waiting = [
            item
            for op in created
            for item in op.columns
            if isinstance(item, ForeignKeyConstraint) and self._touches(self.gaining, item)
        ]
        for constraint in dict.fromkeys([*cyclic, *waiting]):
            operation = owners.get(id(constraint))
            if operation is not None:
                operation.columns = [item for item in operation.columns if item is not constraint]
                late = ops.CreateForeignKeyOp.from_constraint(constraint)
                self.late[self._key(operation)].append(late)

    def _take_out_of_old_tables(self) -> None:
        dropped = [op for op in self.upgrade_ops.ops if isinstance(op, ops.DropTableOp) and op._reverse is not None]
        found = {table for op in dropped for table in _tables_of(op._reverse)}
        _, cyclic = sort_tables(found)
        for operation in dropped:
            assert operation._reverse is not None
            for constraint in list(operation._reverse.columns):
                if any(constraint is key for key in cyclic) and getattr(constraint, "name", None):
                    columns = operation._reverse.columns
                    operation._reverse.columns = [item for item in columns if item is not constraint]
                    early = ops.DropConstraintOp.from_constraint(constraint)  # type: ignore[arg-type]  # a foreign key
                    self.early[self._key(operation)].append(early)


def _tables_of(operation: Any) -> Iterable[Table]:
    """Return the tables that the items of a CREATE TABLE belong to: one, or none."""
    return {item.table for item in operation.columns if getattr(item, "table", None) is not None}


def _columns_of(modify: ModifyTableOps, names: Any) -> set[str]:
    return {str(name) for operation in modify.ops for name in names(operation)}


def _gained(operation: MigrateOperation) -> Iterable[str]:
    """Return the columns that foreign keys can refer to only after the operation."""
    if isinstance(operation, ops.AddColumnOp):
        return [operation.column.name]
    if isinstance(operation, ops.AlterColumnOp):
        changes = operation.modify_type is not None or operation.modify_name is not None
        return [operation.modify_name or operation.column_name] if changes else ()
    if isinstance(operation, ops.CreatePrimaryKeyOp | ops.CreateUniqueConstraintOp):
        return operation.columns
    if isinstance(operation, ops.CreateIndexOp) and operation.unique:
        return [getattr(column, "name", None) or str(column) for column in operation.columns]
    return ()

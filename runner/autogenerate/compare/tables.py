"""Schemas, tables and columns: what is there on one side only, and the way to everything else. Floor 4."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from runner.autogenerate.compare.definitions import definitions_of
from runner.autogenerate.compare.found import found, qualified
from runner.autogenerate.compare.quick import QuickComparison
from runner.autogenerate.compare.reflection import DatabaseTables, TableKey
from runner.autogenerate.compare.renames import ColumnRenames, column_renames, table_renames
from runner.autogenerate.dispatch import PriorityDispatchResult
from runner.autogenerate.references import sort_tables
from runner.operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateTableOp,
    DropColumnOp,
    DropTableOp,
    ModifyTableOps,
    RenameTableOp,
    UpgradeOps,
)

if TYPE_CHECKING:
    from sqlalchemy.schema import Column, Table

    from runner.autogenerate.context import AutogenContext

__all__ = ["compare_schemas", "compare_tables"]

_OWN_TABLES = ("runner_history", "runner_journal")
"""Tables of this engine beside the version table."""


def compare_schemas(autogen_context: AutogenContext, upgrade_ops: UpgradeOps) -> PriorityDispatchResult:
    """Find the schemas that take part, and have their contents compared."""
    schemas: set[str | None] = {None}
    default = autogen_context.dialect.default_schema_name
    if autogen_context.opts.get("include_schemas"):
        names = set(autogen_context.inspector.get_schema_names()) - {"information_schema"}
        schemas |= {name for name in names if name != default}
    wanted = {schema for schema in schemas if autogen_context.run_name_filters(schema, "schema", {})}
    compare = autogen_context.comparators.dispatch("schema", qualifier=autogen_context.dialect.name)
    compare(autogen_context, upgrade_ops, wanted)
    return PriorityDispatchResult.CONTINUE


def compare_tables(
    autogen_context: AutogenContext, upgrade_ops: UpgradeOps, schemas: set[str | None]
) -> PriorityDispatchResult:
    """Compare all tables of some schemas.

    Args:
        autogen_context: the comparison.
        upgrade_ops: what differs is added here.
        schemas: None is the default schema.
    """
    _Tables(autogen_context, upgrade_ops, schemas).compare()
    return PriorityDispatchResult.CONTINUE


class _Tables:
    """The tables of both sides, and what is done with them."""

    def __init__(self, context: AutogenContext, upgrade_ops: UpgradeOps, schemas: Iterable[str | None]) -> None:
        self.context = context
        self.upgrade_ops = upgrade_ops
        self.schemas = set(schemas)
        self.database = DatabaseTables(context)
        self.context.memo["database"] = self.database
        self.wanted = self._wanted_tables()
        self.stored = self._stored_tables()
        qualifier = context.dialect.name
        self.compare_table = context.comparators.dispatch("table", qualifier=qualifier)
        self.compare_column = context.comparators.dispatch("column", qualifier=qualifier)

    # -- which ---------------------------------------------------------------------------------------------

    def _key(self, schema: str | None, name: str) -> TableKey:
        return (None if schema == self.context.dialect.default_schema_name else schema, name)

    def _ignored(self) -> set[TableKey]:
        context = self.context.migration_context
        schema = context.version_table_schema
        return {self._key(schema, name) for name in (context.version_table, *_OWN_TABLES)}

    def _wanted_tables(self) -> dict[TableKey, Table]:
        ignored = self._ignored()
        tables = {self._key(table.schema, str(table.name)): table for table in self.context.sorted_tables}
        return {key: table for key, table in tables.items() if key not in ignored}

    def _stored_tables(self) -> list[TableKey]:
        """Read the tables of the schemas, and of other schemas the tables that the model has there."""
        ignored, stored = self._ignored(), []
        known = {schema for schema, _ in self.wanted}
        existing = self._existing_schemas()
        for schema in sorted(self.schemas | (known & existing), key=lambda name: name or ""):
            every = self.context.inspector.get_table_names(schema=schema)
            names = sorted(
                name
                for name in set(every)
                if (schema, name) not in ignored
                and (schema in self.schemas or (schema, name) in self.wanted)
                and self.context.run_name_filters(name, "table", {"schema_name": schema})
            )
            self.database.read(schema, names, every=len(names) + len(_OWN_TABLES) + 1 >= len(every))
            stored += [(schema, name) for name in names]
        return stored

    def _existing_schemas(self) -> set[str | None]:
        """Return the schemas of the model that exist; only asked where the comparison does not cover all."""
        others = {schema for schema, _ in self.wanted} - self.schemas - {None}
        if not others or self.context.opts.get("include_schemas"):
            return set()
        return set(self.context.inspector.get_schema_names())

    # -- comparing -----------------------------------------------------------------------------------------

    def compare(self) -> None:
        """Compare: tables to be renamed, new ones, gone ones, and those on both sides."""
        stored = set(self.stored)
        added = {key: table for key, table in self.wanted.items() if key not in stored}
        removed = [key for key in self.stored if key not in self.wanted]
        pairs = {key: key for key in self.wanted if key in stored}
        for old, new in table_renames(self.context, self.database, removed, added):
            self._rename(old, new, added.pop(new))
            removed.remove(old)
            pairs[new] = old
        for key, table in added.items():
            self._add(key, table)
        for key in self._droppable(removed):
            self._remove(key)
        self._compare_pairs(pairs)

    def _rename(self, old: TableKey, new: TableKey, table: Table) -> None:
        operation = RenameTableOp(old[1], new[1], schema=old[0])
        operation.note = (
            f"{old[1]} is taken for {new[1]} under a new name. If it is not, drop one and create the other."
        )
        self.upgrade_ops.ops.append(operation)
        found("renamed table", qualified(*old), detail=f"to {table.name}")

    def _add(self, key: TableKey, table: Table) -> None:
        if not self.context.run_object_filters(table, table.name, "table", False, None):
            return
        self.upgrade_ops.ops.append(CreateTableOp.from_table(table))
        found("added table", qualified(table.schema, table.name))
        modify = ModifyTableOps(table.name, [], schema=table.schema)
        self.compare_table(self.context, modify, table.schema, table.name, None, table)
        if not modify.is_empty():
            self.upgrade_ops.ops.append(modify)

    def _droppable(self, removed: list[TableKey]) -> list[TableKey]:
        """Return the tables to be dropped, those that refer to others first."""
        if self.context.opts.get("drop_unknown_tables", "known_schemas") != "always":
            known = {schema for schema, _ in self.wanted}
            left = [key for key in removed if key[0] not in known]
            if left:
                names = ", ".join(qualified(*key) for key in left[:10])
                found("left unknown tables alone", names, detail=f"{len(left)} in schemas the model does not use")
            removed = [key for key in removed if key[0] in known]
        tables = {key: self.database.table(key) for key in removed}
        order, _ = sort_tables(tables.values())
        keys = {id(table): key for key, table in tables.items()}
        return [keys[id(table)] for table in reversed(order)]

    def _remove(self, key: TableKey) -> None:
        table = self.database.table(key)
        if not self.context.run_object_filters(table, key[1], "table", True, None):
            return
        found("removed table", qualified(*key))
        modify = ModifyTableOps(key[1], [], schema=key[0])
        self.compare_table(self.context, modify, key[0], key[1], table, None)
        if not modify.is_empty():
            self.upgrade_ops.ops.append(modify)
        self.upgrade_ops.ops.append(DropTableOp.from_table(table))

    def _compare_pairs(self, pairs: dict[TableKey, TableKey]) -> None:
        """Compare the tables that are on both sides."""
        chosen: list[tuple[Table, Table, ColumnRenames]] = []
        same = self._surely_same(pairs)
        self.context.memo["all pairs"] = lambda: [
            (self._stored(old, new), self.wanted[new]) for new, old in pairs.items()
        ]
        for new in sorted(pairs, key=lambda key: (key[0] or "", key[1])):
            old, table = pairs[new], self.wanted[new]
            if table in same:
                continue
            stored = self._stored(old, new)
            if not self.context.run_object_filters(table, table.name, "table", False, stored):
                continue
            renames = column_renames(self.context, stored, table)
            if renames.pairs:
                stored = self.database.renamed(old, name=new[1], columns=renames.pairs)
            chosen.append((stored, table, renames))
        self.context.memo["pairs"] = [(stored, table) for stored, table, _ in chosen]
        definitions_of(self.context).plan((stored, table) for stored, table, _ in chosen)
        for stored, table, renames in chosen:
            modify = ModifyTableOps(table.name, [], schema=table.schema)
            _Columns(self.context, modify, stored, table, renames).compare(self.compare_column, self.compare_table)
            if not modify.is_empty():
                self.upgrade_ops.ops.append(modify)

    def _surely_same(self, pairs: dict[TableKey, TableKey]) -> set[Table]:
        """Return the tables of the model that need no closer look."""
        quick = QuickComparison(self.context)
        if not quick.is_possible:
            return set()
        raw = self.database.raw
        return quick.same((raw(old), self.wanted[new]) for new, old in pairs.items() if old == new)

    def _stored(self, old: TableKey, new: TableKey) -> Table:
        return self.database.table(old) if old == new else self.database.renamed(old, name=new[1])


class _Columns:
    """The columns of a table that is on both sides."""

    def __init__(
        self, context: AutogenContext, modify: ModifyTableOps, stored: Table, wanted: Table, renames: ColumnRenames
    ) -> None:
        self.context = context
        self.modify = modify
        self.stored = stored
        self.wanted = wanted
        self.renames = renames
        self.name = qualified(wanted.schema, wanted.name)

    def compare(self, compare_column: Callable[..., None], compare_table: Callable[..., None]) -> None:
        """Compare: new columns, those on both sides, what belongs to the table, and gone columns."""
        schema, name = self.wanted.schema, self.wanted.name
        stored = {column.name: column for column in self.stored.columns}
        wanted = {column.name: column for column in self.wanted.columns if not column.system}
        self._rename()
        for column_name, column in wanted.items():
            if column_name not in stored:
                self._add(column)
        for column_name, existing in stored.items():
            if column_name in wanted:
                self._alter(compare_column, existing, wanted[column_name])
        compare_table(self.context, self.modify, schema, name, self.stored, self.wanted)
        for column_name, column in stored.items():
            if column_name not in wanted:
                self._drop(column)

    def _rename(self) -> None:
        for old, new in self.renames.pairs.items():
            column = self.stored.c[new]
            operation = AlterColumnOp(
                self.wanted.name,
                old,
                schema=self.wanted.schema,
                modify_name=new,
                existing_type=column.type,
                existing_nullable=column.nullable,
                existing_server_default=False if column.server_default is None else column.server_default,
                existing_comment=column.comment,
            )
            operation.note = f"{old} is taken for {new} under a new name. If it is not, drop one and add the other."
            self.modify.ops.append(operation)
            found("renamed column", self.name, item=old, detail=f"to {new}")

    def _add(self, column: Column[Any]) -> None:
        if not self.context.run_object_filters(column, column.name, "column", False, None):
            return
        operation = AddColumnOp.from_column_and_tablename(self.wanted.schema, self.wanted.name, column)
        operation._constraints_included = True  # noqa: SLF001  # they are compared, and are operations, by themselves
        self.modify.ops.append(operation)
        found("added column", self.name, item=column.name)

    def _alter(self, compare_column: Callable[..., None], existing: Column[Any], column: Column[Any]) -> None:
        if not self.context.run_object_filters(column, column.name, "column", False, existing):
            return
        schema, name = self.wanted.schema, self.wanted.name
        operation = AlterColumnOp(name, column.name, schema=schema)
        compare_column(self.context, operation, schema, name, column.name, existing, column)
        if operation.has_changes():
            self.modify.ops.append(operation)

    def _drop(self, column: Column[Any]) -> None:
        if not self.context.run_object_filters(column, column.name, "column", True, None):
            return
        operation = DropColumnOp.from_column_and_tablename(self.wanted.schema, self.wanted.name, column)
        operation._constraints_included = True  # noqa: SLF001  # the same
        self.modify.ops.append(operation)
        found("removed column", self.name, item=column.name)

"""CHECK and exclusion constraints, by name and by text. Floor 4.

A text is compared in the database's own words. Where the database does not tell them, names alone count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, Column

from runner.autogenerate.compare.definitions import checks_of, definitions_of, exclusions_of
from runner.autogenerate.compare.found import found, not_compared, qualified
from runner.autogenerate.compare.names import name_in_database
from runner.autogenerate.compare.reflection import definition_of
from runner.operations.ops import (
    AddColumnOp,
    AddConstraintOp,
    AlterColumnOp,
    CreateCheckConstraintOp,
    DropConstraintOp,
    ModifyTableOps,
)
from runner.operations.sqla import in_declared_order, is_type_bound

if TYPE_CHECKING:
    from sqlalchemy.schema import Constraint, Table

    from runner.autogenerate.context import AutogenContext
    from runner.dialects.compare.requests import Kind

__all__ = ["compare_checks", "compare_checks_by_name", "compare_exclusions"]


def compare_checks_by_name(
    autogen_context: AutogenContext,
    modify_ops: ModifyTableOps,
    schema: str | None,
    tname: str,
    conn_table: Table | None,
    metadata_table: Table | None,
) -> None:
    """Compare the checks that have names, by their names alone."""
    if conn_table is None or metadata_table is None:
        return
    stored = [check for check in _checks(conn_table) if check.name]
    wanted = [check for check in checks_of(metadata_table, autogen_context.dialect) if check.name]
    comparison = _Comparison(autogen_context, modify_ops, "check", conn_table, metadata_table)
    comparison.compare(stored, wanted, texts=False)


def compare_checks(
    autogen_context: AutogenContext,
    modify_ops: ModifyTableOps,
    schema: str | None,
    tname: str,
    conn_table: Table | None,
    metadata_table: Table | None,
) -> None:
    """Compare the checks by name and text; those without a name by their text."""
    if conn_table is None or metadata_table is None:
        return
    wanted = checks_of(metadata_table, autogen_context.dialect)
    comparison = _Comparison(autogen_context, modify_ops, "check", conn_table, metadata_table)
    comparison.compare(_checks(conn_table), wanted, texts=True)


def compare_exclusions(
    autogen_context: AutogenContext,
    modify_ops: ModifyTableOps,
    schema: str | None,
    tname: str,
    conn_table: Table | None,
    metadata_table: Table | None,
) -> None:
    """Compare the exclusion constraints by name and text."""
    if conn_table is None or metadata_table is None:
        return
    comparison = _Comparison(autogen_context, modify_ops, "exclude", conn_table, metadata_table)
    comparison.compare(exclusions_of(conn_table), exclusions_of(metadata_table), texts=True)


def _checks(table: Table) -> list[Any]:
    return [item for item in in_declared_order(table.constraints) if isinstance(item, CheckConstraint)]


class _Comparison:
    """The checks, or the exclusions, of one table."""

    def __init__(
        self, context: AutogenContext, modify_ops: ModifyTableOps, kind: Kind, conn_table: Table, metadata_table: Table
    ) -> None:
        self.context = context
        self.modify_ops = modify_ops
        self.kind = kind
        self.conn_table = conn_table
        self.metadata_table = metadata_table
        self.on = qualified(metadata_table.schema, metadata_table.name)
        self.type_ = f"{kind}_constraint"

    def compare(self, stored: list[Any], wanted: list[Any], *, texts: bool) -> None:
        """Compare what has a name, then what has none."""
        left = list(stored)
        by_name = {item.name: item for item in stored if item.name}
        unmatched = []
        for item in wanted:
            existing = by_name.get(self._name(item))
            if existing is None:
                unmatched.append(item)
                continue
            left.remove(existing)
            if texts:
                self._compare(existing, item)
        for item in unmatched:
            twin = self._twin(item, left) if texts and self._name(item) is None else None
            if twin is not None:
                left.remove(twin)
            elif not self._comes_with_its_column(item):
                self._add(item, texts=texts)
        for item in left:
            self._remove(item)

    def _name(self, item: Constraint) -> str | None:
        return name_in_database(item, self.context.dialect)

    def _text(self, item: Any) -> str | None:
        return definitions_of(self.context).wanted(self.kind, item, self.conn_table, self.metadata_table)

    def _twin(self, item: Any, left: list[Any]) -> Any:
        """Return the constraint of the database that says the same as one without a name."""
        definition = self._text(item)
        return next((other for other in left if definition is not None and definition_of(other) == definition), None)

    def _compare(self, stored: Any, wanted: Any) -> None:
        existing = definition_of(stored)
        if existing is None:
            return
        definition = self._text(wanted)
        if definition is None:
            not_compared(self.on, item=str(stored.name), reason=f"the database does not accept the model's {self.kind}")
            return
        if definition == existing:
            return
        if self.context.run_object_filters(wanted, self._name(wanted), self.type_, False, stored):
            found(f"changed {self.kind}", self.on, item=str(stored.name), detail=f"{existing} to {definition}")
            self.modify_ops.ops.append(DropConstraintOp.from_constraint(stored))
            if not self._comes_with_its_column(wanted):
                self.modify_ops.ops.append(self._create(wanted))

    def _add(self, item: Any, *, texts: bool) -> None:
        if self._name(item) is None and not self._can_tell():
            return  # whether it is there cannot be known
        if self.context.run_object_filters(item, self._name(item), self.type_, False, None):
            found(f"added {self.kind}", self.on, item=self._name(item))
            self.modify_ops.ops.append(self._create(item))

    def _create(self, item: Any) -> AddConstraintOp:
        if isinstance(item.parent, Column):  # written with its column
            table = self.metadata_table
            return CreateCheckConstraintOp(self._name(item), table.name, item.sqltext, schema=table.schema)
        return AddConstraintOp.from_constraint(item)

    def _can_tell(self) -> bool:
        impl = self.context.migration_context.impl
        known = impl.stored_definitions(self.context.inspector, self.conn_table.schema, self.conn_table.name)
        return known is not None

    def _remove(self, item: Any) -> None:
        if not item.name:
            not_compared(
                self.on, item=None, reason=f"the model has no such {self.kind}, and it has no name to drop it by"
            )
            return
        impl = self.context.migration_context.impl
        if not self._can_tell() and impl.made_check_name(item.name, self.metadata_table.name):
            not_compared(self.on, item=item.name, reason="the name is the server's, and its texts are not compared")
            return
        if self.context.run_object_filters(item, item.name, self.type_, True, None):
            found(f"removed {self.kind}", self.on, item=str(item.name))
            self.modify_ops.ops.append(DropConstraintOp.from_constraint(item))

    def _comes_with_its_column(self, item: Any) -> bool:
        """Tell whether the check belongs to the type of a column that is added or changed, and is made with it."""
        if not is_type_bound(item):
            return False
        columns = {column.name for column in item.columns}
        for operation in self.modify_ops.ops:
            if isinstance(operation, AddColumnOp) and operation.column.name in columns:
                return True
            if isinstance(operation, AlterColumnOp) and operation.column_name in columns:
                return operation.modify_type is not None
        return False

"""Primary keys: their columns in order, and the name that the model gives. Floor 4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.autogenerate.compare.found import found, qualified
from runner.autogenerate.compare.names import given_name
from runner.operations.ops import CreatePrimaryKeyOp, DropConstraintOp, ModifyTableOps
from runner.operations.sqla import constraint_name

if TYPE_CHECKING:
    from sqlalchemy.schema import PrimaryKeyConstraint, Table

    from runner.autogenerate.context import AutogenContext

__all__ = ["compare_primary_key"]


def compare_primary_key(
    autogen_context: AutogenContext,
    modify_ops: ModifyTableOps,
    schema: str | None,
    tname: str,
    conn_table: Table | None,
    metadata_table: Table | None,
) -> None:
    """Compare the primary key; a change drops the old one and creates the new one."""
    if conn_table is None or metadata_table is None:
        return
    stored, wanted = conn_table.primary_key, metadata_table.primary_key
    names = [[column.name for column in key.columns] for key in (stored, wanted)]
    name = given_name(wanted, autogen_context.dialect)
    named_anew = (
        bool(names[0] and names[1] and isinstance(stored.name, str) and name and name.lower() != stored.name.lower())
        and autogen_context.migration_context.impl.names_primary_keys
    )
    if names[0] == names[1] and not named_anew:
        return
    detail = f"{stored.name} to {name}" if names[0] == names[1] else f"{names[0]} to {names[1]}"
    found("changed primary key", qualified(schema, tname), detail=detail)
    if names[0] and names[1] and not autogen_context.migration_context.impl.supports_alter_constraint:
        modify_ops.ops.append(_ReplacePrimaryKeyOp.of(stored, wanted))
        return
    if names[0]:
        modify_ops.ops.append(DropConstraintOp.from_constraint(stored))
    if names[1]:
        modify_ops.ops.append(CreatePrimaryKeyOp.from_constraint(wanted))


class _ReplacePrimaryKeyOp(CreatePrimaryKeyOp):
    """A primary key in the place of another, where the table is made anew for it: the old one needs no drop."""

    replaced: CreatePrimaryKeyOp

    @classmethod
    def of(cls, stored: PrimaryKeyConstraint, wanted: PrimaryKeyConstraint) -> _ReplacePrimaryKeyOp:
        """Return the operation that puts the one in the place of the other."""
        operation = cls(
            constraint_name(wanted), wanted.table.name, list(wanted.columns.keys()), schema=wanted.table.schema
        )
        operation.replaced = CreatePrimaryKeyOp.from_constraint(stored)
        return operation

    def reverse(self) -> Any:
        """Return the operation that puts the old key back."""
        return self.replaced

"""Names for constraints that the model leaves nameless: without one, the downgrade could not drop them. Floor 4.

The names are those the database would choose, where it has a rule. They change nothing for the next comparison:
what has no name in the model is found again by its columns, or by its text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runner.operations import ops
from runner.operations.ops import ModifyTableOps, UpgradeOps

if TYPE_CHECKING:
    from runner.autogenerate.context import AutogenContext

__all__ = ["name_constraints"]

_KINDS: dict[type[Any], str] = {
    ops.CreatePrimaryKeyOp: "primary",
    ops.CreateUniqueConstraintOp: "unique",
    ops.CreateForeignKeyOp: "foreignkey",
    ops.CreateCheckConstraintOp: "check",
}


def name_constraints(autogen_context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
    """Give names to the constraints that are added to existing tables without one."""
    impl = autogen_context.migration_context.impl
    taken = _taken(autogen_context)
    for modify in upgrade_ops.ops:
        if isinstance(modify, ModifyTableOps):
            for operation in modify.ops:
                kind = _KINDS.get(type(operation))
                if kind is not None and _nameless(operation):
                    base = impl.default_constraint_name(kind, modify.table_name, _columns(operation))
                    _set_name(operation, _free(base, taken))


def _nameless(operation: Any) -> bool:
    return operation.constraint_name is None


def _set_name(operation: Any, name: str) -> None:
    operation.constraint_name = name


def _columns(operation: Any) -> Sequence[str]:
    return list(getattr(operation, "columns", None) or getattr(operation, "local_cols", None) or ())


def _taken(autogen_context: AutogenContext) -> set[str]:
    """Return the names of constraints and indexes on either side."""
    taken: set[str] = set()
    for pair in autogen_context.memo.get("pairs", ()):
        for table in pair:
            taken |= {str(item.name) for item in (*table.constraints, *table.indexes) if item.name}
    return taken


def _free(base: str, taken: set[str]) -> str:
    name, number = base, 0
    while name in taken:
        number += 1
        name = f"{base}{number}"
    taken.add(name)
    return name

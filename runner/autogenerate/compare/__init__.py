"""Comparing the database with the model: operations that take the one to the other. Floor 4.

Source: Alembic's API documentation, compare_metadata and produce_migrations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runner.autogenerate.compare.key_indexes import drop_with_keys
from runner.autogenerate.compare.naming import name_constraints
from runner.autogenerate.compare.ordering import complete_conversions, order_operations
from runner.autogenerate.context import AutogenContext
from runner.operations.ops import DowngradeOps, MigrationScript, UpgradeOps

if TYPE_CHECKING:
    from sqlalchemy.schema import MetaData

__all__ = ["compare_metadata", "populate_migration_script", "produce_migrations"]


def compare_metadata(context: Any, metadata: MetaData | Sequence[MetaData]) -> list[Any]:
    """Return the differences between the database and a model as tuples.

    Args:
        context: a MigrationContext with a connection.
        metadata: the model.
    """
    autogen_context = AutogenContext(context, metadata=metadata, opts={"drop_unknown_tables": "always", **context.opts})
    upgrade_ops = UpgradeOps([])
    _compare(autogen_context, upgrade_ops)
    return upgrade_ops.as_diffs()


def produce_migrations(context: Any, metadata: MetaData | Sequence[MetaData]) -> MigrationScript:
    """Return the operations that make the database like a model, and those that take it back.

    Tables that the model does not know are dropped, whatever their schema, and nothing is taken for renamed, unless
    `drop_unknown_tables` and `renames` were given to `configure()`.

    Args:
        context: a MigrationContext with a connection.
        metadata: the model.
    """
    opts = {"drop_unknown_tables": "always", **context.opts}
    autogen_context = AutogenContext(context, metadata=metadata, opts=opts)
    script = MigrationScript(rev_id=None, upgrade_ops=UpgradeOps([]), downgrade_ops=DowngradeOps([]))
    populate_migration_script(autogen_context, script)
    return script


def populate_migration_script(autogen_context: AutogenContext, migration_script: MigrationScript) -> None:
    """Compare, and fill the last pair of operation lists of a revision file."""
    upgrade_ops = migration_script.upgrade_ops_list[-1]
    _compare(autogen_context, upgrade_ops)
    name_constraints(autogen_context, upgrade_ops)
    downgrade_ops = upgrade_ops.reverse_into(migration_script.downgrade_ops_list[-1])
    for operations, backwards in ((upgrade_ops, False), (downgrade_ops, True)):
        complete_conversions(autogen_context, operations)
        drop_with_keys(autogen_context, operations, backwards=backwards)


def _compare(autogen_context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
    compare = autogen_context.comparators.dispatch("autogenerate", qualifier=autogen_context.dialect.name)
    compare(autogen_context, upgrade_ops)
    order_operations(autogen_context, upgrade_ops)

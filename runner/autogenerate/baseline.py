"""Operations that make what a database has: for a first revision, and for one in the place of several. Floor 4.

Nothing here knows how to create anything. The database is compared with a model of what it had before; what the
comparison would take away is, the other way round, what has to be made.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData, func, select, text

from runner.autogenerate.compare import populate_migration_script
from runner.autogenerate.compare.reflection import DatabaseTables
from runner.autogenerate.context import AutogenContext
from runner.operations.ops import DowngradeOps, MigrationScript, UpgradeOps

__all__ = ["differences_from", "fill_from_database", "inventory_of", "model_of_database", "rows_of"]


def _context(migration_context: Any, metadata: MetaData) -> AutogenContext:
    opts = {
        **migration_context.opts,
        "drop_unknown_tables": "always",
        "renames": "off",
        "compare_type": True,
        "compare_server_default": True,
    }
    return AutogenContext(migration_context, metadata=metadata, opts=opts)


def fill_from_database(migration_context: Any, script: MigrationScript, before: MetaData) -> AutogenContext:
    """Fill the last pair of operation lists of a file with what the database has and `before` has not.

    Args:
        migration_context: with a connection to the database.
        script: the file.
        before: what there was before; empty for everything.

    Returns:
        The context to render the file with.
    """
    context = _context(migration_context, before)
    there = _compared(context)
    upgrade_ops, downgrade_ops = script.upgrade_ops_list[-1], script.downgrade_ops_list[-1]
    downgrade_ops.ops[:] = there.upgrade_ops_list[-1].ops
    upgrade_ops.ops[:] = there.downgrade_ops_list[-1].ops
    return context


def differences_from(migration_context: Any, model: MetaData) -> UpgradeOps:
    """Return the operations that would make the database like a model; none where it is."""
    return _compared(_context(migration_context, model)).upgrade_ops_list[-1]


def _compared(context: AutogenContext) -> MigrationScript:
    script = MigrationScript(rev_id=None, upgrade_ops=UpgradeOps([]), downgrade_ops=DowngradeOps([]))
    populate_migration_script(context, script)
    return script


def model_of_database(migration_context: Any) -> MetaData:
    """Return the tables of the database, the version table apart, as a model that can be compared with later."""
    context = _context(migration_context, MetaData())
    tables = DatabaseTables(context)
    schemas: list[str | None] = [None]
    if migration_context.opts.get("include_schemas"):
        default = context.dialect.default_schema_name
        schemas += [
            name for name in context.inspector.get_schema_names() if name not in {default, "information_schema"}
        ]
    own = (migration_context.version_table_schema, migration_context.version_table)
    for schema in schemas:
        names = [name for name in sorted(context.inspector.get_table_names(schema)) if (schema, name) != own]
        tables.read(schema, names, every=False)
        for name in names:
            tables.table((schema, name))
    return tables.metadata


_INVENTORIES = {
    "sqlite": "SELECT type || ' ' || name FROM sqlite_master WHERE type IN ('view', 'trigger')",
    "postgresql": """
        SELECT CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' WHEN 'f' THEN 'foreign table '
               ELSE 'sequence ' END || n.nspname || '.' || c.relname
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('v', 'm', 'S', 'f') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        UNION ALL SELECT 'function ' || n.nspname || '.' || p.proname
               || '(' || pg_get_function_identity_arguments(p.oid) || ')'
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
        UNION ALL SELECT 'trigger ' || t.tgname FROM pg_trigger t WHERE NOT t.tgisinternal
        UNION ALL SELECT 'policy ' || p.polname FROM pg_policy p
        UNION ALL SELECT 'extension ' || e.extname FROM pg_extension e WHERE e.extname <> 'plpgsql'
        UNION ALL SELECT 'type ' || n.nspname || '.' || t.typname
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE t.typtype IN ('e', 'd') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        UNION ALL SELECT 'schema ' || n.nspname FROM pg_namespace n
        WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'public')
        """,
}
"""Dialect -> a query for what a comparison of tables does not see."""


def inventory_of(migration_context: Any) -> list[str]:
    """Return kind and name of everything beside tables that the database has; nothing where it cannot be asked."""
    query = _INVENTORIES.get(migration_context.dialect.name)
    if query is None:
        return []
    return sorted(migration_context.connection.execute(text(query)).scalars())


def rows_of(migration_context: Any, model: MetaData) -> list[str]:
    """Return the tables that hold rows, each with how many."""
    execute = migration_context.connection.execute
    counts = {key: execute(select(func.count()).select_from(table)).scalar() for key, table in model.tables.items()}
    return sorted(f"{key}: {count}" for key, count in counts.items() if count)

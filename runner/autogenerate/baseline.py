"""Operations that make what a database has: for a first revision, and for one in the place of several. Floor 4.

Nothing here knows how to create anything. The database is compared with a model of what it had before; what the
comparison would take away is, the other way round, what has to be made.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, MetaData, text

from runner.autogenerate.compare import populate_migration_script
from runner.autogenerate.compare.reflection import DatabaseTables
from runner.autogenerate.context import AutogenContext
from runner.dialects.compare.text import is_constant, without_casts
from runner.operations.ops import DowngradeOps, MigrationScript, UpgradeOps

__all__ = ["TableRows", "differences_from", "fill_from_database", "inventory_of", "model_of_database", "rows_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRows:
    """The rows of a table as text, whatever their types are.

    Args:
        columns: names, in the order of the values.
        rows: in any order.
        computed: the columns whose default is no constant, such as `now()`.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    computed: frozenset[str] = frozenset()

    def of(self, columns: Collection[str]) -> list[tuple[str, ...]]:
        """Return the rows of some of the columns, sorted."""
        places = [self.columns.index(column) for column in sorted(columns)]
        return sorted(tuple(row[place] for place in places) for row in self.rows)

    def differs(self, other: TableRows, *, filled: Collection[str] = ()) -> bool:
        """Tell whether the rows are other ones, by the columns that both have.

        Args:
            other: the rows to compare with.
            filled: columns whose values the server makes, others each time: how many values there are is compared.
        """
        common = set(self.columns) & set(other.columns)
        told, counted = common - set(filled), common & set(filled)
        return self.of(told) != other.of(told) or any(self._counts(name) != other._counts(name) for name in counted)

    def _counts(self, column: str) -> tuple[int, int]:
        """Return how many values a column has, and how many of its rows have none."""
        values = [value for (value,) in self.of([column])]
        return len(set(values)), values.count(str(None))


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


_THEIRS = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
_OF_NO_EXTENSION = "NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = {oid} AND d.deptype = 'e')"
_INVENTORIES = {
    "sqlite": "SELECT type || ' ' || name, sql FROM sqlite_master WHERE type IN ('view', 'trigger')",
    "postgresql": f"""
        SELECT CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' ELSE 'foreign table ' END
               || n.nspname || '.' || c.relname,
               CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) ELSE '' END
               || coalesce(array_to_string(c.reloptions, ' '), '')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('v', 'm', 'f') AND {_THEIRS} AND {_OF_NO_EXTENSION.format(oid="c.oid")}
        UNION ALL SELECT 'sequence ' || n.nspname || '.' || c.relname,
               concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                         s.seqcycle)
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {_THEIRS} AND {_OF_NO_EXTENSION.format(oid="c.oid")}
        UNION ALL SELECT 'function ' || n.nspname || '.' || p.proname
               || '(' || pg_get_function_identity_arguments(p.oid) || ')',
               CASE WHEN p.prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid) ELSE '' END
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE {_THEIRS} AND {_OF_NO_EXTENSION.format(oid="p.oid")}
        UNION ALL SELECT 'trigger ' || t.tgname || ' on ' || t.tgrelid::regclass,
               t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid)
        FROM pg_trigger t WHERE NOT t.tgisinternal
        UNION ALL SELECT 'policy ' || p.polname || ' on ' || p.polrelid::regclass,
               concat_ws(' ', p.polcmd, p.polpermissive, p.polroles::regrole[]::text,
                         pg_get_expr(p.polqual, p.polrelid), 'CHECK', pg_get_expr(p.polwithcheck, p.polrelid))
        FROM pg_policy p
        UNION ALL SELECT 'row security of ' || c.oid::regclass, c.relrowsecurity || ' ' || c.relforcerowsecurity
        FROM pg_class c WHERE c.relrowsecurity OR c.relforcerowsecurity
        UNION ALL SELECT 'extension ' || e.extname, e.extversion FROM pg_extension e WHERE e.extname <> 'plpgsql'
        UNION ALL SELECT 'type ' || n.nspname || '.' || t.typname,
               concat_ws(' ', (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_enum e
                               WHERE e.enumtypid = t.oid),
                         CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
                         CASE WHEN t.typnotnull THEN 'NOT NULL' END, t.typdefault,
                         (SELECT string_agg(pg_get_constraintdef(con.oid), ' ' ORDER BY con.conname)
                          FROM pg_constraint con WHERE con.contypid = t.oid),
                         (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', '
                                            ORDER BY a.attnum)
                          FROM pg_attribute a WHERE a.attrelid = t.typrelid AND NOT a.attisdropped),
                         (SELECT r.rngsubtype::regtype::text FROM pg_range r WHERE r.rngtypid = t.oid))
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
        WHERE (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c') AND {_THEIRS}
          AND {_OF_NO_EXTENSION.format(oid="t.oid")}
        UNION ALL SELECT 'schema ' || n.nspname, '' FROM pg_namespace n WHERE {_THEIRS} AND n.nspname <> 'public'
        """,  # noqa: S608  # made of this module's own words
}
"""Dialect -> a query for kind and name, and the definition, of what a comparison of tables does not see."""


def inventory_of(migration_context: Any) -> dict[str, str]:
    """Return kind and name of everything beside tables that the database has, with the database's text of it.

    Where the database cannot be asked, there is nothing.
    """
    query = _INVENTORIES.get(migration_context.dialect.name)
    if query is None:
        return {}
    rows = migration_context.connection.exec_driver_sql(query, execution_options={"no_parameters": True})
    return {row[0]: row[1] for row in rows}


def rows_of(migration_context: Any, model: MetaData) -> dict[str, TableRows]:
    """Return the tables that hold rows."""
    found: dict[str, TableRows] = {}
    for key, table in model.tables.items():
        name = migration_context.dialect.identifier_preparer.format_table(table)
        query = text(f"SELECT * FROM {name}".replace(":", "\\:"))  # noqa: S608  # as it is, whatever the types are
        result = migration_context.connection.execute(query)
        columns = tuple(result.keys())
        rows = tuple(tuple(str(value) for value in row) for row in result)
        if rows:
            computed = frozenset(column.name for column in table.columns if _is_computed(column))
            found[key] = TableRows(columns=columns, rows=rows, computed=computed)
    return found


def _is_computed(column: Column[Any]) -> bool:
    """Tell whether the default gives another value each time; what a sequence gives is the same in a second run."""
    default = getattr(column.server_default, "arg", None)
    if default is None:
        return False
    sql = str(getattr(default, "text", default))
    return not is_constant(without_casts(sql)) and "nextval(" not in sql

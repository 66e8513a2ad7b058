"""The plugins of this engine, by name: those of Alembic's names detect what Alembic detects. Floor 4."""

from __future__ import annotations

from runner.autogenerate.compare import (
    checks,
    columns,
    comments,
    enums,
    foreign_keys,
    generated,
    indexes,
    objects,
    primary_keys,
    server_defaults,
    tables,
    types,
)
from runner.autogenerate.dispatch import DispatchPriority
from runner.autogenerate.plugins import Plugin

__all__: list[str] = []

_FIRST, _LAST = DispatchPriority.FIRST, DispatchPriority.LAST


def _alembics() -> None:
    Plugin("alembic.autogenerate.schemas").add_autogenerate_comparator(tables.compare_schemas, "autogenerate")
    Plugin("alembic.autogenerate.tables").add_autogenerate_comparator(tables.compare_tables, "schema", "tables")
    plugin = Plugin("alembic.autogenerate.types")
    plugin.add_autogenerate_comparator(types.compare_type_by_user, "column", "types", priority=_FIRST)
    plugin.add_autogenerate_comparator(types.compare_type_by_dialect, "column", "types", priority=_LAST)
    plugin = Plugin("alembic.autogenerate.constraints")
    plugin.add_autogenerate_comparator(indexes.compare_indexes_and_uniques, "table", "indexes")
    plugin.add_autogenerate_comparator(foreign_keys.compare_foreign_keys, "table", "foreignkeys")
    plugin.add_autogenerate_comparator(columns.compare_nullable, "column", "nullable")
    plugin = Plugin("alembic.autogenerate.defaults")
    default = "server_default"
    plugin.add_autogenerate_comparator(server_defaults.note_default, "column", default, priority=_FIRST)
    plugin.add_autogenerate_comparator(server_defaults.compare_default_by_user, "column", default, priority=_FIRST)
    plugin.add_autogenerate_comparator(generated.compare_identity_with_defaults, "column", default)
    plugin.add_autogenerate_comparator(columns.note_autoincrement, "column", default)
    plugin.add_autogenerate_comparator(server_defaults.compare_default_by_dialect, "column", default, priority=_LAST)
    plugin = Plugin("alembic.autogenerate.comments")
    plugin.add_autogenerate_comparator(comments.compare_table_comment, "table", "comments")
    plugin.add_autogenerate_comparator(columns.compare_comment, "column", "comments")
    plugin = Plugin("alembic.ext.checkconstraint_byname")
    plugin.add_autogenerate_comparator(checks.compare_checks_by_name, "table", "checkconstraints_by_name")


def _ours() -> None:
    for name, element, compare in (
        ("primary_keys", "primary_key", primary_keys.compare_primary_key),
        ("checks", "checks", checks.compare_checks),
        ("exclusions", "exclusions", checks.compare_exclusions),
        ("unique_details", "unique_details", indexes.compare_unique_details),
        ("index_options", "index_options", indexes.compare_index_options),
        ("foreign_key_details", "foreign_key_details", foreign_keys.compare_foreign_key_details),
        ("computed", "computed", generated.compare_computed),
    ):
        plugin = Plugin(f"runner.autogenerate.{name}")
        plugin.add_autogenerate_comparator(compare, "table", element, priority=_LAST)
    for name, find in (
        ("enums", enums.compare_enums),
        ("sequences", objects.compare_sequences),
        ("replaceables", objects.compare_replaceables),
        ("schemas", objects.compare_new_schemas),
    ):
        plugin = Plugin(f"runner.autogenerate.{name}")
        plugin.add_autogenerate_comparator(find, "autogenerate", name, priority=_LAST)
    plugin = Plugin("runner.autogenerate.identity")
    plugin.add_autogenerate_comparator(generated.compare_identity, "column", "identity")


_alembics()
_ours()

"""`alembic.autogenerate.compare`: the registry of comparators."""

from __future__ import annotations

from runner.autogenerate.compare import populate_migration_script as _populate_migration_script
from runner.autogenerate.plugins import Plugin, comparators

__all__ = ["Plugin", "_populate_migration_script", "comparators"]

"""`alembic.runtime.migration`: one database and the steps that run on it."""

from __future__ import annotations

from runner.graph import Step as MigrationStep
from runner.migration.context import MigrationContext
from runner.migration.info import MigrationInfo

__all__ = ["MigrationContext", "MigrationInfo", "MigrationStep"]

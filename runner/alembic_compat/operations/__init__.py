"""`alembic.operations`: the directives, and the operations they make."""

from __future__ import annotations

from runner.operations import (
    AbstractOperations,
    BatchOperations,
    MigrateOperation,
    MigrationScript,
    Operations,
    ops,
)

__all__ = ["AbstractOperations", "BatchOperations", "MigrateOperation", "MigrationScript", "Operations", "ops"]

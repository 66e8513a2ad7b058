"""`alembic.operations`: the directives, and the operations they make."""

from __future__ import annotations

from runner.alembic_compat._submodules import lazily
from runner.operations import (
    AbstractOperations,
    BatchOperations,
    MigrateOperation,
    MigrationScript,
    Operations,
    ops,
)

__all__ = ["AbstractOperations", "BatchOperations", "MigrateOperation", "MigrationScript", "Operations", "ops"]

__getattr__ = lazily(__name__, "base", "batch", "schemaobj", "toimpl")

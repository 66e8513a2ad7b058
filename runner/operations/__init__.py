"""Operations (floor 2): what revisions ask for, as objects and as the directives that make them."""

from __future__ import annotations

from runner.operations import toimpl as _toimpl  # registers the implementations
from runner.operations import toimpl_objects as _toimpl_objects  # the same
from runner.operations.base import AbstractOperations, BatchOperations, Operations
from runner.operations.ops import MigrateOperation, MigrationScript

__all__ = ["AbstractOperations", "BatchOperations", "MigrateOperation", "MigrationScript", "Operations"]

del _toimpl, _toimpl_objects

"""`alembic.operations.base`: the classes that hold the directives."""

from __future__ import annotations

from runner.operations import AbstractOperations, BatchOperations, Operations

__all__ = ["AbstractOperations", "BatchOperations", "Operations"]

"""`alembic.operations.batch`: the queue of operations that a batch collects."""

from __future__ import annotations

from runner.operations.batch import BatchOperationsImpl

__all__ = ["BatchOperationsImpl"]

"""Batch blocks (floor 2): several operations on one table at once, by ALTER or by move and copy."""

from __future__ import annotations

from runner.operations.batch.queue import BatchOperationsImpl
from runner.operations.batch.rebuild import ApplyBatchImpl

__all__ = ["ApplyBatchImpl", "BatchOperationsImpl"]

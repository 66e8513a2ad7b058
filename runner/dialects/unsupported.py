"""The error of an operation a database cannot carry out: floor 3."""

from __future__ import annotations

from runner.errors import OperationError

__all__ = ["OperationUnsupported"]


class OperationUnsupported(OperationError, NotImplementedError):
    """This database has no statement for what the revision asks.

    Also a NotImplementedError, which is what revisions written for Alembic catch here.
    """

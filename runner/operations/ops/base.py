"""The base of every operation object (floor 2)."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

__all__ = ["AlterTableOp", "MigrateOperation"]


class MigrateOperation:
    """One thing a revision asks the database for, as an object.

    Operations are ordinary mutable objects on purpose: rewriters of third parties set their attributes
    between autogenerate and rendering.
    """

    _mutations: ClassVar[frozenset[Any]] = frozenset()

    note: str | None = None
    """What autogenerate wants the author to look at; a comment in the rendered file."""

    @cached_property
    def info(self) -> dict[Any, Any]:
        """A dictionary for the user's own notes on this operation; the engine never reads it."""
        return {}

    def reverse(self) -> MigrateOperation:
        """Return the operation that undoes this one.

        Raises:
            NotImplementedError: the operation has no inverse, or a subclass did not say what it is.
        """
        raise NotImplementedError(f"{type(self).__name__} has no reverse operation")

    def to_diff_tuple(self) -> Any:
        """Return the difference this operation makes, as the tuple `compare_metadata()` reports."""
        raise NotImplementedError(f"{type(self).__name__} has no difference tuple")


class AlterTableOp(MigrateOperation):
    """Base of the operations on one existing table."""

    def __init__(self, table_name: str, *, schema: str | None = None) -> None:
        self.table_name = table_name
        self.schema = schema

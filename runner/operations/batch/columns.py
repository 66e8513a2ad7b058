# ruff: noqa: SLF001  # SQLAlchemy has no public name for a copy
"""A column on its way into a rebuilt table (floor 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.schema import Column, Computed, DefaultClause, FetchedValue, Identity

from runner.operations.sqla import copy_column

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.types import TypeEngine

__all__ = ["ColumnState", "as_existing_type", "with_default"]


class ColumnState:
    """A column on its way into the new table."""

    __slots__ = ("altered", "column", "existing", "original", "placed_after", "transfer")

    def __init__(self, column: Column[Any], existing: Column[Any] | None) -> None:
        column.key = column.name  # columns are found by the names the database knows
        self.column = column
        self.existing = existing
        self.original: str | None = existing.name if existing is not None else None
        self.transfer: dict[str, Any] = {"expr": existing} if existing is not None else {}
        self.altered: set[str] = set()
        self.placed_after: ColumnState | None = None

    @property
    def name(self) -> str:
        """The name in the new table."""
        return self.column.name


def with_default(column: Column[Any], server_default: Any) -> Column[Any]:
    """Return the column with another default, or generated, or neither."""
    bare = copy_column(column)
    bare.server_default = None
    bare.computed = bare.identity = None
    if isinstance(server_default, Computed | Identity):
        plain: Column[Any] = Column(
            bare.name,
            bare.type,
            server_default._copy(),
            nullable=bare.nullable,
            primary_key=bare.primary_key,
            comment=bare.comment,
        )
        return plain
    if server_default is not None:
        is_made = isinstance(server_default, FetchedValue)
        bare.server_default = server_default if is_made else DefaultClause(server_default)
        bare.server_default.column = bare
    return bare


def as_existing_type(type_: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    """Return the type as one the database has already, where it or that of an array's items has to be created."""
    adapted: Any = type_.dialect_impl(dialect)
    item = getattr(adapted, "item_type", None)
    if item is not None and (existing_item := as_existing_type(item, dialect)) is not item:
        array: Any = adapted.copy()
        array.item_type = existing_item
        return array  # type: ignore[no-any-return]  # a type of the same class
    if not getattr(adapted, "create_type", False):
        return type_
    existing: TypeEngine[Any] = adapted.copy()
    existing.create_type = False  # type: ignore[attr-defined]  # an ENUM or a domain of PostgreSQL
    return existing

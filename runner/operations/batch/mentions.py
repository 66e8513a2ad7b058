"""Which columns a constraint or an index involves (floor 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.schema import CheckConstraint, Column, Constraint, Index
from sqlalchemy.sql.elements import ColumnClause
from sqlalchemy.sql.visitors import replacement_traverse

from runner.operations.batch.expressions import identifiers, in_list_column
from runner.operations.sqltext import characters

__all__ = ["listed_column", "mentioned", "names_of"]


def listed_column(constraint: Constraint) -> str | None:
    """Return the column whose allowed values a check lists, None for any other constraint."""
    if isinstance(constraint, CheckConstraint):
        return in_list_column(str(constraint.sqltext))
    return None


def mentioned(item: Constraint | Index) -> frozenset[str]:
    """Return the lower-case names of the columns a constraint or index involves."""
    info: frozenset[str] | None = item.info.get("runner_mentioned")
    if info is not None:
        return info
    if isinstance(item, Index):
        conditions = [
            text(value) if isinstance(value, str) else value
            for name, value in item.dialect_kwargs.items()
            if name.endswith("_where") and value is not None
        ]
        return _included(item).union(*(_mentioned_in(part) for part in (*item.expressions, *conditions)))
    if isinstance(item, CheckConstraint):
        return _mentioned_in(item.sqltext)
    columns = getattr(item, "columns", ())
    return _included(item).union(column.name.lower() for column in columns)


def _included(item: Constraint | Index) -> frozenset[str]:
    """Return the lower-case names of the columns that are in an index without being a part of its key."""
    values = [value for name, value in item.dialect_kwargs.items() if name.endswith("_include") and value]
    return frozenset(name.lower() for value in values for name in names_of(value))


def names_of(columns: Sequence[Column[Any] | str]) -> list[str]:
    """Return the names of columns that are given by name or as columns."""
    return [column if isinstance(column, str) else column.name for column in columns]


def _mentioned_in(expression: Any) -> frozenset[str]:
    if isinstance(expression, str):
        return frozenset({expression.lower()})
    found: set[str] = set()

    def look(element: Any, **_: Any) -> None:
        if isinstance(element, TextClause):
            found.update(identifiers(characters(element)))
        elif isinstance(element, ColumnClause):
            found.update(identifiers(element.text) if element.is_literal else {element.name.lower()})

    replacement_traverse(expression, {}, look)
    return frozenset(found)

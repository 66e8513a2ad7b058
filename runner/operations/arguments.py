"""Names for the argument types of the directives (floor 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from sqlalchemy.schema import Computed, FetchedValue, Identity
from sqlalchemy.sql.elements import ColumnElement, TextClause
from sqlalchemy.types import TypeEngine

__all__ = [
    "Comment",
    "Condition",
    "DroppedType",
    "IndexColumns",
    "Nothing",
    "Recreate",
    "ServerDefault",
    "TypeArgument",
]

Nothing: TypeAlias = Literal[False]
"""Stands for "not given" where None already means "none": no comment, no default."""

Comment: TypeAlias = str | Nothing | None
Condition: TypeAlias = str | TextClause | ColumnElement[Any]
DroppedType: TypeAlias = str | TypeEngine[Any]
"""A type that is dropped with what used it: the type, or its name."""
IndexColumns: TypeAlias = Sequence[str | TextClause | ColumnElement[Any]]
Recreate: TypeAlias = Literal["auto", "always", "never"]
ServerDefault: TypeAlias = str | TextClause | ColumnElement[Any] | Computed | Identity | FetchedValue | Nothing | None
TypeArgument: TypeAlias = TypeEngine[Any] | type[TypeEngine[Any]]

"""What the database is asked to write in its own words. Floor 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from sqlalchemy.schema import Table

__all__ = ["CanonicalRequest", "Kind"]

Kind = Literal["check", "exclude", "index", "computed", "default", "type"]


@dataclass(frozen=True, slots=True, eq=False)
class CanonicalRequest:
    """One item of the model, to be written as the database would.

    Args:
        kind: check, exclude, index: the constraint or index; computed, default, type: of the column.
        item: the constraint, index or column of the model.
        stored: the table of the database it would be on.
        wanted: the table of the model.
    """

    kind: Kind
    item: Any
    stored: Table
    wanted: Table

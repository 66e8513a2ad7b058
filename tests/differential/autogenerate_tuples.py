"""The tuples of differences as text, so that those of two engines can be compared."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import sqlalchemy as sa

__all__ = ["comparable"]

_ADDRESS = re.compile(r"( object)? at 0x[0-9a-f]+")

_TWICE = re.compile(r"(ForeignKey\([^)]*\), )\1+")
"""Alembic reflects the foreign key of a column that goes twice."""


def comparable(differences: list[Any]) -> Counter[str]:
    """Return the tuples as comparable text, in any order."""
    return Counter(_text(difference) for difference in differences)


def _text(value: Any) -> str:  # noqa: PLR0911  # one per kind of thing
    if isinstance(value, tuple | list):
        opening, closing = ("(", ")") if isinstance(value, tuple) else ("[", "]")
        return opening + ", ".join(_text(part) for part in value) + closing
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_text(part)}" for key, part in sorted(value.items())) + "}"
    if isinstance(value, sa.Table):
        return f"{_ADDRESS.sub('', repr(value))} {sorted(map(_constraint, value.constraints))} {value.comment!r}"
    if isinstance(value, sa.Index):
        return f"Index({value.name!r}, {[str(e) for e in value.expressions]}, {bool(value.unique)}, {value.table})"
    if isinstance(value, sa.Constraint):
        return _constraint(value)
    if isinstance(value, sa.DefaultClause):
        return f"Default({getattr(value.arg, 'text', value.arg)})"
    return _ADDRESS.sub("", _TWICE.sub(r"\1", repr(value)))


def _constraint(value: Any) -> str:
    columns = [column.name for column in getattr(value, "columns", ())]
    keys = [key.target_fullname for key in getattr(value, "elements", ())]
    options = [getattr(value, name, None) for name in ("ondelete", "onupdate", "deferrable", "initially")]
    return f"{type(value).__name__}({value.name!r}, {columns}, {keys}, {options})"

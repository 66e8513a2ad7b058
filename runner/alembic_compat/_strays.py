"""Names that programs import from the wrong place: floor 8.

Alembic's two oldest aliases re-export whatever their targets happen to import, and editors complete from them:
revision files exist that import `Optional` or `Column` from `alembic.environment`.
"""

from __future__ import annotations

import typing
from typing import Any

import sqlalchemy

__all__ = ["find"]


def find(name: str, *, module: str) -> Any:
    """Return what `typing` or SQLAlchemy has under a name.

    Raises:
        AttributeError: neither has it.
    """
    if not name.startswith("_"):
        for source in (typing, sqlalchemy):
            if hasattr(source, name):
                return getattr(source, name)
    raise AttributeError(f"module {module!r} has no attribute {name!r}")

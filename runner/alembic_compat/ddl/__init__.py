"""`alembic.ddl`: one implementation per database."""

from __future__ import annotations

from runner.dialects.base import (
    DefaultImpl,
)

__all__ = [
    "DefaultImpl",
]

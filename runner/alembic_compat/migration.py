"""`alembic.migration`: what `alembic.runtime.migration` was called before 2015."""

from __future__ import annotations

from typing import Any

from runner.alembic_compat import _strays
from runner.alembic_compat.runtime.migration import MigrationContext, MigrationInfo, MigrationStep

__all__ = ["MigrationContext", "MigrationInfo", "MigrationStep"]


def __getattr__(name: str) -> Any:
    return _strays.find(name, module="alembic.migration")

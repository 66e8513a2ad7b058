"""`alembic.environment`: what `alembic.runtime.environment` was called before 2015."""

from __future__ import annotations

from typing import Any

from runner.alembic_compat import _strays
from runner.alembic_compat.runtime.environment import EnvironmentContext, MigrationContext, Operations

__all__ = ["EnvironmentContext", "MigrationContext", "Operations"]


def __getattr__(name: str) -> Any:
    return _strays.find(name, module="alembic.environment")

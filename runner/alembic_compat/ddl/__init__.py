"""`alembic.ddl`: one implementation per database."""

from __future__ import annotations

from runner.alembic_compat._submodules import lazily
from runner.dialects.base import (
    DefaultImpl,
)

__all__ = [
    "DefaultImpl",
]

__getattr__ = lazily(__name__, "base", "impl", "mssql", "mysql", "oracle", "postgresql", "sqlite")

"""`alembic.runtime`: what runs revisions."""

from __future__ import annotations

from runner.alembic_compat._submodules import lazily

__all__: list[str] = []

__getattr__ = lazily(__name__, "environment", "migration", "plugins")

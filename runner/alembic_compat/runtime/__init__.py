"""`alembic.runtime`: what runs revisions."""

from __future__ import annotations

__all__: list[str] = []

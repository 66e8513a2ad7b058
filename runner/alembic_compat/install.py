"""Importing this module calls `runner.install_alembic_names()`: for places where a call cannot stand first."""

from __future__ import annotations

from runner.alembic_compat.finder import install

__all__: list[str] = []

install()

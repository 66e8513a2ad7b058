"""Dialects (floor 3): operations become statements, one module per database.

All of them are loaded together, so that whatever a user registers later, an implementation or the SQL of an
element, comes after ours and wins.
"""

from __future__ import annotations

from runner.dialects import mssql, mysql, oracle, postgresql, sqlite
from runner.dialects.base import DefaultImpl

__all__ = ["DefaultImpl", "mssql", "mysql", "oracle", "postgresql", "sqlite"]

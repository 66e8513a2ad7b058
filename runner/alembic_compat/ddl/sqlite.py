"""`alembic.ddl.sqlite`: SQLite."""

from __future__ import annotations

from runner.dialects.sqlite import (
    SQLiteImpl,
    visit_column_name,
    visit_rename_table,
)

__all__ = [
    "SQLiteImpl",
    "visit_column_name",
    "visit_rename_table",
]

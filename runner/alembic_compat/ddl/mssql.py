"""`alembic.ddl.mssql`: SQL Server."""

from __future__ import annotations

from runner.dialects.mssql import (
    MSSQLImpl,
    visit_add_column,
    visit_column_comment,
    visit_column_default,
    visit_column_nullable,
    visit_column_type,
    visit_rename_table,
)

__all__ = [
    "MSSQLImpl",
    "visit_add_column",
    "visit_column_comment",
    "visit_column_default",
    "visit_column_nullable",
    "visit_column_type",
    "visit_rename_table",
]

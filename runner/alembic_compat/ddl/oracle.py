"""`alembic.ddl.oracle`: Oracle."""

from __future__ import annotations

from runner.dialects.oracle import (
    OracleImpl,
    visit_add_column,
    visit_column_comment,
    visit_column_default,
    visit_column_name,
    visit_column_nullable,
    visit_column_type,
    visit_identity_column,
    visit_rename_table,
)

__all__ = [
    "OracleImpl",
    "visit_add_column",
    "visit_column_comment",
    "visit_column_default",
    "visit_column_name",
    "visit_column_nullable",
    "visit_column_type",
    "visit_identity_column",
    "visit_rename_table",
]

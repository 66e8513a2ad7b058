"""`alembic.ddl.postgresql`: PostgreSQL."""

from __future__ import annotations

from runner.dialects.postgresql import (
    PostgresqlColumnType,
    PostgresqlImpl,
    visit_column_comment,
    visit_column_type,
    visit_identity_column,
    visit_rename_table,
)
from runner.operations.ops.constraints import (
    CreateExcludeConstraintOp,
)

__all__ = [
    "CreateExcludeConstraintOp",
    "PostgresqlColumnType",
    "PostgresqlImpl",
    "visit_column_comment",
    "visit_column_type",
    "visit_identity_column",
    "visit_rename_table",
]

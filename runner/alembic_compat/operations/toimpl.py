"""`alembic.operations.toimpl`: the functions that carry operations out, for those who wrap or replace one."""

from __future__ import annotations

from runner.operations.toimpl import (
    add_column,
    alter_column,
    bulk_insert,
    create_constraint,
    create_index,
    create_table,
    create_table_comment,
    drop_column,
    drop_constraint,
    drop_index,
    drop_table,
    drop_table_comment,
    execute_sql,
    rename_table,
)

__all__ = [
    "add_column",
    "alter_column",
    "bulk_insert",
    "create_constraint",
    "create_index",
    "create_table",
    "create_table_comment",
    "drop_column",
    "drop_constraint",
    "drop_index",
    "drop_table",
    "drop_table_comment",
    "execute_sql",
    "rename_table",
]

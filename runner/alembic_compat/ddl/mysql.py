"""`alembic.ddl.mysql`: MySQL and MariaDB."""

from __future__ import annotations

from runner.dialects.mysql import (
    MariaDBImpl,
    MySQLAlterDefault,
    MySQLChangeColumn,
    MySQLImpl,
    MySQLModifyColumn,
)

__all__ = [
    "MariaDBImpl",
    "MySQLAlterDefault",
    "MySQLChangeColumn",
    "MySQLImpl",
    "MySQLModifyColumn",
]

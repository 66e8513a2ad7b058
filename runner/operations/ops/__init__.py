"""The operation objects (floor 2): what a revision asks for, as values that can be inverted and rewritten."""

from __future__ import annotations

from runner.operations.ops.base import AlterTableOp, MigrateOperation
from runner.operations.ops.columns import AddColumnOp, AlterColumnOp, DropColumnOp
from runner.operations.ops.constraints import (
    AddConstraintOp,
    CreateCheckConstraintOp,
    CreateExcludeConstraintOp,
    CreateForeignKeyOp,
    CreatePrimaryKeyOp,
    CreateUniqueConstraintOp,
    DropConstraintOp,
)
from runner.operations.ops.containers import DowngradeOps, MigrationScript, ModifyTableOps, OpContainer, UpgradeOps
from runner.operations.ops.data import BulkInsertOp, ExecuteSQLOp
from runner.operations.ops.indexes import CreateIndexOp, DropIndexOp
from runner.operations.ops.tables import (
    CreateTableCommentOp,
    CreateTableOp,
    DropTableCommentOp,
    DropTableOp,
    RenameTableOp,
)

__all__ = [
    "AddColumnOp",
    "AddConstraintOp",
    "AlterColumnOp",
    "AlterTableOp",
    "BulkInsertOp",
    "CreateCheckConstraintOp",
    "CreateExcludeConstraintOp",
    "CreateForeignKeyOp",
    "CreateIndexOp",
    "CreatePrimaryKeyOp",
    "CreateTableCommentOp",
    "CreateTableOp",
    "CreateUniqueConstraintOp",
    "DowngradeOps",
    "DropColumnOp",
    "DropConstraintOp",
    "DropIndexOp",
    "DropTableCommentOp",
    "DropTableOp",
    "ExecuteSQLOp",
    "MigrateOperation",
    "MigrationScript",
    "ModifyTableOps",
    "OpContainer",
    "RenameTableOp",
    "UpgradeOps",
]

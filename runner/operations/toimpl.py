# ruff: noqa: SLF001  # an operation and what carries it out know each other
"""How each operation is carried out (floor 2): operation objects to calls of the dialect implementation.

The functions are registered under the class of the operation, see `Operations.implementation_for()`. A
function of a third party may replace one and call the original, which is why they have public names.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from sqlalchemy.schema import (
    CheckConstraint,
    Column,
    Constraint,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from runner.operations import ops
from runner.operations.base import AbstractOperations, Operations
from runner.operations.keywords import named_by, refuse_unknown_keywords, tell_unknown_keywords
from runner.operations.ops.constraints import CreateExcludeConstraintOp
from runner.operations.schemaobj import SchemaObjects
from runner.operations.sqla import bare_copy, copy_column, in_declared_order, renders_on

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

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


_ALTER_OPTIONS = frozenset({"postgresql_using", "insert_before", "insert_after"})
_DROP_OPTIONS = frozenset({"existing_type", "mssql_drop_default", "mssql_drop_check", "mssql_drop_foreign_key"})
"""Keywords that implementations take out of those they do not name, and those of batch blocks."""
_CONSTRAINTS = (CheckConstraint, ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint)
_CONSTRAINT_OPTIONS = frozenset({"schema", "source_schema", "referent_schema", "ops", "using", "where"})


@Operations.implementation_for(ops.AlterColumnOp)
def alter_column(operations: AbstractOperations, operation: ops.AlterColumnOp) -> None:
    """Alter a column; the CHECK of the old type goes first and the one of the new type comes last."""
    impl = operations.impl
    pairs = {name.replace("modify_", "existing_", 1) for name in operation.kw if name.startswith("modify_")}
    pairs |= {name for name in operation.kw if name.startswith("modify_")}  # attributes a third party has added
    _check_keywords(operations, operation, "alter_column", known=_ALTER_OPTIONS | pairs)
    name = operation.modify_name if operation.modify_name is not None else operation.column_name
    if operation.existing_type is not None and operation.modify_type is not None:
        for constraint in _type_constraints(operations, operation, operation.column_name, operation.existing_type):
            impl.drop_constraint(constraint)
    impl.alter_column(
        operation.table_name,
        operation.column_name,
        nullable=operation.modify_nullable,
        server_default=operation.modify_server_default,
        name=operation.modify_name,
        type_=operation.modify_type,
        schema=operation.schema,
        existing_type=operation.existing_type,
        existing_server_default=operation.existing_server_default,
        existing_nullable=operation.existing_nullable,
        comment=operation.modify_comment,
        existing_comment=operation.existing_comment,
        **operation.kw,
    )
    if operation.modify_type is not None:
        for constraint in _type_constraints(operations, operation, name, operation.modify_type):
            impl.add_constraint(constraint)


@Operations.implementation_for(ops.DropTableOp)
def drop_table(operations: AbstractOperations, operation: ops.DropTableOp) -> None:
    """Drop a table."""
    refuse_unknown_keywords("drop_table", operation.table_kw, known=named_by(Table), table=operation.table_name)
    table = operation.to_table(operations.migration_context)
    kw = _given(if_exists=operation.if_exists, postgresql_drop_types=operation.drop_types)
    operations.impl.drop_table(table, **kw)


@Operations.implementation_for(ops.DropColumnOp)
def drop_column(operations: AbstractOperations, operation: ops.DropColumnOp) -> None:
    """Drop a column."""
    _check_keywords(operations, operation, "drop_column", known=_DROP_OPTIONS)
    column = operation.to_column(operations.migration_context)
    kw = {**_given(if_exists=operation.if_exists, postgresql_drop_type=operation.drop_type), **operation.kw}
    operations.impl.drop_column(operation.table_name, column, schema=operation.schema, **kw)


@Operations.implementation_for(ops.CreateIndexOp)
def create_index(operations: AbstractOperations, operation: ops.CreateIndexOp) -> None:
    """Create an index."""
    refuse_unknown_keywords("create_index", operation.kw, known=named_by(Index), table=operation.table_name)
    index = operation.to_index(operations.migration_context)
    operations.impl.create_index(index, **_given(if_not_exists=operation.if_not_exists))


@Operations.implementation_for(ops.DropIndexOp)
def drop_index(operations: AbstractOperations, operation: ops.DropIndexOp) -> None:
    """Drop an index."""
    refuse_unknown_keywords("drop_index", operation.kw, known=named_by(Index), index=operation.index_name)
    index = operation.to_index(operations.migration_context)
    operations.impl.drop_index(index, **_given(if_exists=operation.if_exists))


@Operations.implementation_for(ops.CreateTableOp)
def create_table(operations: AbstractOperations, operation: ops.CreateTableOp) -> Table:
    """Create a table with the indexes its columns ask for, and return it."""
    refuse_unknown_keywords("create_table", operation.kw, known=named_by(Table), table=operation.table_name)
    table = operation.to_table(operations.migration_context)
    operations.impl.create_table(table, **_given(if_not_exists=operation.if_not_exists))
    return table


@Operations.implementation_for(ops.RenameTableOp)
def rename_table(operations: AbstractOperations, operation: ops.RenameTableOp) -> None:
    """Rename a table."""
    operations.impl.rename_table(operation.table_name, operation.new_table_name, schema=operation.schema)


@Operations.implementation_for(ops.CreateTableCommentOp)
def create_table_comment(operations: AbstractOperations, operation: ops.CreateTableCommentOp) -> None:
    """Set the comment of a table."""
    operations.impl.create_table_comment(operation.to_table(operations.migration_context))


@Operations.implementation_for(ops.DropTableCommentOp)
def drop_table_comment(operations: AbstractOperations, operation: ops.DropTableCommentOp) -> None:
    """Remove the comment of a table."""
    operations.impl.drop_table_comment(operation.to_table(operations.migration_context))


@Operations.implementation_for(ops.AddColumnOp)
def add_column(operations: AbstractOperations, operation: ops.AddColumnOp) -> None:
    """Add a column, then what it brings along: constraints, indexes, its comment."""
    impl = operations.impl
    column = operation.column
    if operation._constraints_included:
        column = bare_copy(column)
    elif getattr(column, "table", None) is not None:
        column = copy_column(column)
    table = _table_of(operations, operation.table_name, column, operation.schema)
    kw = _given(
        if_not_exists=operation.if_not_exists,
        inline_references=operation.inline_references,
        inline_primary_key=operation.inline_primary_key,
        postgresql_create_type=operation.create_type,
    )
    impl.add_column(operation.table_name, column, schema=operation.schema, **kw, **operation.kw)
    for constraint in _own_constraints(table, impl.dialect):
        if not (operation.inline_references and _is_reference_of(constraint, column)):
            impl.add_constraint(constraint)
    for index in sorted(table.indexes, key=lambda index: index.name or ""):
        impl.create_index(index, **_given(if_not_exists=operation.if_not_exists))
    if column.comment and impl.dialect.supports_comments and not impl.dialect.inline_comments:
        impl.create_column_comment(column)


@Operations.implementation_for(ops.CreatePrimaryKeyOp)
@Operations.implementation_for(ops.CreateUniqueConstraintOp)
@Operations.implementation_for(ops.CreateForeignKeyOp)
@Operations.implementation_for(ops.CreateCheckConstraintOp)
@Operations.implementation_for(CreateExcludeConstraintOp)
@Operations.implementation_for(ops.AddConstraintOp)
def create_constraint(operations: AbstractOperations, operation: ops.AddConstraintOp) -> Any:
    """Add a constraint, and return its table object."""
    known = set().union(_CONSTRAINT_OPTIONS, *map(named_by, _CONSTRAINTS))
    directive = re.sub(r"(?<!^)(?=[A-Z])", "_", type(operation).__name__.removesuffix("Op")).lower()
    name = getattr(operation, "constraint_name", None)
    refuse_unknown_keywords(directive, getattr(operation, "kw", ()), known=known, constraint=name)
    constraint = operation.to_constraint(operations.migration_context)
    operations.impl.add_constraint(constraint)
    return constraint.table


@Operations.implementation_for(ops.DropConstraintOp)
def drop_constraint(operations: AbstractOperations, operation: ops.DropConstraintOp) -> None:
    """Drop a constraint by name."""
    constraint = SchemaObjects(operations.migration_context).generic_constraint(
        operation.constraint_name, operation.table_name, operation.constraint_type, schema=operation.schema
    )
    operations.impl.drop_constraint(constraint, **_given(if_exists=operation.if_exists))


@Operations.implementation_for(ops.BulkInsertOp)
def bulk_insert(operations: AbstractOperations, operation: ops.BulkInsertOp) -> None:
    """Insert rows."""
    operations.impl.bulk_insert(operation.table, operation.rows, multiinsert=operation.multiinsert)


@Operations.implementation_for(ops.ExecuteSQLOp)
def execute_sql(operations: AbstractOperations, operation: ops.ExecuteSQLOp) -> None:
    """Run one statement at once, also in a batch block."""
    operations.migration_context.impl.execute(operation.sqltext, execution_options=operation.execution_options)


def _check_keywords(
    operations: AbstractOperations,
    operation: ops.AlterColumnOp | ops.DropColumnOp,
    directive: str,
    known: AbstractSet[str],
) -> None:
    """Warn about a keyword the dialect implementation does not look at; one of a third party may look into all."""
    impl = operations.migration_context.impl
    tell_unknown_keywords(
        directive,
        operation.kw,
        known=known | named_by(type(impl), directive),
        strict_about=impl.dialect.name if type(impl).__module__.startswith("runner.") else None,
        table=operation.table_name,
        column=operation.column_name,
    )


def _given(**options: Any) -> dict[str, Any]:
    """Return the options that were given: implementations of third parties may not know the others."""
    return {name: value for name, value in options.items() if value is not None}


def _table_of(operations: AbstractOperations, name: str, column: Column[Any], schema: str | None) -> Table:
    return SchemaObjects(operations.migration_context).table(name, column, schema=schema)


def _own_constraints(table: Table, dialect: Dialect) -> list[Constraint]:
    """Return the constraints that need statements of their own, in the order of their making."""
    return [
        constraint
        for constraint in in_declared_order(table.constraints)
        if not isinstance(constraint, PrimaryKeyConstraint) and renders_on(constraint, dialect)
    ]


def _type_constraints(
    operations: AbstractOperations, operation: ops.AlterColumnOp, column_name: str, type_: Any
) -> list[Constraint]:
    """Return the constraints a type brings to its column on this dialect."""
    column = SchemaObjects(operations.migration_context).column(column_name, type_)
    table = _table_of(operations, operation.table_name, column, operation.schema)
    return _own_constraints(table, operations.impl.dialect)


def _is_reference_of(constraint: Constraint, column: Column[Any]) -> bool:
    """Tell whether the constraint is the foreign key that was written inline with the column."""
    return any(key.constraint is constraint for key in column.foreign_keys)

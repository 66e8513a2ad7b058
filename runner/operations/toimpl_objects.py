"""How operations on what is neither table nor column are carried out (floor 2); the rest is in `toimpl`."""

from __future__ import annotations

from typing import Any

from runner.operations import ops
from runner.operations.base import AbstractOperations, Operations

__all__ = [
    "add_enum_value",
    "alter_sequence",
    "create_enum",
    "create_extension",
    "create_replaceable",
    "create_schema",
    "create_sequence",
    "drop_enum",
    "drop_extension",
    "drop_replaceable",
    "drop_schema",
    "drop_sequence",
    "refresh_materialized_view",
    "rename_enum_value",
    "replace_enum_values",
    "replace_replaceable",
]


@Operations.implementation_for(ops.CreateEnumOp)
def create_enum(operations: AbstractOperations, operation: ops.CreateEnumOp) -> None:
    """Create an enum type."""
    operations.impl.create_enum(
        operation.enum_name,
        operation.values,
        schema=operation.schema,
        if_not_exists=bool(operation.if_not_exists),
    )


@Operations.implementation_for(ops.DropEnumOp)
def drop_enum(operations: AbstractOperations, operation: ops.DropEnumOp) -> None:
    """Drop an enum type."""
    operations.impl.drop_enum(operation.enum_name, schema=operation.schema, if_exists=bool(operation.if_exists))


@Operations.implementation_for(ops.AddEnumValueOp)
def add_enum_value(operations: AbstractOperations, operation: ops.AddEnumValueOp) -> None:
    """Add a value to an enum type."""
    operations.impl.add_enum_value(
        operation.enum_name,
        operation.value,
        before=operation.before,
        after=operation.after,
        if_not_exists=bool(operation.if_not_exists),
        schema=operation.schema,
    )


@Operations.implementation_for(ops.RenameEnumValueOp)
def rename_enum_value(operations: AbstractOperations, operation: ops.RenameEnumValueOp) -> None:
    """Rename a value of an enum type."""
    operations.impl.rename_enum_value(
        operation.enum_name, operation.value, operation.new_value, schema=operation.schema
    )


@Operations.implementation_for(ops.ReplaceEnumValuesOp)
def replace_enum_values(operations: AbstractOperations, operation: ops.ReplaceEnumValuesOp) -> None:
    """Make an enum type anew with other values."""
    operations.impl.replace_enum_values(
        operation.enum_name,
        operation.values,
        columns=operation.columns,
        mapping=operation.mapping,
        schema=operation.schema,
    )


@Operations.implementation_for(ops.CreateSequenceOp)
def create_sequence(operations: AbstractOperations, operation: ops.CreateSequenceOp) -> None:
    """Create a sequence."""
    sequence = operation.to_sequence(operations.migration_context)
    operations.impl.create_sequence(sequence, if_not_exists=bool(operation.if_not_exists))


@Operations.implementation_for(ops.AlterSequenceOp)
def alter_sequence(operations: AbstractOperations, operation: ops.AlterSequenceOp) -> None:
    """Change options of a sequence."""
    sequence = operation.to_sequence(operations.migration_context)
    operations.impl.alter_sequence(sequence, restart=operation.restart)


@Operations.implementation_for(ops.DropSequenceOp)
def drop_sequence(operations: AbstractOperations, operation: ops.DropSequenceOp) -> None:
    """Drop a sequence."""
    sequence = operation.to_sequence(operations.migration_context)
    operations.impl.drop_sequence(sequence, if_exists=bool(operation.if_exists))


@Operations.implementation_for(ops.CreateSchemaOp)
def create_schema(operations: AbstractOperations, operation: ops.CreateSchemaOp) -> None:
    """Create a schema."""
    operations.impl.create_schema(operation.schema_name, if_not_exists=bool(operation.if_not_exists))


@Operations.implementation_for(ops.DropSchemaOp)
def drop_schema(operations: AbstractOperations, operation: ops.DropSchemaOp) -> None:
    """Drop a schema."""
    operations.impl.drop_schema(
        operation.schema_name, if_exists=bool(operation.if_exists), cascade=bool(operation.cascade)
    )


@Operations.implementation_for(ops.CreateExtensionOp)
def create_extension(operations: AbstractOperations, operation: ops.CreateExtensionOp) -> None:
    """Create an extension."""
    operations.impl.create_extension(
        operation.extension_name,
        schema=operation.schema,
        version=operation.version,
        if_not_exists=bool(operation.if_not_exists),
        cascade=bool(operation.cascade),
    )


@Operations.implementation_for(ops.DropExtensionOp)
def drop_extension(operations: AbstractOperations, operation: ops.DropExtensionOp) -> None:
    """Drop an extension."""
    operations.impl.drop_extension(
        operation.extension_name, if_exists=bool(operation.if_exists), cascade=bool(operation.cascade)
    )


@Operations.implementation_for(ops.CreateReplaceableOp)
def create_replaceable(operations: AbstractOperations, operation: ops.CreateReplaceableOp[Any]) -> None:
    """Create a view, materialized view, function, procedure or trigger."""
    operations.impl.create_replaceable(operation.target)


@Operations.implementation_for(ops.DropReplaceableOp)
def drop_replaceable(operations: AbstractOperations, operation: ops.DropReplaceableOp[Any]) -> None:
    """Drop a view, materialized view, function, procedure or trigger."""
    operations.impl.drop_replaceable(
        operation.target, if_exists=bool(operation.if_exists), cascade=bool(operation.cascade)
    )


@Operations.implementation_for(ops.ReplaceReplaceableOp)
def replace_replaceable(operations: AbstractOperations, operation: ops.ReplaceReplaceableOp[Any]) -> None:
    """Put a view, materialized view, function, procedure or trigger in the place of an older one."""
    operations.impl.replace_replaceable(operation.target, replaces=operation.replaces, recreate=operation.recreate)


@Operations.implementation_for(ops.RefreshMaterializedViewOp)
def refresh_materialized_view(operations: AbstractOperations, operation: ops.RefreshMaterializedViewOp) -> None:
    """Fill a materialized view again."""
    operations.impl.refresh_materialized_view(
        operation.view_name,
        schema=operation.schema,
        concurrently=operation.concurrently,
        with_data=operation.with_data,
    )

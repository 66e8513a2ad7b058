"""Schemas, sequences, and views, functions and triggers that the model registers. Floor 4.

What the database has and the model does not know is left alone, unless `drop_unknown_objects` of
`context.configure()` is true: such objects are often made by hand.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData, Sequence

from runner.autogenerate.compare.found import found, not_compared, qualified
from runner.autogenerate.context import metadata_list
from runner.operations import ops
from runner.operations.ops import MigrateOperation, ModifyTableOps, UpgradeOps
from runner.operations.replaceable import MaterializedView, Replaceable, registered

if TYPE_CHECKING:
    from runner.autogenerate.context import AutogenContext

__all__ = ["compare_new_schemas", "compare_replaceables", "compare_sequences"]

_OPERATIONS: dict[str, tuple[Any, Any, Any]] = {
    "view": (ops.CreateViewOp, ops.ReplaceViewOp, ops.DropViewOp),
    "materialized view": (ops.CreateMaterializedViewOp, ops.ReplaceMaterializedViewOp, ops.DropMaterializedViewOp),
    "function": (ops.CreateFunctionOp, ops.ReplaceFunctionOp, ops.DropFunctionOp),
    "procedure": (ops.CreateFunctionOp, ops.ReplaceFunctionOp, ops.DropFunctionOp),
    "trigger": (ops.CreateTriggerOp, ops.ReplaceTriggerOp, ops.DropTriggerOp),
}


def compare_new_schemas(autogen_context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
    """Create the schemas that the model's tables, types and sequences are in and the database does not have."""
    impl = autogen_context.migration_context.impl
    if not impl.creates_schemas:
        return
    wanted = {table.schema for table in autogen_context.sorted_tables if table.schema}
    wanted |= {sequence.schema for sequence in _sequences(autogen_context) if sequence.schema}
    wanted |= {item.schema for item in _registered(autogen_context) if item.schema}
    wanted |= {op.schema for op in upgrade_ops.ops if isinstance(op, ops.CreateEnumOp) and op.schema}
    missing = wanted - set(autogen_context.inspector.get_schema_names()) if wanted else set()
    for schema in sorted(missing):
        if autogen_context.run_name_filters(schema, "schema", {}):
            found("added schema", schema)
            upgrade_ops.ops.append(ops.CreateSchemaOp(schema))


# --- sequences --------------------------------------------------------------------------------------------------------


def compare_sequences(autogen_context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
    """Compare the sequences of the model; those that belong to a column are part of it."""
    impl = autogen_context.migration_context.impl
    wanted = {_key(autogen_context, item.schema, item.name): item for item in _sequences(autogen_context)}
    drops = bool(autogen_context.opts.get("drop_unknown_objects"))
    if not wanted and not drops:
        return
    known = {
        _key(autogen_context, schema, name): (options, used)
        for schema, name, options, used in impl.stored_sequences(autogen_context.inspector)
    }
    if not autogen_context.dialect.supports_sequences:
        return
    for key, sequence in wanted.items():
        if key not in known:
            found("added sequence", qualified(*key))
            upgrade_ops.ops.append(ops.CreateSequenceOp.from_sequence(sequence))
            continue
        existing = Sequence(key[1], schema=key[0], metadata=MetaData(), **known[key][0])
        operation = ops.AlterSequenceOp.from_sequences(existing, sequence)
        if operation.options:
            found("changed sequence", qualified(*key), detail=str(operation.options))
            upgrade_ops.ops.append(operation)
    for key in known.keys() - wanted.keys() if drops else ():
        options, used = known[key]
        if not used:
            found("removed sequence", qualified(*key))
            upgrade_ops.ops.append(ops.DropSequenceOp(key[1], schema=key[0], existing=options))


def _key(autogen_context: AutogenContext, schema: str | None, name: str) -> tuple[str | None, str]:
    return (None if schema == autogen_context.dialect.default_schema_name else schema, name)


def _sequences(autogen_context: AutogenContext) -> list[Sequence]:
    """Return the sequences of the model that this database is to have."""
    optional = autogen_context.dialect.sequences_optional
    items = [
        sequence
        for metadata in metadata_list(autogen_context.metadata)
        for sequence in metadata._sequences.values()  # noqa: SLF001  # SQLAlchemy has no public name for them
        if not (sequence.optional and optional)
    ]
    return sorted(items, key=lambda sequence: (sequence.schema or "", sequence.name))


# --- views, functions, triggers ---------------------------------------------------------------------------------------


def compare_replaceables(autogen_context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
    """Compare the objects that the model registers, in the order it does."""
    impl = autogen_context.migration_context.impl
    anew = _tables_change(upgrade_ops)
    for item in _registered(autogen_context):
        if item.kind not in impl.object_kinds:
            continue
        stored = impl.stored_replaceable(item)
        create, replace_with, drop = _OPERATIONS[item.kind]
        if stored is None:
            found(f"added {item.kind}", qualified(item.schema, item.name))
            upgrade_ops.ops.append(create(item))
            continue
        wanted = impl.canonical_replaceable(item)
        if wanted is None and not upgrade_ops.ops:
            reason = "the database does not accept the definition of the model"
            not_compared(qualified(item.schema, item.name), item=None, reason=reason)
        if wanted is not None and _comparable(wanted) == _comparable(stored):
            continue
        found(f"changed {item.kind}", qualified(item.schema, item.name))
        operations: list[MigrateOperation] = [replace_with(item, replaces=stored)]
        if anew and item.kind in {"view", "materialized view"}:
            operations = [drop(stored), create(item)]
        upgrade_ops.ops += operations


def _registered(autogen_context: AutogenContext) -> list[Replaceable]:
    return [item for metadata in metadata_list(autogen_context.metadata) for item in registered(metadata)]


def _comparable(item: Replaceable) -> Replaceable:
    """Return the object without what the database does not tell, or tells in other words."""
    if isinstance(item, MaterializedView):
        return replace(item, options=None, indexes=(), with_data=True)
    return item


def _tables_change(upgrade_ops: UpgradeOps) -> bool:
    """Tell whether columns go or change their type: views that use them are in the way, and are made anew."""
    return any(
        isinstance(inner, ops.DropColumnOp) or (isinstance(inner, ops.AlterColumnOp) and inner.modify_type is not None)
        for operation in upgrade_ops.ops
        if isinstance(operation, ModifyTableOps)
        for inner in operation.ops
    )

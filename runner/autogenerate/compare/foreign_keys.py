"""Foreign keys: what they refer to and how, and their names and MATCH. Floor 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.autogenerate.compare.found import found, qualified
from runner.autogenerate.compare.names import given_name
from runner.operations.ops import CreateForeignKeyOp, DropConstraintOp, ModifyTableOps
from runner.operations.sqla import foreign_key_target, in_declared_order

if TYPE_CHECKING:
    from sqlalchemy.schema import ForeignKeyConstraint, Table

    from runner.autogenerate.context import AutogenContext

__all__ = ["compare_foreign_key_details", "compare_foreign_keys", "target_of"]


@dataclass(frozen=True, slots=True)
class _Signature:
    """What makes two foreign keys the same, whatever they are called."""

    target: tuple[str | None, str]
    columns: tuple[tuple[str, str], ...]
    rules: tuple[str | None, ...]


def compare_foreign_keys(
    autogen_context: AutogenContext,
    modify_ops: ModifyTableOps,
    schema: str | None,
    tname: str,
    conn_table: Table | None,
    metadata_table: Table | None,
) -> None:
    """Compare foreign keys by columns, target, ON UPDATE, ON DELETE and DEFERRABLE."""
    if conn_table is None or metadata_table is None:
        return
    stored, wanted = _by_signature(autogen_context, conn_table, metadata_table)
    on = qualified(schema, tname)
    by_name: dict[Any, Any] = {key.name: key for key in metadata_table.foreign_key_constraints if key.name}
    stored_by_name: dict[Any, Any] = {key.name: key for key in conn_table.foreign_key_constraints if key.name}
    for signature in [signature for signature in stored if signature not in wanted]:
        key = stored[signature]
        if autogen_context.run_object_filters(key, key.name, _TYPE, True, by_name.get(key.name)):
            found("removed foreign key", on, item=_text(key))
            modify_ops.ops.append(DropConstraintOp.from_constraint(key))
    for signature in [signature for signature in wanted if signature not in stored]:
        key = wanted[signature]
        if autogen_context.run_object_filters(key, key.name, _TYPE, False, stored_by_name.get(key.name)):
            found("added foreign key", on, item=_text(key))
            modify_ops.ops.append(CreateForeignKeyOp.from_constraint(key))


def compare_foreign_key_details(
    autogen_context: AutogenContext,
    modify_ops: ModifyTableOps,
    schema: str | None,
    tname: str,
    conn_table: Table | None,
    metadata_table: Table | None,
) -> None:
    """Compare the names that the model gives, and MATCH, of foreign keys that are the same otherwise."""
    if conn_table is None or metadata_table is None:
        return
    stored, wanted = _by_signature(autogen_context, conn_table, metadata_table)
    for signature in [signature for signature in stored if signature in wanted]:
        old, new = stored[signature], wanted[signature]
        reason = _detail(autogen_context, old, new)
        if reason and autogen_context.run_object_filters(new, new.name, _TYPE, False, old):
            found("changed foreign key", qualified(schema, tname), item=_text(old), detail=reason)
            modify_ops.ops += [DropConstraintOp.from_constraint(old), CreateForeignKeyOp.from_constraint(new)]


_TYPE = "foreign_key_constraint"


def _detail(autogen_context: AutogenContext, old: ForeignKeyConstraint, new: ForeignKeyConstraint) -> str:
    if not isinstance(old.name, str):
        return ""  # what has no name cannot be dropped
    name = given_name(new, autogen_context.dialect)
    if name is not None and name.lower() != old.name.lower():
        return f"name {old.name} to {name}"
    matches = [_plain(key.match, "SIMPLE") for key in (old, new)]
    return f"MATCH {matches[0]} to {matches[1]}" if matches[0] != matches[1] else ""


def _by_signature(
    autogen_context: AutogenContext, conn_table: Table, metadata_table: Table
) -> tuple[dict[_Signature, ForeignKeyConstraint], dict[_Signature, ForeignKeyConstraint]]:
    stored = set(conn_table.foreign_key_constraints)
    wanted = set(metadata_table.foreign_key_constraints)
    autogen_context.migration_context.impl.correct_for_autogen_foreignkeys(stored, wanted)
    default = autogen_context.dialect.default_schema_name
    return (
        {_signature(key, default): key for key in in_declared_order(stored)},
        {_signature(key, default): key for key in in_declared_order(wanted)},
    )


def target_of(key: ForeignKeyConstraint) -> tuple[str | None, str]:
    """Return (schema, table) a foreign key refers to."""
    schema, table, _ = foreign_key_target(key.elements[0])
    return schema, table


def _signature(key: ForeignKeyConstraint, default_schema: str | None) -> _Signature:
    targets = [foreign_key_target(element) for element in key.elements]
    schema, table, _ = targets[0]
    local = [column.name for column in key.columns]
    return _Signature(
        target=(None if schema == default_schema else schema, table),
        columns=tuple(sorted(zip(local, [name for _, _, name in targets], strict=True))),
        rules=(_plain(key.onupdate, "NO ACTION"), _plain(key.ondelete, "NO ACTION"), _deferral(key)),
    )


def _deferral(key: ForeignKeyConstraint) -> str | None:
    if (key.initially or "").upper() == "DEFERRED":
        return "deferred"
    return "deferrable" if key.deferrable else None


def _plain(value: Any, default: str) -> str | None:
    """Return the word in capitals, None where it only says what is so without it."""
    word = str(value).upper() if value else None
    return None if word == default else word


def _text(key: ForeignKeyConstraint) -> str:
    local = ", ".join(column.name for column in key.columns)
    _, table, _ = foreign_key_target(key.elements[0])
    remote = ", ".join(foreign_key_target(element)[2] for element in key.elements)
    return f"({local}) to {table} ({remote})"

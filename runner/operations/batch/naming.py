"""Names for the constraints that have none in the database (floor 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.schema import Column, Constraint, MetaData, Table
from sqlalchemy.sql.elements import conv
from sqlalchemy.types import NULLTYPE

from runner.operations.sqla import copy_constraint, in_declared_order

__all__ = ["name_by_convention"]


def name_by_convention(table: Table, convention: Mapping[str, Any]) -> None:
    """Name every constraint of the table that has no name and that the convention can name.

    Names that exist are final. A check that the convention would name after a name it does not have stays
    without one.
    """
    for constraint in in_declared_order(table.constraints):
        if isinstance(constraint.name, str):
            constraint.name = conv(constraint.name)
        else:
            constraint.name = _conventional_name(constraint, table, convention)


def _conventional_name(constraint: Constraint, table: Table, convention: Mapping[str, Any]) -> str | None:
    """Return the name the constraint gets on a table of the same name under the convention."""
    scratch = Table(
        table.name,
        MetaData(naming_convention=dict(convention)),
        *(Column(column.name, NULLTYPE, key=column.key) for column in table.columns),
        schema=table.schema,
    )
    try:
        copy = copy_constraint(constraint, target_table=scratch)
        if getattr(copy, "parent", None) is not scratch:
            scratch.append_constraint(copy)
    except InvalidRequestError:  # the convention asks for a name
        return None
    name: object = copy.name
    return conv(name) if isinstance(name, str) else None

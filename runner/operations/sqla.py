# ruff: noqa: SLF001  # SQLAlchemy has no public names for these
"""Small facts about SQLAlchemy schema objects that several modules of this floor need (floor 2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import NoReferencedColumnError, NoReferencedTableError
from sqlalchemy.schema import CheckConstraint

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.schema import Column, Constraint, ForeignKey, Index

__all__ = [
    "bare_copy",
    "column_checks",
    "constraint_name",
    "constraint_table_name",
    "copy_column",
    "copy_constraint",
    "foreign_key_target",
    "in_declared_order",
    "index_expressions",
    "is_type_bound",
    "only_set",
    "renders_on",
]

_C = TypeVar("_C", bound="Constraint")


def constraint_name(item: Constraint | Index) -> str | None:
    """Return the name in the database, None where SQLAlchemy's naming convention decided for no name."""
    name: object = item.name
    return name if isinstance(name, str) else None


def constraint_table_name(constraint: Constraint) -> tuple[str | None, str]:
    """Return (schema, table) of an attached constraint."""
    table = constraint.table
    return table.schema, table.name


def copy_column(column: Column[Any], **kw: Any) -> Column[Any]:
    """Return a copy that belongs to no table."""
    return column._copy(**kw)


def bare_copy(column: Column[Any]) -> Column[Any]:
    """Return a copy that belongs to no table and brings no constraint or index along, but those of its type.

    The checks that were written with the column are left out too; see `column_checks()`.
    """
    constraints, column.constraints = column.constraints, set()
    try:
        copy = copy_column(column)
    finally:
        column.constraints = constraints
    copy.unique = copy.index = False
    return copy


def column_checks(column: Column[Any]) -> list[CheckConstraint]:
    """Return the checks that were written with the column, as checks of a table."""
    checks = [c for c in in_declared_order(column.constraints) if isinstance(c, CheckConstraint)]
    return [
        CheckConstraint(check.sqltext, name=check.name, **check.dialect_kwargs)
        for check in checks
        if not is_type_bound(check)
    ]


def copy_constraint(constraint: _C, **kw: Any) -> _C:
    """Return a copy that belongs to no table."""
    copy: _C = constraint._copy(**kw)
    return copy


def foreign_key_target(key: ForeignKey) -> tuple[str | None, str, str]:
    """Return (schema, table, column) as the database names them, whether or not the table is known."""
    try:
        column = key.column
    except (NoReferencedTableError, NoReferencedColumnError):
        *schema, table, name = key.target_fullname.split(".")
        return ".".join(schema) or None, table, name
    return column.table.schema, column.table.name, column.name


def in_declared_order(constraints: Iterable[_C]) -> list[_C]:
    """Return the constraints as they were made; `Table.constraints` is a set without an order."""
    return sorted(constraints, key=lambda constraint: constraint._creation_order)


def index_expressions(index: Index) -> list[Any]:
    """Return the columns and expressions of an index in order."""
    return list(index.expressions)


def is_type_bound(constraint: Constraint) -> bool:
    """Tell whether the constraint exists because of a column's type (Boolean, Enum)."""
    return bool(getattr(constraint, "_type_bound", False))


def renders_on(constraint: Constraint, dialect: Dialect) -> bool:
    """Tell whether the dialect has this constraint; a type's CHECK exists only where the type is not native."""
    rule = constraint._create_rule
    compiler = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]  # nothing is compiled
    return not rule or bool(rule(compiler))


def only_set(**options: Any) -> dict[str, Any]:
    """Return the options that are not None."""
    return {name: value for name, value in options.items() if value is not None}

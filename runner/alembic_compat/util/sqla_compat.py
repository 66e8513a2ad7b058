"""`alembic.util.sqla_compat`: what extensions use of it. On SQLAlchemy 2 these are plain attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

import sqlalchemy
from sqlalchemy import Computed, Identity, inspect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnClause, UnaryExpression

from runner.operations.sqla import copy_column, copy_constraint, is_type_bound

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Dialect
    from sqlalchemy.schema import Constraint, Index, Table

__all__ = [
    "AUTOINCREMENT_DEFAULT",
    "Computed",
    "Identity",
    "compiles",
    "constraint_name_defined",
    "constraint_name_or_none",
    "constraint_name_string",
    "is_expression",
    "is_expression_index",
    "sqla_2_0_25",
    "sqla_2_1",
    "sqlalchemy_version",
]

AUTOINCREMENT_DEFAULT = "auto"
"""What `Column.autoincrement` is where nobody set it."""

sqlalchemy_version = sqlalchemy.__version__
_vers = tuple(int(part) if part.isdigit() else 0 for part in sqlalchemy_version.split(".")[:3])
sqla_2_0_25 = _vers >= (2, 0, 25)
sqla_2_1 = _vers >= (2, 1)

_is_type_bound = is_type_bound


def constraint_name_defined(name: object) -> bool:
    """Tell whether a constraint has a name, or will get one from the naming convention."""
    return name is not None


def constraint_name_string(name: object) -> TypeGuard[str]:
    """Tell whether the name of a constraint is spelled out."""
    return isinstance(name, str)


def constraint_name_or_none(name: object) -> str | None:
    """Return the name of a constraint where it is spelled out."""
    return name if isinstance(name, str) else None


def is_expression(expr: Any) -> bool:
    """Tell whether something is an SQL expression rather than a column, whatever its direction."""
    while isinstance(expr, UnaryExpression):
        expr = expr.element
    return not isinstance(expr, ColumnClause)


def is_expression_index(index: Index) -> bool:
    """Tell whether an index covers an SQL expression."""
    return any(is_expression(expression) for expression in index.expressions)


def _copy(schema_item: Any, **kw: Any) -> Any:
    copy = copy_column if isinstance(schema_item, sqlalchemy.Column) else copy_constraint
    return copy(schema_item, **kw)


def _connectable_has_table(connectable: Connection, tablename: str, schemaname: str | None) -> bool:
    return inspect(connectable).has_table(tablename, schemaname)


def _table_for_constraint(constraint: Constraint) -> Table:
    table: Table = constraint.table
    return table


def _columns_for_constraint(constraint: Any) -> list[Any]:
    if isinstance(constraint, sqlalchemy.ForeignKeyConstraint):
        return [key.parent for key in constraint.elements]
    return list(constraint.columns)


def _get_table_key(name: str, schema: str | None) -> str:
    return name if schema is None else f"{schema}.{name}"


def _get_constraint_final_name(constraint: Index | Constraint, dialect: Dialect | None) -> str | None:
    """Return the name as the server will know it, naming convention and length limit applied."""
    if constraint.name is None or dialect is None:
        return constraint_name_or_none(constraint.name)
    name: str | None = dialect.identifier_preparer.format_constraint(constraint, _alembic_quote=False)
    return name


def _server_default_is_computed(*server_default: object) -> bool:
    return any(isinstance(default, Computed) for default in server_default)


def _server_default_is_identity(*server_default: object) -> bool:
    return any(isinstance(default, Identity) for default in server_default)

"""The rows of bulk_insert(): what is one, and its values in a script (floor 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.sql.elements import BindParameter, ClauseElement
from sqlalchemy.types import NullType

from runner.errors import OperationError

if TYPE_CHECKING:
    from sqlalchemy import TableClause

__all__ = ["as_literals", "check_rows"]


def check_rows(rows: Any) -> None:
    """Refuse what is not a list of rows before any of it is inserted."""
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        message = f"bulk_insert takes a list of rows, not {type(rows).__name__}."
        raise OperationError(message)
    for row in rows:
        if not isinstance(row, Mapping):
            message = f"bulk_insert takes rows as mappings of column names to values, not {type(row).__name__}."
            raise OperationError(message)


def as_literals(table: TableClause, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with its values as expressions, which a script writes as literals."""
    return {name: _as_literal(table, name, value) for name, value in row.items()}


def _as_literal(table: TableClause, name: str, value: Any) -> Any:
    """Return the value as an expression of the column's type, or of its own where the column has none."""
    if isinstance(value, ClauseElement):
        return value
    if name not in table.c:
        message = f"bulk_insert into {table.name!r}: there is no column {name!r} in the table given."
        raise OperationError(message, table=table.name, column=name)
    type_ = table.c[name].type
    # The value goes to the column as it is: `_is_crud`, as SQLAlchemy says of the parameters it makes itself.
    if isinstance(type_, NullType):
        return BindParameter(None, value, unique=True, _is_crud=True)
    return BindParameter(None, value, type_=type_, unique=True, _is_crud=True)

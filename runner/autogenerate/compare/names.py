"""Names of constraints and indexes as they are in the database. Floor 4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IdentifierError

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["name_in_database"]


def name_in_database(item: Any, dialect: Dialect) -> str | None:
    """Return the name of a constraint or index of the model after naming convention and truncation; None for none."""
    if not isinstance(item.name, str):
        return None
    try:
        name = dialect.identifier_preparer.format_constraint(item, _alembic_quote=False)
    except IdentifierError:
        return str(item.name)  # too long to exist
    return None if name is None else str(name)

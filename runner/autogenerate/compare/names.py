"""Names of constraints and indexes as they are in the database. Floor 4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IdentifierError
from sqlalchemy.sql.elements import conv

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["given_name", "name_in_database"]


def name_in_database(item: Any, dialect: Dialect) -> str | None:
    """Return the name of a constraint or index of the model after naming convention and truncation; None for none."""
    if not isinstance(item.name, str):
        return None
    try:
        name = dialect.identifier_preparer.format_constraint(item, _alembic_quote=False)
    except IdentifierError:
        return str(item.name)  # too long to exist
    return None if name is None else str(name)


def given_name(item: Any, dialect: Dialect) -> str | None:
    """Return the name that the model itself gives to a key; one that a naming convention made counts as none.

    A database that was made before the convention would otherwise have all its keys dropped and created.
    """
    return None if isinstance(item.name, conv) else name_in_database(item, dialect)

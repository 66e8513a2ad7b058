"""How SQLite writes values: floor 3."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

from runner.dialects.literals import Literals

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

__all__ = ["SQLiteLiterals"]


class SQLiteLiterals(Literals):
    """The rules of SQLite, whose dates are text in SQLAlchemy's own format."""

    database: ClassVar[str] = "SQLite"

    def special_number(self, name: str, type_: TypeEngine[Any]) -> str:
        """Return an infinity as a number too big; what is no number is stored as NULL."""
        return {"inf": "9e999", "-inf": "-9e999"}.get(name, "NULL")

    def datetime(self, value: dt.datetime, type_: Any) -> str | None:
        """Leave it to SQLAlchemy, which knows the type's format."""

    def date(self, value: dt.date, type_: Any) -> str | None:
        """Leave it to SQLAlchemy, which knows the type's format."""

    def time(self, value: dt.time, type_: Any) -> str | None:
        """Leave it to SQLAlchemy, which knows the type's format."""

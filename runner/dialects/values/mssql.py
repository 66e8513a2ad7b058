"""How SQL Server writes values: floor 3."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import types as sqltypes
from sqlalchemy.dialects import mssql

from runner.dialects.literals import Literals, plain_number

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

__all__ = ["MSSQLLiterals"]


class MSSQLLiterals(Literals):
    """The rules of SQL Server.

    Dates with times name their type: what DATETIME makes of a plain string depends on the language of the login.
    """

    database: ClassVar[str] = "SQL Server"

    def rules(self) -> list[tuple[type[Any] | tuple[type[Any], ...], Callable[[Any, Any], str | None]]]:
        """Return the types of SQL Server, then those of every database."""
        return [((mssql.MONEY, mssql.SMALLMONEY), self._numeric), *super().rules()]

    def text(self, value: Any, type_: TypeEngine[Any]) -> str:
        """Return a string, as Unicode where its type or its characters ask for it."""
        text = super().text(value, type_)
        national = isinstance(type_, sqltypes.Unicode | sqltypes.UnicodeText)
        return f"N{text}" if national and not text.startswith("N") else text

    def quoted(self, value: str) -> str:
        """Return a string, as Unicode where the database's code page might not have its characters."""
        return super().quoted(value) if value.isascii() else f"N{super().quoted(value)}"

    def typed(self, text: str, value: Any, type_: TypeEngine[Any]) -> str:
        """Return a date with its type, and a float with its exponent: a decimal number calculates in its own way."""
        if isinstance(value, dt.date | dt.time) and text.startswith("'"):
            return f"CAST({text} AS {'DATE' if isinstance(value, dt.date) else 'TIME'})"
        return f"{text}e0" if isinstance(value, float) and re.fullmatch(r"-?[0-9.]+", text) else text

    def decimal(self, value: Decimal, type_: TypeEngine[Any]) -> str:
        """Return a decimal number; with exponent it would be a float."""
        text = plain_number(value)
        if "E" in text:
            raise self.refuse("a number of so many digits")
        return text

    def datetime(self, value: dt.datetime, type_: Any) -> str | None:
        """Return a date with time, and its zone if it has one."""
        return f"CAST('{value.isoformat()}' AS {'DATETIMEOFFSET' if value.tzinfo else 'DATETIME2'})"

    def date(self, value: dt.date, type_: Any) -> str | None:
        """Return a date, which DATE reads the same way everywhere; for DATETIME it takes a type."""
        return self.quoted(value.isoformat()) if isinstance(type_, sqltypes.Date) else f"CAST('{value}' AS DATE)"

    def time(self, value: dt.time, type_: Any) -> str | None:
        """Return a time of day."""
        if value.tzinfo is not None:
            raise self.refuse("a time of day with a zone")
        return self.quoted(value.isoformat())

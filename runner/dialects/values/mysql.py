"""How MySQL and MariaDB writes values: floor 3."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy.dialects import mysql

from runner.dialects.literals import Literals, plain_number

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

__all__ = ["MySQLLiterals"]


class MySQLLiterals(Literals):
    """The rules of MySQL and MariaDB."""

    database: ClassVar[str] = "MySQL"
    takes_text_for_times: ClassVar[bool] = True

    def rules(self) -> list[tuple[type[Any] | tuple[type[Any], ...], Callable[[Any, Any], str | None]]]:
        """Return the types of MySQL, then those of every database."""
        return [
            (mysql.SET, self._set),
            (mysql.BIT, self._bit),
            (mysql.YEAR, self.integer),
            (mysql.TIME, self._mysql_time),
            *super().rules(),
        ]

    def quoted(self, value: str) -> str:
        """Return a string; the client makes one line end of carriage return and line feed, also between quotes."""
        return super().quoted(value).replace("\r", "\\r")

    def typed(self, text: str, value: Any, type_: TypeEngine[Any]) -> str:
        """Return a float with its exponent: without one it is a decimal number, which calculates in its own way."""
        return f"{text}e0" if isinstance(value, float) and re.fullmatch(r"-?[0-9.]+", text) else text

    def decimal(self, value: Decimal, type_: TypeEngine[Any]) -> str:
        """Return a decimal number; with exponent it would be a float."""
        text = plain_number(value)
        if "E" in text:
            raise self.refuse("a number of so many digits")
        return text

    def datetime(self, value: dt.datetime, type_: Any) -> str | None:
        """Return a date with time; zones do not exist here, and drivers leave them out."""
        return self.quoted(value.replace(tzinfo=None).isoformat(sep=" "))

    def time(self, value: dt.time, type_: Any) -> str | None:
        """Return a time of day without zone."""
        return self.quoted(value.replace(tzinfo=None).isoformat())

    def _mysql_time(self, value: Any, type_: Any) -> str | None:
        if not isinstance(value, dt.timedelta):
            return self._time(value, type_)
        sign, length = ("-", -value) if value < dt.timedelta(0) else ("", value)
        minutes, seconds = divmod(length.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        fraction = f".{length.microseconds:06}" if length.microseconds else ""
        return self.quoted(f"{sign}{hours + 24 * length.days:02}:{minutes:02}:{seconds:02}{fraction}")

    def _bit(self, value: Any, type_: TypeEngine[Any]) -> str:
        return self.binary(value, type_) if isinstance(value, bytes) else self.integer(value, type_)

    def _set(self, value: Any, type_: mysql.SET) -> str:
        if isinstance(value, str):
            return self.quoted(value)
        if isinstance(value, int):
            return self.integer(value, type_)
        if not set(value) <= set(type_.values):
            raise self.refuse("a value that is not among those of the set")
        return self.quoted(",".join(name for name in type_.values if name in value))

"""How Oracle Database writes values: floor 3."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy.dialects import oracle

from runner.dialects.literals import Literals, plain_number

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

__all__ = ["OracleLiterals"]

_TEXT_BYTES = 4000
_RAW_BYTES = 2000


class OracleLiterals(Literals):
    """The rules of Oracle Database."""

    database: ClassVar[str] = "Oracle Database"
    native_intervals: ClassVar[bool] = True

    def rules(self) -> list[tuple[type[Any] | tuple[type[Any], ...], Callable[[Any, Any], str | None]]]:
        """Return the types of Oracle Database, then those of every database."""
        return [(oracle.INTERVAL, self._native_interval), *super().rules()]

    def quoted(self, value: str) -> str:
        """Return a string."""
        if len(value.encode(errors="surrogatepass")) > _TEXT_BYTES:
            raise self.refuse(f"a text of more than {_TEXT_BYTES} bytes")
        return super().quoted(value)

    def binary(self, value: Any, type_: TypeEngine[Any]) -> str:
        """Return bytes."""
        if isinstance(value, bytes) and len(value) > _RAW_BYTES:
            raise self.refuse(f"a value of more than {_RAW_BYTES} bytes")
        return super().binary(value, type_)

    def datetime(self, value: dt.datetime, type_: Any) -> str | None:
        """Return a date with time; one with a zone only where the column keeps zones."""
        if value.tzinfo is None:
            return None
        offset = value.utcoffset()
        if not getattr(type_, "timezone", False) or offset is None or offset.total_seconds() % 60:
            raise self.refuse("a time with a zone, for a column without,")
        return f"TO_TIMESTAMP_TZ('{value.isoformat(sep=' ')}', 'YYYY-MM-DD HH24:MI:SS{_fraction(value)}TZH:TZM')"

    def date(self, value: dt.date, type_: Any) -> str | None:
        """Return a date."""
        return f"TO_DATE('{value.isoformat()}', 'YYYY-MM-DD')"

    def time(self, value: dt.time, type_: Any) -> str | None:
        """Refuse: there is no type for it."""
        raise self.refuse("a time of day")

    def interval(self, value: dt.timedelta, type_: Any) -> str | None:
        """Return an interval, exact to the microsecond."""
        whole = value // dt.timedelta(microseconds=1)
        return f"NUMTODSINTERVAL({plain_number(Decimal(whole).scaleb(-6))}, 'SECOND')"

    def _native_interval(self, value: Any, type_: Any) -> str | None:
        if not isinstance(value, dt.timedelta):
            raise self.refuse("what is not a timedelta, given for an interval,")
        return self.interval(value, type_)


def _fraction(value: dt.datetime) -> str:
    return ".FF6" if value.microsecond else ""

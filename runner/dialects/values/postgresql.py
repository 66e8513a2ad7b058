"""How PostgreSQL writes values: floor 3.

A string in quotes has no type of its own in PostgreSQL. Where a column receives it, or a comparison says which
type is meant, it stays as it is; elsewhere it gets the type an online run's driver would have sent with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import types as sqltypes
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql.ranges import AbstractRange
from sqlalchemy.types import TypeDecorator, TypeEngine

from runner.dialects.literals import Literals, plain_number

__all__ = ["PostgresqlLiterals"]

_FLOAT_DIGITS = 15  # PostgreSQL keeps so many when it converts a float to numeric
_AS_TEXT = (
    pg.CIDR,
    pg.INET,
    pg.MACADDR,
    pg.MACADDR8,
    pg.REGCLASS,
    pg.REGCONFIG,
    pg.TSQUERY,
    pg.TSVECTOR,
)


class PostgresqlLiterals(Literals):
    """The rules of PostgreSQL, under standard_conforming_strings."""

    database: ClassVar[str] = "PostgreSQL"
    native_intervals: ClassVar[bool] = True
    takes_text_for_times: ClassVar[bool] = True

    def rules(self) -> list[tuple[type[Any] | tuple[type[Any], ...], Callable[[Any, Any], str | None]]]:
        """Return the types of PostgreSQL, then those of every database."""
        return [
            (pg.BIT, self._as_text),
            (pg.HSTORE, self._hstore),
            (pg.INTERVAL, self._pg_interval),
            (pg.MONEY, self._money),
            (pg.OID, self.integer),
            (pg.DOMAIN, self._domain),
            (AbstractRange, self._ranges),
            (_AS_TEXT, self._as_text),
            *super().rules(),
        ]

    def typed(self, text: str, value: Any, type_: TypeEngine[Any]) -> str:
        """Return the literal with its type, unless it has that already or is plain text."""
        actual = self._unwrapped(type_)
        if value is None or text == "NULL" or text.startswith("CAST("):
            return text
        if isinstance(actual, sqltypes.JSON.JSONElementType):  # an index or a path: the operator says what it takes
            return text
        if text.startswith("'") and not _is_plain_text(actual):
            return self._cast(text, actual)
        # 1.5 is numeric, and rounds and divides as such; a float parameter does not.
        return self._cast(text, actual) if isinstance(actual, sqltypes.Float) else text

    def _unwrapped(self, type_: TypeEngine[Any]) -> TypeEngine[Any]:
        type_ = self._variant(type_)
        while isinstance(type_, TypeDecorator) and not isinstance(type_, sqltypes.Interval):
            type_ = self._variant(type_.load_dialect_impl(self.dialect))
        return type_

    def _cast(self, text: str, type_: TypeEngine[Any]) -> str:
        return f"CAST({text} AS {self.dialect.type_compiler_instance.process(_without_length(type_))})"

    # --- numbers ---------------------------------------------------------------------------------------------------

    def special_number(self, name: str, type_: TypeEngine[Any]) -> str:
        """Return an infinity, or what is no number, in quotes."""
        return self.quoted({"inf": "Infinity", "-inf": "-Infinity"}.get(name, "NaN"))

    def float(self, value: float, type_: TypeEngine[Any]) -> str:
        """Return a float: with its type where PostgreSQL would read a numeric that is not the same."""
        number = Decimal(repr(value))
        if isinstance(type_, sqltypes.Float):
            is_same = value != 0 or not number.is_signed()
        else:
            number = number.normalize()  # a numeric would keep the zeros
            is_same = len(number.as_tuple().digits) <= _FLOAT_DIGITS
        if not is_same:
            return f"CAST('{value!r}' AS DOUBLE PRECISION)"
        return repr(value) if isinstance(type_, sqltypes.Float) else plain_number(number)

    def _money(self, value: Any, type_: TypeEngine[Any]) -> str:
        # A float has no way to money; a string is read by the server's own rules, as it is online.
        if isinstance(value, str):
            return self.quoted(value)
        if isinstance(value, float):
            raise self.refuse("a float given for money")
        return f"CAST({self._numeric(value, sqltypes.Numeric())} AS MONEY)"

    # --- times -----------------------------------------------------------------------------------------------------

    def datetime(self, value: dt.datetime, type_: Any) -> str | None:
        """Return a date with time; a zone that the column does not keep is converted, not dropped."""
        text = self.quoted(value.isoformat(sep=" "))
        if not isinstance(type_, sqltypes.DateTime):  # a date: the server converts what it is given
            return f"CAST({text} AS TIMESTAMP {'WITH' if value.tzinfo else 'WITHOUT'} TIME ZONE)"
        return f"CAST({text} AS TIMESTAMP WITH TIME ZONE)" if value.tzinfo and not type_.timezone else text

    def interval(self, value: dt.timedelta, type_: Any) -> str:  # the same for every type
        """Return an interval in days and seconds, as drivers send it: one day is not 24 hours."""
        seconds = Decimal(value.seconds) + Decimal(value.microseconds) / 1_000_000
        return self.quoted(f"{value.days} days {'+' if value.days < 0 else ''}{seconds} seconds")

    def _pg_interval(self, value: Any, type_: Any) -> str:
        return self.interval(value, type_) if isinstance(value, dt.timedelta) else self._written_time(value)

    # --- what is written as text -----------------------------------------------------------------------------------

    def _as_text(self, value: Any, type_: TypeEngine[Any]) -> str:  # the same for every type
        return self.quoted(str(value))

    def _domain(self, value: Any, type_: pg.DOMAIN) -> str:
        return self.element(value, type_.data_type)

    def _hstore(self, value: Any, type_: TypeEngine[Any]) -> str:  # a rule like the others
        if not isinstance(value, dict):
            raise self.refuse("what is not a dictionary, given for hstore,")
        pairs = (f"{_in_double_quotes(key)}=>{_hstore_value(item)}" for key, item in value.items())
        try:
            return self.quoted(", ".join(pairs))
        except TypeError:
            raise self.refuse("an hstore of something other than text") from None

    def _ranges(self, value: Any, type_: TypeEngine[Any]) -> str:
        if isinstance(value, str):
            return self.quoted(value)
        if isinstance(value, pg.Range):
            return self.quoted(self._range(value, type_))
        if isinstance(value, list | tuple) and all(isinstance(item, pg.Range) for item in value):
            return self.quoted("{" + ",".join(self._range(item, type_) for item in value) + "}")
        raise self.refuse(f"a {type(value).__name__} given for a range")

    def _range(self, value: pg.Range[Any], type_: TypeEngine[Any]) -> str:
        if value.empty:
            return "empty"
        lower, upper = (self._bound(bound, type_) for bound in (value.lower, value.upper))
        return f"{value.bounds[0]}{lower},{upper}{value.bounds[1]}"

    def _bound(self, value: Any, type_: TypeEngine[Any]) -> str:
        if value is None:
            return ""
        if isinstance(value, dt.datetime):
            zoned = isinstance(type_, pg.TSTZRANGE | pg.TSTZMULTIRANGE)
            if zoned is (value.tzinfo is None):
                raise self.refuse("a range whose times have a zone where the type has none, or the reverse,")
            return _in_double_quotes(value.isoformat(sep=" "))
        if isinstance(value, dt.date):
            return value.isoformat()
        if isinstance(value, int | float | Decimal):
            return self._numeric(value, sqltypes.Float()).strip("'")
        raise self.refuse(f"a range of {type(value).__name__}")

    # --- arrays ----------------------------------------------------------------------------------------------------

    def array(self, value: Any, type_: Any) -> str:
        """Return an array with its type, which an empty one and one of dates would not have."""
        if isinstance(value, str):
            return self._cast(self.quoted(value), type_)
        return self._cast(self._dimension(_items(self, value), type_.item_type, type_.dimensions), type_)

    def _dimension(self, items: list[Any], item_type: TypeEngine[Any], dimensions: int | None) -> str:
        is_last = dimensions == 1 or (dimensions is None and not (items and isinstance(items[0], list | tuple)))
        if is_last:
            inner = (self.element(item, item_type) for item in items)
        else:
            below = None if dimensions is None else dimensions - 1
            inner = (self._dimension(_items(self, item), item_type, below) for item in items)
        return f"ARRAY[{', '.join(inner)}]"


def _items(literals: PostgresqlLiterals, value: Any) -> list[Any]:
    if isinstance(value, str | bytes | dict) or not isinstance(value, Iterable):
        raise literals.refuse("what is not a list, given for an array,")
    if isinstance(value, set | frozenset):
        raise literals.refuse("a set, which has no order, given for an array,")
    return list(value)


def _is_plain_text(type_: TypeEngine[Any]) -> bool:
    return isinstance(type_, sqltypes.NullType) or (
        isinstance(type_, sqltypes.String) and not (isinstance(type_, sqltypes.Enum) and type_.native_enum)
    )


def _without_length(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type without the limit to which a cast would cut silently what a column would refuse."""
    if isinstance(type_, sqltypes.ARRAY):
        if isinstance(type_.item_type, sqltypes.Enum) and type_.item_type.native_enum:
            return type_
        if isinstance(type_.item_type, sqltypes.String | TypeDecorator):
            return pg.ARRAY(_without_length(type_.item_type), dimensions=type_.dimensions)
        return type_
    if isinstance(type_, TypeDecorator) and isinstance(type_.impl, sqltypes.String):
        return type_ if isinstance(type_.impl, sqltypes.Enum) else sqltypes.Text()
    if isinstance(type_, sqltypes.String) and not isinstance(type_, sqltypes.Enum) and type_.length is not None:
        return sqltypes.Text()
    return type_


def _in_double_quotes(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _hstore_value(value: str | None) -> str:
    return "NULL" if value is None else _in_double_quotes(value)

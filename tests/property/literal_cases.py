"""Types and values whose literals are compared with what a driver stores."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["MARIADB", "POSTGRESQL", "SQLITE", "Case"]

Values = st.SearchStrategy[Any]


class Mood(enum.Enum):
    """Stored by name, or by value where a type says so."""

    HAPPY = "it's 100%"
    SAD = "b:c\\d"


class Shouting(TypeDecorator[str]):
    """Text in capitals; nothing becomes an empty text."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str:
        """Return the text as it is stored."""
        return (value or "").upper()


class Tags(TypeDecorator[list[str]]):
    """Text on most databases, an array on PostgreSQL."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        """Return the type for the database."""
        return pg.ARRAY(sa.Text()) if dialect.name == "postgresql" else sa.Text()

    def process_bind_param(self, value: list[str] | None, dialect: sa.Dialect) -> Any:
        """Return the list, or one text of it."""
        return value if dialect.name == "postgresql" or value is None else "\n".join(value)


class Cents(TypeDecorator[Decimal]):
    """Money as a whole number, with a form of its own for literals."""

    impl = sa.Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> int | None:
        """Return cents."""
        return None if value is None else int(value * 100)

    def process_literal_param(self, value: Decimal | None, dialect: sa.Dialect) -> Any:
        """Return cents."""
        return None if value is None else int(value * 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A type and its values."""

    name: str
    type_: TypeEngine[Any]
    values: Values

    def __str__(self) -> str:
        return self.name


_AWKWARD = "' '' \\ % %% %s :a :: é ☃ 😀 \" -- ; /* $$ { x"
_PIECES = st.sampled_from([*_AWKWARD.split(" "), "\n", "\r\n", "\t"])
TEXT = st.lists(_PIECES, max_size=6).map("".join) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
EVERY_FLOAT = st.floats()
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
# Drivers do not read back what their own dates cannot hold in the server's zone, so not the first and last days.
MOMENTS = st.datetimes(min_value=dt.datetime(1000, 1, 3), max_value=dt.datetime(9998, 12, 28))
DATES = st.dates(min_value=dt.date(1000, 1, 1))
SPANS = st.timedeltas(min_value=dt.timedelta(days=-90000), max_value=dt.timedelta(days=90000))
JSON_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | TEXT | st.sampled_from([0.5, 1e22, -2.25]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(JSON_TEXT, inner, max_size=3),
    max_leaves=6,
)
MOODS = st.sampled_from(list(Mood))
_NO_NUMBERS = st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity"), Decimal("1.50")])
SMALL = st.integers(-(2**31), 2**31 - 1)
BIG = st.integers(-(2**63), 2**63 - 1)
BYTES = st.binary(max_size=20)


def _case(name: str, type_: TypeEngine[Any], values: Values) -> Case:
    return Case(name=name, type_=type_, values=st.none() | values)


EVERYWHERE = (
    _case("string", sa.String(200), TEXT),
    _case("text", sa.Text(), TEXT),
    _case("unicode", sa.Unicode(200), TEXT),
    _case("integer", sa.Integer(), SMALL | st.booleans() | SMALL.map(str)),
    _case("big integer", sa.BigInteger(), BIG),
    _case("boolean", sa.Boolean(), st.booleans()),
    _case("numeric", sa.Numeric(24, 6), DECIMALS | SMALL),
    _case("double", sa.Double(), FLOATS),
    _case("date", sa.Date(), DATES),
    _case("datetime", sa.DateTime(), MOMENTS),
    _case("time", sa.Time(), st.times()),
    _case("emulated interval", sa.Interval(native=False), SPANS),
    _case("uuid", sa.Uuid(), st.uuids()),
    _case("uuid in text", sa.Uuid(native_uuid=False), st.uuids()),
    _case("bytes", sa.LargeBinary(), BYTES | BYTES.map(bytearray)),
    _case("json", sa.JSON(), JSON | st.just(sa.JSON.NULL)),
    _case("json, none as null", sa.JSON(none_as_null=True), JSON),
    _case("enum by name", sa.Enum(Mood, name="mood_a"), MOODS),
    _case("enum by value", sa.Enum(Mood, name="mood_b", values_callable=lambda e: [m.value for m in e]), MOODS),
    _case("enum of text", sa.Enum("it's", "a\\b", "%", name="mood_c"), st.sampled_from(["it's", "a\\b", "%"])),
    _case("enum in text", sa.Enum(Mood, native_enum=False, length=20), MOODS),
    _case("decorated text", Shouting(200), TEXT),
    _case("decorated by dialect", Tags(), st.lists(TEXT, max_size=3)),
    _case("decorated with a literal", Cents(), st.decimals(-999, 999, places=2)),
    _case("small integer", sa.SmallInteger(), st.integers(-(2**15), 2**15 - 1)),
    _case("characters", sa.CHAR(20), TEXT),
    _case("variant", sa.String(200).with_variant(pg.JSONB(), "postgresql"), TEXT),
)


def _range(kind: Any, low: Values, high: Values, type_: TypeEngine[Any], name: str) -> Case:
    def ordered(parts: tuple[Any, Any, str]) -> Any:
        low, high, bounds = parts
        if low is not None and high is not None and low > high:
            low, high = high, low
        return kind(low, high, bounds=bounds)

    bounds = st.sampled_from(["[)", "[]", "()", "(]"])
    spans = st.tuples(st.none() | low, st.none() | high, bounds).map(ordered)
    return _case(name, type_, spans | st.just(kind(empty=True)))


_INTS = st.integers(-1000, 1000)
_AWARE = st.datetimes(dt.datetime(1900, 1, 3), dt.datetime(2900, 1, 1), timezones=ZONES)
_NAIVE = st.datetimes(dt.datetime(1900, 1, 3), dt.datetime(2900, 1, 1))
_DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2900, 1, 1))


def _multi(kind: Any, bounds: Values) -> Values:
    """Return lists of ranges that overlap, touch or do not; the server puts them in order."""
    return st.lists(st.tuples(bounds, bounds).map(lambda pair: kind(min(pair), max(pair))), max_size=3)


_MULTI = st.lists(st.tuples(_INTS, _INTS).map(lambda pair: pg.Range(min(pair), max(pair))), max_size=3)
_MOOD = pg.ENUM(Mood, name="mood_d")

POSTGRESQL = (
    *EVERYWHERE,
    _case("every float", sa.Double(), EVERY_FLOAT),
    _case("real", sa.REAL(), st.floats(width=32)),
    _case("float in numeric", sa.Numeric(), FLOATS.filter(lambda value: 1e-30 < abs(value) < 1e30 or value == 0)),
    _case("numeric of any size", sa.Numeric(), st.decimals(allow_infinity=False).filter(lambda d: not d.is_snan())),
    _case("aware datetime", sa.DateTime(timezone=True), _AWARE),
    _case("aware datetime without zone", sa.DateTime(), _AWARE),
    _case("naive datetime with zone", sa.DateTime(timezone=True), _NAIVE),
    _case("datetime as date", sa.Date(), _NAIVE),
    _case("time with zone", sa.Time(timezone=True), st.times(timezones=ZONES)),
    _case("interval", sa.Interval(), SPANS),
    _case("interval of the dialect", pg.INTERVAL(), SPANS),
    _case("jsonb", pg.JSONB(), JSON),
    _case("native enum", _MOOD, MOODS),
    _case("inet", pg.INET(), st.ip_addresses().map(str)),
    _case("cidr", pg.CIDR(), st.ip_addresses(v=4).map(lambda ip: f"{ip}/32")),
    _case("macaddr", pg.MACADDR(), st.binary(min_size=6, max_size=6).map(lambda b: b.hex(":"))),
    _case("bit", pg.BIT(4), st.sampled_from(["0000", "1010", "1111"])),
    _case("bit varying", pg.BIT(varying=True), st.text("01", min_size=1, max_size=9)),
    _case("tsvector", pg.TSVECTOR(), st.sampled_from(["'it''s':1 'b':2A", "fat cat", "'a\\\\b'"])),
    _case("tsquery", pg.TSQUERY(), st.sampled_from(["'fat' & 'it''s'", "a | b"])),
    _case("oid", pg.OID(), st.integers(0, 2**32 - 1)),
    _case("money", pg.MONEY(), st.decimals(-1000, 1000, places=2) | st.just("$1,234.50")),
    _case("regclass", pg.REGCLASS(), st.just("pg_class")),
    _case("array of text", pg.ARRAY(sa.Text()), st.lists(st.none() | TEXT, max_size=4)),
    _case("array of varchar", pg.ARRAY(sa.String(200)), st.lists(TEXT, max_size=4)),
    _case(
        "nested array",
        pg.ARRAY(sa.Integer(), dimensions=2),
        st.lists(st.lists(SMALL, min_size=2, max_size=2), min_size=1, max_size=3),
    ),
    _case("array of dates", pg.ARRAY(sa.Date()), st.lists(DATES, max_size=3)),
    _case("array of datetimes", pg.ARRAY(sa.DateTime(timezone=True)), st.lists(_AWARE, max_size=3)),
    _case("array of numbers", pg.ARRAY(sa.Numeric()), st.lists(DECIMALS, max_size=3)),
    _case("array of floats", pg.ARRAY(sa.Double()), st.lists(EVERY_FLOAT, max_size=3)),
    _case("array of booleans", pg.ARRAY(sa.Boolean()), st.lists(st.booleans(), max_size=3)),
    _case("array of uuids", pg.ARRAY(sa.Uuid()), st.lists(st.uuids(), max_size=3)),
    _case("array of bytes", pg.ARRAY(sa.LargeBinary()), st.lists(BYTES, max_size=3)),
    _case("array of jsonb", pg.ARRAY(pg.JSONB(), dimensions=1), st.lists(JSON, max_size=3)),
    _case("array of enums", pg.ARRAY(_MOOD), st.lists(MOODS, max_size=3)),
    _case("array of inet", pg.ARRAY(pg.INET()), st.lists(st.ip_addresses().map(str), max_size=3)),
    _case("array of intervals", pg.ARRAY(pg.INTERVAL()), st.lists(SPANS, max_size=3)),
    _case("array of decorated text", pg.ARRAY(Shouting(200)), st.lists(TEXT, max_size=3)),
    _range(pg.Range, _INTS, _INTS, pg.INT4RANGE(), "int4range"),
    _range(
        pg.Range, BIG.filter(lambda n: n < 2**63 - 1), BIG.filter(lambda n: n < 2**63 - 1), pg.INT8RANGE(), "int8range"
    ),
    _range(pg.Range, DECIMALS, DECIMALS, pg.NUMRANGE(), "numrange"),
    _range(pg.Range, _DAYS, _DAYS, pg.DATERANGE(), "daterange"),
    _range(pg.Range, _NAIVE, _NAIVE, pg.TSRANGE(), "tsrange"),
    _range(pg.Range, _AWARE, _AWARE, pg.TSTZRANGE(), "tstzrange"),
    _case("int4multirange", pg.INT4MULTIRANGE(), _MULTI),
    _case("int8multirange", pg.INT8MULTIRANGE(), _multi(pg.Range, BIG)),
    _case("nummultirange", pg.NUMMULTIRANGE(), _multi(pg.Range, DECIMALS)),
    _case("datemultirange", pg.DATEMULTIRANGE(), _multi(pg.Range, _DAYS)),
    _case("tsmultirange", pg.TSMULTIRANGE(), _multi(pg.Range, _NAIVE)),
    _case("tstzmultirange", pg.TSTZMULTIRANGE(), _multi(pg.Range, _AWARE)),
    _case("array of ranges", pg.ARRAY(pg.INT4RANGE()), _MULTI),
    _case("array of times", pg.ARRAY(sa.Time()), st.lists(st.times(), max_size=3)),
    _case("numeric that is no number", sa.Numeric(), _NO_NUMBERS),
    _case("array of numerics that are no numbers", pg.ARRAY(sa.Numeric()), st.lists(_NO_NUMBERS, max_size=3)),
    _case("numeric of a precision", sa.Numeric(10, 3), st.decimals(-999999, 999999, places=5)),
    _case("every date", sa.Date(), st.dates()),
    _case("every datetime", sa.DateTime(), st.datetimes()),
    _case("bytes of the dialect", pg.BYTEA(), BYTES | BYTES.map(lambda value: memoryview(value)[:])),
    _case("jsonpath", pg.JSONPATH(), st.sampled_from(["$", '$."it\'s"[*] ? (@.a > 1)', '$."\\\\"'])),
    _case("regconfig", pg.REGCONFIG(), st.just("simple")),
    _case("hstore", pg.HSTORE(), st.dictionaries(TEXT.filter(bool), st.none() | TEXT, max_size=3)),
)

SQLITE = (
    *EVERYWHERE,
    _case("infinite float", sa.Double(), st.sampled_from([float("inf"), float("-inf"), float("nan")])),
    _case("aware datetime", sa.DateTime(timezone=True), _AWARE),
)

MARIADB = (
    *(case for case in EVERYWHERE if case.name not in {"datetime", "emulated interval", "time", "double"}),
    _case("double", mysql.DOUBLE(asdecimal=False), FLOATS),
    _case("datetime", mysql.DATETIME(fsp=6), MOMENTS),
    _case("aware datetime", mysql.DATETIME(fsp=6), _AWARE),
    _case("time", mysql.TIME(fsp=6), st.times()),
    _case("long time", mysql.TIME(fsp=6), st.timedeltas(dt.timedelta(hours=-838), dt.timedelta(hours=838))),
    _case("set", mysql.SET("a", "b'", "c\\"), st.sets(st.sampled_from(["a", "b'", "c\\"]), min_size=1)),
    _case("bit", mysql.BIT(16), st.integers(0, 2**16 - 1)),
    _case("year", mysql.YEAR(), st.integers(1901, 2155)),
    _case("bytes of the dialect", mysql.LONGBLOB(), BYTES),
)

"""What has a literal, what is refused, and where a literal says its type."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from decimal import Decimal
from typing import Any, cast

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, oracle
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator, TypeEngine

from runner.dialects.statement import Statement
from runner.errors import OfflineUnsupported
from tests.unit.dialects.standin import offline_impl

EVERY = ["postgresql", "sqlite", "mysql", "mariadb", "mssql", "oracle"]
MOMENT = dt.datetime(2024, 2, 29, 1, 2, 3, 4)
ZONED = MOMENT.replace(tzinfo=dt.timezone(dt.timedelta(hours=2)))


def written(dialect: str, construct: Any, parameters: Any = None) -> str:
    impl, _ = offline_impl(dialect)
    sql = Statement(construct=construct, parameters=parameters).sql(impl._rendering_dialect())
    return " ".join(sql.split())


def inserted(dialect: str, type_: TypeEngine[Any], value: Any) -> str:
    """Return what bulk_insert writes for one value."""
    impl, buffer = offline_impl(dialect)
    impl.bulk_insert(sa.table("t", sa.column("c", type_)), [{"c": value}])
    match = re.search(r"VALUES \((.*)\)\s*(?:;|/)", buffer.getvalue(), re.DOTALL)
    assert match is not None
    return match.group(1)


class Unliteral(TypeDecorator[Any]):
    impl = sa.String
    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> Any:
        return lambda value: value.upper()


class Marked(TypeDecorator[str]):
    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str:
        return f"{value}\0"


class Plain(sa.types.UserDefinedType[str]):
    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> Any:
        return lambda value: value.upper()


class WithLiteral(sa.String):
    def bind_processor(self, dialect: sa.Dialect) -> Any:
        return lambda value: value.upper()

    def literal_processor(self, dialect: sa.Dialect) -> Any:
        return lambda value: f"upper('{value}')"


@pytest.mark.parametrize("dialect", EVERY)
@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (sa.String(), "a\0b"),
        (sa.String(), "\ud800"),
        (sa.String(), 5),
        (sa.String(), b"x"),
        (sa.Integer(), 2.5),
        (sa.Integer(), Decimal("0.5")),
        (sa.Integer(), "five"),
        (sa.Integer(), float("inf")),
        (sa.Numeric(), "five"),
        (sa.Numeric(), Decimal("sNaN")),
        (sa.LargeBinary(), "text"),
        (sa.LargeBinary(), [1, 2]),
        (sa.LargeBinary(), 5),
        (sa.PickleType(), [1, 2]),
        (sa.Enum("a", name="e"), 5),
        (sa.DateTime(), 5),
        (sa.Date(), 5),
        (sa.Time(), 5),
        (sa.Interval(), 5),
        (sa.Interval(native=False), 5),
        (sa.JSON(), object()),
        (sa.Uuid(), 5),
        (sa.types.NullType(), object()),
        (Unliteral(), "x"),
        (Plain(), "x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_certain_literal_is_refused(dialect: str, type_: TypeEngine[Any], value: Any) -> None:
    """Neither a placeholder nor an approximation is written, and the message does not quote the value (OFF-3)."""
    with pytest.raises(OfflineUnsupported, match="Offline mode cannot write the statement"):
        inserted(dialect, type_, value)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (sa.Unicode(), "a\0b"),
        (sa.CHAR(3), "\0"),
        (sa.Enum("a\0b", name="e"), "a\0b"),
        (pg.ARRAY(sa.Text()), ["a", "\0"]),
        (pg.ARRAY(sa.Enum("a\0b", name="e")), ["a\0b"]),
        (pg.HSTORE(), {"a\0": "b"}),
        (pg.HSTORE(), {"a": "\0b"}),
        (pg.TSVECTOR(), "\0"),
        (pg.JSONPATH(), "$.\0"),
        (pg.BIT(1), "\0"),
        (pg.INET(), "::1\0"),
        (Marked(), "a"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_nul_character_reaches_a_script_for_postgresql(type_: TypeEngine[Any], value: Any) -> None:
    """Whatever the type it is in; psql would end the line there."""
    with pytest.raises(OfflineUnsupported):
        inserted("postgresql", type_, value)


@pytest.mark.parametrize(
    ("dialect", "type_", "value"),
    [
        ("mysql", sa.Float(), float("nan")),
        ("mssql", sa.Float(), float("inf")),
        ("oracle", sa.Float(), float("inf")),
        ("oracle", sa.Time(), dt.time(1)),
        ("oracle", sa.DateTime(), ZONED),
        ("oracle", sa.String(), "é" * 2001),
        ("oracle", sa.LargeBinary(), b"x" * 2001),
        ("mssql", sa.Time(), dt.time(1, tzinfo=dt.UTC)),
        ("sqlite", sa.DateTime(), "2024-02-29"),
        ("sqlite", sa.ARRAY(sa.Integer()), [1]),
        ("postgresql", pg.ARRAY(sa.Integer()), "x" and {1, 2}),
        ("postgresql", pg.ARRAY(sa.Integer()), 5),
        ("postgresql", pg.TSRANGE(), pg.Range(ZONED, None)),
        ("postgresql", pg.TSTZRANGE(), pg.Range(MOMENT, None)),
        ("postgresql", pg.INT4RANGE(), 5),
        ("postgresql", pg.INT4RANGE(), pg.Range("a", "b")),
        ("postgresql", pg.HSTORE(), {"a": 5}),
        ("postgresql", pg.HSTORE(), "a"),
        ("postgresql", pg.MONEY(), 1.5),
    ],
)
def test_what_one_database_cannot_take_is_refused(dialect: str, type_: TypeEngine[Any], value: Any) -> None:
    """Each database has its own limits."""
    with pytest.raises(OfflineUnsupported):
        inserted(dialect, type_, value)


@pytest.mark.parametrize(
    ("dialect", "type_", "value", "expected"),
    [
        ("mssql", sa.DateTime(), MOMENT, "CAST('2024-02-29T01:02:03.000004' AS DATETIME2)"),
        ("mssql", sa.DateTime(), ZONED, "CAST('2024-02-29T01:02:03.000004+02:00' AS DATETIMEOFFSET)"),
        ("mssql", sa.Date(), MOMENT.date(), "'2024-02-29'"),
        ("mssql", sa.Date(), MOMENT, "CAST('2024-02-29T01:02:03.000004' AS DATETIME2)"),
        ("mssql", sa.DateTime(), MOMENT.date(), "CAST('2024-02-29' AS DATE)"),
        ("mssql", sa.Time(), MOMENT.time(), "'01:02:03.000004'"),
        ("mssql", sa.String(), "a'b", "'a''b'"),
        ("mssql", sa.String(), "é", "N'é'"),
        ("mssql", sa.Unicode(), "é", "N'é'"),
        ("mssql", sa.Unicode(), "e", "N'e'"),
        ("mssql", sa.LargeBinary(), b"\x00\xff", "0x00ff"),
        ("mssql", sa.Uuid(), uuid.UUID(int=5), "'00000000-0000-0000-0000-000000000005'"),
        ("mssql", sa.Boolean(), True, "1"),
        ("mssql", mssql.MONEY(), Decimal("1.50"), "1.50"),
        ("mssql", sa.Interval(), dt.timedelta(days=1), "CAST('1970-01-02T00:00:00' AS DATETIME2)"),
        ("mssql", sa.JSON(), {"a": "é"}, '\'{"a": "\\u00e9"}\''),
        ("mssql", sa.Numeric(), Decimal("1E+20"), "100000000000000000000"),
        ("oracle", sa.DateTime(), MOMENT, "TO_TIMESTAMP('2024-02-29 01:02:03.000004', 'YYYY-MM-DD HH24:MI:SS.FF')"),
        (
            "oracle",
            oracle.TIMESTAMP(timezone=True),
            ZONED,
            "TO_TIMESTAMP_TZ('2024-02-29 01:02:03.000004+02:00', 'YYYY-MM-DD HH24:MI:SS.FF6TZH:TZM')",
        ),
        ("oracle", sa.Date(), MOMENT.date(), "TO_DATE('2024-02-29', 'YYYY-MM-DD')"),
        ("oracle", sa.Interval(), dt.timedelta(days=1, microseconds=5), "NUMTODSINTERVAL(86400.000005, 'SECOND')"),
        ("oracle", cast(Any, oracle.INTERVAL)(), dt.timedelta(seconds=1), "NUMTODSINTERVAL(1.000000, 'SECOND')"),
        ("oracle", cast(Any, oracle.NUMBER)(), Decimal("1.5"), "1.5"),
        ("oracle", sa.LargeBinary(), b"\x00", "HEXTORAW('00')"),
        ("oracle", sa.String(), "a\\b%'", "'a\\b%'''"),
        ("mysql", sa.String(), "a\\b\r\n", "'a\\\\b\\r\n'"),
        ("mysql", sa.JSON(), {"a": '"'}, '\'{"a": "\\\\""}\''),
        ("mysql", sa.DateTime(), "2024-02-29", "'2024-02-29'"),
        ("sqlite", sa.Float(), float("-inf"), "-9e999"),
        ("sqlite", sa.Float(), float("nan"), "NULL"),
        ("postgresql", sa.DateTime(), "2024-02-29", "'2024-02-29'"),
        ("postgresql", sa.DateTime(), ZONED, "CAST('2024-02-29 01:02:03.000004+02:00' AS TIMESTAMP WITH TIME ZONE)"),
        ("postgresql", sa.Float(), float("nan"), "'NaN'"),
        ("postgresql", sa.Interval(), dt.timedelta(days=-1, seconds=5), "'-1 days +5 seconds'"),
        ("postgresql", pg.ARRAY(sa.Integer()), [], "CAST(ARRAY[] AS INTEGER[])"),
        ("postgresql", pg.ARRAY(sa.String(2)), ["abc"], "CAST(ARRAY['abc'] AS TEXT[])"),
        ("postgresql", pg.MONEY(), Decimal("1.5"), "CAST(1.5 AS MONEY)"),
        ("postgresql", sa.JSON(), None, "'null'"),
        ("postgresql", sa.JSON(none_as_null=True), None, "NULL"),
        ("postgresql", WithLiteral(), "x", "upper('x')"),
    ],
)
def test_how_databases_write_values(dialect: str, type_: TypeEngine[Any], value: Any, expected: str) -> None:
    """The forms of the databases that no test can reach, and those that are easily got wrong elsewhere (OFF-3)."""
    assert inserted(dialect, type_, value) == expected


FLOAT = sa.literal(0.5).type.compile(dialect=offline_impl("postgresql")[0].dialect)  # by SQLAlchemy's word for it
T = sa.table("t", sa.column("a", sa.Integer()), sa.column("d", sa.DateTime()), sa.column("b", sa.LargeBinary()))


@pytest.mark.parametrize(
    ("construct", "expected"),
    [
        (T.update().values(d=MOMENT), "UPDATE t SET d='2024-02-29 01:02:03.000004'"),
        (sa.delete(T).where(T.c.d < MOMENT.date()), "DELETE FROM t WHERE t.d < '2024-02-29'"),
        (sa.delete(T).where(T.c.d.in_([MOMENT.date()])), "DELETE FROM t WHERE t.d IN ('2024-02-29')"),
        (
            T.update().values(d=sa.func.date_trunc("day", MOMENT.date())),
            "UPDATE t SET d=date_trunc('day', CAST('2024-02-29' AS DATE))",
        ),
        (
            T.update().values(d=T.c.d + dt.timedelta(days=1)),
            "UPDATE t SET d=(t.d + CAST('1 days 0 seconds' AS INTERVAL))",
        ),
        (
            sa.select(*(sa.column("j", pg.JSON)[index] for index in ("it's", 1, ("a", "b")))),
            "SELECT j -> 'it''s' AS anon_1, j -> 1 AS anon_2, j #> '{a, b}' AS anon_3",
        ),
        (T.update().values(a=T.c.a * 0.5), f"UPDATE t SET a=(t.a * CAST(0.5 AS {FLOAT}))"),
        (
            sa.text("SELECT f(:d, :n, :s, :u, :b)").bindparams(d=MOMENT.date(), n=1, s="x", u=uuid.UUID(int=1), b=b"x"),
            (
                "SELECT f(CAST('2024-02-29' AS DATE), 1, 'x', CAST('00000000-0000-0000-0000-000000000001' AS UUID), "
                "CAST('\\x78' AS BYTEA))"
            ),
        ),
    ],
)
def test_a_literal_says_its_type_where_nothing_else_does(construct: Any, expected: str) -> None:
    """PostgreSQL guesses the type of a quoted literal, and a driver's parameter has one (OFF-3)."""
    assert written("postgresql", construct) == expected


def test_constructs_that_forget_to_ask_for_literals_get_them() -> None:
    """A compilation rule of a third party that drops the keyword leaves no placeholder behind (OFF-3)."""

    class Doubled(sa.sql.expression.ColumnElement[Any]):
        inherit_cache = False

        def __init__(self, inner: Any) -> None:
            self.inner = inner

    @compiles(Doubled)
    def _compile(element: Any, compiler: Any, **kw: Any) -> str:
        return f"2 * ({compiler.process(element.inner)})"

    assert written("postgresql", sa.select(Doubled(sa.literal(5)))) == "SELECT 2 * (5) AS anon_1"


def _table_with_defaults() -> sa.Table:
    return sa.Table(
        "t",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("a", sa.Integer(), default=5),
        sa.Column("b", sa.String(), onupdate="it's"),
        sa.Column("c", sa.DateTime(), default=sa.func.now()),
    )


def test_defaults_of_columns_are_written_as_the_online_run_sends_them() -> None:
    """SQLAlchemy fills in the defaults of columns while it executes; a script gets them too, not NULL (OFF-3)."""
    table = _table_with_defaults()

    assert written("postgresql", table.insert().inline().values(id=1)) == (
        "INSERT INTO t (id, a, c) VALUES (1, 5, now())"
    )
    assert written("postgresql", table.insert(), [{"id": 1}]) == "INSERT INTO t (id, a, c) VALUES (1, 5, now())"
    assert written("postgresql", table.update().values(a=1)) == "UPDATE t SET a=1, b='it''s'"
    assert written("postgresql", table.insert().values([{"id": 1}, {"id": 2}])) == (
        "INSERT INTO t (id, a, c) VALUES (1, 5, now()), (2, 5, now())"
    )


def test_a_default_that_is_a_function_is_refused() -> None:
    """Its value would be another one each time, and not that of the online run."""
    table = sa.Table("t", sa.MetaData(), sa.Column("a", sa.Uuid(), default=uuid.uuid4), sa.Column("b", sa.Integer()))

    with pytest.raises(OfflineUnsupported, match="the default of column 'a' is a Python function"):
        written("postgresql", table.insert().values(b=1))


@pytest.mark.parametrize("dialect", EVERY)
def test_ddl_with_a_nul_character_is_refused(dialect: str) -> None:
    """No server takes one, and a file would end there for some clients."""
    column = sa.Column("c", sa.String(9), server_default="a\0b")

    with pytest.raises(OfflineUnsupported, match="contains a NUL character"):
        written(dialect, sa.schema.CreateTable(sa.Table("t", sa.MetaData(), column)))

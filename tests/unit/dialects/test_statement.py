"""Statements and their two sinks."""

from __future__ import annotations

import io
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect

from runner.dialects.literals import rendering_dialect
from runner.dialects.statement import OfflineSink, OnlineSink, Statement
from runner.errors import EnvironmentFailed, OfflineUnsupported
from runner.operations.sqltext import plain_text
from tests.unit.dialects.standin import dialect_named

T = sa.table("t", sa.column("a", sa.Integer()), sa.column("b", sa.String()))


def rendering(dialect: Dialect | None = None) -> Dialect:
    return rendering_dialect(dialect or dialect_named("postgresql"), lambda value: f"X'{value.hex()}'")


def sql(construct: Any, parameters: Any = None, dialect: Dialect | None = None) -> str:
    return " ".join(Statement(construct=construct, parameters=parameters).sql(rendering(dialect)).split())


@pytest.mark.parametrize(
    "text",
    [
        """UPDATE t SET a = '{"k":true}'""",
        "SELECT ':name', :name, x::text, y [1:n]",
        "SELECT ' :ab: ' || :cd",
        "SELECT '12:30:00' := 5",
        "UPDATE t SET a = '50%' WHERE b LIKE '%x' AND c % 2 = 0",
    ],
)
def test_a_string_is_taken_literally(text: str) -> None:
    """Colons and percent signs in a string stay what they are, whatever the driver (OP-16, ENV-21)."""
    assert sql(plain_text(text)) == text


def test_an_escaped_colon_is_one_colon() -> None:
    r"""Revisions written for Alembic escape colons as `\:`, which keeps working (OP-16)."""
    assert sql(plain_text(r"SELECT '\:x'")) == "SELECT ':x'"


@pytest.mark.parametrize("dialect", ["postgresql", "mysql+pymysql", "sqlite"])
def test_no_percent_sign_is_doubled(dialect: str) -> None:
    """The text equals what the database should receive, not what the driver is given (OFF-3, ENV-21)."""
    statement = T.update().values(b="50%").where(sa.text("b LIKE 'x%'"))

    assert sql(statement, dialect=dialect_named(dialect)) == "UPDATE t SET b='50%' WHERE b LIKE 'x%'"


@pytest.mark.parametrize(
    "driver",
    [
        "postgresql+asyncpg",
        "postgresql+pg8000",
        "postgresql+psycopg",
        "postgresql+psycopg2",
        "sqlite+aiosqlite",
        "mysql+mysqldb",
        "mysql+pymysql",
        "mariadb+pymysql",
        "mssql+pymssql",
        "mssql+pyodbc",
        "oracle+cx_oracle",
        "oracle+oracledb",
    ],
)
def test_the_text_does_not_depend_on_the_driver(driver: str) -> None:
    """Whichever driver the URL names, the script is the same (ENV-21)."""
    table = sa.table("t", sa.column("a%", sa.Integer()), sa.column("b", sa.String()), sa.column("c", sa.JSON()))
    statements = [
        table.insert().inline().values({"a%": 5, "b": "50%", "c": {"x": "%"}}),
        table.delete().where(table.c["a%"] % 2 == 1).where(table.c.b.in_(["x%", "y"])),
        sa.schema.CreateTable(sa.Table("t", sa.MetaData(), sa.Column("a%", sa.String(9), server_default="%"))),
        plain_text("SELECT '%' || :x"),
    ]
    plain = dialect_named(driver.split("+", maxsplit=1)[0])

    assert [sql(item, dialect=dialect_named(driver)) for item in statements] == [
        sql(item, dialect=plain) for item in statements
    ]
    assert not any("%%" in sql(item, dialect=plain) for item in statements)


def test_the_original_dialect_is_left_as_it_is() -> None:
    """Rendering works on a copy; the dialect of the connection keeps its paramstyle."""
    dialect = dialect_named("postgresql")

    rendering(dialect)

    assert dialect.paramstyle == "pyformat"
    assert str(sa.select(sa.text("'%'")).compile(dialect=dialect)) == "SELECT '%%'"


def test_values_become_literals() -> None:
    """Bound values are written, where Alembic prints placeholders without literal_binds (OFF-3)."""
    statement = T.update().values(a=5).where(T.c.b == "it's")

    assert sql(statement) == "UPDATE t SET a=5 WHERE t.b = 'it''s'"


@pytest.mark.parametrize(
    ("construct", "parameters", "expected"),
    [
        (sa.text("UPDATE t SET a = :a, b = :b"), {"a": 1, "b": "x"}, "UPDATE t SET a = 1, b = 'x'"),
        (T.insert().inline(), {"a": 1}, "INSERT INTO t (a) VALUES (1)"),
        (T.update().where(T.c.b == sa.bindparam("old")), {"old": "y", "a": 2}, "UPDATE t SET a=2 WHERE t.b = 'y'"),
        (sa.delete(T).where(T.c.a.in_(sa.bindparam("ids", expanding=True))), {"ids": [1, 2]}, None),
    ],
)
def test_parameters_are_put_into_the_text(construct: Any, parameters: Any, expected: str | None) -> None:
    """`get_bind().execute(statement, {...})` is written with its values (OP-21, OFF-4)."""
    assert sql(construct, parameters) == (expected or "DELETE FROM t WHERE t.a IN (1, 2)")


def test_a_parameter_without_value_is_refused_by_name() -> None:
    """A placeholder is never printed (OFF-3)."""
    with pytest.raises(OfflineUnsupported, match="parameter 'a' has no value") as refusal:
        sql(sa.text("UPDATE t SET a = :a"))

    assert refusal.value.fields["parameter"] == "a"


def test_a_value_without_literal_form_is_refused() -> None:
    """What cannot be written as text is an error, not a placeholder (OFF-3)."""
    with pytest.raises(OfflineUnsupported, match=r"cannot write the statement 'UPDATE t SET a=:a'"):
        sql(T.update().values(a=sa.bindparam("a", object(), type_=sa.types.NullType())))


def test_ddl_is_rendered_as_it_is() -> None:
    """DDL has no bound values; its text is the dialect's."""
    table = sa.Table("t", sa.MetaData(), sa.Column("c", sa.String(5), server_default="5%"))

    assert sql(sa.schema.CreateTable(table)) == "CREATE TABLE t ( c VARCHAR(5) DEFAULT '5%' )"


def test_backslashes_in_mysql_literals_are_doubled() -> None:
    """MySQL reads a backslash in a string as an escape, so the text has two."""
    assert sql(T.update().values(b="a\\b"), dialect=dialect_named("mysql")) == "UPDATE t SET b='a\\\\b'"


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (sa.LargeBinary(), b"\x00\xff", "X'00ff'"),
        (postgresql.BYTEA(), memoryview(b"a"), "X'61'"),
        (sa.JSON(), {"a": "it's"}, """'{"a": "it''s"}'"""),
        (sa.JSON(none_as_null=True), None, "NULL"),
        (sa.PickleType(pickler=__import__("json")), None, "NULL"),
    ],
)
def test_literals_sqlalchemy_does_not_have(type_: sa.types.TypeEngine[Any], value: Any, expected: str) -> None:
    """Bytes and JSON are written in the form the database reads back (OFF-3)."""
    table = sa.table("t", sa.column("c", type_))

    assert (
        sql(table.insert().values(c=sa.bindparam("c", value, type_=type_))) == f"INSERT INTO t (c) VALUES ({expected})"
    )


def test_a_type_keeps_its_name_when_it_gets_a_literal_form() -> None:
    """A type decorator that picks JSONB is still JSONB in DDL and CAST."""

    class Document(sa.types.TypeDecorator[Any]):
        impl = sa.JSON
        cache_ok = True

        def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
            return dialect.type_descriptor(postgresql.JSONB())

    assert sql(sa.select(sa.cast(sa.column("a"), Document()))) == "SELECT CAST(a AS JSONB) AS a"


def offline_sink(**options: Any) -> tuple[OfflineSink, io.StringIO]:
    buffer = io.StringIO()
    return OfflineSink(buffer, rendering(), **options), buffer


def test_the_offline_sink_ends_statements_and_separates_them() -> None:
    """Text, terminator, blank line; then the separator of the dialect on its own (TX-2, TX-5)."""
    sink, buffer = offline_sink(batch_separator="GO")

    sink.execute(Statement(construct=sa.text("SELECT 1")))

    assert buffer.getvalue() == "SELECT 1;\n\nGO\n\n"


def test_the_terminator_is_not_lost_in_a_comment() -> None:
    """A statement that ends in a comment gets its terminator on a line of its own."""
    sink, buffer = offline_sink()

    sink.execute(Statement(construct=plain_text("SELECT 1\nFROM t -- all of it")))

    assert buffer.getvalue() == "SELECT 1\nFROM t -- all of it\n;\n\n"


def test_tabs_inside_values_survive() -> None:
    """The text is not tidied: a tab in a literal is data."""
    sink, buffer = offline_sink()

    sink.execute(Statement(construct=T.insert().inline().values(b="x\ty")))

    assert "'x\ty'" in buffer.getvalue()


def test_several_parameter_sets_become_several_statements() -> None:
    """An executemany is written as one statement per row."""
    sink, buffer = offline_sink()

    sink.execute(Statement(construct=T.insert().inline(), parameters=[{"a": 1}, {"a": 2}]))

    assert buffer.getvalue().split("\n\n")[:2] == ["INSERT INTO t (a) VALUES (1);", "INSERT INTO t (a) VALUES (2);"]


def test_an_offline_sink_without_buffer_says_what_is_missing() -> None:
    """The missing output buffer is named (ENV-24)."""
    with pytest.raises(EnvironmentFailed, match="output_buffer="):
        OfflineSink(None, rendering()).execute(Statement(construct=sa.text("SELECT 1")))


def test_the_online_sink_executes_with_parameters_and_options() -> None:
    """One statement, its parameters and its options reach the connection; the connection keeps its own options."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        sink = OnlineSink(connection)
        statement = Statement(construct=sa.text("SELECT :x"), parameters={"x": 5}, execution_options={"mark": True})

        result = sink.execute(statement)

        assert result is not None
        assert result.scalar() == 5
        assert result.context.execution_options["mark"] is True
        assert "mark" not in connection.get_execution_options()
    engine.dispose()


def test_the_online_sink_takes_the_isolation_level_for_the_connection() -> None:
    """`execution_options={"isolation_level": ...}` works as it does with Alembic (OP-16)."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        statement = Statement(construct=sa.text("SELECT 1"), execution_options={"isolation_level": "AUTOCOMMIT"})

        OnlineSink(connection).execute(statement)

        assert connection.get_execution_options()["isolation_level"] == "AUTOCOMMIT"
    engine.dispose()


def test_an_online_sink_without_connection_says_what_is_missing() -> None:
    """The missing connection is named (ENV-20)."""
    with pytest.raises(EnvironmentFailed, match="connection="):
        OnlineSink(None).execute(Statement(construct=sa.text("SELECT 1")))

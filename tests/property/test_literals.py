"""What a script writes as a literal is what the driver stores from a parameter."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from runner.dialects.base import DefaultImpl
from tests.fix_postgres import Psql
from tests.mariadb import mariadb_client
from tests.property.literal_cases import MARIADB, POSTGRESQL, SQLITE, Case

Script = Callable[[str], object]
# An example is a script of up to 25 values for a client program; `thorough` means forty of them.
SETTINGS = settings(
    max_examples=max(4, settings().max_examples // 100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def _table(case: Case) -> sa.Table:
    columns = (sa.Column("id", sa.Integer()), sa.Column("way", sa.String(9)), sa.Column("c", case.type_))
    return sa.Table("literal", sa.MetaData(), *columns)


def _stored_by_driver(connection: Connection, table: sa.Table, values: list[Any]) -> list[int]:
    """Insert the values with parameters; return the numbers of those the driver takes."""
    taken = []
    for number, value in enumerate(values):
        try:
            with connection.begin_nested():
                connection.execute(table.insert().inline(), {"id": number, "way": "driver", "c": value})
        except (sa.exc.DBAPIError, OverflowError):
            continue
        taken.append(number)
    return taken


def _script(dialect: sa.Dialect, table: sa.Table, values: list[Any], numbers: list[int]) -> str:
    """Return the inserts as offline mode writes them, half of them as bulk_insert does."""

    class Output(list[str]):
        write = list.append

        def flush(self) -> None:
            pass

    output = Output()
    impl = DefaultImpl.get_by_dialect(dialect)(dialect, None, True, None, output, {})
    for number in numbers:
        row = {"id": number, "way": "script", "c": values[number]}
        if number % 2:
            impl.bulk_insert(table, [row])
        else:
            impl._exec(table.insert().inline(), params=row)
    return "".join(output)


def compare(engine: sa.Engine, case: Case, values: list[Any], run: Script, seen: str) -> None:
    """Insert by driver and by script, and compare what the database says of both.

    Args:
        run: takes the script to the server, without parameters.
        seen: an SQL expression that shows the column `c` exactly.
    """
    table = _table(case)
    with engine.connect() as connection:
        connection.execute(table.delete())
        taken = _stored_by_driver(connection, table, values)
        connection.commit()
    run(_script(engine.dialect, table, values, taken))
    query = sa.text(f"SELECT id, {seen} FROM literal WHERE way = :way ORDER BY id")
    with engine.connect() as connection:
        by_driver = connection.execute(query, {"way": "driver"}).all()
        by_script = connection.execute(query, {"way": "script"}).all()
    assert [repr(row) for row in by_script] == [repr(row) for row in by_driver]


@pytest.fixture
def postgres(pg_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(pg_url)
    yield engine
    engine.dispose()


@pytest.fixture
def mariadb(mariadb_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(mariadb_url)
    yield engine
    engine.dispose()


def _lists(case: Case) -> st.SearchStrategy[list[Any]]:
    return st.lists(case.values, min_size=5, max_size=25)


@pytest.mark.parametrize("case", POSTGRESQL, ids=str)
def test_postgresql_reads_literals_as_the_driver_stores_parameters(
    case: Case, postgres: sa.Engine, pg_url: str, psql: Psql, pg_server: Any
) -> None:
    """Every type with every awkward value: psql with the script and psycopg with parameters agree (OFF-3)."""
    if case.name == "hstore":
        try:
            pg_server.execute("CREATE EXTENSION hstore", database=pg_url.rpartition("/")[2])
        except psycopg.errors.FeatureNotSupported:
            pytest.skip("for servers with the extension hstore")
    with postgres.begin() as connection:
        connection.execute(sa.text("SET lc_monetary TO 'C'"))
        _table(case).create(connection)

    def run(script: str) -> None:
        answer = psql(pg_url, script)
        assert (answer.returncode, answer.stderr) == (0, ""), script

    @SETTINGS
    @given(_lists(case))
    def check(values: list[Any]) -> None:
        compare(postgres, case, values, run, "c::text")

    check()


@pytest.mark.parametrize("case", SQLITE, ids=str)
def test_sqlite_reads_literals_as_the_driver_stores_parameters(case: Case, tmp_path: Any) -> None:
    """The same on SQLite, through sqlite3 without parameters (OFF-3)."""
    file = tmp_path / "literals.db"
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        _table(case).create(connection)

    def run(script: str) -> None:
        raw = sqlite3.connect(file)
        raw.executescript(script)
        raw.close()

    @SETTINGS
    @given(_lists(case))
    def check(values: list[Any]) -> None:
        compare(engine, case, values, run, "typeof(c), c")

    check()
    engine.dispose()


def _for_mariadb(case: Case) -> Any:
    # SQLAlchemy 2.0.0 cannot even write the type of these columns: it doubles no backslash and no percent sign.
    marks = [pytest.mark.sqlalchemy("> 2.0.0")] if case.name in {"enum by value", "enum of text", "set"} else []
    return pytest.param(case, marks=marks, id=str(case))


@pytest.mark.parametrize("case", [_for_mariadb(case) for case in MARIADB])
def test_mariadb_reads_literals_as_the_driver_stores_parameters(
    case: Case, mariadb: sa.Engine, mariadb_url: str
) -> None:
    """The same on MariaDB, through its own client (OFF-3)."""
    with mariadb.begin() as connection:
        _table(case).create(connection)

    def run(script: str) -> None:
        answer = mariadb_client(mariadb_url, script)
        assert (answer.returncode, answer.stderr) == (0, ""), script

    @SETTINGS
    @given(_lists(case))
    def check(values: list[Any]) -> None:
        compare(mariadb, case, values, run, "HEX(c), CAST(c AS CHAR)")

    check()

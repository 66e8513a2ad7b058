"""From any model to any other and back, by the file that is written: it runs as it stands, and leaves no difference."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings

from tests.property.models import SCHEMA, TableSpec, build, create, models
from tests.round_trips import assert_round_trip

SETTINGS = settings(
    max_examples=25,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking a pair of models takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def postgresql(pg_url: str) -> Iterator[sa.Connection]:
    """A connection to a fresh PostgreSQL database."""
    engine = sa.create_engine(pg_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.slow
@SETTINGS
@given(before=models, after=models)
def test_postgresql(postgresql: sa.Connection, before: dict[int, TableSpec], after: dict[int, TableSpec]) -> None:
    """PostgreSQL: the file goes up and down, and nothing is left to propose."""
    postgresql.rollback()  # of an example that failed
    with postgresql.begin():
        postgresql.exec_driver_sql(f'DROP SCHEMA IF EXISTS public, "{SCHEMA}" CASCADE')
        postgresql.exec_driver_sql("CREATE SCHEMA public")
    _round_trip(postgresql, build(before, "postgresql"), build(after, "postgresql"))


@pytest.mark.slow
@SETTINGS
@given(before=models, after=models)
def test_sqlite(before: dict[int, TableSpec], after: dict[int, TableSpec]) -> None:
    """SQLite: the file goes up and down in batch blocks, and nothing is left to propose."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        _round_trip(connection, build(before, "sqlite"), build(after, "sqlite"))
    engine.dispose()


@pytest.mark.slow
@SETTINGS
@given(before=models, after=models)
def test_mariadb(mariadb_url: str, before: dict[int, TableSpec], after: dict[int, TableSpec]) -> None:
    """MariaDB: the file goes up and down, and nothing is left to propose."""
    engine = sa.create_engine(mariadb_url)
    with engine.connect() as connection:
        connection.exec_driver_sql("SET foreign_key_checks = 0")
        for name in sa.inspect(connection).get_table_names():
            connection.exec_driver_sql(f"DROP TABLE `{name}`")
        connection.exec_driver_sql("SET foreign_key_checks = 1")
        _round_trip(connection, build(before, "mysql"), build(after, "mysql"))
    engine.dispose()


def _round_trip(connection: sa.Connection, before: sa.MetaData, after: sa.MetaData) -> None:
    create(before, connection)
    assert_round_trip(connection, before, after)

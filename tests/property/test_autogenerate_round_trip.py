"""From any model to any other and back: what autogenerate proposes runs, and leaves no difference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings

from runner.autogenerate.api import compare_metadata, produce_migrations
from runner.migration.context import MigrationContext
from runner.operations.base import Operations
from runner.operations.ops import ModifyTableOps, OpContainer
from tests.property.models import SCHEMA, TableSpec, build, create, models

OPTIONS = {"compare_server_default": True, "include_schemas": True}
SETTINGS = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example takes long, and shrinking takes many
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def postgresql(pg_url: str) -> Iterator[sa.Connection]:
    """A connection to a fresh PostgreSQL database."""
    engine = sa.create_engine(pg_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@SETTINGS
@given(before=models, after=models)
def test_postgresql(postgresql: sa.Connection, before: dict[int, TableSpec], after: dict[int, TableSpec]) -> None:
    """PostgreSQL: upgrade and downgrade run as proposed, and nothing is left to propose."""
    postgresql.rollback()  # of an example that failed
    with postgresql.begin():
        postgresql.exec_driver_sql(f'DROP SCHEMA IF EXISTS public, "{SCHEMA}" CASCADE')
        postgresql.exec_driver_sql("CREATE SCHEMA public")
    _round_trip(postgresql, build(before, "postgresql"), build(after, "postgresql"))


@SETTINGS
@given(before=models, after=models)
def test_sqlite(tmp_path: Path, before: dict[int, TableSpec], after: dict[int, TableSpec]) -> None:
    """SQLite: upgrade and downgrade run as proposed, in batch blocks, and nothing is left to propose."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        _round_trip(connection, build(before, "sqlite"), build(after, "sqlite"))
    engine.dispose()


def _round_trip(connection: sa.Connection, before: sa.MetaData, after: sa.MetaData) -> None:
    create(before, connection)
    _assert_same(connection, before)
    script = produce_migrations(_context(connection), after)
    _run(connection, script.upgrade_ops)
    connection.commit()
    _assert_same(connection, after)
    _run(connection, script.downgrade_ops)
    connection.commit()
    _assert_same(connection, before)


def _context(connection: sa.Connection) -> MigrationContext:
    return MigrationContext.configure(connection, opts=dict(OPTIONS))


def _assert_same(connection: sa.Connection, metadata: sa.MetaData) -> None:
    found = compare_metadata(_context(connection), metadata)
    connection.rollback()
    assert found == [], str(found)


def _run(connection: sa.Connection, container: Any) -> None:
    """Carry out the operations as a revision file would."""
    operations = Operations(_context(connection))
    for operation in container.ops:
        if isinstance(operation, ModifyTableOps) and connection.dialect.name == "sqlite":
            with operations.batch_alter_table(operation.table_name, schema=operation.schema) as batch:
                for inner in operation.ops:
                    batch.invoke(inner)
        elif isinstance(operation, OpContainer):
            for inner in operation.ops:
                operations.invoke(inner)
        else:
            operations.invoke(operation)

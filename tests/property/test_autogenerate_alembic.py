"""From any model to any other: everything Alembic detects, this engine detects, with the same tuples."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata as alembic_compare
from alembic.runtime.migration import MigrationContext as AlembicContext
from hypothesis import HealthCheck, Phase, given, reject, settings

from runner.autogenerate.api import compare_metadata
from runner.migration.context import MigrationContext
from tests.differential.autogenerate_tuples import comparable
from tests.property.models import SCHEMA, TableSpec, build, create, models

SETTINGS = settings(
    max_examples=25,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking a pair of models takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
OPTIONS = {"compare_server_default": True, "include_schemas": True}


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
    """PostgreSQL: no tuple of Alembic's is missing from ours (AG-1 to AG-27)."""
    postgresql.rollback()  # of an example that failed
    with postgresql.begin():
        postgresql.exec_driver_sql(f'DROP SCHEMA IF EXISTS public, "{SCHEMA}" CASCADE')
        postgresql.exec_driver_sql("CREATE SCHEMA public")
    _assert_nothing_missed(postgresql, before, after)


@SETTINGS
@given(before=models, after=models)
def test_sqlite(before: dict[int, TableSpec], after: dict[int, TableSpec]) -> None:
    """SQLite: no tuple of Alembic's is missing from ours (AG-1 to AG-22)."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        _assert_nothing_missed(connection, before, after)
    engine.dispose()


def _assert_nothing_missed(
    connection: sa.Connection, before: dict[int, TableSpec], after: dict[int, TableSpec]
) -> None:
    name = connection.dialect.name
    create(build(before, name), connection)
    try:
        theirs = _alembics(connection, build(after, name))
    except sa.exc.DBAPIError:  # it asks for a sequence that is not there yet, or whether nextval() is 1.50
        reject()
    finally:
        connection.rollback()
    context = MigrationContext.configure(connection, opts=dict(OPTIONS))
    ours = comparable(_without_contents(compare_metadata(context, build(after, name))))
    connection.rollback()
    assert theirs - ours == Counter(), f"ours alone: {ours - theirs}"


def _alembics(connection: sa.Connection, model: sa.MetaData) -> Counter[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = AlembicContext.configure(connection, opts=dict(OPTIONS))
        found = alembic_compare(context, model)
    return comparable(_without_contents([one for one in found if not _is_double(one, model)]))


def _is_double(found: Any, model: sa.MetaData) -> bool:
    """Tell whether a unique constraint is added that says what another of its table says: servers keep one of them."""
    if found[0] != "add_constraint" or not isinstance(found[1], sa.UniqueConstraint):
        return False
    columns = {column.name for column in found[1].columns}
    table = next(one for one in model.tables.values() if (one.schema, one.name) == _place(found[1].table))
    uniques = [item for item in table.constraints if isinstance(item, sa.UniqueConstraint)]
    same = [item for item in uniques if {column.name for column in item.columns} == columns]
    return len(same) > 1


def _place(table: sa.Table) -> tuple[str | None, str]:
    return table.schema, str(table.name)


def _without_contents(differences: list[Any]) -> list[Any]:
    """Name the tables that come and go: a foreign key of a cycle is a tuple of its own, with us."""
    return [
        (found[0], found[1].schema, found[1].name)
        if isinstance(found, tuple) and isinstance(found[1], sa.Table)
        else found
        for found in differences
    ]

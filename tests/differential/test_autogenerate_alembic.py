"""What Alembic detects, this engine detects too, with the same tuples."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata as alembic_compare
from alembic.runtime.migration import MigrationContext as AlembicContext
from sqlalchemy.exc import SAWarning

from runner.autogenerate.api import compare_metadata
from runner.migration.context import MigrationContext
from tests.differential.autogenerate_cases import CASES, Case, zoo
from tests.differential.autogenerate_tuples import comparable


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[sa.Connection]:
    """A connection to a fresh SQLite database."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'db.sqlite'}")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def mariadb(mariadb_url: str) -> Iterator[sa.Connection]:
    """A connection to a fresh MariaDB database."""
    engine = sa.create_engine(mariadb_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def postgresql(pg_url: str) -> Iterator[sa.Connection]:
    """A connection to a fresh PostgreSQL database."""
    engine = sa.create_engine(pg_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize("case", [c for c in CASES if c.only in {None, "sqlite"}], ids=lambda case: case.name)
def test_sqlite(case: Case, sqlite: sa.Connection) -> None:
    """SQLite: the tuples are Alembic's (AG-1 to AG-30)."""
    _check(case, sqlite)


@pytest.mark.parametrize("case", [c for c in CASES if c.only in {None, "postgresql"}], ids=lambda case: case.name)
def test_postgresql(case: Case, postgresql: sa.Connection) -> None:
    """PostgreSQL: the tuples are Alembic's (AG-1 to AG-30, DI-2)."""
    _check(case, postgresql)


_UNIQUE = "A unique constraint is an index here as well; the model had a constraint, so that is what is removed."
MARIADB_DIFFERENCES: dict[str, tuple[list[str], list[str], str]] = {
    "unique-removed": (["remove_index"], ["remove_constraint"], _UNIQUE),
    "unique-unnamed-removed": (["remove_index"], ["remove_constraint"], _UNIQUE),
    "fk-removed": ([], ["remove_index"], "The index that the server made for the key goes with the key."),
    "tables-with-references-removed": (
        ["remove_index", "remove_table"],
        ["remove_table"],
        "The unique constraint goes and comes back with its table, so its index is not dropped by itself.",
    ),
}
"""Case -> what Alembic alone finds, what we alone find, and why."""


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if c.only is None and c.name != "length-removed"],  # VARCHAR has a length there
    ids=lambda case: case.name,
)
def test_mariadb(case: Case, mariadb: sa.Connection) -> None:
    """MariaDB: the tuples are Alembic's, but for those of the list (AG-1 to AG-30, DI-5)."""
    _create(_model(case, after=False), mariadb)
    theirs, ours = _found_by_both(case, mariadb)
    alembics_alone, ours_alone, _ = MARIADB_DIFFERENCES.get(case.name, ([], list(case.ours), ""))
    assert alembics_alone == _kinds(theirs - ours)
    assert sorted(ours_alone) == _kinds(ours - theirs)


def _kinds(differences: Counter[str]) -> list[str]:
    return sorted(re.findall(r"^\W*(\w+)", text)[0] for text in differences.elements())


def test_nothing_on_mariadb(mariadb: sa.Connection) -> None:
    """An unchanged model of what MariaDB has in common with others gives no difference (AG-24, AG-30)."""
    assert _differences_with_itself(mariadb) == []


def test_nothing_on_sqlite(sqlite: sa.Connection) -> None:
    """An unchanged model of everything SQLite has gives no difference (AG-24, AG-30)."""
    assert _differences_with_itself(sqlite) == []


def test_nothing_on_postgresql(postgresql: sa.Connection) -> None:
    """An unchanged model of everything PostgreSQL has gives no difference (AG-24, AG-30)."""
    assert _differences_with_itself(postgresql) == []


def _differences_with_itself(connection: sa.Connection) -> list[Any]:
    metadata = sa.MetaData()
    zoo(metadata, connection.dialect.name)
    _create(metadata, connection)
    options = {"compare_server_default": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def _create(metadata: sa.MetaData, connection: sa.Connection) -> None:
    metadata.create_all(connection)
    connection.commit()


def _model(case: Case, *, after: bool) -> sa.MetaData:
    metadata = sa.MetaData()
    (case.after if after else case.before)(metadata)
    return metadata


def _check(case: Case, connection: sa.Connection) -> None:
    _create(_model(case, after=False), connection)
    theirs, ours = _found_by_both(case, connection)
    expected = theirs + Counter()
    for word in case.ours:
        expected[
            next((text for text in ours if text.lstrip("[(").startswith(f"'{word}'") and text not in theirs), word)
        ] += 1
    assert expected == ours


def _found_by_both(case: Case, connection: sa.Connection) -> tuple[Counter[str], Counter[str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        warnings.simplefilter("ignore", UserWarning)
        context = AlembicContext.configure(connection, opts=dict(case.options))
        theirs = comparable(alembic_compare(context, _model(case, after=True)))
    connection.rollback()
    ours = compare_metadata(MigrationContext.configure(connection, opts=dict(case.options)), _model(case, after=True))
    return theirs, comparable(ours)

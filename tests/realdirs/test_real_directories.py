"""The migrations of published packages: the runner does what Alembic does, online, backwards, and offline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.oracle import Finished, assert_same_text, normalised_sql, sqlite_url
from tests.realdirs.directories import REAL_DIRECTORIES, Dialect, Placed, RealDirectory, Snapshot, real_directory
from tests.realdirs.known_differences import (
    COMPARISON_DIFFERENCES,
    canonical_sqlite_schema,
    offline_expected,
    sqlite_expected,
    with_sorted_indexes,
)

pytestmark = pytest.mark.realdirs

CASES = [
    pytest.param(directory, dialect, id=f"{directory.package}-{dialect}")
    for directory in REAL_DIRECTORIES
    for dialect in directory.dialects
]
OFFLINE_CASES = [
    pytest.param(directory, dialect, verb, span, id=f"{directory.package}-{dialect}-{verb}-{span}")
    for directory in REAL_DIRECTORIES
    for dialect in directory.dialects
    for verb, spans in (("upgrade", directory.offline_upgrades), ("downgrade", directory.offline_downgrades))
    for span in spans[dialect]
]

OFFLINE_URLS: dict[Dialect, str] = {"postgresql": "postgresql+psycopg://nobody@nowhere/nothing", "sqlite": "sqlite://"}

Place = Callable[[RealDirectory, Dialect], Placed]


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return a function that points a directory at a fresh database, as often as it is called."""
    count = 0

    def place(directory: RealDirectory, dialect: Dialect) -> Placed:
        nonlocal count
        count += 1
        workplace = tmp_path / str(count)
        workplace.mkdir()
        if dialect == "sqlite":
            url = sqlite_url(workplace / "database.sqlite")
        else:
            url = request.getfixturevalue("pg_database_factory")()
        placed = real_directory(directory, url, workplace)
        placed.prepare()
        return placed

    return place


Move = Callable[..., Finished]


def _there_and_back(placed: Placed, run: Move) -> list[tuple[str, Snapshot]]:
    """Upgrade from empty, downgrade as far as the package allows, upgrade again: what is there after each."""
    snapshots = []
    for verb, target in (("upgrade", "head"), ("downgrade", placed.directory.downgrade_to), ("upgrade", "head")):
        run(verb, target).check()
        snapshots.append((f"{verb} {target}", placed.snapshot()))
    return snapshots


@pytest.mark.parametrize(("directory", "dialect"), CASES)
def test_databases_are_equal_after_each_move(directory: RealDirectory, dialect: Dialect, place: Place) -> None:
    """From empty to the head, back, and up again, schema and rows equal Alembic's."""
    by_alembic, by_runner = place(directory, dialect), place(directory, dialect)
    expected = _there_and_back(by_alembic, by_alembic.run_alembic)
    assert any(f"'{directory.head}'" in row for row in expected[0][1].rows)  # the oracle really did something
    actual = _there_and_back(by_runner, by_runner.run_runner)
    for (move, theirs), (_, ours) in zip(expected, actual, strict=True):
        if dialect == "sqlite":
            expected_schema = sqlite_expected(directory.package, theirs.schema)
            assert_same_text(expected_schema, canonical_sqlite_schema(ours.schema), about=f"schema after {move}")
        else:
            assert_same_text(theirs.schema, ours.schema, about=f"schema after {move}")
        assert_same_text("\n".join(theirs.rows), "\n".join(ours.rows), about=f"rows after {move}")


@pytest.mark.parametrize(("directory", "dialect"), CASES)
def test_the_model_is_compared_as_by_alembic(directory: RealDirectory, dialect: Dialect, place: Place) -> None:
    """At the head, `check` finds what Alembic's finds in the package's model, and nothing else without a reason."""
    placed = place(directory, dialect)
    placed.run_alembic("upgrade", "head").check()

    theirs, ours = Counter(placed.differences("alembic")), Counter(placed.differences("runner"))

    assert [] == sorted(theirs - ours)
    assert sorted(COMPARISON_DIFFERENCES.get((directory.package, dialect), ())) == sorted(ours - theirs)


@pytest.mark.parametrize(("directory", "dialect", "verb", "span"), OFFLINE_CASES)
def test_offline_text_is_equal(
    directory: RealDirectory, dialect: Dialect, verb: str, span: str, tmp_path: Path
) -> None:
    """The offline script of every range that needs no database is Alembic's, but for white space."""
    placed = real_directory(directory, OFFLINE_URLS[dialect], tmp_path)
    theirs = placed.run_alembic(verb, span, "--sql").check().stdout
    ours = placed.run_runner(verb, span, "--sql").check().stdout
    expected = offline_expected(normalised_sql(theirs))
    assert_same_text(with_sorted_indexes(expected), with_sorted_indexes(normalised_sql(ours)))

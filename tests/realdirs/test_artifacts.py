"""Artifacts of published packages: what psql makes of them is the online run, and what needs the database is named."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.artifacts import apply_all, by_psql, files, manifest
from tests.fix_postgres import PgDatabaseFactory
from tests.oracle import assert_same_text, pg_dump
from tests.realdirs.directories import REAL_DIRECTORIES, Placed, RealDirectory, real_directory
from tests.realdirs.known_obstacles import (
    FAILS_ON_ANY_SERVER,
    NEEDS_THE_DATABASE,
    NO_WAY_BACK,
    NOT_THE_OPPOSITE,
)
from tools.realdirs import unpacked

pytestmark = pytest.mark.realdirs

DIRECTORIES = [pytest.param(one, id=one.package) for one in REAL_DIRECTORIES]
NOWHERE = "postgresql+psycopg://nobody@nowhere/nothing"
COMMAND = re.compile(r"^DATABASE_URL=\.\.\. runner (\w+) (\S+)$", re.MULTILINE)


PARTS = {  # package -> from, to
    "optuna": (("v1.3.0.a", "v2.6.0.a"), ("v3.0.0.d", "v3.2.0.a")),
    "jupyterhub": (("4dc2d5a8c53c", "651f5419b74d"),),
    "ckan": (("fd6622e3d964", "9445ce34fc23"),),
}
PART_CASES = [
    pytest.param(one, *part, id=f"{one.package}-{'-'.join(part)}")
    for one in REAL_DIRECTORIES
    for part in PARTS.get(one.package, ())
]


def place(directory: RealDirectory, url: str, workplace: Path) -> Placed:
    workplace.mkdir()
    return real_directory(directory, url, workplace)


def make(placed: Placed, *words: str, start: str) -> Path:
    """Write an artifact that is split where it has to be."""
    bundle = placed.ini.parent / "out"
    placed.run_runner("artifact", "--from", start, "--on-data", "split", "--output", str(bundle), *words).check()
    return bundle


def apply(placed: Placed, bundle: Path) -> None:
    """Apply the files of an upgrade with psql, and between them do what the pages say.

    Of pages that follow each other only the last one's command is executed: it runs the revisions of all of them.
    """
    for is_sql, paths in groupby(files(bundle), key=lambda path: path.suffix == ".sql"):
        found = list(paths)
        if is_sql:
            apply_all(placed.url, found)
            continue
        commands = COMMAND.findall(found[-1].read_text(encoding="utf-8"))
        assert len(commands) == 1, found[-1]
        placed.run_runner(*commands[0]).check()


def state(url: str, *, version_rows: bool = True) -> str:
    """Return the schema and the sorted rows."""
    options = [] if version_rows else ["--exclude-table=*.alembic_version"]
    rows = pg_dump(url, "--data-only", "--inserts", "--no-owner", *options).splitlines()
    schema = pg_dump(url, "--schema-only", "--no-owner", "--no-privileges", *options)
    return schema + "\n".join(sorted(rows)) + "\n"


def _asked(obstacles: list[dict[str, Any]], directory: RealDirectory) -> dict[str, str]:
    """Return what is at the line of each obstacle."""
    found = {}
    for one in obstacles:
        path = unpacked(directory.package) / directory.location / one["file"]
        found[one["revision"]] = path.read_text(encoding="utf-8").splitlines()[one["line"] - 1].strip()
    return found


@pytest.mark.parametrize("directory", [one for one in DIRECTORIES if NEEDS_THE_DATABASE[str(one.id)]])
def test_what_needs_the_database_is_named(directory: RealDirectory, tmp_path: Path) -> None:
    """The whole path is refused for exactly the revisions that ask, each with file and line."""
    placed = place(directory, NOWHERE, tmp_path / "one")
    bundle = tmp_path / "out"

    done = placed.run_runner("artifact", "--from", directory.start, "--output", str(bundle))

    obstacles = done.check(62).event("run.failed")["obstacles"]
    assert _asked(obstacles, directory) == NEEDS_THE_DATABASE[directory.package]
    assert not bundle.exists()


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_the_whole_path_is_the_online_run(
    directory: RealDirectory, tmp_path: Path, pg_database_factory: PgDatabaseFactory
) -> None:
    """With psql and what the pages say the head is reached, as online; where there is a way back, it leads back."""
    by_hand, online = (place(directory, pg_database_factory(), tmp_path / name) for name in ("by_hand", "online"))
    by_hand.prepare()
    online.prepare()
    before = state(by_hand.url, version_rows=False)
    bundle = make(by_hand, start=directory.start)
    told = manifest(bundle)

    apply(by_hand, bundle)
    online.run_runner("upgrade", "head").check()

    assert told["to"] == [directory.head]
    assert_same_text(state(online.url), state(by_hand.url), about="at the head")
    assert _asked(told["not_written"], directory) == NEEDS_THE_DATABASE[directory.package]
    assert _asked(told["without_downgrade"], directory) == NO_WAY_BACK[directory.package]
    assert (bundle / "downgrade").exists() == (not told["without_downgrade"])
    if not told["without_downgrade"]:
        _check_way_back(by_hand, online, bundle, directory.start, before)


@pytest.mark.parametrize(("directory", "low", "high"), PART_CASES)
def test_a_part_of_the_path_and_back(
    directory: RealDirectory, low: str, high: str, tmp_path: Path, pg_database_factory: PgDatabaseFactory
) -> None:
    """From what a database has to a later revision and back again; each time as online."""
    by_hand = place(directory, pg_database_factory(), tmp_path / "by_hand")
    by_hand.prepare()
    if low != "base":
        by_hand.run_runner("upgrade", low).check()
    before = state(by_hand.url, version_rows=False)
    online = place(directory, pg_database_factory(template=by_hand.url.rpartition("/")[2]), tmp_path / "online")
    bundle = make(by_hand, "--to", high, start="database")

    apply(by_hand, bundle)
    online.run_runner("upgrade", high).check()

    assert_same_text(state(online.url), state(by_hand.url), about=f"at {high}")
    _check_way_back(by_hand, online, bundle, low, before)


def _check_way_back(by_hand: Placed, online: Placed, bundle: Path, low: str, before: str) -> None:
    """Apply the downgrade: it does what `runner downgrade` does, and leads back to where it began if that does."""
    case = (by_hand.directory.package, low)
    if case in FAILS_ON_ANY_SERVER:
        _check_failing_way_back(by_hand, online, bundle, low, FAILS_ON_ANY_SERVER[case])
        return
    apply_all(by_hand.url, files(bundle, "downgrade"))
    online.run_runner("downgrade", low).check()

    assert_same_text(state(online.url), state(by_hand.url), about=f"back at {low}")
    is_as_before = state(by_hand.url, version_rows=False) == before
    assert is_as_before == (case not in NOT_THE_OPPOSITE)


def _check_failing_way_back(by_hand: Placed, online: Placed, bundle: Path, low: str, message: str) -> None:
    (path,) = files(bundle, "downgrade")
    before = state(by_hand.url)
    done = by_psql(by_hand.url, path)
    failed = online.run_runner("downgrade", low).event("run.failed")
    assert done.returncode == 3
    assert message in done.message
    assert message in failed["message"]
    assert state(by_hand.url) == before

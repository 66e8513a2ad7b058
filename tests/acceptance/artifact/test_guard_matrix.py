"""Every guard, before every file of an upgrade and of a downgrade, through every client that the documents name.

A cell holds when the client ends with a failure and pg_dump says that nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
import pytest

from tests.artifacts import PATH, Applied, apply_all, by_psql, by_psycopg, files, make_artifact, manifest
from tests.directories import make_directory
from tests.fix_postgres import PgDatabaseFactory
from tests.postgres import libpq_url, pg_dump

Bundles = dict[str, Path]
DIRECTIONS = ("upgrade", "downgrade")


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def database_of(url: str) -> str:
    return url.rpartition("/")[2]


@contextmanager
def a_runner_at_work(url: str, bundle: Path) -> Iterator[None]:
    told = manifest(bundle)["lock"]
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s, %s)", (told["tool"], told["target"]))
        yield


def another_base(url: str, _bundle: Path) -> AbstractContextManager[None]:
    execute(
        url,
        "CREATE TABLE IF NOT EXISTS alembic_version (version_num varchar(32) PRIMARY KEY)",
        "DELETE FROM alembic_version",
        "INSERT INTO alembic_version VALUES ('elsewhere')",
    )
    return nullcontext()


def read_only(url: str, _bundle: Path) -> AbstractContextManager[None]:
    execute(url, f"ALTER DATABASE {database_of(url)} SET default_transaction_read_only = on")
    return nullcontext()


def another_schema(url: str, _bundle: Path) -> AbstractContextManager[None]:
    execute(url, "CREATE SCHEMA elsewhere", f"ALTER DATABASE {database_of(url)} SET search_path = elsewhere, public")
    return nullcontext()


def nothing_else(_url: str, _bundle: Path) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is wrong, and what the file says then.

    Args:
        arrange: makes it wrong, for as long as the block lasts.
        code: of the guard; for psycopg.
        says: psql shows it.
        bundle: which bundle's files are applied.
        breaks: the file's own text fails in the middle.
    """

    name: str
    arrange: Callable[[str, Path], AbstractContextManager[None]] = nothing_else
    code: str
    says: str
    bundle: str = "right"
    breaks: bool = False

    def __str__(self) -> str:
        return self.name


SITUATIONS = (
    Situation(name="wrong base", arrange=another_base, code="RR006", says="The version rows are elsewhere"),
    Situation(name="runner at work", arrange=a_runner_at_work, code="RR004", says="Another runner"),
    Situation(name="failure in the middle", code="22012", says="division by zero", breaks=True),
    Situation(name="wrong server version", code="RR001", says="This file is for PostgreSQL 99", bundle="foreign"),
    Situation(name="read-only", arrange=read_only, code="RR003", says="read-only"),
    Situation(name="wrong search_path", arrange=another_schema, code="RR005", says="The current schema is elsewhere"),
)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    """The bundle for these servers, and the same for a server that does not exist."""
    directory = make_directory(tmp_path_factory.mktemp("matrix"), PATH)
    return {
        "right": make_artifact(directory, "--from", "base", "--server", "14-18", output="right"),
        "foreign": make_artifact(directory, "--from", "base", "--server", "99", output="foreign"),
    }


@pytest.fixture
def states(bundles: Bundles, pg_database_factory: PgDatabaseFactory) -> Callable[[str, int], str]:
    """Return a function that makes a database on which a file is the next one; made once, then copied."""
    made: dict[tuple[str, int], str] = {}

    def fresh(direction: str, number: int) -> str:
        if (direction, number) not in made:
            url = pg_database_factory()
            before = [] if direction == "upgrade" else files(bundles["right"])
            apply_all(url, [*before, *files(bundles["right"], direction)[:number]])
            made[direction, number] = url
        return pg_database_factory(template=database_of(made[direction, number]))

    return fresh


def everything(url: str) -> str:
    """Return schema, rows and version rows."""
    return pg_dump(url, "--inserts", "--no-owner", "--no-privileges")


def broken(path: Path, to: Path) -> Path:
    """Return a copy of a file in which a statement before the version rows, or before its own statements, fails."""
    text = path.read_text(encoding="utf-8")
    mark = "-- ---- revision"
    assert mark in text
    place = text.rindex(mark) if "non_transactional" not in path.name else text.index(mark)
    copy = to / path.name
    copy.write_text(f"{text[:place]}SELECT 1/0;\n{text[place:]}", encoding="utf-8")
    return copy


def cells(bundle: Path) -> list[tuple[str, int, Path]]:
    return [
        (direction, number, path) for direction in DIRECTIONS for number, path in enumerate(files(bundle, direction))
    ]


def check_cell(situation: Situation, url: str, bundle: Path, path: Path, how: Callable[[], Applied]) -> None:
    """Apply a file in a situation; it must fail with its message and leave everything as it is."""
    with situation.arrange(url, bundle):
        before = everything(url)
        done = how()
        assert everything(url) == before, (situation.name, path.name)
    assert done.returncode != 0, (situation.name, path.name)
    assert situation.says in done.message or situation.code in done.message, (situation.name, path.name, done.message)


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_psql_without_options(
    situation: Situation, bundles: Bundles, states: Callable[[str, int], str], tmp_path: Path
) -> None:
    """`psql -f` with no further option ends with a failure, and nothing has changed, whichever file is next."""
    for direction, number, path in cells(bundles[situation.bundle]):
        url = states(direction, number)
        file = broken(path, tmp_path) if situation.breaks else path
        check_cell(situation, url, bundles["right"], path, partial(by_psql, url, file))


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
@pytest.mark.parametrize("client", ["psql -1", "psycopg", "pgbouncer"])
def test_other_ways_of_sending_a_transaction(
    situation: Situation,
    client: str,
    bundles: Bundles,
    states: Callable[[str, int], str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """A transactional file stops in `psql -1`, through a pooler, and in a client that sends it as one text."""
    pooler = request.getfixturevalue("start_pgbouncer")(mode="transaction") if client == "pgbouncer" else None
    for direction in DIRECTIONS:
        number, path = next(
            (n, p) for n, p in enumerate(files(bundles[situation.bundle], direction)) if "_tran" in p.name
        )
        url = states(direction, number)
        file = broken(path, tmp_path) if situation.breaks else path

        def how(url: str = url, file: Path = file) -> Applied:
            if client == "psycopg":
                return by_psycopg(url, _without_commands(file, tmp_path))
            return by_psql(url, file, "-1") if pooler is None else by_psql(pooler.url(url), file)

        check_cell(situation, url, bundles["right"], path, how)


def _without_commands(path: Path, to: Path) -> Path:
    """Return what `--client any` writes."""
    copy = to / f"any_{path.name}"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    copy.write_text("".join(line for line in lines if not line.startswith("\\set")), encoding="utf-8")
    return copy


def test_a_second_application_is_refused(bundles: Bundles, states: Callable[[str, int], str]) -> None:
    """Every file says that it was applied, or that the database is elsewhere, and changes nothing."""
    for direction, number, path in cells(bundles["right"]):
        url = states(direction, number)
        apply_all(url, [path])
        before = everything(url)
        again = by_psql(url, path)
        assert again.returncode != 0, path.name
        assert everything(url) == before, path.name


def test_the_downgrade_bundle_brings_everything_back(bundles: Bundles, pg_database_factory: PgDatabaseFactory) -> None:
    """Up and down again is where it began, the version table aside; and a second time."""
    url = pg_database_factory()
    for _ in range(2):
        apply_all(url, files(bundles["right"]))
        apply_all(url, files(bundles["right"], "downgrade"))
        assert "CREATE TABLE public.t " not in pg_dump(url)
        with psycopg.connect(libpq_url(url)) as connection:
            assert connection.execute("SELECT * FROM alembic_version").fetchall() == []

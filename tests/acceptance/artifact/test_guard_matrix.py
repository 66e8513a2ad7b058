"""Every guard, before every file of an upgrade and of a downgrade, through every client that the documents name.

A cell holds when the client ends with its exit code for errors, says what is wrong, and pg_dump says that nothing has
changed. Because nothing may change, one database for each state serves all cells that begin there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.artifacts import PATH, Applied, apply_all, by_psql, by_psycopg, files, make_artifact, manifest
from tests.atwork import ask
from tests.directories import make_directory
from tests.fix_pgbouncer import StartPgBouncer
from tests.fix_postgres import PgDatabaseFactory
from tests.postgres import PostgresServer, libpq_url, pg_dump

DIRECTIONS = ("upgrade", "downgrade")
CLIENTS = ("psql", "psql with options", "psql -1", "psycopg", "pgbouncer")

ADVISORY_LOCKS = (
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
    "WHERE locktype = 'advisory' AND datname = current_database()"
)


# -- what is wrong -------------------------------------------------------------------------------------------


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(libpq_url(url), autocommit=True, options="-c default_transaction_read_only=off") as connection:
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


@contextmanager
def another_base(url: str, _bundle: Path) -> Iterator[None]:
    execute(
        url,
        "DO $$ BEGIN ALTER TABLE alembic_version RENAME TO aside; EXCEPTION WHEN undefined_table THEN END $$",
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('elsewhere')",
    )
    yield
    execute(url, "DROP TABLE alembic_version", "ALTER TABLE IF EXISTS aside RENAME TO alembic_version")


@contextmanager
def _setting(url: str, setting: str, value: str) -> Iterator[None]:
    execute(url, f"ALTER DATABASE {database_of(url)} SET {setting} = {value}")
    yield
    execute(url, f"ALTER DATABASE {database_of(url)} RESET {setting}")


def read_only(url: str, _bundle: Path) -> AbstractContextManager[None]:
    return _setting(url, "default_transaction_read_only", "on")


@contextmanager
def another_schema(url: str, _bundle: Path) -> Iterator[None]:
    execute(url, "CREATE SCHEMA elsewhere")
    with _setting(url, "search_path", "elsewhere, public"):
        yield
    execute(url, "DROP SCHEMA elsewhere")


def nothing_else(_url: str, _bundle: Path) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is wrong, and what the file says then.

    Args:
        arrange: makes it wrong, for as long as the block lasts.
        codes: of the guard, one of them; for psycopg.
        says: psql shows one of them.
        bundle: which bundle's files are applied.
        breaks: the file's own text fails in the middle.
        applied: how many files too many were applied before.
    """

    name: str
    arrange: Callable[[str, Path], AbstractContextManager[None]] = nothing_else
    codes: tuple[str, ...]
    says: tuple[str, ...]
    bundle: str = "right"
    breaks: bool = False
    applied: int = 0

    def __str__(self) -> str:
        return self.name


SITUATIONS = (
    Situation(name="wrong base", arrange=another_base, codes=("RR006",), says=("The version rows are elsewhere",)),
    # Where the rows are the same before and after, because a revision goes on in the next file, the journal tells.
    Situation(
        name="second application",
        applied=1,
        codes=("RR007", "RR006", "RR009"),
        says=("This file was applied already", "The version rows are", "was begun and is not where this file goes on"),
    ),
    Situation(name="runner at work", arrange=a_runner_at_work, codes=("RR004",), says=("Another runner",)),
    Situation(name="failure in the middle", codes=("22012",), says=("division by zero",), breaks=True),
    Situation(
        name="wrong server version", codes=("RR001",), says=("This file is for PostgreSQL 99",), bundle="foreign"
    ),
    Situation(name="read-only", arrange=read_only, codes=("RR003",), says=("Transactions are read-only here",)),
    Situation(
        name="wrong search_path", arrange=another_schema, codes=("RR005",), says=("The current schema is elsewhere",)
    ),
)
IN_A_TRANSACTION = Situation(name="", codes=("RR010",), says=("This file must not run inside a transaction",))


# -- where it begins -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundles:
    """The bundle for these servers, and the same for a server that does not exist; each for psql and for any client."""

    right: Path
    foreign: Path
    right_any: Path
    foreign_any: Path

    def files(self, situation: Situation, direction: str, client: str) -> list[Path]:
        name = f"{situation.bundle}_any" if client == "psycopg" else situation.bundle
        return files(getattr(self, name), direction)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    directory = make_directory(tmp_path_factory.mktemp("matrix"), PATH)

    def make(name: str, server: str, client: str) -> Path:
        return make_artifact(directory, "--from", "base", "--server", server, "--client", client, output=name)

    return Bundles(
        right=make("right", "14-18", "native"),
        foreign=make("foreign", "99", "native"),
        right_any=make("right_any", "14-18", "any"),
        foreign_any=make("foreign_any", "99", "any"),
    )


States = Callable[[str, int], str]


@pytest.fixture(scope="module")
def states(bundles: Bundles, pg_server: PostgresServer) -> Iterator[States]:
    """Return a function that gives the database on which that many files of a direction are applied."""
    path = [path for direction in DIRECTIONS for path in files(bundles.right, direction)]
    made = [pg_server.create_database()]
    for file in path:  # all of them now: a pooler keeps sessions on those it has seen, which then cannot be copied
        made.append(pg_server.create_database(template=made[-1]))
        apply_all(pg_server.url(made[-1]), [file])

    def state(direction: str, applied: int) -> str:
        return pg_server.url(made[applied + (0 if direction == "upgrade" else len(files(bundles.right)))])

    yield state
    for name in made:
        pg_server.drop_database(name)


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


def applied_by(client: str, url: str, path: Path) -> Applied:
    if client == "psycopg":
        return by_psycopg(url, path)
    options = {"psql with options": ("-X", "-q", "-v", "ON_ERROR_STOP=1"), "psql -1": ("-1",)}
    return by_psql(url, path, *options.get(client, ()))


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_a_file_that_must_not_run_changes_nothing(
    situation: Situation,
    client: str,
    bundles: Bundles,
    states: States,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """Whichever file is next: exit code 3 of psql, or the error in another client, with its sentence."""
    through: Callable[[str], str] = str
    if client == "pgbouncer":  # its sessions keep what the database's settings were, so each situation has its own
        start: StartPgBouncer = request.getfixturevalue("start_pgbouncer")
        through = start(mode="transaction").url
    for direction in DIRECTIONS:
        for number, path in enumerate(bundles.files(situation, direction, client)):
            url = states(direction, number + situation.applied)
            file = broken(path, tmp_path) if situation.breaks else path
            single = "non_transactional" in path.name
            expected = IN_A_TRANSACTION if client == "psql -1" and single else situation
            with situation.arrange(url, bundles.right):
                before = everything(url)
                locks = ask(url, ADVISORY_LOCKS)
                done = applied_by(client, through(url), file)
                assert everything(url) == before, path
                if client == "pgbouncer" and not situation.breaks:
                    assert ask(url, ADVISORY_LOCKS) == locks, "a lock stays in a session of the pooler"
            assert done.returncode == (1 if client == "psycopg" else 3), path
            wanted = expected.codes if client == "psycopg" else expected.says
            assert any(one in done.message for one in wanted), (path, done.message)


@pytest.mark.parametrize("client", CLIENTS)
def test_the_right_file_is_applied(
    client: str,
    bundles: Bundles,
    pg_database_factory: PgDatabaseFactory,
    states: States,
    request: pytest.FixtureRequest,
) -> None:
    """Every client brings the database up and down again; what cannot be in a transaction is sent by plain psql."""
    through: Callable[[str], str] = str
    if client == "pgbouncer":
        start: StartPgBouncer = request.getfixturevalue("start_pgbouncer")
        through = start(mode="transaction").url
    url = pg_database_factory()
    for direction in DIRECTIONS:
        for path in bundles.files(SITUATIONS[0], direction, client):
            single = "non_transactional" in path.name and client in {"psql -1", "pgbouncer"}
            done = by_psql(url, path) if single else applied_by(client, through(url), path)
            assert done.returncode == 0, (path, done.message)
        assert everything(url) == everything(states(direction, len(files(bundles.right, direction)))), direction


def test_the_downgrade_bundle_brings_everything_back(bundles: Bundles, pg_database_factory: PgDatabaseFactory) -> None:
    """Up and down again is where it began, the version table aside; and a second time."""
    url = pg_database_factory()
    before = pg_dump(url)
    for _ in range(2):
        apply_all(url, files(bundles.right))
        apply_all(url, files(bundles.right, "downgrade"))
        assert pg_dump(url, "--exclude-table=alembic_version", "--inserts", "--no-owner", "--no-privileges") == before
        with psycopg.connect(libpq_url(url)) as connection:
            assert connection.execute("SELECT * FROM alembic_version").fetchall() == []

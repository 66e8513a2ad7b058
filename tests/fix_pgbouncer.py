"""Real PgBouncer for tests, in front of the private PostgreSQL: started as an unprivileged user on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests import pgbouncer
from tests.pgbouncer import PgBouncer
from tests.postgres import PostgresServer

__all__ = ["StartPgBouncer"]

HOW_TO_GET_ONE = "install the program (Debian: pgbouncer); the tests start a private one"

StartPgBouncer = Callable[..., PgBouncer]
"""Called with `mode` and, if need be, `pool_size`."""


@pytest.fixture
def start_pgbouncer(pg_server: PostgresServer) -> Iterator[StartPgBouncer]:
    """Start poolers in front of the test server; they end with the test."""
    if pgbouncer.find_program() is None:
        pytest.skip(f"no PgBouncer: {HOW_TO_GET_ONE}")
    with ExitStack() as exits:

        def start(*, mode: str, pool_size: int = 4) -> PgBouncer:
            return exits.enter_context(pgbouncer.start_pgbouncer(pg_server, mode=mode, pool_size=pool_size))

        yield start


@pytest.fixture
def pooled_url(start_pgbouncer: StartPgBouncer, pg_url: str) -> str:
    """The URL of the database of `pg_url` through a pooler in transaction mode."""
    return start_pgbouncer(mode="transaction").url(pg_url)

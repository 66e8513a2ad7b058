"""The session lost at every statement of a run: cut, stranded or terminated; the log tells the truth (FIELD D 5, 6)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.faults.scenario import converge, finished_steps, statements_sent, version_rows, write_scenario
from tests.fix_faults import Tally, places
from tests.fix_postgres import PgDatabaseFactory
from tests.postgres import PostgresServer
from tests.preloaded import Preloaded
from tests.tcp_proxy import Action, Message, proxied

pytestmark = pytest.mark.slow

_CASES = {
    Action.CUT_BEFORE: "connection reset before each statement",
    Action.CUT_AFTER: "connection reset while each statement runs",
    Action.STRAND: "client cut off, server unaware, at each statement",
}
# It could not find out, or the server could not be reached; and a statement's own error where that came first.
_LOST = {30, 39, 51}


def _once(number: int, strike: Callable[[], Action]) -> Callable[[Message], Action]:
    """Return what strikes at the n-th statement, once."""
    state = {"struck": False}

    def decide(message: Message) -> Action:
        if state["struck"] or message.number != number or not message.sql:
            return Action.PASS
        state["struck"] = True
        return strike()

    return decide


@pytest.mark.parametrize("action", list(_CASES))
def test_the_connection_is_cut_at_every_statement(
    runs: Preloaded, pg_database_factory: PgDatabaseFactory, tmp_path: Path, tally: Tally, action: Action
) -> None:
    """Whatever is reported as finished is there and nothing else; the next run converges."""
    directory = write_scenario(tmp_path)
    statements = statements_sent(runs, directory, pg_database_factory())
    struck = places(statements, third=1 + list(_CASES).index(action))
    for number in struck:
        url = pg_database_factory()
        with proxied(url, _once(number, lambda: action)) as proxy:
            ended = runs.run(
                "upgrade", env={"DATABASE_URL": proxy.url, "RUNNER_LOCK_WAIT_SECONDS": "20"}, cwd=directory
            )
        assert ended.returncode in {0} | _LOST, ended
        assert version_rows(url) == finished_steps(ended)[-1:], ended
        converge(runs, directory, url)
    tally(_CASES[action], len(struck))


def test_the_session_is_terminated_at_every_statement(
    runs: Preloaded,
    pg_server: PostgresServer,
    pg_database_factory: PgDatabaseFactory,
    tmp_path: Path,
    tally: Tally,
) -> None:
    """An operator's pg_terminate_backend() just before each statement: a failure that says so, then convergence."""
    directory = write_scenario(tmp_path)
    struck = places(statements_sent(runs, directory, pg_database_factory()), third=1)
    for number in struck:
        url = pg_database_factory()
        database = url.rsplit("/", 1)[1].split("?")[0]
        with psycopg.connect(pg_server.admin_libpq_url(), autocommit=True) as admin:

            def terminate(admin: psycopg.Connection = admin, database: str = database) -> Action:
                admin.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [database]
                )
                return Action.PASS

            with proxied(url, _once(number, terminate)) as proxy:
                ended = runs.run("upgrade", env={"DATABASE_URL": proxy.url}, cwd=directory)
        assert ended.returncode in {0} | _LOST, ended
        assert version_rows(url) == finished_steps(ended)[-1:], ended
        converge(runs, directory, url)
    tally("session terminated at each statement", len(struck))

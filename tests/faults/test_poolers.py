"""PgBouncer in transaction mode: what works through it does, the rest is refused first, nothing leaks (FIELD D 7)."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.atwork import ask
from tests.directories import Environment, RevisionFile, chain, make_directory
from tests.fix_faults import Tally
from tests.fix_pgbouncer import StartPgBouncer
from tests.fix_postgres import PgDatabaseFactory
from tests.postgres import libpq_url
from tests.preloaded import Preloaded

pytestmark = pytest.mark.slow

_POOL = 2
_CROWD = 10
_CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"
_PREPARED = "\nfor _ in range(9):\n    op.get_bind().execute(sa.text('SELECT :x'), dict(x=1))"
_CONCURRENTLY = """
with op.get_context().autocommit_block():
    op.create_index('ix', 't1', ['id'], postgresql_concurrently=True)
"""
_SEEN_BY_A_CLIENT = """
SELECT current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('application_name'),
       current_setting('search_path'), current_setting('client_connection_check_interval', true),
       current_setting('idle_in_transaction_session_timeout'), current_setting('transaction_isolation'),
       (SELECT count(*) FROM pg_prepared_statements), pg_backend_pid()
"""
_LOCKS = """
SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE l.locktype = 'advisory' AND d.datname = current_database()
"""


def _seen_by_clients(url: str) -> dict[object, tuple[object, ...]]:
    """Return what clients find in all sessions of the pool: server process -> values."""
    clients = [
        psycopg.connect(libpq_url(url), application_name="a-client", prepare_threshold=None) for _ in range(_POOL)
    ]
    rows = []
    for client in clients:  # all are in a transaction at once, so that each has a session of its own
        row = client.execute(_SEEN_BY_A_CLIENT).fetchone()
        assert row is not None
        rows.append(row)
    for client in clients:
        client.commit()  # a pooler closes a server session whose client leaves in mid-transaction
        client.close()
    return {row[-1]: row[:-1] for row in rows}


def _tables(url: str) -> set[str]:
    return {row[0] for row in ask(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def test_nothing_leaks_into_pooled_sessions(
    runs: Preloaded,
    pg_database_factory: PgDatabaseFactory,
    start_pgbouncer: StartPgBouncer,
    tmp_path: Path,
    tally: Tally,
) -> None:
    """Settings, names, locks and prepared statements of a run are gone when other clients get its server sessions."""
    pooler = start_pgbouncer(mode="transaction", pool_size=_POOL)
    directory = make_directory(tmp_path, chain(8, upgrade=_CREATE + _PREPARED), env="none").root
    rounds = 5
    for _ in range(rounds):
        url = pg_database_factory()
        pooled = pooler.url(url)
        before = _seen_by_clients(pooled)
        limits = {"RUNNER_LOCK_TIMEOUT_SECONDS": "7", "RUNNER_STATEMENT_TIMEOUT_SECONDS": "77"}
        run = runs.run("upgrade", env={"DATABASE_URL": pooled, **limits}, cwd=directory).check()
        assert run.event("run.finished")["applied"] == 8
        after = _seen_by_clients(pooled)
        assert set(after) == set(before)  # the same server sessions
        assert after == before
        assert ask(url, _LOCKS) == [(0,)]
    tally("PgBouncer in transaction mode: applied, and nothing leaks into its sessions", rounds)


def test_many_runners_through_a_pooler_apply_once(
    runs: Preloaded,
    pg_database_factory: PgDatabaseFactory,
    start_pgbouncer: StartPgBouncer,
    tmp_path: Path,
    tally: Tally,
) -> None:
    """Ten runners race through a pooler with four server sessions: each revision is applied once, all exit with 0."""
    pooler = start_pgbouncer(mode="transaction", pool_size=4)
    body = _CREATE + "\nop.execute('SELECT pg_sleep(0.1)')"
    directory = make_directory(tmp_path, chain(5, upgrade=body), env="none").root
    rounds = 3
    for _ in range(rounds):
        url = pg_database_factory()
        started = [runs.start("upgrade", env={"DATABASE_URL": pooler.url(url)}, cwd=directory) for _ in range(_CROWD)]
        finished = [runs.wait(run).check() for run in started]
        applied = sorted(line["revision"] for one in finished for line in one.events("step.finished"))
        assert applied == [f"r000{number}" for number in range(1, 6)]
    tally("PgBouncer in transaction mode: ten runners race", rounds)


@pytest.mark.parametrize("env", ["none", "generic"])
def test_what_needs_a_session_is_refused_first(
    runs: Preloaded,
    pg_database_factory: PgDatabaseFactory,
    start_pgbouncer: StartPgBouncer,
    tmp_path: Path,
    tally: Tally,
    env: Environment,
) -> None:
    """An autocommit block anywhere in the plan refuses the run before anything is touched, and names the way out."""
    pooler = start_pgbouncer(mode="transaction", pool_size=_POOL)
    places = (2, 3, 4)
    for place in places:
        files = [
            RevisionFile(
                revision=f"r{number}",
                down_revision=f"r{number - 1}" if number > 1 else None,
                upgrade=_CONCURRENTLY if number == place else _CREATE.replace("{n}", str(number)),
            )
            for number in range(1, 5)
        ]
        directory = make_directory(tmp_path / str(place), files, env=env).root
        url = pg_database_factory()
        refused = runs.run("upgrade", env={"DATABASE_URL": pooler.url(url)}, cwd=directory).check(16)
        failed = refused.event("run.failed")
        assert (failed["error_code"], failed["revision"]) == ("pooler-in-the-way", f"r{place}")
        assert "MIGRATION_DATABASE_URL" in failed["message"]
        assert _tables(url) == set()
        both = {"DATABASE_URL": pooler.url(url), "MIGRATION_DATABASE_URL": url}
        assert runs.run("upgrade", env=both, cwd=directory).check().event("run.finished")["applied"] == 4
    tally("PgBouncer in transaction mode: refused before anything is touched", len(places))

"""Behind a pooler, of any mode; refusals, leaks and races in transaction mode are in the fault suite."""

from __future__ import annotations

from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from tests.directories import RevisionFile, chain, make_directory
from tests.fix_pgbouncer import StartPgBouncer
from tests.postgres import libpq_url
from tests.preloaded import run_runner
from tests.programs import start_runner, wait_for
from tests.side_tables import SIDE_TABLES

CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"
CONCURRENTLY = """
with op.get_context().autocommit_block():
    op.create_index('ix', 't1', ['id'], postgresql_concurrently=True)
"""


def tables(url: str) -> set[str]:
    """Return the names of all tables but the runner's own memory, which records failures too."""
    with psycopg.connect(libpq_url(url)) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {row[0] for row in rows} - set(SIDE_TABLES)


@pytest.mark.parametrize("env", ["none", "generic"])
@pytest.mark.parametrize("scope", ["revision", "run"])
def test_transactional_revisions_run_through_a_transaction_pooler(
    tmp_path: Path, pg_url: str, pooled_url: str, env: str, scope: str
) -> None:
    """Locks are taken per transaction, and everything is applied."""
    directory = make_directory(tmp_path, chain(12, upgrade=CREATE), env=env)  # type: ignore[arg-type]  # a parameter

    environment = {"DATABASE_URL": pooled_url, "RUNNER_TRANSACTION": scope, "RUNNER_LOCK_TIMEOUT_SECONDS": "7"}
    finished = run_runner("upgrade", cwd=directory.root, env=environment).check()

    assert finished.event("run.finished")["applied"] == 12
    detected = finished.event("pooler.detected")
    assert detected["driver_pid"] != detected["backend_pid"]
    assert len(finished.events("lock.acquired")) == 1
    assert {f"t{n}" for n in range(1, 13)} <= tables(pg_url)


def test_a_hidden_autocommit_block_is_refused_when_it_is_reached(tmp_path: Path, pg_url: str, pooled_url: str) -> None:
    """Where the source does not show it, the revision is rolled back at the block."""
    hidden = CREATE.format(n=1) + "\nwith getattr(op.get_context(), 'auto' + 'commit_block')():\n    pass"
    directory = make_directory(tmp_path, [RevisionFile(revision="r0001", upgrade=hidden)], env="none")

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pooled_url}).check(16)

    assert finished.event("step.failed")["error_code"] == "pooler-in-the-way"
    assert tables(pg_url) == set()


def test_the_wait_behind_a_pooler_has_a_deadline(tmp_path: Path, pg_url: str, pooled_url: str) -> None:
    """A runner that finds the lock held in another transaction polls in transactions of its own, then exits with 40."""
    gate = "while not os.path.exists('go'):\n    time.sleep(0.05)"
    slow = RevisionFile(revision="r0001", header="import os, time", upgrade=gate)
    directory = make_directory(tmp_path, [slow], env="none")
    holder = start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pooled_url})
    with psycopg.connect(libpq_url(pg_url), autocommit=True) as watcher:
        while watcher.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,):
            assert holder.poll() is None

    environment = {"DATABASE_URL": pooled_url, "RUNNER_LOCK_WAIT_SECONDS": "1"}
    finished = run_runner("upgrade", cwd=directory.root, env=environment).check(40)

    assert finished.events("lock.waiting")[0]["holder_pid"]
    (directory.root / "go").touch()
    wait_for(holder).check()


def test_session_pooling_is_treated_alike(tmp_path: Path, pg_url: str, start_pgbouncer: StartPgBouncer) -> None:
    """A pooler in session mode cannot be told from the others: what is transactional works, the rest is refused."""
    directory = make_directory(tmp_path, chain(2, upgrade=CREATE), env="none")
    environment = {"DATABASE_URL": start_pgbouncer(mode="session").url(pg_url)}

    run_runner("upgrade", cwd=directory.root, env=environment).check()
    directory.add(RevisionFile(revision="r0003", down_revision="r0002", upgrade=CONCURRENTLY))
    run_runner("upgrade", cwd=directory.root, env=environment).check(16)

    assert {"t1", "t2"} <= tables(pg_url)


def test_nothing_that_one_client_can_ask_tells_the_modes_apart(pg_url: str, start_pgbouncer: StartPgBouncer) -> None:
    """Alone with a pooler a client gets the same server session for each transaction, and finds there what it left."""

    def answers(mode: str) -> list[object]:
        with psycopg.connect(libpq_url(start_pgbouncer(mode=mode).url(pg_url)), prepare_threshold=None) as client:

            def ask(query: LiteralString) -> object:
                row = client.execute(query).fetchone()
                client.commit()
                assert row is not None
                return row[0]

            pids = {ask("SELECT pg_backend_pid()") for _ in range(3)}
            client.execute("SET app.mark = 'here'")
            return [client.info.backend_pid in pids, len(pids), ask("SELECT current_setting('app.mark', true)")]

    assert answers("transaction") == answers("session") == [False, 1, "here"]


def test_statement_pooling_is_refused(tmp_path: Path, pg_url: str, start_pgbouncer: StartPgBouncer) -> None:
    """A pooler that allows no transactions is named as what it is."""
    directory = make_directory(tmp_path, chain(1, upgrade=CREATE), env="none")
    pooled = start_pgbouncer(mode="statement").url(pg_url)

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pooled}).check(16)

    assert "statement mode" in finished.event("run.failed")["message"]
    assert tables(pg_url) == set()

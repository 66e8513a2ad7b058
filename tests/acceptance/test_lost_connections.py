"""A session that ends in the middle: what the log says is true, whatever the server did."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.atwork import ask, wait_until
from tests.directories import Directory, RevisionFile, chain, make_directory
from tests.fix_pgbouncer import StartPgBouncer
from tests.postgres import libpq_url
from tests.preloaded import run_runner
from tests.programs import Finished, start_runner, wait_for
from tests.tcp_proxy import Action, Message, proxied

CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"


def at_commit_after(marker: str, action: Action) -> Callable[[Message], Action]:
    """Return what does something to the first COMMIT after a statement with a text in it."""
    state = {"seen": False, "done": False}

    def decide(message: Message) -> Action:
        if marker in message.sql:
            state["seen"] = True
        if state["done"] or not state["seen"] or message.sql != "COMMIT":
            return Action.PASS
        state["done"] = True
        return action

    return decide


def run_cut(directory: Directory, url: str, decide: Callable[[Message], Action]) -> Finished:
    """Run `runner upgrade` through a proxy that does something to its messages."""
    with proxied(url, decide) as proxy:
        return run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": proxy.url})


def finished_steps(finished: Finished) -> list[str]:
    """Return the revisions that were reported as finished."""
    return [line["revision"] for line in finished.events("step.finished")]


@pytest.mark.parametrize("scope", ["revision", "run"])
@pytest.mark.parametrize("action", [Action.CUT_AFTER, Action.STRAND])
def test_a_commit_that_took_effect_is_confirmed_by_reading(
    tmp_path: Path, pg_url: str, action: Action, scope: str
) -> None:
    """The answer to COMMIT is lost: the run connects again, finds it committed, and goes on to the end."""
    directory = make_directory(tmp_path, chain(3, upgrade=CREATE), env="none")
    with proxied(pg_url, at_commit_after("CREATE TABLE t2", action)) as proxy:
        environment = {"DATABASE_URL": proxy.url, "RUNNER_TRANSACTION": scope}
        finished = run_runner("upgrade", cwd=directory.root, env=environment).check()

    assert finished_steps(finished) == ["r0001", "r0002", "r0003"]
    confirmed = [line["revision"] for line in finished.events("step.finished") if line.get("confirmed_by") == "reading"]
    assert confirmed == (["r0002"] if scope == "revision" else ["r0001", "r0002", "r0003"])
    assert finished.event("commit.resolved")["committed"] is True
    assert ask(pg_url, "SELECT version_num FROM alembic_version") == [("r0003",)]
    assert ask(pg_url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]


def test_a_signal_while_the_commit_is_being_looked_up(tmp_path: Path, pg_url: str) -> None:
    """Nobody claims that the step was rolled back: it may be there, the log says so, and the next run finds out."""
    directory = make_directory(tmp_path, chain(3, upgrade=CREATE), env="none")
    cut = at_commit_after("CREATE TABLE t2", Action.CUT_AFTER)
    sessions: list[int] = []

    def decide(message: Message) -> Action:
        action = cut(message)
        if action is Action.CUT_AFTER:
            sessions.append(message.session)
        is_later = bool(sessions) and message.session > sessions[0]
        return Action.STALL if is_later else action  # the network is back, the server does not answer

    with proxied(pg_url, decide) as proxy:
        process = start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": proxy.url})
        wait_until(lambda: sessions and proxy.sessions > sessions[0], what="the run's second session")
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        finished = wait_for(process).check(143)

    assert "whether the last COMMIT took effect was not found out" in finished.event("run.failed")["message"]
    assert finished_steps(finished) == ["r0001"]
    assert all(line["commit"] == "unknown" for line in finished.events("step.failed"))
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()
    outcomes = ask(pg_url, "SELECT revision, outcome FROM runner_history ORDER BY id")
    assert outcomes == [(revision, "applied") for revision in ("r0001", "r0002", "r0003")]


def test_a_commit_that_did_not_arrive_is_a_failure(tmp_path: Path, pg_url: str) -> None:
    """The COMMIT never reached the server: the step is reported as failed, and nothing of it is there."""
    directory = make_directory(tmp_path, chain(3, upgrade=CREATE), env="none")

    finished = run_cut(directory, pg_url, at_commit_after("CREATE TABLE t2", Action.CUT_BEFORE)).check(30)

    assert finished_steps(finished) == ["r0001"]
    assert finished.event("commit.resolved")["committed"] is False
    assert [line["revision"] for line in finished.events("step.failed")] == ["r0002"]
    assert finished.event("run.failed")["error_code"] == "connection-lost"
    assert ask(pg_url, "SELECT version_num FROM alembic_version") == [("r0001",)]
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()


def test_with_an_env_py_the_run_ends_and_says_how_far_it_came(tmp_path: Path, pg_url: str) -> None:
    """The session was env.py's, so the run does not go on; what it says is true, and the next run goes on."""
    directory = make_directory(tmp_path, chain(3, upgrade=CREATE), env="generic")

    finished = run_cut(directory, pg_url, at_commit_after("CREATE TABLE t2", Action.CUT_AFTER)).check(30)

    assert finished_steps(finished) == ["r0001", "r0002"]
    assert "up to and including r0002 is committed" in finished.event("run.failed")["message"]
    assert finished.events("step.failed") == []
    again = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()
    assert finished_steps(again) == ["r0003"]


def test_the_last_commit_of_an_env_py_may_be_lost(tmp_path: Path, pg_url: str) -> None:
    """Nothing is left to do, so a lost answer to the last COMMIT does not fail the run."""
    directory = make_directory(tmp_path, chain(2, upgrade=CREATE), env="generic")

    finished = run_cut(directory, pg_url, at_commit_after("CREATE TABLE t2", Action.CUT_AFTER)).check()

    assert finished_steps(finished) == ["r0001", "r0002"]


def test_behind_a_pooler_too(tmp_path: Path, pg_url: str, start_pgbouncer: StartPgBouncer) -> None:
    """The connection between runner and pooler is cut during COMMIT: the rows tell, read under the lock."""
    directory = make_directory(tmp_path, chain(3, upgrade=CREATE), env="none")
    pooled = start_pgbouncer(mode="transaction").url(pg_url)

    finished = run_cut(directory, pooled, at_commit_after("CREATE TABLE t2", Action.CUT_AFTER))

    rows = ask(pg_url, "SELECT version_num FROM alembic_version")
    if finished.event("commit.resolved")["committed"]:
        finished.check()
        assert rows == [("r0003",)]
    else:
        finished.check(30)
        assert rows == [("r0001",)]
    assert [(revision,) for revision in finished_steps(finished)[-1:]] == rows


PARTS = """
op.create_table('t1', sa.Column('id', sa.Integer))
with op.get_context().autocommit_block():
    op.create_index('ix', 't1', ['id'], postgresql_concurrently=True)
op.create_table('t2', sa.Column('id', sa.Integer))
"""


@pytest.mark.parametrize("action", [Action.CUT_BEFORE, Action.CUT_AFTER])
def test_a_commit_in_the_middle_of_a_revision(tmp_path: Path, pg_url: str, action: Action) -> None:
    """Before an autocommit block the journal tells; the run ends, and the next one goes on where it was."""
    directory = make_directory(tmp_path, [RevisionFile(revision="r0001", upgrade=PARTS)], env="none")

    finished = run_cut(directory, pg_url, at_commit_after("CREATE TABLE t1", action)).check(30)

    assert finished.event("commit.resolved")["committed"] is (action is Action.CUT_AFTER)
    assert finished_steps(finished) == []
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()
    assert ask(pg_url, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix'::regclass") == [(True,)]


@pytest.mark.parametrize("env", ["none", "generic"])
def test_a_terminated_session_is_a_lost_connection(tmp_path: Path, pg_url: str, env: str) -> None:
    """pg_terminate_backend in the middle of a statement: exit 30, the step failed, nothing of it is there."""
    slow = RevisionFile(
        revision="r0002",
        down_revision="r0001",
        upgrade="op.execute('CREATE TABLE s (id int)')\nop.execute('SELECT pg_sleep(300)')",
    )
    directory = make_directory(tmp_path, [*chain(1, upgrade=CREATE), slow], env=env)  # type: ignore[arg-type]  # a parameter
    process = start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url})
    deadline = time.monotonic() + 120
    with psycopg.connect(libpq_url(pg_url), autocommit=True) as killer:
        terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(300)%'"
        while not killer.execute(terminate).fetchall():
            assert time.monotonic() < deadline
            time.sleep(0.1)

    finished = wait_for(process).check(30)

    failed = finished.event("run.failed")
    assert failed["error_code"] == "connection-lost"
    assert failed["revision"] == "r0002"
    assert "terminat" in failed["message"]
    assert finished_steps(finished) == ["r0001"]
    assert finished.event("step.failed")["error_code"] == "connection-lost"
    assert ask(pg_url, "SELECT to_regclass('s')") == [(None,)]


@pytest.mark.parametrize("action", [Action.CUT_BEFORE, Action.CUT_AFTER, Action.STRAND])
def test_a_commit_on_mariadb(tmp_path: Path, mariadb_url: str, action: Action) -> None:
    """The version rows tell there, too; what DDL had committed by itself stays, and the next run goes on behind it."""
    revisions = chain(3, upgrade=CREATE + "\nop.execute('INSERT INTO t{n} VALUES ({n})')")
    directory = make_directory(tmp_path, revisions, env="none")
    with proxied(mariadb_url, at_commit_after("INSERT INTO t2", action)) as proxy:
        variables = {"DATABASE_URL": proxy.url, "RUNNER_LOCK_WAIT_SECONDS": "3"}
        finished = run_runner("upgrade", cwd=directory.root, env=variables)

    if action is Action.CUT_AFTER:
        assert finished.check().event("commit.resolved")["committed"] is True
        assert finished_steps(finished) == ["r0001", "r0002", "r0003"]
    elif action is Action.CUT_BEFORE:
        assert finished.check(30).event("commit.resolved")["committed"] is False
        assert finished_steps(finished) == ["r0001"]
    else:  # the old session lives on and holds the lock, so nobody may look yet
        assert "could not be found out" in finished.check(30).event("run.failed")["message"]
        assert finished.event("step.failed")["commit"] == "unknown"
    assert "COMMIT" in proxy.statements
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": mariadb_url}).check()
    assert [row[0] for row in ask(mariadb_url, "SELECT id FROM t2 UNION ALL SELECT id FROM t3 ORDER BY id")] == [2, 3]
    assert ask(mariadb_url, "SELECT version_num FROM alembic_version") == [("r0003",)]

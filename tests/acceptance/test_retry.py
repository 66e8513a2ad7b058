"""A revision that is blocked is rolled back and run again, as a whole, within a budget."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.atwork import wait_until
from tests.directories import RevisionFile, make_directory
from tests.holding import runner_that_holds_the_lock
from tests.preloaded import run_runner

FAST = {"RUNNER_LOCK_TIMEOUT_SECONDS": "1"}
FIRST = RevisionFile(revision="r0001", upgrade="op.create_table('t', sa.Column('id', sa.Integer))")
ALTER = """
op.execute("INSERT INTO t VALUES (1)")
op.add_column('t', sa.Column('name', sa.Text))
"""
SECOND = RevisionFile(revision="r0002", down_revision="r0001", upgrade=ALTER)


class Reader:
    """A session that reads table t in a transaction until it is told to stop."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        self._connection = self._engine.connect()
        self._connection.execute(text("SELECT * FROM t"))

    def leave(self) -> None:
        """End the transaction and the session."""
        self._connection.close()
        self._engine.dispose()

    def leave_after_an_attempt(self) -> threading.Thread:
        """End it, in another thread, when somebody has waited for the table and given up."""
        thread = threading.Thread(target=self._watch)
        thread.start()
        return thread

    def _watch(self) -> None:
        with self._engine.connect() as watcher:
            wait_until(lambda: watcher.scalar(_WAITING), what="an attempt")
            wait_until(lambda: not watcher.scalar(_WAITING), what="the attempt's end")
        self.leave()


_WAITING = text(
    "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
    " WHERE NOT l.granted AND d.datname = current_database()"
)


@pytest.mark.parametrize("scope", ["revision", "run"])
def test_a_blocked_revision_runs_again_as_a_whole(tmp_path: Path, pg_url: str, scope: str) -> None:
    """While a reader is in the way the revision is rolled back and retried; then it is applied exactly once."""
    directory = make_directory(tmp_path, [FIRST], env="none")
    environment = {"DATABASE_URL": pg_url, "RUNNER_TRANSACTION": scope, **FAST}
    run_runner("upgrade", cwd=directory.root, env=environment).check()
    directory.add(SECOND)
    timer = Reader(pg_url).leave_after_an_attempt()

    finished = run_runner("upgrade", cwd=directory.root, env=environment).check()

    timer.join()
    retries = finished.events("step.retrying")
    assert [line["attempt"] for line in retries] == list(range(2, len(retries) + 2))
    assert {line["reason"] for line in retries} == {"lock-timeout"}
    assert len(finished.events("step.started")) == len(retries) + 1
    assert [line["revision"] for line in finished.events("step.finished")] == ["r0002"]
    assert finished.events("step.failed") == []
    engine = create_engine(pg_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id, name FROM t")).all() == [(1, None)]
    engine.dispose()


def test_the_whole_run_is_retried_where_it_is_one_transaction(tmp_path: Path, pg_url: str) -> None:
    """With RUNNER_TRANSACTION=run every revision of the transaction is rolled back, and all run again."""
    third = RevisionFile(
        revision="r0003", down_revision="r0002", upgrade="op.create_table('u', sa.Column('i', sa.Text))"
    )
    before = RevisionFile(revision="r0002", down_revision="r0001", upgrade="op.execute('SELECT 1')")
    last = RevisionFile(revision="r0004", down_revision="r0003", upgrade=ALTER)
    directory = make_directory(tmp_path, [FIRST], env="none")
    environment = {"DATABASE_URL": pg_url, "RUNNER_TRANSACTION": "run", **FAST}
    run_runner("upgrade", cwd=directory.root, env=environment).check()
    directory.add(before, third, last)
    timer = Reader(pg_url).leave_after_an_attempt()

    finished = run_runner("upgrade", cwd=directory.root, env=environment).check()

    timer.join()
    attempts = len(finished.events("step.retrying")) // 3 + 1
    assert attempts > 1
    started = [line["revision"] for line in finished.events("step.started")]
    assert started == ["r0002", "r0003", "r0004"] * attempts
    assert [line["step_index"] for line in finished.events("step.started")] == [1, 2, 3] * attempts
    assert [line["revision"] for line in finished.events("step.finished")] == ["r0002", "r0003", "r0004"]
    assert finished.event("run.finished")["applied"] == 3


def test_the_budget_ends(tmp_path: Path, pg_url: str) -> None:
    """When the blocker stays longer than RUNNER_LOCK_RETRY_SECONDS the run fails with 41, and nothing is kept."""
    directory = make_directory(tmp_path, [FIRST], env="none")
    environment = {"DATABASE_URL": pg_url, "RUNNER_LOCK_RETRY_SECONDS": "2", **FAST}
    run_runner("upgrade", cwd=directory.root, env=environment).check()
    directory.add(SECOND)
    reader = Reader(pg_url)
    started = time.monotonic()

    finished = run_runner("upgrade", cwd=directory.root, env=environment).check(41)

    assert time.monotonic() - started < 60
    reader.leave()
    failed = finished.event("run.failed")
    assert failed["error_code"] == "statement-blocked"
    assert failed["attempts"] == len(finished.events("step.retrying")) + 1
    assert finished.event("step.failed")["error_code"] == "statement-blocked"
    engine = create_engine(pg_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM t")) == 0
    engine.dispose()


NOT_RETRIED = {
    "says so": ("", "runner_options = {'retry': False}", "retry: False"),
    "has committed": ("op.get_bind().commit()", "", "committed already"),
    "ran an autocommit block": (
        "with op.get_context().autocommit_block():\n    op.execute('VACUUM t')",
        "",
        "committed already",
    ),
}


@pytest.mark.parametrize("case", NOT_RETRIED)
def test_what_must_not_run_twice_does_not(tmp_path: Path, pg_url: str, case: str) -> None:
    """A revision that says so, or that has committed a part, is tried once and fails with 41."""
    before, header, why = NOT_RETRIED[case]
    directory = make_directory(tmp_path, [FIRST], env="none")
    environment = {"DATABASE_URL": pg_url, **FAST}
    run_runner("upgrade", cwd=directory.root, env=environment).check()
    directory.add(RevisionFile(revision="r0002", down_revision="r0001", header=header, upgrade=f"{before}\n{ALTER}"))
    reader = Reader(pg_url)

    finished = run_runner("upgrade", cwd=directory.root, env=environment).check(41)

    reader.leave()
    assert finished.events("step.retrying") == []
    assert why in finished.event("run.failed")["message"]


FAIL_ONCE = """
op.execute('''DO $$ BEGIN IF nextval('attempts') = 1 THEN
RAISE EXCEPTION 'made up' USING ERRCODE = '{sqlstate}'; END IF; END $$''')
"""


@pytest.mark.parametrize(("sqlstate", "reason"), [("40P01", "deadlock"), ("40001", "serialization-failure")])
def test_a_deadlock_is_retried(tmp_path: Path, pg_url: str, sqlstate: str, reason: str) -> None:
    """The victim of a deadlock or of a serialization failure runs again; a sequence counts the attempts."""
    counter = RevisionFile(revision="r0001", upgrade="op.execute('CREATE SEQUENCE attempts')")
    body = FAIL_ONCE.format(sqlstate=sqlstate)
    directory = make_directory(tmp_path, [counter, RevisionFile(revision="r0002", down_revision="r0001", upgrade=body)])

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()

    assert finished.event("step.retrying")["reason"] == reason
    assert finished.event("run.finished")["applied"] == 2
    assert len(finished.events("plan.computed")) == 1


def test_the_wait_log_names_the_revision_of_the_holder(tmp_path: Path, pg_url: str) -> None:
    """Who waits for the lock learns which revision the holder is running."""
    with runner_that_holds_the_lock(tmp_path, pg_url) as project:
        environment = {"DATABASE_URL": pg_url, "RUNNER_LOCK_WAIT_SECONDS": "0.5"}
        finished = run_runner("upgrade", cwd=project, env=environment).check(40)

    assert finished.events("lock.waiting")[0]["holder_revision"] == "r0001"


def test_an_unlock_that_is_not_confirmed_is_a_warning(tmp_path: Path, pg_url: str) -> None:
    """When the server says that the lock was not held any more, the log says so and what it means."""
    body = "op.execute('SELECT pg_advisory_unlock_all()')"
    directory = make_directory(tmp_path, [RevisionFile(revision="r0001", upgrade=body)], env="none")

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()

    assert finished.event("lock.released")["confirmed"] is False
    assert "may have overlapped" in finished.event("lock.release_unconfirmed")["meaning"]

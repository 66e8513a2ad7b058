"""Many runners at once (invariants 2, 3 and 4)."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.directories import RevisionFile, chain, make_directory
from tests.holding import runner_that_holds_the_lock
from tests.programs import Finished, run_runner, start_runner, wait_for

CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"


def race(directory: Path, url: str, count: int) -> list[Finished]:
    """Start many runners at once on one database and return what each did."""
    started = [start_runner("upgrade", cwd=directory, env={"DATABASE_URL": url}) for _ in range(count)]
    return [wait_for(process).check() for process in started]


@pytest.mark.parametrize("env", ["none", "generic"])
def test_thirty_cold_starts(tmp_path: Path, pg_url: str, env: str) -> None:
    """Thirty runners on an empty database: exactly one applies, all exit with 0 (TX-16, FIELD D-1)."""
    directory = make_directory(tmp_path, chain(3, upgrade=CREATE), env=env)  # type: ignore[arg-type]  # a parameter

    finished = race(directory.root, pg_url, 30)

    applied = sorted(one.event("run.finished")["applied"] for one in finished)
    assert applied == [0] * 29 + [3]


def test_concurrent_index_while_others_wait(tmp_path: Path, pg_url: str) -> None:
    """Waiters never deadlock a CREATE INDEX CONCURRENTLY in the holder; the index is valid (FIELD E1)."""
    body = """
op.create_table('big', sa.Column('id', sa.Integer))
op.execute('INSERT INTO big SELECT generate_series(1, 200000)')
with op.get_context().autocommit_block():
    op.create_index('ix_big', 'big', ['id'], postgresql_concurrently=True)
op.execute('SELECT pg_sleep(0.3)')
"""
    directory = make_directory(tmp_path, [RevisionFile(revision="r0001", upgrade=body)], env="none")

    finished = race(directory.root, pg_url, 30)

    assert sorted(one.event("run.finished")["applied"] for one in finished) == [0] * 29 + [1]
    engine = create_engine(pg_url)
    with engine.connect() as connection:
        valid = connection.scalar(text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_big'::regclass"))
    engine.dispose()
    assert valid is True


@pytest.mark.parametrize("env", ["none", "generic"])
def test_several_processes_on_one_sqlite_file(tmp_path: Path, sqlite_file_url: str, env: str) -> None:
    """Runners on one SQLite file never collide: each revision is applied once, all exit with 0."""
    directory = make_directory(tmp_path, chain(6, upgrade=CREATE), env=env)  # type: ignore[arg-type]  # a parameter

    finished = race(directory.root, sqlite_file_url, 8)

    applied = [line["revision"] for one in finished for line in one.events("step.finished")]
    assert [f"r000{number}" for number in range(1, 7)] == sorted(applied)


def test_the_wait_has_a_deadline_and_names_the_holder(tmp_path: Path, pg_url: str) -> None:
    """A runner that may not wait any longer exits with 40 and says who holds the lock."""
    with runner_that_holds_the_lock(tmp_path, pg_url) as project:
        environment = {"DATABASE_URL": pg_url, "RUNNER_LOCK_WAIT_SECONDS": "0.5"}
        finished = run_runner("upgrade", cwd=project, env=environment).check(40)

    waiting = finished.events("lock.waiting")[0]
    assert waiting["holder_application"].startswith("revision-runner - ")
    assert waiting["holder_revision"] == "r0001"
    assert finished.event("run.failed")["error_code"] == "lock-timeout"

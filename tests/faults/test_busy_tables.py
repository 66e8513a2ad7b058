"""An ALTER behind a long reader, and an index build that is interrupted, on a database in use (FIELD D 8, 9)."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import psycopg
import pytest

from tests.atwork import ask, wait_until_active
from tests.directories import RevisionFile, make_directory
from tests.fix_faults import Tally
from tests.postgres import libpq_url
from tests.preloaded import Preloaded

pytestmark = pytest.mark.slow

_READER_SECONDS = 60.0
_LOCK_TIMEOUT_SECONDS = 0.5
# The machine may be slow, the server may not be what is slow: without a limit the wait would be the reader's.
_LONGEST_WAIT_SECONDS = 10.0


class _Probe(threading.Thread):
    """Reads the table again and again, as an application does, and notes the longest time one read took."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = libpq_url(url)
        self._ends = threading.Event()
        self.longest_seconds = 0.0
        self.reads = 0

    def run(self) -> None:
        """Read until `stop()`."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._ends.wait(0.05):
                started = time.monotonic()
                connection.execute("SELECT count(*) FROM t")
                self.longest_seconds = max(self.longest_seconds, time.monotonic() - started)
                self.reads += 1

    def stop(self) -> None:
        """End the thread."""
        self._ends.set()
        self.join(timeout=120)


def test_an_alter_behind_a_sixty_second_reader(runs: Preloaded, pg_url: str, tmp_path: Path, tally: Tally) -> None:
    """Other readers never wait long, the ALTER is tried again, and succeeds once the reader has ended."""
    ask(pg_url, "CREATE TABLE t (id int)")
    revision = RevisionFile(revision="r1", upgrade="op.add_column('t', sa.Column('n', sa.Integer))")
    directory = make_directory(tmp_path, [revision], env="none").root
    environment = {
        "DATABASE_URL": pg_url,
        "RUNNER_LOCK_TIMEOUT_SECONDS": str(_LOCK_TIMEOUT_SECONDS),
        "RUNNER_LOCK_RETRY_SECONDS": "300",
    }
    probe = _Probe(pg_url)
    with psycopg.connect(libpq_url(pg_url)) as reader:
        reader.execute("SELECT count(*) FROM t")  # its lock stays until the transaction ends
        probe.start()
        run = runs.start("upgrade", env=environment, cwd=directory)
        time.sleep(_READER_SECONDS)
    finished = runs.wait(run).check()
    probe.stop()
    assert finished.events("step.retrying")
    assert finished.event("run.finished")["applied"] == 1
    assert probe.reads > 100
    assert probe.longest_seconds < _LONGEST_WAIT_SECONDS
    tally("ALTER TABLE behind a reader of sixty seconds", 1)


def test_a_concurrent_index_build_that_was_interrupted(
    runs: Preloaded, pg_url: str, tmp_path: Path, tally: Tally
) -> None:
    """Killed in the middle of CREATE INDEX CONCURRENTLY, again and again: the next run leaves a valid index."""
    ask(pg_url, "CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 1000)")
    rounds = 5
    files = [
        RevisionFile(
            revision=f"r{number}",
            down_revision=f"r{number - 1}" if number > 1 else None,
            upgrade="with op.get_context().autocommit_block():\n"
            f"    op.create_index('ix_{number}', 't', ['id'], postgresql_concurrently=True)",
        )
        for number in range(1, rounds + 1)
    ]
    directory = make_directory(tmp_path, files, env="none").root
    for number in range(1, rounds + 1):
        with psycopg.connect(libpq_url(pg_url)) as writer:
            writer.execute("INSERT INTO t VALUES (0)")  # the build waits for it
            run = runs.start("upgrade", f"r{number}", env={"DATABASE_URL": pg_url}, cwd=directory)
            wait_until_active(pg_url, "CREATE INDEX CONCURRENTLY%")
            os.kill(run.pid, signal.SIGKILL)
            assert runs.wait(run).returncode == -signal.SIGKILL
        environment = {"DATABASE_URL": pg_url, "RUNNER_LOCK_WAIT_SECONDS": "60"}
        runs.run("upgrade", f"r{number}", env=environment, cwd=directory).check()
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = %s::regclass"
        assert ask(pg_url, valid.replace("%s", f"'ix_{number}'")) == [(True,)]
    assert ask(pg_url, "SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass") == [(rounds,)]
    tally("CREATE INDEX CONCURRENTLY killed in the middle", rounds)

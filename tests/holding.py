"""A runner that keeps its advisory lock until the test lets it go on: no guessing with sleeps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from tests.directories import RevisionFile, make_directory
from tests.programs import start_runner, wait_for

__all__ = ["runner_that_holds_the_lock"]

_GATE = 4711
_HELD = text(
    "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND d.datname = current_database()"
)


@contextmanager
def runner_that_holds_the_lock(root: Path, url: str) -> Iterator[Path]:
    """Yield the project directory of a runner that is inside its only revision; afterwards it must succeed.

    The revision waits for a key that the test's own session holds until the block ends.
    """
    gated = RevisionFile(revision="r0001", upgrade=f"op.execute('SELECT pg_advisory_xact_lock({_GATE})')")
    directory = make_directory(root, [gated], env="none")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as gate:
        gate.execute(text(f"SELECT pg_advisory_lock({_GATE})"))
        holder = start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url})
        try:
            deadline = time.monotonic() + 60
            while not gate.scalar(_HELD):
                assert time.monotonic() < deadline, "the runner did not take its lock"
                time.sleep(0.05)
            yield directory.root
        finally:
            gate.execute(text(f"SELECT pg_advisory_unlock({_GATE})"))
            finished = wait_for(holder)
    engine.dispose()
    finished.check()

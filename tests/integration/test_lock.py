"""The advisory lock on a real PostgreSQL (invariants 2 and 3)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.pool import QueuePool

from runner.clock import SystemClock
from runner.database.engine import make_engine, open_connection
from runner.database.lock import AdvisoryLock, Release, acquire, advisory_lock_for, lock_key
from runner.database.url import parse_url
from runner.errors import LockTimeout
from runner.events import listening

KEY = lock_key("alembic_version", None)


@contextmanager
def session(url: str, name: str = "revision-runner") -> Iterator[Connection]:
    """Open a session of its own."""
    parsed = parse_url(url)
    with open_connection(make_engine(parsed, application_name=name), parsed) as connection:
        yield connection


def lock_on(connection: Connection) -> AdvisoryLock:
    """Return the lock of a connection."""
    lock = advisory_lock_for(connection, KEY)
    assert lock is not None
    return lock


def test_one_at_a_time(pg_url: str) -> None:
    """A second session gets the lock only after the first has given it back."""
    with session(pg_url) as one, session(pg_url) as two:
        first, second = lock_on(one), lock_on(two)

        assert first.try_acquire()
        assert not second.try_acquire()
        assert first.release() is Release.CONFIRMED
        assert second.try_acquire()


def test_the_lock_dies_with_its_session(pg_url: str) -> None:
    """Closing the session frees the lock: no clean-up, no expiry."""
    with session(pg_url) as two:
        with session(pg_url) as one:
            assert lock_on(one).try_acquire()
        acquire(lock_on(two), clock=SystemClock(), wait_seconds=5)


def test_waiting_holds_no_snapshot(pg_url: str) -> None:
    """A waiter is in no transaction and pins no snapshot between its polls (FIELD E1c)."""
    watched: list[tuple[Any, ...]] = []
    with session(pg_url) as one, session(pg_url, "the-waiter") as two, session(pg_url) as three:
        assert lock_on(one).try_acquire()
        query = text("SELECT state, backend_xmin FROM pg_stat_activity WHERE application_name = 'the-waiter'")
        with listening(lambda *_: watched.append(tuple(three.execute(query).one()))), pytest.raises(LockTimeout):
            acquire(lock_on(two), clock=SystemClock(), wait_seconds=0.4)

    assert watched == [("idle", None)]


def test_the_holder_is_named(pg_url: str) -> None:
    """A waiter learns pid, user, application and start of the holder."""
    with session(pg_url, "release-42") as one, session(pg_url) as two:
        lock_on(one).try_acquire()
        pid = one.exec_driver_sql("SELECT pg_backend_pid()").scalar()

        holder = lock_on(two).holder()

    assert holder["holder_application"] == "release-42"
    assert holder["holder_pid"] == str(pid)


def test_a_pooled_session_does_not_keep_the_lock(pg_url: str) -> None:
    """When env.py returns the connection to its pool, the lock goes, although the session lives on."""
    engine = create_engine(pg_url, poolclass=QueuePool, pool_size=1)
    with engine.connect() as one:
        assert lock_on(one).try_acquire()
    with session(pg_url) as two:
        assert lock_on(two).try_acquire()
    engine.dispose()


def test_waiting_inside_a_transaction_is_refused(pg_url: str) -> None:
    """On a connection in a transaction the server knows of, a busy lock is an error at once."""
    with session(pg_url) as one, session(pg_url) as two:
        lock_on(one).try_acquire()
        two.execute(text("SELECT 1"))

        with pytest.raises(LockTimeout, match="in a transaction"):
            acquire(lock_on(two), clock=SystemClock(), wait_seconds=60)


def test_the_key_depends_on_the_version_table() -> None:
    """Directories with version tables of their own do not wait for each other; an override replaces the hash."""
    assert lock_key("a", None) != lock_key("b", None) != lock_key("b", "s")
    assert lock_key("a", None) == lock_key("a", None)
    assert lock_key("a", None, override=7).target == 7


def test_thirty_waiters_all_get_their_turn(pg_url: str) -> None:
    """Nobody starves: thirty sessions that want the lock at the same time all get it within a bound."""
    turns: list[float] = []
    started = time.monotonic()

    def wait_for_a_turn(_number: int) -> None:
        with session(pg_url) as one:
            lock = lock_on(one)
            acquire(lock, clock=SystemClock(), wait_seconds=240)
            time.sleep(0.02)  # work under the lock, so that the others do wait
            turns.append(time.monotonic() - started)
            assert lock.release() is Release.CONFIRMED

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(wait_for_a_turn, range(30)))

    assert len(turns) == 30
    assert max(turns) < 120  # on a quiet machine it is three seconds


def test_an_unlock_that_the_server_denies_is_told(pg_url: str) -> None:
    """A lock that somebody else gave back is not confirmed: the server says that it was not ours."""
    with session(pg_url) as one:
        lock = lock_on(one)
        assert lock.try_acquire()
        one.exec_driver_sql("SELECT pg_advisory_unlock_all()")
        one.commit()

        assert lock.is_still_held() is False
        assert lock.release() is Release.DENIED


def test_a_lock_is_still_held(pg_url: str) -> None:
    """Whether the session still holds its lock can be asked."""
    with session(pg_url) as one, session(pg_url) as two:
        first, second = lock_on(one), lock_on(two)
        assert first.try_acquire()

        assert first.is_still_held()
        assert not second.is_still_held()

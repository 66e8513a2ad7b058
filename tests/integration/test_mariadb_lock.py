"""The advisory lock on a real MariaDB: GET_LOCK on the session that runs the DDL (invariants 2 and 3)."""

from __future__ import annotations

from collections.abc import Iterator
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
from tests.fix_mariadb import MariadbDatabaseFactory

KEY = lock_key("alembic_version", None)


@contextmanager
def session(url: str) -> Iterator[Connection]:
    """Open a session of its own."""
    parsed = parse_url(url)
    with open_connection(make_engine(parsed), parsed) as connection:
        yield connection


def lock_on(connection: Connection) -> AdvisoryLock:
    """Return the lock of a connection."""
    lock = advisory_lock_for(connection, KEY)
    assert lock is not None
    return lock


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_one_at_a_time(mariadb_url: str, dialect: str) -> None:
    """A second session gets the lock only after the first has given it back."""
    url = mariadb_url.replace("mysql", dialect, 1)
    with session(url) as one, session(mariadb_url) as two:
        first, second = lock_on(one), lock_on(two)

        assert first.try_acquire()
        assert not second.try_acquire()
        assert first.release() is Release.CONFIRMED
        assert second.try_acquire()


def test_databases_of_a_server_do_not_share_it(mariadb_database_factory: MariadbDatabaseFactory) -> None:
    """MySQL's locks are server-wide, so the name of the database is part of the lock's."""
    with session(mariadb_database_factory()) as one, session(mariadb_database_factory()) as two:
        assert lock_on(one).try_acquire()
        assert lock_on(two).try_acquire()


def test_a_session_without_a_database_can_lock(mariadb_url: str) -> None:
    """A URL that names no database has a lock too."""
    server, _, rest = mariadb_url.rpartition("/")
    with session(f"{server}/?{rest.partition('?')[2]}") as one:
        assert lock_on(one).try_acquire()


def test_the_lock_survives_commits_and_dies_with_its_session(mariadb_url: str) -> None:
    """DDL and its commits leave it alone; closing the session frees it."""
    with session(mariadb_url) as two:
        with session(mariadb_url) as one:
            assert lock_on(one).try_acquire()
            one.execute(text("CREATE TABLE t (id INTEGER)"))
            one.commit()
            assert not lock_on(two).try_acquire()
        acquire(lock_on(two), clock=SystemClock(), wait_seconds=5)


def test_waiting_is_in_no_transaction_and_names_the_holder(mariadb_url: str) -> None:
    """A waiter holds no snapshot between its polls, and learns connection, user and host of the holder."""
    watched: list[dict[str, Any]] = []
    with session(mariadb_url) as one, session(mariadb_url) as two:
        assert lock_on(one).try_acquire()
        pid = str(one.exec_driver_sql("SELECT CONNECTION_ID()").scalar())
        with (
            listening(lambda _, name, keys: watched.append({"event": name, **keys})),
            pytest.raises(LockTimeout) as caught,
        ):
            acquire(lock_on(two), clock=SystemClock(), wait_seconds=0.3)
        assert not two.in_transaction()
        assert two.connection.dbapi_connection.get_autocommit() is False  # type: ignore[union-attr]  # PyMySQL's

    (waiting,) = watched
    assert waiting["event"] == "lock.waiting"
    assert waiting["holder_pid"] == pid
    assert waiting["holder_user"] == "runner_test"
    assert waiting["holder_host"].startswith("127.0.0.1:")
    assert f"pid {pid}, user runner_test, host 127.0.0.1:" in str(caught.value)


def test_a_connection_in_autocommit_stays_in_it(mariadb_url: str) -> None:
    """Taking the lock leaves the driver as env.py has set it up."""
    engine = create_engine(mariadb_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        assert lock_on(connection).try_acquire()
        driver: Any = connection.connection.dbapi_connection
        assert driver.get_autocommit() is True
    engine.dispose()


def test_a_pooled_session_does_not_keep_the_lock(mariadb_url: str) -> None:
    """When env.py returns the connection to its pool, the lock goes, although the session lives on."""
    engine = create_engine(mariadb_url, poolclass=QueuePool, pool_size=1)
    with engine.connect() as one:
        assert lock_on(one).try_acquire()
    with session(mariadb_url) as two:
        assert lock_on(two).try_acquire()
    engine.dispose()

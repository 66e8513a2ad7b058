"""The advisory lock: floor 4. Taken on the very connection that runs the DDL, so that they live and die together.

Waiters poll the server's try-function with the driver in autocommit: nobody ever waits inside a
transaction or inside the blocking lock function, which is what turns CREATE INDEX CONCURRENTLY in the
holder into a deadlock (ADR 0003).
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import event

from runner.clock import Clock
from runner.database.failures import statement_error
from runner.errors import DatabaseError, LockTimeout
from runner.events import emit

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["AdvisoryLock", "LockKey", "acquire", "advisory_lock_for", "lock_key"]

_TOOL_KEY = 0x52524E52  # "RRNR": the first of the two integers, the same for every revision-runner
_FIRST_POLL_SECONDS = 0.1
_LONGEST_POLL_SECONDS = 1.0
_REPORT_EVERY_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LockKey:
    """The two signed 32-bit integers that PostgreSQL's advisory lock functions take."""

    tool: int
    target: int


def lock_key(version_table: str, schema: str | None, *, override: int | None = None) -> LockKey:
    """Return the key for a version table; PostgreSQL itself keeps keys of different databases apart.

    Args:
        version_table: the table's name.
        schema: its schema, None for the session's default.
        override: an operator's own second integer, for sharing the lock with another tool.
    """
    if override is not None:
        return LockKey(tool=_TOOL_KEY, target=override)
    name = f"{schema or ''}.{version_table}".encode()
    target = int.from_bytes(hashlib.sha256(name).digest()[:4], "big", signed=True)
    return LockKey(tool=_TOOL_KEY, target=target)


class _Dialect(Protocol):
    """How one database spells the lock; every method returns one SQL statement without parameters."""

    @property
    def holder_keys(self) -> tuple[str, ...]: ...  # of what holder_sql() selects

    def try_sql(self, key: LockKey) -> str: ...
    def release_sql(self, key: LockKey) -> str: ...
    def holder_sql(self, key: LockKey) -> str: ...


class _PostgreSQL:
    holder_keys = ("holder_pid", "holder_user", "holder_application", "holder_since")

    def try_sql(self, key: LockKey) -> str:
        return f"SELECT pg_try_advisory_lock({key.tool}, {key.target})"

    def release_sql(self, key: LockKey) -> str:
        return f"SELECT pg_advisory_unlock({key.tool}, {key.target})"

    def holder_sql(self, key: LockKey) -> str:
        return (
            "SELECT a.pid, a.usename, a.application_name, a.backend_start FROM pg_locks l"  # noqa: S608  # integers
            " JOIN pg_stat_activity a ON a.pid = l.pid JOIN pg_database d ON d.oid = l.database"
            f" WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = {_unsigned(key.tool)}"
            f" AND l.objid = {_unsigned(key.target)} AND d.datname = current_database()"
        )


class _MySQL:
    """MySQL names locks server-wide, so the database's name is part of the lock's."""

    holder_keys = ("holder_pid", "holder_user", "holder_host")

    def try_sql(self, key: LockKey) -> str:
        return f"SELECT GET_LOCK({self._name(key)}, 0)"

    def release_sql(self, key: LockKey) -> str:
        return f"SELECT RELEASE_LOCK({self._name(key)})"

    def holder_sql(self, key: LockKey) -> str:
        return (
            "SELECT p.ID, p.USER, p.HOST FROM information_schema.PROCESSLIST p"  # noqa: S608  # an integer
            f" WHERE p.ID = IS_USED_LOCK({self._name(key)})"
        )

    def _name(self, key: LockKey) -> str:
        # 64 characters at most: the digest stands for a database name of any length.
        return f"CONCAT('revision-runner:', MD5(COALESCE(DATABASE(), '')), ':{_unsigned(key.target)}')"


_DIALECTS: dict[str, _Dialect] = {"postgresql": _PostgreSQL(), "mysql": _MySQL(), "mariadb": _MySQL()}


def _unsigned(number: int) -> int:
    return number & 0xFFFFFFFF


class AdvisoryLock:
    """A session lock on one connection; `held` between `try_acquire` and `release`."""

    def __init__(self, connection: Connection, dialect: _Dialect, key: LockKey) -> None:
        self._connection = connection
        self._dialect = dialect
        self._key = key
        self._pool = connection.engine.pool
        self._session = _driver_connection(connection)
        self.held = False
        self._released_at_checkin = False

    @property
    def may_wait(self) -> bool:
        """Tell whether the server knows of no transaction on the session."""
        return not self._connection.in_transaction() or _is_idle(self._session)

    def try_acquire(self) -> bool:
        """Take the lock if it is free, or hold it already; never waits.

        Raises:
            DatabaseError: the session is gone.
        """
        if self.held:
            return True
        row = self._fetch_one(self._dialect.try_sql(self._key))
        self.held = bool(row and row[0])
        if self.held:
            event.listen(self._pool, "checkin", self._on_checkin)
        return self.held

    def holder(self) -> dict[str, Any]:
        """Return who holds the lock as event keys; empty when nobody does or the server does not tell."""
        row = self._fetch_one(self._dialect.holder_sql(self._key))
        return dict(zip(self._dialect.holder_keys, map(str, row), strict=True)) if row else {}

    def release(self) -> bool:
        """Give the lock back and return whether the server confirmed it; a dead session has lost it already."""
        if not self.held:
            return self._released_at_checkin
        self._forget()
        if self._connection.closed or self._connection.invalidated or not self._is_same_session():
            return False
        try:
            row = self._fetch_one(self._dialect.release_sql(self._key))
        except DatabaseError:
            return False  # the session is gone, and its locks with it
        return bool(row and row[0])

    def _is_same_session(self) -> bool:
        """Tell whether the connection still stands for the session that holds the lock: SQLAlchemy can reconnect."""
        return _driver_connection(self._connection) is self._session

    def _fetch_one(self, sql: str) -> Any:
        outside = not self._connection.in_transaction() or _is_idle(self._session)
        with _autocommit(self._connection, self._session) if outside else nullcontext():
            try:
                return _fetch_one(self._session, sql)
            except self._connection.dialect.loaded_dbapi.Error as error:
                self._connection.invalidate()
                raise statement_error(error, doing="use the advisory lock") from error

    def _forget(self) -> None:
        self.held = False
        event.remove(self._pool, "checkin", self._on_checkin)

    def _on_checkin(self, dbapi_connection: Any, _record: object) -> None:
        """Release when env.py returns the connection to a pool first: a pooled session outlives the run."""
        if dbapi_connection is not self._session or not self.held:
            return
        self.held = False
        try:
            row = _fetch_one(dbapi_connection, self._dialect.release_sql(self._key))
            dbapi_connection.commit()
        except self._connection.dialect.loaded_dbapi.Error:
            return  # the session is gone, and its locks with it
        self._released_at_checkin = bool(row and row[0])


def advisory_lock_for(connection: Connection, key: LockKey) -> AdvisoryLock | None:
    """Return the lock for this connection's database, or None where the database has no session lock.

    SQLite has none and needs none: each step takes the file's write lock with BEGIN IMMEDIATE.
    """
    dialect = _DIALECTS.get(connection.dialect.name)
    return None if dialect is None else AdvisoryLock(connection, dialect, key)


def acquire(
    lock: AdvisoryLock, *, clock: Clock, wait_seconds: float, jitter: Callable[[], float] | None = None
) -> None:
    """Take the lock, polling until it is free, and report waiting and success.

    Args:
        lock: on a connection that is in no transaction at the server.
        clock: for the deadline and the pauses.
        wait_seconds: how long to wait before giving up; 0 tries once.
        jitter: returns a factor around 1 for each pause, so that waiters do not poll in step.

    Raises:
        LockTimeout: somebody else still held the lock at the deadline, or waiting could harm the holder.
    """
    jitter = jitter or (lambda: random.uniform(0.5, 1.5))  # noqa: S311  # spreads waiters, guards nothing
    started = clock.monotonic()
    reported: float | None = None
    pause = _FIRST_POLL_SECONDS
    while not lock.try_acquire():
        waited = clock.monotonic() - started
        if not lock.may_wait:
            raise _busy(lock.holder())
        if waited >= wait_seconds:
            raise _timeout(lock.holder(), waited)
        if reported is None or waited - reported >= _REPORT_EVERY_SECONDS:
            emit("lock.waiting", waited_seconds=round(waited, 3), wait_seconds=wait_seconds, **lock.holder())
            reported = waited
        clock.sleep(min(pause * jitter(), max(wait_seconds - waited, 0.0)))
        pause = min(pause * 2, _LONGEST_POLL_SECONDS)
    emit("lock.acquired", waited_seconds=round(clock.monotonic() - started, 3))


def _timeout(holder: dict[str, Any], waited: float) -> LockTimeout:
    return LockTimeout(
        f"Another runner held the advisory lock for the whole {waited:.1f} s this run may wait ({_who(holder)})."
        " Nothing was changed. Let it finish and start again, or raise RUNNER_LOCK_WAIT_SECONDS.",
        waited_seconds=round(waited, 3),
        **holder,
    )


def _busy(holder: dict[str, Any]) -> LockTimeout:
    return LockTimeout(
        f"Another runner holds the advisory lock ({_who(holder)}), and env.py passed a connection that is in a "
        "transaction already, in which waiting could block the holder. Nothing was changed. Start again later, or call "
        "context.configure() before the first statement.",
        **holder,
    )


def _who(holder: dict[str, Any]) -> str:
    return ", ".join(f"{key.removeprefix('holder_')} {value}" for key, value in holder.items()) or "holder unknown"


def _is_idle(session: Any) -> bool:
    """Tell whether the server knows of no transaction on the session; drivers that do not say count as no."""
    status = getattr(getattr(session, "info", None), "transaction_status", None)
    return status is not None and int(status) == 0


def _fetch_one(session: Any, sql: str) -> Any:
    cursor = session.cursor()
    try:
        cursor.execute(sql)
        return cursor.fetchone()
    finally:
        cursor.close()


def _driver_connection(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


@contextmanager
def _autocommit(connection: Connection, session: Any) -> Iterator[None]:
    """Put the driver, not SQLAlchemy's transaction, into autocommit while the block runs."""
    dialect = connection.dialect
    before = dialect.get_isolation_level(session)
    if before == "AUTOCOMMIT" or _commits_by_itself(session):
        yield
        return
    dialect.set_isolation_level(session, "AUTOCOMMIT")
    try:
        yield
    finally:
        dialect.set_isolation_level(session, before)


def _commits_by_itself(session: Any) -> bool:
    """Tell whether the driver never begins a transaction; the isolation level is that of transactions even then."""
    get_autocommit = getattr(session, "get_autocommit", None)  # PyMySQL, where `autocommit` sets it
    return bool(get_autocommit()) if get_autocommit is not None else getattr(session, "autocommit", None) is True

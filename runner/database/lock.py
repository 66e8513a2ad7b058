"""The advisory lock: floor 4. Taken on the very connection that runs the DDL, so that they live and die together.

Waiters poll the server's try-function with the driver in autocommit: nobody ever waits inside a
transaction or inside the blocking lock function, which is what turns CREATE INDEX CONCURRENTLY in the
holder into a deadlock (ADR 0003).
"""

from __future__ import annotations

import enum
import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import event

from runner.clock import Clock
from runner.database.failures import statement_error
from runner.database.session import NO_WORD, parse_application_name
from runner.errors import DatabaseError, LockTimeout
from runner.events import emit

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = [
    "AdvisoryLock",
    "LockKey",
    "Release",
    "TransactionLock",
    "acquire",
    "advisory_lock_for",
    "lock_key",
    "session_lock_sql",
]

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
    def try_in_transaction_sql(self, key: LockKey) -> str: ...  # only where there are poolers
    def holder_sql(self, key: LockKey) -> str: ...
    def held_sql(self, key: LockKey) -> str: ...  # a true value if this session holds the lock


class Release(enum.Enum):
    """What became of an attempt to give the lock back."""

    CONFIRMED = "confirmed"
    DENIED = "denied"  # the server says that the session does not hold it
    SESSION_GONE = "session-gone"  # and its locks with it


class _PostgreSQL:
    holder_keys = ("holder_pid", "holder_user", "holder_application", "holder_since")

    def try_sql(self, key: LockKey) -> str:
        return f"SELECT pg_try_advisory_lock({key.tool}, {key.target})"

    def release_sql(self, key: LockKey) -> str:
        return f"SELECT pg_advisory_unlock({key.tool}, {key.target})"

    def try_in_transaction_sql(self, key: LockKey) -> str:
        return f"SELECT pg_try_advisory_xact_lock({key.tool}, {key.target})"

    def holder_sql(self, key: LockKey) -> str:
        return (
            "SELECT a.pid, a.usename, a.application_name, a.backend_start FROM pg_locks l"  # noqa: S608  # integers
            " JOIN pg_stat_activity a ON a.pid = l.pid JOIN pg_database d ON d.oid = l.database"
            f" WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = {_unsigned(key.tool)}"
            f" AND l.objid = {_unsigned(key.target)} AND d.datname = current_database()"
        )

    def held_sql(self, key: LockKey) -> str:
        return (
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"  # noqa: S608
            f" AND classid = {_unsigned(key.tool)} AND objid = {_unsigned(key.target)} AND pid = pg_backend_pid()"
        )


class _MySQL:
    """MySQL names locks server-wide, so the database's name is part of the lock's."""

    holder_keys = ("holder_pid", "holder_user", "holder_host")

    def try_sql(self, key: LockKey) -> str:
        return f"SELECT GET_LOCK({self._name(key)}, 0)"

    def release_sql(self, key: LockKey) -> str:
        return f"SELECT RELEASE_LOCK({self._name(key)})"

    def try_in_transaction_sql(self, key: LockKey) -> str:
        raise NotImplementedError("MySQL's locks belong to sessions")

    def holder_sql(self, key: LockKey) -> str:
        return (
            "SELECT p.ID, p.USER, p.HOST FROM information_schema.PROCESSLIST p"  # noqa: S608  # an integer
            f" WHERE p.ID = IS_USED_LOCK({self._name(key)})"
        )

    def held_sql(self, key: LockKey) -> str:
        return f"SELECT COALESCE(IS_USED_LOCK({self._name(key)}) = CONNECTION_ID(), 0)"

    def _name(self, key: LockKey) -> str:
        # 64 characters at most: the digest stands for a database name of any length.
        return f"CONCAT('revision-runner:', MD5(COALESCE(DATABASE(), '')), ':{_unsigned(key.target)}')"


_DIALECTS: dict[str, _Dialect] = {"postgresql": _PostgreSQL(), "mysql": _MySQL(), "mariadb": _MySQL()}


def session_lock_sql(dialect_name: str, key: LockKey) -> tuple[str, str]:
    """Return the queries that try to take the lock for a session and that give it back; each returns a true value."""
    dialect = _DIALECTS[dialect_name]
    return dialect.try_sql(key), dialect.release_sql(key)


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
        self._released_at_checkin = Release.SESSION_GONE

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
        return _told(self._dialect, self._fetch_one(self._dialect.holder_sql(self._key)))

    def is_still_held(self) -> bool:
        """Ask the server whether this session, and no other, holds the lock."""
        if self._connection.closed or self._connection.invalidated or not self._is_same_session():
            return False
        row = self._fetch_one(self._dialect.held_sql(self._key))
        return bool(row and row[0])

    def release(self) -> Release:
        """Give the lock back and return what the server said; a dead session has lost it already."""
        if not self.held:
            return self._released_at_checkin
        self.forget()
        if self._connection.closed or self._connection.invalidated or not self._is_same_session():
            return Release.SESSION_GONE
        try:
            row = self._fetch_one(self._dialect.release_sql(self._key))
        except DatabaseError:
            return Release.SESSION_GONE
        return Release.CONFIRMED if row and row[0] else Release.DENIED

    def _is_same_session(self) -> bool:
        """Tell whether the connection still stands for the session that holds the lock: SQLAlchemy can reconnect."""
        return _driver_connection(self._connection) is self._session

    def ask(self, sql: str) -> list[Any]:
        """Return the rows of another query, executed as the lock's own are: outside any transaction."""
        return self._fetch(sql, _fetch_all)  # type: ignore[no-any-return]  # rows are the driver's

    def _fetch_one(self, sql: str) -> Any:
        return self._fetch(sql, _fetch_one)

    def _fetch(self, sql: str, fetch: Callable[[Any, str], Any]) -> Any:
        outside = not self._connection.in_transaction() or _is_idle(self._session)
        try:  # setting autocommit asks the server, too
            with _autocommit(self._connection, self._session) if outside else nullcontext():
                return fetch(self._session, sql)
        except self._connection.dialect.loaded_dbapi.Error as error:
            self._connection.invalidate()
            raise statement_error(error, doing="use the advisory lock") from error

    def forget(self) -> None:
        """Note that the lock is not held any more: it was given back, or its session has ended."""
        if self.held:
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
        self._released_at_checkin = Release.CONFIRMED if row and row[0] else Release.DENIED


class TransactionLock:
    """The same lock taken for one transaction, which is all that a pooled session can hold.

    Args:
        connection: a PostgreSQL connection.
        key: what is locked.
        begin: begins a transaction unless one is open.
        roll_back: ends it; None for a transaction of somebody else's, in which nobody waits.
    """

    def __init__(
        self,
        connection: Connection,
        key: LockKey,
        *,
        begin: Callable[[], None],
        roll_back: Callable[[], None] | None,
    ) -> None:
        self._connection = connection
        self._key = key
        self._dialect = _DIALECTS["postgresql"]
        self._begin = begin
        self._roll_back = roll_back

    @property
    def may_wait(self) -> bool:
        """Tell whether the transaction can be ended to wait outside of it."""
        return self._roll_back is not None

    def try_acquire(self) -> bool:
        """Take the lock in a transaction that stays open if it was free; never waits."""
        self._begin()
        row = self._connection.exec_driver_sql(self._dialect.try_in_transaction_sql(self._key)).one()
        if not row[0] and self._roll_back is not None:
            self._roll_back()
        return bool(row[0])

    def holder(self) -> dict[str, Any]:
        """Return who holds the lock as event keys."""
        self._begin()
        row = self._connection.exec_driver_sql(self._dialect.holder_sql(self._key)).first()
        if self._roll_back is not None:
            self._roll_back()
        return _told(self._dialect, row)


def _told(dialect: _Dialect, row: Any) -> dict[str, Any]:
    """Return a row about the holder as event keys, with the revision that its application_name names."""
    told = dict(zip(dialect.holder_keys, row, strict=True)) if row else {}
    named = parse_application_name(told.get("holder_application"))
    if named is not None and named.revision != NO_WORD:
        told["holder_revision"] = named.revision
    return {key: str(value) for key, value in told.items() if value is not None}


def advisory_lock_for(connection: Connection, key: LockKey) -> AdvisoryLock | None:
    """Return the lock for this connection's database, or None where the database has no session lock.

    SQLite has none and needs none: each step takes the file's write lock with BEGIN IMMEDIATE.
    """
    dialect = _DIALECTS.get(connection.dialect.name)
    return None if dialect is None else AdvisoryLock(connection, dialect, key)


def acquire(
    lock: AdvisoryLock | TransactionLock,
    *,
    clock: Clock,
    wait_seconds: float,
    jitter: Callable[[], float] | None = None,
    announced: bool = False,
    on_busy: Callable[[], object] = lambda: None,
) -> None:
    """Take the lock, polling until it is free, and report waiting and success.

    Args:
        lock: on a connection that is in no transaction at the server.
        clock: for the deadline and the pauses.
        wait_seconds: how long to wait before giving up; 0 tries once.
        jitter: returns a factor around 1 for each pause, so that waiters do not poll in step.
        on_busy: called once, when somebody else turns out to hold it.
        announced: it was reported for an earlier transaction; say it again only if it had to be waited for.

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
            if reported is None:
                on_busy()
            reported = waited
        clock.sleep(min(pause * jitter(), max(wait_seconds - waited, 0.0)))
        pause = min(pause * 2, _LONGEST_POLL_SECONDS)
    if not announced or reported is not None:
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


def _fetch_all(session: Any, sql: str) -> Any:
    cursor = session.cursor()
    try:
        cursor.execute(sql)
        return cursor.fetchall()
    finally:
        cursor.close()


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

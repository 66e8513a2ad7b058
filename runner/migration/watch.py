"""Watches the statements of a run's connection: their limits, what blocks them, and signals. Floor 5."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext

from runner.database.cancel import cancel_for_connection
from runner.database.failures import sqlstate_of
from runner.errors import QueueTooLong
from runner.interrupts import Cancel, SignalReceived, interrupts
from runner.migration.long_statements import LongStatements, WatchedStatement
from runner.migration.policy import RunPolicy
from runner.migration.revision_limits import NO_LIMITS, RevisionLimits
from runner.migration.session_limits import SessionLimits

if TYPE_CHECKING:
    from runner.database.monitor import Monitor

__all__ = ["StatementWatch"]


class StatementWatch:
    """Sees every statement of one connection, `op.*` and `get_bind().execute()` alike.

    How a run uses it:

    - `with watch.attached():` around the whole run, once, as soon as the lock is held. It listens from then on.
    - `with watch.step(revision, limits):` around the revision's own code at every attempt, inside its transaction. The
      first statement of each kind sets the kind's limits, local to the transaction where there is one.
    - A statement that was cancelled because too many sessions queued behind it raises QueueTooLong instead of
      the driver's error; one that a signal cancelled raises SignalReceived. A lock that was not granted in time
      remains the driver's error, with SQLSTATE 55P03 (MySQL: 1205).
    - COMMIT and its bookkeeping, and ROLLBACK and its, go into `with interrupts.deferred():` (runner/interrupts.py);
      a retry loop calls `interrupts.check()` before each attempt, and sleeping in it needs nothing.
    """

    def __init__(self, connection: Connection, policy: RunPolicy) -> None:
        self._connection = connection
        self._policy = policy
        self._clock = policy.clock
        self._limits = SessionLimits(connection, policy)
        self._long = LongStatements(policy, self._monitor() if connection.dialect.name == "postgresql" else None)
        self._cancel: Cancel | None = None
        self._revision: str | None = None
        self._running: WatchedStatement | None = None
        self.last_blockers: list[dict[str, Any]] = []  # of the statement that failed last
        self._refused: SignalReceived | None = None

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Listen to the connection while the block runs."""
        self._cancel = cancel_for_connection(self._connection)
        self._track()
        listeners: dict[str, Callable[..., Any]] = {
            "before_cursor_execute": self._before,
            "after_cursor_execute": self._after,
            "commit": self._limits.on_commit,
            "rollback": self._limits.on_rollback,
            "rollback_savepoint": self._limits.on_rollback_savepoint,
        }
        for name, listener in listeners.items():
            event.listen(self._connection, name, listener)
        _watched[self._connection] = self
        try:
            yield
        finally:
            self._settle()
            self._long.stop()
            _watched.pop(self._connection, None)
            for name, listener in listeners.items():
                event.remove(self._connection, name, listener)
            self._limits.put_back_at_end()

    def _track(self) -> None:
        """Let a signal cancel what the session does in C outside of statements, a COMMIT say."""
        session = self._connection.connection.dbapi_connection
        if self._cancel is not None and session is not None:
            interrupts.track(session, self._cancel)

    @contextmanager
    def step(self, revision: str, limits: RevisionLimits = NO_LIMITS) -> Iterator[None]:
        """Give the block's statements the limits of their kinds, and the session the revision's name."""
        interrupts.check()
        self._revision = revision
        try:
            with self._limits.of_step(revision, limits):
                yield
        finally:
            self._revision = None

    # -- each statement ------------------------------------------------------------------------------------

    def _before(self, _connection: Connection, _cursor: Any, sql: str, *_: object) -> None:
        self._settle()  # one that failed in a way nobody told us
        if self._revision is not None:
            self._refuse_after_signal()
            self._limits.before(sql)
        statement = WatchedStatement(
            self._cancel,
            sql=sql,
            revision=self._revision,
            started=self._clock.monotonic(),
            find_pid=self._backend_pid,
            patience=self._limits.patience_seconds,
        )
        self._running = statement
        interrupts.begin(statement)
        self._long.begin(statement)

    def _refuse_after_signal(self) -> None:
        """Raise again what a revision swallowed; the session has no part in it, and stays."""
        try:
            interrupts.check()
        except SignalReceived as signal:
            self._refused = signal
            raise

    def _after(self, *_: object) -> None:
        self._settle()

    def _settle(self) -> WatchedStatement | None:
        """Note that the statement has ended, and return it."""
        statement, self._running = self._running, None
        if statement is not None:
            interrupts.end(statement)
            self._long.end()
        return statement

    def failed(self, context: ExceptionContext) -> BaseException | None:
        """Return what to raise instead of a driver's error; None leaves it."""
        if context.original_exception is self._refused:
            context.is_disconnect = False
            return None
        statement = self._settle()
        self.last_blockers = [] if statement is None else statement.blockers
        if statement is None or not isinstance(context.original_exception, Exception):
            return None
        if interrupts.received is not None and not interrupts.was_raised:
            interrupts.was_raised = True
            return SignalReceived(interrupts.received)
        if statement.queue is not None and sqlstate_of(context.original_exception) == _CANCELLED:
            return _queue_too_long(statement, self._policy.max_blocked_sessions)
        return None

    # -- for the monitor -----------------------------------------------------------------------------------

    def _monitor(self) -> Callable[[], Monitor]:
        engine, name = self._connection.engine, self._policy.session

        def open_it() -> Monitor:
            from runner.database.monitor import open_monitor  # a quick run does without

            return open_monitor(engine, name)

        return open_it

    def _backend_pid(self) -> int | None:
        """Return the server's number for the session: as the server told it, else as the driver knows it."""
        if self._limits.backend_pid is not None:
            return self._limits.backend_pid
        session = getattr(self._connection.connection, "driver_connection", None)
        pid = getattr(getattr(session, "info", None), "backend_pid", None)
        return pid if isinstance(pid, int) else None


_CANCELLED = "57014"
_watched: WeakKeyDictionary[Connection, StatementWatch] = WeakKeyDictionary()


@event.listens_for(Engine, "handle_error")
def _on_error(context: ExceptionContext) -> BaseException | None:
    """Tell the connection's watch. Listened to from the import on, for good, as in runner.migration.origins."""
    watch = None if context.connection is None else _watched.get(context.connection)
    return None if watch is None else watch.failed(context)


def _queue_too_long(statement: WatchedStatement, limit: int | None) -> QueueTooLong:
    return QueueTooLong(
        f"{statement.queue} sessions queued behind a statement of revision {statement.revision}, more than "
        f"RUNNER_MAX_BLOCKED_SESSIONS ({limit}) allows, so it was cancelled and the revision rolled back. Try again "
        "when the application is quieter, or make the statement one that does not block.",
        sessions=statement.queue,
        max_blocked_sessions=limit,
    )

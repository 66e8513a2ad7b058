"""Notices statements that take long, and reports on them from a thread: floor 5. What it asks is in the monitor."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runner.events import emit
from runner.interrupts import Cancel, RunningStatement, interrupts
from runner.migration.policy import RunPolicy

if TYPE_CHECKING:
    from runner.database.monitor import Look, Monitor

__all__ = ["LongStatements", "WatchedStatement"]

_FIRST_LOOK_SECONDS = 2.0
_QUEUE_LOOK_SECONDS = 1.0  # a limit on the queue is worth looking more often
_TICK_SECONDS = 0.25
_JOIN_SECONDS = 0.3
_SHOWN = 120  # characters of a statement
_REPEAT_SECONDS = 10.0  # of a report that has not changed


class WatchedStatement(RunningStatement):
    """A statement of the run's connection.

    Attributes:
        patience: how many seconds it waits for a lock, where the runner limited that.
        blockers: whom it was seen waiting for last, as event keys.
        queue: how many sessions waited behind it when it was cancelled for that; None if it was not.
    """

    __slots__ = ("blockers", "find_pid", "looked", "patience", "queue", "revision", "sql", "started")

    def __init__(
        self,
        cancel: Cancel | None,
        *,
        sql: str,
        revision: str | None,
        started: float,
        find_pid: Callable[[], int | None],
        patience: float | None = None,
    ) -> None:
        super().__init__(cancel)
        self.patience = patience
        self.sql = sql
        self.revision = revision
        self.started = started
        self.find_pid = find_pid
        self.looked: float | None = None
        self.blockers: list[dict[str, Any]] = []
        self.queue: int | None = None

    def keys(self, now: float) -> dict[str, Any]:
        """Return what every event about the statement says."""
        words = " ".join(self.sql.split())
        return {
            "revision": self.revision,
            "statement": words if len(words) <= _SHOWN else words[:_SHOWN] + " ...",
            "elapsed_seconds": round(now - self.started, 1),
        }


class LongStatements:
    """Watches one connection's statements; at most one runs at a time.

    The thread only keeps time. A second session is opened when a statement has been running for two seconds, and a
    run whose second session fails goes on without it. Neither keeps the process alive nor delays its end.

    Args:
        policy: how often to look, and how long the queue may get.
        open_monitor: opens the second session; None where there is nothing to ask.
    """

    def __init__(self, policy: RunPolicy, open_monitor: Callable[[], Monitor] | None) -> None:
        self._policy = policy
        self._clock = policy.clock
        self._open_monitor = open_monitor
        self._monitor: Monitor | None = None
        self._every = policy.monitor_seconds
        self._current: WatchedStatement | None = None
        self._reports: dict[str, tuple[float, object]] = {}  # event -> when, and what
        self._lock = threading.Lock()  # an event is about a statement that still runs
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, statement: WatchedStatement) -> None:
        """Note that a statement starts."""
        self._current = statement
        if self._thread is None and self._every > 0:
            run = contextvars.copy_context().run  # so that events reach the same sink
            self._thread = threading.Thread(target=run, args=(self._watch,), name="runner-monitor", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Note that it has ended; nothing is reported about it afterwards."""
        with self._lock:
            self._current = None

    def stop(self) -> None:
        """End the thread, waiting a moment for it to close its session."""
        self.end()
        self._stop.set()
        if self._thread is not None and self._monitor is not None:
            self._thread.join(_JOIN_SECONDS)

    # -- the thread ----------------------------------------------------------------------------------------

    def _watch(self) -> None:
        tick = min(_TICK_SECONDS, self._every)  # so no statement is looked at sooner, however short its patience
        try:
            while not self._stop.wait(tick):
                statement = self._current
                if statement is not None and self._is_due(statement):
                    self.look_at(statement)
        finally:
            if self._monitor is not None:
                self._monitor.close()

    def _is_due(self, statement: WatchedStatement) -> bool:
        now = self._clock.monotonic()
        if statement.looked is None:
            # Whoever waits for a lock only shortly is looked at before it gives up.
            patience = _FIRST_LOOK_SECONDS if statement.patience is None else statement.patience / 2
            return now - statement.started >= min(_FIRST_LOOK_SECONDS, self._every, patience)
        limit = self._policy.max_blocked_sessions
        return now - statement.looked >= (self._every if limit is None else min(self._every, _QUEUE_LOOK_SECONDS))

    def look_at(self, statement: WatchedStatement) -> None:
        """Ask about a statement and report what is known."""
        if statement.looked is None:
            self._reports = {}
        statement.looked = self._clock.monotonic()
        look = self._ask(statement)
        with self._lock:
            if self._current is statement and not self._stop.is_set():
                self._report(statement, look)
        limit = self._policy.max_blocked_sessions
        if look is not None and limit is not None and look.queue_length > limit:
            self._cancel(statement, look.queue_length, limit)

    def _ask(self, statement: WatchedStatement) -> Look | None:
        pid = statement.find_pid()
        if self._open_monitor is None or pid is None:
            return None
        try:
            if self._monitor is None:
                self._monitor = self._open_monitor()
            return self._monitor.look(pid)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is no reason to disturb the run
            self._open_monitor = None
            reason = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
            emit("monitor.unavailable", level="warning", reason=reason or type(error).__name__)
            return None

    def _cancel(self, statement: WatchedStatement, queue: int, limit: int) -> None:
        statement.queue = queue
        if interrupts.cancel(statement):
            emit(
                "statement.cancelled",
                level="warning",
                revision=statement.revision,
                sessions=queue,
                max_blocked_sessions=limit,
            )

    # -- reports -------------------------------------------------------------------------------------------

    def _report(self, statement: WatchedStatement, look: Look | None) -> None:
        keys = statement.keys(self._clock.monotonic())
        if look is None:
            if self._is_news("statement.running", statement):
                emit("statement.running", **keys)
            return
        statement.blockers = blockers = [one.keys() for one in look.blockers]
        if blockers and self._is_news("statement.blocked", statement, [one.pid for one in look.blockers]):
            what = {"wants": look.wants, "relation": look.relation}
            emit("statement.blocked", level="warning", **keys, **what, blockers=blockers)
        if look.queue_length and self._is_news("statement.blocking", statement, look.queue_length):
            waiting = {"sessions": look.queue_length, "longest_wait_seconds": look.longest_wait_seconds}
            emit("statement.blocking", level="warning", **keys, **waiting)
        if look.progress is not None:
            if self._is_news("statement.progress", statement):
                emit("statement.progress", **keys, **look.progress.keys())
        elif not look.blockers and self._is_news("statement.running", statement):
            emit("statement.running", **keys, **look.activity)

    def _is_news(self, event: str, statement: WatchedStatement, what: object = None) -> bool:
        """Tell whether to report: what is new, and what was reported long enough ago.

        Numbers that always change are reported at every interval, the rest when it changes, else every ten seconds.
        """
        assert statement.looked is not None  # there is a look to report
        is_moving = event in {"statement.progress", "statement.running"}
        every = self._every if is_moving else max(self._every, _REPEAT_SECONDS)
        when, before = self._reports.get(event, (float("-inf"), None))
        if statement.looked - when < every and (is_moving or before == what):
            return False
        self._reports[event] = (statement.looked, what)
        return True

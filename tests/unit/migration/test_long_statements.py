from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runner.database.monitor import Blocker, Look, Monitor, Progress
from runner.events import listening
from runner.interrupts import interrupts
from runner.migration.long_statements import LongStatements, WatchedStatement
from runner.migration.policy import RunPolicy
from tests.clocks import FakeClock

BLOCKED = Look(wants="AccessExclusiveLock", relation="t", blockers=(Blocker(pid=3),))
COUNTED = Look(progress=Progress(command="VACUUM", phase="p", relation="t", done=1, total=4, unit="blocks"))


class FakeMonitor(Monitor):
    """Answers with what it is told."""

    def __init__(self) -> None:
        super().__init__(lambda _sql: [], version=(18,), close=lambda: None)
        self.answer = Look()
        self.fails = False

    def look(self, pid: int) -> Look:
        if self.fails:
            raise RuntimeError("gone")
        return self.answer


class Story:
    """One statement, looked at whenever the test says so."""

    def __init__(self, *, limit: int | None = None, open_monitor: Callable[[], Monitor] | None = None) -> None:
        self.clock = FakeClock()
        self.monitor = FakeMonitor()
        policy = RunPolicy(clock=self.clock, monitor_seconds=10.0, max_blocked_sessions=limit)
        self.watcher = LongStatements(policy, open_monitor or (lambda: self.monitor))
        self.cancelled = 0
        self.events: list[tuple[str, dict[str, object]]] = []
        self.statement = WatchedStatement(
            self._cancel, sql="ALTER  TABLE\n t", revision="ae10", started=self.clock.monotonic(), find_pid=lambda: 7
        )
        self.watcher._thread = None

    def _cancel(self) -> None:
        self.cancelled += 1

    @contextmanager
    def running(self) -> Iterator[Story]:
        """Run the statement while the block does, without the thread."""
        self.watcher._current = self.statement
        interrupts.begin(self.statement)
        try:
            with listening(lambda _level, event, keys: self.events.append((event, dict(keys)))):
                yield self
        finally:
            interrupts.end(self.statement)
            self.watcher.end()

    def look_after(self, seconds: float) -> list[str]:
        """Let time pass and look if it is due; return the new events' names."""
        before = len(self.events)
        self.clock.advance(seconds)
        if self.watcher._is_due(self.statement):
            self.watcher.look_at(self.statement)
        return [event for event, _ in self.events[before:]]


def test_the_first_look_is_after_two_seconds_and_then_at_every_interval() -> None:
    """A quick statement is never looked at."""
    with Story().running() as story:
        assert story.look_after(1.9) == []
        assert story.look_after(0.2) == ["statement.running"]
        assert story.look_after(9.0) == []
        assert story.look_after(1.0) == ["statement.running"]
    assert story.events[0][1] == {"revision": "ae10", "statement": "ALTER TABLE t", "elapsed_seconds": 2.1}


def test_a_statement_of_little_patience_is_looked_at_before_it_gives_up() -> None:
    """With a lock timeout of one second the blockers are known after half of it."""
    story = Story()
    story.statement.patience = 1.0
    with story.running():
        assert story.look_after(0.4) == []
        assert story.look_after(0.1) == ["statement.running"]


def test_what_blocks_is_repeated_when_it_changes() -> None:
    """The same blockers are named every ten seconds, others at once; a heartbeat would say nothing more."""
    with Story().running() as story:
        story.monitor.answer = BLOCKED
        assert story.look_after(2) == ["statement.blocked"]
        assert story.look_after(10) == ["statement.blocked"]
        story.monitor.answer = Look(blockers=(Blocker(pid=4),), queue_length=2, longest_wait_seconds=1.0)
        assert story.look_after(10) == ["statement.blocked", "statement.blocking"]
        story.monitor.answer = COUNTED
        assert story.look_after(10) == ["statement.progress"]


def test_a_queue_within_the_limit_is_left_alone_and_a_longer_one_is_not() -> None:
    """More than RUNNER_MAX_BLOCKED_SESSIONS: cancelled, once per look, and the event says how many."""
    with Story(limit=2).running() as story:
        story.monitor.answer = Look(queue_length=2)
        story.look_after(2)
        assert story.cancelled == 0
        story.monitor.answer = Look(queue_length=3)
        assert "statement.cancelled" in story.look_after(1)  # a limit is worth looking every second
    assert story.cancelled == 1
    assert story.statement.queue == 3


def test_a_statement_that_has_ended_is_neither_reported_nor_cancelled() -> None:
    """The second session may answer late."""
    story = Story(limit=0)
    with story.running():
        story.monitor.answer = Look(queue_length=9)
        story.clock.advance(3)
        story.watcher.end()
        interrupts.end(story.statement)
        story.watcher.look_at(story.statement)
    assert story.events == []
    assert story.cancelled == 0


def test_a_lost_monitor_is_reported_once() -> None:
    """Afterwards only the time is told."""
    with Story().running() as story:
        story.monitor.fails = True
        assert story.look_after(2) == ["monitor.unavailable", "statement.running"]
        assert story.look_after(10) == ["statement.running"]


def test_the_thread_sees_the_sink_and_ends_without_delay() -> None:
    """Started with the first statement; its events reach the run's own sink."""
    events: list[str] = []
    policy = RunPolicy(monitor_seconds=0.05)
    watcher = LongStatements(policy, None)
    statement = WatchedStatement(None, sql="x", revision=None, started=0.0, find_pid=lambda: None)
    with listening(lambda _level, event, _keys: events.append(event)), listening(lambda *_: None):
        pass
    with listening(lambda _level, event, _keys: events.append(event)):
        watcher.begin(statement)
        assert watcher._thread is not None
        while not events:
            watcher._thread.join(0.05)
        watcher.stop()
        watcher._thread.join(10)
    assert not watcher._thread.is_alive()
    assert events[0] == "statement.running"

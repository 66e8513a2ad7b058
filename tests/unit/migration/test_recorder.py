"""What is written into the history, and when: on SQLite in memory, with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

from runner.database.history import HistoryTable
from runner.database.history_entry import HistoryEntry, RunFacts, row_id
from runner.dialects.base import DefaultImpl
from runner.events import listening
from runner.graph import Direction, InsertRow, Step
from runner.migration.ledger import StepLedger
from runner.migration.recorder import HistoryRecorder
from runner.migration.version_table import VersionTable

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
STEP = Step(
    direction=Direction.UPGRADE,
    movement=Direction.UPGRADE,
    revision="r1",
    sources=(),
    destinations=("r1",),
    row_changes=(InsertRow(revision="r1"),),
    heads_after=("r1",),
)


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Run:
    """One run on one connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.clock = Clock()
        self.ledger = StepLedger(self.clock)
        self.table = HistoryTable(version_table="alembic_version", schema=None)
        self.asked = 0
        impl = DefaultImpl.get_by_dialect(connection.dialect)(connection.dialect, connection, False, None, None, {})
        self.version_rows = VersionTable(impl, name="alembic_version", schema=None, primary_key=True)
        if not self.version_rows.exists(connection):
            self.version_rows.create()
        connection.commit()
        self.recorder = HistoryRecorder(
            self.table,
            connection=connection,
            ledger=self.ledger,
            script=None,
            make_facts=self.facts,
            clock=self.clock,
            version_table="alembic_version",
            ddl_rolls_back=True,
            writes_in_with=False,
        )

    def facts(self) -> RunFacts:
        self.asked += 1
        return RunFacts(run_id="ab12", host="pod-1")

    def attempt(self, *, seconds: float = 1.0, fails: bool = False, retried: bool = False) -> None:
        """Run the step once, and commit it or roll it back."""
        self.connection.begin()
        self.ledger.start(STEP, message="", index=1, total=1)
        self.recorder.started(STEP)
        self.clock.sleep(seconds)
        if not fails:
            self.recorder.succeeded(STEP, self.version_rows)
            self.ledger.executed()
            self.connection.commit()
            self.ledger.committed()
            return
        self.connection.rollback()
        if retried:
            self.ledger.retrying(attempt=2)
        else:
            self.ledger.rolled_back(ValueError("no"))

    def rows(self) -> tuple[HistoryEntry, ...]:
        return self.table.newest(self.connection, limit=10)


@pytest.fixture
def connection() -> Iterator[Connection]:
    """A session on a database in memory."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def test_times_come_from_the_clock_and_are_aware(connection: Connection) -> None:
    """When and how long are the injected clock's, in UTC, whatever the database keeps."""
    run = Run(connection)
    run.attempt(seconds=2.5)

    (row,) = run.rows()
    assert (row.started_at, row.duration_seconds, row.outcome) == (NOON, 2.5, "applied")
    assert (row.facts, row.heads_after) == (RunFacts(run_id="ab12", host="pod-1"), ("r1",))


def test_attempts_are_counted_and_only_the_last_is_recorded(connection: Connection) -> None:
    """A revision that was blocked twice and then ran is one row."""
    run = Run(connection)
    run.attempt(fails=True, retried=True)
    run.attempt(fails=True, retried=True)
    run.attempt()

    assert [(row.outcome, row.attempts) for row in run.rows()] == [("applied", 3)]
    assert run.asked == 1


def test_a_failure_that_was_made_good_is_forgotten(connection: Connection) -> None:
    """What a later attempt of the same run has applied is not called failed."""
    run = Run(connection)
    run.attempt(fails=True)
    run.attempt()
    run.recorder.record_failures()

    assert [row.outcome for row in run.rows()] == ["applied"]


def test_a_failure_is_one_row_with_the_number_of_attempts(connection: Connection) -> None:
    """Of several failed attempts the last one counts."""
    run = Run(connection)
    run.attempt(fails=True, retried=True)
    run.attempt(seconds=3.0, fails=True)
    run.recorder.record_failures()

    assert [(row.outcome, row.attempts, row.duration_seconds) for row in run.rows()] == [("failed", 2, 3.0)]
    assert run.ledger.failures == []


def test_a_failure_inside_somebody_elses_transaction_is_an_event(connection: Connection) -> None:
    """What the caller will roll back, or commit, is not the runner's to write into."""
    run = Run(connection)
    run.attempt(fails=True)
    connection.begin()
    heard: list[str] = []
    with listening(lambda _level, event, _keys: heard.append(event)):
        run.recorder.record_failures()

    assert heard == ["history.unrecorded"]


def test_a_failure_on_a_session_that_has_ended_is_an_event(connection: Connection) -> None:
    """The history is written on the same session or not at all."""
    run = Run(connection)
    run.attempt(fails=True)
    connection.close()
    heard: list[dict[str, object]] = []
    with listening(lambda _level, _event, keys: heard.append(keys)):
        run.recorder.record_failures()

    assert [keys["reason"] for keys in heard] == ["the session has ended"]


def test_a_table_of_somebody_else_costs_the_history_only(connection: Connection) -> None:
    """The first row is written in a savepoint: the step's own work stays."""
    connection.execute(text("CREATE TABLE runner_history (lap integer)"))
    connection.execute(text("CREATE TABLE work (id integer)"))
    connection.commit()
    run = Run(connection)
    heard: list[str] = []
    with listening(lambda _level, event, _keys: heard.append(event)):
        connection.begin()
        connection.execute(text("INSERT INTO work VALUES (1)"))
        run.ledger.start(STEP, message="", index=1, total=1)
        run.recorder.started(STEP)
        run.recorder.succeeded(STEP, run.version_rows)
        connection.commit()

    assert "history.unavailable" in heard
    assert connection.execute(text("SELECT count(*) FROM work")).scalar() == 1


def test_row_ids_sort_by_time_and_number() -> None:
    """No sequence is needed to read the rows in order."""
    moments = [NOON, NOON, NOON + timedelta(milliseconds=1), NOON + timedelta(days=4000)]
    ids = [row_id(moment, number) for number, moment in enumerate(moments)]
    assert ids == sorted(ids)
    assert {len(one) for one in ids} == {32}

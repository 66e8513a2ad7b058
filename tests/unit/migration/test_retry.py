"""Whether, and when, a revision that was blocked runs again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runner.errors import QueueTooLong, RevisionFailed, StatementBlocked, StatementFailed
from runner.migration.retry import RetryBudget, blocked_reason, given_up


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """Return a time."""
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        """Return the seconds."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.seconds += seconds


@pytest.mark.parametrize(
    ("sqlstate", "reason"),
    [
        ("55P03", "lock-timeout"),
        ("40P01", "deadlock"),
        ("40001", "serialization-failure"),
        ("42P01", None),
        (None, None),
    ],
)
def test_only_contention_is_retried(sqlstate: str | None, reason: str | None) -> None:
    """An error that would come again is not tried again."""
    assert blocked_reason(StatementFailed("x", sqlstate=sqlstate)) == reason


def test_a_long_queue_is_contention() -> None:
    """Our own abort is followed by another attempt too."""
    assert blocked_reason(QueueTooLong("x")) == "queue-too-long"
    assert blocked_reason(RevisionFailed("x")) is None


def test_pauses_grow_until_the_budget_is_used_up() -> None:
    """Half a second, doubled each time, never beyond the budget, which begins with the first failure."""
    clock = Clock()
    clock.seconds = 1000.0  # the revision itself took long
    budget = RetryBudget(seconds=10, clock=clock, jitter=lambda: 1.0)
    pauses = []
    while (following := budget.after("lock-timeout")) is not None:
        pauses.append(following.pause_seconds)
        clock.sleep(following.pause_seconds + 0.5)

    assert pauses == [0.5, 1.0, 2.0, 4.0, 0.5]
    assert budget.attempt == 6


def test_no_budget_is_one_attempt() -> None:
    """0 seconds never try again."""
    assert RetryBudget(seconds=0, clock=Clock()).after("deadlock") is None


def test_a_commit_begins_a_new_budget() -> None:
    """Each revision has the whole of it."""
    clock = Clock()
    budget = RetryBudget(seconds=10, clock=clock, jitter=lambda: 1.0)
    budget.after("deadlock")
    clock.sleep(20)
    budget.reset()

    following = budget.after("deadlock")

    assert following is not None
    assert (following.attempt, following.budget_left_seconds) == (2, 10)


def test_giving_up_says_how_often_it_was_tried() -> None:
    """The error keeps the facts of the last attempt."""
    error = given_up(StatementFailed("It failed.", revision="r1"), attempts=3, spent_seconds=12.3, why_once=None)

    assert isinstance(error, StatementBlocked)
    assert error.fields == {"revision": "r1", "attempts": 3}
    assert error.message.startswith("It failed. Blocked: 3 attempts in 12 s. Run again when")

"""Whether a revision that was rolled back runs again, and when: floor 5. Decides and counts; rolls nothing back.

Only contention is worth another attempt: a lock that was not granted in time, a deadlock, a serialization
failure, and our own abort because too many sessions queued behind us. The budget begins with a revision's first
failure. Once it is used up the run fails: a last attempt without any limit is how lock queues take a service down.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runner.clock import Clock
from runner.errors import QueueTooLong, RunnerError, StatementBlocked, StatementFailed
from runner.migration.revision_limits import NO_LIMITS, RevisionLimits

__all__ = ["AttemptRolledBack", "Attempts", "NextAttempt", "RetryBudget", "blocked_reason", "given_up"]

_REASONS = {
    "55P03": "lock-timeout",
    "40P01": "deadlock",
    "40001": "serialization-failure",
    "1205": "lock-timeout",  # MySQL, MariaDB
    "1213": "deadlock",
}
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAttempt:
    """Another attempt that shall be made: its number, why, and after which pause."""

    attempt: int
    reason: str
    pause_seconds: float
    budget_left_seconds: float

    def keys(self) -> dict[str, Any]:
        """Return the keys of the event."""
        return {
            "attempt": self.attempt,
            "reason": self.reason,
            "pause_seconds": round(self.pause_seconds, 3),
            "budget_left_seconds": round(self.budget_left_seconds, 3),
        }


class AttemptRolledBack(Exception):
    """Not a failure: what was not committed has been rolled back, and shall run again from there."""

    def __init__(self, next_attempt: NextAttempt) -> None:
        super().__init__(f"attempt {next_attempt.attempt} follows")
        self.next_attempt = next_attempt


def blocked_reason(error: BaseException) -> str | None:
    """Return the word for the contention an error stands for, None for any other error."""
    if isinstance(error, QueueTooLong):
        return error.code
    if isinstance(error, StatementFailed):
        return _REASONS.get(str(error.fields.get("sqlstate")))
    return None


class RetryBudget:
    """The attempts at one revision (or at one run, where that is one transaction).

    Args:
        seconds: how long after the first failure a new attempt may still begin; 0 makes one attempt only.
        clock: measures it.
        jitter: returns a factor around 1 for each pause, so that what collided does not collide again.
    """

    def __init__(self, *, seconds: float, clock: Clock, jitter: Callable[[], float] | None = None) -> None:
        self._seconds = seconds
        self._clock = clock
        self._jitter = jitter or (lambda: random.uniform(0.5, 1.5))  # noqa: S311  # spreads, guards nothing
        self._first_failure: float | None = None
        self.attempt = 1

    def reset(self) -> None:
        """Begin anew: something was committed."""
        self._first_failure, self.attempt = None, 1

    @property
    def spent_seconds(self) -> float:
        """Return the time since the first failure."""
        return 0.0 if self._first_failure is None else self._clock.monotonic() - self._first_failure

    def after(self, reason: str) -> NextAttempt | None:
        """Return the next attempt, None when the budget is used up."""
        if self._first_failure is None:
            self._first_failure = self._clock.monotonic()
        left = self._seconds - self.spent_seconds
        if left <= 0:
            return None
        pause = min(_FIRST_PAUSE_SECONDS * 2 ** (self.attempt - 1), _LONGEST_PAUSE_SECONDS) * self._jitter()
        self.attempt += 1
        return NextAttempt(
            attempt=self.attempt, reason=reason, pause_seconds=min(pause, left), budget_left_seconds=left
        )


def given_up(error: RunnerError, *, attempts: int, spent_seconds: float, why_once: str | None) -> RunnerError:
    """Return the error for a revision that was blocked and is not tried again.

    Args:
        error: what the last attempt ended with.
        attempts: how many there were.
        spent_seconds: since the first one failed.
        why_once: why there was no further attempt, None when the budget was used up.
    """
    if isinstance(error, QueueTooLong):
        error.fields.update(attempts=attempts)
        return error
    tried = f"{attempts} attempts in {spent_seconds:.0f} s" if attempts > 1 else "one attempt"
    why = f"; not tried again, because {why_once}" if why_once else ""
    advice = "" if why_once else " Run again when what blocks it has ended, or raise RUNNER_LOCK_RETRY_SECONDS."
    return StatementBlocked(
        f"{error.message.removesuffix('.')}. Blocked: {tried}{why}.{advice}", **{**error.fields, "attempts": attempts}
    )


class Attempts:
    """The attempts at what is in one transaction: what is known about the latest, and whether there is another.

    Attributes:
        statements: executed in the revision that is running.
        kept_a_part: something of a revision that is not finished has been committed.
    """

    def __init__(self, budget: RetryBudget) -> None:
        self._budget = budget
        self._limits: RevisionLimits = NO_LIMITS
        self._reason: str | None = None
        self._why_once: str | None = None
        self._made, self._spent_seconds = 1, 0.0
        self.statements = 0
        self.kept_a_part = False

    def begin(self, limits: RevisionLimits) -> None:
        """Note that a revision begins, with what it says about itself."""
        self._limits, self.statements = limits, 0

    def committed(self) -> None:
        """Note that everything is committed: what follows has a budget of its own."""
        self._budget.reset()
        self.kept_a_part = False

    def after(self, error: BaseException, why_once: str | None) -> NextAttempt | None:
        """Return the attempt that shall follow a failure, None if it is final.

        Args:
            error: what the attempt ended with.
            why_once: a reason of the transaction's against another one, None if there is none.
        """
        self._reason = blocked_reason(error)
        self._why_once = why_once or self._own_reason()
        self._made, self._spent_seconds = self._budget.attempt, self._budget.spent_seconds
        if self._reason is None or self._why_once:
            return None
        return self._budget.after(self._reason)

    def _own_reason(self) -> str | None:
        if not self._limits.retry:
            return "its runner_options say retry: False"
        return "a part of it had been committed already" if self.kept_a_part else None

    def given_up(self, error: BaseException) -> BaseException:
        """Return what to raise for a failure after which there is no other attempt."""
        if self._reason is None or not isinstance(error, RunnerError):
            return error
        return given_up(error, attempts=self._made, spent_seconds=self._spent_seconds, why_once=self._why_once)

"""Which steps have run and which of them have really been committed: floor 5.

A step is reported as finished only once its transaction has committed. Until then it is held here; a
rollback turns everything held into failures. So no log line ever claims what was lost later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runner.clock import Clock
from runner.errors import DatabaseError, RunnerError
from runner.events import emit
from runner.graph import Step
from runner.migration.outcome import AppliedStep

__all__ = ["FailedStep", "StepLedger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    step: Step
    started: float
    duration_seconds: float | None  # None while its upgrade() or downgrade() is still running


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedStep:
    """A step that was rolled back; `was_running` tells the one that failed from those that went with it."""

    step: Step
    error_code: str
    duration_seconds: float
    was_running: bool


class StepLedger:
    """Collects started steps and settles them as finished or failed.

    Args:
        clock: for the durations.
        ddl_rolls_back: whether a rollback takes the DDL of a step along; if not, its failure says so.
    """

    def __init__(self, clock: Clock, *, ddl_rolls_back: bool = True) -> None:
        self._clock = clock
        self._ddl_rolls_back = ddl_rolls_back
        self._pending: list[_Pending] = []
        self.applied: list[AppliedStep] = []
        self.failures: list[FailedStep] = []  # until the history has them

    @property
    def expected_rows(self) -> tuple[str, ...]:
        """Return the version rows as they are once everything held is committed, sorted."""
        return self._pending[-1].step.heads_after if self._pending else ()

    @property
    def running_seconds(self) -> float:
        """Return how long the latest step has been running, 0 when none is."""
        return self._clock.monotonic() - self._pending[-1].started if self._pending else 0.0

    @property
    def latest(self) -> Step | None:
        """Return the step that ran last among those held."""
        return self._pending[-1].step if self._pending else None

    @property
    def was_used(self) -> bool:
        """Tell whether any step has been started."""
        return bool(self._pending or self.applied)

    @property
    def has_uncommitted(self) -> bool:
        """Tell whether a step has run whose transaction has not been committed yet."""
        return bool(self._pending)

    def start(self, step: Step, *, message: str, index: int, total: int) -> None:
        """Report that a step begins."""
        self._pending.append(_Pending(step=step, started=self._clock.monotonic(), duration_seconds=None))
        emit("step.started", **_keys(step), message=message, step_index=index, steps_total=total)

    def executed(self) -> None:
        """Note that the latest step's code and version row are done, though not committed."""
        if not self._pending or self._pending[-1].duration_seconds is not None:
            return  # the block looked, and ran no step
        last = self._pending.pop()
        duration = self._clock.monotonic() - last.started
        self._pending.append(_Pending(step=last.step, started=last.started, duration_seconds=duration))

    def committed(self, *, read_again: bool = False) -> None:
        """Report every executed step as finished.

        Args:
            read_again: the server's answer was lost, and the version rows told.
        """
        done = [held for held in self._pending if held.duration_seconds is not None]
        self._pending = [held for held in self._pending if held.duration_seconds is None]
        for held in done:
            assert held.duration_seconds is not None  # selected above
            duration = round(held.duration_seconds, 6)
            self.applied.append(
                AppliedStep(revision=held.step.revision, direction=held.step.direction, duration_seconds=duration)
            )
            confirmed = {"confirmed_by": "reading"} if read_again else {}
            emit("step.finished", **_keys(held.step), duration_seconds=duration, **confirmed)

    def rolled_back(self, error: BaseException | None = None) -> None:
        """Report everything held as failed; only the step that was still running carries the error.

        Where nobody knows what a COMMIT did, every step says so, and none is noted for the history: it may be there.
        """
        held_back, self._pending = self._pending, []
        if isinstance(error, RunnerError) and error.fields.get("commit") == "unknown":
            for held in held_back:
                emit("step.failed", level="error", **_keys(held.step), error_code=error.code, commit="unknown")
            return
        for held in held_back:
            running = held.duration_seconds is None
            code = _code_of(error) if error is not None and running else "rolled-back"
            self.failures.append(self._failed(held, code))
            keys = _keys(held.step)
            if self._ddl_rolls_back:
                emit("step.failed", level="error", **keys, error_code=code)
            else:
                emit("step.failed", level="error", **keys, error_code=code, ddl_rolled_back=False)

    def retrying(self, **keys: Any) -> None:
        """Report that everything held was rolled back and will run again; `keys` say when and why."""
        held_back, self._pending = self._pending, []
        for held in held_back:
            emit("step.retrying", level="warning", **_keys(held.step), **keys)

    def _failed(self, held: _Pending, code: str) -> FailedStep:
        duration = held.duration_seconds
        return FailedStep(
            step=held.step,
            error_code=code,
            duration_seconds=self._clock.monotonic() - held.started if duration is None else duration,
            was_running=duration is None,
        )


def _code_of(error: BaseException) -> str:
    """Return the error's code; one without is the server's: everything else was translated where it was raised."""
    is_ours = isinstance(error, (RunnerError, KeyboardInterrupt))
    return getattr(error, "code", type(error).__name__) if is_ours else DatabaseError.code


def _keys(step: Step) -> dict[str, Any]:
    return {
        "revision": step.revision,
        "direction": step.direction.value,
        "from": ", ".join(step.sources),
        "to": ", ".join(step.destinations),
    }

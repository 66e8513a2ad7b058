"""What upgrade, downgrade and stamp share: floor 6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.commands.results import DatabaseState, RunResult, StepView
from runner.events import emit

if TYPE_CHECKING:
    from runner.migration.environment import EnvironmentContext

__all__ = ["nothing_pending", "result_of"]


def nothing_pending(heads: tuple[str, ...]) -> RunResult:
    """Return the result of a run that looked, found nothing to do and took no lock."""
    ends: dict[str, Any] = {"from": list(heads), "to": list(heads)}
    emit("plan.computed", steps_total=0, **ends)
    return RunResult(databases=(DatabaseState(start_heads=heads, end_heads=heads),))


def result_of(environment: EnvironmentContext) -> RunResult:
    """Return what an environment left behind as a result value."""
    return RunResult(
        databases=tuple(
            DatabaseState(
                start_heads=run.start_heads,
                end_heads=run.end_heads,
                applied=tuple(
                    StepView(
                        revision=step.revision,
                        direction=step.direction.value,
                        duration_seconds=step.duration_seconds,
                    )
                    for step in run.applied
                ),
            )
            for run in environment.database_runs()
        )
    )

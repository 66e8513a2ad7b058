"""Tell whether the database is what the model says: floor 6. Looks only; writes nothing, creates nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.commands.revision import gather
from runner.errors import DatabaseBehind, DriftDetected, RunnerError

if TYPE_CHECKING:
    from runner.autogenerate.differences import Difference
    from runner.commands.target import Target

__all__ = ["CheckResult", "check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The answer.

    Args:
        status: `in-step`, `drift` (the model differs), or `behind` (revisions are pending, so nothing was compared).
        differences: what differs; empty unless there is drift.
        missing: the heads that the database has not reached; empty unless it is behind.
        failure: the error that carries the exit code, None in step.
    """

    status: str
    differences: tuple[Difference, ...] = ()
    missing: tuple[str, ...] = ()
    failure: RunnerError | None = None

    def require_in_step(self) -> None:
        """Raise the failure that the answer is, if it is one."""
        if self.failure is not None:
            raise self.failure


def check(target: Target) -> CheckResult:
    """Compare the database with the model.

    Args:
        target: the directory and the database.

    Raises:
        RunnerError: the comparison could not be made. That the database differs, or is behind, is a result.
    """
    from runner.autogenerate.differences import differences
    from runner.autogenerate.revision_context import RevisionContext

    context = RevisionContext(target.config, target.script, {})
    try:
        gather(target, context.run_autogenerate, compares=True)
    except DatabaseBehind as error:
        missing: Any = error.fields.get("missing", ())
        return CheckResult(status="behind", missing=tuple(missing), failure=error)
    scripts = context.generated_revisions
    found = differences(ops for script in scripts for ops in script.upgrade_ops_list)
    if not found:
        return CheckResult(status="in-step")
    return CheckResult(status="drift", differences=found, failure=_drift(context, found))


def _drift(context: Any, found: tuple[Difference, ...]) -> DriftDetected:
    diffs = [
        diff for script in context.generated_revisions for ops in script.upgrade_ops_list for diff in ops.as_diffs()
    ]
    error = DriftDetected(
        f"The database and the model differ in {len(found)} thing{'s' if len(found) > 1 else ''}: "
        f"{'; '.join(one.text for one in found[:5])}{' ...' if len(found) > 5 else ''}. Write a revision with "
        "`runner revision --autogenerate`.",
        differences=[one.text for one in found],
    )
    error.revision_context = context
    error.diffs = diffs
    return error

"""When a step counts as finished."""

from __future__ import annotations

from typing import Any

from runner.clock import SystemClock
from runner.errors import RevisionFailed
from runner.events import listening
from runner.graph import Direction, InsertRow, Step
from runner.migration.ledger import StepLedger


def step(revision: str) -> Step:
    """Return an upgrade step."""
    return Step(
        direction=Direction.UPGRADE,
        movement=Direction.UPGRADE,
        revision=revision,
        sources=(),
        destinations=(revision,),
        row_changes=(InsertRow(revision=revision),),
        heads_after=(revision,),
    )


class Log:
    """Collects (event, revision, error_code)."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, object, object]] = []

    def __call__(self, _level: str, event: str, keys: dict[str, Any]) -> None:
        self.lines.append((event, keys.get("revision"), keys.get("error_code")))


def run(ledger: StepLedger, revision: str) -> None:
    """Start and execute one step."""
    ledger.start(step(revision), message="", index=1, total=2)
    ledger.executed()


def test_finished_only_after_the_commit() -> None:
    """An executed step is reported when its transaction has committed, not before."""
    log = Log()
    with listening(log):
        ledger = StepLedger(SystemClock())
        run(ledger, "a")
        before = list(log.lines)
        ledger.committed()

    assert before == [("step.started", "a", None)]
    assert log.lines[1:] == [("step.finished", "a", None)]
    assert [one.revision for one in ledger.applied] == ["a"]


def test_a_rollback_fails_everything_that_was_held() -> None:
    """In one transaction for the run, the failing step carries the error and the earlier ones the rollback."""
    log = Log()
    with listening(log):
        ledger = StepLedger(SystemClock())
        run(ledger, "a")
        ledger.start(step("b"), message="", index=2, total=2)
        ledger.rolled_back(RevisionFailed("no"))

    assert log.lines[2:] == [("step.failed", "a", "rolled-back"), ("step.failed", "b", "revision-failed")]
    assert ledger.applied == []
    assert not ledger.has_uncommitted


def test_a_commit_in_the_middle_of_a_step_settles_the_earlier_ones_only() -> None:
    """An autocommit block commits earlier steps; the running one stays open until it is done."""
    log = Log()
    with listening(log):
        ledger = StepLedger(SystemClock())
        run(ledger, "a")
        ledger.start(step("b"), message="", index=2, total=2)
        ledger.committed()
        ledger.rolled_back(RevisionFailed("no"))

    assert log.lines[2:] == [("step.finished", "a", None), ("step.failed", "b", "revision-failed")]

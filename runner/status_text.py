"""Turn a status and a plan into what people read on stdout: floor 7. Pure: values in, text out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.commands.inspection import EditedView
    from runner.commands.plan import PlannedStep, UpgradePlan
    from runner.commands.status import HistoryView, Status

__all__ = ["plan_text", "status_text"]

_SHOWN_PENDING = 20


def status_text(found: Iterable[Status]) -> str:
    """Return a paragraph per database."""
    return "\n".join("".join(f"{line}\n" for line in _status_lines(one)) for one in found)


def plan_text(found: Iterable[UpgradePlan]) -> str:
    """Return the steps per database, in order."""
    return "\n".join("".join(f"{line}\n" for line in _plan_lines(one)) for one in found)


# -- status ------------------------------------------------------------------------------------------------


def _status_lines(one: Status) -> Iterator[str]:
    yield f"database   {one.url or '(of env.py)'}"
    yield f"state      {_state(one)}"
    yield f"at         {', '.join(one.rows) or '(nothing)'}"
    yield f"heads      {', '.join(one.heads) or '(none)'}"
    if one.pending:
        yield f"pending    {len(one.pending)}"
        yield from _listed([f"{pending.revision}  {pending.message}" for pending in one.pending])
    yield from _edited_lines(one.edited)
    for interrupted in one.interrupted:
        yield (
            f"interrupted  {interrupted.direction} {interrupted.revision} after {interrupted.statements} statement(s), "
            f"the last one {interrupted.last_outcome}: the next run resumes it, or asks for `runner resolve`"
        )
    if one.history:
        yield "history    (newest first)"
        yield from (f"  {_history_line(row)}" for row in one.history)


def _state(one: Status) -> str:
    return {
        "current": "current: nothing is pending",
        "behind": "behind: an upgrade has something to run",
        "newer": f"newer than this directory: {', '.join(one.unknown)} came later",
        "unknown": f"unknown: no file declares {', '.join(one.unknown)}, and the history does not place it",
    }[one.state]


def _history_line(row: HistoryView) -> str:
    who = "@".join(part for part in (row.database_user or row.os_user, row.host) if part)
    release = f" release {row.release}" if row.release else ""
    attempts = f", attempt {row.attempts}" if row.attempts > 1 else ""
    error = f" ({row.error_code})" if row.error_code and row.error_code != row.outcome else ""
    return (
        f"{row.started_at}  {row.direction:9} {row.outcome}{error}  {row.revision}  "
        f"{row.duration_seconds:.3f} s{attempts}  {who}{release}"
    ).rstrip()


# -- plan --------------------------------------------------------------------------------------------------


def _plan_lines(one: UpgradePlan) -> Iterator[str]:
    yield f"database   {one.url or '(of env.py)'}"
    yield f"from       {', '.join(one.start_heads) or '(nothing)'}"
    yield f"to         {', '.join(one.end_heads) or '(nothing)'}"
    if one.newer_than_directory:
        yield f"newer      {', '.join(one.newer_than_directory)} came later than this directory"
    if one.lock_holder:
        held = ", ".join(f"{key.removeprefix('holder_')} {value}" for key, value in one.lock_holder.items())
        yield f"lock       held by {held}"
    yield from _edited_lines(one.edited)
    if not one.steps:
        yield "Nothing would run."
        return
    yield f"{len(one.steps)} revision(s) would run:"
    for number, step in enumerate(one.steps, start=1):
        yield f"  {number}. {step.revision}  {step.message}"
        yield f"     {step.path}{_remarks(step)}"


def _remarks(step: PlannedStep) -> str:
    remarks = [] if step.transactional else ["not in one transaction"]
    remarks += [f"{name} = {value}" for name, value in step.limits.items()]
    return f"  ({'; '.join(remarks)})" if remarks else ""


# -- both --------------------------------------------------------------------------------------------------


def _edited_lines(edited: Iterable[EditedView]) -> Iterator[str]:
    for one in edited:
        yield f"edited     {one.revision} was edited after it had been applied ({one.path})"


def _listed(lines: list[str]) -> Iterator[str]:
    yield from (f"  {line}".rstrip() for line in lines[:_SHOWN_PENDING])
    if len(lines) > _SHOWN_PENDING:
        yield f"  ... and {len(lines) - _SHOWN_PENDING} more"

"""Wait until the server answers, or until the schema is there: floor 6. For init containers; no SQLAlchemy.

Each look is a short session of its own, so nothing is held between two looks.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.commands.newer import accept_newer, has_unknown, is_past
from runner.database.failures import is_retryable
from runner.errors import ConnectionFailed, ConnectionLost, DatabaseError, DatabaseNotReady, DirectoryMissing
from runner.events import emit

if TYPE_CHECKING:
    from runner.commands.target import Target
    from runner.database.probe import VersionRows

__all__ = ["Ready", "WaitFor", "wait"]

_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 5.0
_REPORT_EVERY_SECONDS = 10.0


class WaitFor(enum.Enum):
    """What is waited for."""

    DATABASE = "database"
    SCHEMA = "schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What was found at the end of the waiting."""

    rows: tuple[str, ...]
    waited_seconds: float


def wait(target: Target, what: WaitFor, *, seconds: float) -> Ready:
    """Return once the database answers, or has everything this directory has; later revisions do no harm.

    Args:
        target: the directory and the database; env.py is not run.
        what: the server, or its schema.
        seconds: the budget; 0 looks once.

    Raises:
        DatabaseNotReady: the budget is used up.
        DirectoryMissing: there is no revision, so nothing to compare a schema with.
        AuthenticationFailed, PrivilegeMissing, UnknownDatabaseRevision: waiting does not help.
    """
    if what is WaitFor.SCHEMA and not target.script.graph.ids:
        raise DirectoryMissing(  # else any database would have everything there is
            f"{target.script.dir} holds no revision file, so there is no schema to wait for. Mount or copy "
            "the revisions there, or set RUNNER_DIRECTORY to where they are.",
            directory=target.script.dir,
        )
    clock = target.clock
    started = clock.monotonic()
    reported: float | None = None
    pause = _FIRST_PAUSE_SECONDS
    while True:
        rows, reason = _look(target, what)
        waited = clock.monotonic() - started
        if rows is not None and not reason:
            return Ready(rows=rows.revisions, waited_seconds=round(waited, 3))
        if waited >= seconds:
            raise _not_ready(target, what, reason, waited)
        if reported is None or waited - reported >= _REPORT_EVERY_SECONDS:
            kind = what.value
            emit("database.waiting", kind=kind, waited_seconds=round(waited, 3), wait_seconds=seconds, reason=reason)
            reported = waited
        clock.sleep(min(pause, seconds - waited))
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _look(target: Target, what: WaitFor) -> tuple[VersionRows | None, str]:
    """Return the version rows and why they are not enough; no rows where the server does not answer."""
    known = target.script.graph if what is WaitFor.SCHEMA else None
    try:
        rows = target.look_once(known=known)
    except DatabaseError as error:
        if not _may_pass(error):
            raise
        return None, error.message
    return rows, _missing(target, rows) if what is WaitFor.SCHEMA else ""


def _may_pass(error: DatabaseError) -> bool:
    """Tell whether another look may find what this one did not: a server that starts, stops or is not there yet."""
    if isinstance(error, ConnectionFailed):
        return is_retryable(error)
    sqlstate = error.fields.get("sqlstate", "")
    gone = type(error) is DatabaseError and (sqlstate is None or str(sqlstate).startswith(("57P", "08")))
    return isinstance(error, ConnectionLost) or gone


def _missing(target: Target, rows: VersionRows) -> str:
    """Return what the schema lacks, as part of a sentence; empty where it lacks nothing."""
    graph = target.script.graph
    if has_unknown(graph, rows.revisions):
        if not is_past(graph, rows.revisions, rows.ancestry):
            accept_newer(graph, rows.revisions, rows.ancestry, policy="ok")  # says what is known, and refuses
        return ""
    pending = graph.pending(rows.revisions)
    if not pending:
        return ""
    at = ", ".join(rows.revisions) or "its beginning"
    return f"the schema is at {at}, and {len(pending)} revision(s) up to {pending[-1]} are pending"


def _not_ready(target: Target, what: WaitFor, reason: str, waited: float) -> DatabaseNotReady:
    where = target.required_url().masked()
    next_step = (
        "See whether the migration job has run, or raise RUNNER_WAIT_SECONDS."
        if what is WaitFor.SCHEMA
        else "See whether the server is up, or raise RUNNER_WAIT_SECONDS."
    )
    return DatabaseNotReady(
        f"Waited {waited:.1f} s for the {what.value} of {where}: {reason.removesuffix('.')}. {next_step}",
        waited_seconds=round(waited, 3),
        url=where,
    )

"""What the history remembers about one step, as values: floor 4. No SQLAlchemy, so that anybody may import it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime

__all__ = ["HistoryEntry", "Outcome", "RunFacts", "row_id"]


class Outcome:
    """What became of a step, as the history's column `outcome` spells it."""

    APPLIED = "applied"
    """upgrade() or downgrade() ran and was committed."""
    STAMPED = "stamped"
    """The version rows were set without running anything."""
    FAILED = "failed"
    """It raised, or was interrupted, and was rolled back."""
    ROLLED_BACK = "rolled-back"
    """It had run, and went with a later step of the same transaction that failed."""
    ACCEPTED = "accepted"
    """The file was edited after it had been applied, and the operator accepts what it says now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What is the same for every step of a run.

    Args:
        run_id: as the log has it.
        release: what is being deployed.
        host: the pod or machine.
        os_user: who the process runs as.
        image_digest: the image it runs from.
        tool_version: of this package.
    """

    run_id: str | None = None
    release: str | None = None
    host: str | None = None
    os_user: str | None = None
    image_digest: str | None = None
    tool_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One row of the history.

    Args:
        id: sorts by time; see `row_id`.
        version_table: which version table the step belongs to.
        revision: whose upgrade() or downgrade() ran; for a stamp the row that was set or removed.
        message: the first line of the revision's docstring.
        direction: upgrade, downgrade or stamp.
        outcome: see `Outcome`.
        error_code: of a failure.
        attempts: how many times this run tried the step, this one included.
        started_at: aware, UTC.
        duration_seconds: of the last attempt.
        heads_after: the version rows after the step; None where it failed.
        down_revisions: the revision's parents.
        depends_on: the ids it depends on.
        ancestors: everything it implies; kept for stamps only, which leave no rows of what lies below.
        source_digest, syntax_digest: of the file as it was then.
        facts: about the run.
        database_user: who the database saw; None where it knows no users.
    """

    id: str
    version_table: str
    revision: str
    message: str
    direction: str
    outcome: str
    error_code: str | None = None
    attempts: int = 1
    started_at: datetime
    duration_seconds: float
    heads_after: tuple[str, ...] | None = None
    down_revisions: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    ancestors: tuple[str, ...] | None = None
    source_digest: str | None = None
    syntax_digest: str | None = None
    facts: RunFacts
    database_user: str | None = None


def row_id(now: datetime, number: int) -> str:
    """Return a row's key: 32 hexadecimal digits that sort by time, then by `number`; the rest is random.

    Args:
        now: aware; milliseconds count.
        number: of the row within this process.
    """
    milliseconds = int(now.timestamp() * 1000)
    return f"{milliseconds & (1 << 48) - 1:012x}{number & 0xFFFFFFFF:08x}{os.urandom(6).hex()}"

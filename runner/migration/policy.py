"""How a run behaves, as one value: floor 5. Made at the rim from the settings, obeyed below."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.clock import Clock, SystemClock
from runner.database.session import PLAIN_NAME, SessionName

if TYPE_CHECKING:
    from runner.database.history_entry import RunFacts

__all__ = ["EditedPolicy", "OrphanPolicy", "RunPolicy", "TransactionScope"]


class TransactionScope(enum.Enum):
    """What one database transaction holds in an online run."""

    REVISION = "revision"
    RUN = "run"


class EditedPolicy(enum.Enum):
    """What is done about a revision whose file was edited after it had been applied."""

    WARN = "warn"
    FAIL = "fail"
    ACCEPT = "accept"


class OrphanPolicy(enum.Enum):
    """What is done about a session that an earlier run in the same pod left at work."""

    WAIT = "wait"
    TERMINATE = "terminate"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPolicy:
    """What the operator decided about a run.

    Args:
        transaction: what one transaction holds, unless env.py says `transaction_per_migration` itself.
        lock_wait_seconds: how long another runner is waited for.
        lock_key: an operator's own second lock integer, None for the one made from the version table's name.
        tenant_schema: the schema the run is for, where env.py names none for the version table.
        connect_wait_seconds: how long a server is waited for that was lost during a COMMIT.
        lock_retry_seconds: how long after its first failure a revision that was blocked is tried again; 0 is never.
        lock_timeout_seconds: how long a statement that others queue behind may wait for its lock; None is the
            default of runner.database.limits.
        statement_timeout_seconds: how long such a statement may take; None leaves the server's own.
        backfill_timeout_seconds: how long a statement that moves rows may take; None is for ever.
        monitor_seconds: how often a second session looks at a statement that takes long; 0 is never.
        max_blocked_sessions: how many sessions may wait behind a statement before it is cancelled.
        orphans: what is done about a session that an earlier run in this pod left at work.
        session: what sessions call themselves to the server.
        history: returns what the history says about every step of this run; None does without a history.
        edited_revisions: what is done about revisions edited after they had been applied.
        clock: for waiting and for durations.
    """

    transaction: TransactionScope = TransactionScope.REVISION
    lock_wait_seconds: float = 600.0
    lock_key: int | None = None
    tenant_schema: str | None = None
    lock_retry_seconds: float = 0.0
    connect_wait_seconds: float = 30.0
    lock_timeout_seconds: float | None = None
    statement_timeout_seconds: float | None = None
    backfill_timeout_seconds: float | None = None
    monitor_seconds: float = 10.0
    max_blocked_sessions: int | None = None
    orphans: OrphanPolicy = OrphanPolicy.WAIT
    session: SessionName = PLAIN_NAME
    history: Callable[[], RunFacts] | None = None
    edited_revisions: EditedPolicy = EditedPolicy.WARN
    clock: Clock = field(default_factory=SystemClock)

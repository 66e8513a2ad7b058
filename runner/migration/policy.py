"""How a run behaves, as one value: floor 5. Made at the rim from the settings, obeyed below."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from runner.clock import Clock, SystemClock

__all__ = ["RunPolicy", "TransactionScope"]


class TransactionScope(enum.Enum):
    """What one database transaction holds in an online run."""

    REVISION = "revision"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPolicy:
    """What the operator decided about a run.

    Args:
        transaction: what one transaction holds, unless env.py says `transaction_per_migration` itself.
        lock_wait_seconds: how long another runner is waited for.
        lock_key: an operator's own second lock integer, None for the one made from the version table's name.
        lock_timeout_seconds: the server's limit on waiting for a lock; None leaves the server's own.
        statement_timeout_seconds: the server's limit on one statement; None leaves the server's own.
        clock: for waiting and for durations.
    """

    transaction: TransactionScope = TransactionScope.REVISION
    lock_wait_seconds: float = 600.0
    lock_key: int | None = None
    lock_timeout_seconds: float | None = None
    statement_timeout_seconds: float | None = None
    clock: Clock = field(default_factory=SystemClock)

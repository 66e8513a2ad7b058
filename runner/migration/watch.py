"""Watches the statements of a run's connection: their limits, what blocks them, and signals. Floor 5."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runner.interrupts import interrupts
from runner.migration.policy import RunPolicy
from runner.migration.revision_limits import NO_LIMITS, RevisionLimits

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["StatementWatch"]


class StatementWatch:
    """Sees every statement of one connection, `op.*` and `get_bind().execute()` alike.

    How a run uses it:

    - `with watch.attached():` around the whole run, once, as soon as the lock is held. It listens from then on.
    - `with watch.step(revision, limits):` around the revision's own code at every attempt, inside its transaction. The
      first statement of each kind sets the kind's limits, local to the transaction where there is one.
    - A statement that the server cancelled because too many sessions queued behind it raises QueueTooLong instead of
      the driver's error; one that a signal cancelled raises SignalReceived. A lock that was not granted in time
      remains the driver's error, with SQLSTATE 55P03 (MySQL: 1205).
    - COMMIT and its bookkeeping, and ROLLBACK and its, go into `with interrupts.deferred():` (runner/interrupts.py);
      a retry loop calls `interrupts.check()` before each attempt, and sleeping in it needs nothing.
    """

    def __init__(self, connection: Connection, policy: RunPolicy) -> None:
        self._connection = connection
        self._policy = policy

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Listen to the connection while the block runs."""
        yield

    @contextmanager
    def step(self, revision: str, limits: RevisionLimits = NO_LIMITS) -> Iterator[None]:
        """Give the block's statements the limits of their kinds, and the session the revision's name."""
        interrupts.check()
        yield

"""Which target is next: floor 6, above the commands. Pure: knows names, no processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable

from runner.fleet.targets import FleetTarget

__all__ = ["Schedule"]


class Schedule:
    """The order of a run: first the canary, then the rest, until there were too many failures.

    Args:
        targets: in the order of the list.
        done: the names of those that an earlier run has done.
        canary: how many from the top must succeed before the rest starts; those done count.
        max_failures: after how many failures no further target is started, None for no limit.

    Attributes:
        stopped: why no further target is started, `canary` or `failures`; None while they are.
    """

    def __init__(
        self, targets: Iterable[FleetTarget], *, done: Container[str], canary: int, max_failures: int | None
    ) -> None:
        listed = tuple(targets)
        self._canaries = {one.name for one in listed[:canary] if one.name not in done}
        left = [one for one in listed if one.name not in done]
        self._first = deque(one for one in left if one.name in self._canaries)
        self._rest = deque(one for one in left if one.name not in self._canaries)
        self._max_failures = max_failures
        self._failures = 0
        self.stopped: str | None = None

    @property
    def left(self) -> int:
        """Return how many targets have not been started."""
        return len(self._first) + len(self._rest)

    def next(self) -> FleetTarget | None:
        """Return the target to start now, None where there is none, or not yet."""
        if self.stopped is not None:
            return None
        if self._first:
            return self._first.popleft()
        return self._rest.popleft() if self._rest and not self._canaries else None

    def succeeded(self, name: str) -> None:
        """Note a success."""
        self._canaries.discard(name)

    def failed(self, name: str) -> None:
        """Note a failure, which may be one too many."""
        self._failures += 1
        if name in self._canaries:
            self.stopped = self.stopped or "canary"
        elif self._max_failures is not None and self._failures >= self._max_failures:
            self.stopped = self.stopped or "failures"

    def stop(self, reason: str) -> None:
        """Start nothing more."""
        self.stopped = self.stopped or reason

"""A clock that a test moves: nothing sleeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["FakeClock"]


class FakeClock:
    """Stands still until somebody sleeps on it or moves it."""

    def __init__(self) -> None:
        self._elapsed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Return noon of a day, plus what has elapsed."""
        return datetime(2026, 1, 2, 12, tzinfo=UTC) + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Return the seconds that have elapsed."""
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.slept.append(seconds)
        self._elapsed += seconds

    def advance(self, seconds: float) -> None:
        """Let the time pass."""
        self._elapsed += seconds

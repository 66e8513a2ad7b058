"""What a run did, as values: floor 5."""

from __future__ import annotations

from dataclasses import dataclass

from runner.graph import Direction

__all__ = ["AppliedStep", "DatabaseRun"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedStep:
    """One revision that was run and committed."""

    revision: str
    direction: Direction
    duration_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseRun:
    """What happened on one database: heads before and after, sorted, and the steps in between."""

    start_heads: tuple[str, ...]
    end_heads: tuple[str, ...]
    applied: tuple[AppliedStep, ...]

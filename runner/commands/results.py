"""What commands return: plain values, ready for JSON. Floor 6."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DatabaseState", "RevisionView", "RunResult", "StepView"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One revision that was run."""

    revision: str
    direction: str
    duration_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """One database before and after a run, heads sorted."""

    start_heads: tuple[str, ...]
    end_heads: tuple[str, ...]
    applied: tuple[StepView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What upgrade, downgrade or stamp did, per database in env.py's order."""

    databases: tuple[DatabaseState, ...]

    @property
    def applied_count(self) -> int:
        """Return how many revisions were run in all."""
        return sum(len(database.applied) for database in self.databases)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionView:
    """One revision of the directory, with the line and the long entry people read.

    `depends_on` is as declared, `dependencies` are the ids that it means.
    """

    revision: str
    down_revisions: tuple[str, ...]
    depends_on: tuple[str, ...]
    branch_labels: tuple[str, ...]
    message: str
    path: str
    is_head: bool
    is_base: bool
    is_branch_point: bool
    is_merge_point: bool
    is_current: bool = False
    dependencies: tuple[str, ...] = ()
    line: str = ""
    entry: str = ""

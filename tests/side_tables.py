"""The runner's own tables beside the version table; comparisons with Alembic leave them out."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["SIDE_TABLES", "without_side_tables"]

SIDE_TABLES = ("runner_history", "runner_journal")


def without_side_tables(names: Iterable[str]) -> list[str]:
    """Return table names, sorted, without those that only the runner makes."""
    return sorted(name for name in names if name not in SIDE_TABLES)

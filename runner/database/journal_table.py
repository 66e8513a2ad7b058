"""The journal of revisions that commit in parts: floor 4."""

from __future__ import annotations

__all__ = ["JOURNAL_TABLE"]

JOURNAL_TABLE = "runner_journal"

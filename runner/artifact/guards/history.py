"""The row of `runner_history` that a file writes for a revision, where that table is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from runner.artifact.guards.base import WritingOptions
from runner.artifact.recording import RecordedRevision, Recording
from runner.database.ancestry import HISTORY_TABLE
from runner.database.history import HistoryTable

__all__ = ["HISTORY_COLUMNS", "HistorySpelling", "told_by_revision"]

_NAME_LENGTH = 255
HISTORY_COLUMNS: tuple[str, ...] = tuple(
    column.name for column in HistoryTable(version_table=HISTORY_TABLE, schema=None).table.columns
)


class HistorySpelling(Protocol):
    """How a database without blocks of code writes a row where the table is there."""

    def begin(self) -> Iterable[str]:
        """Return what the rows stand on, and what takes the time; outside of any transaction."""

    def row(self, values: Mapping[str, str], number: int) -> Iterable[str]:
        """Return what writes a row, and takes the time anew.

        Args:
            values: literals by column; the database adds id, times and user.
            number: of the revision in its file.
        """

    def end(self) -> Iterable[str]:
        """Return what clears up; outside of any transaction."""


def told_by_revision(
    recording: Recording, options: WritingOptions, revision: RecordedRevision, literal: Callable[[str], str]
) -> dict[str, str]:
    """Return the literals that do not depend on when and by whom a file is applied, by column."""
    return {
        "version_table": literal(recording.version_table[:_NAME_LENGTH]),
        "revision": literal(revision.revision[:_NAME_LENGTH]),
        "message": literal(revision.message[:_NAME_LENGTH]),
        "direction": literal(recording.direction.value),
        "outcome": "'applied'",
        "attempts": "1",
        "tool_version": literal(options.tool_version),
        "run_id": literal(options.bundle_id[:32]),
        "source_digest": literal(revision.source_digest) if revision.source_digest else "NULL",
        "syntax_digest": literal(revision.syntax_digest) if revision.syntax_digest else "NULL",
        "heads_after": literal(json.dumps(revision.heads_after)),
        "down_revisions": literal(json.dumps(revision.down_revisions)),
        "depends_on": literal(json.dumps(revision.depends_on)),
    }

"""Which statements of an interrupted revision have run already: floor 5. Pure; knows the journal's entries only.

The revision's code runs again from its top. Its statements must come in the order in which they came before. As
long as its file is the same, it may leave some out: it looked at the database, and found them done.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from runner.database.journal_table import JournalEntry, Outcome
from runner.errors import ResumeNeeded

__all__ = ["Decision", "Replay", "What", "resume_needed"]


class What(enum.Enum):
    """What to do with the next statement."""

    EXECUTE = "execute"
    SKIP = "skip"
    EXAMINE = "examine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do with a statement, and the entry it belongs to, None for one that is new."""

    what: What
    entry: JournalEntry | None = None


_NEW = Decision(what=What.EXECUTE)
_WHAT = {
    Outcome.COMMITTED: What.SKIP,
    Outcome.DONE: What.SKIP,
    Outcome.ASSERTED: What.SKIP,
    Outcome.STARTED: What.EXAMINE,
    Outcome.FAILED: What.EXAMINE,
    Outcome.REDO: What.EXECUTE,
}
_SAID_BY_A_PERSON = (Outcome.ASSERTED, Outcome.REDO)


class Replay:
    """Matches the statements of a revision that runs again with what the journal holds.

    Args:
        entries: of one revision and direction, in order.
        source: digest of the revision's file as it is now.
    """

    def __init__(self, entries: Sequence[JournalEntry], *, source: str) -> None:
        self._entries = tuple(entries)
        self._source = source
        self._next = 0

    @property
    def is_over(self) -> bool:
        """Tell whether everything that follows is new."""
        return self._next >= len(self._entries)

    def decide(self, digest: str) -> Decision:
        """Return what to do with the next statement.

        Raises:
            ResumeNeeded: it is not the one that ran at this place before.
        """
        if self.is_over:
            return _NEW
        for position in range(self._next, len(self._entries)):
            entry = self._entries[position]
            if entry.digest == digest or (position == self._next and entry.outcome in _SAID_BY_A_PERSON):
                self._next = position + 1
                return Decision(what=_WHAT[entry.outcome], entry=entry)
            if not self._may_be_left_out(entry):
                break
        entry = self._entries[self._next]
        why = "the file was edited since" if entry.source != self._source else "the revision now takes another way"
        raise resume_needed(entry, f"in its place came another statement: {why}")

    def _may_be_left_out(self, entry: JournalEntry) -> bool:
        return entry.source == self._source and entry.outcome is not Outcome.STARTED

    def finish(self) -> None:
        """Make sure that nothing is left over which the revision should have come to.

        Raises:
            ResumeNeeded: there is.
        """
        for entry in self._entries[self._next :]:
            if entry.outcome not in _SAID_BY_A_PERSON and not self._may_be_left_out(entry):
                raise resume_needed(entry, "the revision ended without coming to it again")


def resume_needed(entry: JournalEntry, why: str) -> ResumeNeeded:
    """Return the error that says which statement a person must decide about, and how."""
    shown = " ".join(entry.statement.split())
    shown = shown if len(shown) <= 300 else shown[:300] + " ..."
    command = f"runner resolve {entry.revision}"
    if entry.direction != "upgrade":
        command += f" --direction {entry.direction}"
    resolve = f"{command} --statement {entry.number} --as"
    return ResumeNeeded(
        f"Revision {entry.revision} was interrupted before, and cannot go on by itself at statement {entry.number} "
        f"({shown}): {why}. Look whether that statement took effect. If it did, run `{resolve} done`; if not, run "
        f"`{resolve} redo`, and the statement at its place is executed. Or undo what the revision did, and run "
        f"`{command} --restart` to let it begin at its top. Then run again.",
        revision=entry.revision,
        statement_number=entry.number,
        statement=shown,
        outcome=entry.outcome.value,
        resolve=f"{resolve} done|redo",
    )

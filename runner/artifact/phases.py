"""Cut a recording into files: what is one transaction, what is none, and what must run online. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from runner.artifact.recording import RecordedRevision, RecordedStatement, Recording, Role
from runner.migration.statement_effect import StatementEffect, effect_of

__all__ = ["Part", "Phase", "PhaseKind", "file_name", "phases_of"]


class PhaseKind(enum.Enum):
    """How the statements of a file are framed; the value is part of the file's name."""

    TRANSACTIONAL = "transactional"
    """All of the file is one transaction."""
    NON_TRANSACTIONAL = "non_transactional"
    """Each statement stands alone."""
    ONLINE = "online"
    """No file of statements: the runner itself must run a revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one phase has of one revision.

    Args:
        statements: the revision's own, those of the version table left out.
        written_before: how many units that change something earlier phases have of this revision.
        begins: nothing of the revision is in an earlier phase.
        ends: nothing of it is in a later one, so this part changes the version rows.
    """

    revision: RecordedRevision
    statements: tuple[RecordedStatement, ...]
    written_before: int
    begins: bool
    ends: bool

    @property
    def units(self) -> tuple[tuple[RecordedStatement, ...], ...]:
        """The statements, those together that an online run sends as one."""
        return tuple(tuple(group) for _, group in groupby(self.statements, key=_identity))

    @property
    def writing(self) -> tuple[tuple[RecordedStatement, ...], ...]:
        """The units that change something, as the journal of an online run counts them."""
        return tuple(unit for unit in self.units if changes_something(unit[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One file of a bundle.

    Args:
        number: from 1.
        kind: how it is framed.
        parts: in order; of revisions that follow each other.
        rows_before, rows_after: the version rows, sorted.
        is_last: nothing follows.
    """

    number: int
    kind: PhaseKind
    parts: tuple[Part, ...]
    rows_before: tuple[str, ...]
    rows_after: tuple[str, ...]
    is_last: bool

    @property
    def begun_before(self) -> Part | None:
        """The part of a revision that an earlier phase began, if there is one; it comes first."""
        first = self.parts[0]
        return None if first.begins else first

    @property
    def statement_count(self) -> int:
        """How many statements of the revisions it has."""
        return sum(one.role is not Role.TEXT for part in self.parts for one in part.statements)


def file_name(phase: Phase) -> str:
    """Return the name of a phase's file."""
    suffix = "md" if phase.kind is PhaseKind.ONLINE else "sql"
    return f"{phase.number:02d}_{phase.kind.value}.{suffix}"


def changes_something(statement: RecordedStatement) -> bool:
    """Tell whether a statement counts for the journal: one that reads, or concerns the session, does not."""
    if statement.role is Role.TEXT:
        return False
    return effect_of(statement.sql, is_operation=statement.is_operation) is StatementEffect.WRITES


def _identity(statement: RecordedStatement) -> int:
    return id(statement if statement.online is None else statement.online)


def phases_of(recording: Recording) -> tuple[Phase, ...]:
    """Return the phases of a recording, in order.

    Consecutive revisions share a transaction. Statements of an autocommit block stand in a phase of their own, and so
    do all of them where DDL commits. A revision that could not be written is an online phase.
    """
    cut = _Cut(recording)
    for revision in recording.revisions:
        if revision.obstacle is not None:
            cut.online(revision)
        elif recording.transactional:
            cut.revision(revision)
        else:
            cut.without_transactions(revision)
    return cut.finished()


@dataclass(slots=True)
class _Open:
    """A phase that may still grow."""

    kind: PhaseKind
    parts: list[Part]
    rows_before: tuple[str, ...]


@dataclass(slots=True)
class _Cut:
    """Collects parts into phases."""

    recording: Recording
    done: list[_Open] = field(default_factory=list)
    rows: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.rows = self.recording.start

    def online(self, revision: RecordedRevision) -> None:
        self._add(PhaseKind.ONLINE, Part(revision=revision, statements=(), written_before=0, begins=True, ends=True))

    def revision(self, revision: RecordedRevision) -> None:
        for part, transactional in _parts(revision):
            kind = PhaseKind.TRANSACTIONAL if transactional else PhaseKind.NON_TRANSACTIONAL
            self._add(kind, part)

    def without_transactions(self, revision: RecordedRevision) -> None:
        part = Part(revision=revision, statements=revision.own_statements, written_before=0, begins=True, ends=True)
        self._add(PhaseKind.NON_TRANSACTIONAL, part)

    def _add(self, kind: PhaseKind, part: Part) -> None:
        if self._needs_new(kind, part):
            self.done.append(_Open(kind=kind, parts=[], rows_before=self.rows))
        self.done[-1].parts.append(part)
        if part.ends:
            self.rows = part.revision.heads_after

    def _needs_new(self, kind: PhaseKind, part: Part) -> bool:
        if not self.done or self.done[-1].kind is not kind or kind is PhaseKind.ONLINE:
            return True
        return kind is PhaseKind.NON_TRANSACTIONAL and self.recording.transactional

    def finished(self) -> tuple[Phase, ...]:
        ends = [*(one.rows_before for one in self.done[1:]), self.rows]
        return tuple(
            Phase(
                number=number,
                kind=one.kind,
                parts=tuple(one.parts),
                rows_before=one.rows_before,
                rows_after=ends[number - 1],
                is_last=number == len(self.done),
            )
            for number, one in enumerate(self.done, 1)
        )


def _parts(revision: RecordedRevision) -> Iterator[tuple[Part, bool]]:
    """Iterate over what the phases have of one revision; the last part is transactional, for the version rows."""
    runs = [(key, tuple(group)) for key, group in groupby(revision.own_statements, key=lambda one: one.transactional)]
    if not runs or not runs[-1][0]:
        runs.append((True, ()))
    written = 0
    for number, (transactional, statements) in enumerate(runs, 1):
        part = Part(
            revision=revision,
            statements=statements,
            written_before=written,
            begins=number == 1,
            ends=number == len(runs),
        )
        yield part, transactional
        written += len(part.writing)

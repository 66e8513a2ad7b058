"""SQL files for databases whose scripts have no blocks of code: everything is a statement that succeeds or fails.

What differs from database to database is its `Spelling`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.schema import CreateTable

from runner.artifact.guards.base import Client, Guard, WritingOptions, comment, heading, quoted, rows_text, table_beside
from runner.artifact.guards.history import HistorySpelling, told_by_revision
from runner.artifact.guards.journal import unit_digest
from runner.artifact.phases import Part, Phase, PhaseKind, changes_something
from runner.artifact.recording import RecordedRevision, RecordedStatement, Recording
from runner.database.interrupted import one_line_of
from runner.database.journal_table import JOURNAL_TABLE, journal_table

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["APPLIED", "BUSY", "CHANGED", "HALFWAY", "SERVER", "WRONG_ROWS", "PlainWriter", "Spelling", "guards"]

_STATEMENT_LENGTH = 2000  # of the journal's

# Column names, where a database reports a guard by the name of a column: 64 characters at most.
SERVER = "RR001 the server has another version than this file is for"
BUSY = "RR004 another runner or file is at work on this database"
WRONG_ROWS = "RR006 the version rows are not those this file needs"
APPLIED = "RR007 this file was applied already"
CHANGED = "RR008 the version rows changed underneath"
HALFWAY = "RR009 a revision was begun and this file goes on elsewhere"

_MEANINGS = {
    SERVER: "Have the bundle made for this server.",
    BUSY: "Wait until it has ended, look at the version rows, and apply again.",
    WRONG_ROWS: "A file was left out, or the bundle is for another state of the database.",
    APPLIED: "The version rows are those it leads to. There is nothing to do.",
    CHANGED: "Something else changes the version table.",
    HALFWAY: "An earlier file has not ended, or an online run was interrupted. Look into runner_journal.",
}


def guards(*sentences: str) -> tuple[Guard, ...]:
    """Return the guards with these sentences, for the DBA's page."""
    return tuple(
        Guard(code=one.partition(" ")[0], sentence=one.partition(" ")[2], meaning=_MEANINGS[one]) for one in sentences
    )


class Spelling(Protocol):
    """How one database spells what a file needs. A line is a statement with its terminator, or a client's command."""

    dialect: Dialect
    separator: str
    """Follows a statement on a line of its own; empty for none."""
    has_journal: bool
    """Whether statements that stand alone are noted in the journal."""
    now: str
    """The time in UTC as the journal has it, as an expression."""
    history: HistorySpelling | None
    """How the history is written where it is there; None where the database has no way to ask for a table."""

    def client_commands(self) -> Iterable[str]:
        """Return what makes the database's own client stop at an error."""

    def session(self, *, transactional: bool, options: WritingOptions) -> Iterable[str]:
        """Return what has to be set, and what the guards stand on."""

    def begin(self) -> Iterable[str]:
        """Return what begins the transaction."""

    def commit(self) -> Iterable[str]:
        """Return what ends it."""

    def server_guards(self, options: WritingOptions) -> Iterable[str]:
        """Return what stops the file on the wrong server, or while somebody is at work."""

    def end(self, options: WritingOptions) -> Iterable[str]:
        """Return what gives the lock back."""

    def create_table(self, sql: str, name: str) -> str:
        """Return CREATE TABLE that does nothing where the table is there."""

    def literal(self, text: str) -> str:
        """Return a string literal."""

    def require(self, sentence: str, condition: str) -> str:
        """Return a statement that fails with the sentence unless the condition is true."""


class PlainWriter:
    """Writes the files of one database.

    Args:
        spelling: of the database.
        native_client: its command line.
        command: applies a file, with `{path}` in it.
        guards: what can stop a file.
    """

    def __init__(self, spelling: Spelling, *, native_client: str, command: str, guards: tuple[Guard, ...]) -> None:
        self._spelling = spelling
        self._command = command
        self.native_client = native_client
        self.guards = guards
        self.has_journal = spelling.has_journal

    def apply_command(self, path: str) -> str:
        """Return the command line that applies a file."""
        return self._command.format(path=path)

    def text(self, phase: Phase, recording: Recording, options: WritingOptions, *, total: int) -> str:
        """Return the contents of the file of a phase."""
        return _File(self._spelling, phase, recording, options, total).text()


class _File:
    """One file while it is written."""

    def __init__(
        self, spelling: Spelling, phase: Phase, recording: Recording, options: WritingOptions, total: int
    ) -> None:
        self._spelling = spelling
        self._phase = phase
        self._recording = recording
        self._options = options
        self._total = total
        self._is_transaction = phase.kind is PhaseKind.TRANSACTIONAL
        self._history = spelling.history if options.history and recording.version_table_schema is None else None
        self._has_journal = spelling.has_journal and (not self._is_transaction or not all(map(_is_whole, phase.parts)))

    def text(self) -> str:
        return "\n".join([*self._head(), *self._body()]) + "\n"

    def _head(self) -> Iterator[str]:
        phase = self._phase
        direction, kind = self._recording.direction.value, phase.kind.value.replace("_", "-")
        yield comment(
            f"{direction}, file {phase.number} of {self._total}, {kind}. Made by revision-runner; see README.md."
        )
        yield comment(f"Version rows before: {rows_text(phase.rows_before)}. After: {rows_text(phase.rows_after)}.")
        yield comment(f"Bundle {self._options.bundle_id}.")
        if self._options.client is Client.NATIVE:
            yield from self._spelling.client_commands()

    def _body(self) -> Iterator[str]:
        spelling, phase = self._spelling, self._phase
        yield from spelling.session(transactional=self._is_transaction, options=self._options)
        if self._history is not None:
            yield from self._history.begin()
        if self._is_transaction:
            yield from spelling.begin()
        yield from self._checks()
        for part in phase.parts:
            yield ""
            yield from self._part(part)
        if phase.is_last:
            for statement in self._recording.after:
                yield from self._statement(statement)
        yield ""
        if self._is_transaction:
            yield from spelling.commit()
        if self._history is not None:
            yield from self._history.end()
        yield from spelling.end(self._options)

    def _checks(self) -> Iterator[str]:
        spelling, phase = self._spelling, self._phase
        yield ""
        yield comment("Guards")
        yield from spelling.server_guards(self._options)
        for statement in self._recording.before:
            yield from self._statement(statement)
        if self._is_transaction or not phase.rows_before:
            yield spelling.create_table(self._recording.version_table_sql, self._version_table)
        if phase.rows_after != phase.rows_before:
            yield spelling.require(APPLIED, f"NOT ({self._rows_are(phase.rows_after)})")
        yield spelling.require(WRONG_ROWS, self._rows_are(phase.rows_before))
        if self._has_journal:
            yield spelling.create_table(self._journal_sql(), self._table(JOURNAL_TABLE))
            yield self._journal_guard(phase.parts[0])

    def _part(self, part: Part) -> Iterator[str]:
        yield heading(part)
        number = part.written_before
        noted_one_by_one = self._has_journal and not self._is_transaction
        for unit in part.units:
            if not noted_one_by_one or not changes_something(unit[0]):
                yield from self._unit(unit)
                continue
            number += 1
            yield self._line(self._noted(part.revision, [(number, unit)], "started"))
            yield from self._unit(unit)
            where = f"{self._journal_where(part.revision)} AND number = {number}"
            yield self._line(f"UPDATE {self._table(JOURNAL_TABLE)} SET outcome = 'done' WHERE {where}")
        if part.ends:
            yield from self._ended(part)
        elif self._is_transaction and self._has_journal and part.writing:
            noted = enumerate(part.writing, part.written_before + 1)
            yield self._line(self._noted(part.revision, noted, "committed"))

    def _ended(self, part: Part) -> Iterator[str]:
        for statement in part.revision.version_statements:
            yield from self._statement(statement)
        if self._has_journal:
            yield self._line(f"DELETE FROM {self._table(JOURNAL_TABLE)} WHERE {self._journal_where(part.revision)}")
        yield self._spelling.require(CHANGED, self._rows_are(part.revision.heads_after))
        if self._history is not None:
            told = told_by_revision(self._recording, self._options, part.revision, self._spelling.literal)
            yield from self._history.row(told, self._phase.parts.index(part) + 1)

    # -- pieces ------------------------------------------------------------------------------------------

    def _unit(self, unit: Sequence[RecordedStatement]) -> Iterator[str]:
        for statement in unit:
            yield from self._statement(statement)

    def _statement(self, statement: RecordedStatement) -> Iterator[str]:
        yield statement.script
        if self._spelling.separator:
            yield self._spelling.separator

    def _line(self, sql: str) -> str:
        separator = f"\n{self._spelling.separator}" if self._spelling.separator else ""
        return f"{sql}{self._recording.terminator}{separator}"

    @property
    def _version_table(self) -> str:
        return self._table(self._recording.version_table)

    def _rows_are(self, rows: tuple[str, ...]) -> str:
        """Return the condition that the version rows are exactly these; it needs no order and no collation."""
        count = f"(SELECT count(*) FROM {self._version_table})"
        if not rows:
            return f"{count} = 0"
        names = ", ".join(quoted(row) for row in rows)
        return (
            f"{count} = {len(rows)} AND (SELECT count(*) FROM {self._version_table} WHERE version_num IN ({names})) "
            f"= {len(rows)}"
        )

    def _journal_guard(self, part: Part) -> str:
        table, where = self._table(JOURNAL_TABLE), self._journal_where(part.revision)
        fine = "outcome IN ('committed', 'done', 'asserted')"
        condition = (
            f"(SELECT count(*) FROM {table} WHERE {where}) = {part.written_before} "
            f"AND (SELECT count(*) FROM {table} WHERE {where} AND {fine}) = {part.written_before}"
        )
        return self._spelling.require(HALFWAY, condition)

    def _journal_where(self, revision: RecordedRevision) -> str:
        return (
            f"version_table = {quoted(self._recording.version_table)} AND revision = {quoted(revision.revision)} "
            f"AND direction = {quoted(self._recording.direction.value)}"
        )

    def _journal_sql(self) -> str:
        table = journal_table(self._recording.version_table_schema)
        return str(CreateTable(table).compile(dialect=self._spelling.dialect)).strip()

    def _noted(
        self, revision: RecordedRevision, noted: Iterable[tuple[int, Sequence[RecordedStatement]]], outcome: str
    ) -> str:
        columns = ", ".join(column.name for column in journal_table(None).columns)
        rows = [
            ", ".join(
                (
                    quoted(self._recording.version_table),
                    quoted(revision.revision),
                    quoted(self._recording.direction.value),
                    str(number),
                    quoted(outcome),
                    quoted(unit_digest(unit, self._recording.dialect_name)),
                    "-1",
                    quoted(revision.syntax_digest or revision.source_digest),
                    self._text(one_line_of(unit[0].sql)[:_STATEMENT_LENGTH]),
                    self._spelling.now,
                )
            )
            for number, unit in noted
        ]
        values = ",\n    ".join(f"({row})" for row in rows)
        return f"INSERT INTO {self._table(JOURNAL_TABLE)} ({columns}) VALUES\n    {values}"

    def _text(self, text: str) -> str:
        """Return a literal that the database reads back whatever it thinks of backslashes."""
        return quoted(text.replace("\\", "/"))

    def _table(self, name: str) -> str:
        return table_beside(self._recording, name, self._spelling.dialect)


def _is_whole(part: Part) -> bool:
    return part.begins and part.ends

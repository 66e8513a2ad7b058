"""What an SQL file for PostgreSQL reads from `runner_journal` and writes into it (ADR 0011, 0023).

A file for psql can be applied again where it stopped: psql's own conditions leave out what the journal has as done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.schema import CreateTable

from runner.artifact.guards.base import WritingOptions, comment, quoted, table_beside
from runner.artifact.guards.journal import unit_digest
from runner.artifact.guards.plpgsql import do_block, in_text, raising, unlocking
from runner.artifact.guards.psql import without_variables
from runner.artifact.guards.unfinished import Unfinished, is_one_statement, may_commit_inside, unfinished
from runner.artifact.phases import Part
from runner.artifact.recording import RecordedRevision, RecordedStatement, Recording
from runner.database.interrupted import one_line_of
from runner.database.journal_table import JOURNAL_TABLE, journal_table
from runner.graph import Direction

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["Journal"]

_DIALECT: Dialect = PGDialect()  # type: ignore[no-untyped-call]
_STATEMENT_LENGTH = 2000  # of the column
_SHOWN_LENGTH = 120
_FINE = "('committed', 'done', 'asserted')"
_NOW = "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS+00:00')"
_AGAIN = "runner_artifact.again"

Unit = Sequence[RecordedStatement]


class Journal:
    """The journal's part of one file.

    Args:
        recording: whose statements the file has.
        options: what it is written with.
    """

    def __init__(self, recording: Recording, options: WritingOptions) -> None:
        self._recording = recording
        self._options = options
        self._table = table_beside(recording, JOURNAL_TABLE, _DIALECT)
        self._columns = ", ".join(column.name for column in journal_table(None).columns)

    def create(self) -> str:
        """Return what makes the table unless it is there."""
        table = journal_table(self._recording.version_table_schema)
        return f"{str(CreateTable(table, if_not_exists=True).compile(dialect=_DIALECT)).strip()};"

    def forget(self, revision: RecordedRevision) -> str:
        """Return what deletes the rows of a revision that is finished."""
        return f"DELETE FROM {self._table} WHERE {self._where(revision)};"

    def all_noted(self, part: Part) -> str:
        """Return what notes all statements of a part, which are about to be committed with it."""
        rows = [
            self._row(part.revision, number, unit, "committed")
            for number, unit in enumerate(part.writing, part.written_before + 1)
        ]
        if not rows:
            return ""
        return f"INSERT INTO {self._table} ({self._columns}) VALUES\n    " + ",\n    ".join(rows) + ";"

    def _where(self, revision: RecordedRevision) -> str:
        return (
            f"version_table = {quoted(self._recording.version_table)} AND revision = {quoted(revision.revision)} "
            f"AND direction = {quoted(self._recording.direction.value)}"
        )

    def _of_statement(self, revision: RecordedRevision, number: int) -> str:
        return f"{self._where(revision)} AND number = {number}"

    def _row(self, revision: RecordedRevision, number: int, unit: Unit, outcome: str) -> str:
        values = (
            quoted(self._recording.version_table),
            quoted(revision.revision),
            quoted(self._recording.direction.value),
            str(number),
            quoted(outcome),
            quoted(unit_digest(unit, "postgresql")),
            "-1",
            quoted(revision.syntax_digest or revision.source_digest),
            quoted(_text_of(unit)[:_STATEMENT_LENGTH]),
            _NOW,
        )
        return f"({', '.join(values)})"

    # -- guards of a file ----------------------------------------------------------------------------------

    def check(self, part: Part, *, may_go_on: bool) -> list[str]:
        """Return the lines that refuse a file which does not go on where its first revision is.

        Args:
            part: the file's first.
            may_go_on: some of its statements may have run already.
        """
        before = part.written_before
        known = list(enumerate(part.writing, before + 1)) if may_go_on else []
        of_file = " OR ".join(
            f"(number = {number} AND (digest = {quoted(unit_digest(unit, 'postgresql'))} "
            "OR outcome IN ('asserted', 'redo')))"
            for number, unit in known
        )
        earlier, later = f"count(*) FILTER (WHERE number <= {before})", f"number > {before}"
        are_fine = f"bool_and(outcome IN {_FINE}) FILTER (WHERE number <= {before})"
        other = f"{later} AND NOT ({of_file})" if known else later
        return [
            f"IF to_regclass({quoted(self._table)}) IS NOT NULL THEN",
            f"    SELECT CASE WHEN {are_fine} IS FALSE THEN -1 ELSE {earlier} END,",
            f"        count(*) FILTER (WHERE {other}),",
            f"        count(*) FILTER (WHERE {later} AND outcome IN {_FINE})",
            f"    FROM {self._table} WHERE {self._where(part.revision)} INTO noted, others, finished;",
            "END IF;",
            f"IF noted <> {before} OR others > 0 THEN",
            *raising(
                "RR009",
                f"format('Revision %s was begun and is not where this file goes on: it has %s of its statements "
                f"committed, and this file needs %s. Nothing was changed.', {quoted(part.revision.revision)}, "
                "CASE WHEN noted < 0 THEN 'some' WHEN others > 0 THEN 'others than these' ELSE noted::text END, "
                f"{before})",
                f"'Look into {JOURNAL_TABLE}. `runner upgrade` knows how to go on from there; README.md says how to do "
                "it by hand.'",
            ),
            "END IF;",
            *(self._finished(len(known)) if known else ()),
        ]

    def _finished(self, count: int) -> list[str]:
        return [
            f"IF finished = {count} THEN",
            *raising(
                "RR007",
                "'This file was applied already: its statements are done. Nothing was changed.'",
                "'Go on with the next file, if there is one.'",
            ),
            "END IF;",
        ]

    # -- statements outside of transactions ----------------------------------------------------------------

    def once(self, revision: RecordedRevision, number: int, unit: Unit) -> Iterator[str]:
        """Iterate over a unit of statements between two notes; the file stops for good where it fails."""
        insert = self._insert(revision, number, unit)
        yield do_block("", [*self._lock_is_held(), *insert])
        yield from _scripts(unit)
        yield self._noted(revision, number, "done")

    def repeatable(self, revision: RecordedRevision, number: int, unit: Unit) -> Iterator[str]:
        """Iterate over the same in the words of psql, which leaves out what is done when the file is applied again."""
        known = unfinished(unit[0].sql) if len(unit) == 1 else None
        yield comment(f"Statement {number} of revision {revision.revision}")
        yield do_block("", self._decision(revision, number, unit, known), declare=["found text;"])
        where = self._of_statement(revision, number)
        yield f"SELECT outcome = 'started' AS runner_runs FROM {self._table} WHERE {where}"
        yield "\\gset"
        yield "\\if :runner_runs"
        if known is not None and known.leftovers is not None:
            yield f"{known.leftovers} AND current_setting('{_AGAIN}', true) = 'true'"
            yield "\\gexec"
        yield from self._watched(revision, number, unit)
        yield self._noted(revision, number, "done")
        yield "\\endif"

    def _decision(self, revision: RecordedRevision, number: int, unit: Unit, known: Unfinished | None) -> list[str]:
        """Return the lines that note that a statement runs now, unless the journal or the catalog has it as done."""
        done = f"found = 'started' AND {known.is_done}" if known is not None and known.is_done != "false" else ""
        doubtful = "" if known is not None else "found = 'started'"
        if any(may_commit_inside(one.sql) for one in unit):
            doubtful = "found IN ('started', 'failed')"
        where, name = self._of_statement(revision, number), quoted(revision.revision)
        lines = [
            *self._lock_is_held(),
            f"SELECT outcome FROM {self._table} WHERE {where} INTO found;",
            f"PERFORM set_config('{_AGAIN}', coalesce(found IN ('started', 'failed'), false)::text, false);",
            "IF found IS NULL THEN",
            *(f"    {line}" for line in self._insert(revision, number, unit)),
        ]
        if done:
            lines += [f"ELSIF {done} THEN", f"    UPDATE {self._table} SET outcome = 'done' WHERE {where};"]
        if doubtful:
            lines += [f"ELSIF {doubtful} THEN", *self._in_doubt(revision, number, unit)]
        return [
            *lines,
            f"ELSIF found NOT IN {_FINE} THEN",
            f"    UPDATE {self._table} SET outcome = 'started', recorded_at = {_NOW} WHERE {where};",
            "END IF;",
            f"IF found IN {_FINE} THEN",
            f"    RAISE NOTICE 'Statement % of revision % is done, and is left out.', {number}, {name};",
            "END IF;",
        ]

    def _in_doubt(self, revision: RecordedRevision, number: int, unit: Unit) -> list[str]:
        direction = self._recording.direction
        told = "" if direction is Direction.UPGRADE else f" --direction {direction.value}"
        resolve = f"runner resolve {revision.revision}{told} --statement {number} --as"
        by_hand = f"UPDATE {self._table} SET outcome = ... WHERE {self._of_statement(revision, number)}"
        shown = _text_of(unit)
        shown = shown if len(shown) <= _SHOWN_LENGTH else f"{shown[:_SHOWN_LENGTH]} ..."
        sentence = (
            f"Statement {number} of revision {revision.revision} ({shown}) was at work when its session ended, and "
            "nothing in the database tells whether it took effect. It was not executed again."
        )
        hint = (
            f"Look whether it did. If so, run `{resolve} done`; if not, `{resolve} redo`. Then apply this file again. "
            f"Without the runner: {by_hand}, with asserted for done."
        )
        return [f"    {unlocking(self._options.lock)}", *raising("RR013", quoted(sentence), quoted(hint))]

    def _watched(self, revision: RecordedRevision, number: int, unit: Unit) -> Iterator[str]:
        """Iterate over the statements; a single one that the server refuses is noted, so that it can run again."""
        (*others, last) = unit
        if others or not is_one_statement(last.sql) or may_commit_inside(last.sql):
            yield from _scripts(unit)
            return
        yield "\\set ON_ERROR_STOP off"
        yield from _scripts(unit)
        yield "\\set ON_ERROR_STOP on"
        yield "\\if :ERROR"
        yield self._noted(revision, number, "failed")
        yield do_block("", [unlocking(self._options.lock), *_refused(revision, number)])
        yield "\\endif"

    def _insert(self, revision: RecordedRevision, number: int, unit: Unit) -> list[str]:
        row = self._row(revision, number, unit, "started")
        return [f"INSERT INTO {self._table} ({self._columns}) VALUES", f"    {row};"]

    def _noted(self, revision: RecordedRevision, number: int, outcome: str) -> str:
        return f"UPDATE {self._table} SET outcome = '{outcome}' WHERE {self._of_statement(revision, number)};"

    def _lock_is_held(self) -> list[str]:
        key = self._options.lock
        held = (
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 "
            f"AND pid = pg_backend_pid() AND classid = {key.tool & 0xFFFFFFFF} AND objid = {key.target & 0xFFFFFFFF}"
        )
        return [
            f"IF NOT EXISTS ({held}) THEN",
            *raising(
                "RR011",
                "'The session does not hold the lock any more: every statement reaches another session of the server. "
                "The statement that follows was not executed.'",
                "'Connect to the server itself, not to a transaction pooler.'",
            ),
            "END IF;",
        ]


def _scripts(unit: Unit) -> Iterator[str]:
    yield from (without_variables(one.script) for one in unit)


def _text_of(unit: Unit) -> str:
    return one_line_of(unit[0].sql)


def _refused(revision: RecordedRevision, number: int) -> list[str]:
    return raising(
        "RR014",
        f"'The server refused statement {number} of revision {in_text(revision.revision)}; its own message stands "
        "above. What ran before it stays.'",
        "'Correct the cause and apply this file again: it goes on at this statement.'",
    )

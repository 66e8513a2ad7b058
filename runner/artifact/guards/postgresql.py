"""SQL files for PostgreSQL: floor of the artifact.

A transactional file is one transaction from its guards to its version rows. In a non-transactional file every statement
stands alone between two notes in `runner_journal`, which an online run understands (ADR 0017).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql.base import PGDialect

from runner.artifact.guards.base import (
    Client,
    WritingOptions,
    comment,
    heading,
    quoted,
    rows_text,
    table_beside,
    unless_there,
)
from runner.artifact.guards.history import told_by_revision
from runner.artifact.guards.plpgsql import array, do_block, in_text, raising, unlocking
from runner.artifact.guards.postgresql_guards import GUARDS, IN_TRANSACTION, READ_ONLY, REPLICA
from runner.artifact.guards.postgresql_journal import Journal
from runner.artifact.guards.psql import without_variables
from runner.artifact.phases import Part, Phase, PhaseKind, changes_something
from runner.artifact.recording import RecordedRevision, RecordedStatement, Recording
from runner.database.ancestry import HISTORY_TABLE
from runner.database.limits import FoundValues, limiter_for
from runner.dialects.statement_kind import StatementKind
from runner.migration.revision_limits import NO_LIMITS, RevisionLimits

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["GUARDS", "PostgresWriter"]

_DIALECT: Dialect = PGDialect()  # type: ignore[no-untyped-call]


class PostgresWriter:
    """Writes SQL files for psql, or for any client that sends a file as it is."""

    native_client = "psql"
    guards = GUARDS
    has_journal = True

    def apply_command(self, path: str) -> str:
        """Return the psql command line; the file itself says that an error ends it."""
        return f'psql "$DATABASE_URL" -f {path}'

    def text(self, phase: Phase, recording: Recording, options: WritingOptions, *, total: int) -> str:
        """Return the contents of the file of a phase."""
        return _File(phase, recording, options, total).text()


class _File:
    """One file while it is written."""

    def __init__(self, phase: Phase, recording: Recording, options: WritingOptions, total: int) -> None:
        self._phase = phase
        self._recording = recording
        self._options = options
        self._total = total
        self._limiter = limiter_for("postgresql")
        self._in_force: dict[str, str] = {}
        self._index = {part.revision.revision: number for number, part in enumerate(phase.parts, 1)}
        self._is_transaction = phase.kind is PhaseKind.TRANSACTIONAL
        self._journal = Journal(recording, options)
        self._goes_on = options.client is Client.NATIVE and not self._is_transaction

    def text(self) -> str:
        body = self._transaction() if self._is_transaction else self._single_statements()
        return "\n".join([*self._head(), *body]) + "\n"

    # -- the two kinds -----------------------------------------------------------------------------------

    def _transaction(self) -> Iterator[str]:
        yield "BEGIN ISOLATION LEVEL READ COMMITTED;"
        yield from self._session()
        yield ""
        yield self._server_guard()
        yield from self._of_environment(self._recording.before)
        yield self._rows_guard()
        if not self._recording.start and not self._phase.rows_before:
            yield ""
            yield f"{unless_there(self._recording.version_table_sql)};"
        for part in self._phase.parts:
            yield ""
            yield from self._part(part)
        if self._phase.is_last:
            yield from self._of_environment(self._recording.after)
        yield ""
        yield self._end_guard()
        yield "COMMIT;"

    def _single_statements(self) -> Iterator[str]:
        (part,) = self._phase.parts
        yield from self._session()
        yield ""
        yield self._server_guard()
        yield from self._of_environment(self._recording.before)
        yield self._rows_guard()
        yield self._journal.create()
        yield ""
        yield heading(part)
        number = part.written_before
        write = self._journal.repeatable if self._goes_on else self._journal.once
        for unit in part.units:
            yield from self._limits(unit[0].kind, part.revision.limits)
            if changes_something(unit[0]):
                number += 1
                yield from write(part.revision, number, unit)
            else:
                yield from (without_variables(one.script) for one in unit)
            yield ""
        yield do_block("", [unlocking(self._options.lock)])
        yield from (f"RESET {name};" for name in sorted(self._in_force))

    # -- pieces ------------------------------------------------------------------------------------------

    def _head(self) -> Iterator[str]:
        phase, recording = self._phase, self._recording
        direction = recording.direction.value
        kind = phase.kind.value.replace("_", "-")
        yield comment(
            f"{direction}, file {phase.number} of {self._total}, {kind}. Made by revision-runner; see README.md."
        )
        yield comment(f"Version rows before: {rows_text(phase.rows_before)}. After: {rows_text(phase.rows_after)}.")
        yield comment(f"Bundle {self._options.bundle_id}.")
        if self._options.client is Client.NATIVE:
            yield "\\set ON_ERROR_STOP on"
            yield "\\set AUTOCOMMIT on"

    def _session(self) -> Iterator[str]:
        local = "LOCAL " if self._is_transaction else ""
        yield f"SET {local}client_encoding = 'UTF8';"
        yield f"SET {local}standard_conforming_strings = on;"
        if not self._is_transaction:
            self._in_force |= {"client_encoding": "", "standard_conforming_strings": ""}
        yield from self._limits(StatementKind.BRIEF, NO_LIMITS)

    def _of_environment(self, statements: Sequence[RecordedStatement]) -> Iterator[str]:
        if statements:
            yield ""
            yield comment("---- env.py")
            yield from (without_variables(one.script) for one in statements)

    def _part(self, part: Part) -> Iterator[str]:
        yield heading(part)
        for statement in part.statements:
            yield from self._limits(statement.kind, part.revision.limits)
            yield without_variables(statement.script)
        if part.ends:
            yield self._ended(part)
        else:
            yield self._journal.create()
            yield self._journal.all_noted(part)

    def _limits(self, kind: StatementKind, limits: RevisionLimits) -> Iterator[str]:
        """Set what a kind of statement gets, where it is not in force."""
        assert self._limiter is not None  # PostgreSQL has one
        found = FoundValues(values={"lock_timeout": "DEFAULT", "statement_timeout": "DEFAULT"})
        wanted = self._limiter.wanted(kind, self._options.limits, limits, found)
        local = "LOCAL " if self._is_transaction else ""
        for name, value in wanted.items():
            if self._in_force.get(name, "DEFAULT") != value:
                self._in_force[name] = value
                yield f"SET {local}{name} = {_duration(value)};"

    # -- guards ------------------------------------------------------------------------------------------

    def _server_guard(self) -> str:
        body = [*self._version_check(), *REPLICA, *READ_ONLY]
        if not self._is_transaction:
            body = [*IN_TRANSACTION, *body]
        key = self._options.lock
        try_lock = "pg_try_advisory_xact_lock" if self._is_transaction else "pg_try_advisory_lock"
        holder = (
            "SELECT format('process %s, user %s, %s', a.pid, a.usename, a.application_name) FROM pg_locks l JOIN "
            "pg_stat_activity a ON a.pid = l.pid JOIN pg_database d ON d.oid = l.database "
            f"WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = {key.tool & 0xFFFFFFFF} "
            f"AND l.objid = {key.target & 0xFFFFFFFF} AND d.datname = current_database() LIMIT 1"
        )
        local = "true" if self._is_transaction else "false"
        body += [
            f"IF NOT {try_lock}({key.tool}, {key.target}) THEN",
            f"    holder := ({holder});",
            *raising(
                "RR004",
                "format('Another runner, or another file of a bundle, is at work on this database (%s). Nothing was "
                "changed.', coalesce(holder, 'it has just ended'))",
                "'Wait until it has ended, look at the version rows, and apply this file if it is still the next.'",
            ),
            "END IF;",
            f"PERFORM set_config('runner_artifact.started', clock_timestamp()::text, {local});",
        ]
        return do_block("the server and the lock", body, declare=["holder text;"])

    def _version_check(self) -> list[str]:
        low, high = self._options.server.minimum, self._options.server.maximum
        conditions = []
        if low is not None:
            conditions.append(f"current_setting('server_version_num')::int < {low}0000")
        if high is not None:
            conditions.append(f"current_setting('server_version_num')::int >= {high + 1}0000")
        if not conditions:
            return []
        wanted = f"{low} or later" if high is None else str(high) if low == high else f"{low or 'older'} to {high}"
        return [
            f"IF {' OR '.join(conditions)} THEN",
            *raising(
                "RR001",
                f"format('This file is for PostgreSQL {wanted}, and the server is %s. Nothing was changed.', "
                "current_setting('server_version'))",
                "'Have the bundle made for this server.'",
            ),
            "END IF;",
        ]

    def _rows_guard(self) -> str:
        phase = self._phase
        body: list[str] = []
        if self._options.schema is not None:
            body += [
                f"IF current_schema() IS DISTINCT FROM {quoted(self._options.schema)} THEN",
                *raising(
                    "RR005",
                    f"format('The current schema is %s, and this file is for %s. Nothing was changed.', "
                    f"coalesce(current_schema(), 'none'), {quoted(self._options.schema)})",
                    f"'Correct search_path, as in PGOPTIONS=''-c search_path={in_text(self._options.schema)}'', "
                    "or connect as the role that owns the tables.'",
                ),
                "END IF;",
            ]
        body += self._read_rows()
        before, after = array(phase.rows_before), array(phase.rows_after)
        if phase.rows_after != phase.rows_before:
            body += [
                f"IF found = {after} THEN",
                *raising(
                    "RR007",
                    "'This file was applied already: the version rows are those it leads to. Nothing was changed.'",
                    "'Go on with the next file, if there is one.'",
                ),
                "END IF;",
            ]
        body += [
            f"IF found <> {before} THEN",
            *raising(
                "RR006",
                f"format('The version rows are %s, and this file needs %s. Nothing was changed.', "
                f"{_SHOWN}, {quoted(rows_text(phase.rows_before))})",
                "'Apply the files of a bundle in order and to the database it was made for; see README.md.'",
            ),
            "END IF;",
            *self._journal.check(phase.parts[0], may_go_on=self._goes_on),
        ]
        on_error = [] if self._is_transaction else [unlocking(self._options.lock)]
        return do_block("the schema and the version rows", body, declare=_FOUND, on_error=on_error)

    def _end_guard(self) -> str:
        after = array(self._phase.rows_after)
        body = [
            *self._read_rows(),
            f"IF found <> {after} THEN",
            *raising(
                "RR012",
                f"format('The version rows have become %s instead of %s. Nothing of this file remains.', {_SHOWN}, "
                f"{quoted(rows_text(self._phase.rows_after))})",
                "'A statement of a revision changes the version table; tell its author.'",
            ),
            "END IF;",
        ]
        return do_block("the version rows at the end", body, declare=["found text[] := '{}';"])

    def _read_rows(self) -> list[str]:
        table = self._table(self._recording.version_table)
        rows = "coalesce(array_agg(version_num::text ORDER BY version_num::text COLLATE \"C\"), '{}')"
        return [
            f"IF to_regclass({quoted(table)}) IS NOT NULL THEN",
            f"    EXECUTE {quoted(f'SELECT {rows} FROM {table}')} INTO found;",
            "END IF;",
        ]

    # -- version rows, history, journal ------------------------------------------------------------------

    def _ended(self, part: Part) -> str:
        """Change the version rows, and write down what happened, in one block."""
        body: list[str] = []
        for statement in part.revision.version_statements:
            body += [
                f"{statement.sql};",
                "GET DIAGNOSTICS changed = ROW_COUNT;",
                "IF changed <> 1 THEN",
                *raising(
                    "RR008",
                    f"format('A version row changed underneath: %s rows matched instead of one for revision %s. "
                    f"Nothing of this file remains.', changed, {quoted(part.revision.revision)})",
                    "'Something without the lock changes the version table. Find it, and apply this file again.'",
                ),
                "END IF;",
            ]
        if not part.begins:
            body.append(self._journal.forget(part.revision))
        if self._options.history:
            body += self._history(part.revision)
        body.append("PERFORM set_config('runner_artifact.started', clock_timestamp()::text, true);")
        return do_block("", body, declare=["changed bigint;"])

    def _history(self, revision: RecordedRevision) -> list[str]:
        table = self._table(HISTORY_TABLE)
        values = self._history_values(revision)
        return [
            f"IF to_regclass({quoted(table)}) IS NOT NULL THEN",
            "    BEGIN",
            f"        INSERT INTO {table} ({', '.join(values)})",
            f"        VALUES ({', '.join(values.values())});",
            "    EXCEPTION WHEN OTHERS THEN",
            f"        RAISE WARNING 'The row of {HISTORY_TABLE} for this revision could not be written: %', SQLERRM;",
            "    END;",
            "END IF;",
        ]

    def _history_values(self, revision: RecordedRevision) -> Mapping[str, str]:
        index = self._index[revision.revision]
        started = "coalesce(nullif(current_setting('runner_artifact.started', true), '')::timestamptz, now())"
        return {
            "id": "lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || "
            f"'{index:08x}' || substr(md5(random()::text || clock_timestamp()::text), 1, 12)",
            **told_by_revision(self._recording, self._options, revision, quoted),
            "started_at": started,
            "duration_seconds": f"round(extract(epoch FROM clock_timestamp() - {started})::numeric, 6)",
            "database_user": "session_user",
        }

    def _table(self, name: str) -> str:
        return table_beside(self._recording, name, _DIALECT)


_FOUND = ("found text[] := '{}';", "noted int := 0;", "others int := 0;", "finished int := 0;")
_SHOWN = "CASE WHEN found = '{}' THEN 'none (base)' ELSE array_to_string(found, ', ') END"


def _duration(value: str) -> str:
    """Return milliseconds as people write them."""
    if value in {"DEFAULT", "0"}:
        return value
    milliseconds = int(value)
    return f"'{milliseconds // 1000}s'" if milliseconds % 1000 == 0 else f"'{milliseconds}ms'"

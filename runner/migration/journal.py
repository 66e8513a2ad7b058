"""Writes down what a revision commits before it is finished, and lets it go on from there: floor 5 (ADR 0011).

Nothing is written for a revision that is committed as a whole, and nothing read unless the table is there. Listens to
the statements of one connection, so that `op.*` and `get_bind().execute()` are both seen.

- In a transaction, statements are noted in memory, and written in it right before somebody commits it midway.
- Outside of a transaction each statement is written down before and after. So it is for DDL where that commits.
- A revision that has entries is replayed: what has run is skipped, what may have run is examined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, exc

from runner.clock import Clock
from runner.database.interrupted import Verdict, examine, one_line_of
from runner.database.journal_table import JournalEntry, JournalTable, Outcome, statement_digest
from runner.events import emit
from runner.graph import Direction, Step
from runner.migration.index_check import IndexCheck
from runner.migration.replay import Decision, Replay, What, resume_needed
from runner.migration.skipping import SkippedStatements, refuse_unknown_rows
from runner.migration.statement_effect import StatementEffect, effect_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["StatementJournal", "make_journal"]


class StatementJournal:
    """The journal of the revisions that run on one connection.

    Args:
        connection: listened to from the first revision on.
        table: where entries are.
        table_exists: tells whether it is there, once asked.
        ddl_rolls_back: DDL is part of transactions.
        clock: dates the entries.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        table: JournalTable,
        table_exists: Callable[[], bool],
        ddl_rolls_back: bool,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._table = table
        self._table_exists = table_exists
        self._ddl_rolls_back = ddl_rolls_back
        self._clock = clock
        self._indexes = IndexCheck(connection)
        self._skipped = SkippedStatements(connection)
        self._is_listening = False
        self._is_there: bool | None = None
        self._busy = False  # the statements are our own
        self._outside = False  # of any transaction
        self._step: Step | None = None
        self._source: Callable[[], str] = str
        self._replay = Replay((), source="")
        self._last = 0  # number of a statement
        self._has_rows = False
        self._known: tuple[JournalEntry, ...] | None = None  # what the table holds of revisions not run by us
        self._noted: list[JournalEntry] = []  # run in the open transaction
        self._source_now: str | None = None
        self._running: JournalEntry | None = None

    # -- a revision ----------------------------------------------------------------------------------------

    @property
    def has_kept_something(self) -> bool:
        """Tell whether the running revision, or the one that ran last, has entries in the table."""
        return self._has_rows

    @contextmanager
    def revision(
        self, step: Step, source: Callable[[], str], *, is_passed: Callable[[str], bool], look_again: bool
    ) -> Iterator[None]:
        """Watch over a revision's statements while the block runs its code; there is none for a stamp.

        Args:
            step: whose code runs.
            source: returns the digest of the revision's file.
            is_passed: tells of a revision whether the version rows say that it is finished.
            look_again: another process may have written since.

        Raises:
            ResumeNeeded: it was interrupted before, and a person must say what became of a statement.
        """
        if look_again:
            self._known = None
        self._forget_passed(is_passed)
        if step.direction is Direction.STAMP:
            yield
            return
        self._begin(step, source)
        try:
            with self._skipped.listening(enabled=not self._replay.is_over):
                yield
            self._finish(step)
        except BaseException as error:
            self._settle_running(error)
            self._known = self._is_there = None  # what was written may be rolled back, the table too
            raise
        finally:
            self._step = None

    def _forget_passed(self, is_passed: Callable[[str], bool]) -> None:
        """Forget what is left of revisions that somebody else finished: another tool, or a stamp."""
        for revision in sorted({entry.revision for entry in self._entries() if is_passed(entry.revision)}):
            self._forget(revision)

    def _forget(self, revision: str) -> None:
        self._table.forget(revision)
        self._known = tuple(entry for entry in self._known or () if entry.revision != revision)

    def _begin(self, step: Step, source: Callable[[], str]) -> None:
        if not self._is_listening:
            self._is_listening = True
            event.listen(self._connection, "before_cursor_execute", self._before)
            event.listen(self._connection, "after_cursor_execute", self._after)
        if not self._ddl_rolls_back:
            self._create()  # now: in the middle of the revision it would commit what is open
        self._source, self._source_now = source, None
        self._noted, self._running = [], None
        of_revision = [entry for entry in self._entries() if entry.revision == step.revision]
        entries = [entry for entry in of_revision if entry.direction == step.direction.value]
        self._replay = Replay(entries, source=self._digest_of_file() if entries else "")
        self._has_rows = bool(of_revision)
        self._last = max((entry.number for entry in entries), default=0)
        if entries:
            emit(
                "step.resuming",
                revision=step.revision,
                direction=step.direction.value,
                statements=len(entries),
                interrupted_at=entries[-1].recorded_at,
            )
        self._step = step

    def _entries(self) -> tuple[JournalEntry, ...]:
        """Return what the table holds, asking once."""
        if self._is_there is None:
            self._is_there = (
                self._table_exists() if self._known is None and not self._is_listening else self._table.exists()
            )
        if self._known is None:
            self._known = self._table.entries() if self._is_there else ()
        return self._known

    def _digest_of_file(self) -> str:
        if self._source_now is None:
            self._source_now = self._source()
        return self._source_now

    def _finish(self, step: Step) -> None:
        """Forget the revision, in the transaction that records it."""
        self._step = None
        self._replay.finish()
        if self._has_rows:
            self._forget(step.revision)

    def holds(self, number: int) -> bool:
        """Tell whether the table has the entry that was written last before a COMMIT that nobody answered."""
        if not number or self._step is None:
            return True  # nothing was to be committed
        step, self._step = self._step, None  # what follows is our own
        try:
            self._is_there = self._known = None  # it may have been made in the very transaction
            entries = [entry for entry in self._entries() if entry.revision == step.revision]
        finally:
            self._step = step
        self._has_rows = bool(entries)
        return any(entry.number == number and entry.direction == step.direction.value for entry in entries)

    # -- commits -------------------------------------------------------------------------------------------

    def before_commit(self) -> int:
        """Write down what ran in the open transaction, which somebody is about to commit; return the last number."""
        if self._step is None or not self._noted:
            return 0
        self._create()
        written, self._noted = [self._dated(entry) for entry in self._noted], []
        self._table.add(written)
        self._has_rows = True
        return written[-1].number

    @contextmanager
    def outside(self) -> Iterator[None]:
        """The block runs in autocommit."""
        self._outside = True
        try:
            yield
        except BaseException as error:
            self._settle_running(error)
            raise
        finally:
            self._settle_running(None)
            self._outside = False

    def _create(self) -> None:
        if not self._is_there:
            self._table.create()
            self._is_there = True

    # -- statements ----------------------------------------------------------------------------------------

    def _before(self, _c: object, _cursor: object, sql: str, parameters: Any, context: Any, _many: bool) -> None:
        if self._step is None or self._busy:
            return
        self._settle_running(None)
        effect = effect_of(sql, is_operation=bool(context and context.execution_options.get("runner_operation")))
        if effect is StatementEffect.COMMITS:
            self.before_commit()
        if effect is not StatementEffect.WRITES:
            return
        self._busy = True
        try:
            self._about_to_write(sql, parameters, context)
        finally:
            self._busy = False

    def _about_to_write(self, sql: str, parameters: Any, context: Any) -> None:
        digest = statement_digest(sql, parameters)
        decision = self._replay.decide(digest)
        if decision.what is What.EXAMINE:
            decision = self._examined(decision, sql)
        if decision.what is What.SKIP and decision.entry is not None:
            refuse_unknown_rows(decision.entry, context)
            self._skipped.skip(context, decision.entry)
            return
        self._indexes.before(sql, revision=self._revision)
        entry = self._entry(decision.entry, digest, sql)
        if self._is_outside(sql):
            self._write_started(entry, is_new=decision.entry is None)
        self._running = entry

    def _entry(self, before: JournalEntry | None, digest: str, sql: str) -> JournalEntry:
        assert self._step is not None  # statements are watched in a revision only
        if before is None:
            self._last += 1
        return JournalEntry(
            revision=self._revision,
            direction=self._step.direction.value,
            number=self._last if before is None else before.number,
            outcome=Outcome.STARTED,
            digest=digest,
            row_count=-1,
            source="",  # found out when it is written
            statement=one_line_of(sql),
            recorded_at="",
        )

    @property
    def _revision(self) -> str:
        assert self._step is not None  # statements are watched in a revision only
        return self._step.revision

    def _is_outside(self, sql: str) -> bool:
        """Tell whether the statement commits by itself."""
        if self._outside or getattr(self._connection.connection.dbapi_connection, "autocommit", None) is True:
            return True
        return not self._ddl_rolls_back and not one_line_of(sql).upper().startswith(_IN_TRANSACTION)

    def _write_started(self, entry: JournalEntry, *, is_new: bool) -> None:
        self._create()
        self.before_commit()  # where DDL commits, it commits this too
        if is_new:
            self._table.add([self._dated(entry)])
        else:
            self._table.replace(self._dated(entry))
        self._has_rows = True

    def _dated(self, entry: JournalEntry) -> JournalEntry:
        now = self._clock.now().isoformat(timespec="milliseconds")
        return replace(entry, source=self._digest_of_file(), recorded_at=now)

    def _after(self, _c: object, cursor: Any, sql: str, _p: object, context: Any, _many: bool) -> None:
        if self._step is None or self._busy or self._skipped.was_skipped(context):
            return
        entry, self._running = self._running, None
        if entry is None:
            return
        self._busy = True
        try:
            rows = getattr(cursor, "rowcount", -1)
            entry = replace(entry, row_count=rows if isinstance(rows, int) else -1)
            if self._is_outside(sql):
                self._table.replace(self._dated(replace(entry, outcome=Outcome.DONE)))
                self._commit_mark()
            else:
                self._note(replace(entry, outcome=Outcome.COMMITTED))
            self._indexes.after(revision=self._revision)
        finally:
            self._busy = False

    def _note(self, entry: JournalEntry) -> None:
        """Remember a statement until somebody commits; a loop over very many gives up resuming, not the memory."""
        if len(self._noted) < _MOST_NOTED:
            self._noted.append(replace(entry, statement=entry.statement[:_NOTED_LENGTH]))
        elif len(self._noted) == _MOST_NOTED:
            many = "(more statements in one transaction than the journal takes)"
            self._noted.append(replace(entry, outcome=Outcome.STARTED, digest="", statement=many))

    def _commit_mark(self) -> None:
        """Where DDL has committed, a transaction of the server's own making holds nothing but our mark."""
        if not self._outside and not self._ddl_rolls_back:
            self._connection.connection.commit()

    def _settle_running(self, error: BaseException | None) -> None:
        """Note that the statement which was running has failed, if the server said so."""
        entry, self._running = self._running, None
        if entry is None or self._connection.invalidated or not self._is_outside(entry.statement):
            return
        if error is None or _was_refused(error):
            self._table.replace(self._dated(replace(entry, outcome=Outcome.FAILED)))
            self._commit_mark()

    def _examined(self, decision: Decision, sql: str) -> Decision:
        """Find out what became of a statement that started, and clean up after it."""
        entry = decision.entry
        assert entry is not None  # nothing new is examined
        found = examine(self._connection, sql)
        verdict = found.verdict
        if verdict is Verdict.UNKNOWN and entry.outcome is Outcome.FAILED and not _may_commit_inside(sql):
            verdict = Verdict.REDO  # the server refused it, and one statement is refused as a whole
        emit(
            "statement.examined",
            revision=entry.revision,
            statement_number=entry.number,
            statement=entry.statement[:200],
            verdict=verdict.value,
            reason=found.reason,
        )
        if verdict is Verdict.UNKNOWN:
            raise resume_needed(entry, found.reason)
        for statement in found.first:
            self._indexes.execute(statement)
        if verdict is Verdict.REDO:
            return Decision(what=What.EXECUTE, entry=entry)
        self._table.replace(self._dated(replace(entry, outcome=Outcome.DONE)))
        return Decision(what=What.SKIP, entry=entry)


def make_journal(
    connection: Connection,
    *,
    version_table: str,
    schema: str | None,
    is_known_to_exist: Callable[[], bool | None],
    ddl_rolls_back: bool,
    clock: Clock,
) -> StatementJournal:
    """Return the journal beside a version table.

    Args:
        connection: the one that runs the revisions.
        version_table: its name.
        schema: its schema.
        is_known_to_exist: whether the journal's table is there, None where that has not been asked.
        ddl_rolls_back: DDL is part of transactions.
        clock: dates the entries.
    """
    table = JournalTable(connection, version_table=version_table, schema=schema)

    def exists() -> bool:
        known = is_known_to_exist()
        return table.exists() if known is None else known

    return StatementJournal(connection, table=table, table_exists=exists, ddl_rolls_back=ddl_rolls_back, clock=clock)


_IN_TRANSACTION = ("INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT", "WITH", "CALL", "DO", "LOAD DATA", "VALUES")
"""How statements begin that MySQL runs inside the open transaction."""


_MOST_NOTED = 20_000
_NOTED_LENGTH = 300


def _was_refused(error: BaseException) -> bool:
    """Tell whether an error is the server's answer to the statement, itself or what it was made of."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, exc.DBAPIError):
            return not seen.connection_invalidated
        seen = seen.__cause__ or seen.__context__
    return False


def _may_commit_inside(sql: str) -> bool:
    return one_line_of(sql).upper().startswith(("CALL", "DO"))

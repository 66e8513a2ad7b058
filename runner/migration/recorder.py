"""Writes the history while a run goes on: floor 5.

A step that succeeds is recorded in its own transaction, right after its version row, so that both are there or
neither. A step that fails is recorded after its rollback, on the same session; that is best effort. Where the history
cannot be written, an event says so and the run goes on: it must never be the reason why a migration fails.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import exc

from runner.database.edited import find_edited, refuse_edited
from runner.database.failures import one_line
from runner.database.history import HistoryTable
from runner.database.history_entry import HistoryEntry, Outcome, RunFacts, row_id
from runner.database.write_lock import begin_write
from runner.events import emit
from runner.graph import Direction
from runner.migration.policy import EditedPolicy
from runner.revisions.digest import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy.engine import Connection

    from runner.clock import Clock
    from runner.database.edited import Edited
    from runner.graph import Step
    from runner.migration.ledger import FailedStep, StepLedger
    from runner.migration.version_table import VersionTable
    from runner.revisions.digest import SourceDigest
    from runner.revisions.directory import ScriptDirectory

__all__ = ["HistoryRecorder"]

_FAILURE_WAIT_SECONDS = 1.0  # for SQLite's write lock: a failure is not worth more waiting


class HistoryRecorder:
    """Records the steps of one migration context.

    Args:
        table: the history.
        connection: the run's session.
        ledger: knows how long a step takes, how often it was tried, and which failed.
        script: the revision directory.
        make_facts: returns what is the same for all rows; called once, for the first of them.
        clock: for the time of a row.
        version_table: the version table's name.
        ddl_rolls_back: whether creating the table is part of the transaction.
        writes_in_with: whether a statement may change one table in its WITH clause, and another one.
    """

    def __init__(
        self,
        table: HistoryTable,
        *,
        connection: Connection,
        ledger: StepLedger,
        script: ScriptDirectory | None,
        make_facts: Callable[[], RunFacts],
        clock: Clock,
        version_table: str,
        ddl_rolls_back: bool,
        writes_in_with: bool,
    ) -> None:
        self.table = table
        self._connection = connection
        self._ledger = ledger
        self._script = script
        self._make_facts = make_facts
        self._clock = clock
        self._version_table = version_table
        self._ddl_rolls_back = ddl_rolls_back
        self._writes_in_with = writes_in_with
        self._is_there = False
        self._is_proved = False  # a row could be written
        self._given_up = False
        self._warned: set[str] = set()
        self._number = 0
        self._tried: Counter[tuple[str, Direction]] = Counter()
        self._started_at: dict[tuple[str, Direction], datetime] = {}

    @cached_property
    def _facts(self) -> RunFacts:
        return self._make_facts()

    def exists(self) -> bool:
        """Tell whether there is a history to read."""
        self._is_there = self._is_there or self.table.exists(self._connection)
        return self._is_there

    def started(self, step: Step) -> None:
        """Note that a step begins, in its transaction, and create the table with the first of them."""
        key = (step.revision, step.direction)
        self._tried[key] += 1
        self._started_at[key] = self._clock.now()
        if self._tried[key] > 1:  # a rollback may have taken the table along
            self._is_there = self._is_proved = False
        if not self._given_up and not self._is_proved:
            self._ensure_table()

    def succeeded(self, step: Step, rows: VersionTable) -> None:
        """Change the version rows of a step that ran, and record it, in its transaction.

        From the second step on both are one statement where the database has one for them: a round trip less.

        Raises:
            VersionRowMismatch: the version rows are not what the step expects.
        """
        ledger = self._ledger
        ledger.failures = [one for one in ledger.failures if one.step.revision != step.revision]  # earlier attempts
        update = rows.as_update(step.row_changes) if self._writes_in_with and self._is_proved else None
        if update is None or self._given_up:
            rows.apply(step.row_changes)
        if self._given_up:
            return
        outcome = Outcome.STAMPED if step.direction is Direction.STAMP else Outcome.APPLIED
        entry = self._entry(step, outcome, duration_seconds=self._ledger.running_seconds)
        if update is None:
            self._add(entry)
            return
        changed = self.table.add_with(self._connection, entry, *update)
        rows.require_one(changed, f"update {update[1]['old']} to {update[1]['new']}")

    def heed_edited(self, heads: tuple[str, ...], policy: EditedPolicy) -> None:
        """Find the applied revisions that were edited since, and warn, fail or remember what they say now.

        Raises:
            EditedRevision: there are some and the policy is to fail.
        """
        edited = self._find_edited(heads)
        if policy is EditedPolicy.FAIL:
            refuse_edited(edited)
        for one in edited:
            if policy is EditedPolicy.ACCEPT:
                self.accepted(one.revision, one.digest, heads)
                emit("revision.edit_accepted", revision=one.revision, path=one.path)
            elif one.revision not in self._warned:
                self._warned.add(one.revision)
                emit("revision.edited", level="warning", revision=one.revision, path=one.path)

    def _find_edited(self, heads: tuple[str, ...]) -> tuple[Edited, ...]:
        if self._script is None or self._given_up or not self.exists():
            return ()
        try:
            # In a savepoint: a table that is not as expected must not break the transaction of the first step.
            with self._connection.begin_nested():
                applied = self.table.digests(self._connection)
        except exc.DBAPIError as error:
            self._give_up(error)
            return ()
        return find_edited(self._script, heads, applied)

    def accepted(self, revision: str, digest: SourceDigest, heads: tuple[str, ...]) -> None:
        """Record what an edited file says now, so that it counts as what was applied."""
        self._ensure_table()
        if self._given_up:
            return
        self._add(
            HistoryEntry(
                id=self._next_id(),
                version_table=self._version_table,
                revision=revision,
                message=self._message(revision),
                direction=Direction.UPGRADE.value,
                outcome=Outcome.ACCEPTED,
                started_at=self._clock.now(),
                duration_seconds=0.0,
                heads_after=heads,
                source_digest=digest.source,
                syntax_digest=digest.syntax,
                facts=self._facts,
                **self._ancestry(revision),
            )
        )

    def record_failures(self) -> None:
        """Record what failed, after its rollback; used where no transaction is open that is not ours."""
        # Of several attempts the last one counts.
        failures = {(one.step.revision, one.step.direction): one for one in self._ledger.failures}.values()
        self._ledger.failures = []
        if self._given_up or not failures:
            return
        connection = self._connection
        if connection.closed or connection.invalidated or connection.in_transaction():
            reason = "the transaction is not the runner's" if _is_usable(connection) else "the session has ended"
            _tell_unrecorded(failures, reason)
            return
        try:
            self._write_failures(failures)
        except Exception as error:  # noqa: BLE001 -- the failure itself is what must reach the operator
            _tell_unrecorded(failures, one_line(getattr(error, "orig", None) or error))
            if _is_usable(connection) and connection.in_transaction():
                connection.rollback()

    # -- pieces ------------------------------------------------------------------------------------------

    def _write_failures(self, failures: Iterable[FailedStep]) -> None:
        self._connection.rollback()  # after a commit that failed SQLAlchemy wants to be told that it is over
        begin_write(self._connection, clock=self._clock, wait_seconds=_FAILURE_WAIT_SECONDS)
        self._is_there = self._is_proved = False  # what the failed step had created may have gone with it
        self._ensure_table()
        for failed in failures:
            outcome = Outcome.FAILED if failed.was_running else Outcome.ROLLED_BACK
            entry = self._entry(failed.step, outcome, duration_seconds=failed.duration_seconds, code=failed.error_code)
            if not self._given_up:
                self._add(entry)
        self._connection.commit()

    def _ensure_table(self) -> None:
        if self.exists():
            return
        try:
            if self._ddl_rolls_back:
                with self._connection.begin_nested():
                    self.table.create(self._connection)
            else:
                self.table.create(self._connection)
        except exc.DBAPIError as error:
            _require_session(error)
            if not self.exists():  # nobody else was faster
                self._give_up(error)
                return
        self._is_there = True

    def _add(self, entry: HistoryEntry) -> None:
        if self._is_proved:
            self.table.add(self._connection, entry)
            return
        try:
            # The first row shows whether the table is as expected and may be written, and must not break the step.
            with self._connection.begin_nested():
                self.table.add(self._connection, entry)
        except exc.DBAPIError as error:
            self._give_up(error)
        else:
            self._is_proved = True

    def _give_up(self, error: exc.DBAPIError) -> None:
        _require_session(error)
        self._given_up = True
        emit("history.unavailable", level="warning", reason=one_line(error.orig or error))

    def _entry(self, step: Step, outcome: str, *, duration_seconds: float, code: str | None = None) -> HistoryEntry:
        key = (step.revision, step.direction)
        digest = self.digest(step.revision)
        ancestry = self._ancestry(step.revision, of_stamp=step.direction is Direction.STAMP)
        return HistoryEntry(
            id=self._next_id(),
            version_table=self._version_table,
            revision=step.revision,
            message=self._message(step.revision),
            direction=step.direction.value,
            outcome=outcome,
            error_code=code,
            attempts=max(self._tried[key], 1),
            started_at=self._started_at.get(key) or self._clock.now(),
            duration_seconds=duration_seconds,
            heads_after=step.heads_after if code is None else None,
            source_digest=digest.source if digest else None,
            syntax_digest=digest.syntax if digest else None,
            facts=self._facts,
            **ancestry,
        )

    def _next_id(self) -> str:
        self._number += 1
        return row_id(self._clock.now(), self._number)

    def digest(self, revision: str) -> SourceDigest | None:
        """Return the digests of a revision's file as it is now; None where it has no readable source."""
        if self._script is None or revision not in self._script.graph:
            return None
        script = self._script.get_revision(revision)
        return file_digest(script.path) if script is not None else None

    def _message(self, revision: str) -> str:
        if self._script is None or revision not in self._script.graph:
            return ""
        script = self._script.get_revision(revision)
        return (script.doc if script is not None else None) or ""

    def _ancestry(self, revision: str, *, of_stamp: bool = False) -> dict[str, Any]:
        if self._script is None or revision not in self._script.graph:
            return {}
        graph = self._script.graph
        found: dict[str, Any] = {"down_revisions": graph.parents(revision), "depends_on": graph.dependencies(revision)}
        if of_stamp:  # what lies below was applied before there was a history, or never by a runner
            found["ancestors"] = tuple(sorted(graph.ancestors([revision]) - {revision}))
        return found


def file_digest(path: str) -> SourceDigest | None:
    """Return the digests of a source file; None for one that is compiled, missing or unreadable."""
    if not path.endswith(".py"):
        return None
    try:
        with open(path, "rb") as file:
            return digest_of(file.read())
    except OSError:
        return None


def _is_usable(connection: Connection) -> bool:
    return not connection.closed and not connection.invalidated


def _require_session(error: exc.DBAPIError) -> None:
    """Raise the error if it is the end of the session: that is the step's failure, not the history's."""
    if error.connection_invalidated:
        raise error


def _tell_unrecorded(failures: Iterable[FailedStep], reason: str) -> None:
    for failed in failures:
        emit("history.unrecorded", level="warning", revision=failed.step.revision, reason=reason)

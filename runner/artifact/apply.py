"""Apply a bundle without its database's client: floor of the artifact.

The statements are those of the files, the guards among them; nothing is rendered or decided anew. What a job adds is
its lock with waiting, its events, and another attempt where a lock on a table was not granted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from runner.artifact.conditions import Conditions
from runner.artifact.reading import StoredBundle, StoredPhase, StoredStatement
from runner.artifact.verify import noted_statements, version_rows
from runner.clock import Clock
from runner.database.cancel import cancel_for_connection
from runner.database.failures import is_lost, one_line, sqlstate_of, statement_error
from runner.database.journal_table import JOURNAL_TABLE
from runner.database.lock import LockKey, acquire, advisory_lock_for
from runner.database.pooler import session_facts
from runner.errors import ArtifactNotApplied, LockTimeout, RunnerError, StatementFailed
from runner.events import emit
from runner.interrupts import RunningStatement, interrupts

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, CursorResult

__all__ = ["AppliedBundle", "AppliedRevision", "ApplyOptions", "apply_bundle"]

_TRY_AGAIN = ("55P03", "40P01")  # a lock was not granted in time; a deadlock was lost
_AT_WORK = "RR004"
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """The operator's choices.

    Args:
        direction: upgrade or downgrade.
        lock_wait_seconds: how long to wait for another runner.
        lock_retry_seconds: for how long a file starts again that could not lock a table.
        clock: for waiting and durations.
    """

    direction: str
    lock_wait_seconds: float
    lock_retry_seconds: float
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedRevision:
    """A revision whose version rows a file changed."""

    revision: str
    duration_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedBundle:
    """What an application did.

    Args:
        start, end: the version rows before and after, sorted.
        applied: the revisions, in order.
    """

    start: tuple[str, ...]
    end: tuple[str, ...]
    applied: tuple[AppliedRevision, ...]


def apply_bundle(bundle: StoredBundle, connection: Connection, options: ApplyOptions) -> AppliedBundle:
    """Apply the files that are still to be applied, in order.

    Args:
        bundle: whose files were found to be those that were written.
        connection: in autocommit; the files have their own transactions.
        options: see there.

    Raises:
        ArtifactNotApplied: a guard refused, the bundle does not fit the database, or a revision has to be run online.
        LockTimeout: another runner is at work.
        StatementFailed: the server rejected a statement; nothing of its file stays, if it is a transactional one.
    """
    phases = bundle.phases(options.direction)
    if not phases:
        raise ArtifactNotApplied(
            f"The artifact in {bundle.directory} has no {options.direction} files.", bundle=bundle.id
        )
    return _Application(bundle, connection, options, phases).run()


@dataclass(slots=True)
class _Application:
    """One application on one connection."""

    bundle: StoredBundle
    connection: Connection
    options: ApplyOptions
    phases: Sequence[StoredPhase]
    applied: list[AppliedRevision] = field(default_factory=list)
    started: dict[str, float] = field(default_factory=dict)

    def run(self) -> AppliedBundle:
        start = version_rows(self.bundle, self.connection)
        if start == self.phases[-1].rows_after and not self._noted():
            emit("plan.computed", steps_total=0, **_ends(start, start))
            return AppliedBundle(start=start, end=start, applied=())
        lock = self._take_lock()
        try:
            start = version_rows(self.bundle, self.connection)
            todo = self._todo(start)
            planned = {one for phase in todo for one in phase.revisions}
            emit("plan.computed", steps_total=len(planned), **_ends(start, self.phases[-1].rows_after))
            for phase in todo:
                self._phase(phase)
        finally:
            if lock is not None:
                released = lock.release()
                emit("lock.released", confirmed=released.name == "CONFIRMED")
        end = version_rows(self.bundle, self.connection)
        return AppliedBundle(start=start, end=end, applied=tuple(self.applied))

    # -- what is to be done --------------------------------------------------------------------------------

    def _noted(self) -> dict[str, int]:
        return noted_statements(self.bundle, self.connection, self.options.direction)

    def _take_lock(self) -> Any:
        """Take the lock of the session; behind a pooler each file takes its own only."""
        _name, schema = self.bundle.version_table
        facts = session_facts(self.connection, table=JOURNAL_TABLE, schema=schema)
        if facts.is_pooled:
            emit("pooler.detected", driver_pid=facts.driver_pid, backend_pid=facts.backend_pid)
            return None
        told = self.bundle.manifest["lock"]
        lock = advisory_lock_for(self.connection, LockKey(tool=told["tool"], target=told["target"]))
        if lock is not None:
            acquire(lock, clock=self.options.clock, wait_seconds=self.options.lock_wait_seconds)
        return lock

    def _todo(self, rows: tuple[str, ...]) -> Sequence[StoredPhase]:
        """Return the files from the first that fits the version rows and the journal."""
        noted = self._noted()
        number = _first_to_apply(self.phases, rows, noted)
        if number is not None:
            return self.phases[number:]
        if rows == self.phases[-1].rows_after and not noted:
            return ()
        shown = ", ".join(rows) or "none (base)"
        begun = f", and the journal has revision {', '.join(sorted(noted))} as begun" if noted else ""
        wanted = ", ".join(self.phases[0].rows_before) or "none (base)"
        raise ArtifactNotApplied(
            f"The version rows are {shown}{begun}. No file of the artifact begins there; it starts from {wanted}. "
            "Nothing was changed.",
            bundle=self.bundle.id,
            rows=list(rows),
        )

    # -- one file ------------------------------------------------------------------------------------------

    def _phase(self, phase: StoredPhase) -> None:
        if phase.kind == "online":
            raise ArtifactNotApplied(
                f"Revision {phase.revisions[0]} has to be run online here: follow {phase.path}, then apply the "
                "artifact again. What was reported as finished is committed.",
                bundle=self.bundle.id,
                revision=phase.revisions[0],
            )
        statements = self.bundle.statements(phase)
        clock, started, pause = self.options.clock, self.options.clock.monotonic(), _FIRST_PAUSE_SECONDS
        attempt = 1
        while True:
            try:
                self._statements(phase, statements)
                break
            except _Refused as refused:
                waited = clock.monotonic() - started
                if not refused.may_try_again(phase, self.options, waited):
                    self._failed(refused.error)
                    raise refused.error from refused.__cause__
            attempt += 1
            self._retrying(attempt, pause)
            clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        self._finished(phase)

    def _statements(self, phase: StoredPhase, statements: Sequence[StoredStatement]) -> None:
        conditions = Conditions()
        refused: DBAPIError | None = None  # and to be noted by the statements that follow
        for statement in statements:
            if not conditions.takes(statement):
                continue
            if refused is None:
                interrupts.check()
            if statement.begins is not None:
                self._begin(statement.begins)
            try:
                self._take(statement, conditions)
            except DBAPIError as error:
                if not conditions.stops_at_errors and not is_lost(error):
                    refused = error
                    conditions.executed(failed=True)
                    continue
                if not is_lost(error):
                    self._roll_back(phase)
                interrupts.check()  # a statement that a signal cancelled
                raise self._refused(phase, refused or error) from error

    def _take(self, statement: StoredStatement, conditions: Conditions) -> None:
        """Execute a statement, and do with its rows what its command says."""
        result = self._execute(statement.sql)
        conditions.executed(failed=False)
        if statement.command == "gset":
            conditions.set_all(dict(result.mappings().one()))
        elif statement.command == "gexec":
            for sql in result.scalars().all():
                self._execute(sql)

    def _execute(self, sql: str) -> CursorResult[Any]:
        """Execute one statement; a signal cancels it, except for a COMMIT."""
        options = {"no_parameters": True}
        if sql.upper() == "COMMIT":
            with interrupts.deferred():
                return self.connection.exec_driver_sql(sql, execution_options=options)
        running = RunningStatement(cancel_for_connection(self.connection))
        interrupts.begin(running)
        try:
            return self.connection.exec_driver_sql(sql, execution_options=options)
        finally:
            interrupts.end(running)

    def _roll_back(self, phase: StoredPhase) -> None:
        """End the transaction that the file began, or give back the lock that it took beside ours."""
        told = self.bundle.manifest["lock"]
        release = f"SELECT pg_advisory_unlock({told['tool']}, {told['target']})"
        kind = phase.kind == "transactional"
        self.connection.exec_driver_sql("ROLLBACK" if kind else release)

    def _refused(self, phase: StoredPhase, error: DBAPIError) -> _Refused:
        state = sqlstate_of(error) or ""
        detail = one_line(error.orig or error)
        revision = next(reversed(self.started), None)
        if state.startswith("RR"):
            kind: type[RunnerError] = LockTimeout if state == _AT_WORK else ArtifactNotApplied
            return _Refused(kind(f"{phase.path}: {detail}.", guard=state, file=phase.path), state)
        if is_lost(error):
            return _Refused(statement_error(error, doing=f"apply {phase.path}"), state)
        stays = (
            "Nothing of the file remains."
            if phase.kind == "transactional"
            else f"What ran before it stays, and {JOURNAL_TABLE} has it. Apply it again, or run `runner upgrade`."
        )
        named = f", revision {revision}" if revision else ""
        failed = StatementFailed(f"{phase.path}{named}: {detail}. {stays}", revision=revision, sqlstate=state or None)
        return _Refused(failed, state)

    # -- events --------------------------------------------------------------------------------------------

    def _begin(self, revision: str) -> None:
        if revision in self.started:
            return
        self.started[revision] = self.options.clock.monotonic()
        names = list(self.bundle.revisions()) if self.options.direction == "upgrade" else None
        told = self.bundle.revisions()[revision]
        emit(
            "step.started",
            **self._keys(revision),
            message=told["message"],
            step_index=(names.index(revision) if names else len(self.applied) + len(self.started) - 1) + 1,
            steps_total=len(self.bundle.revisions()),
        )

    def _keys(self, revision: str) -> dict[str, Any]:
        below, itself = list(self.bundle.revisions()[revision]["down_revisions"]), [revision]
        ends = (below, itself) if self.options.direction == "upgrade" else (itself, below)
        return {"revision": revision, "direction": self.options.direction, "from": ends[0], "to": ends[1]}

    def _finished(self, phase: StoredPhase) -> None:
        """Report the revisions whose last file this was, now that it is committed."""
        later = {one for other in self.phases[self.phases.index(phase) + 1 :] for one in other.revisions}
        now = self.options.clock.monotonic()
        ended = [one for one in phase.revisions if one not in later]
        following_ones: list[str | None] = [*ended[1:], None]
        for revision, following in zip(ended, following_ones[: len(ended)], strict=True):
            started = self.started.pop(revision, now)
            until = self.started.get(following, now) if following is not None else now
            seconds = round(until - started, 3)
            emit("step.finished", **self._keys(revision), duration_seconds=seconds)
            self.applied.append(AppliedRevision(revision=revision, duration_seconds=seconds))

    def _retrying(self, attempt: int, pause: float) -> None:
        for revision in self.started:
            emit("step.retrying", level="warning", **self._keys(revision), attempt=attempt, pause_seconds=pause)
        self.started.clear()

    def _failed(self, error: RunnerError) -> None:
        for revision in self.started:
            emit("step.failed", level="error", **self._keys(revision), error_code=error.code)
        self.started.clear()


class _Refused(Exception):
    """A statement of a file was refused.

    Args:
        error: what to raise.
        state: the SQLSTATE.
    """

    def __init__(self, error: RunnerError, state: str) -> None:
        super().__init__(error.message)
        self.error = error
        self.state = state

    def may_try_again(self, phase: StoredPhase, options: ApplyOptions, waited: float) -> bool:
        """Tell whether the whole file may start again: it is one transaction, and nothing of it is left."""
        if phase.kind != "transactional":
            return False
        if self.state == _AT_WORK:
            return waited < options.lock_wait_seconds
        return self.state in _TRY_AGAIN and waited < options.lock_retry_seconds


def _first_to_apply(phases: Sequence[StoredPhase], rows: tuple[str, ...], noted: Mapping[str, int]) -> int | None:
    """Return the number of the first file that fits the version rows and the journal, or that stopped in its middle."""
    fitting = [(number, phase, noted.get(phase.revisions[0], 0)) for number, phase in enumerate(phases)]
    fitting = [one for one in fitting if one[1].rows_before == rows]
    exact = (number for number, phase, done in fitting if phase.statements_before == done)
    halfway = (
        number
        for number, phase, done in reversed(fitting)
        if phase.kind == "non_transactional" and phase.statements_before < done
    )
    return next(exact, next(halfway, None))


def _ends(start: tuple[str, ...], end: tuple[str, ...]) -> dict[str, Any]:
    return {"from": list(start), "to": list(end)}

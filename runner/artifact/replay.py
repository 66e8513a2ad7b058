"""Run a plan offline and keep every statement as a value: the environment that records.

It is the offline mode of `upgrade --sql` with another sink: env.py, revisions and dialects do what they always do, and
the statements are made at the same place as for an online run.
"""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy.schema import CreateTable

from runner.artifact.checks import fault_of
from runner.artifact.connections import OWN_CONNECTION, noting_connections
from runner.artifact.recording import Note, Obstacle, RecordedRevision, RecordedStatement, Recording, Role
from runner.config import Config
from runner.dialects.offline import Question, asking_line, noting_questions
from runner.dialects.statement import OfflineSink, Statement, sent_online
from runner.dialects.statement_kind import StatementKind, statement_kind
from runner.errors import OfflineUnsupported, OperationError, RevisionFailed, RunnerError
from runner.graph import Direction, Step
from runner.graph.plan import taken_back
from runner.migration.context import MigrationContext
from runner.migration.environment import EnvironmentContext
from runner.migration.recorder import file_digest
from runner.migration.revision_call import call_revision, load_revisions, revision_limits
from runner.revisions.directory import ScriptDirectory

if TYPE_CHECKING:
    from runner.revisions.digest import SourceDigest
    from runner.revisions.directory import Script

__all__ = ["RecordingContext", "RecordingEnvironment", "choose_upgrade", "record"]

Choose = Callable[[tuple[str, ...], Any], Sequence[Step]]
"""Given the heads and the context, return the steps."""


def record(
    script: ScriptDirectory,
    *,
    dialect_name: str,
    start: Sequence[str] = (),
    target: str = "heads",
    direction: Direction = Direction.UPGRADE,
    version_table: str = "alembic_version",
    version_table_schema: str | None = None,
) -> Recording:
    """Return what the built-in environment would send; env.py is not run.

    Args:
        script: the revision directory.
        dialect_name: SQLAlchemy's name of the database.
        start: the version rows before the upgrade; a downgrade leads back to them.
        target: what the upgrade leads to.
        direction: the upgrade, or the way back from it.
        version_table, version_table_schema: where the version rows are.
    """
    environment = RecordingEnvironment(
        Config(), script, fn=choose_upgrade(script, target), as_sql=True, starts=[tuple(start)], direction=direction
    )
    with environment:
        environment.configure(
            dialect_name=dialect_name,
            dialect_opts={"paramstyle": "named"},
            version_table=version_table,
            version_table_schema=version_table_schema,
        )
        environment.run_migrations()
    (recording,) = environment.recordings()
    return recording


def choose_upgrade(script: ScriptDirectory, target: str) -> Choose:
    """Return what chooses the steps of an upgrade."""
    return lambda heads, _context: script._upgrade_revs(target, heads)  # noqa: SLF001  # Alembic's name


class RecordingEnvironment(EnvironmentContext):
    """An environment in offline mode whose contexts record instead of writing.

    Options beside those of any environment: `fn` chooses the steps of an upgrade; `direction` says whether they or the
    way back from them is recorded; `starts` has the version rows before the upgrade, for each database in the order in
    which env.py configures them, the last one also for those that follow; `digests` keeps what was found out about
    files, for the next recording of the same directory.
    """

    context_class: ClassVar[type[MigrationContext]]  # set below, where the class is defined

    def recordings(self) -> tuple[Recording, ...]:
        """Return what was recorded for each database that env.py configured and ran, in that order."""
        found = [one.recording() for one in self._contexts if isinstance(one, RecordingContext) and one.has_run]
        return tuple(_named(found))

    def is_offline_mode(self) -> bool:
        """Tell that SQL is written, and note which revision wanted to know."""
        context = self._migration_context
        if isinstance(context, RecordingContext):
            context.note_offline_question()
        return super().is_offline_mode()

    def start_of(self, number: int) -> tuple[str, ...] | None:
        """Return the version rows of the database that is configured as the given one, None where nobody said."""
        starts: Sequence[tuple[str, ...]] = self.context_opts.get("starts") or ()
        if not starts:
            return None
        return starts[min(number, len(starts) - 1)]

    @property
    def configured(self) -> int:
        """Return how many contexts were configured before the one that is being made."""
        return len(self._contexts)


class RecordingContext(MigrationContext):
    """A migration context in offline mode that keeps what would be written.

    Attributes:
        has_run: run_migrations() was called.
    """

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.has_run = False
        self._keyword_name = ""
        self._in_autocommit = False
        self._current: _Current | None = None
        self._before: list[RecordedStatement] = []
        self._after: list[RecordedStatement] = []
        self._revisions: list[RecordedRevision] = []
        self._notes: list[Note] = []
        self._start: tuple[str, ...] = ()
        self._end: tuple[str, ...] = ()
        self._direction: Direction = self.opts.get("direction", Direction.UPGRADE)
        self._paths: dict[str, str] = {}
        environment = self.environment_context
        if isinstance(environment, RecordingEnvironment):
            start = environment.start_of(environment.configured)
            if start is not None:
                self.opts["starting_rev"] = start
        self._base = self.impl._script  # noqa: SLF001  # the sink it would write with
        self.impl._script = RecordingSink(self._base, self._take)  # type: ignore[assignment]  # noqa: SLF001

    # -- what is written ---------------------------------------------------------------------------------

    @property
    def _list(self) -> list[RecordedStatement]:
        if self._current is not None:
            return self._current.statements
        return self._after if self.has_run else self._before

    def _take(self, statement: Statement | None, online: Statement | None, sql: str, script: str) -> None:
        """Keep one statement, or a text where there is none."""
        role = Role.TEXT if statement is None else Role.OPERATION
        if self._current is not None and self._current.is_version_row:
            role = Role.VERSION_ROW
        file, line = self._asked_at() if role is not Role.VERSION_ROW else ("", 0)
        self._list.append(
            RecordedStatement(
                sql=sql,
                script=script,
                construct=None if statement is None else statement.construct,
                parameters=None if statement is None else statement.parameters,
                online=online,
                is_operation=statement is None or statement.execution_options.get("runner_operation", True),
                transactional=not self._in_autocommit,
                kind=StatementKind.OTHER if role is Role.TEXT and sql.startswith("--") else statement_kind(sql),
                role=role,
                file=file,
                line=line,
            )
        )

    def _asked_at(self) -> tuple[str, int]:
        file, line = asking_line()
        return (self._relative(file), line) if line else ("", 0)

    def _relative(self, path: str) -> str:
        """Return a path below the revision directory as seen from there; of any other only its last part."""
        if path not in self._paths:
            self._paths[path] = _relative(path, self.script)
        return self._paths[path]

    @contextmanager
    def _offline_transaction(self) -> Iterator[None]:
        yield  # whoever writes the files frames their transactions

    @contextmanager
    def autocommit_block(self) -> Iterator[None]:
        """Note that the block's statements are not to be in a transaction."""
        before, self._in_autocommit = self._in_autocommit, True
        try:
            yield
        finally:
            self._in_autocommit = before

    # -- running -----------------------------------------------------------------------------------------

    def run_migrations(self, **kw: Any) -> None:
        """Record the steps that the command chose."""
        name = kw.get("engine_name")
        self._keyword_name = name if isinstance(name, str) else ""
        super().run_migrations(**kw)

    def _run_offline(self, kw: dict[str, Any]) -> None:
        heads = self.get_current_heads()
        steps: Sequence[Step] = self._steps(heads)
        if steps and self._direction is Direction.DOWNGRADE:
            steps, heads = taken_back(steps, heads), steps[-1].heads_after
        load_revisions(self.script, steps)
        if self.opts.get("on_version_apply"):
            self._notes.append(_LISTENERS)
        self._start, self._end = heads, heads
        for step in steps:
            self._record_step(step, kw)
            self._end = step.heads_after
        self.has_run = True
        self._record(self._start, self._end)

    def _record_step(self, step: Step, kw: dict[str, Any]) -> None:
        current = self._current = _Current(step=step, statements=[], questions=[], notes=[])
        obstacle = None
        try:
            with noting_questions(current.questions.append), noting_connections(current.questions.append):
                obstacle = self._run_revision(step, kw)
            if obstacle is None and current.questions:
                obstacle = self._obstacle_of(current.questions[0])
            obstacle = obstacle or self._obstacle_in(current)
            if obstacle is not None:
                current.statements.clear()
            current.is_version_row = True
            self._rows.apply(step.row_changes)
        finally:
            self._current = None
        self._revisions.append(self._recorded(current, obstacle))

    def _run_revision(self, step: Step, kw: dict[str, Any]) -> Obstacle | None:
        """Run the revision's code; return what keeps it from being written.

        Raises:
            RunnerError: the code is wrong in any mode.
        """
        try:
            call_revision(self, step, kw)
        except (OfflineUnsupported, OperationError, RevisionFailed) as error:
            assert self._current is not None  # a step is being recorded
            if self._current.questions:
                return self._obstacle_of(self._current.questions[0])
            if isinstance(error, RevisionFailed) and step.direction is Direction.UPGRADE:
                raise
            return self._obstacle_from(error)
        return None

    def _obstacle_of(self, question: Question) -> Obstacle:
        assert self._current is not None  # a step is being recorded
        of = f" of {question.statement!r}" if question.statement else ""
        asks = f"It asks the database for {question.asked_for}{of}."
        return Obstacle(
            revision=self._current.step.revision,
            file=self._relative(question.file),
            line=question.line,
            reason=_CONNECTS if question.asked_for == OWN_CONNECTION else asks,
        )

    def _obstacle_in(self, current: _Current) -> Obstacle | None:
        """Return what keeps one of the recorded statements from standing in a guarded file."""
        if self.dialect.name != "postgresql":  # whose words the check knows
            return None
        for one in current.statements:
            reason = fault_of(one, transactional=one.transactional)
            if reason is not None:
                return Obstacle(revision=current.step.revision, file=one.file, line=one.line, reason=reason)
        return None

    def _obstacle_from(self, error: RunnerError) -> Obstacle:
        assert self._current is not None  # a step is being recorded
        revision = self._current.step.revision
        path = self._script_of(revision).module.__file__ or ""
        # Where the revision's code raised, the error is made further up, of the one that it raised.
        frames = traceback.extract_tb((error.__cause__ or error).__traceback__)
        lines = [frame.lineno or 0 for frame in frames if frame.filename == path]
        reason = error.message.replace(path, self._relative(path)) if path else error.message
        return Obstacle(revision=revision, file=self._relative(path), line=lines[-1] if lines else 0, reason=reason)

    def note_offline_question(self) -> None:
        """Note that the revision which is running behaves differently offline."""
        if self._current is None:
            return
        file, line = asking_line()
        text = (
            "It asks whether it runs offline, so what is written here may differ from what it does online; the author "
            "knows why."
        )
        note = Note(
            code="asks-offline-mode",
            revision=self._current.step.revision,
            file=self._relative(file),
            line=line,
            text=text,
        )
        if note not in self._current.notes:
            self._current.notes.append(note)

    # -- as values ---------------------------------------------------------------------------------------

    def _script_of(self, revision: str) -> Script:
        assert self.script is not None  # steps come from a directory
        found = self.script.get_revision(revision)
        assert found is not None  # the plan was made from the same directory
        return found

    def _recorded(self, current: _Current, obstacle: Obstacle | None) -> RecordedRevision:
        step = current.step
        script = self._script_of(step.revision)
        assert self.script is not None  # steps come from a directory
        graph = self.script.graph
        digest = self._digest_of(script.path)
        return RecordedRevision(
            revision=step.revision,
            down_revisions=graph.parents(step.revision),
            depends_on=graph.dependencies(step.revision),
            branch_labels=tuple(sorted(script.branch_labels)),
            message=script.doc,
            doc=script.longdoc,
            path=self._relative(script.path),
            source_digest=digest.source if digest else "",
            syntax_digest=digest.syntax if digest else None,
            statements=tuple(current.statements),
            heads_before=self._end,
            heads_after=step.heads_after,
            limits=revision_limits(self.script, step),
            obstacle=obstacle,
            notes=tuple(current.notes),
        )

    def _digest_of(self, path: str) -> SourceDigest | None:
        """Return the digests of a source file, read once for all recordings of a command."""
        known: dict[str, SourceDigest | None] = self.opts.get("digests", {})
        if path not in known:
            known[path] = file_digest(path)
        return known[path]

    def recording(self) -> Recording:
        """Return what was recorded."""
        return Recording(
            name=self.opts.get("tag") or self._keyword_name or self.version_table_schema or "",
            dialect_name=self.dialect.name,
            direction=self._direction,
            start=self._start,
            end=self._end,
            version_table=self.version_table,
            version_table_schema=self.version_table_schema,
            version_table_sql=self._version_table_sql(),
            transactional=self.impl.ddl_in_transaction,
            terminator=self._base.terminator,
            separator=self._base.batch_separator,
            before=tuple(self._before),
            after=tuple(self._after),
            revisions=tuple(self._revisions),
            notes=tuple(self._notes),
        )

    def _version_table_sql(self) -> str:
        return Statement(construct=CreateTable(self._version)).sql(self._base.dialect)


RecordingEnvironment.context_class = RecordingContext


class RecordingSink:
    """Takes the place of an offline sink: hands each statement over as text instead of writing it.

    Args:
        base: renders, and says what the database's client needs around a statement.
        take: gets the statement (None for mere text), what an online run would send, its text, and the text for the
            client.
    """

    def __init__(self, base: OfflineSink, take: Callable[[Statement | None, Statement | None, str, str], None]) -> None:
        self._base = base
        self._take = take
        self.buffer = base.buffer

    @property
    def as_sql(self) -> bool:
        """Statements are not executed."""
        return True

    def execute(self, statement: Statement) -> None:
        """Hand over one text per parameter set."""
        online = sent_online(statement)
        for single in statement.separate():
            sql = single.sql(self._base.dialect)
            self._take(single, online, sql, "\n".join(self._base.framed(single, sql)))

    def static_output(self, static_text: str) -> None:
        """Hand over text that is no statement of ours."""
        self._take(None, None, static_text, static_text)


@dataclass(slots=True, kw_only=True)
class _Current:
    """The step that is being recorded."""

    step: Step
    statements: list[RecordedStatement]
    questions: list[Question]
    notes: list[Note]
    is_version_row: bool = False


_DIRECTORY_NAME = re.compile(r"[^\W_][\w.-]{0,100}", re.ASCII)
_CONNECTS = "It opens a connection of its own, to a database that the artifact knows nothing about."
_LISTENERS = Note(
    code="version-apply-listeners",
    text="env.py passes on_version_apply listeners to configure(): Python code that SQL files do not call.",
)


def _relative(path: str, script: ScriptDirectory | None) -> str:
    """Return a path below the revision directory as seen from there; of any other only its last part."""
    if script is not None:
        root = os.path.realpath(script.dir) + os.sep
        real = os.path.realpath(path)
        if real.startswith(root):
            return real.removeprefix(root).replace(os.sep, "/")
    return os.path.basename(path)


def _named(recordings: Sequence[Recording]) -> list[Recording]:
    """Return the recordings where there are several with names that directories can have, else with numbers."""
    if len(recordings) < 2:
        return list(recordings)
    names = [one.name for one in recordings]
    if len({name.casefold() for name in names}) == len(names) and all(map(_DIRECTORY_NAME.fullmatch, names)):
        return list(recordings)
    return [replace(one, name=f"{number:02d}") for number, one in enumerate(recordings, 1)]

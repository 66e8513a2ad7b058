"""MigrationContext: one database, its version rows, and the steps that run on it. Floor 5."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO, cast

from sqlalchemy.engine import URL, Connection, Dialect, Engine, make_url

from runner.dialects.base import DefaultImpl
from runner.errors import EnvironmentFailed, OperationError
from runner.events import emit
from runner.graph import Direction, Step
from runner.migration.info import MigrationInfo
from runner.migration.ledger import StepLedger
from runner.migration.outcome import DatabaseRun
from runner.migration.policy import RunPolicy, TransactionScope
from runner.migration.retry import AttemptRolledBack
from runner.migration.revision_call import (
    call_revision,
    load_revisions,
    refuse_what_needs_a_session,
    revision_limits,
    source_of,
    telling_listener_failed,
)
from runner.migration.transactions import OnlineTransactions
from runner.migration.version_table import VersionTable

if TYPE_CHECKING:
    from sqlalchemy.sql import Executable

    from runner.config import Config
    from runner.migration.environment import EnvironmentContext
    from runner.migration.recorder import HistoryRecorder
    from runner.revisions.directory import ScriptDirectory

__all__ = ["MigrationContext"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Progress:
    """Where a run is: the heads it left in the database, the steps still to run, and how many are done.

    `heads` is None before the version rows were read under the lock.
    """

    heads: tuple[str, ...] | None = None
    queue: tuple[Step, ...] = ()
    done: int = 0

    @property
    def known_heads(self) -> tuple[str, ...]:
        assert self.heads is not None  # read in the first step's transaction
        return self.heads

    def after_first(self) -> _Progress:
        """Return the progress once the first step of the queue has run."""
        return _Progress(heads=self.queue[0].heads_after, queue=self.queue[1:], done=self.done + 1)


class MigrationContext:
    """What a revision runs in: a connection or an SQL buffer, the dialect's impl, and the version table.

    Programs make one with `MigrationContext.configure(connection)`; env.py gets one from
    `context.configure(...)`.

    Args:
        dialect: the SQLAlchemy dialect.
        connection: an open connection, or None in offline mode.
        opts: the keywords of `configure()`; unknown ones are kept for the user's own code.
        environment_context: the environment this context belongs to, if any.
    """

    def __init__(
        self,
        dialect: Dialect,
        connection: Connection | None,
        opts: dict[str, Any],
        environment_context: EnvironmentContext | None = None,
    ) -> None:
        self.environment_context = environment_context
        self.opts = opts
        self.dialect = dialect
        self.script: ScriptDirectory | None = opts.get("script")
        self.as_sql: bool = bool(opts.get("as_sql", False))
        self.purge: bool = bool(opts.get("purge", False))
        self.connection = connection if not self.as_sql else None
        self.output_buffer = _text_stream(opts.get("output_buffer") or sys.stdout, opts.get("output_encoding"))
        self.version_table: str = opts.get("version_table") or "alembic_version"
        self.version_table_schema: str | None = opts.get("version_table_schema")
        self.policy: RunPolicy = opts.get("run_policy") or RunPolicy(transaction=TransactionScope.RUN)
        self.impl = DefaultImpl.get_by_dialect(dialect)(
            dialect, self.connection, self.as_sql, opts.get("transactional_ddl"), self.output_buffer, opts
        )
        self._rows = VersionTable(
            self.impl,
            name=self.version_table,
            schema=self.version_table_schema,
            primary_key=opts.get("version_table_pk", True),
        )
        self._version = self._rows.table
        self.ledger = StepLedger(self.policy.clock, ddl_rolls_back=self.impl.ddl_in_transaction)
        self._may_write = False  # as far as the preflight can tell
        self._reported: dict[str, Any] = {}  # the plan that was logged last
        self.transactions = None if self.connection is None else self._online_transactions(self.connection)

    # -- construction ------------------------------------------------------------------------------------

    @classmethod
    def configure(
        cls,
        connection: Connection | None = None,
        url: str | URL | None = None,
        dialect_name: str | None = None,
        dialect: Dialect | None = None,
        environment_context: EnvironmentContext | None = None,
        dialect_opts: dict[str, Any] | None = None,
        opts: dict[str, Any] | None = None,
    ) -> MigrationContext:
        """Return a context for a connection, or for a dialect named by URL or by name.

        Raises:
            EnvironmentFailed: none of them was given, or `connection` is not a SQLAlchemy Connection.
        """
        opts = dict(opts or {})
        _refuse_other_than_connection(connection)
        if connection is not None and not opts.get("as_sql"):
            return cls(connection.dialect, connection, opts, environment_context)
        chosen = connection.dialect if connection is not None else _dialect(url, dialect_name, dialect, dialect_opts)
        return cls(chosen, None, opts, environment_context)

    @property
    def bind(self) -> Connection | None:
        """Return the connection; None in offline mode."""
        return self.connection

    @property
    def config(self) -> Config | None:
        """Return the Config of the environment, if there is one."""
        return None if self.environment_context is None else self.environment_context.config

    def _online_transactions(self, connection: Connection) -> OnlineTransactions:
        explicit = self.opts.get("transaction_per_migration")
        scope = self.policy.transaction
        if explicit is not None:
            scope = TransactionScope.REVISION if explicit else TransactionScope.RUN
        if not self.impl.ddl_in_transaction:
            scope = TransactionScope.REVISION  # DDL commits what is open: no transaction can hold more than one
        origins = None if self.environment_context is None else self.environment_context.transaction_origins
        return OnlineTransactions(
            connection,
            scope=scope,
            policy=self.policy,
            ledger=self.ledger,
            origins=origins,
            read_rows=self._rows.rows,
            ddl_rolls_back=self.impl.ddl_in_transaction,
            version_table=self.version_table,
            version_table_schema=self.version_table_schema,
            locking=self.environment_context is not None,
            may_reconnect=bool(self.opts.get("may_reconnect")),
            reaches=self._reaches,
        )

    def _reaches(self, heads: tuple[str, ...], revision: str) -> bool:
        """Tell whether a revision is among some heads or below them."""
        if self.script is None:
            return False
        known = [head for head in heads if head in self.script.graph.ids]
        return revision in known or any(revision in self.script.graph.ancestors(head) for head in known)

    @cached_property
    def history(self) -> HistoryRecorder | None:
        """Return what records the steps, None where no history is kept; imported with the first step."""
        if self.connection is None or self.policy.history is None:
            return None
        from runner.database.history import HistoryTable
        from runner.migration.recorder import HistoryRecorder

        return HistoryRecorder(
            HistoryTable(version_table=self.version_table, schema=self.version_table_schema),
            connection=self.connection,
            ledger=self.ledger,
            script=self.script,
            make_facts=self.policy.history,
            clock=self.policy.clock,
            version_table=self.version_table,
            ddl_rolls_back=self.impl.ddl_in_transaction,
            writes_in_with=self.impl.writes_in_with,
        )

    # -- version rows ------------------------------------------------------------------------------------

    def get_current_heads(self) -> tuple[str, ...]:
        """Return the revisions in the version table, sorted; offline, the starting revisions.

        A missing table means no revision; nothing is created.
        """
        if self.as_sql:
            return self._offline_start()
        assert self.connection is not None  # online
        return self._rows.rows(self.connection)

    def get_current_revision(self) -> str | None:
        """Return the one revision in the version table, None when there is none.

        Raises:
            OperationError: there are several; use get_current_heads().
        """
        heads = self.get_current_heads()
        if len(heads) > 1:
            raise OperationError(
                f"Version table {self.version_table} holds several heads ({', '.join(heads)}); "
                "use get_current_heads() instead of get_current_revision()."
            )
        return heads[0] if heads else None

    def _offline_start(self) -> tuple[str, ...]:
        start = self.opts.get("starting_rev")
        given = () if start is None else (start,) if isinstance(start, str) else tuple(start)
        known = [revision for revision in given if revision and revision != "base"]
        if self.script is not None:
            scripts = [script for revision in known for script in self.script.get_revisions(revision)]
            known = [script.revision for script in scripts]
        return tuple(sorted(known))

    def _has_version_table(self) -> bool:
        assert self.connection is not None  # online only
        return self._rows.exists(self.connection)

    def _ensure_version_table(self, purge: bool = False) -> None:
        """Create the version table where it is missing; with `purge`, empty it where it is not."""
        if self.as_sql or not self._has_version_table():
            self._rows.create()
        elif purge:
            self._rows.clear()

    def stamp(self, script_directory: ScriptDirectory, revision: str) -> None:
        """Set the version rows to `revision` without running anything."""
        heads = self.get_current_heads()
        if not self.as_sql and not heads:
            self._ensure_version_table()
        for step in script_directory._stamp_revs(revision, heads):
            self._rows.apply(step.row_changes)

    # -- transactions ------------------------------------------------------------------------------------

    def begin_transaction(self, _per_migration: bool = False) -> AbstractContextManager[Any]:
        """Return the context manager that env.py puts around run_migrations().

        Online, its end commits what ran, or rolls it back on an error. With one transaction per revision
        the transactions are begun and committed by run_migrations() itself. Offline it writes BEGIN and
        COMMIT where the dialect's DDL is transactional.
        """
        if self.transactions is not None:
            return self._online_block(self.transactions)
        per_migration = bool(self.opts.get("transaction_per_migration", False))
        if self.impl.transactional_ddl and per_migration == _per_migration:
            return self._offline_transaction()
        return nullcontext()

    @contextmanager
    def _online_block(self, transactions: OnlineTransactions) -> Iterator[None]:
        with self.recording_failures(), transactions.scope_block():  # also of the commit at its end
            yield

    @contextmanager
    def _offline_transaction(self) -> Iterator[None]:
        self.impl.emit_begin()
        yield
        self.impl.emit_commit()

    @contextmanager
    def autocommit_block(self) -> Iterator[None]:
        """Run the block outside any transaction, for statements such as CREATE INDEX CONCURRENTLY.

        What the revision did before is committed first, and a new transaction is begun afterwards.
        """
        if self.transactions is not None:
            with self.transactions.autocommit():
                yield
            return
        transactional = self.impl.transactional_ddl
        if transactional:
            self.impl.emit_commit()
        yield
        if transactional:
            self.impl.emit_begin()

    def execute(self, sql: Executable | str, execution_options: dict[str, Any] | None = None) -> None:
        """Execute a statement online, write it offline."""
        self.impl.execute(sql, execution_options)

    # -- running -----------------------------------------------------------------------------------------

    def run_migrations(self, **kw: Any) -> None:
        """Run the steps that the command chose for the current heads.

        Args:
            kw: passed to every upgrade() and downgrade().
        """
        if self.environment_context is not None:
            self.environment_context.ran_migrations = True
        self.impl.start_migrations()
        if self.transactions is None:
            self._run_offline(kw)
            return
        try:
            self._run_online(self.transactions, kw)
        except BaseException as error:
            self.transactions.failure = self.transactions.failure or error  # an env.py may swallow it
            raise

    def has_work(self) -> bool:
        """Tell whether the command finds anything to do on this database as it is now; if so, that it may be done."""
        found = self._look()[1]
        if found:
            self._preflight()
        return found

    def _look(self) -> tuple[tuple[str, ...], bool]:
        """Return the heads, and whether the command finds anything to do from there."""
        heads = self.get_current_heads()
        return heads, bool(self.purge or self._steps(heads) or self._table_is_wanted())

    def _table_is_wanted(self) -> bool:
        """Tell whether the command asked for the version table itself and it is not there."""
        return bool(self.opts.get("ensure_version_table")) and (self.as_sql or not self._has_version_table())

    def _steps(self, heads: tuple[str, ...]) -> list[Step]:
        choose = self.opts.get("fn")
        if choose is None:
            return []
        return list(choose(heads, self) or ())

    def load_offline_steps(self) -> None:
        """Plan and import what the script will hold, so that a bad target or file fails before BEGIN is written."""
        load_revisions(self.script, self._steps(self.get_current_heads()))

    def _run_offline(self, kw: dict[str, Any]) -> None:
        heads = self.get_current_heads()
        steps = self._steps(heads)
        load_revisions(self.script, steps)
        if self._table_is_wanted():
            self._ensure_version_table()
        for number, step in enumerate(steps):
            with self.begin_transaction(_per_migration=True):
                if number == 0 and not heads:
                    self._ensure_version_table()
                self.impl.static_output(f"-- Running {_arrow(step)}")
                call_revision(self, step, kw)
                self._rows.apply(step.row_changes)
        self._record(heads, steps[-1].heads_after if steps else heads)

    def _run_online(self, transactions: OnlineTransactions, kw: dict[str, Any]) -> None:
        if self.opts.get("run_policy") is not None:  # a query takes no lock
            transactions.prepare_to_look()
        heads, has_work = transactions.looking(self._look)
        if not has_work:
            if self.opts.get("run_policy") is not None:  # a query looks too, but plans nothing
                self._report_plan(heads, [])
            self._record(heads, heads)
            return
        if self.opts.get("run_policy") is not None:
            transactions.looking(self._preflight)  # unless configure() has looked already
        with transactions.running(), self.recording_failures():
            end = self._run_locked(transactions, heads, kw)
        self._record(heads, end)

    def _preflight(self) -> None:
        """Refuse a run that could not write, before it takes the lock; asked once."""
        if self._may_write:
            return
        from runner.database.preflight import preflight  # a run with nothing to do has no use for it

        assert self.connection is not None  # online
        preflight(self.connection, version_table=self.version_table, schema=self.version_table_schema)
        self._may_write = True

    @contextmanager
    def recording_failures(self) -> Iterator[None]:
        """Write what failed in the block into the history."""
        try:
            yield
        except BaseException:
            self.record_failures()
            raise

    def record_failures(self) -> None:
        """Write what has failed since the last time into the history, if there is anything."""
        if self.ledger.failures and self.history is not None:
            self.history.record_failures()

    def _run_locked(
        self, transactions: OnlineTransactions, looked: tuple[str, ...], kw: dict[str, Any]
    ) -> tuple[str, ...]:
        """Run step after step; what was planned before the lock, or before another writer, is planned anew."""
        kept = now = _Progress()
        while True:
            try:
                with transactions.step():
                    now = self._looked_again(transactions, now, looked)
                    if not now.queue:
                        return now.known_heads
                    if not now.heads:
                        self._ensure_version_table()
                    self._run_step(now.queue[0], kw, index=now.done + 1, total=now.done + len(now.queue))
                    now = now.after_first()
            except AttemptRolledBack as over:
                transactions.pause(over.next_attempt)
                now = kept
                continue
            if not self.ledger.has_uncommitted:
                kept = now
            if not now.queue:
                return now.known_heads

    def _looked_again(self, transactions: OnlineTransactions, now: _Progress, looked: tuple[str, ...]) -> _Progress:
        """Return the progress with a plan for the version rows as they are now."""
        heads = now.heads if now.heads is not None and not transactions.must_look() else self.get_current_heads()
        if heads == now.heads:
            return now
        if now.heads is None:
            heads = self._prepared(heads)
        steps = self._planned(heads, heads if self.purge or now.heads is not None else looked)
        return replace(now, heads=heads, queue=tuple(steps))

    def _prepared(self, heads: tuple[str, ...]) -> tuple[str, ...]:
        """Create or empty the version table where the command wants that, and return the heads then."""
        if self.purge or self._table_is_wanted():
            self._ensure_version_table(purge=self.purge)
        return () if self.purge else heads

    def _planned(self, heads: tuple[str, ...], looked: tuple[str, ...]) -> list[Step]:
        steps = self._steps(heads)
        if heads != looked:
            emit("plan.changed_while_waiting", looked=list(looked), found=list(heads))
        self._report_plan(heads, steps)
        load_revisions(self.script, steps)
        if self.transactions is not None and self.transactions.is_pooled:
            refuse_what_needs_a_session(self.script, steps)
        self._heed_edited(heads, steps)
        return steps

    def _heed_edited(self, heads: tuple[str, ...], steps: Sequence[Step]) -> None:
        """Do what the policy wants about revisions edited after they had been applied, before anything is changed."""
        if self.history is None or not steps or steps[0].direction is not Direction.UPGRADE:
            return
        self.history.heed_edited(heads, self.policy.edited_revisions)

    def _report_plan(self, heads: tuple[str, ...], steps: Sequence[Step]) -> None:
        ends: dict[str, Any] = {"from": list(heads), "to": list(steps[-1].heads_after if steps else heads)}
        if ends != self._reported:  # a revision that runs again changes nothing about the plan
            emit("plan.computed", steps_total=len(steps), **ends)
        self._reported = ends

    def _run_step(self, step: Step, kw: dict[str, Any], *, index: int, total: int) -> None:
        script = None if self.script is None else self.script.get_revision(step.revision)
        self.ledger.start(step, message=(script.doc if script is not None else None) or "", index=index, total=total)
        if self.history is not None:
            self.history.started(step)
        if self.transactions is not None:
            limits = revision_limits(self.script, step)
            with self.transactions.revision(step, limits, source=lambda: source_of(self.script, step)):
                call_revision(self, step, kw)
            self.transactions.refuse_rolled_back()
        if self.history is None:
            self._rows.apply(step.row_changes)
        else:
            self.history.succeeded(step, self._rows)
        self._call_listeners(step, kw)

    def _call_listeners(self, step: Step, kw: dict[str, Any]) -> None:
        listeners: Sequence[Any] = self.opts.get("on_version_apply") or ()
        for listener in listeners:
            info = MigrationInfo.of_step(step, self.script)
            with telling_listener_failed(step):
                listener(ctx=self, step=info, heads=set(step.heads_after), run_args=kw)

    def _record(self, start: tuple[str, ...], end: tuple[str, ...]) -> None:
        if self.environment_context is not None:
            self.environment_context.databases.append((self, start, end))

    def database_run(self, start: tuple[str, ...], end: tuple[str, ...]) -> DatabaseRun:
        """Return what this context did as a value, once everything is settled."""
        return DatabaseRun(start_heads=start, end_heads=end, applied=tuple(self.ledger.applied))


def _text_stream(buffer: Any, encoding: str | None) -> TextIO:
    """Return the buffer, or with an encoding a text stream on the binary one that it is or stands on."""
    if encoding is None or isinstance(buffer, io.StringIO):
        return cast(TextIO, buffer)
    return cast(TextIO, codecs.getwriter(encoding)(getattr(buffer, "buffer", buffer)))


def _arrow(step: Step) -> str:
    verb = "stamp_revision" if step.direction.value == "stamp" else step.direction.value
    return f"{verb} {', '.join(step.sources)} -> {', '.join(step.destinations)}"


def _refuse_other_than_connection(given: object) -> None:
    if given is None or isinstance(given, Connection):
        return
    hint = " Pass engine.connect()." if isinstance(given, Engine) else ""
    raise EnvironmentFailed(
        f"The connection that env.py gives to configure() is a {type(given).__name__}, not a SQLAlchemy "
        f"Connection.{hint}"
    )


def _dialect(
    url: str | URL | None, name: str | None, dialect: Dialect | None, options: dict[str, Any] | None
) -> Dialect:
    options = options or {}
    if url is not None:
        return make_url(url).get_dialect()(**options)
    if name is not None:
        return URL.create(name).get_dialect()(**options)
    if dialect is not None:
        return dialect
    raise EnvironmentFailed("env.py must give configure() a connection, a url or a dialect_name.", missing="url")

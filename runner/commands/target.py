"""What a command works on: a revision directory and a database, as one value. Floor 6."""

from __future__ import annotations

from collections.abc import Callable, Container
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runner.clock import Clock, SystemClock
from runner.config import Config
from runner.database.session import PLAIN_NAME, SessionName
from runner.database.url import DatabaseUrl
from runner.errors import MissingDatabaseUrl
from runner.revisions.directory import ScriptDirectory

if TYPE_CHECKING:
    from runner.database.history_entry import RunFacts
    from runner.database.probe import VersionRows
    from runner.migration.environment import EnvironmentContext
    from runner.migration.policy import RunPolicy

__all__ = ["RunOptions", "Target"]

_SYSTEM_CLOCK = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The operator's choices, as plain values.

    `one_transaction`: the whole run is one transaction, unless env.py decides itself.
    `lock_key`: an own second lock integer; None makes it from the version table's name.
    `history`: returns what is remembered about the run; None keeps no history.
    `edited_revisions`: warn, fail or accept.  `newer_database`: fail or ok.
    `metadata`: the built-in environment's model, as `package.module:attribute`; None leaves it to the configuration.
    `tenant_schema`: where the revisions run; the built-in environment sets the search path, env.py is told.
    `shared_schemas`: what follows it on the search path.
    `run_id`: the run's name in the log.
    """

    one_transaction: bool = False
    lock_wait_seconds: float = 600.0
    lock_key: int | None = None
    connect_wait_seconds: float = 30.0
    lock_timeout_seconds: float | None = None
    statement_timeout_seconds: float | None = None
    lock_retry_seconds: float = 300.0
    version_table: str = "alembic_version"
    version_table_schema: str | None = None
    backfill_timeout_seconds: float | None = None
    monitor_seconds: float = 10.0
    max_blocked_sessions: int | None = None
    orphans: str = "wait"
    session: SessionName = PLAIN_NAME
    history: Callable[[], RunFacts] | None = None
    edited_revisions: str = "warn"
    newer_database: str = "fail"
    metadata: str | None = None
    tenant_schema: str | None = None
    shared_schemas: tuple[str, ...] = ()
    run_id: str | None = None

    @property
    def search_path(self) -> tuple[str, ...]:
        """Return the search path of the built-in environment's sessions; empty leaves it to the server."""
        return () if self.tenant_schema is None else (self.tenant_schema, *self.shared_schemas)

    @property
    def application_name(self) -> str:
        """Return what a session calls itself before it runs a revision."""
        return self.session.text()

    @property
    def connect_timeout_seconds(self) -> int:
        """Return how long one attempt to connect may take: the budget, within 2 to 10 seconds."""
        return max(2, min(10, int(self.connect_wait_seconds) or 10))


@dataclass(frozen=True, kw_only=True)
class Target:
    """A revision directory and the database it is for.

    Args:
        config: the configuration, as env.py will see it.
        url: the database; None leaves it to env.py.
        builtin_environment: run without env.py, even where there is one.
        options: the operator's choices.
        clock: for waiting and durations.
        around: a context manager that environments run in; the rim uses it to own the logging.
    """

    config: Config
    url: DatabaseUrl | None = None
    builtin_environment: bool = False
    options: RunOptions = RunOptions()
    clock: Clock = _SYSTEM_CLOCK
    around: Callable[[], AbstractContextManager[object]] = nullcontext

    @cached_property
    def script(self) -> ScriptDirectory:
        """Return the revision directory; its files are read when its graph is first needed."""
        return ScriptDirectory.from_config(self.config)

    def sharing(self, script: ScriptDirectory) -> Target:
        """Use a directory that is loaded already, with its revision modules, and return the target itself."""
        self.__dict__["script"] = script  # where cached_property keeps it
        return self

    @property
    def uses_env_py(self) -> bool:
        """Tell whether env.py decides how the database is reached."""
        return not self.builtin_environment and self.script.has_env_py

    def required_url(self) -> DatabaseUrl:
        """Return the URL.

        Raises:
            MissingDatabaseUrl: none was given; no database is ever assumed.
        """
        if self.url is None:
            raise MissingDatabaseUrl(
                "No database is named. Set DATABASE_URL (or MIGRATION_DATABASE_URL, or either with _FILE for a mounted "
                "secret), pass --database-url, or put sqlalchemy.url into the configuration file."
            )
        return self.url

    def look(self, *, known: Container[str] | None = None) -> VersionRows | None:
        """Return the version rows read the cheap way, None where env.py or the database rules that out.

        Args:
            known: the revisions of the directory; about any other the history is asked as well.
        """
        if self.uses_env_py:
            return None
        from runner.database.waiting import retry_connecting

        self.required_url()
        return retry_connecting(
            lambda: self._probe(known), clock=self.clock, wait_seconds=self.options.connect_wait_seconds
        )

    def look_once(self, *, known: Container[str] | None = None) -> VersionRows:
        """Return the version rows without waiting for the server, and without env.py, whatever the database is.

        Args:
            known: as for `look`.

        Raises:
            DatabaseError: the session could not be opened, or the table not be read.
        """
        rows = self._probe(known)
        if rows is not None:
            return rows
        from runner.database.look import look_with_sqlalchemy

        options = self.options
        return look_with_sqlalchemy(
            self.required_url(),
            version_table=options.version_table,
            schema=options.version_table_schema,
            application_name=options.application_name,
            connect_timeout_seconds=options.connect_timeout_seconds,
            known=known,
        )

    def _probe(self, known: Container[str] | None) -> VersionRows | None:
        from runner.database.probe import read_version_rows

        options = self.options
        return read_version_rows(
            self.required_url(),
            table=options.version_table,
            schema=options.version_table_schema,
            application_name=options.application_name,
            connect_timeout_seconds=options.connect_timeout_seconds,
            known=known,
        )

    def run_environment(
        self, choose: Callable[..., Any], *, locked: bool = True, compares: bool = False, **opts: Any
    ) -> EnvironmentContext:
        """Run env.py, or the built-in environment, and return what it left behind.

        Args:
            choose: given the current heads and the context, returns the steps to run.
            locked: the command changes the database, so the lock is taken when there is work.
            compares: the command compares with the model, so the built-in environment imports it.
            opts: further options of the EnvironmentContext.
        """
        from runner.commands.environment import run_environment

        with self.around():
            policy = self._policy() if locked else None
            return run_environment(self, choose, policy=policy, compares=compares, **opts)

    def _policy(self) -> RunPolicy:
        from runner.migration.policy import EditedPolicy, OrphanPolicy, RunPolicy, TransactionScope

        return RunPolicy(
            transaction=TransactionScope.RUN if self.options.one_transaction else TransactionScope.REVISION,
            lock_wait_seconds=self.options.lock_wait_seconds,
            lock_key=self.options.lock_key,
            tenant_schema=self.options.tenant_schema,
            lock_retry_seconds=self.options.lock_retry_seconds,
            connect_wait_seconds=self.options.connect_wait_seconds,
            lock_timeout_seconds=self.options.lock_timeout_seconds,
            statement_timeout_seconds=self.options.statement_timeout_seconds,
            backfill_timeout_seconds=self.options.backfill_timeout_seconds,
            monitor_seconds=self.options.monitor_seconds,
            max_blocked_sessions=self.options.max_blocked_sessions,
            orphans=OrphanPolicy(self.options.orphans),
            session=self.options.session,
            history=self.options.history,
            edited_revisions=EditedPolicy(self.options.edited_revisions),
            clock=self.clock,
        )

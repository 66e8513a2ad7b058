"""EnvironmentContext: what env.py talks to through `context`. Floor 5."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TextIO, overload

from runner.errors import EnvironmentFailed, OfflineUnsupported, RangeInvalid
from runner.graph import Step
from runner.migration.context import MigrationContext
from runner.migration.current import environments
from runner.migration.origins import TransactionOrigins
from runner.migration.outcome import DatabaseRun

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection
    from sqlalchemy.sql import Executable

    from runner.config import Config
    from runner.dialects.base import DefaultImpl
    from runner.revisions.directory import ScriptDirectory

__all__ = ["ChooseSteps", "EnvironmentContext"]

ChooseSteps = Callable[[tuple[str, ...], MigrationContext], Iterable[Step]]
"""Given the current heads and the context, return the steps to run."""


class EnvironmentContext:
    """One run of an environment: the command's options on one side, env.py's `configure()` on the other.

    Used as a context manager round `script.run_env()`. Leaving it settles what env.py left open, and
    raises if a step failed or was never committed.

    Args:
        config: the configuration env.py sees as `context.config`.
        script: the revision directory.
        kw: `fn` (chooses the steps), `as_sql`, `starting_rev`, `destination_rev`, `tag`, `purge`,
            `dont_mutate`, `template_args`, `run_policy`; anything else reaches `MigrationContext.opts`.
    """

    context_class: ClassVar[type[MigrationContext]] = MigrationContext
    """What configure() makes."""

    def __init__(self, config: Config, script: ScriptDirectory, **kw: Any) -> None:
        self.config = config
        self.script = script
        self.context_opts: dict[str, Any] = kw
        self.transaction_origins = TransactionOrigins()
        self.databases: list[tuple[MigrationContext, tuple[str, ...], tuple[str, ...]]] = []
        self.ran_migrations = False
        self._migration_context: MigrationContext | None = None
        self._contexts: list[MigrationContext] = []
        self._caller_connections: set[int] = set()
        self._stack = ExitStack()

    # -- life --------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._caller_connections = {id(value) for value in self.config.attributes.values()}
        self._stack.enter_context(environments.entered(self))
        self._stack.enter_context(self.transaction_origins.watching())
        return self

    def __exit__(self, exc_type: object, exc: BaseException | None, tb: object) -> None:
        with self._stack, ExitStack() as failures:
            for context in self._contexts:
                failures.enter_context(context.recording_failures())
            if exc is None:
                self._settle()
            else:
                self._abandon()

    def _abandon(self) -> None:
        for context in self._contexts:
            if context.transactions is not None:
                context.transactions.abandon()
            context.record_failures()

    def _settle(self) -> None:
        for context in self._contexts:
            if context.transactions is None:
                if not getattr(context.output_buffer, "closed", False):  # env.py may close a file of its own
                    context.output_buffer.flush()
                continue
            if context.transactions.failure is not None:
                raise context.transactions.failure
            context.transactions.settle(owned_by_caller=id(context.connection) in self._caller_connections)

    def database_runs(self) -> tuple[DatabaseRun, ...]:
        """Return what happened on each database, in the order env.py ran them."""
        return tuple(context.database_run(start, end) for context, start, end in self.databases)

    @property
    def was_configured(self) -> bool:
        """Tell whether env.py has given a connection, or a dialect, to configure()."""
        return bool(self._contexts)

    # -- what the command wants --------------------------------------------------------------------------

    def is_offline_mode(self) -> bool:
        """Tell whether SQL is to be written instead of executed."""
        return bool(self.context_opts.get("as_sql", False))

    def requires_connection(self) -> bool:
        """Tell whether env.py must provide a connection."""
        return not self.is_offline_mode()

    def is_transactional_ddl(self) -> bool:
        """Tell whether DDL is transactional on the configured dialect."""
        return bool(self.get_context().impl.transactional_ddl)

    def get_head_revision(self) -> str | None:
        """Return the directory's single head, None for an empty directory."""
        return self.script.get_current_head()

    def get_head_revisions(self) -> tuple[str, ...]:
        """Return the directory's heads."""
        return tuple(self.script.get_heads())

    def get_starting_revision_argument(self) -> Any:
        """Return the revision offline mode starts from.

        Raises:
            OfflineUnsupported: none was given.
        """
        if self._migration_context is not None:
            return self.script.as_revision_number(self._migration_context.opts.get("starting_rev"))
        if "starting_rev" in self.context_opts:
            return self.script.as_revision_number(self.context_opts["starting_rev"])
        raise OfflineUnsupported("No starting revision is known here: give one as FROM:TO on the command line.")

    def get_revision_argument(self) -> Any:
        """Return the destination revision as identifier(s) of the directory."""
        if "destination_rev" not in self.context_opts:
            raise RangeInvalid("This command has no destination revision.")
        given = self.context_opts["destination_rev"]
        if isinstance(given, str):
            return self.script.as_revision_number(given)
        found = tuple(self.script.as_revision_number(one) for one in given)  # `stamp` takes several
        return found[0] if len(found) == 1 else found

    def get_tag_argument(self) -> str | None:
        """Return what was given with --tag."""
        return self.context_opts.get("tag")

    @overload
    def get_x_argument(self, as_dictionary: Literal[False] = ...) -> list[str]: ...
    @overload
    def get_x_argument(self, as_dictionary: Literal[True]) -> dict[str, str]: ...
    def get_x_argument(self, as_dictionary: bool = False) -> list[str] | dict[str, str]:
        """Return the -x arguments: the list, or a dict split at each first "=" (the last duplicate wins)."""
        given = getattr(self.config.cmd_opts, "x", None) or []
        values = [given] if isinstance(given, str) else list(given)
        if not as_dictionary:
            return values
        return {key: value for key, _, value in (one.partition("=") for one in values)}

    # -- what env.py says --------------------------------------------------------------------------------

    def configure(
        self,
        connection: Connection | None = None,
        url: str | URL | None = None,
        dialect_name: str | None = None,
        dialect_opts: dict[str, Any] | None = None,
        transactional_ddl: bool | None = None,
        transaction_per_migration: bool | None = None,
        output_buffer: TextIO | None = None,
        starting_rev: str | None = None,
        tag: str | None = None,
        template_args: dict[str, Any] | None = None,
        render_as_batch: bool = False,
        target_metadata: Any = None,
        include_name: Any = None,
        include_object: Any = None,
        include_schemas: bool = False,
        process_revision_directives: Any = None,
        compare_type: Any = True,
        compare_server_default: Any = False,
        render_item: Any = None,
        upgrade_token: str = "upgrades",  # noqa: S107 -- the name of a template variable
        downgrade_token: str = "downgrades",  # noqa: S107
        alembic_module_prefix: str = "op.",
        sqlalchemy_module_prefix: str = "sa.",
        user_module_prefix: str | None = None,
        on_version_apply: Any = None,
        autogenerate_plugins: Sequence[str] | None = None,
        **kw: Any,
    ) -> None:
        """Say how to reach the database, and how to behave; may be called once per database.

        Args:
            connection: an open SQLAlchemy Connection, online.
            url: a URL that names the dialect, offline.
            dialect_name: the dialect's name, offline without a URL.
            dialect_opts: keywords for the dialect, such as `{"paramstyle": "named"}`.
            transactional_ddl: overrides what the dialect says.
            transaction_per_migration: True for a transaction per revision, False for one per run; None
                leaves it to the operator (RUNNER_TRANSACTION), whose default is one per revision.
            output_buffer: where offline SQL goes.
            starting_rev: the revision offline mode starts from.
            tag: overrides --tag.
            template_args: more variables for revision templates.
            render_as_batch: autogenerate writes batch blocks.
            target_metadata: the model, a MetaData or a sequence of them.
            include_name, include_object, include_schemas: what autogenerate looks at.
            process_revision_directives: called with the context, the heads and the files to be written.
            compare_type, compare_server_default: whether, or how, autogenerate compares them.
            render_item: renders types and constraints of the user's own.
            upgrade_token, downgrade_token: template variables of this database's operations.
            alembic_module_prefix, sqlalchemy_module_prefix, user_module_prefix: how rendered code names modules.
            autogenerate_plugins: names of the comparators to use; None means all built-in ones.
            on_version_apply: called after each step, in its transaction, with ctx, step, heads, run_args.
            kw: version_table, version_table_schema, version_table_pk, literal_binds and everything that is
                the user's own; all of it is found in `get_context().opts`.
        """
        opts = dict(self.context_opts)
        opts.update(kw)
        opts["script"] = self.script
        if transactional_ddl is not None:
            opts["transactional_ddl"] = transactional_ddl
        if transaction_per_migration is not None:
            opts["transaction_per_migration"] = transaction_per_migration
        opts["output_buffer"] = self._output_buffer(output_buffer)
        start = starting_rev or kw.get("starting_version")  # what the keyword was called in 2011
        if start:
            opts["starting_rev"] = start
        if tag:
            opts["tag"] = tag
        if template_args is not None:
            opts["template_args"] = {**(opts.get("template_args") or {}), **template_args}
        opts["render_as_batch"] = render_as_batch
        opts["target_metadata"] = target_metadata
        opts["include_schemas"] = include_schemas
        opts["process_revision_directives"] = process_revision_directives
        opts["compare_type"] = compare_type
        opts["compare_server_default"] = compare_server_default
        opts["render_item"] = render_item
        opts["upgrade_token"] = upgrade_token
        opts["downgrade_token"] = downgrade_token
        opts["alembic_module_prefix"] = alembic_module_prefix
        opts["sqlalchemy_module_prefix"] = sqlalchemy_module_prefix
        opts["user_module_prefix"] = user_module_prefix
        opts["autogenerate_plugins"] = autogenerate_plugins
        filters = {"include_name": include_name, "include_object": include_object}
        opts.update({name: given for name, given in filters.items() if given is not None})
        opts["on_version_apply"] = _as_tuple(on_version_apply)
        self._refuse_contradictions(start, opts)
        self._adopt(
            self.context_class.configure(
                connection=connection,
                url=url,
                dialect_name=dialect_name,
                dialect_opts=dialect_opts,
                environment_context=self,
                opts=opts,
            )
        )

    def _output_buffer(self, given: TextIO | None) -> TextIO | None:
        """Return where offline SQL goes; a `sys.stdout` that the rim replaced means the one it stands for."""
        if given is None or given is sys.stdout:
            return self.config.output_buffer or given
        return given

    def _refuse_contradictions(self, start: str | None, opts: dict[str, Any]) -> None:
        if self.is_offline_mode():
            return
        if start:
            raise EnvironmentFailed(
                "env.py passes starting_rev to configure() in an online run, where the version table says where to "
                "start. Pass it only if context.is_offline_mode()."
            )
        if opts.get("literal_binds"):
            raise EnvironmentFailed(
                "env.py passes literal_binds=True to configure() in an online run; it is for offline."
            )

    def _adopt(self, context: MigrationContext) -> None:
        for earlier in self._contexts:
            if earlier.transactions is not None:
                earlier.transactions.release_unused()
        self._migration_context = context
        self._contexts.append(context)
        if self.context_opts.get("run_policy") is None:
            return
        if context.transactions is None:
            context.load_offline_steps()
        else:
            context.transactions.lock_early(context.has_work)

    def run_migrations(self, **kw: Any) -> None:
        """Run the steps the command chose; `kw` is passed to every upgrade() and downgrade()."""
        from runner.operations import Operations

        with Operations.context(self.get_context()):
            self.get_context().run_migrations(**kw)

    def begin_transaction(self) -> AbstractContextManager[Any]:
        """Return the context manager to put around run_migrations()."""
        return self.get_context().begin_transaction()

    def execute(self, sql: Executable | str, execution_options: dict[str, Any] | None = None) -> None:
        """Execute a statement online, write it offline."""
        self.get_context().execute(sql, execution_options=execution_options)

    def static_output(self, text: str) -> None:
        """Write text as it is into the offline script."""
        self.get_context().impl.static_output(text)

    def get_context(self) -> MigrationContext:
        """Return the MigrationContext that the latest configure() made.

        Raises:
            EnvironmentFailed: configure() has not been called.
        """
        if self._migration_context is None:
            raise EnvironmentFailed("env.py must call context.configure() before anything that needs a database.")
        return self._migration_context

    def get_bind(self) -> Connection:
        """Return the connection (offline: the stand-in that writes SQL)."""
        bind: Connection = self.get_context().impl.bind
        return bind

    def get_impl(self) -> DefaultImpl:
        """Return the dialect's implementation."""
        return self.get_context().impl


def _as_tuple(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else (value,)

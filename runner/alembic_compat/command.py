"""`alembic.command`: Alembic's command functions over the runner's, with Alembic's arguments and output.

Queries print to the configuration's stdout and return nothing. As with Alembic, the environment variables of the
process are not looked at: `env.py` says where the database is, or `sqlalchemy.url` where there is no `env.py`. A
run is one transaction, unless `env.py` says `transaction_per_migration`.
"""

# ruff: noqa: FBT001, FBT002 -- the signatures are Alembic's

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from threading import Lock

from runner.alembic_compat._failures import raising_originals
from runner.commands.branches import branches as run_branches
from runner.commands.current import current as run_current
from runner.commands.downgrade import downgrade as run_downgrade
from runner.commands.ensure_version import ensure_version as run_ensure_version
from runner.commands.heads import heads as run_heads
from runner.commands.history import history as run_history
from runner.commands.results import RevisionView
from runner.commands.show import show as run_show
from runner.commands.stamp import stamp as run_stamp
from runner.commands.target import RunOptions, Target
from runner.commands.upgrade import upgrade as run_upgrade
from runner.config import Config
from runner.database.url import DatabaseUrl, parse_url
from runner.report import branches_text

__all__ = [
    "branches",
    "current",
    "downgrade",
    "ensure_version",
    "heads",
    "history",
    "show",
    "stamp",
    "upgrade",
]

_loading = Lock()


@raising_originals
def upgrade(config: Config, revision: str, sql: bool = False, tag: str | None = None) -> None:
    """Upgrade to a later version.

    Args:
        config: the configuration.
        revision: the target; with `sql`, also `FROM:TO`.
        sql: write the SQL instead of executing it.
        tag: free text for env.py.
    """
    run_upgrade(_target(config, runs=True), revision, sql=sql, tag=tag)


@raising_originals
def downgrade(config: Config, revision: str, sql: bool = False, tag: str | None = None) -> None:
    """Revert to a previous version.

    Args:
        config: the configuration.
        revision: the target; with `sql`, `FROM:TO`.
        sql: write the SQL instead of executing it.
        tag: free text for env.py.
    """
    run_downgrade(_target(config, runs=True), revision, sql=sql, tag=tag)


@raising_originals
def stamp(
    config: Config,
    revision: str | Iterable[str],
    sql: bool = False,
    tag: str | None = None,
    purge: bool = False,
) -> None:
    """Set the version table to the given revision(s); no revision is run.

    Args:
        config: the configuration.
        revision: one target or several; with `sql`, also `FROM:TO`.
        sql: write the SQL instead of executing it.
        tag: free text for env.py.
        purge: empty the version table first.
    """
    revisions = (revision,) if isinstance(revision, str) else tuple(revision)
    run_stamp(_target(config, runs=True), revisions, sql=sql, tag=tag, purge=purge)


@raising_originals
def ensure_version(config: Config, sql: bool = False) -> None:
    """Create the version table if it does not exist.

    Args:
        config: the configuration.
        sql: write the SQL instead of executing it.
    """
    run_ensure_version(_target(config, runs=True), sql=sql)


@raising_originals
def current(config: Config, check_heads: bool = False, verbose: bool = False) -> None:
    """Print the current revision(s) of the database.

    Args:
        config: the configuration.
        check_heads: raise DatabaseNotAtHead unless every head is reached.
        verbose: name the database, and print the long entries.
    """
    for state in run_current(_target(config, runs=True), check_heads=check_heads):
        if verbose and state.url:
            config.print_stdout(f"Current revision(s) for {state.url}:")
        _print_views(config, state.revisions, verbose=verbose)


@raising_originals
def heads(config: Config, verbose: bool = False, resolve_dependencies: bool = False) -> None:
    """Print the heads of the revision directory.

    Args:
        config: the configuration.
        verbose: print the long entries.
        resolve_dependencies: leave out heads that other revisions depend on.
    """
    _print_views(config, run_heads(_target(config), resolve_dependencies=resolve_dependencies), verbose=verbose)


@raising_originals
def history(
    config: Config,
    rev_range: str | None = None,
    verbose: bool = False,
    indicate_current: bool = False,
) -> None:
    """Print the revisions, newest first.

    Args:
        config: the configuration.
        rev_range: `[start]:[end]`, both included.
        verbose: print the long entries.
        indicate_current: mark what the database is at.
    """
    target = _target(config, runs=indicate_current or "current" in (rev_range or ""))
    _print_views(config, run_history(target, rev_range, indicate_current=indicate_current), verbose=verbose)


@raising_originals
def branches(config: Config, verbose: bool = False) -> None:
    """Print the branch points and what follows them.

    Args:
        config: the configuration.
        verbose: print the long entries.
    """
    for point in run_branches(_target(config)):
        config.print_stdout(branches_text([point], verbose=verbose).removesuffix("\n"))


@raising_originals
def show(config: Config, rev: str) -> None:
    """Print the revision(s) that a symbol names, in full.

    Args:
        config: the configuration.
        rev: a revision symbol, or `current`.
    """
    _print_views(config, run_show(_target(config, runs=rev == "current"), rev), verbose=True)


def _target(config: Config, *, runs: bool = False) -> Target:
    if runs:
        _load_engine()
    target = Target(config=config, options=RunOptions(one_transaction=True))
    return target if target.uses_env_py else replace(target, url=_url(config))


def _load_engine() -> None:
    """Import what a run needs, in one thread at a time.

    Threads that begin to import parts of SQLAlchemy or of the engine at once can meet half-made modules.
    """
    with _loading:
        for name in ("runner.commands.environment", "runner.op", "runner.context"):
            import_module(name)


def _url(config: Config) -> DatabaseUrl | None:
    text = config.get_main_option("sqlalchemy.url")
    return parse_url(text, variable="sqlalchemy.url") if text else None


def _print_views(config: Config, views: Iterable[RevisionView], *, verbose: bool) -> None:
    """Print each revision by a call of its own, which is what a Config that overrides `print_stdout` expects."""
    for view in views:
        config.print_stdout(view.entry if verbose else view.line)

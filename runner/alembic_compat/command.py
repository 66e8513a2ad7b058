"""`alembic.command`: Alembic's command functions over the runner's, with Alembic's arguments and output.

Queries print to the configuration's stdout and return nothing. As with Alembic, the environment variables of the
process are not looked at: `env.py` says where the database is, or `sqlalchemy.url` where there is no `env.py`. A
run is one transaction, unless `env.py` says `transaction_per_migration`.
"""

# ruff: noqa: FBT001, FBT002 -- the signatures are Alembic's

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any

from runner.alembic_compat._failures import raising_originals
from runner.alembic_compat.util.messaging import msg
from runner.commands.branches import branches as run_branches
from runner.commands.check import check as run_check
from runner.commands.current import current as run_current
from runner.commands.downgrade import downgrade as run_downgrade
from runner.commands.edit import files_to_edit
from runner.commands.ensure_version import ensure_version as run_ensure_version
from runner.commands.heads import heads as run_heads
from runner.commands.history import history as run_history
from runner.commands.init import init as run_init
from runner.commands.list_templates import list_templates as run_list_templates
from runner.commands.merge import merge as run_merge
from runner.commands.results import RevisionView
from runner.commands.revision import revision as run_revision
from runner.commands.show import show as run_show
from runner.commands.stamp import stamp as run_stamp
from runner.commands.target import RunOptions, Target
from runner.commands.upgrade import upgrade as run_upgrade
from runner.config import Config
from runner.database.url import DatabaseUrl, parse_url
from runner.editor import open_in_editor
from runner.report import branches_text

if TYPE_CHECKING:
    from runner.revisions.directory import Script

__all__ = [
    "branches",
    "check",
    "current",
    "downgrade",
    "edit",
    "ensure_version",
    "heads",
    "history",
    "init",
    "list_templates",
    "merge",
    "revision",
    "show",
    "stamp",
    "upgrade",
]

_loading = Lock()
_Names = str | Sequence[str] | None


@raising_originals
def list_templates(config: Config) -> None:
    """List the templates of init.

    Args:
        config: the configuration.
    """
    config.print_stdout("Templates for init --template:\n")
    for template in run_list_templates(config):
        config.print_stdout(f"{template.name} - {template.summary}")


@raising_originals
def init(config: Config, directory: str, template: str = "generic", package: bool = False) -> None:
    """Make a new revision directory.

    Args:
        config: the configuration; its `config_file_name` is where the configuration goes.
        directory: what to make.
        template: the template's name.
        package: make it a Python package.
    """
    made = run_init(config, os.fspath(directory), template=template, package=package)
    for path in made.paths:
        what = "Creating directory" if os.path.isdir(path) else "Generating"
        _say(config, f"{what} {os.path.abspath(path)} ...  done")
    _say(config, f"Now edit {os.path.abspath(made.paths[-1])}: it says how the database is reached.")


@raising_originals
def revision(
    config: Config,
    message: str | None = None,
    autogenerate: bool = False,
    sql: bool = False,
    head: str = "head",
    splice: bool = False,
    branch_label: _Names = None,
    version_path: str | os.PathLike[str] | None = None,
    rev_id: str | None = None,
    depends_on: _Names = None,
    process_revision_directives: Any = None,
) -> Script | list[Script | None] | None:
    """Write a new revision file.

    Args:
        config: the configuration.
        message: what the revision does.
        autogenerate: fill it with the difference between the database and the model.
        sql: run env.py offline; needs `revision_environment`.
        head: what it follows.
        splice: what it follows may have a successor already.
        branch_label: label or labels of the branch it begins.
        version_path: the version location.
        rev_id: the id, instead of a random one.
        depends_on: what must be applied first.
        process_revision_directives: may change what is written.

    Returns:
        The revision; a list where several were written; None where none was.
    """
    target = _target(config, runs=True)
    written = run_revision(
        target,
        message,
        autogenerate=autogenerate,
        sql=sql,
        head=head,
        splice=splice,
        branch_label=branch_label,
        version_path=None if version_path is None else os.fspath(version_path),
        rev_id=rev_id,
        depends_on=depends_on,
        process_revision_directives=process_revision_directives,
    )
    scripts = [_generated(config, target, view) for view in written]
    if len(scripts) == 1:
        return scripts[0]
    return scripts or None


@raising_originals
def merge(
    config: Config,
    revisions: str | Sequence[str],
    message: str | None = None,
    branch_label: _Names = None,
    rev_id: str | None = None,
    splice: bool = False,
) -> Script | None:
    """Write a revision that joins branches.

    Args:
        config: the configuration.
        revisions: what it follows; `heads` for all of them.
        message: why they are joined.
        branch_label: label or labels of the branch it begins.
        rev_id: the id, instead of a random one.
        splice: what it follows may have successors already.
    """
    target = _target(config, runs=True)
    names = (revisions,) if isinstance(revisions, str) else tuple(revisions)
    view = run_merge(target, names, message, branch_label=branch_label, rev_id=rev_id, splice=splice)
    return _generated(config, target, view)


@raising_originals
def check(config: Config) -> None:
    """Tell whether the model has anything the database has not.

    Args:
        config: the configuration.

    Raises:
        AutogenerateDiffsDetected: it has; `diffs` are the differences.
        DatabaseNotAtHead: revisions are pending.
    """
    result = run_check(_target(config, runs=True))
    if result.failure is not None:
        raise result.failure
    config.print_stdout("No new upgrade operations detected.")


@raising_originals
def edit(config: Config, rev: str) -> None:
    """Open revision files in the editor that EDITOR names.

    Args:
        config: the configuration.
        rev: a revision symbol, or `current`.
    """
    open_in_editor(files_to_edit(_target(config, runs=rev == "current"), rev))


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


def _generated(config: Config, target: Target, view: RevisionView) -> Script | None:
    _say(config, f"Generating {view.path} ...  done")
    return target.script.get_revision(view.revision)


def _say(config: Config, text: str) -> None:
    msg(text, quiet=config.messaging_opts["quiet"])


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

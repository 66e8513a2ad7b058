"""Run an environment and translate what can go wrong in it: floor 6."""

from __future__ import annotations

import os
import socket
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import exc

from runner.database.failures import (
    connection_error,
    encoding_unsupported,
    is_retryable,
    one_line,
    sqlstate_of,
    statement_error,
)
from runner.database.url import DatabaseUrl
from runner.database.waiting import retry_connecting
from runner.errors import ConnectionFailed, EnvironmentFailed, MissingDatabaseUrl, RunnerError
from runner.migration.builtin import run_builtin_environment
from runner.migration.environment import EnvironmentContext
from runner.migration.policy import RunPolicy

if TYPE_CHECKING:
    from runner.commands.target import Target

__all__ = ["run_environment"]

_UNNAMED = DatabaseUrl(dialect="the-database-of-env.py")
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The files whose functions send statements of the runner's own.
_SENDERS = (os.path.join(_PACKAGE, "database", ""), os.path.join(_PACKAGE, "migration", "version_table.py"))


def run_environment(
    target: Target,
    choose: Callable[..., Any],
    *,
    policy: RunPolicy | None,
    compares: bool = False,
    environment_class: type[EnvironmentContext] = EnvironmentContext,
    **opts: Any,
) -> EnvironmentContext:
    """Run env.py, or the built-in environment, with a function that chooses the steps.

    Args:
        target: the directory and the database.
        choose: given the heads and the context, returns the steps.
        policy: how to run; None for a query, which takes no lock.
        compares: the command compares with the model, so the built-in environment imports it.
        environment_class: what env.py talks to.
        opts: further options of the EnvironmentContext.

    Raises:
        EnvironmentFailed: env.py raised, or never called run_migrations().
        RunnerError: what the run itself raised, unchanged.
    """
    if policy is not None:
        opts["run_policy"] = policy
    environment = environment_class(target.config, target.script, fn=choose, **opts)
    with environment:
        if target.uses_env_py:
            _run_env_py_once_server_answers(target, environment)
        else:
            _run_builtin(target, environment, _model(target) if compares else None)
    if not environment.ran_migrations:
        raise EnvironmentFailed(
            f"{target.script.env_py_location} ended without calling context.run_migrations(), so no database was "
            "looked at. Call it in both the offline and the online branch."
        )
    return environment


def _model(target: Target) -> dict[str, Any]:
    from runner.commands.model import model_options

    return model_options(target)


def _run_builtin(target: Target, environment: EnvironmentContext, model: dict[str, Any] | None) -> None:
    options = target.options
    try:
        run_builtin_environment(
            environment,
            target.required_url(),
            application_name=options.application_name,
            connect_timeout_seconds=options.connect_timeout_seconds,
            version_table=options.version_table,
            version_table_schema=options.version_table_schema,
            search_path=options.search_path,
            clock=target.clock,
            connect_wait_seconds=options.connect_wait_seconds,
            model=model,
        )
    except exc.DBAPIError as error:
        raise _own_statement_failed(error, target, options.version_table) from error


def _run_env_py_once_server_answers(target: Target, environment: EnvironmentContext) -> None:
    """Run env.py; where its server does not answer yet, wait until it does, and run it once more.

    The first attempt is without a look beforehand: a server that is there costs no second session. An env.py that
    has configured a context may have changed something, and is not run again.
    """
    try:
        _run_env_py(target, environment)
    except ConnectionFailed as error:
        options = target.options
        is_known = target.url is not None and not environment.is_offline_mode()
        if not is_known or environment.was_configured or not is_retryable(error) or not options.connect_wait_seconds:
            raise
        retry_connecting(target.look_once, clock=target.clock, wait_seconds=options.connect_wait_seconds)
    else:
        return
    _run_env_py(target, environment)


def _run_env_py(target: Target, environment: EnvironmentContext) -> None:
    try:
        target.script.run_env()
    except BrokenPipeError:
        raise  # the reader of the script has gone: nothing env.py did
    except SystemExit as stop:
        if stop.code not in {None, 0}:
            raise _env_py_failed(stop, target) from stop
    except Exception as error:
        translated = _translated(error, target, environment)
        if translated is error:
            raise
        raise translated from error


def _translated(error: Exception, target: Target, environment: EnvironmentContext) -> Exception:
    """Return the error that says what went wrong while env.py ran; the error itself where it says so already."""
    if target.url is None and _means_no_url(error):
        return _no_url(target)
    if isinstance(error, RunnerError):
        return error
    if _means_bytes_for_text(error):
        return encoding_unsupported(target.url or _UNNAMED)
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):  # as asyncpg raises them
        return connection_error(target.url or _UNNAMED, error)
    if isinstance(error, exc.DBAPIError):
        return _refused_by_server(error, target, environment)
    return _env_py_failed(error, target)


def _refused_by_server(error: exc.DBAPIError, target: Target, environment: EnvironmentContext) -> RunnerError:
    """Return the error for what the server refused outside revisions: a session, or a statement of ours or env.py's."""
    if error.statement is None and not (sqlstate_of(error) or "").startswith("23"):  # a commit has no statement either
        return connection_error(target.url or _UNNAMED, error.orig or error)
    if _sent_by_runner(error, target):
        return _own_statement_failed(error, target, environment.get_context().version_table)
    return _env_py_failed(error, target)


def _sent_by_runner(error: exc.DBAPIError, target: Target) -> bool:
    """Tell whether a statement of the runner's own failed, and not one that env.py executed."""
    frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    path = target.script.env_py_location
    below = frames[len(frames) - frames[::-1].index(path) :] if path in frames else frames
    return any(filename.startswith(_SENDERS) for filename in below)


def _own_statement_failed(error: exc.DBAPIError, target: Target, table: str) -> RunnerError:
    """A statement failed that neither a revision nor env.py sent: the version table's."""
    where = target.url.masked() if target.url is not None else "the database"
    return statement_error(error, doing=f"use the version table {table}", url=where)


def _means_no_url(error: Exception) -> bool:
    """Tell whether engine_from_config(), create_engine() or configure() found no URL, or only a placeholder."""
    if isinstance(error, KeyError):
        return error.args == ("url",)
    if isinstance(error, EnvironmentFailed):
        return error.fields.get("missing") == "url"
    if isinstance(error, exc.NoSuchModuleError):  # driver://user:pass@localhost/dbname, as `init` writes it
        return str(error).endswith("sqlalchemy.dialects:driver")
    return isinstance(error, exc.ArgumentError) and ("None" in str(error) or "''" in str(error))


def _means_bytes_for_text(error: Exception) -> bool:
    """Tell whether SQLAlchemy stumbled over bytes when it asked a new session for the server's version."""
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, TypeError) and any(frame.name == "_get_server_version_info" for frame in frames)


def _no_url(target: Target) -> MissingDatabaseUrl:
    return MissingDatabaseUrl(
        f"No database is named: {target.script.env_py_location} asked for sqlalchemy.url and there is none. Set "
        "DATABASE_URL (or MIGRATION_DATABASE_URL, or either with _FILE), or put sqlalchemy.url into the configuration "
        "file."
    )


def _env_py_failed(error: BaseException, target: Target) -> EnvironmentFailed:
    path = target.script.env_py_location
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    where = f"{path}:{lines[-1]}" if lines else path
    return EnvironmentFailed(
        f"env.py failed at {where}: {type(error).__name__}: {one_line(getattr(error, 'orig', None) or error)}.",
        where=where,
        exception=type(error).__name__,
    )

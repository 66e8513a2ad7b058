"""Put settings, configuration file and directory together into a Target: floor 7."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from runner.clock import Clock
from runner.commands.target import RunOptions, Target
from runner.config import Config, discover
from runner.database.session import NO_WORD, SessionName
from runner.database.url import DatabaseUrl, parse_url
from runner.errors import SettingsError
from runner.logs import resolve_format

if TYPE_CHECKING:
    from runner.database.history_entry import RunFacts
    from runner.settings import Settings

__all__ = ["for_tenant", "make_target"]

_DEFAULT_DIRECTORY = "migrations"
_HAS_SCHEMAS, _DATABASE_IS_SCHEMA = ("postgresql",), ("mysql", "mariadb")


def make_target(
    settings: Settings,
    values: argparse.Namespace,
    command: str,
    *,
    clock: Clock,
    around: Callable[[], AbstractContextManager[None]],
    run_id: str | None = None,
) -> Target:
    """Return what the command works on.

    Args:
        settings: the validated settings.
        values: the command line; env.py sees it as `config.cmd_opts`.
        command: the verb's name.
        clock: for waiting and durations.
        around: a context manager to run environments in (it owns the standard library's logging).
        run_id: the run's name in log and history.
    """
    config = _make_config(settings, values, command)
    schema = _session_schema(settings)
    url = settings.database_url or (None if command == "init" else _url_of(config))
    if url is None and settings.dialect is not None and _writes_sql(values, command):
        url = DatabaseUrl(dialect=settings.dialect)
        config.override_main_option("sqlalchemy.url", url.text())  # what an env.py makes a dialect of
    if settings.database_url is not None:
        config.override_main_option("sqlalchemy.url", settings.database_url.with_driver().text())
    return Target(
        config=config,
        url=url,
        builtin_environment=settings.env_py == "ignore",
        options=RunOptions(
            one_transaction=settings.transaction == "run",
            lock_wait_seconds=settings.lock_wait_seconds,
            lock_key=settings.lock_key,
            connect_wait_seconds=settings.connect_wait_seconds,
            lock_timeout_seconds=settings.lock_timeout_seconds,
            statement_timeout_seconds=settings.statement_timeout_seconds,
            lock_retry_seconds=settings.lock_retry_seconds,
            version_table=settings.version_table,
            version_table_schema=settings.version_table_schema or schema,
            backfill_timeout_seconds=settings.backfill_timeout_seconds,
            monitor_seconds=_monitor_seconds(settings),
            max_blocked_sessions=settings.max_blocked_sessions,
            orphans=settings.orphans,
            session=_session_name(settings),
            history=_history(settings, run_id),
            edited_revisions=settings.edited_revisions,
            newer_database=settings.newer_database,
            metadata=settings.metadata,
            tenant_schema=schema,
            shared_schemas=_names(settings.shared_schemas),
            run_id=run_id,
        ),
        clock=clock,
        around=around,
    )


def for_tenant(settings: Settings) -> Settings:
    """Return the settings with the URL that RUNNER_SCHEMA leads to: on MySQL and MariaDB a schema is a database.

    Raises:
        SettingsError: the database has no schemas.
    """
    schema, url = settings.tenant_schema, settings.database_url
    if schema is None or url is None or url.dialect in _HAS_SCHEMAS:
        return settings
    if url.dialect in _DATABASE_IS_SCHEMA:
        return replace(settings, database_url=replace(url, database=schema))
    raise SettingsError(
        f"RUNNER_SCHEMA is {schema}, and {url.dialect} has no schemas that a session can be put into. Give each "
        "tenant a URL instead."
    )


def _session_schema(settings: Settings) -> str | None:
    """Return the schema that the session has to be put into."""
    url = settings.database_url
    return None if url is not None and url.dialect in _DATABASE_IS_SCHEMA else settings.tenant_schema


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _history(settings: Settings, run_id: str | None) -> Callable[[], RunFacts] | None:
    """Return what finds out the facts about this run, which costs something and is not always needed."""
    if settings.history == "off":
        return None

    def facts() -> RunFacts:
        from runner.run_facts import find_run_facts

        return find_run_facts(settings, run_id)

    return facts


def _session_name(settings: Settings) -> SessionName:
    return SessionName(
        tool=settings.application_name,
        release=settings.release or NO_WORD,
        pod=settings.pod or os.environ.get("HOSTNAME") or os.uname().nodename,
    )


def _monitor_seconds(settings: Settings) -> float:
    if settings.monitor_seconds is not None:
        return settings.monitor_seconds
    return 1.0 if resolve_format(settings.log_format, sys.stdout) == "text" and sys.stdout.isatty() else 10.0


def _make_config(settings: Settings, values: argparse.Namespace, command: str) -> Config:
    project = None if command == "init" else _project_in(settings, values)
    ini, toml = _files_to_make(settings, values) if command == "init" else project or _config_files(settings, values)
    config = Config(
        file_=ini,
        toml_file=toml,
        ini_section=getattr(values, "name", None) or "alembic",
        output_buffer=sys.stdout,
        stdout=sys.stdout,
        cmd_opts=_command_options(values, command, settings.tenant_schema),
    )
    if settings.tenant_schema is not None:
        config.attributes["schema"] = settings.tenant_schema
    if settings.directory is not None and project is None:
        config.override_main_option("script_location", settings.directory)
    elif config.get_alembic_option("script_location") is None and ini is None and toml is None:
        config.override_main_option("script_location", _DEFAULT_DIRECTORY)
    return config


def _project_in(settings: Settings, values: argparse.Namespace) -> tuple[str | None, str | None] | None:
    """Return the configuration files in RUNNER_DIRECTORY if it is a project folder rather than a revision directory."""
    directory = settings.directory
    if directory is None or values.config or settings.config_file:
        return None
    if any(os.path.exists(os.path.join(directory, name)) for name in ("env.py", "versions")):
        return None
    ini, toml = discover(directory)
    says_where = Config(file_=ini, toml_file=toml).get_alembic_option("script_location") is not None
    return (ini, toml) if says_where else None


def _config_files(settings: Settings, values: argparse.Namespace) -> tuple[str | None, str | None]:
    named = values.config or ([settings.config_file] if settings.config_file else [])
    return discover(os.getcwd(), os.environ.get("ALEMBIC_CONFIG"), files=named)


def _files_to_make(settings: Settings, values: argparse.Namespace) -> tuple[str, str]:
    """Return the names of the configuration files that `init` writes; they need not exist."""
    given_by_variable = settings.config_file or os.environ.get("ALEMBIC_CONFIG")
    named: list[str] = values.config or ([given_by_variable] if given_by_variable else [])
    given = {"toml" if os.path.basename(name) == "pyproject.toml" else "ini": name for name in named}
    return given.get("ini", "alembic.ini"), given.get("toml", "pyproject.toml")


def _writes_sql(values: argparse.Namespace, command: str) -> bool:
    return bool(getattr(values, "sql", False)) or command == "artifact"


def _command_options(values: argparse.Namespace, command: str, schema: str | None) -> argparse.Namespace:
    """Return the options as env.py expects them: with `.x`, and `.cmd` whose first item is named after the verb.

    A tenant's schema is there as `-x schema=...`, which is where env.py files look for it.
    """

    def verb(*_: Any) -> None: ...

    verb.__name__ = command.replace("-", "_")
    given = {"name": "alembic", **vars(values), "cmd": (verb, [], [])}
    if schema is not None:
        given["x"] = [*(getattr(values, "x", None) or []), f"schema={schema}"]
    return argparse.Namespace(**given)


def _url_of(config: Config) -> DatabaseUrl | None:
    text = config.get_main_option("sqlalchemy.url")
    if not text or text.startswith("driver://"):  # the placeholder that `init` writes
        return None
    return parse_url(text, variable="sqlalchemy.url")

"""The built-in environment, for directories without an env.py: floor 5.

It does what a plain env.py does: one database, given by URL, revisions run through the same context.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.clock import Clock
from runner.database.engine import make_engine, open_connection, quoted_path
from runner.database.url import DatabaseUrl
from runner.database.waiting import retry_connecting
from runner.dialects.base import DefaultImpl
from runner.migration.environment import EnvironmentContext

__all__ = ["run_builtin_environment"]


def run_builtin_environment(
    environment: EnvironmentContext,
    url: DatabaseUrl,
    *,
    application_name: str,
    connect_timeout_seconds: int,
    version_table: str,
    version_table_schema: str | None,
    search_path: tuple[str, ...] = (),
    clock: Clock,
    connect_wait_seconds: float,
    model: Mapping[str, Any] | None = None,
) -> None:
    """Configure the environment for one database and run what the command wants.

    Args:
        environment: entered by the caller.
        url: the database; offline only its dialect matters, and no driver need be installed.
        application_name: what the session calls itself to the server.
        connect_timeout_seconds: how long one attempt to connect may take.
        version_table: name of the version table.
        version_table_schema: its schema; None means the session's default.
        search_path: the schemas of the session; none leaves it to the server.
        clock: for waiting.
        connect_wait_seconds: how long a server that is not up yet is waited for.
        model: what configure() is told about the model, where the command compares with it.
    """
    table: dict[str, Any] = {"version_table": version_table, "version_table_schema": version_table_schema}
    table.update(model or {})
    if environment.is_offline_mode():
        environment.configure(
            dialect_name=url.dialect, literal_binds=True, dialect_opts={"paramstyle": "named"}, **table
        )
        if search_path:
            environment.execute(f"SET search_path TO {quoted_path(search_path)}")
        with environment.begin_transaction():
            environment.run_migrations()
        return
    engine = make_engine(
        url,
        application_name=application_name,
        connect_timeout_seconds=connect_timeout_seconds,
        search_path=search_path,
    )
    connection = retry_connecting(lambda: open_connection(engine, url), clock=clock, wait_seconds=connect_wait_seconds)
    with connection:
        if model is not None:
            table.setdefault(
                "render_as_batch", not DefaultImpl.get_by_dialect(connection.dialect).supports_alter_column
            )
        environment.configure(connection=connection, may_reconnect=True, **table)
        with environment.begin_transaction():
            environment.run_migrations()

"""Read the version rows as cheaply as the driver allows: floor 4. Imports one driver and no SQLAlchemy.

Most runs of a deployed job find nothing to do. They need one connection and one SELECT, not an engine.
The probe only looks: it takes no lock, creates nothing, and what it saw is read again under the lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runner.database.failures import (
    connection_error,
    driver_missing,
    encoding_unsupported,
    is_undefined_table,
    statement_error,
)
from runner.database.url import DatabaseUrl

__all__ = ["VersionRows", "read_version_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRows:
    """What the version table holds: `revisions` sorted; `table_exists` tells an empty table from none."""

    revisions: tuple[str, ...]
    table_exists: bool


def read_version_rows(
    url: DatabaseUrl,
    *,
    table: str = "alembic_version",
    schema: str | None = None,
    application_name: str = "revision-runner",
    connect_timeout_seconds: int | None = None,
) -> VersionRows | None:
    """Return the version rows, or None where no cheap way to read them is known for this database.

    Args:
        url: the database.
        table: name of the version table.
        schema: its schema; None means the session's default.
        application_name: what the session calls itself to the server.
        connect_timeout_seconds: give up connecting after this many seconds; None leaves it to the driver.

    Raises:
        DatabaseError: the session could not be opened, or the table not be read; a subclass says why.
    """
    reader = _READERS.get(url.synchronous().dialect)
    if reader is None:
        return None
    return reader(url.synchronous(), table, schema, application_name, connect_timeout_seconds)


def _read_postgresql(
    url: DatabaseUrl, table: str, schema: str | None, application_name: str, connect_timeout_seconds: int | None
) -> VersionRows | None:
    if url.driver != "psycopg":
        return None
    try:
        import psycopg
    except ImportError as exc:
        raise driver_missing(url, exc) from exc
    arguments = postgresql_arguments(url)
    arguments.setdefault("application_name", application_name)
    if connect_timeout_seconds is not None:
        arguments.setdefault("connect_timeout", connect_timeout_seconds)
    try:
        connection = psycopg.connect(autocommit=True, prepare_threshold=None, **arguments)
    except psycopg.Error as exc:
        raise connection_error(url, exc) from exc
    with connection:
        if connection.info.encoding == "ascii":
            raise encoding_unsupported(url)
        try:
            rows = connection.execute(_select(table, schema)).fetchall()
        except psycopg.Error as exc:
            if is_undefined_table(exc):
                return VersionRows(revisions=(), table_exists=False)
            raise statement_error(exc, doing=f"read the version table {table}", url=url.masked()) from exc
    return _rows([row[0] for row in rows])


def postgresql_arguments(url: DatabaseUrl) -> dict[str, Any]:
    """Return the URL as the keyword arguments of libpq."""
    arguments: dict[str, Any] = dict(url.query)
    if url.hosts:
        arguments["host"] = ",".join(url.hosts)
    if any(url.ports):
        arguments["port"] = ",".join(str(port or 5432) for port in url.ports)
    named = {"user": url.username, "password": url.password, "dbname": url.database}
    arguments.update({name: value for name, value in named.items() if value})
    return arguments


def _read_sqlite(url: DatabaseUrl, table: str, schema: str | None, *_: object) -> VersionRows | None:
    if url.is_memory or url.query or url.driver != "pysqlite" or schema is not None:
        return None
    assert url.database is not None  # is_memory has ruled None out
    if not os.path.exists(url.database):
        return VersionRows(revisions=(), table_exists=False)
    import sqlite3

    try:
        connection = sqlite3.connect(f"file:{_uri_path(url.database)}?mode=ro", uri=True)
    except sqlite3.Error as exc:
        raise connection_error(url, exc) from exc
    try:
        rows = connection.execute(_select(table, schema)).fetchall()
    except sqlite3.Error as exc:
        if is_undefined_table(exc):
            return VersionRows(revisions=(), table_exists=False)
        raise statement_error(exc, doing=f"read the version table {table}", url=url.masked()) from exc
    finally:
        connection.close()
    return _rows([row[0] for row in rows])


def _uri_path(path: str) -> str:
    from urllib.parse import quote

    return quote(os.path.abspath(path))


def _select(table: str, schema: str | None) -> str:
    qualified = _quoted(table) if schema is None else f"{_quoted(schema)}.{_quoted(table)}"
    return f"SELECT version_num FROM {qualified}"  # noqa: S608  # quoted


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _rows(values: list[str]) -> VersionRows:
    return VersionRows(revisions=tuple(sorted(values)), table_exists=True)


_Reader = Callable[[DatabaseUrl, str, "str | None", str, "int | None"], "VersionRows | None"]
_READERS: dict[str, _Reader] = {"postgresql": _read_postgresql, "sqlite": _read_sqlite}

"""Read the version rows as cheaply as the driver allows: floor 4. Imports one driver and no SQLAlchemy.

Most runs of a deployed job find nothing to do. They need one connection and one SELECT, not an engine.
The probe only looks: it takes no lock, creates nothing, and what it saw is read again under the lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from runner.database.ancestry import ANCESTRY_COLUMNS, HISTORY_TABLE, Ancestry
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
    """What the version table holds: `revisions` sorted; `table_exists` tells an empty table from none.

    `ancestry` is what the history says, looked up only where a revision is unknown; None without a history.
    """

    revisions: tuple[str, ...]
    table_exists: bool
    ancestry: Ancestry | None = None


def read_version_rows(
    url: DatabaseUrl,
    *,
    table: str = "alembic_version",
    schema: str | None = None,
    application_name: str = "revision-runner",
    connect_timeout_seconds: int | None = None,
    known: Container[str] | None = None,
) -> VersionRows | None:
    """Return the version rows, or None where no cheap way to read them is known for this database.

    Args:
        url: the database.
        table: name of the version table.
        schema: its schema; None means the session's default.
        application_name: what the session calls itself to the server.
        connect_timeout_seconds: give up connecting after this many seconds; None leaves it to the driver.
        known: the revisions of the directory; the history is asked about any other. None asks about nothing.

    Raises:
        DatabaseError: the session could not be opened, or the table not be read; a subclass says why.
    """
    reader = _READERS.get(url.synchronous().dialect)
    if reader is None:
        return None
    look = _Look(table=table, schema=schema, known=known)
    return reader(url.synchronous(), look, application_name, connect_timeout_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What to read, whatever the driver."""

    table: str
    schema: str | None
    known: Container[str] | None

    def read(
        self, fetch: Callable[[str], Iterable[Sequence[Any]]], error: type[Exception], *, url: DatabaseUrl
    ) -> VersionRows:
        """Return what `fetch`, which raises `error`, finds."""
        try:
            revisions = tuple(sorted(row[0] for row in fetch(f"SELECT version_num FROM {self._place(self.table)}")))  # noqa: S608  # quoted
        except error as exc:
            if is_undefined_table(exc):
                return VersionRows(revisions=(), table_exists=False)
            raise statement_error(exc, doing=f"read the version table {self.table}", url=url.masked()) from exc
        ancestry = None
        if self.known is not None and any(one not in self.known for one in revisions):
            ancestry = self._ancestry(fetch, error)
        return VersionRows(revisions=revisions, table_exists=True, ancestry=ancestry)

    def _ancestry(self, fetch: Callable[[str], Iterable[Sequence[Any]]], error: type[Exception]) -> Ancestry | None:
        table = self.table.replace("'", "''")
        try:
            rows = fetch(
                f"SELECT {', '.join(ANCESTRY_COLUMNS)} FROM {self._place(HISTORY_TABLE)}"  # noqa: S608  # quoted
                f" WHERE version_table = '{table}' AND outcome IN ('applied', 'stamped') ORDER BY id"
            )
            return Ancestry.of_rows(rows)
        except error:
            return None  # there is none, or it may not be read

    def _place(self, table: str) -> str:
        return _quoted(table) if self.schema is None else f"{_quoted(self.schema)}.{_quoted(table)}"


def _read_postgresql(
    url: DatabaseUrl, look: _Look, application_name: str, connect_timeout_seconds: int | None
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
        return look.read(lambda query: connection.execute(query.encode()).fetchall(), psycopg.Error, url=url)


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


def _read_sqlite(url: DatabaseUrl, look: _Look, *_: object) -> VersionRows | None:
    if url.is_memory or url.query or url.driver != "pysqlite" or look.schema is not None:
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
        return look.read(lambda query: connection.execute(query).fetchall(), sqlite3.Error, url=url)
    finally:
        connection.close()


def _uri_path(path: str) -> str:
    from urllib.parse import quote

    return quote(os.path.abspath(path))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_Reader = Callable[[DatabaseUrl, _Look, str, "int | None"], "VersionRows | None"]
_READERS: dict[str, _Reader] = {"postgresql": _read_postgresql, "sqlite": _read_sqlite}

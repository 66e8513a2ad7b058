"""Open a session with SQLAlchemy from a DatabaseUrl: floor 4."""

from __future__ import annotations

from typing import Any

from sqlalchemy import create_engine, exc
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import NullPool

from runner.database.failures import connection_error, driver_missing, encoding_unsupported
from runner.database.url import DatabaseUrl

__all__ = ["make_engine", "open_connection", "quoted_path", "sqlalchemy_url"]


def sqlalchemy_url(url: DatabaseUrl) -> URL:
    """Return the URL as SQLAlchemy's value, never having been text with a password in it."""
    query: dict[str, tuple[str, ...] | str] = {}
    for key, value in url.query:
        before = query.get(key, ())
        query[key] = (*((before,) if isinstance(before, str) else before), value) if before else value
    host, port = (url.hosts[0], url.ports[0]) if len(url.hosts) == 1 else (None, None)
    if len(url.hosts) > 1:
        query["host"] = tuple(f"{h}:{p or 5432}" for h, p in zip(url.hosts, url.ports, strict=True))
    return URL.create(
        f"{url.dialect}+{url.driver}" if url.driver else url.dialect,
        username=url.username,
        password=url.password,
        host=host or None,
        port=port,
        database=url.database,
        query=query,
    )


def make_engine(
    url: DatabaseUrl,
    *,
    application_name: str = "revision-runner",
    connect_timeout_seconds: int | None = None,
    search_path: tuple[str, ...] = (),
) -> Engine:
    """Return an engine without a pool: the session ends, and its locks with it, when the connection is closed.

    Raises:
        DriverMissing: the driver is not installed, or SQLAlchemy knows no such dialect.
    """
    synchronous = url.synchronous()
    try:
        return create_engine(
            sqlalchemy_url(synchronous),
            poolclass=NullPool,
            connect_args={
                **_connect_arguments(synchronous, application_name, connect_timeout_seconds),
                **_search_path_argument(synchronous, search_path),
            },
        )
    except (ImportError, exc.NoSuchModuleError) as error:
        raise driver_missing(synchronous, ImportError(str(error))) from error


# A connection that died without a word (a node that went away, a firewall that forgot it) is noticed within a minute,
# by us and, since the server's answer to a probe is missing, while a statement runs too.
_KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}


def _connect_arguments(url: DatabaseUrl, application_name: str, connect_timeout_seconds: int | None) -> dict[str, Any]:
    given = {key for key, _ in url.query}
    arguments: dict[str, Any] = {}
    if url.driver in ("psycopg", "psycopg2"):
        arguments |= {"application_name": application_name, **_KEEPALIVES}
        if url.driver == "psycopg":
            arguments["prepare_threshold"] = None  # a pooler may hand the next transaction to another session
        if connect_timeout_seconds is not None:
            arguments["connect_timeout"] = connect_timeout_seconds
    return {key: value for key, value in arguments.items() if key not in given}


def quoted_path(schemas: tuple[str, ...]) -> str:
    """Return schemas as PostgreSQL wants them in search_path."""
    return ",".join('"' + name.replace('"', '""') + '"' for name in schemas)


def _search_path_argument(url: DatabaseUrl, search_path: tuple[str, ...]) -> dict[str, Any]:
    """Return what makes the schemas the session's default, so that neither ROLLBACK nor RESET takes them away.

    A transaction pooler refuses the option, which is better than a search path that ends up in another session.
    """
    if not search_path:
        return {}
    escaped = quoted_path(search_path).replace("\\", "\\\\").replace(" ", "\\ ")
    own = dict(url.query).get("options", "")
    return {"options": f"{own} -csearch_path={escaped}".strip()}


def open_connection(engine: Engine, url: DatabaseUrl) -> Connection:
    """Open one session.

    Raises:
        ConnectionFailed, AuthenticationFailed: no session could be opened.
    """
    try:
        connection = engine.connect()
    except exc.DBAPIError as error:
        raise connection_error(url, error.orig or error) from error
    refuse_bytes_encoding(connection, url)
    return connection


def refuse_bytes_encoding(connection: Connection, url: DatabaseUrl) -> None:
    """Raise EncodingUnsupported where the driver would hand out bytes for text (psycopg on SQL_ASCII)."""
    info = getattr(connection.connection.driver_connection, "info", None)
    if getattr(info, "encoding", None) == "ascii":
        connection.close()
        raise encoding_unsupported(url)

"""Turn what a driver raises into this project's errors: floor 4. No driver and no SQLAlchemy is imported here.

Drivers differ in class names and agree on SQLSTATE, so that is asked first; a connection that was never
made carries no SQLSTATE, so there the server's own English message decides.
"""

from __future__ import annotations

import re

from runner.database.url import DatabaseUrl
from runner.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    DatabaseError,
    DriverMissing,
    EncodingUnsupported,
    PoolerInTheWay,
    PrivilegeMissing,
    RunnerError,
)

__all__ = [
    "connection_error",
    "driver_missing",
    "encoding_unsupported",
    "is_lost",
    "is_retryable",
    "is_undefined_table",
    "one_line",
    "sqlstate_of",
    "statement_error",
    "statement_pooling",
]

_AUTHENTICATION = ("28P01", "28000", "1045")
_PRIVILEGE = ("42501", "1142", "1044", "1227")
_LOST = ("57P01", "57P02", "57P05", "2006", "2013", "4031")
_LOST_TEXT = re.compile(r"server closed the connection unexpectedly|the connection is (?:lost|closed)", re.IGNORECASE)
_UNDEFINED_TABLE = ("42P01", "3F000", "42S02", "1146")
_AUTHENTICATION_TEXT = re.compile(
    r"password authentication failed|no password supplied|role \"[^\"]*\" does not exist|authentication failed"
    r"|no pg_hba\.conf entry|is not permitted to log in|Access denied for user",
    re.IGNORECASE,
)
_STATEMENT_POOLING = "not allowed in statement pooling mode"  # PgBouncer's words
_MISSING_DATABASE_TEXT = re.compile(r"database \"[^\"]*\" does not exist|Unknown database", re.IGNORECASE)


def sqlstate_of(error: BaseException) -> str | None:
    """Return the SQLSTATE (or MySQL error number) that a driver's error carries, wrapped or not."""
    original = getattr(error, "orig", None) or error
    for name in ("sqlstate", "pgcode"):
        value = getattr(original, name, None)
        if isinstance(value, str):
            return value
    arguments = getattr(original, "args", ())
    if arguments and isinstance(arguments[0], int):
        return str(arguments[0])
    return None


def is_undefined_table(error: BaseException) -> bool:
    """Tell whether the error says that the table, or its schema, does not exist."""
    return sqlstate_of(error) in _UNDEFINED_TABLE or "no such table" in str(error)


def is_lost(error: BaseException) -> bool:
    """Tell whether an error says that the session has ended."""
    if getattr(error, "connection_invalidated", False):
        return True
    code = sqlstate_of(error) or ""
    return code in _LOST or code.startswith("08") or bool(_LOST_TEXT.search(str(error)))


def is_retryable(error: DatabaseError) -> bool:
    """Tell whether connecting again may help: refused, unreachable or starting up, but never a wrong password."""
    return isinstance(error, ConnectionFailed) and error.fields.get("reason") != "database-missing"


def driver_missing(url: DatabaseUrl, error: ImportError) -> DriverMissing:
    """Return the error for a URL whose driver is not installed."""
    return DriverMissing(
        f"The driver for {url.masked()} is not installed ({error}). Install it, or name another driver in the URL, "
        f"for example {url.dialect}+psycopg:// for PostgreSQL.",
        dialect=url.dialect,
        driver=url.driver,
    )


def statement_pooling(where: str) -> PoolerInTheWay:
    """Return the error for a pooler that allows no transactions at all."""
    return PoolerInTheWay(
        f"The pooler at {where} is in statement mode, in which there are no transactions. Nothing was changed. Set "
        "MIGRATION_DATABASE_URL to an address of the server itself.",
        url=where,
    )


def connection_error(url: DatabaseUrl, error: BaseException) -> RunnerError:
    """Return the error for a session that could not be opened."""
    detail = one_line(error)
    where = url.masked()
    if _STATEMENT_POOLING in detail:
        return statement_pooling(where)
    if sqlstate_of(error) in _AUTHENTICATION or _AUTHENTICATION_TEXT.search(detail):
        return AuthenticationFailed(
            f"The server at {where} rejected the user or password: {detail}. Check the credentials in the URL.",
            url=where,
        )
    if _MISSING_DATABASE_TEXT.search(detail):
        return ConnectionFailed(
            f"The database in {where} does not exist: {detail}. Create it, or correct the name in the URL.",
            url=where,
            reason="database-missing",
        )
    return ConnectionFailed(
        f"No connection to {where}: {detail}. Check host and port, and that the server is up.",
        url=where,
        reason="unreachable",
    )


def encoding_unsupported(url: DatabaseUrl) -> EncodingUnsupported:
    """Return the error for a session in SQL_ASCII, in which nothing is converted and the driver hands out bytes.

    psycopg reports that encoding as Python's "ascii".
    """
    return EncodingUnsupported(
        f"The session on {url.masked()} uses SQL_ASCII, in which the driver returns bytes instead of text. Add "
        "client_encoding=utf8 to the URL if the data is UTF-8, or create the database with ENCODING 'UTF8'.",
        url=url.masked(),
    )


def statement_error(error: BaseException, *, doing: str, url: str = "the database") -> RunnerError:
    """Return the error for a statement of the runner's own (not of a revision) that the server rejected.

    Args:
        error: what the driver, or SQLAlchemy around it, raised.
        doing: what the runner was about to do, e.g. "read the version table alembic_version".
        url: the masked URL, for the message.
    """
    detail = one_line(getattr(error, "orig", None) or error)
    if _STATEMENT_POOLING in detail:
        return statement_pooling(url)
    if is_lost(error):
        return ConnectionLost(
            f"The connection to {url} was lost when the runner was about to {doing}: {detail}. Steps reported as "
            "finished are committed. Run again.",
            doing=doing,
            sqlstate=sqlstate_of(error),
        )
    if sqlstate_of(error) in _PRIVILEGE:
        return PrivilegeMissing(
            f"The role may not {doing} in {url}: {detail}. Grant the privilege, or connect as a role that has it "
            "(MIGRATION_DATABASE_URL).",
            doing=doing,
        )
    return DatabaseError(f"Could not {doing} in {url}: {detail}.", doing=doing, sqlstate=sqlstate_of(error))


def one_line(error: BaseException) -> str:
    """Return the error's message on one line, without final punctuation, at most 400 characters."""
    text = " ".join(str(error).split())
    return text[:400].rstrip(". ?") or type(error).__name__

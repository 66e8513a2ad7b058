"""SQL files for MySQL and MariaDB and their command line.

DDL commits there, so no file is a transaction: each statement is noted in the journal before and after it, and an
online run goes on where a file stopped. A guard is an INSERT into a temporary table, whose columns must not be NULL and
are named like the sentences: SIGNAL would need a stored procedure, and the right to make one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy.dialects.mysql.base import MySQLDialect

from runner.artifact.guards.base import WritingOptions, unless_there
from runner.artifact.guards.plain import (
    APPLIED,
    BUSY,
    CHANGED,
    HALFWAY,
    SERVER,
    WRONG_ROWS,
    PlainWriter,
    guards,
)
from runner.database.lock import session_lock_sql

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["mysql_writer"]

_SENTENCES = (SERVER, BUSY, WRONG_ROWS, APPLIED, CHANGED, HALFWAY)


class _MySQL:
    dialect: Dialect = MySQLDialect()
    separator = ""
    has_journal = True
    now = "DATE_FORMAT(UTC_TIMESTAMP(3), '%Y-%m-%dT%H:%i:%s.000+00:00')"

    def client_commands(self) -> Iterable[str]:
        return ()  # it stops at an error unless told otherwise

    def session(self, *, transactional: bool, options: WritingOptions) -> Iterable[str]:
        columns = ", ".join(f"`{one}` INTEGER NOT NULL DEFAULT 1" for one in _SENTENCES)
        yield "SET NAMES utf8mb4;"
        # The files' literals have escapes; a server without them would store each backslash twice.
        yield "SET SESSION sql_mode = REPLACE(@@SESSION.sql_mode, 'NO_BACKSLASH_ESCAPES', '');"
        yield "SET SESSION autocommit = 1;"
        yield "DROP TEMPORARY TABLE IF EXISTS runner_guard;"
        yield f"CREATE TEMPORARY TABLE runner_guard ({columns});"
        seconds = options.limits.lock_timeout_seconds
        if seconds is not None:
            yield f"SET SESSION lock_wait_timeout = {max(1, round(seconds)) if seconds else 31536000};"

    def begin(self) -> Iterable[str]:
        return ()

    def commit(self) -> Iterable[str]:
        return ()

    def server_guards(self, options: WritingOptions) -> Iterable[str]:
        major = "CAST(SUBSTRING_INDEX(VERSION(), '.', 1) AS UNSIGNED)"
        low, high = options.server.minimum, options.server.maximum
        if low is not None:
            yield self.require(SERVER, f"{major} >= {low}")
        if high is not None:
            yield self.require(SERVER, f"{major} <= {high}")
        yield self.require(BUSY, f"({session_lock_sql('mysql', options.lock)[0]}) = 1")

    def end(self, options: WritingOptions) -> Iterable[str]:
        yield f"DO ({session_lock_sql('mysql', options.lock)[1]});"
        yield "DROP TEMPORARY TABLE runner_guard;"

    def create_table(self, sql: str, name: str) -> str:
        return f"{unless_there(sql)};"

    def require(self, sentence: str, condition: str) -> str:
        return f"INSERT INTO runner_guard (`{sentence}`) VALUES (CASE WHEN {condition} THEN 1 END);"


def mysql_writer(*, is_mariadb: bool) -> PlainWriter:
    """Return what writes the files."""
    client = "mariadb" if is_mariadb else "mysql"
    return PlainWriter(
        _MySQL(), native_client=client, command=f"{client} $DATABASE_OPTIONS < {{path}}", guards=guards(*_SENTENCES)
    )

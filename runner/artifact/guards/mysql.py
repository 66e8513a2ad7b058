"""SQL files for MySQL and MariaDB and their command line.

DDL commits there, so no file is a transaction: each statement is noted in the journal before and after it, and an
online run goes on where a file stopped. A guard is an INSERT into a temporary table, whose columns must not be NULL and
are named like the sentences: SIGNAL would need a stored procedure, and the right to make one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy.dialects.mysql.base import MySQLDialect

from runner.artifact.guards.base import WritingOptions, quoted, unless_there
from runner.artifact.guards.history import HistorySpelling
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
from runner.database.ancestry import HISTORY_TABLE
from runner.database.lock import session_lock_sql

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["mysql_writer"]

_SENTENCES = (SERVER, BUSY, WRONG_ROWS, APPLIED, CHANGED, HALFWAY)


class _History:
    """The statement is chosen as a text: there is no condition around statements outside of stored programs."""

    def begin(self) -> Iterable[str]:
        return ("SET @runner_started = UTC_TIMESTAMP(6);",)

    def row(self, values: Mapping[str, str], number: int) -> Iterable[str]:
        milliseconds = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS UNSIGNED)"
        written = {
            "id": f"CONCAT(LPAD(LOWER(HEX({milliseconds})), 12, '0'), '{number:08x}', LEFT(MD5(UUID()), 12))",
            **values,
            "started_at": "@runner_started",
            "duration_seconds": "TIMESTAMPDIFF(MICROSECOND, @runner_started, UTC_TIMESTAMP(6)) / 1000000",
            "database_user": "USER()",
        }
        insert = f"INSERT INTO {HISTORY_TABLE} ({', '.join(written)}) VALUES ({', '.join(written.values())})"
        there = (
            "(SELECT count(*) FROM information_schema.tables "
            f"WHERE table_schema = DATABASE() AND table_name = '{HISTORY_TABLE}')"
        )
        yield f"SET @runner_row = IF({there} = 1, {_literal(insert)}, 'DO 0');"
        yield "PREPARE runner_row FROM @runner_row;"
        yield "EXECUTE runner_row;"
        yield "DEALLOCATE PREPARE runner_row;"
        yield "SET @runner_started = UTC_TIMESTAMP(6);"

    def end(self) -> Iterable[str]:
        return ()


def _literal(text: str) -> str:
    """Return a literal; the files see to it that a backslash begins an escape."""
    return quoted(text.replace("\\", "\\\\"))


class _MySQL:
    dialect: Dialect = MySQLDialect()
    separator = ""
    has_journal = True
    history: HistorySpelling | None = _History()
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

    def literal(self, text: str) -> str:
        return _literal(text)

    def require(self, sentence: str, condition: str) -> str:
        return f"INSERT INTO runner_guard (`{sentence}`) VALUES (CASE WHEN {condition} THEN 1 END);"


def mysql_writer(*, is_mariadb: bool) -> PlainWriter:
    """Return what writes the files."""
    client = "mariadb" if is_mariadb else "mysql"
    return PlainWriter(
        _MySQL(), native_client=client, command=f"{client} $DATABASE_OPTIONS < {{path}}", guards=guards(*_SENTENCES)
    )

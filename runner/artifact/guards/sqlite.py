"""SQL files for SQLite's own shell.

A transaction takes the write lock of the file with BEGIN IMMEDIATE, as an online run does. A guard is an INSERT into a
temporary table, whose columns must not be NULL and are named like the sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from runner.artifact.guards.base import WritingOptions, quoted, unless_there
from runner.artifact.guards.history import HISTORY_COLUMNS, HistorySpelling
from runner.artifact.guards.plain import APPLIED, CHANGED, HALFWAY, SERVER, WRONG_ROWS, PlainWriter, guards
from runner.database.ancestry import HISTORY_TABLE

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["sqlite_writer"]

_NOWHERE = "runner_nowhere"
_SENTENCES = (SERVER, WRONG_ROWS, APPLIED, CHANGED, HALFWAY)


class _History:
    """A name without a schema is looked for in the database's file first, and then in a database in memory.

    So an INSERT into `runner_history` reaches the table where it is there, and else one that nobody sees.
    """

    def begin(self) -> Iterable[str]:
        yield f"ATTACH DATABASE ':memory:' AS {_NOWHERE};"
        yield f"CREATE TABLE {_NOWHERE}.{HISTORY_TABLE} ({', '.join(HISTORY_COLUMNS)});"
        yield f"CREATE TABLE {_NOWHERE}.runner_clock AS SELECT julianday('now') AS started;"

    def row(self, values: Mapping[str, str], number: int) -> Iterable[str]:
        milliseconds = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
        written = {
            "id": f"printf('%012x', {milliseconds}) || '{number:08x}' || lower(hex(randomblob(6)))",
            **values,
            "started_at": "strftime('%Y-%m-%d %H:%M:%f', started) || '000'",
            "duration_seconds": "round((julianday('now') - started) * 86400.0, 6)",
        }
        yield f"INSERT INTO {HISTORY_TABLE} ({', '.join(written)})"
        yield f"    SELECT {', '.join(written.values())} FROM {_NOWHERE}.runner_clock;"
        yield f"UPDATE {_NOWHERE}.runner_clock SET started = julianday('now');"

    def end(self) -> Iterable[str]:
        return (f"DETACH DATABASE {_NOWHERE};",)


class _SQLite:
    dialect: Dialect = SQLiteDialect()
    separator = ""
    has_journal = True
    history: HistorySpelling | None = _History()
    now = "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"

    def client_commands(self) -> Iterable[str]:
        return (".bail on",)

    def session(self, *, transactional: bool, options: WritingOptions) -> Iterable[str]:
        columns = ", ".join(f'"{one}" INTEGER NOT NULL DEFAULT 1' for one in _SENTENCES)
        yield "PRAGMA foreign_keys = OFF;"  # what a rebuilt table needs, and no PRAGMA can say inside a transaction
        yield "DROP TABLE IF EXISTS temp.runner_guard;"
        yield f"CREATE TEMP TABLE runner_guard ({columns});"

    def begin(self) -> Iterable[str]:
        return ("BEGIN IMMEDIATE;",)

    def commit(self) -> Iterable[str]:
        return ("COMMIT;",)

    def server_guards(self, options: WritingOptions) -> Iterable[str]:
        major = "CAST(sqlite_version() AS INTEGER)"
        low, high = options.server.minimum, options.server.maximum
        if low is not None:
            yield self.require(SERVER, f"{major} >= {low}")
        if high is not None:
            yield self.require(SERVER, f"{major} <= {high}")

    def end(self, options: WritingOptions) -> Iterable[str]:
        return ("DROP TABLE temp.runner_guard;",)

    def create_table(self, sql: str, name: str) -> str:
        return f"{unless_there(sql)};"

    def literal(self, text: str) -> str:
        return quoted(text)

    def require(self, sentence: str, condition: str) -> str:
        return f'INSERT INTO temp.runner_guard ("{sentence}") SELECT CASE WHEN {condition} THEN 1 END;'


def sqlite_writer() -> PlainWriter:
    """Return what writes the files."""
    return PlainWriter(
        _SQLite(), native_client="sqlite3", command='sqlite3 "$DATABASE_FILE" < {path}', guards=guards(*_SENTENCES)
    )

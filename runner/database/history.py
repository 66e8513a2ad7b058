"""The history: a side table of the version table that remembers every step. Floor 4.

Alembic's version table says where a database is, and nothing else. `runner_history` lies beside it, in the same
schema, and says who brought it there, when, with what, and what went wrong. Nothing depends on it: a run without it
is the same run. It is created with the first step that is recorded, never by a look at the database.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Column,
    DateTime,
    Double,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    bindparam,
    func,
    inspect,
    literal_column,
    null,
    select,
)
from sqlalchemy.schema import CreateTable

from runner.database.ancestry import ANCESTRY_COLUMNS, HISTORY_TABLE, Ancestry
from runner.database.history_entry import HistoryEntry, Outcome, RunFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Insert, Update
    from sqlalchemy.engine import Connection, Dialect, Row
    from sqlalchemy.sql.dml import ReturningInsert

__all__ = ["HistoryTable"]

_NAME_LENGTH = 255
_FACTS = ("run_id", "release", "host", "os_user", "image_digest", "tool_version")
_RENAMED = {"release": "release_name"}  # RELEASE is a reserved word of MySQL
_USERS: Mapping[str, ColumnElement[str]] = {
    "postgresql": literal_column("session_user"),  # who logged in, whatever SET ROLE made of it
    "mysql": literal_column("USER()"),
    "mariadb": literal_column("USER()"),
}


class _UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC; kept without its zone where the database has no type for it."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name in {"mysql", "mariadb"}:  # whose DATETIME has no fractions of a second
            from sqlalchemy.dialects import mysql

            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name == "postgresql":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class HistoryTable:
    """Writes and reads the history of one version table.

    Args:
        version_table: the version table's name; several may share a schema, and then share the history.
        schema: the version table's schema, None for the session's default.
    """

    def __init__(self, *, version_table: str, schema: str | None) -> None:
        self._version_table = version_table
        self._schema = schema
        self.table = _table(schema)
        self._insert: Insert | None = None
        self._insert_with: ReturningInsert[Any] | None = None
        self._newest_first = select(self.table).where(self.table.c.version_table == version_table)
        self._newest_first = self._newest_first.order_by(self.table.c.id.desc())

    def exists(self, connection: Connection) -> bool:
        """Tell whether the table is there."""
        return inspect(connection).has_table(HISTORY_TABLE, schema=self._schema)

    def create(self, connection: Connection) -> None:
        """Create the table."""
        connection.execute(CreateTable(self.table))

    def add(self, connection: Connection, entry: HistoryEntry) -> None:
        """Write one row; the database itself says who its user is."""
        values = _written(entry)
        connection.execute(self._insert_for(connection, values), values)

    def add_with(self, connection: Connection, entry: HistoryEntry, update: Update, values: Mapping[str, Any]) -> int:
        """Write one row and execute an UPDATE in the same statement; return how many rows that changed.

        Args:
            connection: of a database that takes an UPDATE in a WITH clause.
            entry: the row.
            update: always the same one.
            values: its parameters, none of them called as a column of the history is.
        """
        written = _written(entry)
        if self._insert_with is None:
            changed = update.returning(literal_column("1")).cte("changed")
            count = select(func.count()).select_from(changed).scalar_subquery()
            self._insert_with = self._insert_for(connection, written).add_cte(changed).returning(count)
        return int(connection.execute(self._insert_with, {**written, **values}).scalar_one())

    def _insert_for(self, connection: Connection, values: Mapping[str, Any]) -> Insert:
        if self._insert is None:  # made once: a run of a thousand revisions sends it with other values
            user = _USERS.get(connection.dialect.name, null())
            binds: dict[str, Any] = {name: bindparam(name) for name in values}
            self._insert = self.table.insert().inline().values(database_user=user, **binds)
        return self._insert

    def newest(self, connection: Connection, *, limit: int) -> tuple[HistoryEntry, ...]:
        """Return the last rows, newest first."""
        return tuple(_entry(row) for row in connection.execute(self._newest_first.limit(limit)))

    def ancestry(self, connection: Connection) -> Ancestry:
        """Return what the history says about what revisions imply."""
        columns = self.table.c
        done = columns.outcome.in_((Outcome.APPLIED, Outcome.STAMPED))
        wanted = select(*(columns[name] for name in ANCESTRY_COLUMNS)).where(
            columns.version_table == self._version_table, done
        )
        return Ancestry.of_rows(tuple(row) for row in connection.execute(wanted.order_by(columns.id)))

    def digests(self, connection: Connection) -> dict[str, tuple[str | None, str | None]]:
        """Return revision -> source and syntax digest, of each that the history says is applied."""
        columns = self.table.c
        wanted = (
            columns.revision,
            columns.direction,
            columns.heads_after,
            columns.source_digest,
            columns.syntax_digest,
        )
        done = columns.outcome.in_((Outcome.APPLIED, Outcome.STAMPED, Outcome.ACCEPTED))
        of_this = columns.version_table == self._version_table
        found: dict[str, tuple[str | None, str | None]] = {}
        for row in connection.execute(select(*wanted).where(of_this, done).order_by(columns.id)):
            undone = row.direction == "stamp" and row.revision not in (_names(row.heads_after) or ())
            if row.direction == "downgrade" or undone:
                found.pop(row.revision, None)
            else:
                found[row.revision] = (row.source_digest, row.syntax_digest)
        return found


def _table(schema: str | None) -> Table:
    name = String(_NAME_LENGTH)
    return Table(
        HISTORY_TABLE,
        MetaData(),
        Column("id", String(32), primary_key=True),
        Column("version_table", name, nullable=False),
        Column("revision", name, nullable=False),
        Column("message", name, nullable=False),
        Column("direction", String(16), nullable=False),
        Column("outcome", String(16), nullable=False),
        Column("error_code", String(64)),
        Column("attempts", Integer, nullable=False),
        Column("started_at", _UtcDateTime(), nullable=False),
        Column("duration_seconds", Double(), nullable=False),
        Column("database_user", name),
        Column("os_user", name),
        Column("host", name),
        Column("release_name", name),
        Column("image_digest", name),
        Column("tool_version", String(64)),
        Column("run_id", String(32)),
        Column("source_digest", String(64)),
        Column("syntax_digest", String(64)),
        Column("heads_after", Text),
        Column("down_revisions", Text, nullable=False),
        Column("depends_on", Text, nullable=False),
        Column("ancestors", Text),
        schema=schema,
    )


def _written(entry: HistoryEntry) -> dict[str, Any]:
    """Return the values of a row by column, the database's user left out."""
    values: dict[str, Any] = {
        "id": entry.id,
        "version_table": _cut(entry.version_table),
        "revision": _cut(entry.revision),
        "message": _cut(entry.message),
        "direction": entry.direction,
        "outcome": entry.outcome,
        "error_code": entry.error_code,
        "attempts": entry.attempts,
        "started_at": entry.started_at,
        "duration_seconds": round(entry.duration_seconds, 6),
        "source_digest": entry.source_digest,
        "syntax_digest": entry.syntax_digest,
        "heads_after": _json(entry.heads_after),
        "down_revisions": _json(entry.down_revisions),
        "depends_on": _json(entry.depends_on),
        "ancestors": _json(entry.ancestors),
    }
    values.update({_RENAMED.get(name, name): _cut(getattr(entry.facts, name)) for name in _FACTS})
    return values


def _entry(row: Row[Any]) -> HistoryEntry:
    return HistoryEntry(
        id=row.id,
        version_table=row.version_table,
        revision=row.revision,
        message=row.message,
        direction=row.direction,
        outcome=row.outcome,
        error_code=row.error_code,
        attempts=row.attempts,
        started_at=row.started_at,
        duration_seconds=row.duration_seconds,
        heads_after=_names(row.heads_after),
        down_revisions=_names(row.down_revisions) or (),
        depends_on=_names(row.depends_on) or (),
        ancestors=_names(row.ancestors),
        source_digest=row.source_digest,
        syntax_digest=row.syntax_digest,
        facts=RunFacts(**{name: getattr(row, _RENAMED.get(name, name)) for name in _FACTS}),
        database_user=row.database_user,
    )


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:_NAME_LENGTH]


def _json(names: tuple[str, ...] | None) -> str | None:
    return None if names is None else json.dumps(names)


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(json.loads(text))

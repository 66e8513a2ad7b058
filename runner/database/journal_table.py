"""The table `runner_journal`: what revisions that are not finished have committed already. Floor 4.

It is read and written through cursors of the driver's own, in whatever transaction the session is in (an autocommit
block has none): neither SQLAlchemy's events nor its transactions notice. A revision that finishes leaves no row.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text, inspect, select
from sqlalchemy.schema import CreateTable

from runner.database.failures import is_lost, statement_error

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import ClauseElement

__all__ = ["JOURNAL_TABLE", "JournalEntry", "JournalTable", "Outcome", "journal_table", "statement_digest"]

JOURNAL_TABLE = "runner_journal"
_LONGEST_STATEMENT = 2000


class Outcome(enum.Enum):
    """What is known about one statement of a revision."""

    COMMITTED = "committed"  # in a transaction that was committed
    STARTED = "started"  # outside of a transaction, and nobody knows how it ended
    DONE = "done"  # outside of a transaction
    FAILED = "failed"  # the server refused it
    ASSERTED = "asserted"  # a person said that it is done
    REDO = "redo"  # a person said that it is not


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One statement of a revision.

    Args:
        number: counts the statements that write, from 1.
        digest: of the text and the parameters.
        row_count: what the driver said, -1 for nothing.
        source: digest of the revision's file when the statement ran.
        statement: its text, for people; cut where it is long.
        recorded_at: ISO 8601, UTC.
    """

    revision: str
    direction: str
    number: int
    outcome: Outcome
    digest: str
    row_count: int
    source: str
    statement: str
    recorded_at: str


def statement_digest(sql: str, parameters: Any) -> str:
    """Return what a statement is recognised by: its text as the driver gets it, and its parameters, set by set."""
    digest = hashlib.sha256(sql.encode("utf-8", "surrogatepass"))
    for one in parameters if isinstance(parameters, list) else (parameters,):
        digest.update(f"\0{one!r}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def journal_table(schema: str | None) -> Table:
    """Return the table in a schema, None for the session's default."""
    return Table(
        JOURNAL_TABLE,
        MetaData(),
        Column("version_table", String(64), primary_key=True),
        Column("revision", String(255), primary_key=True),
        Column("direction", String(16), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("outcome", String(16), nullable=False),
        Column("digest", String(64), nullable=False),
        Column("row_count", BigInteger, nullable=False),
        Column("source", String(64), nullable=False),
        Column("statement", Text, nullable=False),
        Column("recorded_at", String(32), nullable=False),
        schema=schema,
    )


class JournalTable:
    """Reads and writes the entries that belong to one version table.

    Args:
        connection: the one that runs the revisions.
        version_table: tells directories apart that share a schema.
        schema: the version table's schema; the journal is beside it.
    """

    def __init__(self, connection: Connection, *, version_table: str, schema: str | None) -> None:
        self._connection = connection
        self._version_table = version_table
        self.table = journal_table(schema)

    def exists(self) -> bool:
        """Tell whether the table is there; asked through SQLAlchemy."""
        return inspect(self._connection).has_table(JOURNAL_TABLE, schema=self.table.schema)

    def create(self) -> None:
        """Create the table unless it is there."""
        self._execute(CreateTable(self.table, if_not_exists=True))

    def entries(self, revision: str | None = None) -> tuple[JournalEntry, ...]:
        """Return the entries, of one revision or of all, in the order in which the statements ran."""
        columns = self.table.c
        query = select(*columns).where(columns.version_table == self._version_table)
        if revision is not None:
            query = query.where(columns.revision == revision)
        rows = self._execute(query.order_by(columns.revision, columns.direction, columns.number))
        return tuple(_entry(row) for row in rows)

    def add(self, entries: Iterable[JournalEntry]) -> None:
        """Write new entries."""
        values = [self._values(entry) for entry in entries]
        if values:
            self._execute(self.table.insert().inline(), values)

    def replace(self, entry: JournalEntry) -> None:
        """Write an entry anew."""
        columns = self.table.c
        values = {"outcome": entry.outcome.value, "row_count": entry.row_count, "digest": entry.digest}
        values |= {"source": entry.source, "statement": entry.statement, "recorded_at": entry.recorded_at}
        self._execute(
            self.table.update()
            .where(columns.version_table == self._version_table)
            .where(columns.revision == entry.revision)
            .where(columns.direction == entry.direction)
            .where(columns.number == entry.number)
            .values(**values)
        )

    def forget(self, revision: str) -> None:
        """Delete the entries of a revision."""
        columns = self.table.c
        self._execute(
            self.table.delete().where(columns.version_table == self._version_table).where(columns.revision == revision)
        )

    def _values(self, entry: JournalEntry) -> dict[str, Any]:
        return {
            "version_table": self._version_table,
            "revision": entry.revision,
            "direction": entry.direction,
            "number": entry.number,
            "outcome": entry.outcome.value,
            "digest": entry.digest,
            "row_count": entry.row_count,
            "source": entry.source,
            "statement": entry.statement[:_LONGEST_STATEMENT],
            "recorded_at": entry.recorded_at,
        }

    def _execute(self, statement: ClauseElement, many: Sequence[dict[str, Any]] | None = None) -> list[Any]:
        """Execute a statement with its own values, or once for each of many.

        Raises:
            ConnectionLost: the session has ended.
        """
        compiled = statement.compile(dialect=self._connection.dialect)
        in_order = getattr(compiled, "positiontup", None)

        def ordered(values: Mapping[str, Any]) -> Any:
            return tuple(values[name] for name in in_order) if in_order else values

        cursor = self._connection.connection.cursor()
        try:
            if many is not None:
                cursor.executemany(str(compiled), [ordered(values) for values in many])
                return []
            if isinstance(statement, CreateTable):
                cursor.execute(str(compiled))
            else:
                cursor.execute(str(compiled), ordered(compiled.construct_params() or {}))
            return list(cursor.fetchall()) if cursor.description else []
        except self._connection.dialect.loaded_dbapi.Error as error:
            if is_lost(error):
                raise statement_error(error, doing=f"use the journal {JOURNAL_TABLE}") from error
            raise
        finally:
            cursor.close()


def _entry(row: Any) -> JournalEntry:
    _, revision, direction, number, outcome, digest, row_count, source, statement, recorded_at = row
    return JournalEntry(
        revision=revision,
        direction=direction,
        number=number,
        outcome=Outcome(outcome),
        digest=digest,
        row_count=row_count,
        source=source,
        statement=statement,
        recorded_at=recorded_at,
    )

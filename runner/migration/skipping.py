"""Keep a statement from being executed, and answer in its place: floor 5.

SQLAlchemy lets a listener execute a statement instead of the driver. This one does nothing, and gives the result that
the statement had before as far as it is known: how many rows it concerned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from runner.database.journal_table import JournalEntry, Outcome
from runner.events import emit
from runner.migration.replay import resume_needed

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["SkippedStatements", "refuse_unknown_rows"]

_TEMPORARY = re.compile(r"CREATE\s+(?:(?:GLOBAL|LOCAL)\s+)?TEMP", re.IGNORECASE)
_RETURNING = re.compile(r"\bRETURNING\b", re.IGNORECASE)


def refuse_unknown_rows(entry: JournalEntry, context: Any) -> None:
    """Refuse to skip a statement whose effect was on the session, or whose rows the revision may need.

    Raises:
        ResumeNeeded: it is one of these.
    """
    if entry.outcome is Outcome.ASSERTED:
        return
    if _TEMPORARY.match(entry.statement):
        raise resume_needed(entry, "it made a temporary table, which has gone with its session")
    is_operation = context.execution_options.get("runner_operation")
    is_implicit = getattr(context, "_is_implicit_returning", False)
    if _RETURNING.search(entry.statement) and not is_operation and not is_implicit:
        raise resume_needed(entry, "it returned rows, which the revision may need again")


class SkippedStatements:
    """The statements of one connection that are not to be executed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._context: Any = None
        self._row_count = -1

    @contextmanager
    def listening(self, *, enabled: bool) -> Iterator[None]:
        """Stand in for the driver while the block runs."""
        listeners = (("do_execute", 3), ("do_executemany", 3), ("do_execute_no_params", 2))
        functions = [(name, self._four if arguments == 3 else self._three) for name, arguments in listeners]
        if enabled:
            for name, function in functions:
                event.listen(self._connection.engine, name, function)
        try:
            yield
        finally:
            self._context = None
            if enabled:
                for name, function in functions:
                    event.remove(self._connection.engine, name, function)

    def skip(self, context: Any, entry: JournalEntry) -> None:
        """Answer the statement of `context` with what its journal entry says."""
        self._context, self._row_count = context, entry.row_count
        emit(
            "statement.skipped",
            level="debug",
            revision=entry.revision,
            statement_number=entry.number,
            statement=entry.statement[:200],
        )

    def was_skipped(self, context: Any) -> bool:
        """Tell whether the statement of `context` was answered here."""
        return context is not None and context is self._context

    def _four(self, cursor: Any, _statement: str, _parameters: object, context: Any) -> bool | None:
        return self._three(cursor, _statement, context)

    def _three(self, cursor: Any, _statement: str, context: Any) -> bool | None:
        if context is not self._context or context is None:
            return None
        context.cursor = _Stand(cursor, self._row_count, _returned_names(context))
        return True


def _returned_names(context: Any) -> tuple[str, ...]:
    """Return the columns that SQLAlchemy itself asked for, to know the new primary key."""
    if not getattr(context, "_is_implicit_returning", False):
        return ()
    return tuple(column.key or "" for column in context.compiled.effective_returning)


class _Unknown:
    """A value that only the statement that ran before could tell; no driver takes it as a parameter."""

    def __repr__(self) -> str:
        return "<unknown: the statement ran before the revision was interrupted>"


class _Stand:
    """The cursor of a statement that is not executed."""

    arraysize = 1

    def __init__(self, cursor: Any, row_count: int, names: tuple[str, ...]) -> None:
        self._cursor = cursor
        self._rows = [tuple(_Unknown() for _ in names)] if names else []
        self.rowcount = row_count
        self.lastrowid = _Unknown()
        self.description = [(name, None, None, None, None, None, None) for name in names] or None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def fetchone(self) -> Any:
        """Return the next row."""
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows."""
        return [self._rows.pop(0) for _ in range(min(size or 1, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        """Return all rows."""
        rows, self._rows = self._rows, []
        return rows

    def close(self) -> None:
        """Close the driver's cursor."""
        self._cursor.close()

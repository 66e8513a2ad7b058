"""Tell where the database is, what is pending and what happened to it: floor 6. Looks only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.commands.inspection import EditedView, Visited, edited_views, visit_databases
from runner.errors import DatabaseBehind, EditedRevision, NewerDatabase, UnknownDatabaseRevision

if TYPE_CHECKING:
    from runner.commands.target import Target
    from runner.database.history_entry import HistoryEntry

__all__ = ["HistoryView", "InterruptedView", "PendingView", "Status", "require_current", "status"]

_LAST_ROWS = 10
_JOURNAL_TABLE = "runner_journal"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingView:
    """A revision that the next upgrade would run."""

    revision: str
    message: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryView:
    """A row of the history; `started_at` is ISO 8601 in UTC."""

    revision: str
    message: str
    direction: str
    outcome: str
    error_code: str | None
    attempts: int
    started_at: str
    duration_seconds: float
    database_user: str | None
    os_user: str | None
    host: str | None
    release: str | None
    image_digest: str | None
    tool_version: str | None
    run_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptedView:
    """A revision of which the journal says that it was begun and not finished."""

    revision: str
    direction: str
    statements: int
    last_outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One database.

    `state` is current, behind, newer (than this directory) or unknown (rows nobody can place).
    """

    url: str | None
    state: str
    rows: tuple[str, ...]
    heads: tuple[str, ...]
    unknown: tuple[str, ...]
    pending: tuple[PendingView, ...]
    edited: tuple[EditedView, ...]
    interrupted: tuple[InterruptedView, ...]
    history: tuple[HistoryView, ...]


def status(target: Target) -> tuple[Status, ...]:
    """Return where each database is, what is pending, and the last rows of its history."""
    return visit_databases(target, lambda visited: _status(target, visited))


def require_current(target: Target, found: tuple[Status, ...]) -> None:
    """Refuse a database on which an upgrade has, or might have, something to do.

    Raises:
        NewerDatabase, UnknownDatabaseRevision, EditedRevision, DatabaseBehind: what is the matter.
    """
    for one in found:
        where = f"The database{f' {one.url}' if one.url else ''}"
        if one.state == "newer" and target.options.newer_database != "ok":
            raise NewerDatabase(
                f"{where} is newer than this image: it is at {', '.join(one.unknown)}.", revisions=one.unknown
            )
        if one.state == "unknown":
            raise UnknownDatabaseRevision(
                f"{where} is at {', '.join(one.unknown)}, which no file declares.", revisions=one.unknown
            )
        if one.edited and target.options.edited_revisions == "fail":
            names = tuple(edited.revision for edited in one.edited)
            raise EditedRevision(f"Edited after it had been applied: {', '.join(names)}.", revisions=names)
        if one.pending:
            names = tuple(pending.revision for pending in one.pending)
            raise DatabaseBehind(
                f"{where} is behind {target.script.dir}: {len(names)} pending, from {names[0]} to {names[-1]}. "
                "Run `runner upgrade`.",
                missing=names,
            )


def _status(target: Target, visited: Visited) -> Status:
    pending = () if visited.unknown else _pending(target, visited.rows)
    state = "current" if not pending else "behind"
    if visited.unknown:
        state = "newer" if visited.is_newer else "unknown"
    return Status(
        url=visited.url,
        state=state,
        rows=visited.rows,
        heads=target.script.graph.heads,
        unknown=visited.unknown,
        pending=pending,
        edited=edited_views(target, visited),
        interrupted=_interrupted(visited.context),
        history=_history(visited.context),
    )


def _pending(target: Target, rows: tuple[str, ...]) -> tuple[PendingView, ...]:
    script = target.script
    found = script.get_revisions(script.graph.pending(rows))
    return tuple(PendingView(revision=one.revision, message=one.doc, path=one.path) for one in found)


def _history(context: Any) -> tuple[HistoryView, ...]:
    from runner.database.history import HistoryTable

    if context is None:
        return ()
    history = HistoryTable(version_table=context.version_table, schema=context.version_table_schema)
    if not history.exists(context.connection):
        return ()
    return tuple(_view(entry) for entry in history.newest(context.connection, limit=_LAST_ROWS))


def _view(entry: HistoryEntry) -> HistoryView:
    facts = entry.facts
    return HistoryView(
        revision=entry.revision,
        message=entry.message,
        direction=entry.direction,
        outcome=entry.outcome,
        error_code=entry.error_code,
        attempts=entry.attempts,
        started_at=entry.started_at.isoformat(timespec="milliseconds"),
        duration_seconds=entry.duration_seconds,
        database_user=entry.database_user,
        os_user=facts.os_user,
        host=facts.host,
        release=facts.release,
        image_digest=facts.image_digest,
        tool_version=facts.tool_version,
        run_id=facts.run_id,
    )


def _interrupted(context: Any) -> tuple[InterruptedView, ...]:
    """Return the revisions that the journal has statements of: one that finishes leaves none."""
    from sqlalchemy import column, inspect, select, table

    if context is None:
        return ()
    schema = context.version_table_schema
    if not inspect(context.connection).has_table(_JOURNAL_TABLE, schema=schema):
        return ()
    names = ("revision", "direction", "number", "outcome")
    columns: list[Any] = [column(name) for name in names]
    query = select(*columns).select_from(table(_JOURNAL_TABLE, schema=schema)).order_by(*columns[:3])
    rows = list(context.connection.execute(query.where(column("version_table") == context.version_table)))
    last = {(row[0], row[1]): row for row in rows}
    return tuple(
        InterruptedView(
            revision=revision,
            direction=direction,
            statements=sum((row[0], row[1]) == (revision, direction) for row in rows),
            last_outcome=row[3],
        )
        for (revision, direction), row in last.items()
    )

"""Whether a bundle is what was written, and whether a database is where it leads: floor of the artifact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import column, select, table
from sqlalchemy.exc import DBAPIError

from runner.artifact.fingerprint import schema_fingerprint
from runner.artifact.reading import StoredBundle
from runner.database.failures import is_undefined_table, statement_error
from runner.database.history import HistoryTable
from runner.database.journal_table import JOURNAL_TABLE, Outcome

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["DatabaseFindings", "noted_statements", "verify_database", "version_rows"]

_FINISHED = (Outcome.COMMITTED.value, Outcome.DONE.value, Outcome.ASSERTED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFindings:
    """What a database says about a bundle.

    Args:
        rows: its version rows.
        applied_by: revision -> `artifact` where the history says that this bundle brought it, `other` where something
            else did with the same source, and nothing where the history does not know.
        fingerprint: of the schema; None where there is none for this database.
        problems: why the bundle was not applied, or not exactly; none where it was.
    """

    rows: tuple[str, ...]
    applied_by: Mapping[str, str]
    fingerprint: str | None
    problems: tuple[str, ...]


def verify_database(
    bundle: StoredBundle, connection: Connection, *, direction: str, fingerprint: str | None
) -> DatabaseFindings:
    """Return what a database says about a bundle; it is only read.

    Args:
        bundle: whose files were found to be those that were written.
        connection: in autocommit.
        direction: whether the upgrade or the downgrade should have been applied.
        fingerprint: what the schema's has to be; None accepts any.
    """
    rows = version_rows(bundle, connection)
    wanted = tuple(bundle.manifest["to" if direction == "upgrade" else "from"])
    problems = []
    if rows != wanted:
        problems.append(f"The version rows are {_shown(rows)}, and the artifact leads to {_shown(wanted)}")
    begun = _begun(bundle, connection)
    problems += [f"Revision {one} was begun and has not ended" for one in begun]
    applied_by = {}
    if direction == "upgrade":
        applied_by = _applied_by(bundle, connection)
        problems += _history_problems(bundle, applied_by)
    found = schema_fingerprint(connection) if connection.dialect.name == "postgresql" else None
    if fingerprint is not None and found != fingerprint:
        problems.append(f"The schema's fingerprint is {found}, not {fingerprint}")
    return DatabaseFindings(
        rows=rows,
        applied_by={revision: who for revision, who in applied_by.items() if who != "edited"},
        fingerprint=found,
        problems=tuple(problems),
    )


def version_rows(bundle: StoredBundle, connection: Connection) -> tuple[str, ...]:
    """Return the version rows, sorted; none where there is no table.

    Raises:
        DatabaseError: they could not be read.
    """
    name, schema = bundle.version_table
    number: Any = column("version_num")
    try:
        return tuple(sorted(connection.scalars(select(number).select_from(table(name, number, schema=schema)))))
    except DBAPIError as error:
        if is_undefined_table(error):
            return ()
        raise statement_error(error, doing=f"read the version table {name}") from error


def noted_statements(bundle: StoredBundle, connection: Connection, direction: str) -> dict[str, int]:
    """Return revision -> how many of its statements are done, of revisions that were begun and have not ended."""
    name, schema = bundle.version_table
    columns: Any = [column(one) for one in ("version_table", "revision", "direction", "outcome")]
    journal = table(JOURNAL_TABLE, *columns, schema=schema)
    wanted = select(columns[1], columns[3]).select_from(journal).where(columns[0] == name, columns[2] == direction)
    found: dict[str, int] = {}
    try:
        for revision, outcome in connection.execute(wanted):
            found[revision] = found.get(revision, 0) + (outcome in _FINISHED)
    except DBAPIError as error:
        if not is_undefined_table(error):
            raise statement_error(error, doing=f"read {JOURNAL_TABLE}") from error
    return found


def _begun(bundle: StoredBundle, connection: Connection) -> tuple[str, ...]:
    known = bundle.revisions()
    noted = {one for way in ("upgrade", "downgrade") for one in noted_statements(bundle, connection, way)}
    return tuple(sorted(one for one in noted if one in known))


def _applied_by(bundle: StoredBundle, connection: Connection) -> dict[str, str]:
    """Return revision -> who brought it, `edited` where that was another source."""
    name, schema = bundle.version_table
    history = HistoryTable(version_table=name, schema=schema)
    if not history.exists(connection):
        return {}
    digests = history.digests(connection)
    runs = _runs(history, connection, name)
    found = {}
    for revision, told in bundle.revisions().items():
        if revision not in digests:
            continue
        source, syntax = digests[revision]
        same = told["source_digest"] == (source or "") or (syntax is not None and told["syntax_digest"] == syntax)
        by_this = runs.get(revision) == bundle.id[:32]
        found[revision] = "edited" if not same else "artifact" if by_this else "other"
    return found


def _runs(history: HistoryTable, connection: Connection, version_table: str) -> dict[str, str | None]:
    columns = history.table.c
    wanted = select(columns.revision, columns.run_id).where(
        columns.version_table == version_table, columns.direction == "upgrade", columns.outcome == "applied"
    )
    return {row.revision: row.run_id for row in connection.execute(wanted.order_by(columns.id))}


def _history_problems(bundle: StoredBundle, applied_by: Mapping[str, str]) -> Iterator[str]:
    for revision in bundle.revisions():
        if applied_by.get(revision) == "edited":
            yield f"The history says that revision {revision} was applied from another source than the artifact's"


def _shown(rows: tuple[str, ...]) -> str:
    return ", ".join(rows) or "none (base)"

"""Show what interrupted revisions have committed, and let a person decide what became of a statement: floor 6."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from runner.errors import NothingToResolve, RangeInvalid, ResolutionError

if TYPE_CHECKING:
    from runner.commands.target import Target
    from runner.database.journal_table import JournalEntry, JournalTable
    from runner.migration.context import MigrationContext

__all__ = ["StatementView", "resolve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView:
    """One statement of a revision that is not finished."""

    revision: str
    direction: str
    statement_number: int
    outcome: str
    statement: str
    recorded_at: str


def resolve(
    target: Target,
    revision: str | None,
    *,
    statement: int | None = None,
    outcome: str | None = None,
    restart: bool = False,
    direction: str = "upgrade",
) -> tuple[StatementView, ...]:
    """Change the journal as asked, and return what it holds then.

    Args:
        target: the directory and the database.
        revision: an interrupted revision; None shows all there are.
        statement: the number of the statement to decide about.
        outcome: `done`, it took effect and is skipped; `redo`, it did not, and what is at its place is executed.
        restart: forget the revision's entries, so that it begins at its top.
        direction: which of the revision's functions was interrupted.

    Raises:
        NothingToResolve: the journal knows nothing of that revision or statement.
        RangeInvalid: the options do not go together.
    """
    _refuse_contradictions(revision, statement, outcome, restart=restart)
    wanted = None if revision is None else _identifier(target, revision)
    changes = outcome is not None or restart
    found: dict[int, tuple[StatementView, ...]] = {}  # of each database that env.py configures
    unknown: list[NothingToResolve] = []

    def work(context: MigrationContext) -> tuple[StatementView, ...]:
        try:
            return _resolved(_journal(context), wanted, statement, outcome, restart=restart, direction=direction)
        except NothingToResolve as error:
            unknown.append(error)
            return ()

    def choose(_heads: tuple[str, ...], context: MigrationContext) -> Iterable[Any]:
        if id(context) not in found and context.transactions is not None:
            done = context.transactions.exclusively(lambda: work(context)) if changes else work(context)
            found[id(context)] = done
        return ()

    target.run_environment(choose, locked=changes)
    if unknown and len(unknown) == len(found):
        raise unknown[0]
    return tuple(view for views in found.values() for view in views)


def _refuse_contradictions(revision: str | None, statement: int | None, outcome: str | None, *, restart: bool) -> None:
    if (statement is None) != (outcome is None) or (restart and statement is not None):
        raise RangeInvalid("resolve takes --statement N together with --as done or --as redo, or --restart alone.")
    if revision is None and (restart or statement is not None):
        raise RangeInvalid("resolve must be told which revision is meant: runner resolve REV --statement N --as done.")


def _identifier(target: Target, revision: str) -> str:
    """Return the full identifier; the file may have gone, so what is not found is taken as it is."""
    try:
        script = target.script.get_revision(revision)
    except ResolutionError:
        return revision
    return revision if script is None else script.revision


def _journal(context: MigrationContext) -> JournalTable:
    from runner.database.journal_table import JournalTable

    assert context.connection is not None  # offline there is no journal
    return JournalTable(context.connection, version_table=context.version_table, schema=context.version_table_schema)


def _resolved(
    journal: JournalTable,
    revision: str | None,
    statement: int | None,
    outcome: str | None,
    *,
    restart: bool,
    direction: str,
) -> tuple[StatementView, ...]:
    entries = journal.entries(revision) if journal.exists() else ()
    if revision is not None and not entries:
        raise NothingToResolve(
            f"The journal knows nothing of revision {revision}: it is finished, or it committed nothing. There is "
            "nothing to resolve.",
            revision=revision,
        )
    if restart and revision is not None:
        journal.forget(revision)
        return ()
    if statement is not None and outcome is not None:
        journal.replace(_decided(entries, statement, outcome, direction))
        entries = journal.entries(revision)
    return tuple(_view(entry) for entry in entries)


def _decided(entries: tuple[JournalEntry, ...], number: int, outcome: str, direction: str) -> JournalEntry:
    from runner.database.journal_table import Outcome

    for entry in entries:
        if entry.number == number and entry.direction == direction:
            return replace(entry, outcome=Outcome.ASSERTED if outcome == "done" else Outcome.REDO)
    known = ", ".join(str(entry.number) for entry in entries if entry.direction == direction) or "none"
    raise NothingToResolve(
        f"The journal knows no statement {number} of the {direction} of revision {entries[0].revision}; it knows "
        f"{known}.",
        revision=entries[0].revision,
        statement_number=number,
    )


def _view(entry: JournalEntry) -> StatementView:
    return StatementView(
        revision=entry.revision,
        direction=entry.direction,
        statement_number=entry.number,
        outcome=entry.outcome.value,
        statement=entry.statement,
        recorded_at=entry.recorded_at,
    )

"""Tell where the database is: floor 6. Looks only; creates nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.commands.newer import accept_newer, has_unknown
from runner.commands.running import ancestry_of
from runner.commands.views import view
from runner.errors import DatabaseBehind
from runner.graph import check_rows

if TYPE_CHECKING:
    from runner.commands.results import RevisionView
    from runner.commands.target import Target
    from runner.database.ancestry import Ancestry
    from runner.revisions.script import Script

__all__ = ["CurrentState", "SeenDatabase", "current", "current_heads", "look_at_databases", "masked_url"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentState:
    """One database: its version rows, and every revision they imply as effective head."""

    heads: tuple[str, ...]
    revisions: tuple[RevisionView, ...]
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenDatabase:
    """One database: its version rows, its masked URL, and what its history says about unknown rows."""

    rows: tuple[str, ...]
    url: str | None
    ancestry: Ancestry | None


def current_heads(target: Target) -> tuple[tuple[tuple[str, ...], str | None], ...]:
    """Return (version rows, masked URL) for each database of the environment."""
    return tuple((one.rows, one.url) for one in look_at_databases(target))


def look_at_databases(target: Target) -> tuple[SeenDatabase, ...]:
    """Return what each database of the environment says of itself; the history is asked about unknown rows only."""
    graph = target.script.graph
    rows = target.look(known=graph)
    if rows is not None:
        url = target.required_url().masked()
        return (SeenDatabase(rows=rows.revisions, url=url, ancestry=rows.ancestry),)
    found: list[SeenDatabase] = []

    def read(heads: tuple[str, ...], context: Any) -> list[Any]:
        ancestry = ancestry_of(context) if has_unknown(graph, heads) else None
        found.append(SeenDatabase(rows=heads, url=masked_url(context), ancestry=ancestry))
        return []

    target.run_environment(read, locked=False, dont_mutate=True)
    return tuple(found)


def current(target: Target, *, check_heads: bool = False) -> tuple[CurrentState, ...]:
    """Return where each database is.

    Args:
        target: the directory and the database.
        check_heads: fail unless every head of the directory is reached.

    Raises:
        DatabaseBehind: `check_heads`, and a head is missing.
        NewerDatabase: the database is newer than the directory, and that is not acceptable.
        UnknownDatabaseRevision: a version row names a revision no file declares.
    """
    script = target.script
    states = []
    for seen in look_at_databases(target):
        heads, url = seen.rows, seen.url
        graph = script.graph_for(heads)
        if has_unknown(graph, heads):
            accept_newer(graph, heads, seen.ancestry, policy=target.options.newer_database)
            states.append(CurrentState(heads=heads, revisions=(), url=url))
            continue
        check_rows(graph, heads)
        scripts = sorted(script.get_all_current(heads), key=lambda one: one.revision)
        states.append(CurrentState(heads=heads, revisions=tuple(_view(one) for one in scripts), url=url))
        if check_heads:
            _require_heads(target, {one.revision for one in scripts}, url)
    return tuple(states)


def _view(script: Script) -> RevisionView:
    """Return the revision with a line of the identifier and its flags alone, as Alembic prints it here."""
    return view(script, include_branches=False, include_doc=False)


def _require_heads(target: Target, reached: set[str], url: str | None) -> None:
    missing = sorted(set(target.script.get_heads()) - reached)
    if missing:
        raise DatabaseBehind(
            f"The database{f' {url}' if url else ''} is not at the heads of {target.script.dir}: "
            f"{', '.join(missing)} not reached. Run `runner upgrade`.",
            missing=missing,
        )


def masked_url(context: Any) -> str | None:
    """Return the URL of a context's database without its password; None where there is no engine."""
    engine = getattr(context.connection, "engine", None)
    return None if engine is None else engine.url.render_as_string(hide_password=True)

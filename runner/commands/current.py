"""Tell where the database is: floor 6. Looks only; creates nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.commands.views import view
from runner.errors import DatabaseBehind
from runner.graph import check_rows

if TYPE_CHECKING:
    from runner.commands.results import RevisionView
    from runner.commands.target import Target
    from runner.revisions.script import Script

__all__ = ["CurrentState", "current", "current_heads"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentState:
    """One database: its version rows, and every revision they imply as effective head."""

    heads: tuple[str, ...]
    revisions: tuple[RevisionView, ...]
    url: str | None


def current_heads(target: Target) -> tuple[tuple[tuple[str, ...], str | None], ...]:
    """Return (version rows, masked URL) for each database of the environment."""
    rows = target.look()
    if rows is not None:
        return ((rows.revisions, target.required_url().masked()),)
    found: list[tuple[tuple[str, ...], str | None]] = []

    def read(heads: tuple[str, ...], context: Any) -> list[Any]:
        found.append((heads, _masked_url(context)))
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
        UnknownDatabaseRevision: a version row names a revision no file declares.
    """
    script = target.script
    states = []
    for heads, url in current_heads(target):
        check_rows(script.graph_for(heads), heads)
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


def _masked_url(context: Any) -> str | None:
    engine = getattr(context.connection, "engine", None)
    return None if engine is None else engine.url.render_as_string(hide_password=True)

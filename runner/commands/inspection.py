"""What `status` and `plan` share: look at each database of the environment, changing nothing. Floor 6."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from runner.commands.current import masked_url
from runner.commands.newer import has_unknown, is_past
from runner.commands.running import ancestry_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.commands.target import Target

__all__ = ["EditedView", "Visited", "edited_views", "visit_databases"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """One database while it is visited.

    Args:
        url: without its password, None where env.py hides it.
        rows: the version rows.
        unknown: those no file declares.
        is_newer: the history says that they follow everything this directory has.
        context: its MigrationContext, with an open connection; None for a database that does not exist yet.
    """

    url: str | None
    rows: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    is_newer: bool = False
    context: Any = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedView:
    """A revision whose file does something else than when it was applied."""

    revision: str
    path: str


def visit_databases(target: Target, see: Callable[[Visited], _T]) -> tuple[_T, ...]:
    """Return what `see` makes of each database of the environment."""
    if _is_missing_file(target):
        return (see(Visited(url=target.required_url().masked(), rows=())),)
    graph = target.script.graph
    found: list[_T] = []

    def read(rows: tuple[str, ...], context: Any) -> list[Any]:
        visited = Visited(url=masked_url(context), rows=rows, context=context)
        if has_unknown(graph, rows):
            visited = Visited(
                url=visited.url,
                rows=rows,
                unknown=tuple(row for row in rows if row not in graph),
                is_newer=is_past(graph, rows, ancestry_of(context)),
                context=context,
            )
        found.append(see(visited))
        return []

    target.run_environment(read, locked=False, dont_mutate=True)
    return tuple(found)


def edited_views(target: Target, visited: Visited) -> tuple[EditedView, ...]:
    """Return the applied revisions that were edited since, as far as the history knows."""
    from runner.database.edited import find_edited
    from runner.database.history import HistoryTable

    context = visited.context
    if context is None:
        return ()
    history = HistoryTable(version_table=context.version_table, schema=context.version_table_schema)
    if not history.exists(context.connection):
        return ()
    found = find_edited(target.script, visited.rows, history.digests(context.connection))
    return tuple(EditedView(revision=one.revision, path=one.path) for one in found)


def _is_missing_file(target: Target) -> bool:
    """Tell whether the database is an SQLite file that is not there: connecting would make it."""
    if target.uses_env_py or target.url is None or target.url.dialect != "sqlite":
        return False
    rows = target.look()
    return rows is not None and not rows.table_exists

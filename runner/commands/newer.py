"""What to do when the database knows revisions that this directory does not have: floor 6. No SQLAlchemy.

After a rollback of the application an older image meets a newer database. The history has kept what each revision
follows, so this is told apart from a database that belongs to another directory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.errors import NewerDatabase, UnknownDatabaseRevision
from runner.events import emit
from runner.graph.rows import refuse_unknown_rows

if TYPE_CHECKING:
    from runner.database.ancestry import Ancestry
    from runner.graph import RevisionGraph

__all__ = ["accept_newer", "has_unknown", "is_past"]


def has_unknown(graph: RevisionGraph, rows: Sequence[str]) -> bool:
    """Tell whether a version row names a revision that no file declares."""
    return any(row not in graph for row in rows)


def is_past(graph: RevisionGraph, rows: Sequence[str], ancestry: Ancestry | None) -> bool:
    """Tell whether the rows imply everything this directory has, unknown ones by what the history says."""
    if ancestry is None or ancestry.unexplained(rows, graph):
        return False
    return ancestry.implied(rows, graph, graph.ancestors).issuperset(graph.ids)


def accept_newer(graph: RevisionGraph, rows: Sequence[str], ancestry: Ancestry | None, *, policy: str) -> None:
    """Return if the database is newer than this directory and that is acceptable.

    Args:
        graph: the directory's.
        rows: the version rows, at least one of them unknown.
        ancestry: what the history says, None without a history.
        policy: `ok` accepts a newer database, anything else does not.

    Raises:
        NewerDatabase: it is newer, and that is not acceptable.
        UnknownDatabaseRevision: it is not newer, or nobody can tell.
    """
    unknown = tuple(row for row in rows if row not in graph)
    if not is_past(graph, rows, ancestry):
        _refuse(graph, rows, ancestry)
    assert ancestry is not None  # else nothing could be past it
    releases = sorted({ancestry.releases[one] for one in unknown if one in ancestry.releases})
    if policy == "ok":
        emit("database.newer", level="warning", revisions=list(unknown), heads=list(graph.heads), releases=releases)
        return
    brought = f", which release {' and '.join(releases)} brought," if releases else ""
    raise NewerDatabase(
        f"The database is newer than this image: it is at {', '.join(unknown)}{brought} and has everything this "
        f"directory has (up to {', '.join(graph.heads)}). Nothing was changed. Deploy the newer image; or, if the "
        "application was rolled back on purpose and works with the newer schema, set RUNNER_NEWER_DATABASE=ok.",
        revisions=unknown,
        heads=graph.heads,
        releases=tuple(releases),
    )


def _refuse(graph: RevisionGraph, rows: Sequence[str], ancestry: Ancestry | None) -> None:
    try:
        refuse_unknown_rows(graph, rows)
    except UnknownDatabaseRevision as error:
        error.message = f"{error.message} {_what_is_known(graph, rows, ancestry)}"
        raise


def _what_is_known(graph: RevisionGraph, rows: Sequence[str], ancestry: Ancestry | None) -> str:
    if ancestry is None:
        return "There is no history (runner_history) that could tell what it follows."
    unexplained = ancestry.unexplained(rows, graph)
    if unexplained:
        return f"The history does not know {', '.join(unexplained)} either: another tool applied it."
    missing = sorted(set(graph.heads) - ancestry.implied(rows, graph, graph.ancestors))
    below = sorted(ancestry.implied(rows, graph, graph.ancestors))
    follows = f"follows {below[-1]}" if len(below) == 1 else "follows revisions of this directory"
    if not below:
        follows = "follows nothing that this directory has"
    return f"By the history it {follows}, but {', '.join(missing)} of this directory is not applied: they diverge."

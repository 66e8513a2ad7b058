"""Squashed ranges: which of several files with one place in the history count. Floor 1, pure.

A squash revision has the id of the last revision it replaces, follows what the first one followed, and names the
others in `replaces`. Where it counts, theirs do not:

    a - b - c - d       b, c and c's squash:      a - [c replaces b] - d

A database at `c` cannot tell the difference, and need not. One at `b` is inside the range: for it the originals
count, and the squash does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.errors import MissingParent, ReplacedFilesMissing
from runner.graph.faults import listed
from runner.graph.graph import RevisionGraph
from runner.graph.revision import Revision

__all__ = ["graph_with_originals", "squashed"]


def squashed(revisions: Iterable[Revision]) -> list[Revision]:
    """Return the revisions that count where no database is inside a squashed range."""
    given = list(revisions)
    squashes = [one for one in given if one.replaces]
    return given if not squashes else [one for one in given if not any(_hides(other, one) for other in squashes)]


def _hides(squash: Revision, one: Revision) -> bool:
    if one is squash:
        return False
    if one.revision == squash.revision:  # the original, or a squash of a shorter range with the same end
        return len(one.replaces) < len(squash.replaces)
    return one.revision in squash.replaces


def graph_with_originals(revisions: Sequence[Revision], rows: Iterable[str]) -> RevisionGraph:
    """Return the graph for a database inside squashed ranges: their originals in the place of their squashes.

    Args:
        revisions: all there are, squashes and originals.
        rows: the version rows.

    Raises:
        ReplacedFilesMissing: the originals of a range are not all there.
        GraphError: the revisions do not form a graph.
    """
    left = list(revisions)
    while True:
        counting = squashed(left)
        inside = _inside(counting, rows)
        if inside is None:
            return RevisionGraph(counting)
        row, squash = inside
        left = [one for one in left if one is not squash]
        _refuse_missing(left, row, squash)


def _inside(counting: Sequence[Revision], rows: Iterable[str]) -> tuple[str, Revision] | None:
    """Return a row that is inside a squashed range, and the squash; None where there is none."""
    known = {one.revision for one in counting}
    owners = {name: one for one in counting for name in one.replaces}
    return next(((row, owners[row]) for row in sorted(rows) if row not in known and row in owners), None)


def _refuse_missing(left: Sequence[Revision], row: str, squash: Revision) -> None:
    counting = squashed(left)
    try:
        complete = squash.revision in RevisionGraph(counting)
    except MissingParent:
        complete = False
    known = {name for one in counting for name in (one.revision, *one.replaces)}
    if complete and row in known:
        return
    lost = [name for name in (*squash.replaces, squash.revision) if name not in known]
    raise ReplacedFilesMissing(
        f"The database is at {row}, inside the range that {squash.source or squash.revision} replaces. The files of "
        f"that range are needed to go on from there: {listed(lost or squash.replaces)} not found. Restore them into "
        "the directory `replaced`, upgrade, and remove them again; or stamp the database if its schema is known.",
        revision=row,
        replaced_by=squash.revision,
        missing=tuple(lost),
    )

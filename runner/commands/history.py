"""List the revisions of the directory, newest first: floor 6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.commands.current import current_heads
from runner.commands.views import view
from runner.errors import RangeInvalid
from runner.graph.rows import refuse_unknown_rows

if TYPE_CHECKING:
    from runner.commands.results import RevisionView
    from runner.commands.target import Target

__all__ = ["history"]


def history(
    target: Target, rev_range: str | None = None, *, indicate_current: bool = False, include_parents: bool = True
) -> tuple[RevisionView, ...]:
    """Return the revisions of a range, newest first.

    Args:
        target: the directory; the database too when `current` is asked for.
        rev_range: `[start]:[end]`, both inclusive; either end may be `current`. None means all.
        indicate_current: mark the revisions the database is at.
        include_parents: the one-line form begins with what the revision follows.

    Raises:
        RangeInvalid: the range has no colon, or its ends do not lie on one lineage.
        UnknownDatabaseRevision: an end is `current`, and a version row names a revision no file declares.
    """
    base, head = _ends(rev_range)
    current: tuple[str, ...] = ()
    if indicate_current or "current" in (base, head):
        current = tuple(sorted({revision for heads, _ in current_heads(target) for revision in heads}))
    script = target.script
    if "current" in (base, head):  # merely marking what is current is possible without knowing all of it
        refuse_unknown_rows(script.graph_for(current), current)
    chosen = script.graph.walk(_or_current(base, current), _or_current(head, current))
    scripts = script.get_revisions(chosen)
    return tuple(
        view(one, is_current=indicate_current and one.revision in current, include_parents=include_parents)
        for one in scripts
    )


def _ends(rev_range: str | None) -> tuple[str, str]:
    if rev_range is None:
        return "base", "heads"
    start, colon, end = rev_range.partition(":")
    if not colon:
        raise RangeInvalid(f"The history range {rev_range!r} has no colon; write [start]:[end], [start]: or :[end].")
    return start.strip() or "base", end.strip() or "heads"


def _or_current(symbol: str, current: tuple[str, ...]) -> str | tuple[str, ...]:
    """Return the version rows for `current`; an empty database is at the base."""
    return symbol if symbol != "current" else current or "base"

"""Show revisions in full: floor 6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.commands.current import current_heads
from runner.commands.views import view
from runner.graph.rows import refuse_unknown_rows

if TYPE_CHECKING:
    from runner.commands.results import RevisionView
    from runner.commands.target import Target

__all__ = ["show"]


def show(target: Target, revision: str) -> tuple[RevisionView, ...]:
    """Return the revisions a symbol names; `current` asks the database.

    Raises:
        UnknownDatabaseRevision: a version row names a revision no file declares.
    """
    script = target.script
    symbol: str | tuple[str, ...] = revision
    if revision == "current":
        symbol = tuple(sorted({one for heads, _ in current_heads(target) for one in heads}))
        refuse_unknown_rows(script.graph_for(symbol), symbol)
    return tuple(view(one) for one in script.get_revisions(symbol))

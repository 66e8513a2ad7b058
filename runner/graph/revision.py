"""Revision: what one revision file declares, as a value. Floor 1; reads no file."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Revision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The identifiers one revision file declares.

    Args:
        revision: the id.
        down_revisions: the ids it follows, in declared order; empty for a base, several for a merge.
        depends_on: ids or branch labels that must be applied first without being merged, in declared order.
        branch_labels: the labels this file declares; those spread from elsewhere are `RevisionGraph.labels`.
        source: the file as a person would name it, for messages only.
        rank: position of the file in the directory; it breaks ties between unrelated revisions, and equal
            ranks are told apart by id, so a graph without ranks is ordered by id.
        replaces: the ids that a squash stands for beside its own, oldest first; empty for any other revision.
    """

    revision: str
    down_revisions: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    branch_labels: tuple[str, ...] = ()
    source: str | None = None
    rank: int = 0
    replaces: tuple[str, ...] = ()

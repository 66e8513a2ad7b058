"""List the branch points of the directory: floor 6."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.commands.views import view

if TYPE_CHECKING:
    from runner.commands.results import RevisionView
    from runner.commands.target import Target

__all__ = ["BranchPoint", "branches"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchPoint:
    """A revision with several children, and those children."""

    point: RevisionView
    children: tuple[RevisionView, ...]


def branches(target: Target) -> tuple[BranchPoint, ...]:
    """Return the branch points, newest first, each with its children sorted by identifier."""
    script = target.script
    found = []
    for one in script.walk_revisions():
        if one.is_branch_point:
            children = script.get_revisions(tuple(sorted(one.nextrev)))
            found.append(
                BranchPoint(
                    point=view(one, include_doc=False),
                    children=tuple(view(child, include_doc=False) for child in children),
                )
            )
    return tuple(found)

"""List the heads of the directory: floor 6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.commands.views import view

if TYPE_CHECKING:
    from runner.commands.results import RevisionView
    from runner.commands.target import Target

__all__ = ["heads"]


def heads(target: Target, *, resolve_dependencies: bool = False) -> tuple[RevisionView, ...]:
    """Return the heads, sorted by identifier.

    Args:
        target: the directory.
        resolve_dependencies: leave out heads that another revision depends on.
    """
    script = target.script
    found = script.get_revisions("heads" if resolve_dependencies else tuple(script.get_heads()))
    ordered = sorted(found, key=lambda one: one.revision)
    return tuple(view(one, include_doc=False, tree_indicators=False) for one in ordered)

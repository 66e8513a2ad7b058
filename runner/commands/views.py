"""Turn a Script into the value that query commands return: floor 6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.commands.results import RevisionView

if TYPE_CHECKING:
    from runner.revisions.directory import Script

__all__ = ["view"]


def view(
    script: Script,
    *,
    is_current: bool = False,
    include_branches: bool = True,
    include_parents: bool = False,
    include_doc: bool = True,
    tree_indicators: bool = True,
) -> RevisionView:
    """Return the facts about a revision, with its one-line and its long form.

    Args:
        script: the revision.
        is_current: a version row names it.
        include_branches, include_parents, include_doc, tree_indicators: what the one-line form shows.
    """
    revision = script._graph_revision
    script._db_current_indicator = is_current
    line = script.cmd_format(
        verbose=False,
        include_branches=include_branches,
        include_doc=include_doc,
        include_parents=include_parents,
        tree_indicators=tree_indicators,
    )
    return RevisionView(
        revision=script.revision,
        down_revisions=revision.down_revisions,
        depends_on=revision.depends_on,
        branch_labels=tuple(sorted(script.branch_labels)),
        message=script.doc or "",
        path=script.path,
        is_head=script.is_head,
        is_base=script.is_base,
        is_branch_point=script.is_branch_point,
        is_merge_point=script.is_merge_point,
        is_current=is_current,
        dependencies=script._resolved_dependencies,
        line=line,
        entry=script.log_entry,
    )

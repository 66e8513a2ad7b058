"""Write a revision that joins branches: floor 6."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.commands.revision import gather, write

if TYPE_CHECKING:
    from runner.commands.results import RevisionView
    from runner.commands.target import Target

__all__ = ["merge"]


def merge(
    target: Target,
    revisions: Sequence[str],
    message: str | None = None,
    *,
    branch_label: str | Sequence[str] | None = None,
    rev_id: str | None = None,
    splice: bool = False,
) -> RevisionView:
    """Write an empty revision that follows several, and return it.

    Args:
        target: the directory.
        revisions: symbols of what it follows; `heads` for all of them.
        message: the first line of the docstring.
        branch_label: label or labels to declare.
        rev_id: the id; a random one where it is not given.
        splice: what it follows need not be heads.

    Raises:
        RunnerError: nothing was written.
    """
    from runner.autogenerate.revision_context import RevisionContext

    arguments = {
        "message": message,
        "rev_id": rev_id,
        "head": tuple(revisions),
        "splice": splice,
        "branch_label": branch_label,
    }
    context = RevisionContext(target.config, target.script, arguments)
    if target.config.get_alembic_boolean_option("revision_environment"):
        gather(target, context.run_no_autogenerate)
    (written,) = write(context)
    return written

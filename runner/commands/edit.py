"""Find the files that `edit` opens: floor 6. Starting the editor is the rim's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.commands.show import show
from runner.errors import RevisionDirectoryError

if TYPE_CHECKING:
    from runner.commands.target import Target

__all__ = ["files_to_edit"]


def files_to_edit(target: Target, revision: str) -> tuple[str, ...]:
    """Return the files of the revisions a symbol names; `current` asks the database.

    Raises:
        RevisionDirectoryError: the symbol names no revision, as `base` does.
    """
    paths = tuple(view.path for view in show(target, revision))
    if not paths:
        raise RevisionDirectoryError(f"{revision} names no revision file to edit.", revision=revision)
    return paths

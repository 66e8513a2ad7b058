"""Which applied revisions were edited since: floor 4. Reads files, and compares them with what the history has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.errors import EditedRevision
from runner.revisions.digest import SourceDigest, source_digest, syntax_digest

if TYPE_CHECKING:
    from runner.revisions.directory import ScriptDirectory

__all__ = ["Edited", "find_edited", "refuse_edited"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A revision whose file does something else than when it was applied."""

    revision: str
    path: str
    digest: SourceDigest


def find_edited(
    script: ScriptDirectory, heads: Iterable[str], applied: Mapping[str, tuple[str | None, str | None]]
) -> tuple[Edited, ...]:
    """Return the applied revisions whose program has changed, sorted by identifier.

    A file that is missing or unreadable is no edit: directories are squashed, and images leave old revisions out. Nor
    is a squash, which has the id of a revision it replaces, and had to prove that it makes the same schema.

    Args:
        script: the directory.
        heads: the version rows.
        applied: revision -> source and syntax digest, as the history has them.
    """
    graph = script.graph
    implied = graph.ancestors([one for one in heads if one in graph])
    revisions = (one for one in sorted(implied & applied.keys()) if not graph.get(one).replaces)
    found = (_edited(script, revision, applied[revision]) for revision in revisions)
    return tuple(one for one in found if one is not None)


def _edited(script: ScriptDirectory, revision: str, applied: tuple[str | None, str | None]) -> Edited | None:
    entry = script.get_revision(revision)
    if entry is None or not entry.path.endswith(".py") or applied[0] is None:
        return None
    try:
        with open(entry.path, "rb") as file:
            content = file.read()
    except OSError:
        return None
    source = source_digest(content)
    if source == applied[0]:  # parsing is for the few that differ
        return None
    syntax = syntax_digest(content)
    if syntax is not None and syntax == applied[1]:
        return None
    return Edited(revision=revision, path=entry.path, digest=SourceDigest(source=source, syntax=syntax))


def refuse_edited(edited: tuple[Edited, ...]) -> None:
    """Refuse to go on with edited revisions.

    Raises:
        EditedRevision: there are some.
    """
    if not edited:
        return
    files = ", ".join(f"{one.revision} ({one.path})" for one in edited)
    raise EditedRevision(
        f"Edited after it had been applied: {files}. The database has what the file said then. Nothing was changed. "
        "Restore the file and put the difference into a new revision, or, if the edit is right, run once with "
        "RUNNER_EDITED_REVISIONS=accept.",
        revisions=tuple(one.revision for one in edited),
        paths=tuple(one.path for one in edited),
    )

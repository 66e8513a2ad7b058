"""The files of a squash: the originals go to the archive, one new file takes their place. Floor 3."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.errors import SquashRefused
from runner.graph import Revision
from runner.graph.faults import listed
from runner.revisions.generate import NewRevision, write_revision
from runner.revisions.naming import create_date, file_name

if TYPE_CHECKING:
    from runner.graph import RevisionGraph
    from runner.revisions.directory import ScriptDirectory
    from runner.revisions.files import FileChanges

__all__ = ["SquashRange", "squash_range", "write_squash"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SquashRange:
    """A chain of revisions that one revision can stand for.

    Args:
        revisions: the ids, oldest first; the last one becomes the id of the squash.
        parents: what the first one follows.
        depends_on: what revisions of the range depend on outside it.
        branch_labels: the labels they declare.
    """

    revisions: tuple[str, ...]
    parents: tuple[str, ...]
    depends_on: tuple[str, ...]
    branch_labels: tuple[str, ...]

    @property
    def revision(self) -> str:
        """The id of the squash."""
        return self.revisions[-1]

    @property
    def replaces(self) -> tuple[str, ...]:
        """The ids that it stands for beside its own, those that earlier squashes stand for included."""
        return self.revisions[:-1]


def squash_range(graph: RevisionGraph, first: str, last: str) -> SquashRange:
    """Return the chain from one revision up to another, both included.

    Args:
        graph: the directory's.
        first: a symbol; `base` for the first revision of the lineage.
        last: a symbol.

    Raises:
        SquashRefused: the range is no chain, or something outside hangs on one of its inner revisions.
        GraphError: a symbol names nothing, or several.
    """
    end, start = graph.resolve_one(last), graph.resolve_one(first)
    if end is None:
        raise SquashRefused(f"{last} names no revision, so no range ends there.", symbol=last)
    chain = _chain(graph, start, end)
    if len(chain) < 2:
        raise SquashRefused(f"The range from {first} to {last} holds one revision; there is nothing to squash.")
    for inner in chain[:-1]:
        others = sorted(set(graph.required_by(inner)).difference(chain))
        if others:
            raise SquashRefused(
                f"{listed(others)} follows or depends on {inner}, which would be gone. End the range there, or begin "
                "it after.",
                revision=inner,
                others=tuple(others),
            )
    if len(graph.parents(chain[0])) > 1:
        raise SquashRefused(f"{chain[0]} is a merge; begin the range after it.", revision=chain[0])
    entries = [graph.get(one) for one in chain]
    inside = set(chain)
    outside = [name for entry in entries for name in entry.depends_on if _owner(graph, name) not in inside]
    return SquashRange(
        revisions=tuple(dict.fromkeys(name for entry in entries for name in (*entry.replaces, entry.revision))),
        parents=entries[0].down_revisions,
        depends_on=tuple(dict.fromkeys(outside)),
        branch_labels=tuple(dict.fromkeys(label for entry in entries for label in entry.branch_labels)),
    )


def _owner(graph: RevisionGraph, name: str) -> str:
    return graph.label_owners.get(name, name)


def _chain(graph: RevisionGraph, start: str | None, end: str) -> list[str]:
    """Return the ids from start to end, oldest first."""
    chain = [end]
    while chain[-1] != start:
        parents = graph.parents(chain[-1])
        if not parents and start is None:
            break
        if len(parents) != 1:
            what = "is a merge" if parents else "is a base"
            raise SquashRefused(
                f"{chain[-1]} {what}, and the range does not begin before it: {start or 'base'} to {end} is no chain.",
                revision=chain[-1],
            )
        chain.append(parents[0])
    return chain[::-1]


def write_squash(
    directory: ScriptDirectory, found: SquashRange, message: str | None, changes: FileChanges, **variables: Any
) -> tuple[str, ...]:
    """Move the files of the range into the archive, write the squash, and return where the originals are now.

    Args:
        directory: where.
        found: the range.
        message: the first line of the docstring.
        changes: takes everything back if the command fails later.
        variables: what the template needs: the bodies and the imports.

    Raises:
        SquashRefused: a scan would find the archive.
        WriteFailed: a file cannot be moved or written.
    """
    inside = [one for one in directory.locations_to_write if _holds(one, directory.archive)]
    if inside and directory.recursive_version_locations:
        raise SquashRefused(
            f"{directory.archive}, where the replaced files go, is inside the version location {inside[0]}, and "
            "recursive_version_locations is set: they would be found again. Set version_locations to a subdirectory.",
            path=directory.archive,
        )
    scripts = [directory.get_revision(one) for one in found.revisions if one in directory.graph]
    originals = [script.path for script in scripts if script is not None]
    location = os.path.dirname(originals[-1])
    first = found.revisions[0]
    message = message or f"squash {first} to {found.revision}"
    wanted = NewRevision(
        revision=found.revision,
        message=message,
        branch_labels=found.branch_labels,
        depends_on=found.depends_on,
        replaces=found.replaces,
    )
    entry = Revision(
        revision=found.revision,
        down_revisions=found.parents,
        depends_on=found.depends_on,
        branch_labels=found.branch_labels,
        replaces=found.replaces,
    )
    date = create_date(directory.timezone)
    name = os.path.basename(
        file_name(
            directory.file_template,
            revision=found.revision,
            message=message,
            date=date,
            truncate=directory.truncate_slug_length,
        )
    )
    changes.make_directory(os.path.abspath(directory.archive))
    archived = tuple(os.path.join(os.path.abspath(directory.archive), os.path.basename(one)) for one in originals)
    for source, path in zip(originals, archived, strict=True):
        changes.move(source, path)
    write_revision(directory, wanted, entry, os.path.join(location, name), changes, date=date, **variables)
    return archived


def _holds(location: str, path: str) -> bool:
    return os.path.realpath(path).startswith(os.path.join(os.path.realpath(location), ""))

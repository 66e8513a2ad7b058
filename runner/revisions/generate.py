"""Writing a new revision file: floor 3.

Everything that can be refused is refused before a file exists: the id, the labels, the place in the graph, the name,
the rendered text. What remains (a full disk, a hook) takes the file back.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.errors import (
    BranchLabelError,
    DuplicateRevision,
    GraphError,
    InvalidTarget,
    MultipleHeads,
    RevisionDirectoryError,
    RevisionFileError,
    TemplateFailed,
)
from runner.graph import Revision, RevisionGraph
from runner.graph.faults import listed, suggestion
from runner.revisions.declared import Declared, NotIdentifiers
from runner.revisions.files import FileChanges
from runner.revisions.import_order import project_root, with_sorted_imports
from runner.revisions.naming import create_date, file_name, verify_new_id, verify_new_label
from runner.revisions.template import comma_separated, render_template

if TYPE_CHECKING:
    from datetime import datetime

    from runner.revisions.directory import ScriptDirectory

__all__ = ["NewRevision", "default_template", "generate_revision", "place_of", "write_revision"]

_Names = str | Sequence[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRevision:
    """What is asked for.

    Args:
        revision: the id.
        message: the first line of the docstring, and the words of the file name.
        heads: symbols of what it follows; `base` or nothing makes a base.
        splice: what it follows need not be a head.
        branch_labels: labels to declare.
        version_path: the version location; None leaves it to the parent, or to the only location.
        file_template: name of the file; None for the directory's.
        depends_on: symbols or labels of what it depends on.
        replaces: the ids a squash stands for, oldest first; empty for any other revision.
    """

    revision: str
    message: str | None = None
    heads: tuple[str, ...] = ("head",)
    splice: bool = False
    branch_labels: tuple[str, ...] = ()
    version_path: str | None = None
    file_template: str | None = None
    depends_on: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()


def generate_revision(directory: ScriptDirectory, wanted: NewRevision, changes: FileChanges, **variables: Any) -> str:
    """Write the file and return its path, as the hooks left it.

    Args:
        directory: where; what it has read so far is read again afterwards.
        wanted: what the file shall say.
        changes: takes the file back if the command fails later.
        variables: further variables of the template.

    Raises:
        GraphError: the id, a label or the place in the graph is refused.
        RevisionDirectoryError: there is no version location for it.
        TemplateFailed: the template is unusable.
        WriteFailed: the file cannot be written.
        HookFailed: a post-write hook failed; the file was removed.
    """
    _make_version_locations(directory, changes)
    entry = place_of(directory.graph, wanted)
    date = create_date(directory.timezone)
    location = _version_location(directory, wanted, entry)
    name = file_name(
        wanted.file_template or directory.file_template,
        revision=wanted.revision,
        message=wanted.message,
        date=date,
        truncate=directory.truncate_slug_length,
    )
    path = os.path.join(os.path.abspath(location), name)
    _refuse_unseen(directory, name, path)
    write_revision(directory, wanted, entry, path, changes, date=date, **variables)
    return _path_now(directory, entry, path)


def write_revision(
    directory: ScriptDirectory,
    wanted: NewRevision,
    entry: Revision,
    path: str,
    changes: FileChanges,
    *,
    date: datetime,
    **variables: Any,
) -> None:
    """Render, verify and write a file at a path, and run the hooks on it.

    Args:
        directory: whose template and hooks are used.
        wanted: what is asked for.
        entry: the same, as it will stand in the graph.
        path: where the file goes.
        changes: takes the file back if the command fails later.
        date: for the docstring.
        variables: further variables of the template.
    """
    text = render_template(
        _template_of(directory),
        **{
            "up_revision": wanted.revision,
            "down_revision": _unwrapped(entry.down_revisions),
            "branch_labels": entry.branch_labels or None,
            "depends_on": _unwrapped(entry.depends_on),
            "replaces": wanted.replaces or None,
            "create_date": date,
            "comma": comma_separated,
            "message": wanted.message if wanted.message is not None else "empty message",
            **variables,
        },
    )
    if wanted.replaces:
        text = _with_replaces(text, wanted.replaces)
    text = with_sorted_imports(text, str(variables.get("imports") or ""), project_root())
    _verify_text(text, path, entry)
    changes.make_directory(os.path.dirname(path))
    changes.write(path, text, encoding=directory.output_encoding)
    if directory.hooks:
        from runner.revisions.write_hooks import run_hooks

        try:
            run_hooks(path, directory.hooks)
        except BaseException:
            _remove_renamed(directory, wanted.revision, path)
            raise
    directory.refresh()


def _remove_renamed(directory: ScriptDirectory, revision: str, path: str) -> None:
    """Remove the new file from where a hook has put it, when a later hook failed."""
    if os.path.exists(path):
        return  # the changes take it back
    directory.refresh()
    found = [file.path for file in directory.scanned if file.revision == revision]
    for renamed in found:
        os.unlink(renamed)


def _path_now(directory: ScriptDirectory, entry: Revision, path: str) -> str:
    """Return where the file is after the hooks, one of which may have renamed it."""
    found = directory.get_revision(entry.revision) if entry.revision in directory.graph else None
    if found is None:
        raise RevisionFileError(
            f"{path} declares no revision {entry.revision} after the post-write hooks ran. Correct the hooks.",
            path=path,
        )
    return found.path


def default_template() -> str:
    """Return the template of directories that bring none."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates", "generic", "script.py.mako")


def _template_of(directory: ScriptDirectory) -> str:
    own = os.path.join(directory.dir, "script.py.mako")
    return own if os.path.exists(own) else default_template()


# -- the place in the graph --------------------------------------------------------------------------------


def place_of(graph: RevisionGraph, wanted: NewRevision) -> Revision:
    """Return the revision as it will stand in the graph.

    Raises:
        GraphError: it cannot stand there.
    """
    verify_new_id(wanted.revision)
    if wanted.revision in graph:
        raise DuplicateRevision(
            f"Revision {wanted.revision} exists already ({graph.get(wanted.revision).source}). Choose another id.",
            revision=wanted.revision,
        )
    if wanted.revision in graph.label_owners:
        raise DuplicateRevision(
            f"Revision id {wanted.revision} is the label of a branch already. Choose another id.",
            revision=wanted.revision,
        )
    for label in wanted.branch_labels:
        _verify_label(graph, label, wanted)
    parents = _parents(graph, wanted)
    entry = Revision(
        revision=wanted.revision,
        down_revisions=parents,
        depends_on=tuple(_dependency(graph, name) for name in wanted.depends_on),
        branch_labels=wanted.branch_labels,
        source="the new file",
        rank=len(graph),
    )
    RevisionGraph([*graph, entry])
    return entry


def _verify_label(graph: RevisionGraph, label: str, wanted: NewRevision) -> None:
    verify_new_label(label)
    if label in graph.label_owners or label in graph or label == wanted.revision:
        owner = graph.label_owners.get(label, label)
        raise BranchLabelError(
            f"Branch label {label} is taken by revision {owner}. Choose another.", label=label, revision=owner
        )


def _parents(graph: RevisionGraph, wanted: NewRevision) -> tuple[str, ...]:
    parents: list[str] = []
    for symbol in wanted.heads:
        try:
            found = graph.resolve(symbol) if symbol == "heads" else _at_most_one(graph.resolve_one(symbol))
        except MultipleHeads as error:
            raise MultipleHeads(
                f"There are several heads ({listed(graph.heads)}), so it is not clear what the new revision follows. "
                "Name one with --head, or `runner merge heads` first.",
                heads=graph.heads,
            ) from error
        repeated = sorted(set(found).intersection(parents))
        if repeated:
            raise GraphError(
                f"Revision {repeated[0]} is named twice as what the new one follows.", revision=repeated[0]
            )
        parents += found
    covered = [one for one in parents if not graph.is_head(one)]
    if covered and not wanted.splice:
        raise InvalidTarget(
            f"Revision {covered[0]} is not a head: {listed(graph.children(covered[0]))} follows it. Pass --splice to "
            "begin a new branch there.",
            revision=covered[0],
        )
    return tuple(parents)


def _at_most_one(revision: str | None) -> tuple[str, ...]:
    return () if revision is None else (revision,)


def _dependency(graph: RevisionGraph, name: str) -> str:
    """Return a label as it is, and the full id of anything else."""
    if name in graph.label_owners:
        return name
    found = graph.resolve_one(name)
    if found is None:
        raise InvalidTarget(f"A revision cannot depend on {name}: nothing is applied there.", symbol=name)
    return found


# -- where the file goes -----------------------------------------------------------------------------------


def _make_version_locations(directory: ScriptDirectory, changes: FileChanges) -> None:
    """Make the version locations that do not exist: version control does not keep an empty directory."""
    missing = [location for location in directory.locations_to_write if not os.path.isdir(location)]
    for location in missing:
        changes.make_directory(os.path.abspath(location))
    if missing:
        directory.refresh()


def _version_location(directory: ScriptDirectory, wanted: NewRevision, entry: Revision) -> str:
    locations = directory.locations_to_write
    if wanted.version_path is not None:
        return _named_location(wanted.version_path, locations)
    if entry.down_revisions:
        parent = directory.get_revision(entry.down_revisions[0])
        assert parent is not None  # it is in the graph
        above = [one for one in locations if _is_inside(parent.path, one)]
        if above:
            return max(above, key=lambda one: len(os.path.realpath(one)))
    if len(locations) > 1:
        raise RevisionDirectoryError(
            f"There are several version locations ({', '.join(locations)}); name one with --version-path.",
            locations=tuple(locations),
        )
    return locations[0]


def _named_location(given: str, locations: Sequence[str]) -> str:
    from runner.revisions.locations import resolve_location

    wanted = os.path.realpath(resolve_location(given))
    for one in locations:
        if os.path.realpath(one) == wanted:
            return one
    raise RevisionDirectoryError(
        f"{given} is none of the version locations ({', '.join(locations)}), so a file there would not be found. "
        f"Add it to version_locations.{suggestion(given, locations)}",
        path=given,
        locations=tuple(locations),
    )


def _is_inside(path: str, directory: str) -> bool:
    return os.path.realpath(path).startswith(os.path.join(os.path.realpath(directory), ""))


def _refuse_unseen(directory: ScriptDirectory, name: str, path: str) -> None:
    """Refuse a name that the next scan would not find."""
    if "/" in name and not directory.recursive_version_locations:
        raise RevisionDirectoryError(
            f"file_template puts {path} into a subdirectory, where it would not be found. Set "
            "recursive_version_locations = true.",
            path=path,
        )
    if os.path.basename(name).startswith(("__init__", ".#")):
        raise RevisionDirectoryError(f"A file named {path} would not be found. Correct file_template.", path=path)


# -- the text ----------------------------------------------------------------------------------------------


def _with_replaces(text: str, replaces: Sequence[str]) -> str:
    """Return the text with the record of a squash, which older templates do not write."""
    lines = text.split("\n")
    if any(line.startswith("replaces") for line in lines):
        return text
    after = next((number for number, line in enumerate(lines) if line.startswith("down_revision")), 0)
    return "\n".join([*lines[: after + 1], f"replaces = {tuple(replaces)!r}", *lines[after + 1 :]])


def _verify_text(text: str, path: str, entry: Revision) -> None:
    """Refuse a rendered text that is not Python, or that does not declare what was asked for."""
    from runner.revisions.syntax import read_syntax

    try:
        declared = read_syntax(text.encode(), path)
    except SyntaxError as exc:
        line = text.splitlines()[exc.lineno - 1].strip() if exc.lineno and exc.lineno <= text.count("\n") + 1 else ""
        raise TemplateFailed(
            f"What script.py.mako renders for {entry.revision} is not Python: {exc.msg}, line {exc.lineno}: {line!r}. "
            "Correct the template, or the message. Nothing was written.",
            path=path,
            line=exc.lineno,
        ) from exc
    except NotIdentifiers as exc:
        raise TemplateFailed(f"What script.py.mako renders is no revision file: {exc}.", path=path) from exc
    if declared is not None:
        _verify_declared(declared, path, entry)


def _verify_declared(declared: Declared, path: str, entry: Revision) -> None:
    asked = {
        "revision": (entry.revision, declared.revision),
        "down_revision": (entry.down_revisions, declared.down_revisions),
        "branch_labels": (entry.branch_labels, declared.branch_labels),
        "depends_on": (entry.depends_on, declared.depends_on),
        "replaces": (entry.replaces, declared.replaces),
    }
    for name, (wanted, found) in asked.items():
        if wanted != found:
            raise TemplateFailed(
                f"script.py.mako does not write {name} = {wanted!r} (it writes {found!r}). Add it to the template, as "
                f"the templates of `runner init` have it. Nothing was written.",
                path=path,
                name=name,
            )


def _unwrapped(names: tuple[str, ...]) -> str | tuple[str, ...] | None:
    if len(names) > 1:
        return names
    return names[0] if names else None

"""Script: one revision file of a directory, with its place in the graph. Floor 3.

Everything but `module` is answered without importing the file.
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import Protocol

from runner.errors import GraphError, RevisionFileError
from runner.graph import Revision, RevisionGraph
from runner.revisions.scan import ScannedFile

__all__ = ["Script", "docstring_of", "verify_rev_id"]

_RESERVED = frozenset("@-+:")
_INDENT = "    "


class _Directory(Protocol):
    """What a script asks of its directory."""

    @property
    def graph(self) -> RevisionGraph:
        """The graph of all revisions."""


def verify_rev_id(revision: str) -> None:
    """Refuse an id that symbols could not name: an empty one, or one with `@`, `-`, `+` or `:`.

    Raises:
        GraphError: the id is unusable.
    """
    if not revision:
        raise GraphError("A revision id is empty; give the revision an id.", revision=revision)
    reserved = sorted(_RESERVED.intersection(revision))
    if reserved:
        raise GraphError(
            f"Revision id {revision} contains {' and '.join(reserved)}, which mean something in symbols; "
            "choose an id without them.",
            revision=revision,
        )


class Script:
    """One revision file.

    Args:
        directory: whose graph it belongs to.
        file: what the scan found.
        entry: its revision in the graph.
    """

    __slots__ = ("_db_current_indicator", "_directory", "_file", "_graph_revision", "_longdoc", "_module", "_path")

    def __init__(self, directory: _Directory, file: ScannedFile, entry: Revision) -> None:
        self._directory = directory
        self._file = file
        self._graph_revision = entry
        self._module = file.module
        self._path: str | None = None
        self._longdoc: str | None = None
        self._db_current_indicator: bool | None = None

    def __repr__(self) -> str:
        facts = [repr(self.revision), repr(self.down_revision)]
        if self.dependencies:
            facts.append(f"dependencies={self.dependencies!r}")
        if self.branch_labels:
            facts.append(f"branch_labels={sorted(self.branch_labels)!r}")
        return f"{type(self).__name__}({', '.join(facts)})"

    def __str__(self) -> str:
        flags = _flags(
            (self.is_head, "head"), (self.is_branch_point, "branchpoint"), (self.is_merge_point, "mergepoint")
        )
        return f"{self._format_down_revision()} -> {self.revision}{flags}, {self.doc}"

    # -- what the file says -----------------------------------------------------------------------

    @property
    def revision(self) -> str:
        """The id."""
        return self._graph_revision.revision

    @property
    def down_revision(self) -> str | tuple[str, ...] | None:
        """The id it follows; a tuple for a merge, None for a base."""
        return _unwrapped(self._graph_revision.down_revisions)

    @property
    def dependencies(self) -> str | tuple[str, ...] | None:
        """What it depends on, as declared; a tuple for several, None for nothing."""
        return _unwrapped(self._graph_revision.depends_on)

    @property
    def path(self) -> str:
        """The absolute path of the file, links resolved."""
        if self._path is None:
            self._path = os.path.realpath(self._file.path)
        return self._path

    @property
    def module(self) -> ModuleType:
        """The module; the file is imported when this is asked for the first time.

        Raises:
            RevisionFileError: importing it failed.
        """
        if self._module is None:
            from runner.revisions.load import load_revision_file

            self._module = load_revision_file(self.path)
        return self._module

    @property
    def doc(self) -> str:
        """The first paragraph of the docstring."""
        return self.longdoc.partition("\n\n")[0]

    @property
    def longdoc(self) -> str:
        """The docstring, or an empty text."""
        if self._longdoc is None:
            self._longdoc = docstring_of(self._file)
        return self._longdoc

    @staticmethod
    def verify_rev_id(revision: str) -> None:
        """Refuse an id that symbols could not name.

        Raises:
            GraphError: the id is unusable.
        """
        verify_rev_id(revision)

    # -- its place in the graph -------------------------------------------------------------------

    @property
    def branch_labels(self) -> set[str]:
        """The labels of the branches it belongs to, declared here or spread from elsewhere."""
        return set(self._graph.labels(self.revision))

    @property
    def nextrev(self) -> frozenset[str]:
        """The ids that follow it."""
        return frozenset(self._graph.children(self.revision))

    @property
    def is_head(self) -> bool:
        """Whether no revision follows it; one may still depend on it."""
        return self._graph.is_head(self.revision)

    @property
    def is_base(self) -> bool:
        """Whether it follows none."""
        return self._graph.is_base(self.revision)

    @property
    def is_branch_point(self) -> bool:
        """Whether several revisions follow it."""
        return self._graph.is_branch_point(self.revision)

    @property
    def is_merge_point(self) -> bool:
        """Whether it follows several."""
        return self._graph.is_merge_point(self.revision)

    @property
    def _graph(self) -> RevisionGraph:
        return self._directory.graph

    @property
    def _is_real_head(self) -> bool:
        return self._graph.is_real_head(self.revision)

    @property
    def _is_real_base(self) -> bool:
        return self.is_base and not self._graph_revision.depends_on

    @property
    def _is_real_branch_point(self) -> bool:
        return len(self._all_nextrev) > 1

    @property
    def _all_nextrev(self) -> frozenset[str]:
        return frozenset(self._graph.required_by(self.revision))

    @property
    def _all_down_revisions(self) -> tuple[str, ...]:
        return self._graph.required(self.revision)

    @property
    def _versioned_down_revisions(self) -> tuple[str, ...]:
        return self._graph_revision.down_revisions

    @property
    def _resolved_dependencies(self) -> tuple[str, ...]:
        return self._graph.dependencies(self.revision)

    # -- as text ----------------------------------------------------------------------------------

    @property
    def log_entry(self) -> str:
        """The long entry that `show` and `history --verbose` print."""
        flags = _flags(
            (self.is_head, "head"),
            (self.is_branch_point, "branchpoint"),
            (self.is_merge_point, "mergepoint"),
            (bool(self._db_current_indicator), "current"),
        )
        lines = [f"Rev: {self.revision}{flags}"]
        lines.append(f"{'Merges' if self.is_merge_point else 'Parent'}: {self._format_down_revision()}")
        if self._graph_revision.depends_on:
            lines.append(f"Also depends on: {', '.join(self._graph_revision.depends_on)}")
        if self.is_branch_point:
            lines.append(f"Branches into: {', '.join(sorted(self.nextrev))}")
        if self.branch_labels:
            lines.append(f"Branch names: {', '.join(sorted(self.branch_labels))}")
        paragraph = [_INDENT + line for line in self.longdoc.split("\n")] if self.longdoc else [""]
        lines += [f"Path: {self.path}", "", *paragraph, ""]
        return "\n".join(lines)

    def cmd_format(
        self,
        verbose: bool,  # noqa: FBT001 -- Alembic's signature
        include_branches: bool = False,  # noqa: FBT001, FBT002
        include_doc: bool = False,  # noqa: FBT001, FBT002
        include_parents: bool = False,  # noqa: FBT001, FBT002
        tree_indicators: bool = True,  # noqa: FBT001, FBT002
    ) -> str:
        """Return the revision as the query commands print it.

        Args:
            verbose: the long entry; the other arguments mean nothing then.
            include_branches: with the branch labels.
            include_doc: with the first paragraph of the docstring.
            include_parents: with `parent (dependencies) ->` before it.
            tree_indicators: with (branchpoint) and (mergepoint).
        """
        if verbose:
            return self.log_entry
        text = self.revision
        if include_parents:
            depends_on = f" ({', '.join(self._graph_revision.depends_on)})" if self._graph_revision.depends_on else ""
            text = f"{self._format_down_revision()}{depends_on} -> {text}"
        if include_branches and self.branch_labels:
            text += f" ({', '.join(sorted(self.branch_labels))})"
        text += _flags(
            (self.is_head, "head" if self._is_real_head else "effective head"),
            (bool(self._db_current_indicator), "current"),
            (tree_indicators and self.is_branch_point, "branchpoint"),
            (tree_indicators and self.is_merge_point, "mergepoint"),
        )
        return f"{text}, {self.doc}" if include_doc else text

    def _format_down_revision(self) -> str:
        return ", ".join(self._graph_revision.down_revisions) or "<base>"


def _flags(*flags: tuple[bool, str]) -> str:
    return "".join(f" ({text})" for is_set, text in flags if is_set)


def _unwrapped(names: tuple[str, ...]) -> str | tuple[str, ...] | None:
    if len(names) > 1:
        return names
    return names[0] if names else None


def docstring_of(file: ScannedFile) -> str:
    """Return the docstring as this Python's compiler would leave it, without leading and trailing white space."""
    docstring = file.declared.docstring
    if docstring is None:
        return ""
    source = docstring if isinstance(docstring, bytes) else repr(docstring)
    try:
        constants = compile(source, file.path, "exec", dont_inherit=True, optimize=0).co_consts
    except (SyntaxError, ValueError) as exc:
        raise RevisionFileError(f"The docstring of {file.path} cannot be read: {exc}.", path=file.path) from exc
    value = constants[0] if constants else None
    return value.strip() if isinstance(value, str) else ""

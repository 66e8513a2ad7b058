"""GraphStructure: the revisions and their edges, checked once and indexed. Floor 1; knows no symbols.

Everything is iterative and linear in revisions plus edges, so a chain of ten thousand is an ordinary
input. Two kinds of edges exist: down_revision edges make lineages, depends_on edges only make order.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import attrgetter

from runner.errors import CycleDetected, DuplicateRevision, MissingParent, UnknownRevision
from runner.graph.faults import (
    DependencyCycle,
    DependencySelfLoop,
    LabelUsedTwice,
    MissingDependency,
    SelfLoop,
    listed,
    suggestion,
)
from runner.graph.revision import Revision

__all__ = ["Edges", "GraphStructure"]

_in_directory_order = attrgetter("rank", "revision")


class Edges(enum.Enum):
    """Which edges a walk follows."""

    DOWN = "down_revision"
    ALL = "down_revision and depends_on"


class GraphStructure:
    """The directed acyclic graph of a revision directory.

    Args:
        revisions: every revision of the directory, in any order.

    Raises:
        DuplicateRevision, MissingParent, MissingDependency, LabelUsedTwice, SelfLoop, CycleDetected,
        DependencySelfLoop, DependencyCycle: the revisions do not form a graph. An instance that
        exists is sound.
    """

    def __init__(self, revisions: Iterable[Revision]) -> None:
        ordered = sorted(revisions, key=_in_directory_order)
        self._revisions: dict[str, Revision] = {entry.revision: entry for entry in ordered}
        if len(self._revisions) != len(ordered):
            raise _duplicate(ordered)
        self._parents = _parents(ordered)
        self._children = _reversed(self._parents)
        if not self._children.keys() <= self._revisions.keys():
            raise _missing_parent(self._revisions, self._children)
        self._label_owner = _label_owners(self._revisions)
        self._dependencies = self._resolve_dependencies()
        self._dependents = _reversed(self._dependencies)
        self._required = _with_dependencies(self._parents, self._dependencies)
        self._required_by = _reversed(self._required) if self._dependencies else self._children
        self._refuse_cycles()

    def _resolve_dependencies(self) -> dict[str, tuple[str, ...]]:
        """Return id -> ids it depends on, labels replaced by the revisions that carry them."""
        resolved: dict[str, tuple[str, ...]] = {}
        for revision, entry in self._revisions.items():
            if entry.depends_on:
                resolved[revision] = tuple(dict.fromkeys(self._dependency(entry, name) for name in entry.depends_on))
        return resolved

    def _refuse_cycles(self) -> None:
        stuck = _unpeeled(self._required, self._required_by)
        if not stuck:
            return
        if stuck_down := _unpeeled(self._parents, self._children):
            raise _cycle(self._revisions, _loop(stuck_down, self._parents), SelfLoop, CycleDetected)
        raise _cycle(self._revisions, _loop(stuck, self._required), DependencySelfLoop, DependencyCycle)

    def _dependency(self, entry: Revision, name: str) -> str:
        if name in self._revisions:
            return name
        if name in self._label_owner:
            return self._label_owner[name]
        raise _missing_dependency(entry, name, [*self._revisions, *self._label_owner])

    # --- revisions -------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._revisions)

    def __iter__(self) -> Iterator[Revision]:
        return iter(self._revisions.values())

    def __contains__(self, revision: object) -> bool:
        return revision in self._revisions

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id, in directory order."""
        return tuple(self._revisions)

    def get(self, revision: str) -> Revision:
        """Return the revision with exactly this id.

        Raises:
            UnknownRevision: no file declares it; labels, prefixes and symbols are for `resolve`.
        """
        try:
            return self._revisions[revision]
        except KeyError:
            raise UnknownRevision(
                f"No file declares revision {revision}.{suggestion(revision, self._revisions)}", revision=revision
            ) from None

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Id -> position in directory order."""
        return {revision: number for number, revision in enumerate(self._revisions)}

    def in_order(self, revisions: Iterable[str]) -> tuple[str, ...]:
        """Return the ids once each, in directory order."""
        return tuple(sorted(set(revisions), key=self.positions.__getitem__))

    @cached_property
    def replaced(self) -> Mapping[str, str]:
        """Id that a squash revision stands for -> the squash revision."""
        return {name: entry.revision for entry in self._revisions.values() for name in entry.replaces}

    # --- ends of the graph -----------------------------------------------------------------------

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """The revisions no other follows, sorted by id; effective heads included."""
        return tuple(sorted(self._revisions.keys() - self._children.keys()))

    @cached_property
    def real_heads(self) -> tuple[str, ...]:
        """The heads nothing depends on, sorted by id: the version rows of an up-to-date database."""
        return tuple(head for head in self.heads if head not in self._dependents)

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """The revisions that follow none, sorted by id."""
        return tuple(sorted(revision for revision, parents in self._parents.items() if not parents))

    @property
    def real_bases(self) -> tuple[str, ...]:
        """The bases that depend on nothing either, sorted by id."""
        return tuple(base for base in self.bases if base not in self._dependencies)

    # --- neighbours ------------------------------------------------------------------------------

    def parents(self, revision: str) -> tuple[str, ...]:
        """Return the ids the revision follows, in declared order."""
        return self._parents[revision]

    def dependencies(self, revision: str) -> tuple[str, ...]:
        """Return the ids the revision depends on, in declared order, labels replaced by ids."""
        return self._dependencies.get(revision, ())

    def required(self, revision: str) -> tuple[str, ...]:
        """Return what must be applied before: the parents, then the dependencies."""
        return self._required[revision]

    def children(self, revision: str) -> tuple[str, ...]:
        """Return the ids that follow the revision, in directory order."""
        return tuple(self._children.get(revision, ()))

    def dependents(self, revision: str) -> tuple[str, ...]:
        """Return the ids that depend on the revision, in directory order."""
        return tuple(self._dependents.get(revision, ()))

    def required_by(self, revision: str) -> tuple[str, ...]:
        """Return the ids that follow or depend on the revision, in directory order."""
        return tuple(self._required_by.get(revision, ()))

    def own_dependencies(self, revision: str) -> tuple[str, ...]:
        """Return the dependencies that no revision further down the lineage names already."""
        named = self.dependencies(revision)
        return tuple(other for other in named if other not in self._inherited_dependencies[revision]) if named else ()

    @cached_property
    def _inherited_dependencies(self) -> dict[str, frozenset[str]]:
        """Id -> dependencies named by proper ancestors along down_revision, as far as several name them."""
        shared = {named for named, by in self._dependents.items() if len(by) > 1}
        nothing: frozenset[str] = frozenset()
        inherited: dict[str, frozenset[str]] = {}
        for revision in self._oldest_first():
            gathered = nothing
            for parent in self._parents[revision]:
                found = inherited[parent] | shared.intersection(self.dependencies(parent))
                gathered = found if not gathered else gathered | found
            inherited[revision] = gathered
        return inherited

    def _oldest_first(self) -> list[str]:
        waiting = {revision: len(parents) for revision, parents in self._parents.items()}
        ready = [revision for revision, count in waiting.items() if not count]
        for revision in ready:
            for child in self._children.get(revision, ()):
                waiting[child] -= 1
                if not waiting[child]:
                    ready.append(child)
        return ready

    # --- flags -----------------------------------------------------------------------------------

    def is_head(self, revision: str) -> bool:
        """Whether no revision follows this one."""
        return revision not in self._children

    def is_real_head(self, revision: str) -> bool:
        """Whether no revision follows or depends on this one."""
        return revision not in self._required_by

    def is_base(self, revision: str) -> bool:
        """Whether this revision follows none."""
        return not self._parents[revision]

    def is_branch_point(self, revision: str) -> bool:
        """Whether several revisions follow this one."""
        return len(self._children.get(revision, ())) > 1

    def is_merge_point(self, revision: str) -> bool:
        """Whether this revision follows several."""
        return len(self._parents[revision]) > 1

    # --- reach -----------------------------------------------------------------------------------

    def ancestors(self, revisions: Iterable[str], edges: Edges = Edges.ALL) -> set[str]:
        """Return the revisions and everything below them."""
        return _reach(revisions, self._required if edges is Edges.ALL else self._parents)

    def descendants(self, revisions: Iterable[str], edges: Edges = Edges.ALL) -> set[str]:
        """Return the revisions and everything above them."""
        return _reach(revisions, self._required_by if edges is Edges.ALL else self._children)

    def lineage(self, revisions: Collection[str], edges: Edges = Edges.DOWN) -> set[str]:
        """Return the revisions with everything below and above them."""
        return self.ancestors(revisions, edges) | self.descendants(revisions, edges)

    def tips(self, revisions: Collection[str], edges: Edges = Edges.ALL) -> tuple[str, ...]:
        """Return those of the revisions that no other of them follows, in directory order."""
        above = self._required_by if edges is Edges.ALL else self._children
        members = revisions if isinstance(revisions, (set, frozenset)) else set(revisions)
        return self.in_order(one for one in members if members.isdisjoint(above.get(one, ())))

    def highest(self, revisions: Collection[str]) -> tuple[str, ...]:
        """Return those of the revisions that are not below another of them, in directory order."""
        below = self.ancestors(parent for revision in revisions for parent in self._required[revision])
        return self.in_order(revision for revision in revisions if revision not in below)

    # --- labels ----------------------------------------------------------------------------------

    @property
    def label_owners(self) -> Mapping[str, str]:
        """Branch label -> the revision that declares it."""
        return self._label_owner

    def labels(self, revision: str) -> frozenset[str]:
        """Return the branch labels of a revision, those spread from others included.

        A label spreads to everything that follows its revision, and down the lineage until a fork
        or a merge.
        """
        return self._labels.get(revision, frozenset())

    @cached_property
    def _labels(self) -> dict[str, frozenset[str]]:
        spread: dict[str, set[str]] = {}
        for owner in dict.fromkeys(self._label_owner.values()):
            declared = self._revisions[owner].branch_labels
            for revision in self.descendants([owner], Edges.DOWN) | self._run_below(owner):
                spread.setdefault(revision, set()).update(declared)
        return {revision: frozenset(labels) for revision, labels in spread.items()}

    def _run_below(self, revision: str) -> set[str]:
        """Return the unforked, unmerged stretch that ends in this revision."""
        run: set[str] = set()
        while len(self._required_by.get(revision, ())) < 2 and len(self._parents[revision]) < 2:
            run.add(revision)
            if not self._parents[revision]:
                break
            revision = self._parents[revision][0]
        return run


# --- building --------------------------------------------------------------------------------------


def _parents(ordered: Sequence[Revision]) -> dict[str, tuple[str, ...]]:
    parents = {entry.revision: entry.down_revisions for entry in ordered}
    for revision, named in parents.items():
        if len(named) > 1:
            parents[revision] = tuple(dict.fromkeys(named))
    return parents


def _reversed(edges: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Return target -> sources; the order of the sources is that of the mapping."""
    turned: dict[str, list[str]] = {}
    for source, targets in edges.items():
        for target in targets:
            if target in turned:
                turned[target].append(source)
            else:
                turned[target] = [source]
    return turned


def _with_dependencies(
    parents: dict[str, tuple[str, ...]], dependencies: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    if not dependencies:
        return parents
    merged = {revision: tuple(dict.fromkeys(parents[revision] + named)) for revision, named in dependencies.items()}
    return parents | merged


def _label_owners(revisions: Mapping[str, Revision]) -> dict[str, str]:
    owners: dict[str, str] = {}
    for entry in [entry for entry in revisions.values() if entry.branch_labels]:
        for label in dict.fromkeys(entry.branch_labels):
            if label in owners or label in revisions:
                raise _label_used_twice(entry, label, revisions[owners.get(label, label)])
            owners[label] = entry.revision
    return owners


def _reach(start: Iterable[str], edges: Mapping[str, Sequence[str]]) -> set[str]:
    reached = set(start)
    pending = list(reached)
    while pending:
        for other in edges.get(pending.pop(), ()):
            if other not in reached:
                reached.add(other)
                pending.append(other)
    return reached


# --- refusing --------------------------------------------------------------------------------------


def _unpeeled(edges: Mapping[str, Sequence[str]], turned: Mapping[str, Sequence[str]]) -> set[str]:
    """Return what cannot be reached by peeling off, from below, whatever has nothing left below it."""
    waiting = {revision: len(below) for revision, below in edges.items() if below}
    ready = [revision for revision in edges if revision not in waiting]
    for revision in ready:
        for above in turned.get(revision, ()):
            if waiting[above] == 1:
                ready.append(above)
            else:
                waiting[above] -= 1
    return set() if len(ready) == len(edges) else edges.keys() - set(ready)


def _loop(stuck: Collection[str], edges: Mapping[str, Sequence[str]]) -> list[str]:
    """Return one circle among revisions each of which has an edge to another of them."""
    trail: dict[str, None] = {}
    here = min(stuck)
    while here not in trail:
        trail[here] = None
        here = next(other for other in edges[here] if other in stuck)
    path = list(trail)
    return path[path.index(here) :]


def _cycle(
    revisions: Mapping[str, Revision], loop: Sequence[str], alone: type[CycleDetected], several: type[CycleDetected]
) -> CycleDetected:
    start = loop.index(min(loop))
    circle = (*loop[start:], *loop[:start])
    keys = "down_revision" if several is CycleDetected else "depends_on"
    if len(circle) == 1:
        entry = revisions[circle[0]]
        sentence = f"Revision {entry.revision} names itself in {keys}. Correct {keys} in {_file(entry)}."
        return alone(sentence, revisions=circle)
    followed = keys if several is CycleDetected else f"down_revision and {keys}"
    return several(
        f"Following {followed} leads in a circle: {' -> '.join([*circle, circle[0]])}. "
        f"Correct one of {listed(_file(revisions[one]) for one in circle)}.",
        revisions=circle,
    )


def _duplicate(ordered: Sequence[Revision]) -> DuplicateRevision:
    seen: dict[str, list[Revision]] = {}
    for entry in ordered:
        seen.setdefault(entry.revision, []).append(entry)
    revision, entries = next((revision, entries) for revision, entries in seen.items() if len(entries) > 1)
    files = tuple(sorted(entry.source for entry in entries if entry.source is not None))
    where = f" by {listed(files)}" if files else f" {len(entries)} times"
    return DuplicateRevision(
        f"Revision {revision} is declared{where}. Give all but one of them another id, or remove them.",
        revision=revision,
        sources=files,
    )


def _missing_parent(revisions: Mapping[str, Revision], children: Mapping[str, Sequence[str]]) -> MissingParent:
    missing = sorted(children.keys() - revisions.keys())
    parent = missing[0]
    entry = revisions[children[parent][0]]
    return MissingParent(
        f"Revision {entry.revision} names down_revision {parent}, but no file{_directory(entry)} declares it. "
        f"Restore that file, or correct down_revision in {_file(entry)}.{suggestion(parent, revisions)}",
        revision=entry.revision,
        parent=parent,
        missing=tuple(missing),
        source=entry.source,
    )


def _missing_dependency(entry: Revision, name: str, known: Iterable[str]) -> MissingDependency:
    return MissingDependency(
        f"Revision {entry.revision} depends on {name}, but no file{_directory(entry)} declares a revision or a "
        f"branch label of that name. Restore that file, or correct depends_on in {_file(entry)}."
        f"{suggestion(name, known)}",
        revision=entry.revision,
        dependency=name,
        source=entry.source,
    )


def _label_used_twice(entry: Revision, label: str, other: Revision) -> LabelUsedTwice:
    if label == other.revision:
        taken = f"is also the id of the revision in {_file(other)}"
    else:
        taken = f"belongs to revision {other.revision} already ({_file(other)})"
    return LabelUsedTwice(
        f"Revision {entry.revision} declares branch label {label}, which {taken}. "
        f"Choose another label in {_file(entry)}.",
        label=label,
        revisions=tuple(sorted((entry.revision, other.revision))),
    )


def _file(entry: Revision) -> str:
    return entry.source or f"the file of {entry.revision}"


def _directory(entry: Revision) -> str:
    folder, slash, _ = (entry.source or "").replace("\\", "/").rpartition("/")
    return f" in {folder}" if slash else ""

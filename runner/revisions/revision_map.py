"""The revisions under the names that programs written for Alembic use: floor 3.

A map is that of a directory (`ScriptDirectory.revision_map`), or made from `Revision` objects that no directory holds,
as programs and their tests do.

Source: Alembic's API documentation, Revision and RevisionMap.
"""

# ruff: noqa: FBT001, FBT002 -- the signatures are Alembic's

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Generic, Protocol, TypeVar

from runner.graph import Edges, RevisionGraph
from runner.graph import Revision as Entry

__all__ = ["Revision", "RevisionMap"]

_Names = str | Sequence[str] | None


class _Node(Protocol):
    """What stands in a map: a `Revision` or a `Script`."""

    @property
    def revision(self) -> str:
        """The id."""

    @property
    def _graph_revision(self) -> Entry:
        """What is declared."""


_N = TypeVar("_N", bound=_Node)


class Revision:
    """A revision without a file.

    Args:
        revision: the id.
        down_revision: the id it follows; several for a merge, None for a base.
        dependencies: ids or labels it depends on.
        branch_labels: the labels it declares.

    Until it is in a map, a revision counts as being alone in the world.
    """

    def __init__(
        self, revision: str, down_revision: _Names, dependencies: _Names = None, branch_labels: _Names = None
    ) -> None:
        self._graph_revision = Entry(
            revision=revision,
            down_revisions=_tuple(down_revision),
            depends_on=_tuple(dependencies),
            branch_labels=_tuple(branch_labels),
        )
        self.revision = revision
        self.down_revision = _unwrapped(self._graph_revision.down_revisions)
        self.dependencies = _unwrapped(self._graph_revision.depends_on)
        self._graph: RevisionGraph | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.revision!r}, {self.down_revision!r})"

    @property
    def branch_labels(self) -> set[str]:
        """The labels of the branches it belongs to, declared here or spread from elsewhere."""
        return set(self._graph_revision.branch_labels if self._graph is None else self._graph.labels(self.revision))

    @property
    def nextrev(self) -> frozenset[str]:
        """The ids that follow it."""
        return frozenset(() if self._graph is None else self._graph.children(self.revision))

    @property
    def is_head(self) -> bool:
        """Whether no revision follows it."""
        return not self.nextrev

    @property
    def is_base(self) -> bool:
        """Whether it follows none."""
        return not self._graph_revision.down_revisions

    @property
    def is_branch_point(self) -> bool:
        """Whether several revisions follow it."""
        return len(self.nextrev) > 1

    @property
    def is_merge_point(self) -> bool:
        """Whether it follows several."""
        return len(self._graph_revision.down_revisions) > 1

    @property
    def _all_nextrev(self) -> frozenset[str]:
        return frozenset(() if self._graph is None else self._graph.required_by(self.revision))

    @property
    def _is_real_head(self) -> bool:
        return not self._all_nextrev

    @property
    def _all_down_revisions(self) -> tuple[str, ...]:
        return self._graph_revision.down_revisions if self._graph is None else self._graph.required(self.revision)

    @property
    def _versioned_down_revisions(self) -> tuple[str, ...]:
        return self._graph_revision.down_revisions


class RevisionMap(Generic[_N]):
    """The graph of some revisions, answering with the revisions themselves.

    Args:
        generator: returns the revisions; called when the map is asked something for the first time.
    """

    def __init__(self, generator: Callable[[], Iterable[_N]]) -> None:
        self._source: Callable[[], tuple[RevisionGraph, Mapping[str, _N]]] = cache(lambda: _load(generator()))

    @classmethod
    def looking_at(cls, source: Callable[[], tuple[RevisionGraph, Mapping[str, _N]]]) -> RevisionMap[_N]:
        """Return a map that asks `source` for graph and revisions each time, so it is never out of step with it."""
        made = cls(list)
        made._source = source
        return made

    def __iter__(self) -> Iterator[_N]:
        return iter(self._all(self._graph.ids))

    def __len__(self) -> int:
        return len(self._graph)

    def add_revision(self, revision: _N, _replace: bool = False) -> None:
        """Add a revision, in the place of one with the same id if `_replace` is true.

        Raises:
            GraphError: the revisions do not form a graph with it.
        """
        known = [self._nodes[one] for one in self._graph.ids if not (_replace and one == revision.revision)]
        loaded = _load([*known, revision])
        self._source = lambda: loaded

    # -- ends --------------------------------------------------------------------------------------------

    @property
    def heads(self) -> tuple[str, ...]:
        """The ids no other follows, sorted."""
        return self._graph.heads

    @property
    def bases(self) -> tuple[str, ...]:
        """The ids that follow none, sorted."""
        return self._graph.bases

    @property
    def _real_heads(self) -> tuple[str, ...]:
        return self._graph.real_heads

    @property
    def _real_bases(self) -> tuple[str, ...]:
        return self._graph.real_bases

    def get_current_head(self, branch_label: str | None = None) -> str | None:
        """Return the only head, of a branch if one is named; None where there is none.

        Raises:
            MultipleHeads: there are several.
        """
        return self._graph.resolve_one("head" if branch_label is None else f"{branch_label}@head")

    # -- revisions ---------------------------------------------------------------------------------------

    def get_revision(self, id_: str | Sequence[str] | None) -> _N | None:
        """Return the one revision a symbol names, None for base.

        Raises:
            GraphError: the symbol names no revision, or several.
        """
        symbol = id_ if id_ is None or isinstance(id_, str) else (_tuple(id_) or (None,))[0]
        found = None if symbol is None else self._graph.resolve_one(symbol)
        return None if found is None else self._nodes[found]

    def get_revisions(self, id_: str | Collection[str] | None) -> tuple[_N, ...]:
        """Return the revisions the symbols name, each once.

        Raises:
            GraphError: a symbol names no revision.
        """
        symbols = _tuple(id_)
        return self._all(dict.fromkeys(one for symbol in symbols for one in self._graph.resolve(symbol)))

    def iterate_revisions(
        self,
        upper: _Names,
        lower: _Names,
        implicit_base: bool = False,
        inclusive: bool = False,
        assert_relative_length: bool = True,
        select_for_downgrade: bool = False,
    ) -> Iterator[_N]:
        """Iterate from the newer end down to the older one; see `ScriptDirectory.iterate_revisions`."""
        yield from self._all(
            self._graph.iterate(
                upper,
                lower,
                implicit_base=implicit_base,
                inclusive=inclusive,
                assert_relative_length=assert_relative_length,
                select_for_downgrade=select_for_downgrade,
            )
        )

    def filter_for_lineage(
        self, targets: Iterable[str | _N], check_against: str | None, include_dependencies: bool = False
    ) -> tuple[str | _N, ...]:
        """Return those targets that are above or below the revision of a symbol or of a branch label."""
        if check_against is None:
            return tuple(targets)
        branch, at, name = check_against.rpartition("@")
        against = self._graph.resolve(branch if at and name in ("head", "heads", "base") else check_against)
        members = self._graph.lineage(against, Edges.ALL if include_dependencies else Edges.DOWN)
        return tuple(one for one in targets if (one if isinstance(one, str) else one.revision) in members)

    # -- what programs use although Alembic does not document it -----------------------------------------

    @property
    def _revision_map(self) -> dict[str, _N]:
        owners = {**{one: one for one in self._graph.ids}, **self._graph.label_owners}
        return {name: self._nodes[owner] for name, owner in owners.items()}

    def _get_ancestor_nodes(
        self,
        targets: Collection[_N | str],
        map_: object = None,
        check: bool = False,
        include_dependencies: bool = True,
    ) -> Iterator[_N]:
        ids = [one if isinstance(one, str) else one.revision for one in targets]
        edges = Edges.ALL if include_dependencies else Edges.DOWN
        yield from self._all(self._graph.in_order(self._graph.ancestors(ids, edges)))

    def _get_descendant_nodes(
        self,
        targets: Collection[_N | str],
        map_: object = None,
        check: bool = False,
        omit_immediate_dependencies: bool = False,
        include_dependencies: bool = True,
    ) -> Iterator[_N]:
        ids = [one if isinstance(one, str) else one.revision for one in targets]
        edges = Edges.ALL if include_dependencies else Edges.DOWN
        yield from self._all(self._graph.in_order(self._graph.descendants(ids, edges)))

    # -- inside ------------------------------------------------------------------------------------------

    @property
    def _graph(self) -> RevisionGraph:
        return self._source()[0]

    @property
    def _nodes(self) -> Mapping[str, _N]:
        return self._source()[1]

    def _all(self, ids: Iterable[str]) -> tuple[_N, ...]:
        return tuple(self._nodes[one] for one in ids)


def _load(revisions: Iterable[_N]) -> tuple[RevisionGraph, Mapping[str, _N]]:
    nodes = list(revisions)
    graph = RevisionGraph(node._graph_revision for node in nodes)  # noqa: SLF001  # nothing of Alembic's API
    for node in nodes:
        if isinstance(node, Revision):
            node._graph = graph  # noqa: SLF001  # a class of this module
    return graph, {node.revision: node for node in nodes}


def _tuple(names: str | Iterable[str] | None) -> tuple[str, ...]:
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(names)


def _unwrapped(names: tuple[str, ...]) -> str | tuple[str, ...] | None:
    return names if len(names) > 1 else next(iter(names), None)

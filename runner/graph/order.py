"""The order of a set of revisions, newest first. Floor 1.

The order is Alembic's: a lineage is followed as long as possible, and where it waits for another one
(a fork whose other side is not done yet), the first waiting tip above it goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property

from runner.graph.structure import GraphStructure

__all__ = ["newest_first"]


def newest_first(
    graph: GraphStructure, members: Collection[str], tips: Iterable[str], between: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the members so that each comes before everything it requires.

    Args:
        graph: the graph that holds the members.
        members: the revisions to put in order.
        tips: where the order starts, as far as they are members; members above which no other member
            stands are added. Tips start in directory order.
        between: revisions through which one member may require another without being members themselves.
    """
    chosen = members if isinstance(members, (set, frozenset)) else set(members)
    if not chosen:
        return ()
    given = chosen & set(tips)
    if len(given) == 1 and len(line := _single_line(graph, chosen, next(iter(given)))) == len(chosen):
        return tuple(line)
    starts = graph.in_order(given | set(graph.tips(chosen)))
    below = _edges_inside(graph, chosen)
    return tuple(_Descent(starts, below, _with_detours(graph, below, between) if between else below).run())


class _Descent:
    """The walk down from several tips at once; one instance per call.

    Args:
        tips: where it starts.
        below: member -> members it requires directly: the ways down.
        needs: the same, and those it requires in a roundabout way: what has to wait for it.
    """

    def __init__(
        self, tips: Collection[str], below: dict[str, tuple[str, ...]], needs: dict[str, tuple[str, ...]]
    ) -> None:
        self._below = below
        self._needs = needs
        self._waiting_for = _turned(needs)
        self._unfinished_above = {one: len(above) for one, above in self._waiting_for.items()}
        self._fronts = list(tips)
        self._tips = frozenset(tips)
        self._queued = set(tips)
        self._done: dict[str, None] = {}

    def run(self) -> Iterable[str]:
        """Walk to the end and return the order."""
        cursor = 0
        while self._fronts:
            here = self._fronts[cursor]
            if self._unfinished_above.get(here):
                cursor = self._first_front_above(here)
                continue
            self._done[here] = None
            for other in self._needs[here]:
                self._unfinished_above[other] -= 1
            cursor = self._advance(cursor)
        return self._done

    def _advance(self, cursor: int) -> int:
        """Replace the finished front by what is below it; return where to go on."""
        fresh = [other for other in self._below[self._fronts[cursor]] if other not in self._queued]
        self._queued.update(fresh)
        if fresh:
            self._fronts[cursor] = fresh[0]
            self._fronts.extend(fresh[1:])
            return cursor
        del self._fronts[cursor]
        return max(cursor - 1, 0)

    def _first_front_above(self, here: str) -> int:
        """Return the index of the first front from which the walk will come down to `here`."""
        below, bits = self._forks_below
        bit = bits[here]
        return next(index for index, front in enumerate(self._fronts) if below[front] & bit)

    @cached_property
    def _forks_below(self) -> tuple[dict[str, int], dict[str, int]]:
        """Member -> the forks below it as a bit set, and fork -> its bit.

        Only a fork, or a tip that is no head, is reached while something above it is unfinished. Members of
        one unforked stretch share one integer, so the sets are small unless forks are everywhere.
        """
        forks = [one for one, above in self._waiting_for.items() if len(above) > 1 or one in self._tips]
        bits = {one: 1 << number for number, one in enumerate(forks)}
        below: dict[str, int] = {}
        for one in self._oldest_first():
            found = 0
            for other in self._needs[one]:
                found |= below[other] | bits.get(other, 0)
            below[one] = found
        return below, bits

    def _oldest_first(self) -> list[str]:
        waiting = {one: len(needed) for one, needed in self._needs.items() if needed}
        ready = [one for one in self._needs if one not in waiting]
        for one in ready:
            for other in self._waiting_for.get(one, ()):
                waiting[other] -= 1
                if not waiting[other]:
                    ready.append(other)
        return ready


def _single_line(graph: GraphStructure, members: Collection[str], tip: str) -> list[str]:
    """Return the members from the tip down to the first merge: all of them, in an ordinary directory."""
    line = [tip]
    while len(required := graph.required(line[-1])) == 1 and required[0] in members:
        line.append(required[0])
    return line


def _edges_inside(graph: GraphStructure, members: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return member -> the members it requires, lineage first, without dependencies named further down."""
    inside: dict[str, tuple[str, ...]] = {}
    for revision in members:
        needed = graph.parents(revision)
        if graph.dependencies(revision):
            needed = tuple(dict.fromkeys(needed + graph.own_dependencies(revision)))
        inside[revision] = tuple([other for other in needed if other in members])
    return inside


def _with_detours(
    graph: GraphStructure, below: dict[str, tuple[str, ...]], between: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Return the edges with one more for each member reached through revisions that are none."""
    needs = dict(below)
    for revision, direct in below.items():
        pending = [one for one in graph.required(revision) if one in between]
        seen = set(pending)
        while pending:
            for other in graph.required(pending.pop()):
                if other not in seen and (other in below or other in between):
                    seen.add(other)
                    if other in between:
                        pending.append(other)
        if reached := [one for one in seen if one in below and one not in direct]:
            needs[revision] = (*direct, *reached)
    return needs


def _turned(edges: dict[str, tuple[str, ...]]) -> dict[str, list[str]]:
    turned: dict[str, list[str]] = {}
    for source, targets in edges.items():
        for target in targets:
            turned.setdefault(target, []).append(source)
    return turned

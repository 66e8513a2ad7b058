"""Graphs for tests: drawn by hand in ASCII, or drawn at random by Hypothesis.

The strategies also draw what directories really have and tests by hand forget: prefixes that fit several ids,
labels named by depends_on, merges of three, a dependency below a parent, files out of topological order.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from runner.graph import BASE, DeleteRow, InsertRow, Revision, RevisionGraph, RowChange, UpdateRow

__all__ = [
    "chain",
    "drawn",
    "graph_of",
    "random_revisions",
    "revision_lists",
    "rows_of",
    "shown",
    "symbols_of",
]


# --- drawn by hand ---------------------------------------------------------------------------------


def drawn(picture: str) -> tuple[Revision, ...]:
    """Return the revisions of a picture, in the order of their first appearance.

    a1 <- a2 <- a3              a3 follows a2 follows a1
    a2 <- b1(billing) <- b2     b1 carries the label billing
    a3, b2 <- m                 m merges a3 and b2
    c1 <~ b1                    b1 depends on c1 (an id or a label)
    """
    down: dict[str, list[str]] = {}
    needs: dict[str, list[str]] = {}
    labels: dict[str, tuple[str, ...]] = {}
    for line in picture.split("\n"):
        parts = [part.strip() for part in re.split(r"(<-|<~)", line) if part.strip()]
        groups = [_group(part, labels, down) for part in parts[::2]]
        for arrow, before, after in zip(parts[1::2], groups, groups[1:], strict=False):
            for one in after:
                (down if arrow == "<-" else needs).setdefault(one, []).extend(before)
    ids = [one for one in down if one not in {label for named in labels.values() for label in named}]
    return tuple(
        Revision(
            revision=one,
            down_revisions=tuple(down[one]),
            depends_on=tuple(needs.get(one, ())),
            branch_labels=labels.get(one, ()),
            source=f"versions/{one}.py",
            rank=rank,
        )
        for rank, one in enumerate(ids)
    )


def _group(text: str, labels: dict[str, tuple[str, ...]], down: dict[str, list[str]]) -> list[str]:
    names = []
    for name, named in re.findall(r"([^\s,()]+)(?:\(([^)]*)\))?", text):
        names.append(name)
        down.setdefault(name, [])
        if named:
            labels[name] = tuple(named.split())
    return names


def graph_of(picture: str) -> RevisionGraph:
    """Return the graph of a picture."""
    return RevisionGraph(drawn(picture))


def chain(length: int) -> tuple[Revision, ...]:
    """Return a chain r00000 <- r00001 <- ..."""
    names = [f"r{number:05}" for number in range(length)]
    return tuple(
        Revision(revision=name, down_revisions=(names[number - 1],) if number else (), rank=number)
        for number, name in enumerate(names)
    )


def shown(changes: Iterable[RowChange]) -> str:
    """Return row changes as text: `-a b>c +d`."""
    words = []
    for change in changes:
        match change:
            case InsertRow(revision=new):
                words.append(f"+{new}")
            case DeleteRow(revision=old):
                words.append(f"-{old}")
            case UpdateRow(old=old, new=new):
                words.append(f"{old}>{new}")
    return " ".join(words)


# --- drawn at random -------------------------------------------------------------------------------

_IDS = st.lists(st.text("ab", min_size=3, max_size=6), min_size=1, max_size=11, unique=True)


@st.composite
def revision_lists(draw: st.DrawFn, *, folded: bool = True) -> tuple[Revision, ...]:
    """Draw the revisions of one directory, in directory order.

    Args:
        draw: Hypothesis.
        folded: also draw revisions one of whose parents or dependencies implies another.
    """
    return random_revisions(draw(_IDS), random.Random(draw(st.integers(0, 2**32))), folded=folded)


def random_revisions(ids: Sequence[str], source: random.Random, *, folded: bool = True) -> tuple[Revision, ...]:
    """Return a random directed acyclic graph over the ids, in directory order."""
    made: list[Revision] = []
    below: dict[str, set[str]] = {}
    for number, revision in enumerate(ids):
        known = ids[:number]
        near = known[-4:] if source.random() < 0.7 else known
        parents = source.sample(near, min(len(near), source.choice((0, 1, 1, 1, 1, 1, 2, 2, 3))))
        needs = source.sample(known, min(len(known), source.choice((0, 0, 0, 1, 1, 2))))
        needs = [one for one in needs if one not in parents]
        if not folded:
            parents = _unrelated(parents, below)
            needs = [one for one in _unrelated([*parents, *needs], below) if one in needs]
            parents = [one for one in parents if one in _unrelated([*parents, *needs], below)]
        below[revision] = {revision}.union(*(below[one] for one in (*parents, *needs)))
        labels = tuple(f"{word}_{revision}" for word in ("lab", "team") if source.random() < 0.15)
        made.append(
            Revision(revision=revision, down_revisions=tuple(parents), depends_on=tuple(needs), branch_labels=labels)
        )
    made = [replace(one, depends_on=_as_labels(one, made, source)) for one in made]
    source.shuffle(made)
    return tuple(replace(one, rank=rank) for rank, one in enumerate(made))


def _unrelated(names: Sequence[str], below: dict[str, set[str]]) -> list[str]:
    return [one for one in names if not any(one in below[other] for other in names if other != one)]


def _as_labels(entry: Revision, made: Sequence[Revision], source: random.Random) -> tuple[str, ...]:
    """Return the dependencies, some of them by label."""
    labels = {one.revision: one.branch_labels[0] for one in made if one.branch_labels}
    return tuple(labels.get(one, one) if source.random() < 0.5 else one for one in entry.depends_on)


def rows_of(graph: RevisionGraph) -> st.SearchStrategy[tuple[str, ...]]:
    """Draw version rows a database of this graph can have."""
    ids = graph.ids
    return _PICKS.map(lambda picks: tuple(sorted(graph.highest({ids[pick % len(ids)] for pick in picks}))))


_PICK = st.integers(0, 2**16)
_PICKS = st.lists(_PICK, max_size=3)


@st.composite
def symbols_of(draw: st.DrawFn, graph: RevisionGraph, *, relative: bool = True) -> str:
    """Draw a text that looks like a symbol of this graph; many name nothing, or several places.

    Args:
        draw: Hypothesis.
        graph: whose ids, labels and prefixes to use.
        relative: also draw steps.
    """
    names = (*graph.ids, *graph.ids, *graph.label_owners, *(one[:3] for one in graph.ids), "head", "heads", BASE)
    branches = (*graph.ids, *graph.label_owners, *graph.label_owners)
    name = names[draw(_PICK) % len(names)]
    shape = draw(_PICK) % (6 if relative else 2)
    if shape in (1, 3, 5):
        name = f"{branches[draw(_PICK) % len(branches)]}@{'' if shape == 3 else name}"
    elif shape == 2:
        name = ""
    return name if shape < 2 else f"{name}{_OFFSETS[draw(_PICK) % len(_OFFSETS)]}"


_OFFSETS = ("+1", "+2", "+3", "-1", "-2", "-3")

r"""Lanes: in which column of a drawing each revision and each edge stands. Floor 1, pure.

One row per revision, newest first. A lane is a column that waits for a revision further down; a revision ends the
lanes that wait for it and opens one for each of its parents.

     o      d         row 0  column 0, opens column 1
     |\
     | o    c         row 1  column 1
     o |    b         row 2  column 0
     |/
     o      a         row 3  column 0, where column 1 ends
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Edge", "Mark", "Row", "lay_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A revision to be drawn.

    Args:
        revision: the id.
        parents: the ids it follows; those that are not drawn are left out.
        dependencies: the ids it depends on.
        message: the first line of its docstring.
        text: what stands beside it in a terminal.
        is_head: no revision follows it.
        is_current: a version row names it.
    """

    revision: str
    parents: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    message: str = ""
    text: str = ""
    is_head: bool = False
    is_current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A line from a revision down to a parent; it runs in a column of its own or in that of another edge."""

    child: str
    parent: str
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One revision's row.

    Args:
        mark: the revision.
        column: where it stands.
        passing: the columns of lanes that go by.
        ending: the columns of lanes that end at it, its own apart.
        continues: its own lane goes on below.
        opening: the columns of lanes that begin at it, its own apart.
        joining: the columns of lanes that go by and that one of its edges joins.
        edges: its edges to its parents.
    """

    mark: Mark
    column: int
    passing: tuple[int, ...]
    ending: tuple[int, ...]
    continues: bool
    opening: tuple[int, ...]
    joining: tuple[int, ...]
    edges: tuple[Edge, ...]


def lay_out(marks: Sequence[Mark]) -> tuple[Row, ...]:
    """Return a row for each revision.

    Args:
        marks: the revisions, each before the ones it follows.
    """
    drawn = {mark.revision for mark in marks}
    lanes: list[str | None] = []
    return tuple(_row(mark, tuple(one for one in mark.parents if one in drawn), lanes) for mark in marks)


def _row(mark: Mark, parents: tuple[str, ...], lanes: list[str | None]) -> Row:
    """Return the row of a revision and move the lanes past it."""
    waiting = [number for number, wanted in enumerate(lanes) if wanted == mark.revision]
    column = waiting[0] if waiting else _free_lane(lanes)
    for number in waiting:
        lanes[number] = None
    passing = tuple(number for number, wanted in enumerate(lanes) if wanted is not None)
    lanes[column] = mark.revision  # taken until its parents have their lanes
    edges, opening, joining = [], [], []
    for position, parent in enumerate(parents):
        if position == 0:
            target = column
        elif parent in lanes:
            target = lanes.index(parent)
            joining.append(target)
        else:
            target = _free_lane(lanes)
            lanes[target] = parent
            opening.append(target)
        edges.append(Edge(child=mark.revision, parent=parent, column=target))
    lanes[column] = parents[0] if parents else None
    while lanes and lanes[-1] is None:
        lanes.pop()
    return Row(
        mark=mark,
        column=column,
        passing=passing,
        ending=tuple(waiting[1:]),
        continues=bool(parents),
        opening=tuple(opening),
        joining=tuple(joining),
        edges=tuple(edges),
    )


def _free_lane(lanes: list[str | None]) -> int:
    if None not in lanes:
        lanes.append(None)
    return lanes.index(None)

"""The path of a bundle as a drawing: SVG beside a list with rows of the same height. Oldest at the top, as it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.artifact.recording import RecordedRevision
from runner.graph.lanes import Edge, Mark, Row, lay_out

__all__ = ["ROW_HEIGHT", "Picture", "draw_path"]

ROW_HEIGHT = 40
"""Of a revision, in CSS pixels; the style sheet says the same."""
_LANE, _MARGIN, _RADIUS = 18, 14, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A drawing.

    Args:
        width, height: in CSS pixels.
        shapes: what is inside the svg element, safe for HTML.
        branches: how many lanes there are.
    """

    width: int
    height: int
    shapes: str
    branches: int


def draw_path(revisions: Sequence[RecordedRevision], severities: Sequence[str]) -> Picture:
    """Return the drawing of revisions in the order in which they run.

    Args:
        revisions: each after the ones it follows.
        severities: a class name for each.
    """
    marks = [
        Mark(revision=one.revision, parents=one.down_revisions, dependencies=one.depends_on)
        for one in reversed(revisions)
    ]
    rows = lay_out(marks)
    count = len(rows)
    heights = {
        row.mark.revision: (count - 1 - number) * ROW_HEIGHT + ROW_HEIGHT // 2 for number, row in enumerate(rows)
    }
    columns = {row.mark.revision: row.column for row in rows}
    lanes = 1 + max((_rightmost(row) for row in rows), default=0)
    shapes = [_edge(edge, columns, heights) for row in rows for edge in row.edges]
    shapes += [
        _dependency(row.mark.revision, one, columns, heights)
        for row in rows
        for one in row.mark.dependencies
        if one in columns and one not in row.mark.parents
    ]
    by_revision = {one.revision: severity for one, severity in zip(revisions, severities, strict=True)}
    shapes += [_node(row, heights, by_revision[row.mark.revision]) for row in rows]
    width = 2 * _MARGIN + (lanes - 1) * _LANE
    return Picture(width=width, height=count * ROW_HEIGHT, shapes="".join(shapes), branches=lanes)


def _rightmost(row: Row) -> int:
    return max(row.column, *row.passing, *row.ending, *row.opening, *row.joining, 0)


def _x(column: int) -> int:
    return _MARGIN + column * _LANE


def _edge(edge: Edge, columns: dict[str, int], heights: dict[str, int]) -> str:
    """A line from the parent down to the child, in the column of the edge between them."""
    x_child, y_child = _x(columns[edge.child]), heights[edge.child]
    x_parent, y_parent, x = _x(columns[edge.parent]), heights[edge.parent], _x(edge.column)
    if y_child - y_parent == ROW_HEIGHT or x == x_child == x_parent:
        return f'<path d="M{x_parent} {y_parent}{_bend(x_parent, y_parent, x_child, y_child)}"/>'
    out_of_parent = _bend(x_parent, y_parent, x, y_parent + ROW_HEIGHT)
    into_child = _bend(x, y_child - ROW_HEIGHT, x_child, y_child)
    return f'<path d="M{x_parent} {y_parent}{out_of_parent}L{x} {y_child - ROW_HEIGHT}{into_child}"/>'


def _bend(x1: int, y1: int, x2: int, y2: int) -> str:
    if x1 == x2:
        return f"L{x2} {y2}"
    middle = (y1 + y2) // 2
    return f"C{x1} {middle} {x2} {middle} {x2} {y2}"


def _dependency(child: str, wanted: str, columns: dict[str, int], heights: dict[str, int]) -> str:
    x1, y1, x2, y2 = _x(columns[wanted]), heights[wanted], _x(columns[child]), heights[child]
    return f'<path class="dep" d="M{x1} {y1}L{x2} {y2}"/>'


def _node(row: Row, heights: dict[str, int], severity: str) -> str:
    name = f' class="{severity}"' if severity else ""
    return f'<circle{name} cx="{_x(row.column)}" cy="{heights[row.mark.revision]}" r="{_RADIUS}"/>'

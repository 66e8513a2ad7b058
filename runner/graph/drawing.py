"""The graph in a terminal: branches as lines, merges where they meet. Floor 1, pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

from runner.graph.lanes import Mark, Row, lay_out

__all__ = ["Characters", "draw"]


class Characters(enum.Enum):
    """What lines are made of."""

    UNICODE = "unicode"
    ASCII = "ascii"


_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_UNICODE = " ╵╷│╴╯╮┤╶╰╭├─┴┬┼"
_ASCII = " |||-'.+-'.+-+++"
_LINES = {Characters.UNICODE: _UNICODE, Characters.ASCII: _ASCII}
_NODES = {Characters.UNICODE: ("●", "◆"), Characters.ASCII: ("o", "@")}
"""(a revision, one the database is at)"""


def draw(marks: Sequence[Mark], characters: Characters = Characters.UNICODE) -> tuple[str, ...]:
    """Return the lines of the drawing, newest revision first, texts in one column at the right.

    Args:
        marks: the revisions, each before the ones it follows.
        characters: what lines are made of.
    """
    rows = lay_out(marks)
    width = max((_width(row) for row in rows), default=0)
    lines = []
    for row in rows:
        node = _NODES[characters][row.mark.is_current]
        cells = _node_cells(row)
        lines.append(_line(cells, width, characters, node=(row.column, node)) + "  " + row.mark.text)
        if row.opening or row.joining:
            lines.append(_line(_fork_cells(row), width, characters))
    return tuple(line.rstrip() for line in lines)


def _width(row: Row) -> int:
    return 1 + max(row.column, *row.passing, *row.ending, *row.opening, *row.joining, 0)


_Cells = dict[int, int]
"""Place in the line -> directions a line leaves it in. Columns are the even places."""


def _node_cells(row: Row) -> _Cells:
    """The row of the revision itself, at which other lanes may end."""
    cells: _Cells = {2 * column: _UP | _DOWN for column in row.passing}
    for column in row.ending:
        cells[2 * column] = _UP
    _reach(cells, row.column, row.ending)
    return cells


def _fork_cells(row: Row) -> _Cells:
    """The row below a merge, in which its further parents get their lanes."""
    cells: _Cells = {2 * column: _UP | _DOWN for column in (*row.passing, row.column)}
    for column in row.opening:
        cells[2 * column] = _DOWN
    _reach(cells, row.column, (*row.opening, *row.joining))
    return cells


def _reach(cells: _Cells, column: int, others: Iterable[int]) -> None:
    """Draw a level line from a column to the others."""
    ends = [2 * other for other in others]
    start = 2 * column
    for end in ends:
        low, high = min(start, end), max(start, end)
        for place in range(low, high):
            cells[place] = cells.get(place, 0) | _RIGHT
            cells[place + 1] = cells.get(place + 1, 0) | _LEFT


def _line(cells: _Cells, width: int, characters: Characters, node: tuple[int, str] | None = None) -> str:
    letters = [_LINES[characters][cells.get(place, 0)] for place in range(2 * width - 1)]
    if node is not None:
        letters[2 * node[0]] = node[1]
    return "".join(letters)

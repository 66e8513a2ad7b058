"""The graph for other programs: Mermaid, Graphviz and SVG. Floor 1, pure; the same graph gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence

from runner.graph.lanes import Edge, Mark, Row, lay_out

__all__ = ["to_dot", "to_mermaid", "to_svg"]


def to_mermaid(marks: Sequence[Mark]) -> str:
    """Return a Mermaid flowchart, oldest revision at the top; dependencies are dotted."""
    names = {mark.revision: f"r{number}" for number, mark in enumerate(reversed(marks))}
    lines = ["flowchart TD"]
    for mark in reversed(marks):
        label = "<br>".join(_mermaid_text(part) for part in (mark.revision, mark.message) if part)
        shape = f'(["{label}"])' if mark.is_head else f'["{label}"]'
        lines.append(f"    {names[mark.revision]}{shape}{':::current' if mark.is_current else ''}")
    for mark in reversed(marks):
        own = names[mark.revision]
        lines += [f"    {names[one]} --> {own}" for one in mark.parents if one in names]
        lines += [f"    {names[one]} -.-> {own}" for one in mark.dependencies if one in names]
    if any(mark.is_current for mark in marks):
        lines.append("    classDef current stroke-width:4px")
    return "\n".join(lines) + "\n"


def _mermaid_text(text: str) -> str:
    """Return the text with whatever could end the label or mean something in it as an entity."""
    return "".join(one if one.isalnum() or one in " _.,-" else f"#{ord(one)};" for one in _one_line(text))


def to_dot(marks: Sequence[Mark]) -> str:
    """Return a Graphviz digraph, oldest revision at the top; dependencies are dashed."""
    lines = ["digraph revisions {", "    node [shape=box, style=rounded];"]
    known = {mark.revision for mark in marks}
    for mark in reversed(marks):
        label = "\\n".join(_dot_text(part) for part in (mark.revision, mark.message) if part)
        extra = ", penwidth=2" if mark.is_current else ""
        lines.append(f'    "{_dot_text(mark.revision)}" [label="{label}"{extra}];')
    for mark in reversed(marks):
        own = _dot_text(mark.revision)
        lines += [f'    "{_dot_text(one)}" -> "{own}";' for one in mark.parents if one in known]
        lines += [f'    "{_dot_text(one)}" -> "{own}" [style=dashed];' for one in mark.dependencies if one in known]
    return "\n".join([*lines, "}"]) + "\n"


def _dot_text(text: str) -> str:
    return _one_line(text).replace("\\", "\\\\").replace('"', '\\"')


# -- SVG ---------------------------------------------------------------------------------------------------

_LANE, _ROW, _MARGIN, _LETTER = 22, 30, 16, 7.3


def to_svg(marks: Sequence[Mark]) -> str:
    """Return a drawing that needs no other file, newest revision at the top; dependencies are dashed."""
    rows = lay_out(marks)
    places = {row.mark.revision: (_x(row.column), _y(number)) for number, row in enumerate(rows)}
    columns = 1 + max((_rightmost(row) for row in rows), default=0)
    left = _x(columns)
    widest = max((len(_label(mark)) for mark in marks), default=0)
    width, height = round(left + widest * _LETTER + _MARGIN), _y(len(rows)) - _ROW // 2
    body = [_path(edge, places) for row in rows for edge in row.edges]
    body += [_dashes(row.mark, one, places) for row in rows for one in row.mark.dependencies if one in places]
    body += [_node(row, places, left) for row in rows]
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="monospace" font-size="12">'
    return "\n".join([start, '<rect width="100%" height="100%" fill="white"/>', *body, "</svg>\n"])


def _rightmost(row: Row) -> int:
    return max(row.column, *row.passing, *row.ending, *row.opening, *row.joining, 0)


def _x(column: int) -> int:
    return _MARGIN + column * _LANE


def _y(number: int) -> int:
    return _MARGIN + number * _ROW


def _path(edge: Edge, places: dict[str, tuple[int, int]]) -> str:
    """A line that leaves the child, runs in its column and bends into the parent."""
    (x1, y1), (x2, y2), x = places[edge.child], places[edge.parent], _x(edge.column)
    half = _ROW // 2
    bend_out = f"C {x1} {y1 + half} {x} {y1 + half} {x} {y1 + _ROW}" if x1 != x else f"L {x} {y1 + _ROW}"
    bend_in = f"C {x} {y2 - half} {x2} {y2 - half} {x2} {y2}" if x2 != x else f"L {x2} {y2}"
    run = f"L {x} {y2 - _ROW}" if y2 - y1 > 2 * _ROW else ""
    if y2 - y1 == _ROW:
        return _line(f"M {x1} {y1} C {x1} {y1 + half} {x2} {y2 - half} {x2} {y2}")
    return _line(" ".join(part for part in (f"M {x1} {y1}", bend_out, run, bend_in) if part))


def _dashes(mark: Mark, dependency: str, places: dict[str, tuple[int, int]]) -> str:
    (x1, y1), (x2, y2) = places[mark.revision], places[dependency]
    return _line(f"M {x1} {y1} L {x2} {y2}", extra=' stroke-dasharray="3 4"')


def _line(path: str, *, extra: str = "") -> str:
    return f'<path d="{path}" fill="none" stroke="#555" stroke-width="1.5"{extra}/>'


def _node(row: Row, places: dict[str, tuple[int, int]], left: int) -> str:
    x, y = places[row.mark.revision]
    fill = "#222" if row.mark.is_head or row.mark.is_current else "white"
    stroke = 3 if row.mark.is_current else 1.5
    return (
        f'<circle cx="{x}" cy="{y}" r="5" fill="{fill}" stroke="#222" stroke-width="{stroke}"/>'
        f'<text x="{left}" y="{y + 4}">{_xml(_label(row.mark))}</text>'
    )


def _label(mark: Mark) -> str:
    notes = [word for word, holds in (("head", mark.is_head), ("current", mark.is_current)) if holds]
    flags = f" ({', '.join(notes)})" if notes else ""
    return _one_line(f"{mark.revision}{flags}  {mark.message}".rstrip())


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _one_line(text: str) -> str:
    return "".join(one for one in " ".join(text.split()) if one.isprintable())

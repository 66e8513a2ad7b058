"""Operations to the Python text of a revision file (floor 4).

`renderers` holds a function per class of operation that writes it as statements, one line each; `layout` breaks the
lines as a formatter would. Nothing here compares or reads a database.
"""

from __future__ import annotations

from runner.autogenerate.render import alterations, containers, data, objects, tables
from runner.autogenerate.render.body import (
    BEGIN_MARKER,
    END_MARKER,
    render_op,
    render_op_text,
    render_python_code,
    render_python_into_templatevars,
)
from runner.autogenerate.render.registry import renderers

__all__ = [
    "BEGIN_MARKER",
    "END_MARKER",
    "alterations",
    "containers",
    "data",
    "objects",
    "render_op",
    "render_op_text",
    "render_python_code",
    "render_python_into_templatevars",
    "renderers",
    "tables",
]

"""Every behaviour of operations and dialects that the inventory of Alembic lists is cited by a test that proves it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ROWS = (
    *(f"OP-{number}" for number in (*range(1, 26), *range(40, 46), *range(60, 65))),
    *(f"DI-{number}" for number in range(1, 11)),
    *(f"TP-{number}" for number in range(18, 24)),
)
"""Directives, batch blocks, extension hooks; dialects; what extension packages import."""
ROW = re.compile(r"\b[A-Z]{2,4}-\d+\b")
RANGE = re.compile(r"\b[A-Z]{2,4}-\d+ to [A-Z]{2,4}-\d+\b")
"""A range says what a test is about, not which row it proves."""


def _docstrings(source: Path) -> Iterator[str]:
    """Yield what the tests of a file say of themselves, and what its module says."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module) or (isinstance(node, ast.FunctionDef) and node.name.startswith("test_")):
            yield ast.get_docstring(node) or ""


@cache
def _cited() -> frozenset[str]:
    sources = (source for source in TESTS.rglob("test_*.py") if source.name != Path(__file__).name)
    texts = (RANGE.sub("", text) for source in sources for text in _docstrings(source))
    return frozenset(row for text in texts for row in ROW.findall(text))


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_cited_by_name(row: str) -> None:
    """The docstring of a test names the row itself, not a range that it is in."""
    assert row in _cited()

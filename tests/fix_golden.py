"""Golden files: what is written is compared with a file of tests/golden/; --update-golden writes the file instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.oracle import assert_same_text

__all__ = ["Golden"]

_DIRECTORY = Path(__file__).parent / "golden"

Golden = Callable[[str, str], None]
"""Called with the path of a file below tests/golden/ and the text it should hold."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the files be written anew."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/ anew; then review the diff")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Return the function that compares a text with its golden file."""
    update: bool = request.config.getoption("--update-golden")

    def compare(name: str, text: str) -> None:
        path = _DIRECTORY / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        expected = path.read_text(encoding="utf-8") if path.exists() else ""
        assert_same_text(expected, text, about=f"{path} differs; pytest --update-golden writes it anew.")

    return compare

"""For the fault suite: runs without the cost of imports, and the figures of docs/reliability.md."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.preloaded import Preloaded, preloaded

__all__ = ["Tally"]

Tally = Callable[[str, int], None]
"""Notes that a case survived so many rounds. Called at the end of a test, where everything was asserted already."""


@pytest.fixture(scope="module")
def runs() -> Iterator[Preloaded]:
    """Real runner processes, forked from one that has imported everything."""
    with preloaded() as helper:
        yield helper


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Write the figures down where RUNNER_TEST_TALLY names a file (`make reliability` sets it)."""
    path = os.environ.get("RUNNER_TEST_TALLY")

    def note(case: str, rounds: int) -> None:
        if path is not None:
            line = json.dumps({"case": case, "rounds": rounds, "test": request.node.name})
            with Path(path).open("a") as file:
                file.write(line + "\n")

    return note

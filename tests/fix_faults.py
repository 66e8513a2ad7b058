"""For the fault suite: runs without the cost of imports, where faults strike, and the figures of docs/reliability.md.

RUNNER_TEST_EVERY_PLACE=1 lets every fault strike at every statement; else it is a third of them, and those at which
most is at stake: always the same ones, and different thirds for different faults.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.preloaded import Preloaded, end_helper, the_helper

__all__ = ["Tally", "places"]

# Read before the environment is scrubbed for the tests.
_TALLY = os.environ.get("RUNNER_TEST_TALLY")
_STRIDE = 1 if os.environ.get("RUNNER_TEST_EVERY_PLACE") == "1" else 3
_AT_STAKE = ("COMMIT", "CREATE INDEX CONCURRENTLY", "SELECT pg_try_advisory_lock")

Tally = Callable[[str, int], None]
"""Notes that a case survived so many rounds. Called at the end of a test, where everything was asserted already."""


def pytest_configure(config: pytest.Config) -> None:
    """Let the helper process end with the tests."""
    config.add_cleanup(end_helper)


@pytest.fixture(scope="session")
def runs() -> Preloaded:
    """Real runner processes, forked from one that has imported everything."""
    return the_helper()


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Write the figures down where RUNNER_TEST_TALLY names a file (`make reliability` sets it)."""

    def note(case: str, rounds: int) -> None:
        if _TALLY is not None:
            line = json.dumps({"case": case, "rounds": rounds, "test": request.node.name})
            with Path(_TALLY).open("a") as file:
                file.write(line + "\n")

    return note


def places(statements: Sequence[str], *, third: int) -> list[int]:
    """Return the numbers of the statements at which a fault strikes, counted from 1.

    Args:
        statements: of a run without faults.
        third: which third of them, where it is not all.
    """
    numbered = enumerate(statements, start=1)
    return [number for number, sql in numbered if (number - third) % _STRIDE == 0 or sql.startswith(_AT_STAKE)]

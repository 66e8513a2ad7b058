from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import runner.graph

ROOT = Path(__file__).resolve().parents[3]

_LOOK = """
import sys
import runner.graph
graph = runner.graph.RevisionGraph([runner.graph.Revision(revision="a1")])
assert graph.is_at_heads(("a1",)) and not graph.pending(("a1",))
loaded = {name.partition(".")[0] for name in sys.modules} & {"sqlalchemy", "mako", "pydantic", "alembic", "difflib"}
print(sorted(loaded), "runner.graph.plan" in sys.modules, "runner.graph.planner" in sys.modules)
from runner.graph import plan_upgrade
print(plan_upgrade(graph, (), "heads").end_heads, "runner.graph.plan" in sys.modules)
"""


def test_looking_for_pending_revisions_loads_no_planner() -> None:
    """A run that finds nothing to do needs neither plans nor anything outside the standard library."""
    done = subprocess.run([sys.executable, "-c", _LOOK], cwd=ROOT, capture_output=True, check=True, text=True)
    assert done.stdout.splitlines() == ["[] False False", "('a1',) True"]


def test_every_public_name_exists() -> None:
    """The names of the package are those in __all__, wherever they live."""
    for name in runner.graph.__all__:
        assert getattr(runner.graph, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = runner.graph.nothing

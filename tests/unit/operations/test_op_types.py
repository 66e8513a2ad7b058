"""The types of `op`: what a revision may say passes a strict type checker, what it may not is found."""

from __future__ import annotations

import ast
import importlib.util
import re
import runpy
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from runner.migration.context import MigrationContext
from runner.operations import BatchOperations, Operations

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
REVISION = HERE / "every_directive.py"
WRONG = HERE / "wrong_types.py"
IGNORED = re.compile(r"  # type: ignore\[[a-z, -]+\]$", re.MULTILINE)
NOT_DIRECTIVES = {"impl", "migration_context", "schema_obj"}
BATCH_BY_OPERATIONS = {"context", "implementation_for", "register_operation", "batch_alter_table", "run_async"}
"""Public methods of BatchOperations that it inherits and that mean the same there."""


def _calls(source: Path) -> dict[str, set[str]]:
    """Return name of the object -> names of the methods that a file calls on it."""
    found = defaultdict(set)
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            found[node.func.value.id].add(node.func.attr)
    return found


def _directives(cls: type) -> set[str]:
    return {name for name in dir(cls) if not name.startswith("_")} - NOT_DIRECTIVES


def _mypy(*files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *map(str, files)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)


def test_the_revision_uses_every_directive() -> None:
    """Nothing that `op` or a batch block can do is missing from what the type checker reads (OP-1 to OP-25, OP-40)."""
    calls = _calls(REVISION)

    assert calls["op"] == _directives(Operations)
    inherited = {name for name in _directives(BatchOperations) if hasattr(Operations, name)} & BATCH_BY_OPERATIONS
    assert calls["batch_op"] == _directives(BatchOperations) - inherited


def test_the_revision_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """What the type checker accepts, the directives accept: the whole revision becomes a script (OP-1 to OP-45)."""
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True})
    try:
        upgrade = runpy.run_path(str(REVISION))["upgrade"]
        with Operations.context(context):
            upgrade()
    finally:
        delattr(Operations, "shout")

    script = capsys.readouterr().out
    assert script.count(";\n") > 90
    assert "SELECT 'HEY'" in script


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="for environments with mypy, as make check has")
def test_a_strict_type_checker_accepts_the_revision_and_finds_what_is_wrong(tmp_path: Path) -> None:
    """Strict mypy has no complaint about right types, and one about every line with wrong ones (OP-1 to OP-25)."""
    source = WRONG.read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(IGNORED.sub("", source), encoding="utf-8")

    answer = _mypy(REVISION, wrong)

    found = {int(line) for line in re.findall(r"wrong\.py:(\d+): error:", answer.stdout)}
    expected = {number for number, line in enumerate(source.splitlines(), 1) if IGNORED.search(line)}
    assert sorted(expected ^ found) == []
    assert [line for line in answer.stdout.splitlines() if "every_directive" in line] == []
    assert len(expected) > 45

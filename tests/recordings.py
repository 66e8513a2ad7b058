"""Recording revisions in the test's own process: their files import `runner`, not the Alembic that is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.artifact.recording import Recording
from runner.artifact.replay import record
from runner.revisions.directory import ScriptDirectory
from tests.directories import RevisionFile, make_directory

__all__ = ["recorded", "script_directory"]


def script_directory(root: Path, revisions: Sequence[RevisionFile]) -> ScriptDirectory:
    """Write a revision directory below `root` and return it."""
    directory = make_directory(root, revisions, env="none")
    for path in directory.versions.glob("*.py"):
        text = path.read_text(encoding="utf-8").replace(
            "from alembic import context, op", "from runner import context, op"
        )
        path.write_text(text, encoding="utf-8")
    return ScriptDirectory(str(directory.scripts))


def recorded(root: Path, *revisions: RevisionFile, dialect_name: str = "postgresql", **kw: Any) -> Recording:
    """Return what the built-in environment would send for the revisions."""
    return record(script_directory(root, revisions), dialect_name=dialect_name, **kw)

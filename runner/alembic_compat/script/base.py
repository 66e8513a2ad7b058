"""`alembic.script.base`: the directory of revision files, and one file of it."""

from __future__ import annotations

from runner.revisions.directory import ScriptDirectory
from runner.revisions.script import Script

__all__ = ["Script", "ScriptDirectory"]

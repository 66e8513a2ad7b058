"""`alembic.script`: the directory of revision files."""

from __future__ import annotations

from runner.revisions.directory import ScriptDirectory
from runner.revisions.script import Script

__all__ = ["Script", "ScriptDirectory"]

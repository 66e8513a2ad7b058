"""`alembic.script`: the directory of revision files."""

from __future__ import annotations

from runner.alembic_compat._submodules import lazily
from runner.revisions.directory import ScriptDirectory
from runner.revisions.script import Script

__all__ = ["Script", "ScriptDirectory"]

__getattr__ = lazily(__name__, "base", "revision", "write_hooks")

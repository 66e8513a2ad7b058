"""`alembic.script.write_hooks`: programs and functions that are run on a new revision file."""

from __future__ import annotations

from runner.revisions.write_hooks import REVISION_SCRIPT_TOKEN, _invoke, console_scripts, exec_, module, register
from runner.revisions.write_hooks import run_hooks as _run_hooks

__all__ = ["REVISION_SCRIPT_TOKEN", "_invoke", "_run_hooks", "console_scripts", "exec_", "module", "register"]

"""`alembic.config`: the configuration, and the command line as an object."""

from __future__ import annotations

from runner.alembic_compat._command_line import CommandFunction, CommandLine, main
from runner.config import Config

__all__ = ["CommandFunction", "CommandLine", "Config", "main"]

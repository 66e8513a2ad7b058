"""`alembic.runtime.plugins`: named sets of comparators."""

from __future__ import annotations

from runner.autogenerate.dispatch import DispatchPriority, PriorityDispatcher
from runner.autogenerate.plugins import Plugin

__all__ = ["DispatchPriority", "Plugin", "PriorityDispatcher"]

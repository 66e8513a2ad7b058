"""The names of autogenerate that programs import. Floor 4."""

from __future__ import annotations

from runner.autogenerate.compare import compare_metadata, produce_migrations
from runner.autogenerate.context import AutogenContext
from runner.autogenerate.plugins import comparators

__all__ = ["AutogenContext", "comparators", "compare_metadata", "produce_migrations"]

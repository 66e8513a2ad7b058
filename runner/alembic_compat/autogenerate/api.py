"""`alembic.autogenerate.api`: the contexts of a comparison, and its results."""

from __future__ import annotations

from runner.autogenerate.compare import compare_metadata, produce_migrations
from runner.autogenerate.context import AutogenContext
from runner.autogenerate.render import render_python_code
from runner.autogenerate.revision_context import RevisionContext

__all__ = ["AutogenContext", "RevisionContext", "compare_metadata", "produce_migrations", "render_python_code"]

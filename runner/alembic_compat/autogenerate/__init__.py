"""`alembic.autogenerate`: comparing a database with a model, and writing what differs."""

from __future__ import annotations

from runner.alembic_compat.autogenerate import api, compare, render, rewriter
from runner.autogenerate.compare import compare_metadata, produce_migrations
from runner.autogenerate.plugins import comparators
from runner.autogenerate.render import render_op_text, render_python_code, renderers
from runner.autogenerate.revision_context import RevisionContext
from runner.autogenerate.rewriter import Rewriter

__all__ = [
    "RevisionContext",
    "Rewriter",
    "api",
    "comparators",
    "compare",
    "compare_metadata",
    "produce_migrations",
    "render",
    "render_op_text",
    "render_python_code",
    "renderers",
    "rewriter",
]

"""`alembic.autogenerate.rewriter`: replacing operations before they are written."""

from __future__ import annotations

from runner.autogenerate.rewriter import Rewriter

__all__ = ["Rewriter"]

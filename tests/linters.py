"""Linters and type checkers, asked by tests about what is generated."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

__all__ = ["MYPY", "RUFF", "needs_linters"]

RUFF = str(Path(sys.executable).parent / "ruff")
MYPY = str(Path(sys.executable).parent / "mypy")

needs_linters = pytest.mark.sqlalchemy("> 2.0.0")
"""For tests that start one: the environment of the oldest dependencies has none."""

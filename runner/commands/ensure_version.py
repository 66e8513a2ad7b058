"""Create the version table where it is missing: floor 6."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.commands.target import Target

__all__ = ["ensure_version"]


def ensure_version(target: Target, *, sql: bool = False) -> None:
    """Create the version table; a table that exists is left alone."""
    target.run_environment(lambda _heads, _context: [], as_sql=sql, ensure_version_table=True)

"""Take the database back to an earlier revision: floor 6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.commands.ranges import split_range
from runner.commands.running import result_of, unless_newer

if TYPE_CHECKING:
    from runner.commands.results import RunResult
    from runner.commands.target import Target

__all__ = ["downgrade"]


def downgrade(target: Target, revision: str, *, sql: bool = False, tag: str | None = None) -> RunResult:
    """Undo every revision between the database and `revision`, newest first.

    Args:
        target: the directory and the database.
        revision: a revision symbol, `base` or `-N`; with `sql`, `FROM:TO`.
        sql: write the SQL instead of executing it.
        tag: free text for env.py.
    """
    start, destination = split_range(revision, offline=sql, required=sql, command="downgrade")
    script = target.script
    environment = target.run_environment(
        unless_newer(target, lambda heads, _context: script._downgrade_revs(destination, heads), policy="fail"),
        as_sql=sql,
        starting_rev=start,
        destination_rev=destination,
        tag=tag,
    )
    return result_of(environment)

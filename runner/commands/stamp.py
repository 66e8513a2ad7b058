"""Set the version rows without running anything: floor 6."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.commands.ranges import split_range
from runner.commands.running import result_of
from runner.errors import OfflineUnsupported, RangeInvalid

if TYPE_CHECKING:
    from runner.commands.results import RunResult
    from runner.commands.target import Target

__all__ = ["stamp"]


def stamp(
    target: Target, revisions: Sequence[str], *, sql: bool = False, tag: str | None = None, purge: bool = False
) -> RunResult:
    """Make the version table say that the database is at `revisions`.

    Args:
        target: the directory and the database.
        revisions: revision symbols; with `sql`, each may be `FROM:TO` with one and the same FROM.
        sql: write the SQL instead of executing it.
        tag: free text for env.py.
        purge: empty the version table first, whatever it holds.
    """
    if sql and purge:
        raise OfflineUnsupported(
            "stamp --purge empties a table it must first look at, so it cannot be combined with --sql."
        )
    starts, destinations = _starts_and_destinations(revisions, offline=sql)
    script = target.script
    environment = target.run_environment(
        lambda heads, _context: script._stamp_revs(destinations, heads),
        as_sql=sql,
        starting_rev=starts[0] if starts else None,
        destination_rev=destinations,
        tag=tag,
        purge=purge,
    )
    return result_of(environment)


def _starts_and_destinations(revisions: Sequence[str], *, offline: bool) -> tuple[list[str], list[str]]:
    pairs = [split_range(revision, offline=offline, command="stamp") for revision in revisions]
    starts = sorted({start for start, _ in pairs if start is not None})
    if len(starts) > 1:
        raise RangeInvalid(f"stamp --sql starts from one revision, but {' and '.join(starts)} were given.")
    return starts, [destination for _, destination in pairs]

"""Bring the database to a target revision: floor 6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.commands.newer import accept_newer, has_unknown
from runner.commands.ranges import split_range
from runner.commands.running import nothing_pending, result_of, unless_newer
from runner.errors import DirectoryMissing

if TYPE_CHECKING:
    from runner.commands.results import RunResult
    from runner.commands.target import Target
    from runner.revisions.directory import ScriptDirectory

__all__ = ["require_revisions", "upgrade"]


def require_revisions(script: ScriptDirectory) -> None:
    """Raise DirectoryMissing for a directory with nothing to run."""
    if not script.graph.ids and not script.has_env_py:
        raise DirectoryMissing(
            f"{script.dir} holds no revision file and no env.py. Mount or copy the revisions there, or set "
            "RUNNER_DIRECTORY to where they are.",
            directory=script.dir,
        )


def upgrade(target: Target, revision: str = "heads", *, sql: bool = False, tag: str | None = None) -> RunResult:
    """Apply every revision between the database and `revision`.

    A database that is already there is only looked at: no lock is taken, no revision file imported.

    Args:
        target: the directory and the database.
        revision: a revision symbol; with `sql`, also `FROM:TO`.
        sql: write the SQL instead of executing it, starting from FROM or from an empty database.
        tag: free text for env.py.

    Raises:
        RunnerError: see the error tree; nothing of a failed revision stays behind.
    """
    start, destination = split_range(revision, offline=sql, command="upgrade")
    script = target.script
    require_revisions(script)
    if not sql:
        rows = target.look(known=script.graph)
        graph = script.graph if rows is None else script.graph_for(rows.revisions)
        if rows is not None and has_unknown(graph, rows.revisions):
            accept_newer(graph, rows.revisions, rows.ancestry, policy=target.options.newer_database)
            return nothing_pending(rows.revisions)
        if rows is not None and not graph.pending(rows.revisions, destination):
            return nothing_pending(rows.revisions)
    environment = target.run_environment(
        unless_newer(target, lambda heads, _context: script._upgrade_revs(destination, heads)),
        as_sql=sql,
        starting_rev=start,
        destination_rev=destination,
        tag=tag,
    )
    return result_of(environment)

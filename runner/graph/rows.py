"""Version rows: whether what a database says fits the graph. Floor 1."""

from __future__ import annotations

from collections.abc import Sequence

from runner.errors import OverlappingDatabaseRevisions, ReplacedFilesMissing, UnknownDatabaseRevision
from runner.graph.faults import listed, suggestion
from runner.graph.structure import GraphStructure

__all__ = ["check_rows", "refuse_unknown_rows"]


def check_rows(graph: GraphStructure, current: Sequence[str]) -> None:
    """Refuse version rows that do not fit the graph.

    Raises:
        UnknownDatabaseRevision: no file declares a row.
        OverlappingDatabaseRevisions: one row is an ancestor of another, or a dependency of one.
    """
    refuse_unknown_rows(graph, current)
    if len(current) < 2:
        return
    highest = graph.highest(current)
    if len(highest) == len(set(current)):
        return
    implied = sorted(set(current).difference(highest))
    over = sorted(row for row in highest if implied[0] in graph.ancestors([row]))
    raise OverlappingDatabaseRevisions(
        f"The version table has {implied[0]} and {over[0]}, but {over[0]} implies {implied[0]}. "
        f"If {over[0]} is applied, stamp {over[0]} to remove the other row.",
        rows=tuple(sorted(set(current))),
        implied=tuple(implied),
    )


def refuse_unknown_rows(graph: GraphStructure, current: Sequence[str]) -> None:
    """Refuse rows that no file declares.

    Raises:
        UnknownDatabaseRevision: there is such a row.
        ReplacedFilesMissing: there is one that a squash replaces.
    """
    unknown = sorted(row for row in current if row not in graph)
    replaced = [row for row in unknown if row in graph.replaced]
    if replaced:
        raise ReplacedFilesMissing(
            f"The version table has {listed(replaced)}, which {graph.replaced[replaced[0]]} replaces. A database "
            "inside a squashed range needs the files of that range. Restore them into the directory `replaced`.",
            revisions=tuple(replaced),
        )
    if unknown:
        raise UnknownDatabaseRevision(
            f"The version table has {listed(unknown)}, but no file declares it. Deploy the revisions this database was "
            f"last upgraded with, or restore the file.{suggestion(unknown[0], graph.ids)}",
            revisions=tuple(unknown),
        )

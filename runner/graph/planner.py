"""Planner: from version rows and a target to a plan. Floor 1, pure: the same input gives the same plan.

The rows always mean the same thing: the applied revisions on which nothing applied stands, whether by
down_revision or by depends_on. Each step's row changes follow from that sentence.
"""

from __future__ import annotations

from collections.abc import Sequence

from runner.graph.faults import RelatedTargets, listed
from runner.graph.order import newest_first
from runner.graph.plan import DeleteRow, Direction, InsertRow, Plan, RowChange, Step, UpdateRow
from runner.graph.rows import check_rows, refuse_unknown_rows
from runner.graph.selection import select_downgrade, select_pending
from runner.graph.structure import Edges, GraphStructure
from runner.graph.symbols import find_branch, parse_symbol, resolve

__all__ = ["plan_downgrade", "plan_stamp", "plan_upgrade"]


def plan_upgrade(graph: GraphStructure, current: Sequence[str], target: str | Sequence[str]) -> Plan:
    """Return the steps that apply the target and all it requires, as far as it is not applied yet.

    Args:
        graph: the revisions.
        current: the version rows.
        target: a symbol, or several; `+2` counts from the rows.

    Raises:
        UnknownDatabaseRevision, OverlappingDatabaseRevisions: the rows do not fit the graph.
        GraphError: the target names nothing, several places, or none that can be reached.
    """
    check_rows(graph, current)
    selection = select_pending(graph, current, target)
    rows = set(current)
    steps = [_upgrade_step(graph, rows, one) for one in reversed(newest_first(graph, *selection))]
    return _plan(Direction.UPGRADE, steps, current)


def plan_downgrade(graph: GraphStructure, current: Sequence[str], target: str) -> Plan:
    """Return the steps that take back everything above the target.

    Args:
        graph: the revisions.
        current: the version rows.
        target: the revision that stays, as a symbol; `-1` counts from the row, `billing@base` opens one branch.

    Raises:
        UnknownDatabaseRevision, OverlappingDatabaseRevisions: the rows do not fit the graph.
        GraphError: the target names nothing, several places, or nothing below the rows.
    """
    check_rows(graph, current)
    selection = select_downgrade(graph, current, target)
    order = newest_first(graph, *selection)
    standing = _standing_on(graph, current) if order else {}
    rows = set(current)
    steps = [_downgrade_step(graph, rows, standing, one) for one in order]
    return _plan(Direction.DOWNGRADE, steps, current)


def plan_stamp(graph: GraphStructure, current: Sequence[str], targets: str | Sequence[str]) -> Plan:
    """Return the steps that rewrite the version rows and run nothing.

    Only rows on the lineage of a target move. A stamp is also the way out of related rows, so those are
    accepted here.

    Args:
        graph: the revisions.
        current: the version rows; empty to purge.
        targets: a symbol or several; `base` removes every row, `billing@base` those of a branch.

    Raises:
        UnknownDatabaseRevision: a row is not in the graph.
        RelatedTargets: one target implies another.
        GraphError: a target names nothing, or several places.
    """
    refuse_unknown_rows(graph, current)
    texts = (targets,) if isinstance(targets, str) else tuple(targets)
    rows = set(current)
    steps: list[Step] = []
    wanted: list[str] = []
    for text in texts:
        destinations = graph.highest(resolve(graph, text))
        if not destinations:
            steps += [_remove_row(rows, row) for row in _rows_of_branch(graph, rows, text)]
        wanted += [one for one in destinations if one not in wanted]
    _refuse_related_targets(graph, wanted)
    steps += [step for one in wanted if (step := _stamp_step(graph, rows, one)) is not None]
    return _plan(Direction.STAMP, steps, current)


def _plan(direction: Direction, steps: Sequence[Step], current: Sequence[str]) -> Plan:
    start = tuple(sorted(set(current)))
    return Plan(
        direction=direction, steps=tuple(steps), start_heads=start, end_heads=steps[-1].heads_after if steps else start
    )


# --- steps -----------------------------------------------------------------------------------------


def _upgrade_step(graph: GraphStructure, rows: set[str], revision: str) -> Step:
    replaced = [one for one in graph.required(revision) if one in rows]
    changes = _move(replaced, revision)
    rows.difference_update(replaced)
    rows.add(revision)
    return Step(
        direction=Direction.UPGRADE,
        movement=Direction.UPGRADE,
        revision=revision,
        sources=graph.parents(revision),
        destinations=(revision,),
        dependencies=graph.own_dependencies(revision),
        row_changes=changes,
        heads_after=tuple(sorted(rows)),
    )


def _downgrade_step(graph: GraphStructure, rows: set[str], standing: dict[str, int], revision: str) -> Step:
    """Take one row away; what it stood on becomes a row unless something else still stands there."""
    uncovered = []
    for one in graph.required(revision):
        standing[one] -= 1
        if not standing[one]:
            uncovered.append(one)
    rows.remove(revision)
    rows.update(uncovered)
    return Step(
        direction=Direction.DOWNGRADE,
        movement=Direction.DOWNGRADE,
        revision=revision,
        sources=(revision,),
        destinations=graph.parents(revision),
        dependencies=graph.own_dependencies(revision),
        row_changes=_split(revision, uncovered),
        heads_after=tuple(sorted(rows)),
    )


def _stamp_step(graph: GraphStructure, rows: set[str], destination: str) -> Step | None:
    """Put one row in place of the rows on its lineage; None when it is there alone already."""
    below = graph.ancestors([destination])
    moved = sorted(
        row for row in rows if row != destination and (row in below or destination in graph.ancestors([row]))
    )
    if destination in rows and not moved:
        return None
    changes: tuple[RowChange, ...]
    changes = tuple(DeleteRow(revision=row) for row in moved) if destination in rows else _move(moved, destination)
    rows.difference_update(moved)
    rows.add(destination)
    return Step(
        direction=Direction.STAMP,
        movement=Direction.UPGRADE if below.issuperset(moved) else Direction.DOWNGRADE,
        revision=destination,
        sources=tuple(moved),
        destinations=(destination,),
        row_changes=changes,
        heads_after=tuple(sorted(rows)),
    )


def _remove_row(rows: set[str], row: str) -> Step:
    rows.remove(row)
    return Step(
        direction=Direction.STAMP,
        movement=Direction.DOWNGRADE,
        revision=row,
        sources=(row,),
        destinations=(),
        row_changes=(DeleteRow(revision=row),),
        heads_after=tuple(sorted(rows)),
    )


def _move(replaced: Sequence[str], revision: str) -> tuple[RowChange, ...]:
    if not replaced:
        return (InsertRow(revision=revision),)
    if len(replaced) == 1:
        return (UpdateRow(old=replaced[0], new=revision),)
    return (*(DeleteRow(revision=row) for row in replaced[:-1]), UpdateRow(old=replaced[-1], new=revision))


def _split(revision: str, uncovered: Sequence[str]) -> tuple[RowChange, ...]:
    """Return the mirror image of `_move`: the row that `_move` would update is the one updated back."""
    if not uncovered:
        return (DeleteRow(revision=revision),)
    return (*(InsertRow(revision=row) for row in uncovered[:-1]), UpdateRow(old=revision, new=uncovered[-1]))


def _standing_on(graph: GraphStructure, current: Sequence[str]) -> dict[str, int]:
    """Return applied revision -> number of applied revisions that require it directly."""
    standing: dict[str, int] = {}
    for revision in graph.ancestors(current):
        for one in graph.required(revision):
            standing[one] = standing.get(one, 0) + 1
    return standing


def _rows_of_branch(graph: GraphStructure, rows: set[str], text: str) -> list[str]:
    branch = parse_symbol(graph, text).branch
    if branch is None:
        return sorted(rows)
    members = graph.lineage([find_branch(graph, branch)], Edges.ALL)
    return sorted(row for row in rows if row in members)


# --- refusing --------------------------------------------------------------------------------------


def _refuse_related_targets(graph: GraphStructure, wanted: Sequence[str]) -> None:
    highest = graph.highest(wanted)
    implied = sorted(set(wanted).difference(highest))
    if implied:
        raise RelatedTargets(
            f"{listed(implied)} would be a row beside a revision that implies it. Stamp only {listed(highest)}.",
            targets=tuple(sorted(wanted)),
            implied=tuple(implied),
        )

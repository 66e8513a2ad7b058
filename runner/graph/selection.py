"""Selection: which revisions lie between two ends. Floor 1.

Two questions are answered here. Upward: what does a target require that is not applied yet? Downward: what
must go so that only the target and what is beside it stay? Plans and history are both built on them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from runner.errors import InvalidTarget
from runner.graph.faults import AmbiguousStep, NotDowngradable, RangeNotAncestor, StepTooFar, listed
from runner.graph.structure import Edges, GraphStructure
from runner.graph.symbols import (
    BASE,
    Symbol,
    find_branch,
    only,
    parse_symbol,
    resolve,
    start_of,
    step,
    step_at_most,
)

__all__ = [
    "Ends",
    "Selection",
    "applied_heads",
    "select_between",
    "select_downgrade",
    "select_pending",
    "upgrade_targets",
]

Ends = str | Sequence[str] | None
"""One symbol, several, or None for base."""


class Selection(NamedTuple):
    """Revisions without an order, and what `newest_first` needs to order them.

    `between` holds revisions that are left out although they may lie on a path from one member to another.
    """

    members: Collection[str]
    tips: tuple[str, ...]
    between: Collection[str] = ()


# --- upward ----------------------------------------------------------------------------------------


def select_pending(graph: GraphStructure, current: Sequence[str], target: Ends) -> Selection:
    """Return what the target requires and the version rows do not imply."""
    targets = upgrade_targets(graph, target, current)
    if set(targets) <= set(current):
        return Selection(members=(), tips=())
    return Selection(members=graph.ancestors(targets) - graph.ancestors(current), tips=targets)


def upgrade_targets(
    graph: GraphStructure, target: Ends, current: Sequence[str], *, clamp: bool = False
) -> tuple[str, ...]:
    """Return the revisions an upgrade target names, seen from the version rows.

    Args:
        graph: where to look.
        target: a symbol or several; `+2` counts from the rows.
        current: the version rows.
        clamp: stop a relative step at the end of the graph instead of refusing it.
    """
    texts = (target,) if isinstance(target, str) else target or ()
    return graph.in_order(one for text in texts for one in _upgrade_target(graph, text, current, clamp=clamp))


def _upgrade_target(graph: GraphStructure, text: str, current: Sequence[str], *, clamp: bool) -> tuple[str, ...]:
    symbol = parse_symbol(graph, text)
    if symbol.offset is None:
        return resolve(graph, text)
    if symbol.is_relative_to_current:
        if symbol.offset < 0:
            raise InvalidTarget(f"{text} leads down. Use it with downgrade, or upgrade to a revision.", symbol=text)
        start = _upgrade_start(graph, symbol, current, text)
    else:
        start = start_of(graph, symbol)
    take = step_at_most if clamp else step
    reached = take(graph, start, symbol.offset, branch=symbol.branch, text=text)
    return () if reached is None else (reached,)


def _upgrade_start(graph: GraphStructure, symbol: Symbol, current: Sequence[str], text: str) -> str | None:
    """Return the revision from which `+N` counts: the row, or the topmost applied one of the branch."""
    starts: Sequence[str] = current
    if symbol.branch is not None:
        members = graph.lineage([find_branch(graph, symbol.branch)])
        starts = [row for row in current if row in members] or graph.tips(graph.ancestors(current) & members)
    if len(starts) > 1:
        raise _several_starts(text, starts)
    return starts[0] if starts else None


def _several_starts(text: str, starts: Sequence[str]) -> AmbiguousStep:
    ways = tuple(sorted(starts))
    offset = text.rpartition("@")[2]
    return AmbiguousStep(
        f"{text} is ambiguous: it could count from {listed(ways)}. Name the branch by a label or an id, as in "
        f"{ways[0]}@{offset}.",
        symbol=text,
        ways=ways,
    )


def select_between(
    graph: GraphStructure,
    upper: Ends,
    lower: Ends,
    *,
    implicit_base: bool = False,
    inclusive: bool = False,
    assert_relative_length: bool = True,
) -> Selection:
    """Return what lies between two ends of a history.

    Args:
        graph: where to look.
        upper: the newer end; `+N` counts from the lower end.
        lower: the older end; `-N` counts from the upper end.
        implicit_base: also return what the upper end requires from lineages beside the lower end.
        inclusive: return the lower end itself as well.
        assert_relative_length: refuse a relative step that the graph is too short for.

    Raises:
        RangeNotAncestor: the lower end is not below the upper end; with implicit_base, nothing lies between.
    """
    bottom = _lower_end(graph, lower, upper, clamp=not assert_relative_length)
    tops = upgrade_targets(graph, upper, bottom, clamp=not assert_relative_length)
    tops = _within_branch(graph, tops, lower)
    required = graph.ancestors(tops)
    if not implicit_base and not required.issuperset(bottom):
        raise _not_ancestor(lower, upper)
    members = required - graph.ancestors(bottom)
    if inclusive:
        members.update(bottom)
    if not bottom or implicit_base:
        return Selection(members=members, tips=tops)
    members &= graph.descendants(bottom, Edges.DOWN)
    return Selection(members=members, tips=tops, between=required - members)


def _lower_end(graph: GraphStructure, lower: Ends, upper: Ends, *, clamp: bool) -> tuple[str, ...]:
    texts = (lower,) if isinstance(lower, str) else lower or ()
    return graph.in_order(one for text in texts for one in _lower_one(graph, text, upper, clamp=clamp))


def _lower_one(graph: GraphStructure, text: str, upper: Ends, *, clamp: bool) -> tuple[str, ...]:
    symbol = parse_symbol(graph, text)
    if not symbol.is_relative_to_current or symbol.offset is None:
        return resolve(graph, text)
    if symbol.offset > 0:
        raise InvalidTarget(f"{text} leads up, so it cannot be the lower end of a range.", symbol=text)
    take = step_at_most if clamp else step
    tops = upgrade_targets(graph, upper, ())
    if symbol.branch is not None:
        members = graph.lineage([find_branch(graph, symbol.branch)])
        tops = tuple(top for top in tops if top in members)
    ends = [take(graph, top, symbol.offset, branch=symbol.branch, text=text) for top in tops]
    return tuple(end for end in ends if end is not None)


def _within_branch(graph: GraphStructure, tops: tuple[str, ...], lower: Ends) -> tuple[str, ...]:
    """Drop the upper ends outside the branch that the lower end names, as in `billing@base`."""
    branch = lower.partition("@")[0] if isinstance(lower, str) and "@" in lower else ""
    if not branch:
        return tops
    if branch in graph.label_owners:
        return tuple(top for top in tops if branch in graph.labels(top))
    members = graph.lineage([find_branch(graph, branch)])
    return tuple(top for top in tops if top in members)


def _not_ancestor(lower: Ends, upper: Ends) -> RangeNotAncestor:
    below, above = (_written(end) for end in (lower, upper))
    return RangeNotAncestor(
        f"There is no range from {below} to {above}: the lower end is not an ancestor of the upper end. "
        "Give the older revision first, on the same lineage.",
        lower=below,
        upper=above,
    )


def _written(end: Ends) -> str:
    return end if isinstance(end, str) else listed(sorted(end or ())) or BASE


# --- downward --------------------------------------------------------------------------------------


def select_downgrade(
    graph: GraphStructure, current: Sequence[str], target: str | None, *, inclusive: bool = False, clamp: bool = False
) -> Selection:
    """Return what must be downgraded so that the target is the newest of its lineage.

    Everything that follows or depends on what goes, goes as well. With a branch (`billing@base`), only the
    lineages that lead to that branch are opened.

    Args:
        graph: where to look.
        current: the version rows.
        target: a symbol, or None for base.
        inclusive: the target itself goes as well.
        clamp: stop a relative step at base instead of refusing it.

    Raises:
        NotDowngradable: the target is not below what the rows imply.
    """
    branch, stays = _downgrade_target(graph, current, target, clamp=clamp)
    roots = _roots(graph, stays, branch, inclusive=inclusive)
    applied = graph.ancestors(current)
    members = graph.descendants(roots) & applied
    if stays is not None and not members and stays not in current:
        raise NotDowngradable(
            f"Nothing above {stays} is applied: the database has {listed(sorted(current)) or BASE}. "
            + ("Another revision depends on it, so it stays." if stays in applied else "Use upgrade to get there."),
            target=stays,
            current=tuple(sorted(current)),
        )
    return Selection(members=members, tips=graph.in_order(current))


def _roots(graph: GraphStructure, stays: str | None, branch: str | None, *, inclusive: bool) -> tuple[str, ...]:
    """Return the lowest revisions that go."""
    if stays is None:
        roots = graph.bases
    elif inclusive:
        roots = (stays,)
    else:
        roots = graph.children(stays)
    if branch is None or len(roots) < 2:
        return roots
    leading = graph.ancestors([find_branch(graph, branch)], Edges.DOWN)
    kept = tuple(root for root in roots if root in leading)
    if not kept:
        raise NotDowngradable(
            f"{stays or BASE} is not below branch {branch}. Name a revision that {branch} follows.",
            target=stays,
            branch=branch,
        )
    return kept


def _downgrade_target(
    graph: GraphStructure, current: Sequence[str], target: str | None, *, clamp: bool
) -> tuple[str | None, str | None]:
    """Return the branch to stay within and the revision that stays; None for no branch, and for base."""
    if target is None:
        return None, None
    symbol = parse_symbol(graph, target)
    if symbol.offset is None:
        return symbol.branch, only(graph, resolve(graph, target), target)
    take = step_at_most if clamp else step
    if not symbol.is_relative_to_current:
        return symbol.branch, take(graph, start_of(graph, symbol), symbol.offset, branch=symbol.branch, text=target)
    if symbol.offset >= 0:
        raise InvalidTarget(f"{target} does not lead down. Use it with upgrade.", symbol=target)
    start = _downgrade_start(graph, symbol, current, target)
    return symbol.branch or start, take(graph, start, symbol.offset, branch=symbol.branch, text=target)


def _downgrade_start(graph: GraphStructure, symbol: Symbol, current: Sequence[str], text: str) -> str:
    """Return the revision from which `-N` counts: the row, or the topmost applied one of the branch."""
    starts: Sequence[str] = current
    if symbol.branch is not None:
        members = graph.lineage([find_branch(graph, symbol.branch)])
        starts = [row for row in current if row in members]
        starts = starts or [head for head in applied_heads(graph, current) if head in members]
    if len(starts) > 1:
        raise _several_starts(text, starts)
    if not starts:
        where = f" of branch {symbol.branch}" if symbol.branch is not None else ""
        raise StepTooFar(f"{text} leads below base: nothing{where} is applied.", symbol=text, taken=0)
    return starts[0]


def applied_heads(graph: GraphStructure, current: Sequence[str]) -> tuple[str, ...]:
    """Return the rows and the effective heads they imply: applied, and followed by nothing applied."""
    return graph.tips(graph.ancestors(current), Edges.DOWN)

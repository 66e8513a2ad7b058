"""Symbols: the texts that name places in the graph. Floor 1.

    head heads base                       the ends
    ae10c4 / ae10 / billing               a full id, a unique prefix of an id of four or more characters, a label
    billing@head  billing@heads  billing@base  billing@ae10  ae10@head      narrowed to a lineage
    +2  -1  billing@+2  billing@-1        relative to what the database has
    ae10+2  head-1  billing@head-2        relative to a symbol

Exact ids win over labels, and both over prefixes; an exact id that contains + or - is never taken apart.
What could mean two places is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from runner.errors import InvalidTarget, MultipleHeads, RangeInvalid, UnknownRevision
from runner.graph.faults import (
    AmbiguousPrefix,
    AmbiguousStep,
    NotInBranch,
    PrefixTooShort,
    StepTooFar,
    UnknownBranch,
    listed,
    suggestion,
)
from runner.graph.structure import GraphStructure

__all__ = [
    "BASE",
    "SHORTEST_ABBREVIATED_ID",
    "Symbol",
    "find",
    "find_branch",
    "only",
    "parse_range",
    "parse_symbol",
    "resolve",
    "resolve_one",
    "start_of",
    "step",
    "step_at_most",
]

BASE = "base"
SHORTEST_ABBREVIATED_ID = 4
"""Ids shorter than this are never found by a prefix."""


class Symbol(NamedTuple):
    """A symbol taken apart: `billing@head-2` is branch billing, name head, offset -2.

    An empty name means "what the database has"; offset None means that no step was asked for.
    """

    branch: str | None
    name: str
    offset: int | None

    @property
    def is_relative_to_current(self) -> bool:
        """Whether the symbol means nothing without the version rows."""
        return not self.name and self.offset is not None


def parse_symbol(graph: GraphStructure, text: str) -> Symbol:
    """Take a symbol apart without looking up its parts."""
    branch, at, rest = text.partition("@")
    if not at:
        branch, rest = "", text
    name, offset = _split_offset(graph, rest)
    if (at and not branch) or (not name and offset is None):
        raise UnknownRevision(f"{text!r} names no revision. Give an id, a label, head, heads or base.", symbol=text)
    return Symbol(branch or None, name, offset)


def _split_offset(graph: GraphStructure, text: str) -> tuple[str, int | None]:
    cut = max(text.rfind("+"), text.rfind("-"))
    if cut < 0 or text in graph or text in graph.label_owners:
        return text, None
    digits = text[cut + 1 :]
    if not (digits.isascii() and digits.isdigit()):
        return text, None
    return text[:cut], int(text[cut:])


def parse_range(text: str) -> tuple[str | None, str | None]:
    """Split `a:b` at its colon; a side left empty is None.

    Raises:
        RangeInvalid: there is no colon, or more than one.
    """
    lower, colon, upper = text.partition(":")
    if not colon or ":" in upper:
        raise RangeInvalid(f"{text!r} is not a range. Write start:end, start: or :end.", range=text)
    return lower.strip() or None, upper.strip() or None


# --- names -----------------------------------------------------------------------------------------


def find(graph: GraphStructure, name: str, branch: str | None = None) -> str:
    """Return the id that an id, a label or a prefix names.

    Args:
        graph: where to look.
        name: an id, a label or a prefix; no symbol.
        branch: restricts the search to the lineage of this label or revision.

    Raises:
        UnknownBranch, UnknownRevision, PrefixTooShort, AmbiguousPrefix, NotInBranch: as they say.
    """
    members = graph.lineage([find_branch(graph, branch)]) if branch is not None else None
    exact = name if name in graph else graph.label_owners.get(name)
    if exact is None:
        return _find_prefix(graph, name, branch, members)
    if members is not None and exact not in members:
        raise NotInBranch(
            f"Revision {exact} is not in branch {branch}: neither is an ancestor of the other. "
            f"Name it without {branch}@, or name a revision of that branch.",
            revision=exact,
            branch=branch,
        )
    return exact


def find_branch(graph: GraphStructure, branch: str) -> str:
    """Return the revision that a label, an id or a prefix before the @ names."""
    try:
        return find(graph, branch)
    except PrefixTooShort:
        raise
    except UnknownRevision:
        known = sorted(graph.label_owners)
        labels = f"Branch labels: {listed(known)}." if known else "No revision declares a branch label."
        raise UnknownBranch(
            f"No branch {branch}. {labels}{suggestion(branch, [*known, *graph.ids])}", branch=branch
        ) from None


def _find_prefix(graph: GraphStructure, name: str, branch: str | None, members: Collection[str] | None) -> str:
    owners = {key: key for key in graph.ids} | dict(graph.label_owners)
    matches = sorted(
        key
        for key, owner in owners.items()
        if key.startswith(name) and len(key) >= SHORTEST_ABBREVIATED_ID and (members is None or owner in members)
    )
    found = {owners[key] for key in matches}
    if len(found) == 1 and name:
        return found.pop()
    if found:
        raise AmbiguousPrefix(
            f"{name!r} is the beginning of {listed(matches)}. Write more of the one you mean.",
            prefix=name,
            matches=tuple(matches),
        )
    short = sorted(key for key in owners if key.startswith(name)) if name else []
    if short and members is None:
        raise PrefixTooShort(
            f"No revision {name}. Ids shorter than {SHORTEST_ABBREVIATED_ID} characters are not abbreviated: "
            f"write {listed(short)} in full.",
            symbol=name,
            matches=tuple(short),
        )
    inside = f" in branch {branch}" if branch is not None else ""
    squash = graph.replaced.get(name)
    hint = f" {squash} replaces it, together with others." if squash is not None else suggestion(name, owners)
    raise UnknownRevision(f"No revision or branch label {name!r}{inside}.{hint}", symbol=name, branch=branch)


# --- symbols ---------------------------------------------------------------------------------------


def resolve(graph: GraphStructure, text: str) -> tuple[str, ...]:
    """Return the ids that a symbol names, in directory order; none for base.

    Raises:
        InvalidTarget: the symbol is relative to the version rows (`+1`), so it needs a plan.
        GraphError: the symbol names nothing, or could name several places.
    """
    symbol = parse_symbol(graph, text)
    if symbol.is_relative_to_current:
        raise InvalidTarget(
            f"{text} counts from what a database has, which is not known here. Name a revision to count from, "
            f"as in ae10{symbol.offset:+d}.",
            symbol=text,
        )
    if symbol.offset is None:
        return _ends(graph, symbol.name, symbol.branch)
    reached = step(graph, start_of(graph, symbol), symbol.offset, branch=symbol.branch, text=text)
    return () if reached is None else (reached,)


def resolve_one(graph: GraphStructure, text: str) -> str | None:
    """Return the one id that a symbol names; None for base.

    Raises:
        MultipleHeads: the symbol names several.
    """
    return only(graph, resolve(graph, text), text)


def _ends(graph: GraphStructure, name: str, branch: str | None) -> tuple[str, ...]:
    if name == BASE:
        if branch is not None:
            find_branch(graph, branch)
        return ()
    if name in ("head", "heads"):
        heads = graph.real_heads if name == "heads" and branch is None else graph.heads
        if branch is not None:
            members = graph.lineage([find_branch(graph, branch)])
            heads = tuple(head for head in heads if head in members)
        if name == "head":
            only(graph, heads, f"{branch}@head" if branch is not None else "head")
        return graph.in_order(heads)
    return (find(graph, name, branch),)


def only(graph: GraphStructure, found: Sequence[str], text: str) -> str | None:
    """Return the single one of the revisions a symbol named; None if it named none.

    Raises:
        MultipleHeads: there are several.
    """
    if len(found) > 1:
        labels = sorted({label for one in found for label in graph.labels(one)})
        narrow = f"{labels[0] if labels else min(found)}@head"
        raise MultipleHeads(
            f"{text} is not a single revision: there are {listed(sorted(found))}. Name one of them, narrow to a branch "
            f"with a label or an id ({narrow}), use heads for all of them, or join them with a merge revision.",
            symbol=text,
            heads=tuple(sorted(found)),
        )
    return found[0] if found else None


def start_of(graph: GraphStructure, symbol: Symbol) -> str | None:
    """Return where a relative symbol such as `billing@head-2` starts; None for base."""
    name = symbol.name if symbol.branch is None else f"{symbol.branch}@{symbol.name}"
    return only(graph, _ends(graph, symbol.name, symbol.branch), name)


# --- steps -----------------------------------------------------------------------------------------


def step(graph: GraphStructure, start: str | None, offset: int, *, branch: str | None, text: str) -> str | None:
    """Return the revision `offset` steps above (or, negative, below) the start along down_revision.

    Args:
        graph: where to walk.
        start: a revision, or None for base.
        offset: the number of steps; one step below a base is base.
        branch: at a fork on the way up, only this lineage is followed.
        text: the symbol as the user wrote it, for the message.

    Returns:
        A revision, or None for base.

    Raises:
        StepTooFar: the graph ends before the last step.
        AmbiguousStep: there are several ways to go.
    """
    here, taken = _walk(graph, start, offset, branch=branch, text=text)
    if taken == abs(offset):
        return here
    direction = "above" if offset > 0 else "below"
    steps = "1 step" if abs(offset) == 1 else f"{abs(offset)} steps"
    raise StepTooFar(
        f"{text} asks for {steps}, but after {taken} there is nothing {direction} {here or BASE}.",
        symbol=text,
        taken=taken,
    )


def step_at_most(graph: GraphStructure, start: str | None, offset: int, *, branch: str | None, text: str) -> str | None:
    """Return what `step` returns, or the last revision before the graph ends."""
    return _walk(graph, start, offset, branch=branch, text=text)[0]


def _walk(
    graph: GraphStructure, start: str | None, offset: int, *, branch: str | None, text: str
) -> tuple[str | None, int]:
    """Return where the walk ends and how many steps it took."""
    members = graph.lineage([find_branch(graph, branch)]) if branch is not None and offset > 0 else None
    here = start
    for taken in range(abs(offset)):
        ways = _ways_up(graph, here, members) if offset > 0 else _ways_down(graph, here)
        if not ways:
            return here, taken
        if len(ways) > 1:
            raise _ambiguous_step(text, here, ways)
        here = ways[0]
    return here, abs(offset)


def _ways_up(graph: GraphStructure, here: str | None, members: Collection[str] | None) -> Sequence[str | None]:
    above = graph.bases if here is None else graph.children(here)
    return above if members is None else [one for one in above if one in members]


def _ways_down(graph: GraphStructure, here: str | None) -> Sequence[str | None]:
    if here is None:
        return ()
    return graph.parents(here) or (None,)


def _ambiguous_step(text: str, here: str | None, ways: Sequence[str | None]) -> AmbiguousStep:
    names = sorted(way or BASE for way in ways)
    return AmbiguousStep(
        f"{text} is ambiguous: from {here or BASE} it could go to {listed(names)}. Name the revision instead.",
        symbol=text,
        ways=tuple(names),
    )

"""Where the graph differs from Alembic on purpose: what, and why.

`DIFFERENCES` is the record. `explain_plan` and `explain_history` say which entry explains a disagreement found at
random; a disagreement that none explains fails the test. Each entry has an example in
`test_graph_known_differences.py`, so an entry that no longer holds is noticed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.errors import GraphError
from runner.graph import BASE, Plan, RevisionGraph
from runner.graph.symbols import Symbol, parse_symbol
from tests.differential.graph_oracle import OracleStep, Refused

__all__ = ["DIFFERENCES", "Difference", "explain_history", "explain_plan", "names_several_orders"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One deliberate difference.

    Args:
        alembic: what Alembic does.
        ours: what we do.
        why: the reason, with the row of the inventory where there is one.
    """

    alembic: str
    ours: str
    why: str


DIFFERENCES = {
    "missing-parent": Difference(
        alembic="warns, then fails with KeyError",
        ours="MissingParent, or MissingDependency, naming both revisions and the file",
        why="a lost file must be named (ERR-17)",
    ),
    "duplicate": Difference(
        alembic="warns and keeps the last file; heads can then hold an id twice",
        ours="DuplicateRevision",
        why="which of two files runs must not depend on their order (ERR-18)",
    ),
    "minus-n-of-several-rows": Difference(
        alembic="downgrade -N with several rows warns and takes the first row",
        ours="AmbiguousStep; label@-N or id@-N says which",
        why="ambiguity refuses; Alembic announces the same for a later release (ERR-32)",
    ),
    "branch-not-applied": Difference(
        alembic="downgrade label@-N fails with a bare AssertionError if nothing of the branch, or several rows of it, "
        "are applied",
        ours="StepTooFar, or AmbiguousStep",
        why="BUG-6",
    ),
    "branch-is-checked": Difference(
        alembic="ignores the branch when it looks up X in `downgrade label@X`, `stamp label@X` and `label@X+N`",
        ours="X is looked up within the branch: heads and prefixes are narrowed, other revisions are NotInBranch",
        why="label@X means the same in every command (REV-16)",
    ),
    "step-past-the-end": Difference(
        alembic="`upgrade X+N` beyond the head fails with AssertionError; `base-N` counts from the head",
        ours="StepTooFar",
        why="nothing is below base, and a bare assertion tells nobody (ERR-9)",
    ),
    "step-to-base": Difference(
        alembic="an upgrade or a history whose upper end is one step below a base fails with AssertionError",
        ours="it is base, so there is nothing to do",
        why="one step below a base is base, as in a downgrade",
    ),
    "related-ends": Difference(
        alembic="refuses several ends of which one implies another, even if one symbol (label@heads) named them",
        ours="their union",
        why="the answer does not depend on the redundant one; only rows may not be related (ERR-11)",
    ),
    "folded-requirements": Difference(
        alembic="if a dependency stands on a parent (or a parent on another), upgrading fails with KeyError and "
        "downgrading leaves related rows behind",
        ours="the rows are always the topmost applied revisions",
        why="related rows stop every later run (ERR-11)",
    ),
    "several-dependencies": Difference(
        alembic="keeps several dependencies in a set: order of steps depends on the hash seed",
        ours="declared order",
        why="same input, same plan",
    ),
    "row-change-order": Difference(
        alembic="a merge beside other heads, and every un-merge, choose the updated row by set order",
        ours="deletes in declared order, updates the last parent's row; an un-merge is the mirror image",
        why="the artifact must be the same under any hash seed (STYLE C1); the resulting rows are equal",
    ),
    "stamp-several": Difference(
        alembic="stamping several targets moves rows of other targets' lineages as well, or fails with KeyError, and "
        "can write related rows",
        ours="each target moves the rows of its own lineage; related targets are RelatedTargets",
        why="REV-37",
    ),
    "stamp-of-a-branch": Difference(
        alembic="stamp label@X also moves rows that share a lineage with the label and none with X",
        ours="rows beside X stay",
        why="REV-37: the other fork is still applied",
    ),
    "stamp-relative": Difference(
        alembic="stamp takes -N as N below the heads, and does not know X-N",
        ours="X-N is understood, a bare step is refused",
        why="everywhere else -N counts from the rows (REV-17)",
    ),
    "history-relative": Difference(
        alembic="a lower end -N counts from the heads, whatever the upper end is; X-N is not known there",
        ours="-N counts from the upper end; X-N is understood",
        why="the documentation promises `-3:current` as three before current (REV-19)",
    ),
    "history-from-revision-branch": Difference(
        alembic="a lower end id@base is replaced by the one label of that id, and fails if there is none or several",
        ours="the lineage of the id",
        why="a revision id can serve as the label (REV-16)",
    ),
    "unconnected-history": Difference(
        alembic="fails with AssertionError if the ends are connected through depends_on only",
        ours="what lies between along down_revision, perhaps nothing",
        why="a range that exists has an answer",
    ),
    "labels-below": Difference(
        alembic="a label spreads to revisions below its own only if nothing above its own forks or merges",
        ours="it spreads down to the preceding fork or merge in any case",
        why="a merge elsewhere must not rename old revisions (REV-31)",
    ),
    "prefix-of-own-label": Difference(
        alembic="a prefix that fits an id and the label of the same revision is refused",
        ours="it names that revision",
        why="nothing is ambiguous",
    ),
    "prefix-errors": Difference(
        alembic='reports ambiguous and too short prefixes as "Can\'t locate revision"',
        ours="AmbiguousPrefix lists what fits, PrefixTooShort says what to write",
        why="ERR-1, BUG-5",
    ),
    "related-rows": Difference(
        alembic="downgrades and stamps with related rows in the version table",
        ours="OverlappingDatabaseRevisions; a stamp repairs it",
        why="the run cannot know what is applied (ERR-11)",
    ),
    "at-heads": Difference(
        alembic="current --check-heads compares the rows with all heads, effective ones included",
        ours="with the heads that have rows",
        why="BUG-3",
    ),
}


def names_several_orders(graph: RevisionGraph) -> bool:
    """Whether Alembic's order for this graph depends on its hash seed."""
    return any(len(graph.own_dependencies(revision)) > 1 for revision in graph.ids)


def _is_folded(graph: RevisionGraph) -> bool:
    """Whether one of a revision's requirements implies another."""
    return any(len(graph.highest(graph.required(one))) < len(graph.required(one)) for one in graph.ids)


# --- plans -----------------------------------------------------------------------------------------


def explain_plan(
    graph: RevisionGraph, verb: str, text: str, ours: Plan | Refused, theirs: Sequence[OracleStep] | Refused
) -> str | None:
    """Return the key of the difference that explains two unequal answers; None if none does."""
    try:
        symbol = parse_symbol(graph, text)
    except GraphError:
        return None
    if isinstance(ours, Refused):
        return _only_we_refuse(verb, symbol, ours)
    if isinstance(theirs, Refused):
        return _only_alembic_refuses(graph, verb, symbol, theirs)
    if verb == "stamp" and len(graph.resolve(text)) == 1:
        return "stamp-of-a-branch" if symbol.branch and set(theirs[0].rows) < set(ours.end_heads) else None
    return _plans_differ(graph, verb, ours, theirs)


def _only_we_refuse(verb: str, symbol: Symbol, ours: Refused) -> str | None:
    if verb == "stamp" and symbol.is_relative_to_current:
        return "stamp-relative"
    if ours.kind == "StepTooFar" and symbol.name == BASE:
        return "step-past-the-end"
    if ours.kind == "AmbiguousStep" and verb == "downgrade" and symbol.is_relative_to_current and not symbol.branch:
        return "minus-n-of-several-rows"
    narrowed = ours.kind in {"NotInBranch", "UnknownRevision", "NotDowngradable", "MultipleHeads"}
    return "branch-is-checked" if narrowed and symbol.branch else None


def _only_alembic_refuses(graph: RevisionGraph, verb: str, symbol: Symbol, theirs: Refused) -> str | None:
    if verb == "stamp" and symbol.offset is not None:
        return "stamp-relative"
    if verb == "stamp" and theirs.kind == "KeyError" and len(graph.heads) > 1:
        return "stamp-several"
    if theirs.kind == "AssertionError" and verb == "upgrade" and symbol.offset is not None and symbol.offset < 0:
        return "step-to-base"
    if theirs.kind == "KeyError" and _is_folded(graph):
        return "folded-requirements"
    if "overlaps with other requested revisions" in theirs.message:
        return "related-ends"
    looked_up = verb != "upgrade" or symbol.offset is not None
    return "branch-is-checked" if symbol.branch and symbol.name and looked_up else None


def _plans_differ(graph: RevisionGraph, verb: str, ours: Plan, theirs: Sequence[OracleStep]) -> str | None:
    if verb == "stamp":
        return "stamp-several"
    mine = [step.revision for step in ours]
    other = [step.revision for step in theirs]
    if mine != other:
        return "several-dependencies" if sorted(mine) == sorted(other) and names_several_orders(graph) else None
    same_meaning = all(
        set(step.heads_after) == set(graph.highest(seen.rows)) for step, seen in zip(ours, theirs, strict=True)
    )
    return "folded-requirements" if same_meaning and _is_folded(graph) else None


# --- history ---------------------------------------------------------------------------------------


def explain_history(
    graph: RevisionGraph, lower: str | tuple[str, ...], ours: tuple[str, ...] | Refused, theirs: list[str] | Refused
) -> str | None:
    """Return the key of the difference that explains two unequal histories; None if none does."""
    if isinstance(ours, Refused):
        return None
    branch = lower.partition("@")[0] if isinstance(lower, str) and "@" in lower else ""
    same_set = not isinstance(theirs, Refused) and set(ours) == set(theirs)
    if same_set:
        return "several-dependencies" if names_several_orders(graph) else None
    if branch and branch not in graph.label_owners:
        return "history-from-revision-branch"
    if not isinstance(theirs, Refused):
        return "labels-below" if branch else None
    if theirs.kind == "AssertionError" and lower not in {BASE, ()}:
        return "unconnected-history"
    return "related-ends" if "overlaps with other requested" in theirs.message else None

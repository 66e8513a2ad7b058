"""The faults of a graph: finer types below the classes of `runner.errors`, same codes and exit codes.

Floor 1. A caller that wants the coarse answer catches `UnknownRevision`; one that must tell a missing
branch from a missing revision catches the class here.

    MissingParent        <- MissingDependency
    CycleDetected        <- SelfLoop, DependencyCycle <- DependencySelfLoop
    UnknownRevision      <- UnknownBranch, PrefixTooShort
    AmbiguousRevision    <- AmbiguousPrefix, AmbiguousStep
    BranchLabelError     <- LabelUsedTwice, NotInBranch
    InvalidTarget        <- StepTooFar, NotDowngradable, RelatedTargets
    RangeInvalid         <- RangeNotAncestor (a GraphError as well)
"""

from __future__ import annotations

from collections.abc import Iterable

from runner.errors import (
    AmbiguousRevision,
    BranchLabelError,
    CycleDetected,
    GraphError,
    InvalidTarget,
    MissingParent,
    RangeInvalid,
    UnknownRevision,
)

__all__ = [
    "AmbiguousPrefix",
    "AmbiguousStep",
    "DependencyCycle",
    "DependencySelfLoop",
    "LabelUsedTwice",
    "MissingDependency",
    "NotDowngradable",
    "NotInBranch",
    "PrefixTooShort",
    "RangeNotAncestor",
    "RelatedTargets",
    "SelfLoop",
    "StepTooFar",
    "UnknownBranch",
    "listed",
    "suggestion",
]


class MissingDependency(MissingParent):
    """A revision names a dependency that is neither an id nor a label of this directory."""


class SelfLoop(CycleDetected):
    """A revision names itself as its down_revision."""


class DependencyCycle(CycleDetected):
    """A cycle that exists only when depends_on is followed as well."""


class DependencySelfLoop(DependencyCycle):
    """A revision depends on itself."""


class UnknownBranch(UnknownRevision):
    """The part before the @ is neither a label nor a revision."""


class PrefixTooShort(UnknownRevision):
    """The text is the beginning of an id so short that it must be written in full."""


class AmbiguousPrefix(AmbiguousRevision):
    """Several revisions begin with the text."""


class AmbiguousStep(AmbiguousRevision):
    """A relative step meets a fork, or starts from several revisions at once."""


class LabelUsedTwice(BranchLabelError):
    """A branch label is declared by two revisions, or equals the id of a revision."""


class NotInBranch(BranchLabelError):
    """The revision exists but shares no lineage with the branch named before the @."""


class StepTooFar(InvalidTarget):
    """A relative step leads past a head or past the base."""


class NotDowngradable(InvalidTarget):
    """The target of a downgrade is not below what the database has."""


class RelatedTargets(InvalidTarget):
    """Two targets of one stamp lie on the same lineage, so they cannot both be rows."""


class RangeNotAncestor(RangeInvalid, GraphError):
    """The lower end of a range is not an ancestor of its upper end."""


def listed(names: Iterable[str], limit: int = 8) -> str:
    """Return the names as "a, b and c", cut after `limit` of them."""
    known = list(names)
    if len(known) > limit:
        return f"{', '.join(known[:limit])} and {len(known) - limit} more"
    if len(known) < 2:
        return "".join(known)
    return f"{', '.join(known[:-1])} and {known[-1]}"


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean x?" for the nearest known names, or nothing."""
    import difflib

    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(near)}?" if near else ""

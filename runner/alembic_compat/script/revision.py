"""`alembic.script.revision`: the graph of revisions, and what can be wrong with it."""

from __future__ import annotations

from runner.errors import CycleDetected, MultipleHeads, ResolutionError
from runner.errors import GraphError as RevisionError
from runner.graph.faults import DependencyCycle as DependencyCycleDetected
from runner.graph.faults import DependencySelfLoop as DependencyLoopDetected
from runner.graph.faults import RangeNotAncestor as RangeNotAncestorError
from runner.graph.faults import SelfLoop as LoopDetected
from runner.revisions.revision_map import Revision, RevisionMap

__all__ = [
    "CycleDetected",
    "DependencyCycleDetected",
    "DependencyLoopDetected",
    "LoopDetected",
    "MultipleHeads",
    "RangeNotAncestorError",
    "ResolutionError",
    "Revision",
    "RevisionError",
    "RevisionMap",
]

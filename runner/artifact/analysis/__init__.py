"""What the statements of an artifact lock, block, read and lose: for the review page. Loads sqlglot; a run does not."""

from __future__ import annotations

from runner.artifact.analysis.analyst import POSTGRESQL, analyse, analyse_all
from runner.artifact.analysis.facts import BLOCKS, Hazard, HazardKind, Severity, StatementFacts, TableLock, Work

__all__ = [
    "BLOCKS",
    "POSTGRESQL",
    "Hazard",
    "HazardKind",
    "Severity",
    "StatementFacts",
    "TableLock",
    "Work",
    "analyse",
    "analyse_all",
]

"""The revision graph: revisions, symbols, plans. Floor 1, pure: no SQLAlchemy, no I/O, no clock.

Plans are loaded when first asked for: a run that finds nothing pending needs the graph alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.graph.graph import RevisionGraph
from runner.graph.revision import Revision
from runner.graph.rows import check_rows
from runner.graph.selection import Ends
from runner.graph.structure import Edges
from runner.graph.symbols import BASE, parse_range

if TYPE_CHECKING:
    from runner.graph.plan import DeleteRow, Direction, InsertRow, Plan, RowChange, Step, UpdateRow, rows_after
    from runner.graph.planner import plan_downgrade, plan_stamp, plan_upgrade

__all__ = [
    "BASE",
    "DeleteRow",
    "Direction",
    "Edges",
    "Ends",
    "InsertRow",
    "Plan",
    "Revision",
    "RevisionGraph",
    "RowChange",
    "Step",
    "UpdateRow",
    "check_rows",
    "parse_range",
    "plan_downgrade",
    "plan_stamp",
    "plan_upgrade",
    "rows_after",
]

_PLANNERS = frozenset({"plan_downgrade", "plan_stamp", "plan_upgrade"})


def __getattr__(name: str) -> object:
    """Load the plan modules for the names that live there."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from runner.graph import plan, planner

    found: object = getattr(planner if name in _PLANNERS else plan, name)
    globals()[name] = found
    return found

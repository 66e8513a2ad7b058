"""Plan: what a run will do, as a value. Floor 1; nothing here decides or executes."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

__all__ = [
    "DeleteRow",
    "Direction",
    "InsertRow",
    "Plan",
    "RowChange",
    "Step",
    "UpdateRow",
    "rows_after",
    "taken_back",
]


class Direction(enum.Enum):
    """What a plan does with revisions."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    STAMP = "stamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertRow:
    """A new row in the version table."""

    revision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRow:
    """The row `old` becomes `new`."""

    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRow:
    """A row leaves the version table."""

    revision: str


RowChange = InsertRow | UpdateRow | DeleteRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One revision's turn, with what it does to the version table.

    Args:
        direction: upgrade, downgrade or stamp.
        movement: which way the rows move; differs from the direction for a stamp only.
        revision: whose `upgrade()` or `downgrade()` runs; for a stamp the new row, or the deleted one.
        sources: the ids before the arrow in `a -> b`, in declared order; dependencies are left out.
        destinations: the ids after the arrow.
        dependencies: what the revision depends on beside its parents; none for a stamp.
        row_changes: the changes, in the order to make them; each must match exactly one row.
        heads_after: the version rows after the step, sorted.
    """

    direction: Direction
    movement: Direction
    revision: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    dependencies: tuple[str, ...] = ()
    row_changes: tuple[RowChange, ...]
    heads_after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps that lead from some version rows to others; false when there is nothing to do.

    Args:
        direction: what every step does.
        steps: in the order to run them.
        start_heads: the version rows before, sorted.
        end_heads: the version rows after, sorted.
    """

    direction: Direction
    steps: tuple[Step, ...]
    start_heads: tuple[str, ...]
    end_heads: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)


def rows_after(rows: Iterable[str], changes: Iterable[RowChange]) -> tuple[str, ...]:
    """Return the version rows after the changes, sorted.

    Raises:
        ValueError: a change does not match exactly one row.
    """
    present = set(rows)
    for change in changes:
        match change:
            case InsertRow(revision=new):
                _add(present, new)
            case DeleteRow(revision=old):
                _remove(present, old)
            case UpdateRow(old=old, new=new):
                _remove(present, old)
                _add(present, new)
    return tuple(sorted(present))


def taken_back(steps: Sequence[Step], start_heads: Sequence[str]) -> tuple[Step, ...]:
    """Return the downgrade that leads from the end of an upgrade back to exactly the rows it started from.

    Args:
        steps: of the upgrade.
        start_heads: the version rows before it.
    """
    before = [tuple(sorted(start_heads)), *(step.heads_after for step in steps)]
    return tuple(_opposite(step, before[number]) for number, step in reversed(list(enumerate(steps))))


def _opposite(step: Step, heads_before: tuple[str, ...]) -> Step:
    return Step(
        direction=Direction.DOWNGRADE,
        movement=Direction.DOWNGRADE,
        revision=step.revision,
        sources=step.destinations,
        destinations=step.sources,
        dependencies=step.dependencies,
        row_changes=tuple(_undone(change) for change in reversed(step.row_changes)),
        heads_after=heads_before,
    )


def _undone(change: RowChange) -> RowChange:
    match change:
        case InsertRow(revision=new):
            return DeleteRow(revision=new)
        case DeleteRow(revision=old):
            return InsertRow(revision=old)
        case UpdateRow(old=old, new=new):
            return UpdateRow(old=new, new=old)


def _add(present: set[str], row: str) -> None:
    if row in present:
        raise ValueError(f"row {row} exists already")
    present.add(row)


def _remove(present: set[str], row: str) -> None:
    if row not in present:
        raise ValueError(f"no row {row}")
    present.remove(row)

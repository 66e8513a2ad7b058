"""The order of the columns of a rebuilt table (floor 2). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from runner.errors import OperationError

__all__ = ["in_partial_order"]


def in_partial_order(names: Sequence[str], orderings: Iterable[Sequence[str]]) -> list[str]:
    """Return the names in an order that honours every given one.

    In each pass the names that nothing unplaced has to precede are placed, in their present order.

    Args:
        names: the present order.
        orderings: each says which names follow which, in the order wanted.

    Raises:
        OperationError: the orderings contradict each other, or name an unknown column.

    >>> in_partial_order(["id", "a", "b", "c"], [("c", "a")])
    ['id', 'b', 'c', 'a']
    """
    before: dict[str, set[str]] = {name: set() for name in names}
    for ordering in orderings:
        for name in ordering:
            if name not in before:
                raise OperationError(f"The order of columns names {name!r}, which is not a column of the table.")
        for first, second in pairwise(ordering):
            before[second].add(first)
    placed: list[str] = []
    waiting = list(names)
    while waiting:
        free = [name for name in waiting if not before[name] - set(placed)]
        if not free:
            raise OperationError(f"The order of the columns {', '.join(waiting)} contradicts itself.")
        placed += free
        waiting = [name for name in waiting if name not in free]
    return placed

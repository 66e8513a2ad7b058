"""Locks that stay while a later statement of the same transaction takes long. Pure.

A file is one transaction, so what its first statement locks is free again after its last. A lock that is taken for a
moment thus becomes a long one when something long follows, on whatever table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runner.artifact.analysis import Hazard, HazardKind, StatementFacts, TableLock, Work
from runner.artifact.analysis.facts import code, strength
from runner.dialects.postgresql_locks import LockMode

__all__ = ["held_in_files"]

_SHOWN = 4


class _Held:
    """What one transaction has locked so far, of what others want to read or write."""

    def __init__(self) -> None:
        self._locks: dict[str, TableLock] = {}

    def next(self, facts: StatementFacts) -> Hazard | None:
        """Take note of a statement; return the hazard of the locks that stay while it runs."""
        hazard = self._hazard(facts) if _takes_long(facts) else None
        for lock in facts.locks:
            if lock.is_named and not lock.is_new and strength(lock.mode) >= strength(LockMode.SHARE):
                known = self._locks.get(lock.table)
                if known is None or strength(known.mode) < strength(lock.mode):
                    self._locks[lock.table] = lock
        return hazard

    def _hazard(self, facts: StatementFacts) -> Hazard | None:
        own = facts.tables[:1]
        waiting = [lock for lock in self._locks.values() if lock.table not in own]
        if not waiting:
            return None
        verb = "stays" if len(waiting) == 1 else "stay"
        text = f"While it runs, {_listed(waiting)} {verb} locked by statements before it: the file is one transaction."
        advice = "Put what takes long into a revision, and a bundle, of its own."
        return Hazard(kind=HazardKind.LONG_LOCK, text=text, advice=advice)


def _takes_long(facts: StatementFacts) -> bool:
    """Tell whether a statement takes the longer the more rows there are."""
    if all(lock.is_new for lock in facts.locks):
        return False
    in_bulk = any(hazard.kind is HazardKind.ROWS_IN_BULK for hazard in facts.hazards)
    return in_bulk or facts.work in {Work.SCAN, Work.REWRITE}


def _listed(locks: Iterable[TableLock]) -> str:
    ordered = sorted(locks, key=lambda lock: (-strength(lock.mode), lock.table))
    names = [f"{code(lock.table)} ({lock.mode.value})" for lock in ordered[:_SHOWN]]
    more = len(ordered) - len(names)
    if more:
        names.append(f"{more} more" if more > 1 else "one more")
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def held_in_files(statements: Iterable[tuple[str, StatementFacts, str]]) -> Mapping[str, Hazard]:
    """Return anchor -> hazard of the locks that stay while a statement runs.

    Args:
        statements: (anchor, facts, file) of the statements in transactions, in the order in which they run.
    """
    files: dict[str, _Held] = {}
    found: dict[str, Hazard] = {}
    for anchor, facts, file in statements:
        hazard = files.setdefault(file, _Held()).next(facts)
        if hazard is not None:
            found[anchor] = hazard
    return found

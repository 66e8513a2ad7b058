"""What is known of one statement: locks, work, hazards. Pure values; nothing here reads SQL.

Where PostgreSQL's behaviour depends on what only the database knows, the stronger lock and the greater work are said.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace

from runner.dialects.postgresql_locks import LockMode

__all__ = [
    "BLOCKS",
    "NOTHING_KNOWN",
    "Hazard",
    "HazardKind",
    "Severity",
    "StatementFacts",
    "TableLock",
    "Work",
    "code",
    "ordered",
    "strength",
    "strongest",
    "together",
    "with_hazards",
]


class Work(enum.Enum):
    """What happens to the rows that are there while the locks are held; least first."""

    NOTHING = "nothing"
    """Only the catalogue changes."""
    ROWS = "rows"
    """Reads or changes the rows its condition names."""
    SCAN = "scan"
    """Reads every row."""
    REWRITE = "rewrite"
    """Writes every row anew, and every index."""
    UNKNOWN = "unknown"
    """Not to be told from the statement."""

    @property
    def rank(self) -> int:
        """Return the place in the order of what one expects of it; unknown is the worst."""
        return list(Work).index(self)


class Severity(enum.Enum):
    """How much a hazard matters; worst first."""

    DANGER = "danger"
    WARNING = "warning"
    NOTE = "note"


class HazardKind(enum.Enum):
    """What can go wrong, by a stable key; worst first."""

    DATA_LOSS = "data-loss"
    LONG_LOCK = "long-lock"
    NOT_REVERSIBLE = "not-reversible"
    BREAKS_APPLICATION = "breaks-application"
    MAY_FAIL = "may-fail"
    ROWS_IN_BULK = "rows-in-bulk"
    NO_TRANSACTION = "no-transaction"
    ACCESS_RIGHTS = "access-rights"
    UNKNOWN = "unknown"

    @property
    def title(self) -> str:
        """Return the words of a heading."""
        return _TITLES[self][0]

    @property
    def severity(self) -> Severity:
        """Return how much it matters."""
        return _TITLES[self][1]

    @property
    def rank(self) -> int:
        """Return the place in the order of importance."""
        return list(HazardKind).index(self)


_TITLES = {
    HazardKind.DATA_LOSS: ("Data is lost", Severity.DANGER),
    HazardKind.LONG_LOCK: ("Long lock", Severity.DANGER),
    HazardKind.NOT_REVERSIBLE: ("Not reversible", Severity.WARNING),
    HazardKind.BREAKS_APPLICATION: ("Breaks a running application", Severity.WARNING),
    HazardKind.MAY_FAIL: ("Depends on the data", Severity.NOTE),
    HazardKind.ROWS_IN_BULK: ("Many rows at once", Severity.WARNING),
    HazardKind.NO_TRANSACTION: ("Outside a transaction", Severity.WARNING),
    HazardKind.ACCESS_RIGHTS: ("Access rights change", Severity.NOTE),
    HazardKind.UNKNOWN: ("Effect unknown", Severity.WARNING),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One thing that can go wrong.

    Args:
        kind: what.
        text: one sentence about this statement.
        advice: how to do without, if there is a way; Markdown's backquotes mark code.
    """

    kind: HazardKind
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLock:
    """A lock on a table, or on tables described by words.

    Args:
        table: the name as it stands in the statement, or what the tables have in common.
        mode: the lock.
        is_named: `table` is a name.
        is_new: the same script made the table, so nobody waits for it.
    """

    table: str
    mode: LockMode
    is_named: bool = True
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFacts:
    """What one statement does to the others.

    Args:
        locks: on tables that were there before, strongest first.
        work: with their rows.
        hazards: worst first.
        is_known: the locks and the work are all there are. False: `note` says what is not known.
        note: a sentence about what is not known, or what the facts depend on.
        creates: names of the tables that did not exist before.
        renames: (old name, new name) of tables.
        advice: how to spare the others where the work is long.
        is_transactional: runs in a transaction.
    """

    locks: tuple[TableLock, ...] = ()
    work: Work = Work.NOTHING
    hazards: tuple[Hazard, ...] = ()
    is_known: bool = True
    note: str = ""
    creates: tuple[str, ...] = ()
    renames: tuple[tuple[str, str], ...] = ()
    advice: str = ""
    is_transactional: bool = True

    @property
    def lock(self) -> LockMode | None:
        """Return the strongest lock on a table that others may be using; None for none."""
        modes = [lock.mode for lock in self.locks if not lock.is_new]
        return max(modes, key=strength, default=None)

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the named tables, strongest lock first."""
        return tuple(dict.fromkeys(lock.table for lock in self.locks if lock.is_named))

    @property
    def blocks(self) -> str:
        """Return who has to wait until the end of the transaction; empty for nobody."""
        if self.lock is None:
            return ""
        return BLOCKS[self.lock]


BLOCKS = {
    LockMode.ACCESS_SHARE: "DROP, ALTER and TRUNCATE of the table",
    LockMode.ROW_SHARE: "DDL, and changes of the rows it locks",
    LockMode.ROW_EXCLUSIVE: "DDL, and changes of the same rows",
    LockMode.SHARE_UPDATE_EXCLUSIVE: "other DDL and VACUUM",
    LockMode.SHARE: "writes",
    LockMode.SHARE_ROW_EXCLUSIVE: "writes",
    LockMode.EXCLUSIVE: "writes",
    LockMode.ACCESS_EXCLUSIVE: "reads and writes",
}
"""Mode -> who waits, in words that complete "blocks ..."."""

NOTHING_KNOWN = StatementFacts(is_known=False, work=Work.UNKNOWN)


_STRENGTHS = {mode: place for place, mode in enumerate(LockMode)}


def strength(mode: LockMode) -> int:
    """Return the place of a mode in the order of strength."""
    return _STRENGTHS[mode]


def together(parts: Iterable[StatementFacts]) -> StatementFacts:
    """Return the facts of statements that are carried out as one."""
    found = tuple(parts)
    return StatementFacts(
        locks=strongest(lock for part in found for lock in part.locks),
        work=max((part.work for part in found), key=lambda work: work.rank, default=Work.NOTHING),
        hazards=ordered(hazard for part in found for hazard in part.hazards),
        is_known=all(part.is_known for part in found),
        note=" ".join(dict.fromkeys(part.note for part in found if part.note)),
        creates=tuple(dict.fromkeys(name for part in found for name in part.creates)),
        renames=tuple(dict.fromkeys(pair for part in found for pair in part.renames)),
        advice=next((part.advice for part in found if part.advice), ""),
        is_transactional=all(part.is_transactional for part in found),
    )


def strongest(locks: Iterable[TableLock]) -> tuple[TableLock, ...]:
    """Return one lock per table, the strongest, and those first."""
    by_table: dict[str, TableLock] = {}
    for lock in locks:
        known = by_table.get(lock.table)
        if known is None or strength(lock.mode) > strength(known.mode):
            by_table[lock.table] = lock
    return tuple(sorted(by_table.values(), key=lambda lock: (-strength(lock.mode), not lock.is_named, lock.table)))


def ordered(hazards: Iterable[Hazard]) -> tuple[Hazard, ...]:
    """Return each hazard once, worst first."""
    return tuple(sorted(dict.fromkeys(hazards), key=lambda hazard: hazard.kind.rank))


def with_hazards(facts: StatementFacts, *hazards: Hazard) -> StatementFacts:
    """Return the facts with more hazards."""
    return replace(facts, hazards=ordered((*facts.hazards, *hazards))) if hazards else facts


def code(name: str) -> str:
    """Return a name as code inside a sentence."""
    return "`" + name.replace("`", "'") + "`"

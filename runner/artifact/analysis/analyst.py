"""The facts of a statement: from its text, from its construct, and from the statements before it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from runner.artifact.analysis.constructs import with_narrowing, with_rule
from runner.artifact.analysis.definitions import definition
from runner.artifact.analysis.facts import (
    NOTHING_KNOWN,
    Hazard,
    HazardKind,
    StatementFacts,
    Work,
    code,
    strength,
    together,
    with_hazards,
)
from runner.artifact.analysis.portable import portable
from runner.artifact.analysis.queries import parsed, query
from runner.artifact.analysis.words import Statement, Unreadable, split
from runner.artifact.recording import RecordedStatement, Recording, Role
from runner.dialects.postgresql_locks import LockMode

__all__ = ["POSTGRESQL", "analyse", "analyse_all"]

POSTGRESQL = "postgresql"
_NOBODY_KNOWS = "This statement is not known."
_NOT_READABLE = "The text cannot be taken apart: a string or a comment in it has no end."


def analyse(
    statement: RecordedStatement, dialect_name: str, new_tables: AbstractSet[str] = frozenset()
) -> StatementFacts:
    """Return what a statement does to the others.

    Args:
        statement: one of a recording.
        dialect_name: SQLAlchemy's name of the dialect; locks are known for PostgreSQL only.
        new_tables: tables that the same script made before: nobody waits for them.
    """
    try:
        statements = split(statement.sql, dialect_name)
    except Unreadable:
        return _finished(replace(NOTHING_KNOWN, note=_NOT_READABLE), statement, dialect_name, new_tables)
    if dialect_name == POSTGRESQL:
        facts = with_rule(statement.construct, together(_postgresql(one) for one in statements))
    else:
        facts = together(portable(one, dialect_name, new_tables) for one in statements)
        facts = replace(facts, is_known=not statements, work=Work.UNKNOWN if statements else Work.NOTHING)
    return _finished(with_narrowing(statement.construct, facts), statement, dialect_name, new_tables)


def _postgresql(statement: Statement) -> StatementFacts:
    tree = parsed(statement, POSTGRESQL)
    facts = query(statement, tree) if tree is not None else definition(statement.read())
    return facts if facts is not None else replace(NOTHING_KNOWN, note=_NOBODY_KNOWS)


def _finished(
    facts: StatementFacts, statement: RecordedStatement, dialect_name: str, new_tables: AbstractSet[str]
) -> StatementFacts:
    """Return the facts with what follows from them and from where the statement stands."""
    locks = tuple(replace(lock, is_new=lock.is_named and lock.table in new_tables) for lock in facts.locks)
    facts = replace(facts, locks=locks, is_transactional=statement.transactional)
    facts = replace(facts, hazards=tuple(one for one in facts.hazards if not _spared(one, facts, new_tables)))
    return with_hazards(facts, *_consequences(facts, dialect_name))


def _spared(hazard: Hazard, facts: StatementFacts, new_tables: AbstractSet[str]) -> bool:
    """Tell whether a hazard is none because the table is new: no application knows it, no row is in it."""
    if hazard.kind not in {HazardKind.BREAKS_APPLICATION, HazardKind.MAY_FAIL, HazardKind.LONG_LOCK}:
        return False
    return bool(facts.tables) and all(table in new_tables for table in facts.tables[:1])


def _consequences(facts: StatementFacts, dialect_name: str) -> Iterator[Hazard]:
    long = _long_lock(facts)
    if long is not None:
        yield long
    if not facts.is_transactional and _changes_something(facts):
        text = "If it fails half-way, what it has done stays; the files before it are committed by then."
        yield Hazard(kind=HazardKind.NO_TRANSACTION, text=text)
    if not facts.is_known and dialect_name == POSTGRESQL:
        yield Hazard(kind=HazardKind.UNKNOWN, text=facts.note or _NOBODY_KNOWS)


def _changes_something(facts: StatementFacts) -> bool:
    weak = facts.lock is None or facts.lock is LockMode.ACCESS_SHARE
    return not weak or not facts.is_known or bool(facts.creates)


def _long_lock(facts: StatementFacts) -> Hazard | None:
    """Return the hazard of a lock that is held as long as rows are read or written."""
    held = [lock for lock in facts.locks if not lock.is_new and strength(lock.mode) >= strength(LockMode.SHARE)]
    if not held or facts.work not in {Work.SCAN, Work.REWRITE}:
        return None
    first = held[0]
    table = code(first.table) if first.is_named else first.table
    does = "is written anew, with its indexes," if facts.work is Work.REWRITE else "is read from end to end"
    subject = table if first.is_named else f"What it works on ({table})"
    text = f"{subject} {does} under {first.mode.value}: {facts.blocks} wait until the transaction ends."
    return Hazard(kind=HazardKind.LONG_LOCK, text=text, advice=facts.advice)


# --- a whole recording ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Made:
    """The tables that the statements so far have made."""

    names: frozenset[str] = frozenset()

    def after(self, facts: StatementFacts) -> None:
        """Take note of one more statement."""
        renamed = {new for old, new in facts.renames if old in self.names}
        self.names = (self.names - {old for old, _ in facts.renames}) | renamed | frozenset(facts.creates)


def analyse_all(recording: Recording) -> Mapping[str, tuple[StatementFacts, ...]]:
    """Return the facts of each revision's own statements: revision -> facts, in the order of the statements."""
    made = _Made()
    found: dict[str, tuple[StatementFacts, ...]] = {}
    for revision in recording.revisions:
        found[revision.revision] = tuple(_in_turn(revision.own_statements, recording.dialect_name, made))
    return found


def _in_turn(statements: Iterable[RecordedStatement], dialect_name: str, made: _Made) -> Iterator[StatementFacts]:
    for statement in statements:
        if statement.role is Role.TEXT:
            yield StatementFacts(is_transactional=statement.transactional)
            continue
        facts = analyse(statement, dialect_name, made.names)
        made.after(facts)
        yield facts

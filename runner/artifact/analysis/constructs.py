"""What the construct of an operation tells beyond its text: the old type, options, the rule of the lock table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.types import Date, DateTime, Float, Integer, Numeric, SmallInteger, String, Text, TypeEngine

from runner.artifact.analysis.facts import (
    Hazard,
    HazardKind,
    StatementFacts,
    TableLock,
    Work,
    code,
    strength,
    with_hazards,
)
from runner.dialects.ddl import ColumnType
from runner.dialects.postgresql import PostgresqlColumnType
from runner.dialects.postgresql_locks import LockRule, TableWork, rule_for

__all__ = ["narrowing", "with_rule"]

_WORK = {TableWork.NOTHING: Work.NOTHING, TableWork.SCAN: Work.SCAN, TableWork.REWRITE: Work.REWRITE}
_KEEPS_BYTES = "alter-column-type-compatible"


def with_rule(construct: object, facts: StatementFacts) -> StatementFacts:
    """Return PostgreSQL's facts of the text, corrected by what is known of the construct."""
    rule = rule_for(construct)
    if rule is None:
        return facts
    found = replace(facts, locks=_locks(rule, facts), advice=rule.advice or facts.advice)
    if rule.work is not TableWork.NOTHING or facts.work is not Work.ROWS:
        found = replace(found, work=_WORK[rule.work])
    if not facts.is_known and "CASCADE" not in facts.note:
        found = replace(found, is_known=True, note="")
    if rule.name == _KEEPS_BYTES:  # every value fits the new type, and is right for it as it is
        found = replace(found, note="", hazards=())
    return found


def _locks(rule: LockRule, facts: StatementFacts) -> tuple[TableLock, ...]:
    """Return the locks of the text; the rule's where the text was not understood, or shows a weaker one."""
    if rule.lock is None or (facts.lock is not None and strength(facts.lock) >= strength(rule.lock)):
        return facts.locks
    main, others = facts.locks[:1], facts.locks[1:]
    table = main[0] if main else TableLock(table="the table", mode=rule.lock, is_named=False)
    return (replace(table, mode=rule.lock), *others)


# --- types that take less ------------------------------------------------------------------------------------------


def narrowing(construct: object) -> Hazard | None:
    """Return the hazard of a column whose new type takes less than the old one; None for any other."""
    if not isinstance(construct, ColumnType | PostgresqlColumnType) or construct.existing_type is None:
        return None
    old, new = construct.existing_type, construct.type_
    if not _takes_less(old, new):
        return None
    return Hazard(
        kind=HazardKind.DATA_LOSS,
        text=f"Narrows {code(str(construct.column_name))} of {code(str(construct.table_name))} from {code(_shown(old))}"
        f" to {code(_shown(new))}: values that do not fit are cut, rounded or refused.",
    )


def with_narrowing(construct: object, facts: StatementFacts) -> StatementFacts:
    """Return the facts with the hazard of a narrower type, if it is one."""
    hazard = narrowing(construct)
    return facts if hazard is None else with_hazards(facts, hazard)


def _shown(type_: TypeEngine[Any]) -> str:
    return repr(type_)


def _takes_less(old: TypeEngine[Any], new: TypeEngine[Any]) -> bool:
    if isinstance(old, String) and isinstance(new, String):
        return _length(new) < _length(old)
    if isinstance(old, Integer) and isinstance(new, Integer):
        return _size(new) < _size(old)
    if isinstance(old, Numeric | Float) and isinstance(new, Integer):
        return True
    if isinstance(old, Numeric) and isinstance(new, Numeric):
        return _is_smaller_number(old, new)
    if isinstance(old, DateTime):
        return isinstance(new, Date) or (isinstance(new, DateTime) and old.timezone and not new.timezone)
    return False


def _length(type_: String) -> float:
    return float("inf") if type_.length is None or isinstance(type_, Text) else type_.length


def _size(type_: Integer) -> int:
    return {"SMALLINT": 2, "SMALL_INTEGER": 2, "BIGINT": 8, "BIG_INTEGER": 8}.get(
        type_.__visit_name__.upper(), 2 if isinstance(type_, SmallInteger) else 4
    )


def _is_smaller_number(old: Numeric[Any], new: Numeric[Any]) -> bool:
    if new.precision is None:
        return False
    if old.precision is None:
        return True
    old_scale, new_scale = old.scale or 0, new.scale or 0
    return new_scale < old_scale or new.precision - new_scale < old.precision - old_scale

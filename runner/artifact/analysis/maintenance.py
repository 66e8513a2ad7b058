"""What PostgreSQL's statements lock that tend tables and move their rows: REFRESH to COPY. Words as for definitions.

Source: PostgreSQL manual, SQL Commands and 13.3 Explicit Locking.
"""

from __future__ import annotations

from dataclasses import replace

from runner.artifact.analysis.alter_table import REFERENCED, also, on
from runner.artifact.analysis.facts import StatementFacts, TableLock, Work, code, together
from runner.artifact.analysis.words import Words
from runner.dialects.postgresql_locks import LockMode

__all__ = ["READ_BY_IT", "analyze", "cluster", "copy", "refresh", "reindex", "vacuum"]

_AE, _SUE = LockMode.ACCESS_EXCLUSIVE, LockMode.SHARE_UPDATE_EXCLUSIVE
READ_BY_IT = "tables that its query reads"


def refresh(words: Words) -> StatementFacts:
    """Return what REFRESH MATERIALIZED VIEW locks and reads."""
    words.take("MATERIALIZED", "VIEW")
    if words.take("CONCURRENTLY"):
        facts = on(words.name(), LockMode.EXCLUSIVE, Work.SCAN)
        facts = replace(facts, note="The view can be read meanwhile.")
    else:
        facts = on(words.name(), _AE, Work.REWRITE, advice="`CONCURRENTLY`, where the view has a unique index.")
    return also(facts, READ_BY_IT, LockMode.ACCESS_SHARE, is_named=False)


def reindex(words: Words) -> StatementFacts | None:
    """Return what REINDEX locks and reads."""
    options = words.parenthesis()
    what = words.take_one_of("INDEX", "TABLE")
    if not what:
        return None
    concurrently = words.take("CONCURRENTLY") or options.has("CONCURRENTLY")
    name = words.name()
    mode = _SUE if concurrently else LockMode.SHARE
    if what == "TABLE":
        facts = on(name, mode, Work.SCAN)
    else:
        facts = StatementFacts(
            locks=(TableLock(table=f"the table of the index {code(name)}", mode=mode, is_named=False),)
        )
        facts = replace(facts, work=Work.SCAN)
    if concurrently:
        return facts
    note = "Reads that would use the index wait, too: the index itself is locked in ACCESS EXCLUSIVE."
    return replace(facts, note=note, advice="`REINDEX ... CONCURRENTLY`, outside a transaction.")


def cluster(words: Words) -> StatementFacts | None:
    """Return what CLUSTER locks and reads."""
    words.parenthesis()
    words.take("VERBOSE")
    name = words.name()
    return on(name, _AE, Work.REWRITE) if name else None


def vacuum(words: Words) -> StatementFacts:
    """Return what VACUUM locks and reads."""
    options = words.parenthesis()
    full = options.has("FULL")
    while word := words.take_one_of("FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE"):
        full = full or word == "FULL"
    return _maintenance(words, _AE if full else _SUE, Work.REWRITE if full else Work.SCAN)


def analyze(words: Words) -> StatementFacts:
    """Return what ANALYZE locks and reads."""
    words.parenthesis()
    words.take("VERBOSE")
    return _maintenance(words, _SUE, Work.ROWS)


def _maintenance(words: Words, mode: LockMode, work: Work) -> StatementFacts:
    names = []
    for part in words.parts():
        part.take("ONLY")
        names.append(part.name())
    if names:
        return together(on(name, mode, work) for name in names)
    return StatementFacts(locks=(TableLock(table="every table, one by one", mode=mode, is_named=False),), work=work)


def copy(words: Words) -> StatementFacts | None:
    """Return what COPY locks and reads."""
    table = words.name()
    words.parenthesis()
    if not table:
        return None
    if words.take("FROM"):
        return also(on(table, LockMode.ROW_EXCLUSIVE, Work.ROWS), REFERENCED, LockMode.ROW_SHARE, is_named=False)
    return on(table, LockMode.ACCESS_SHARE, Work.SCAN)

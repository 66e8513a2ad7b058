"""Hazards that do not depend on the database: what is dropped, emptied and renamed. Not: locks."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from runner.artifact.analysis.alter_table import dropped_column, renamed
from runner.artifact.analysis.definitions import dropped_table
from runner.artifact.analysis.facts import Hazard, HazardKind, StatementFacts, code, ordered
from runner.artifact.analysis.queries import bulk_hazards, parsed
from runner.artifact.analysis.words import Statement, Words

__all__ = ["portable"]

_COPY = "_alembic_tmp_"
"""What a batch block calls the new table until it takes the place of the old one."""
_NO_COLUMNS = ("CONSTRAINT", "INDEX", "KEY", "PRIMARY", "FOREIGN", "CHECK", "PARTITION", "DEFAULT")


def portable(statement: Statement, dialect_name: str, new_tables: AbstractSet[str]) -> StatementFacts:
    """Return what is known of a statement on a database whose locks are not."""
    words = statement.read()
    if words.take("CREATE", "TABLE"):
        conditional = words.take("IF", "NOT", "EXISTS")
        return StatementFacts(is_known=False, creates=() if conditional else (words.name(),))
    if words.take("ALTER", "TABLE"):
        return _alter(words)
    return StatementFacts(is_known=False, hazards=ordered(_hazards(statement, words, dialect_name, new_tables)))


def _alter(words: Words) -> StatementFacts:
    words.take("IF", "EXISTS")
    table = words.name()
    hazards: list[Hazard] = []
    renames: list[tuple[str, str]] = []
    for action in words.parts():
        if action.take("RENAME"):
            action.take_any("AS")
            if action.take("TO"):
                renames.append((table, action.name()))
                if not table.startswith(_COPY):
                    hazards.append(renamed(f"table {code(table)}"))
            elif not action.take_one_of("INDEX", "KEY", "CONSTRAINT"):
                action.take("COLUMN")
                hazards.append(renamed(f"column {code(action.name())} of {code(table)}"))
        elif action.take("DROP") and not any(action.next_is(word) for word in _NO_COLUMNS):
            action.take("COLUMN")
            action.take("IF", "EXISTS")
            hazards += dropped_column(table, action.name())
    return StatementFacts(is_known=False, hazards=ordered(hazards), renames=tuple(renames))


def _hazards(statement: Statement, words: Words, dialect_name: str, new_tables: AbstractSet[str]) -> Iterator[Hazard]:
    if words.take("DROP", "TABLE"):
        words.take("IF", "EXISTS")
        for name in words.names():
            if _COPY + name in new_tables:
                yield Hazard(
                    kind=HazardKind.LONG_LOCK,
                    text=f"Copies every row of {code(name)} into a new table that takes its place.",
                )
            else:
                yield from dropped_table(name)
    elif words.take("TRUNCATE"):
        words.take("TABLE")
        for name in words.names():
            yield Hazard(kind=HazardKind.DATA_LOSS, text=f"Empties the table {code(name)}.")
    elif words.take("EXEC", "SP_RENAME"):
        yield renamed("object")
    else:
        tree = parsed(statement, dialect_name)
        if tree is not None:
            yield from bulk_hazards(tree)

"""What PostgreSQL's other statements lock: CREATE, DROP, ALTER of what is no table, and the rest. Not: queries.

Source: PostgreSQL manual, SQL Commands and 13.3 Explicit Locking. A test runs the forms on real servers and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from runner.artifact.analysis.alter_table import (
    CASCADES,
    DEPENDENTS,
    REFERENCED,
    also,
    alter_table,
    on,
    renamed,
    unknown,
    violated,
)
from runner.artifact.analysis.facts import (
    NOTHING_KNOWN,
    Hazard,
    HazardKind,
    StatementFacts,
    TableLock,
    Work,
    code,
    together,
)
from runner.artifact.analysis.maintenance import READ_BY_IT, analyze, cluster, copy, refresh, reindex, vacuum
from runner.artifact.analysis.words import Words
from runner.dialects.postgresql_locks import LockMode

__all__ = ["CONCURRENTLY", "definition", "dropped_table", "enum_value"]

_SHARE, _SUE, _SRE = LockMode.SHARE, LockMode.SHARE_UPDATE_EXCLUSIVE, LockMode.SHARE_ROW_EXCLUSIVE
_AE = LockMode.ACCESS_EXCLUSIVE
_NOTHING = StatementFacts()
CONCURRENTLY = "`CONCURRENTLY`, outside a transaction: an `autocommit_block()` of the revision."
_Reader = Callable[[Words], StatementFacts | None]


def definition(words: Words) -> StatementFacts | None:
    """Return the facts of a statement that is no query; None for one that is not known."""
    for start, facts_of in _FORMS:
        if words.take(*start):
            return facts_of(words)
    return None


# --- CREATE --------------------------------------------------------------------------------------------------------


def _create(words: Words) -> StatementFacts | None:
    replaces = words.take("OR", "REPLACE")
    words.take_any("GLOBAL", "LOCAL", "UNLOGGED", "RECURSIVE", "TRUSTED", "PROCEDURAL", "DEFAULT")
    temporary = words.take_one_of("TEMP", "TEMPORARY")
    if words.take("TABLE"):
        return _create_table(words, is_temporary=bool(temporary))
    words.take_any("UNLOGGED", "RECURSIVE")
    if words.take("VIEW"):
        name = words.name()
        facts = on(name, _AE) if replaces else replace(_NOTHING, creates=(name,))
        return also(facts, READ_BY_IT, LockMode.ACCESS_SHARE, is_named=False)
    if words.take("MATERIALIZED", "VIEW"):
        words.take("IF", "NOT", "EXISTS")
        facts = replace(_NOTHING, work=Work.ROWS, creates=(words.name(),))
        return also(facts, READ_BY_IT, LockMode.ACCESS_SHARE, is_named=False)
    for start, facts_of in _CREATES:
        if words.take(*start):
            return facts_of(words)
    return None


def _create_table(words: Words, *, is_temporary: bool) -> StatementFacts:
    conditional = words.take("IF", "NOT", "EXISTS")
    name = words.name()
    facts = StatementFacts(creates=() if conditional or is_temporary else (name,))
    if words.take("PARTITION", "OF"):
        facts = also(facts, words.name(), _AE)
        facts = also(facts, "the default partition", _AE, is_named=False)
        facts = replace(
            facts, work=Work.SCAN, note="Only a default partition is read: for rows that belong into the new one."
        )
        return also(facts, REFERENCED, _SRE, is_named=False)
    columns = words.parenthesis()
    for referenced in _references(columns):
        facts = also(facts, referenced, _SRE)
    for part in columns.parts():
        if part.take("LIKE"):
            facts = also(facts, part.name(), LockMode.ACCESS_SHARE)
    if words.take("INHERITS"):
        for part in words.parenthesis().parts():
            facts = also(facts, part.name(), _SUE)
    if words.after("AS") is not None:
        facts = also(replace(facts, work=Work.ROWS), READ_BY_IT, LockMode.ACCESS_SHARE, is_named=False)
    return facts


def _references(words: Words) -> Iterator[str]:
    rest = words
    while (found := rest.after("REFERENCES")) is not None:
        yield found.name() or REFERENCED
        rest = found


def _create_index(words: Words) -> StatementFacts:
    concurrently = words.take("CONCURRENTLY")
    words.take("IF", "NOT", "EXISTS")
    if not words.next_is("ON"):
        words.name()
    words.take("ON")
    words.take("ONLY")
    table = words.name()
    if concurrently:
        return on(table, _SUE, Work.SCAN)
    return on(table, _SHARE, Work.SCAN, advice=CONCURRENTLY)


def _create_unique_index(words: Words) -> StatementFacts:
    facts = _create_index(words)
    return replace(facts, hazards=violated("duplicate", unchecked=False))


def _create_trigger(words: Words) -> StatementFacts | None:
    table = words.after("ON")
    facts = on(table.name(), _SRE) if table else None
    referenced = words.after("FROM")
    return also(facts, referenced.name(), _SRE) if facts and referenced else facts


def _create_policy(words: Words) -> StatementFacts | None:
    table = words.after("ON")
    if table is None:
        return None
    name = table.name()
    return also(on(name, _AE, Work.NOTHING, _rights(name)), READ_BY_IT, LockMode.ACCESS_SHARE, is_named=False)


def _create_rule(words: Words) -> StatementFacts | None:
    table = words.after("TO")
    return also(on(table.name(), _AE), READ_BY_IT, LockMode.ROW_EXCLUSIVE, is_named=False) if table else None


def _create_statistics(words: Words) -> StatementFacts | None:
    table = words.after("FROM")
    return on(table.name(), _SUE) if table else None


def _create_extension(words: Words) -> StatementFacts:
    words.take("IF", "NOT", "EXISTS")
    return replace(NOTHING_KNOWN, note=f"The script of the extension {code(words.name())} decides what is locked.")


# --- DROP ----------------------------------------------------------------------------------------------------------


def _drop(words: Words) -> StatementFacts | None:
    for start, facts_of in _DROPS:
        if words.take(*start):
            cascades = words.has("CASCADE")
            words.take("IF", "EXISTS")
            facts = facts_of(words)
            return _cascading(facts) if facts is not None and cascades else facts
    return None


def _cascading(facts: StatementFacts) -> StatementFacts:
    return unknown(also(facts, "everything that depends on it", _AE, is_named=False), CASCADES)


def _drop_table(words: Words) -> StatementFacts:
    facts = together(on(name, _AE, Work.NOTHING, *dropped_table(name)) for name in words.names())
    return also(facts, REFERENCED, _AE, is_named=False)


def dropped_table(name: str) -> tuple[Hazard, Hazard]:
    """Return the hazards of a table that is dropped."""
    return (
        Hazard(
            kind=HazardKind.DATA_LOSS,
            text=f"Drops the table {code(name)} with all its rows.",
        ),
        Hazard(
            kind=HazardKind.BREAKS_APPLICATION,
            text=f"An application that still uses {code(name)} fails.",
            advice="Release a version that does not use the table first.",
        ),
    )


def _drop_index(words: Words) -> StatementFacts:
    concurrently = words.take("CONCURRENTLY")
    words.take("IF", "EXISTS")
    mode = _SUE if concurrently else _AE
    facts = _NOTHING
    for name in words.names():
        facts = also(facts, f"the table of the index {code(name)}", mode, is_named=False)
    return facts if concurrently else replace(facts, advice=CONCURRENTLY)


def _drop_relation(words: Words) -> StatementFacts:
    names = words.names()
    hazards = [
        Hazard(kind=HazardKind.BREAKS_APPLICATION, text=f"An application that still uses {code(name)} fails.")
        for name in names
    ]
    return together(on(name, _AE, Work.NOTHING, hazard) for name, hazard in zip(names, hazards, strict=True))


def _drop_on_table(words: Words) -> StatementFacts | None:
    table = words.after("ON")
    return on(table.name(), _AE) if table else None


def _drop_policy(words: Words) -> StatementFacts | None:
    table = words.after("ON")
    if table is None:
        return None
    name = table.name()
    return on(name, _AE, Work.NOTHING, _rights(name))


def _drop_schema(words: Words) -> StatementFacts:
    cascades = words.has("CASCADE")
    hazards = [
        Hazard(kind=HazardKind.DATA_LOSS, text=f"Drops the schema {code(name)} with everything in it.")
        for name in words.names()
        if cascades
    ]
    return replace(_NOTHING, hazards=tuple(hazards))


def _drop_extension(words: Words) -> StatementFacts:
    return replace(NOTHING_KNOWN, note=f"What belongs to the extension {code(words.name())} goes with it.")


def _nothing(_: Words) -> StatementFacts:
    return _NOTHING


# --- ALTER of what is no table -------------------------------------------------------------------------------------


def _alter(words: Words) -> StatementFacts | None:
    for start, facts_of in _ALTERS:
        if words.take(*start):
            return facts_of(words)
    return None


def _alter_index(words: Words) -> StatementFacts | None:
    if words.next_is("ALL"):
        return None
    words.take("IF", "EXISTS")
    index = words.name()
    if words.take_one_of("RENAME", "RESET") or words.next_is("SET", "("):
        return _on_index(index, _SUE)
    if words.take("SET", "TABLESPACE"):
        return replace(_on_index(index, _AE), work=Work.REWRITE)
    if words.take("ATTACH", "PARTITION"):
        facts = _on_index(index, LockMode.SHARE_UPDATE_EXCLUSIVE)
        return also(facts, f"the index {code(words.name())}, and its table", _SUE, is_named=False)
    return _on_index(index, _AE)


def _on_index(index: str, mode: LockMode) -> StatementFacts:
    return StatementFacts(
        locks=(TableLock(table=f"the index {code(index)}, and its table", mode=mode, is_named=False),)
    )


def _alter_view(words: Words) -> StatementFacts:
    words.take("IF", "EXISTS")
    name = words.name()
    hazards = (renamed(f"view {code(name)}"),) if words.take("RENAME", "TO") or words.take("SET", "SCHEMA") else ()
    return on(name, _AE, Work.NOTHING, *hazards)


def _alter_sequence(words: Words) -> StatementFacts:
    words.take("IF", "EXISTS")
    facts = on(words.name(), _AE)
    return also(facts, "the table that owns it", _SRE, is_named=False)


def _alter_type(words: Words) -> StatementFacts | None:
    name = words.name()
    if words.take("ADD", "VALUE"):
        return replace(_NOTHING, hazards=enum_value(name))
    if words.take("RENAME", "VALUE"):
        return replace(_NOTHING, hazards=(renamed(f"value of the enum type {code(name)}"),))
    if words.take("RENAME", "TO") or words.take("SET", "SCHEMA") or words.take("OWNER", "TO"):
        return _NOTHING
    return None


def enum_value(name: str) -> tuple[Hazard, ...]:
    """Return the hazards of a value that is added to an enum type."""
    return (
        Hazard(
            kind=HazardKind.NOT_REVERSIBLE,
            text=f"PostgreSQL cannot remove a value from the enum type {code(name)} again.",
        ),
    )


_TABLES_OF_DOMAIN = "every table with a column of the domain"


def _alter_domain(words: Words) -> StatementFacts:
    words.name()
    checks = words.next_is("ADD") or words.next_is("VALIDATE") or words.next_is("SET", "NOT")
    if not checks or words.has("NOT", "VALID"):
        return _NOTHING
    hazards = violated("value that violates it", unchecked=False)
    facts = replace(_NOTHING, work=Work.SCAN, hazards=hazards)
    return also(facts, _TABLES_OF_DOMAIN, _SHARE, is_named=False)


def _alter_on_table(words: Words) -> StatementFacts | None:
    table = words.after("ON")
    return on(table.name(), _AE) if table else None


# --- the rest ------------------------------------------------------------------------------------------------------


def _truncate(words: Words) -> StatementFacts:
    words.take("TABLE")
    cascades = words.has("CASCADE")
    names = words.names()
    hazards = [Hazard(kind=HazardKind.DATA_LOSS, text=f"Empties the table {code(name)}.") for name in names]
    facts = together(on(name, _AE, Work.NOTHING, hazard) for name, hazard in zip(names, hazards, strict=True))
    if words.has("RESTART", "IDENTITY"):
        facts = also(facts, "their sequences", _AE, is_named=False)
    if not cascades:
        return facts
    hazard = Hazard(kind=HazardKind.DATA_LOSS, text="CASCADE also empties every table that refers to one of these.")
    facts = replace(facts, hazards=(*facts.hazards, hazard))
    return unknown(
        also(facts, DEPENDENTS, _AE, is_named=False), "CASCADE empties tables that the statement does not name."
    )


def _lock_table(words: Words) -> StatementFacts | None:
    words.take("TABLE")
    names = words.names()
    mode = _AE
    if words.take("IN"):
        spelled = " ".join(word.key for word in words.rest()).partition(" MODE")[0]
        mode = next((mode for mode in LockMode if mode.value == spelled), _AE)
    return together(on(name, mode) for name in names) if names else None


def _comment(words: Words) -> StatementFacts | None:
    if words.take_one_of("TABLE", "VIEW", "FOREIGN", "SEQUENCE") or words.take("MATERIALIZED", "VIEW"):
        return on(words.name(), _SUE)
    if words.take("COLUMN"):
        return on(words.name().rpartition(".")[0], _SUE)
    if words.take("INDEX"):
        return _on_index(words.name(), _SUE)
    if words.take_one_of("CONSTRAINT", "TRIGGER", "POLICY", "RULE"):
        table = words.after("ON")
        if table is None or table.next_is("DOMAIN"):
            return _NOTHING
        return on(table.name(), _SUE)
    return _NOTHING


def _grant(words: Words) -> StatementFacts:
    target = words.after("ON")
    what = Hazard(kind=HazardKind.ACCESS_RIGHTS, text="Changes what a role may do.")
    if target is None:
        return replace(_NOTHING, hazards=(what,))
    if not target.take("TABLE") and target.take_one_of(*_NOT_TABLES):
        return replace(_NOTHING, hazards=(what,))
    hazard = Hazard(kind=HazardKind.ACCESS_RIGHTS, text="Changes who may do what with the table.")
    return together(on(name, LockMode.ACCESS_SHARE, Work.NOTHING, hazard) for name in target.names())


_NOT_TABLES = (
    *("ALL", "DATABASE", "DOMAIN", "FOREIGN", "FUNCTION", "LANGUAGE", "LARGE", "PARAMETER", "PROCEDURE", "ROUTINE"),
    *("SCHEMA", "SEQUENCE", "TABLESPACE", "TYPE"),
)


def _do(_: Words) -> StatementFacts:
    return replace(NOTHING_KNOWN, note="A DO block is a program: what it locks is only known when it runs.")


def _call(words: Words) -> StatementFacts:
    return replace(NOTHING_KNOWN, note=f"The procedure {code(words.name())} decides what is locked.")


def _rights(table: str) -> Hazard:
    return Hazard(kind=HazardKind.ACCESS_RIGHTS, text=f"Changes who may see or change which rows of {code(table)}.")


def _anything(word: str) -> tuple[tuple[str, ...], _Reader]:
    return ((word,), _nothing)


_CREATES: tuple[tuple[tuple[str, ...], _Reader], ...] = (
    (("UNIQUE", "INDEX"), _create_unique_index),
    (("INDEX",), _create_index),
    (("CONSTRAINT", "TRIGGER"), _create_trigger),
    (("TRIGGER",), _create_trigger),
    (("POLICY",), _create_policy),
    (("RULE",), _create_rule),
    (("STATISTICS",), _create_statistics),
    (("EXTENSION",), _create_extension),
    *map(_anything, ("FUNCTION", "PROCEDURE", "TYPE", "DOMAIN", "SEQUENCE", "ROLE", "USER", "COLLATION", "AGGREGATE")),
    *map(_anything, ("OPERATOR", "CAST", "CONVERSION", "TEXT", "SERVER")),
    (("SCHEMA",), lambda words: _NOTHING if not words.has("CREATE") else None),
    (("GROUP",), _nothing),
)
_DROPS: tuple[tuple[tuple[str, ...], _Reader], ...] = (
    (("TABLE",), _drop_table),
    (("INDEX",), _drop_index),
    (("VIEW",), _drop_relation),
    (("MATERIALIZED", "VIEW"), _drop_relation),
    (("SEQUENCE",), _drop_relation),
    (("TRIGGER",), _drop_on_table),
    (("POLICY",), _drop_policy),
    (("RULE",), _drop_on_table),
    (("SCHEMA",), _drop_schema),
    (("EXTENSION",), _drop_extension),
    *map(_anything, ("FUNCTION", "PROCEDURE", "ROUTINE", "TYPE", "DOMAIN", "ROLE", "USER", "COLLATION", "AGGREGATE")),
    *map(_anything, ("OPERATOR", "CAST", "CONVERSION", "TEXT")),
)
_ALTERS: tuple[tuple[tuple[str, ...], _Reader], ...] = (
    (("TABLE",), alter_table),
    (("INDEX",), _alter_index),
    (("VIEW",), _alter_view),
    (("MATERIALIZED", "VIEW"), _alter_view),
    (("SEQUENCE",), _alter_sequence),
    (("TYPE",), _alter_type),
    (("DOMAIN",), _alter_domain),
    (("TRIGGER",), _alter_on_table),
    (("POLICY",), _alter_on_table),
    (("RULE",), _alter_on_table),
    (("DEFAULT", "PRIVILEGES"), _grant),
    *map(
        _anything, ("FUNCTION", "PROCEDURE", "ROUTINE", "ROLE", "USER", "SCHEMA", "COLLATION", "AGGREGATE", "DATABASE")
    ),
)
_FORMS: tuple[tuple[tuple[str, ...], _Reader], ...] = (
    (("CREATE",), _create),
    (("DROP",), _drop),
    (("ALTER",), _alter),
    (("TRUNCATE",), _truncate),
    (("LOCK",), _lock_table),
    (("COMMENT", "ON"), _comment),
    (("GRANT",), _grant),
    (("REVOKE",), _grant),
    (("REFRESH",), refresh),
    (("REINDEX",), reindex),
    (("CLUSTER",), cluster),
    (("VACUUM",), vacuum),
    (("ANALYZE",), analyze),
    (("ANALYSE",), analyze),
    (("COPY",), copy),
    (("DO",), _do),
    (("CALL",), _call),
    *map(_anything, ("SET", "RESET", "SHOW", "DISCARD", "NOTIFY", "LISTEN", "UNLISTEN", "CHECKPOINT", "LOAD")),
    *map(_anything, ("BEGIN", "START", "SAVEPOINT", "RELEASE", "COMMIT", "ROLLBACK", "END", "ABORT")),
)
"""(first words, what reads the rest): queries are read elsewhere, everything else is not known."""

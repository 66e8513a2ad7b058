"""ALTER TABLE in PostgreSQL's grammar, action by action: which lock it takes and what it does to the rows.

Source: PostgreSQL manual, ALTER TABLE. A test runs the actions on real servers and compares. An action that is not
known here counts with ACCESS EXCLUSIVE, the strongest there is, and its work is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from runner.artifact.analysis.facts import Hazard, HazardKind, StatementFacts, TableLock, Work, code, together
from runner.artifact.analysis.types import fills_rows, is_builtin_type
from runner.artifact.analysis.words import Words
from runner.dialects.postgresql_locks import LockMode

__all__ = ["CASCADES", "DEPENDENTS", "REFERENCED", "VALIDATE_LATER", "alter_table"]

_SUE, _SRE, _AE = LockMode.SHARE_UPDATE_EXCLUSIVE, LockMode.SHARE_ROW_EXCLUSIVE, LockMode.ACCESS_EXCLUSIVE
REFERENCED = "tables its foreign keys refer to"
DEPENDENTS = "tables whose foreign keys refer to it"
CASCADES = "CASCADE also drops what depends on it, which the statement does not name."
VALIDATE_LATER = (
    "`NOT VALID` now, and `VALIDATE CONSTRAINT` in a later revision: others can read and write while it reads the rows."
)
_INDEX_FIRST = "Build a unique index concurrently first, then `ADD CONSTRAINT ... USING INDEX ...`."
_SECOND_COLUMN = "A second column, filled in portions, that takes over the name in a later revision."
_CHECK_FIRST = (
    "A valid `CHECK (... IS NOT NULL)` spares the reading: add it `NOT VALID`, validate it, set NOT NULL, drop it."
)
_FILL_LATER = "Add the column without the default, fill it in portions, then set the default."


def alter_table(words: Words) -> StatementFacts | None:
    """Return the facts of what follows ALTER TABLE; None for a form that is not known."""
    if words.next_is("ALL"):
        return None
    words.take("IF", "EXISTS")
    words.take("ONLY")
    table = words.name()
    words.take("*")
    if not table:
        return None
    return together([_action(table, action) for action in words.parts()])


def on(table: str, mode: LockMode, work: Work = Work.NOTHING, *hazards: Hazard, advice: str = "") -> StatementFacts:
    """Return the facts of a statement that locks one table."""
    return StatementFacts(locks=(TableLock(table=table, mode=mode),), work=work, hazards=hazards, advice=advice)


def also(facts: StatementFacts, table: str, mode: LockMode, *, is_named: bool = True) -> StatementFacts:
    """Return the facts with a lock on another table."""
    return replace(facts, locks=(*facts.locks, TableLock(table=table, mode=mode, is_named=is_named)))


def unknown(facts: StatementFacts, note: str) -> StatementFacts:
    """Return the facts as those that are known, beside others that are not."""
    return replace(facts, is_known=False, note=note)


def _action(table: str, action: Words) -> StatementFacts:
    for start, facts_of in _ACTIONS:
        if action.take(*start):
            return facts_of(table, action)
    return unknown(on(table, _AE, Work.UNKNOWN), "This form of ALTER TABLE is not known.")


# --- columns -------------------------------------------------------------------------------------------------------


def _add(table: str, action: Words) -> StatementFacts:
    explicit = action.take("COLUMN")
    if not explicit:
        if action.take("CONSTRAINT"):
            action.skip()
            return _add_constraint(table, action)
        if any(action.next_is(word) for word in ("CHECK", "UNIQUE", "PRIMARY", "FOREIGN", "EXCLUDE", "NOT")):
            return _add_constraint(table, action)
    action.take("IF", "NOT", "EXISTS")
    return _add_column(table, action.name(), action)


def _add_column(table: str, name: str, column: Words) -> StatementFacts:
    hazards: list[Hazard] = []
    facts = on(table, _AE)
    checked = column.has("CHECK") or column.has("PRIMARY", "KEY") or column.has("UNIQUE")
    has_default = column.after("DEFAULT") is not None
    if column.has("NOT", "NULL") and not (has_default or fills_rows(column)):
        checked = True
        hazards.append(_may_fail(f"{code(name)} is NOT NULL without a default, which only an empty table accepts."))
    if fills_rows(column):
        facts = on(table, _AE, Work.REWRITE, advice=_FILL_LATER)
    elif not is_builtin_type(column):
        facts = unknown(
            facts, f"The type of {code(name)} is not PostgreSQL's own: a domain with a check rewrites the table."
        )
        facts = replace(facts, work=Work.UNKNOWN)
    elif checked or (has_default and column.has("REFERENCES")):
        facts = on(table, _AE, Work.SCAN)
    referenced = column.after("REFERENCES")
    if referenced is not None:
        facts = also(facts, referenced.name() or REFERENCED, _SRE)
    return replace(facts, hazards=tuple(hazards))


def _drop(table: str, action: Words) -> StatementFacts:
    if action.take("CONSTRAINT"):
        return _cascading(also(on(table, _AE), _BOTH_SIDES, _AE, is_named=False), action)
    action.take("COLUMN")
    action.take("IF", "EXISTS")
    return _cascading(drop_column(table, action.name()), action)


_BOTH_SIDES = "the other table of a foreign key"


def drop_column(table: str, column: str) -> StatementFacts:
    """Return the facts of a column that is dropped; what it holds is gone when the transaction ends."""
    facts = on(table, _AE, Work.NOTHING, *dropped_column(table, column))
    return also(facts, _BOTH_SIDES, _AE, is_named=False)


def dropped_column(table: str, column: str) -> tuple[Hazard, Hazard]:
    """Return the hazards of a column that is dropped."""
    return (
        Hazard(
            kind=HazardKind.DATA_LOSS,
            text=f"Drops the column {code(column)} of {code(table)} with all its values.",
        ),
        Hazard(
            kind=HazardKind.BREAKS_APPLICATION,
            text=f"An application that still names {code(column)} fails.",
            advice="Release a version that does not use the column first.",
        ),
    )


def _cascading(facts: StatementFacts, action: Words) -> StatementFacts:
    if not action.has("CASCADE"):
        return facts
    return unknown(also(facts, "everything that depends on it", _AE, is_named=False), CASCADES)


def _alter_column(table: str, action: Words) -> StatementFacts:
    action.take("COLUMN")
    column = action.name()
    if action.take("TYPE") or action.take("SET", "DATA", "TYPE"):
        return _type(table, column)
    if action.take("SET", "NOT", "NULL"):
        return set_not_null(table, column)
    if action.take("SET", "STATISTICS") or action.next_is("SET", "(") or action.next_is("RESET"):
        return on(table, _SUE)
    if action.take("SET", "EXPRESSION"):
        return on(table, _AE, Work.REWRITE)
    if action.take_one_of("SET", "DROP", "ADD", "RESTART"):  # defaults, identities, storage
        return on(table, _AE)
    return unknown(on(table, _AE, Work.UNKNOWN), "This form of ALTER COLUMN is not known.")


def _type(table: str, column: str) -> StatementFacts:
    hazards = (
        _may_fail(f"A value of {code(column)} that does not fit the new type makes it fail, or is cut to fit."),
        Hazard(
            kind=HazardKind.BREAKS_APPLICATION,
            text=f"An application that expects the old type of {code(column)} may fail.",
        ),
    )
    facts = on(table, _AE, Work.REWRITE, *hazards, advice=_SECOND_COLUMN)
    facts = also(facts, _BOTH_SIDES, _AE, is_named=False)
    return replace(
        facts,
        note="Nothing is rewritten if the stored values are right for the new type as they are: a longer VARCHAR, say.",
    )


def set_not_null(table: str, column: str) -> StatementFacts:
    """Return the facts of SET NOT NULL."""
    return on(table, _AE, Work.SCAN, not_null_may_fail(column), advice=_CHECK_FIRST)


def not_null_may_fail(column: str) -> Hazard:
    """Return the hazard of SET NOT NULL."""
    return _may_fail(
        f"A row without {code(column)} makes it fail; so does an application that leaves it out, afterwards."
    )


# --- constraints ---------------------------------------------------------------------------------------------------


def _add_constraint(table: str, action: Words) -> StatementFacts:
    unchecked = action.has("NOT", "VALID")
    if action.take("FOREIGN", "KEY"):
        referenced = action.after("REFERENCES")
        work = Work.NOTHING if unchecked else Work.SCAN
        facts = on(table, _SRE, work, *violated("row without a counterpart", unchecked), advice=VALIDATE_LATER)
        return also(facts, (referenced.name() if referenced else "") or REFERENCED, _SRE)
    if action.next_is("CHECK") or action.next_is("NOT", "NULL"):
        work = Work.NOTHING if unchecked else Work.SCAN
        return on(table, _AE, work, *violated("row that violates it", unchecked), advice=VALIDATE_LATER)
    if action.has("USING", "INDEX"):
        is_key = action.next_is("PRIMARY", "KEY")  # reads the rows if its columns may still be NULL
        return on(table, _AE, Work.SCAN if is_key else Work.NOTHING)
    if action.next_is("EXCLUDE"):
        return on(table, _AE, Work.SCAN, *violated("conflict between two rows", unchecked=False))
    return on(table, _AE, Work.SCAN, *violated("duplicate", unchecked=False), advice=_INDEX_FIRST)


def violated(what: str, unchecked: bool) -> tuple[Hazard, ...]:  # noqa: FBT001  # a fact about the statement
    """Return the hazard of a constraint that existing rows may violate."""
    return () if unchecked else (_may_fail(f"An existing {what} makes it fail."),)


def _may_fail(text: str) -> Hazard:
    return Hazard(kind=HazardKind.MAY_FAIL, text=text)


def _validate(table: str, _: Words) -> StatementFacts:
    facts = on(table, _SUE, Work.SCAN, _may_fail("An existing row that violates the constraint makes it fail."))
    return also(facts, REFERENCED, LockMode.ROW_SHARE, is_named=False)


# --- the table as a whole ------------------------------------------------------------------------------------------


def _rename(table: str, action: Words) -> StatementFacts:
    if action.take("CONSTRAINT"):
        return on(table, _AE)
    if action.take("TO"):
        new = action.name()
        schema = table.rpartition(".")[0]
        full = f"{schema}.{new}" if schema else new
        return replace(on(table, _AE, Work.NOTHING, renamed(f"table {code(table)}")), renames=((table, full),))
    action.take("COLUMN")
    return on(table, _AE, Work.NOTHING, renamed(f"column {code(action.name())} of {code(table)}"))


def renamed(what: str) -> Hazard:
    """Return the hazard of another name."""
    return Hazard(
        kind=HazardKind.BREAKS_APPLICATION,
        text=f"An application that knows the {what} by its old name fails at once.",
        advice="Add the new name beside the old one, release, then remove the old one.",
    )


def _options(table: str, action: Words) -> StatementFacts:
    """Storage parameters: those the manual names need no more than SHARE UPDATE EXCLUSIVE."""
    names = [part.name() for part in action.parenthesis().parts()]
    mild = bool(names) and all(
        name.startswith(("fillfactor", "autovacuum_", "toast.", "parallel_workers")) for name in names
    )
    return on(table, _SUE if mild else _AE)


def _rewritten(table: str, _: Words) -> StatementFacts:
    return on(table, _AE, Work.REWRITE)


def _unlogged(table: str, _: Words) -> StatementFacts:
    hazard = Hazard(
        kind=HazardKind.DATA_LOSS,
        text=f"A crash of the server empties {code(table)}, and replicas do not have its rows.",
    )
    return on(table, _AE, Work.REWRITE, hazard)


def _schema(table: str, _: Words) -> StatementFacts:
    return on(table, _AE, Work.NOTHING, renamed(f"table {code(table)}"))


def _attach(table: str, action: Words) -> StatementFacts:
    facts = also(on(table, _SUE, Work.SCAN, *violated("row outside the bounds", unchecked=False)), action.name(), _AE)
    facts = also(facts, "the default partition", _AE, is_named=False)
    return also(facts, REFERENCED, _SRE, is_named=False)


def _detach(table: str, action: Words) -> StatementFacts:
    partition = action.name()
    concurrently = action.has("CONCURRENTLY")
    hazard = Hazard(
        kind=HazardKind.BREAKS_APPLICATION, text=f"The rows of {code(partition)} are no longer found in {code(table)}."
    )
    facts = also(on(table, _SUE if concurrently else _AE, Work.NOTHING, hazard), partition, _AE)
    facts = also(facts, "the default partition", _AE, is_named=False)
    return also(facts, "the other table of a foreign key", _AE, is_named=False)


def _inherit(table: str, action: Words) -> StatementFacts:
    return also(on(table, _AE), action.name(), _SUE)


def _no_inherit(table: str, action: Words) -> StatementFacts:
    return also(on(table, _AE), action.name(), _SUE)


def _access(table: str, _: Words) -> StatementFacts:
    hazard = Hazard(kind=HazardKind.ACCESS_RIGHTS, text=f"Changes who may do what with {code(table)}.")
    return on(table, _AE, Work.NOTHING, hazard)


def _plain(mode: LockMode) -> Callable[[str, Words], StatementFacts]:
    return lambda table, _: on(table, mode)


_Action = Callable[[str, Words], StatementFacts]
_ACTIONS: tuple[tuple[tuple[str, ...], _Action], ...] = (
    (("ADD",), _add),
    (("ALTER", "CONSTRAINT"), lambda table, _: also(on(table, _AE), _BOTH_SIDES, _AE, is_named=False)),
    (("ALTER",), _alter_column),
    (("DROP",), _drop),
    (("VALIDATE", "CONSTRAINT"), _validate),
    (("RENAME",), _rename),
    (("SET", "SCHEMA"), _schema),
    (("SET", "TABLESPACE"), _rewritten),
    (("SET", "ACCESS", "METHOD"), _rewritten),
    (("SET", "LOGGED"), _rewritten),
    (("SET", "UNLOGGED"), _unlogged),
    (("SET", "WITHOUT", "CLUSTER"), _plain(_SUE)),
    (("SET", "WITHOUT", "OIDS"), _plain(_AE)),
    (("SET",), _options),
    (("RESET",), _options),
    (("CLUSTER", "ON"), _plain(_SUE)),
    (("ATTACH", "PARTITION"), _attach),
    (("DETACH", "PARTITION"), _detach),
    (("INHERIT",), _inherit),
    (("NO", "INHERIT"), _no_inherit),
    (("NO", "FORCE", "ROW", "LEVEL", "SECURITY"), _access),
    (("FORCE", "ROW", "LEVEL", "SECURITY"), _access),
    (("ENABLE", "ROW", "LEVEL", "SECURITY"), _access),
    (("DISABLE", "ROW", "LEVEL", "SECURITY"), _access),
    (("ENABLE", "RULE"), _plain(_AE)),
    (("ENABLE", "REPLICA", "RULE"), _plain(_AE)),
    (("ENABLE", "ALWAYS", "RULE"), _plain(_AE)),
    (("DISABLE", "RULE"), _plain(_AE)),
    (("ENABLE",), _plain(_SRE)),
    (("DISABLE", "TRIGGER"), _plain(_SRE)),
    (("OWNER", "TO"), _access),
    (("REPLICA", "IDENTITY"), _plain(_AE)),
)
"""(words an action begins with, its facts): the first that fits."""

"""Which tables a query locks, read from sqlglot's syntax tree: SELECT, INSERT, UPDATE, DELETE, MERGE, WITH. PostgreSQL.

Rules, triggers and cascading foreign keys of a table may lock more; the page says so once for all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp
from sqlglot.errors import ErrorLevel

from runner.artifact.analysis.alter_table import also
from runner.artifact.analysis.facts import Hazard, HazardKind, StatementFacts, TableLock, Work, code, ordered, strongest
from runner.artifact.analysis.types import KNOWN_FUNCTIONS, TYPES
from runner.artifact.analysis.words import Statement, dialect_of
from runner.dialects.postgresql_locks import LockMode

__all__ = ["bulk_hazards", "parsed", "query"]

_CHANGES = (exp.Insert, exp.Update, exp.Delete, exp.Merge)
_FIRST_WORDS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "TABLE", "("})


def parsed(statement: Statement, dialect_name: str) -> exp.Expr | None:
    """Return the syntax tree of a query, or None where sqlglot has none."""
    if not statement.words or statement.words[0].key not in _FIRST_WORDS:
        return None
    dialect = dialect_of(dialect_name)
    sqlglot_log = logging.getLogger("sqlglot")
    was_disabled, sqlglot_log.disabled = sqlglot_log.disabled, True  # it announces what it does not know
    try:
        trees = dialect.parser(error_level=ErrorLevel.RAISE).parse(list(statement.tokens), statement.text)
    except Exception:  # noqa: BLE001  # whatever it trips over, the statement stays unknown
        return None
    finally:
        sqlglot_log.disabled = was_disabled
    tree = trees[0] if len(trees) == 1 else None
    return None if tree is None or tree.find(exp.Command) else tree


def query(statement: Statement, tree: exp.Expr) -> StatementFacts:
    """Return the facts of a query."""
    changed = dict.fromkeys(_name(table) for table in _changed(tree))
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    locked_rows = any(select.args.get("locks") for select in tree.find_all(exp.Select))
    read = LockMode.ROW_SHARE if locked_rows else LockMode.ACCESS_SHARE
    locks = [TableLock(table=name, mode=LockMode.ROW_EXCLUSIVE) for name in changed]
    locks += [
        TableLock(table=_name(table), mode=read)
        for table in tree.find_all(exp.Table)
        if table.name and not (table.name in own and not table.db) and _name(table) not in changed
    ]
    facts = StatementFacts(
        locks=strongest(locks), work=Work.ROWS if locks else Work.NOTHING, hazards=ordered(bulk_hazards(tree))
    )
    if changed:
        facts = also(facts, "tables of its foreign keys", LockMode.ROW_EXCLUSIVE, is_named=False)
    strangers = sorted(set(_functions(statement, tree)))
    if strangers:
        names = ", ".join(code(name) for name in strangers)
        facts = replace(facts, is_known=False, note=f"What {names} does is not looked into.")
    return facts


def bulk_hazards(tree: exp.Expr) -> Iterator[Hazard]:
    """Yield what is wrong with changes of rows that name no rows."""
    for change in tree.find_all(exp.Delete, exp.Update):
        table = change.this
        if change.args.get("where") is not None or not isinstance(table, exp.Table):
            continue
        if isinstance(change, exp.Delete):
            if not change.args.get("using"):
                yield Hazard(kind=HazardKind.DATA_LOSS, text=f"Deletes every row of {code(_name(table))}.")
        else:
            yield Hazard(
                kind=HazardKind.ROWS_IN_BULK,
                text=f"Changes every row of {code(_name(table))} and locks them until the end of the transaction.",
                advice="In portions, each in a transaction of its own.",
            )


def _changed(tree: exp.Expr) -> Iterator[exp.Table]:
    for change in tree.find_all(*_CHANGES):
        target = change.this
        if isinstance(target, exp.Schema):
            target = target.this
        if isinstance(target, exp.Table):
            yield target


def _name(table: exp.Table) -> str:
    parts = [part for part in (table.args.get("db"), table.this) if isinstance(part, exp.Identifier)]
    return ".".join(_shown(part) for part in parts) or table.sql(dialect="postgres")


def _shown(part: exp.Identifier) -> str:
    text = part.this
    if not part.args.get("quoted"):
        return str(text).lower()
    plain = text.isidentifier() and text == text.lower()
    return str(text) if plain else '"' + text.replace('"', '""') + '"'


_NO_FUNCTIONS = (
    "ALL AND ANY ARRAY AS ASYMMETRIC BETWEEN BY CASE CAST COLLATE CONFLICT CUBE CURRENT_TIME CURRENT_TIMESTAMP"
    " DEFAULT DISTINCT ELSE END EXCEPT EXISTS FILTER FROM GROUP GROUPING HAVING ILIKE IN INTERSECT INTO IS ISNULL"
    " LATERAL LIKE LIMIT LOCALTIME LOCALTIMESTAMP MATERIALIZED NOT NOTNULL OFFSET ON OR OVER OVERLAPS RETURNING"
    " ROLLUP ROW ROWS SELECT SET SETS SIMILAR SOME SYMMETRIC TABLE THEN UNION USING VALUES WHEN WHERE WINDOW WITH"
    " WITHIN"
)
"""Words a parenthesis may follow that are no functions."""
_KEYWORDS = frozenset(_NO_FUNCTIONS.split())


def _functions(statement: Statement, tree: exp.Expr) -> Iterator[str]:
    """Yield the names of functions of which nothing is known; sqlglot's own names of functions are not PostgreSQL's."""
    tables = {_name(table) for table in tree.find_all(exp.Table)}
    tables |= {alias.name.lower() for alias in tree.find_all(exp.TableAlias)}
    for name in statement.read().called():
        if name.upper() not in _KEYWORDS | TYPES and name not in tables and name not in KNOWN_FUNCTIONS:
            yield name

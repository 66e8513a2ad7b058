"""What PostgreSQL's catalog says about a statement whose end nobody saw, as SQL for a file that is applied again.

The same statements are known as to an online run (`runner.database.interrupted`), which asks with a connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runner.artifact.guards.base import quoted
from runner.database.interrupted import Form, form_of, plain_name
from runner.dialects.statement_kind import words_of_statements

__all__ = ["Unfinished", "is_one_statement", "may_commit_inside", "unfinished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """How to go on at a statement that may have been at work.

    Args:
        is_done: a condition that is true where it took effect; else it is executed again.
        leftovers: a query for the statements that remove first what it left; None where it leaves nothing.
    """

    is_done: str
    leftovers: str | None = None


def unfinished(sql: str) -> Unfinished | None:
    """Return how to go on at a statement, None where nothing in the database tells what became of it."""
    form = form_of(sql, is_postgresql=True) if is_one_statement(sql) else None
    if form is None:
        return None
    kind, found = form
    if kind is Form.CREATE_INDEX:
        return _index(found)
    if kind is Form.REINDEX:
        return Unfinished(is_done="false", leftovers=_leftovers(_reindexed(found["name"])))
    return Unfinished(is_done=_condition(kind, found))


def is_one_statement(sql: str) -> bool:
    """Tell whether a text is a single statement, so that the server refuses all of it or nothing."""
    return len(words_of_statements(sql)) == 1


def may_commit_inside(sql: str) -> bool:
    """Tell whether a statement may have committed something before the server refused it."""
    return any(words.startswith(("CALL", "DO")) for words in words_of_statements(sql))


def _index(found: re.Match[str]) -> Unfinished:
    table, name = quoted(found["table"]), quoted(plain_name(found["name"]))
    of_that_name = f"i.indrelid = to_regclass({table}) AND c.relname = {name}"
    valid = f"EXISTS (SELECT 1 {_INDEXES} WHERE {of_that_name} AND i.indisvalid)"
    return Unfinished(is_done=valid, leftovers=_leftovers(of_that_name))


_INDEXES = "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"


def _leftovers(which: str) -> str:
    drop = "SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %s', c.oid::regclass)"
    return f"{drop} {_INDEXES} WHERE {which} AND NOT i.indisvalid"


def _reindexed(name: str) -> str:
    """Return the condition of what REINDEX CONCURRENTLY leaves: named after the index, with _ccnew or _ccold."""
    itself = f"to_regclass({quoted(name)})"
    return (
        f"c.relname ~ '_cc(new|old)[0-9]*$' AND (i.indrelid = {itself} "
        f"OR i.indrelid = (SELECT o.indrelid FROM pg_index o WHERE o.indexrelid = {itself}))"
    )


def _condition(kind: Form, found: re.Match[str]) -> str:
    """Return what is true where a statement of that form took effect; false where executing it again does no harm."""
    write = _CONDITIONS.get(kind)
    return "false" if write is None else write(found)


def _there(found: re.Match[str]) -> str:
    return f"to_regclass({quoted(found['name'])}) IS NOT NULL"


def _gone(found: re.Match[str]) -> str:
    return f"to_regclass({quoted(found['name'])}) IS NULL"


def _value(found: re.Match[str]) -> str:
    of_type = f"enumtypid = to_regtype({quoted(found['name'])})"
    return f"EXISTS (SELECT 1 FROM pg_enum WHERE {of_type} AND enumlabel = {found['value']})"


def _validated(found: re.Match[str]) -> str:
    named = f"conname = {quoted(plain_name(found['name']))}"
    of_table = f"conrelid = to_regclass({quoted(found['table'])})"
    return f"EXISTS (SELECT 1 FROM pg_constraint WHERE {of_table} AND {named} AND convalidated)"


def _column(found: re.Match[str]) -> str:
    named = f"attname = {quoted(plain_name(found['name']))} AND NOT attisdropped"
    return f"EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass({quoted(found['table'])}) AND {named})"


def _no_column(found: re.Match[str]) -> str:
    return f"NOT {_column(found)}"


_CONDITIONS: Mapping[Form, Callable[[re.Match[str]], str]] = {
    Form.DROP_INDEX: _gone,
    Form.DROP_TABLE: _gone,
    Form.CREATE_TABLE: _there,
    Form.ADD_VALUE: _value,
    Form.VALIDATE: _validated,
    Form.ADD_COLUMN: _column,
    Form.DROP_COLUMN: _no_column,
}

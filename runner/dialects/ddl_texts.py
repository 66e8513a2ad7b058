r"""Colons in the texts of DDL: floor 3. No DDL statement takes parameters, so what looks like one is read as it stands.

`text("'{\"a\":1}'")` as a default, or a CHECK given as a string, has a parameter `1` in SQLAlchemy's eyes, for which
NULL would be written, inside of the string: a default that is not the one asked for, a check that checks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import CheckConstraint, Column, Computed, DefaultClause, Index, Table, TextClause, text
from sqlalchemy.schema import Constraint
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.visitors import iterate, replacement_traverse

__all__ = ["read_literally"]


def read_literally(construct: Any) -> None:
    """Give every text in a DDL element its colons back, where no value was bound to what follows them."""
    item = getattr(construct, "element", None)
    if isinstance(item, Table):
        for column in item.columns:
            _column(column)
        _constraints(item.constraints)
    elif isinstance(item, Constraint):
        _constraints([item])
    elif isinstance(item, Index):
        _index(item)
    if isinstance(column := getattr(construct, "column", None), Column):
        _column(column)
    for name in ("default", "existing_server_default"):
        default = getattr(construct, name, None)
        if isinstance(default, ClauseElement):
            setattr(construct, name, _literal(default))
        else:
            _default(default)


def _column(column: Column[Any]) -> None:
    _default(column.server_default)
    _default(column.computed)
    _constraints(column.constraints)


def _default(default: Any) -> None:
    if isinstance(default, Computed):
        default.sqltext = _literal(default.sqltext)
    elif isinstance(default, DefaultClause):
        default.arg = _literal(default.arg)


def _constraints(constraints: Iterable[Constraint]) -> None:
    for constraint in constraints:
        if isinstance(constraint, CheckConstraint):
            constraint.sqltext = _literal(constraint.sqltext)
        elif (elements := getattr(constraint, "_render_exprs", None)) is not None:  # EXCLUDE, which has no other name
            exclude: Any = constraint
            exclude._render_exprs = [(_literal(element), *rest) for element, *rest in elements]  # noqa: SLF001
            exclude.where = _literal(exclude.where)


def _index(index: Index) -> None:
    expressions: Any = index.expressions
    expressions[:] = [_literal(expression) for expression in expressions]
    for options in index.dialect_options.values():
        where = options.get("where")
        if where is not None:
            options["where"] = _literal(where)


def _literal(expression: Any) -> Any:
    """Return the expression, or one without the parameters in its texts that have no value."""
    if not isinstance(expression, ClauseElement) or not any(
        isinstance(part, TextClause) and _unbound(part) for part in iterate(expression)
    ):
        return expression
    if isinstance(expression, TextClause):
        return _as_it_reads(expression)

    def literal(part: Any, **_: Any) -> Any:
        return _as_it_reads(part) if isinstance(part, TextClause) else None

    return replacement_traverse(expression, {}, literal)  # type: ignore[call-overload]  # overloads for columns only


def _unbound(sql: TextClause) -> list[str]:
    return [name for name, parameter in sql._bindparams.items() if parameter.required]  # noqa: SLF001


def _as_it_reads(sql: TextClause) -> TextClause:
    names = "|".join(map(re.escape, _unbound(sql)))
    if not names:
        return sql
    literal = text(re.sub(rf"(?<![:\w\\]):(?=(?:{names})\b)", r"\:", sql.text))
    bound = {name: value for name, value in sql._bindparams.items() if not value.required}  # noqa: SLF001
    return literal.bindparams(*bound.values()) if bound else literal

"""SQL expressions as text (floor 4): defaults, conditions and index elements become SQL in strings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import literal_column
from sqlalchemy import text as sa_text
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.elements import BindParameter, ClauseElement, ColumnClause, ColumnElement, Label, TextClause

from runner.autogenerate.render.calls import call
from runner.autogenerate.render.scope import RenderContext, op_prefix, sa_prefix
from runner.autogenerate.render.strings import string_literal
from runner.operations.schemaobj import SchemaObjects
from runner.operations.sqltext import InlineLiteral

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = [
    "render_condition",
    "render_default_expression",
    "render_expression",
    "render_index_element",
    "render_text",
    "sql_of",
    "statement_of",
    "text_source",
]

_PARAMETER = re.compile(r"(?<![:\w\x5c]):(?=[\w\$]+(?![:\w\$]))|(?<=\x5c):")
"""A colon that `text()` would take for a parameter, or for one that is escaped."""

_ESCAPED = re.compile(r"\x5c(:[\w\$]*)(?![:\w\$])")
"""What `text()` takes for an escaped colon."""


def text_source(sql: str) -> str:
    r"""Return SQL as `text()` and whatever coerces a string to it want it: a colon stays a colon.

    >>> text_source("'{\"a\":1}'::jsonb")
    '\'{"a"\\:1}\'::jsonb'
    """
    return _PARAMETER.sub(r"\:", sql)


def render_text(context: RenderContext, sql: str) -> str:
    """Return `sa.text(...)` of the SQL."""
    return call(f"{sa_prefix(context)}text", [string_literal(text_source(sql))])


def sql_of(context: RenderContext, expression: Any, **kw: Any) -> str:
    """Return an expression as SQL of the dialect, values written out.

    A colon in `text()` that no value is given for can only be meant as a colon.

    Args:
        kw: `is_server_default`, `is_index`, for the dialect implementation.
    """
    if isinstance(expression, str):
        return expression
    if isinstance(expression, TextClause) and not _has_values(expression):
        return _unescaped(expression)
    impl = context.migration_context.impl
    rendered: str = impl.render_ddl_sql_expr(expression, **kw)
    doubled = impl.render_ddl_sql_expr(sa_text("%")) == "%%"
    return rendered.replace("%%", "%") if doubled else rendered


def statement_of(context: RenderContext, statement: Any) -> str:
    """Return a whole statement as SQL of the dialect, values written out."""
    if isinstance(statement, TextClause) and not _has_values(statement):
        return _unescaped(statement)
    dialect = context.migration_context.dialect
    rendered = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    doubled = str(sa_text("%").compile(dialect=dialect)) == "%%"
    return rendered.replace("%%", "%") if doubled else rendered


def _unescaped(clause: TextClause) -> str:
    return _ESCAPED.sub(lambda match: match[1], clause.text)


def _has_values(clause: TextClause) -> bool:
    return any(parameter.value is not None for parameter in clause._bindparams.values())  # noqa: SLF001


def render_expression(context: RenderContext, expression: ClauseElement) -> str:
    """Return an expression that stands for itself: a value to insert, a default, a condition."""
    if isinstance(expression, InlineLiteral):
        from runner.autogenerate.render.values import render_value

        return call(f"{op_prefix(context)}inline_literal", [render_value(context, expression.value)])
    if isinstance(expression, ColumnClause) and not expression.is_literal:
        return call(f"{sa_prefix(context)}column", [string_literal(expression.name)])
    if isinstance(expression, BindParameter):
        return render_text(context, _literal(context, expression))
    return render_text(context, sql_of(context, expression))


def _literal(context: RenderContext, parameter: BindParameter[Any]) -> str:
    return sql_of(context, parameter)


def render_default_expression(context: RenderContext, expression: ClauseElement) -> str:
    """Return a server default that is an expression."""
    return render_text(context, sql_of(context, expression, is_server_default=True))


def render_condition(context: RenderContext, condition: Any) -> str:
    """Return a condition as the string that CheckConstraint and the like make SQL of."""
    sql = sql_of(context, condition) if isinstance(condition, ClauseElement) else str(condition)
    return string_literal(text_source(sql) if isinstance(condition, ClauseElement) else sql)


def render_index_element(context: RenderContext, element: Any, *, labels: frozenset[str] = frozenset()) -> str:
    """Return a column of an index as its name, an expression as `sa.literal_column()`.

    Args:
        labels: keys that options of the index (operator classes) refer to expressions by.
    """
    if isinstance(element, str):
        return string_literal(str.__str__(element))
    if isinstance(element, ColumnClause) and not element.is_literal:
        return string_literal(element.name)
    key = getattr(element, "key", None)
    inner = element.element if isinstance(element, Label) else element
    rendered = call(f"{sa_prefix(context)}literal_column", [string_literal(_index_sql(context, inner))])
    return f"{rendered}.label({string_literal(key)})" if isinstance(key, str) and key in labels else rendered


def _index_sql(context: RenderContext, element: Any) -> str:
    """Return the SQL of an index element, in parentheses where the dialect would put them around it."""
    sql = sql_of(context, element, is_index=True)
    dialect = context.migration_context.dialect
    try:
        wanted = _create_index(element, dialect)
        plain = _create_index(literal_column(sql), dialect)
    except CompileError:  # the index is for another database
        return sql_of(context, element.self_group(), is_index=True) if isinstance(element, ColumnElement) else sql
    return sql if plain == wanted else f"({sql})"


def _create_index(element: Any, dialect: Dialect) -> str:
    return str(CreateIndex(SchemaObjects().index("ix", "t", [element])).compile(dialect=dialect))

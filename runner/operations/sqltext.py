"""SQL text from revisions (floor 2): plain strings, and values written into the statement."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, TextClause, text
from sqlalchemy.ext.compiler import compiles

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.types import TypeEngine

__all__ = ["InlineLiteral", "characters", "inline_literal", "plain_text", "quoting", "verbatim"]

_UNESCAPED_COLON = re.compile(r"(?<!\\):")


def plain_text(sql: str) -> TextClause:
    r"""Return the string as a statement in which no colon marks a parameter.

    A plain string has no way to carry parameters, so `'{"a":1}'`, `::cast` and `:name` are what they look
    like. A colon that is escaped already (`\:`) stays one colon.

    >>> str(plain_text("UPDATE t SET a = '{\"k\":true}' WHERE b = 'x\\:y'::text"))
    'UPDATE t SET a = \'{"k":true}\' WHERE b = \'x:y\'::text'
    """
    return text(_UNESCAPED_COLON.sub(r"\:", sql))


def verbatim(sql: str) -> TextClause:
    r"""Return text a database has stored as a statement, every character as it is.

    >>> str(verbatim(r"CHECK (a <> 'x\:y' AND b <> ':z')"))
    "CHECK (a <> 'x\\:y' AND b <> ':z')"
    """
    return text(sql.replace(":", r"\:"))


def characters(expression: TextClause) -> str:
    r"""Return what `verbatim()` was given, or what text without parameters says.

    >>> characters(verbatim(r"a <> '\:y'::text")) == r"a <> '\:y'::text"
    True
    """
    return expression.text.replace(r"\:", ":")


def quoting(dialect: Dialect) -> Callable[[str], str]:
    """Return what quotes a name for SQL text that is compiled afterwards.

    SQLAlchemy's own doubles percent signs for drivers with `%s` parameters, and the compiler of the text does so again.
    """
    preparer = dialect.identifier_preparer

    def quote(name: str) -> str:
        quoted: str = preparer.quote(name)
        return quoted.replace("%%", "%") if preparer._double_percents else quoted  # noqa: SLF001  # no public name

    return quote


class InlineLiteral(BindParameter[Any]):
    """A value that is always written into the statement, never sent as a parameter."""

    inherit_cache = True


@compiles(InlineLiteral)
def _render_inline_literal(element: InlineLiteral, compiler: SQLCompiler, **kw: Any) -> str:
    kw.pop("literal_binds", None)
    rendered: str = compiler.render_literal_bindparam(element, **kw)  # type: ignore[no-untyped-call]
    return rendered


def inline_literal(value: Any, type_: TypeEngine[Any] | type[TypeEngine[Any]] | None = None) -> InlineLiteral:
    """Return the value as an inline literal.

    Args:
        value: what the type's literal form can render: numbers, strings, dates.
        type_: None derives it from the value.
    """
    return InlineLiteral(None, value, type_)

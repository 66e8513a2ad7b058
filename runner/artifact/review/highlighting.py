"""SQL as HTML with its words told apart: Pygments' lexers, and class names of our own, which are shorter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Literal, Name, Number, String
from pygments.token import _TokenType as TokenType

from runner.artifact.review.escaping import html_text

if TYPE_CHECKING:
    from pygments.lexer import Lexer

__all__ = ["highlight"]

_LEXERS = {"postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql", "mssql": "tsql"}
"""SQLAlchemy's name of a dialect -> Pygments' lexer; plain SQL for the others."""
_CLASSES: tuple[tuple[TokenType, str], ...] = (
    (Comment, "c"),
    (Keyword.Type, "t"),
    (Name.Builtin, "t"),
    (Keyword, "k"),
    (String.Name, ""),
    (String.Symbol, ""),
    (String, "s"),
    (Number, "m"),
    (Literal, "s"),
)
"""(token, class): the first that holds it."""
_LONGEST = 20_000
"""A longer text is shown plain: nobody reads it for its colours, and the page stays small."""


@cache
def _lexer(dialect_name: str) -> Lexer:
    return get_lexer_by_name(_LEXERS.get(dialect_name, "sql"), stripnl=False, ensurenl=False)


def highlight(sql: str, dialect_name: str) -> str:
    """Return the text as inert HTML; what is shown is the text, letter by letter."""
    if len(sql) > _LONGEST:
        return html_text(sql)
    runs = list(_runs(sql, dialect_name))
    if "".join(text for _, text in runs) != sql:
        return html_text(sql)
    return "".join(_span(name, text) for name, text in runs)


def _runs(sql: str, dialect_name: str) -> Iterator[tuple[str, str]]:
    """Yield (class, text) with as few changes of class as there can be: blanks belong to what is before them."""
    name, texts = "", [""]
    for _, token, text in _lexer(dialect_name).get_tokens_unprocessed(sql):
        found = name if text.isspace() else _class(token)
        if found != name:
            yield name, "".join(texts)
            name, texts = found, []
        texts.append(text)
    yield name, "".join(texts)


@cache
def _class(token: TokenType) -> str:
    return next((name for kind, name in _CLASSES if token in kind), "")


def _span(name: str, text: str) -> str:
    escaped = html_text(text)
    return f'<span class="{name}">{escaped}</span>' if name else escaped

"""SQL expressions taken apart into tokens: the columns they name, and these renamed (floor 2). Pure: no database."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Token", "TokenKind", "canonical", "identifiers", "in_list_column", "rename_columns", "tokenize"]


class TokenKind(enum.Enum):
    """The kinds of tokens that matter here."""

    WORD = enum.auto()  # a keyword or a bare identifier
    QUOTED = enum.auto()  # "a", `a`, [a]
    STRING = enum.auto()
    NUMBER = enum.auto()
    SYMBOL = enum.auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token and where it stands."""

    kind: TokenKind
    text: str
    start: int

    @property
    def end(self) -> int:
        """The position after the token."""
        return self.start + len(self.text)

    @property
    def name(self) -> str:
        """The identifier, without its quotes."""
        if self.kind is TokenKind.QUOTED or (self.kind is TokenKind.STRING and self.text[0] == "'"):
            quote = self.text[-1]
            inner = self.text[1:-1]
            return inner if quote == "]" else inner.replace(quote * 2, quote)
        return self.text

    def is_word(self, *words: str) -> bool:
        """Tell whether the token is one of these keywords, given in upper case."""
        return self.kind is TokenKind.WORD and self.text.upper() in words

    def is_symbol(self, symbol: str) -> bool:
        """Tell whether the token is this symbol."""
        return self.kind is TokenKind.SYMBOL and self.text == symbol


_TOKEN = re.compile(
    r"""
      (?P<skip>   \s+ | --[^\n]*(?:\n|\Z) | /\*.*?(?:\*/|\Z) )
    | (?P<string> [xX]?'(?:[^']|'')*' )
    | (?P<quoted> "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\] )
    | (?P<number> 0[xX][0-9a-fA-F]+ | (?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)? )
    | (?P<word>   [A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]* )
    | (?P<symbol> \|\||->>?|<<|>>|<=|>=|<>|!=|==|. )
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS = {
    "string": TokenKind.STRING,
    "quoted": TokenKind.QUOTED,
    "number": TokenKind.NUMBER,
    "word": TokenKind.WORD,
    "symbol": TokenKind.SYMBOL,
}


def tokenize(sql: str) -> tuple[Token, ...]:
    """Return the tokens of a statement, comments and white space left out.

    >>> [token.text for token in tokenize("a>='it''s' -- note")]
    ['a', '>=', "'it''s'"]
    """
    return tuple(
        Token(_KINDS[match.lastgroup or ""], match.group(), match.start())
        for match in _TOKEN.finditer(sql)
        if match.lastgroup != "skip"
    )


def canonical(sql: str) -> tuple[str, ...]:
    """Return a form in which texts compare equal that differ in white space, case of words, or quotes alone.

    >>> canonical('CHECK ( "a">0 )') == canonical("check(A > 0)")
    True
    """
    return tuple(
        token.name.lower() if token.kind in (TokenKind.WORD, TokenKind.QUOTED) else token.text
        for token in tokenize(sql)
    )


def _column_tokens(sql: str) -> Iterator[Token]:
    """Yield the tokens of an expression that can name a column.

    Not the names of functions, collations and types. An expression in a table's definition has no
    subqueries, so whatever is left and has a column's name is that column.
    """
    tokens = tokenize(sql)
    cases = 0
    for before, token, after in zip((None, *tokens), tokens, (*tokens[1:], None), strict=False):
        if token.kind not in (TokenKind.WORD, TokenKind.QUOTED):
            continue
        if after is not None and (after.is_symbol(".") or (after.is_symbol("(") and token.kind is TokenKind.WORD)):
            continue
        if before is not None and (before.is_word("COLLATE", "AS") or before.is_symbol(":")):
            continue  # behind `::` stands a type
        cases += token.is_word("CASE")
        if token.is_word("END") and cases:
            cases -= 1
        elif not (token.is_word("ASC", "DESC") and _ends_operand(before)):
            yield token


def _ends_operand(token: Token | None) -> bool:
    """Tell whether an operand is complete after the token, so that ASC and DESC are no names there."""
    return token is not None and (token.kind is not TokenKind.SYMBOL or token.text == ")")


def identifiers(sql: str) -> frozenset[str]:
    """Return the lower-case words of an expression that can be names of columns.

    >>> sorted(identifiers("lower(t.a) > 'b' AND c COLLATE nocase = d"))
    ['a', 'and', 'c', 'collate', 'd']
    >>> sorted(identifiers("a DESC, desc"))
    ['a', 'desc']
    """
    return frozenset(token.name.lower() for token in _column_tokens(sql))


def rename_columns(sql: str, names: Mapping[str, str], quote: Callable[[str], str]) -> str:
    r"""Return an expression with columns renamed.

    Args:
        sql: an expression of a table's definition: a check, an index column, a generated column.
        names: old name in lower case -> new name.
        quote: writes an identifier.

    >>> rename_columns("a > 0 AND lower(b) <> 'a'", {"a": "x y"}, lambda name: f'"{name}"')
    '"x y" > 0 AND lower(b) <> \'a\''
    >>> rename_columns("kind = 'a'::kind", {"kind": "sort"}, lambda name: name)
    "sort = 'a'::kind"
    """
    parts, position = [], 0
    for token in _column_tokens(sql):
        new = names.get(token.name.lower())
        if new is not None:
            parts += [sql[position : token.start], quote(new)]
            position = token.end
    return "".join(parts) + sql[position:]


def in_list_column(expression: str) -> str | None:
    """Return the column of a check that lists the allowed values, the shape a Boolean or Enum type gives it.

    >>> in_list_column("flag IN (0, 1)")
    'flag'
    >>> in_list_column("flag IN (0, 1) OR other") is None
    True
    """
    tokens = tokenize(expression)
    if len(tokens) < 5 or not tokens[1].is_word("IN") or not tokens[2].is_symbol("(") or not tokens[-1].is_symbol(")"):
        return None
    values = tokens[3:-1]
    plain = (TokenKind.STRING, TokenKind.NUMBER)
    if any(token.kind not in plain and not token.is_symbol(",") for token in values):
        return None
    return tokens[0].name

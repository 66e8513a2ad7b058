"""SQL text as words: sqlglot's lexer, and a cursor to read them with. No grammar here.

sqlglot's lexer knows PostgreSQL's strings, dollar quotes, nested comments and quoted names; so nothing in them is
mistaken for a word of the statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from sqlglot import Dialect, Token, Tokenizer, TokenType

__all__ = ["Statement", "Unreadable", "Words", "split"]

_SQLGLOT_NAMES = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql"}
"""SQLAlchemy's name of a dialect -> sqlglot's, where they differ."""
_STRINGS = frozenset(
    {
        TokenType.STRING,
        TokenType.HEREDOC_STRING,
        TokenType.BYTE_STRING,
        TokenType.BIT_STRING,
        TokenType.HEX_STRING,
        TokenType.NATIONAL_STRING,
        TokenType.RAW_STRING,
        TokenType.UNICODE_STRING,
    }
)


class Unreadable(Exception):
    """The text has no words: a string or a comment is not closed."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word: `key` compares in upper case; it is empty for quoted names, strings and numbers."""

    key: str
    text: str
    is_name: bool = False
    is_string: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a text: its words, and sqlglot's tokens for its parser."""

    words: tuple[Word, ...]
    tokens: tuple[Token, ...]
    text: str

    def read(self) -> Words:
        """Return a cursor at the first word."""
        return Words(self.words)


@cache
def dialect_of(dialect_name: str) -> Dialect:
    """Return sqlglot's dialect for SQLAlchemy's name of it; sqlglot's own superset where it has none."""
    name = _SQLGLOT_NAMES.get(dialect_name, dialect_name)
    return Dialect.get_or_raise(name if Dialect.get(name) else "")


@cache
def _tokenizer(dialect_name: str) -> Tokenizer:
    dialect = dialect_of(dialect_name)
    # A lexer that takes nothing for a command, whose rest it would not take apart.
    plain = type("Plain", (dialect.tokenizer_class,), {"COMMANDS": set()})
    tokenizer: Tokenizer = plain(dialect=dialect)
    return tokenizer


def split(sql: str, dialect_name: str) -> tuple[Statement, ...]:
    """Return the statements of a text; comments are none.

    Raises:
        Unreadable: a string or a comment is not closed, or the like.
    """
    try:
        tokens = _tokenizer(dialect_name).tokenize(sql)
    except Exception as error:  # whatever it trips over, the text stays unread
        raise Unreadable(str(error)) from error
    return tuple(
        Statement(words=tuple(_words(part)), tokens=tuple(part), text=sql[part[0].start : part[-1].end + 1])
        for part in _parts(tokens)
    )


def _parts(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the tokens of each statement. A body BEGIN ATOMIC ... END has semicolons of its own."""
    part: list[Token] = []
    depth = 0
    for token in tokens:
        word = token.text.upper() if token.token_type not in _STRINGS else ""
        if token.token_type == TokenType.SEMICOLON and depth == 0:
            if part:
                yield part
            part = []
            continue
        if (word == "ATOMIC" and part and part[-1].text.upper() == "BEGIN") or (depth and word == "CASE"):
            depth += 1
        elif depth and word == "END":
            depth -= 1
        part.append(token)
    if part:
        yield part


def _words(tokens: Sequence[Token]) -> Iterator[Word]:
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if _is_escaped_name(tokens[place : place + 3]):
            yield Word("", f'U&"{tokens[place + 2].text}"', is_name=True)
            place += 2
        elif token.token_type in _STRINGS:
            yield Word("", token.text, is_string=True)
        elif token.token_type == TokenType.IDENTIFIER:
            yield Word("", _shown(token.text), is_name=True)
        elif token.token_type == TokenType.NUMBER:
            yield Word("", token.text)
        else:
            for text in token.text.split():  # the lexer joins PRIMARY KEY and the like
                yield Word(text.upper(), text.lower(), is_name=text[0].isalpha() or text[0] == "_")
        place += 1


def _is_escaped_name(tokens: Sequence[Token]) -> bool:
    """Tell whether these are the three tokens that the lexer makes of U&"..."."""
    return (
        len(tokens) == 3
        and tokens[0].text in {"U", "u"}
        and tokens[1].text == "&"
        and tokens[2].token_type == TokenType.IDENTIFIER
        and tokens[2].start == tokens[1].end + 1 == tokens[0].end + 2
    )


def _shown(name: str) -> str:
    """Return a quoted name, quoted where it would otherwise be another one."""
    plain = name.isidentifier() and name == name.lower()
    return name if plain else '"' + name.replace('"', '""') + '"'


_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


class Words:
    """A cursor over the words of a statement."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = words
        self._at = 0

    @property
    def at_end(self) -> bool:
        """Tell whether all words are read."""
        return self._at >= len(self._words)

    def next_is(self, *keys: str) -> bool:
        """Tell whether these words come next, in this order."""
        words = self._words[self._at : self._at + len(keys)]
        return len(words) == len(keys) and all(word.key == key for word, key in zip(words, keys, strict=True))

    def take(self, *keys: str) -> bool:
        """Go past these words if they come next."""
        found = self.next_is(*keys)
        if found:
            self._at += len(keys)
        return found

    def take_one_of(self, *keys: str) -> str:
        """Go past the first of these words that comes next, and return it; empty for none of them."""
        return next((key for key in keys if self.take(key)), "")

    def take_any(self, *keys: str) -> None:
        """Go past any number of these words."""
        while self.take_one_of(*keys):
            pass

    def skip(self) -> Word | None:
        """Go past one word and return it."""
        word = self._words[self._at] if not self.at_end else None
        self._at += 1
        return word

    def name(self) -> str:
        """Go past a name with its schema and return it; empty if no name comes next."""
        parts: list[str] = []
        while not self.at_end and self._words[self._at].is_name:
            parts.append(self._words[self._at].text)
            self._at += 1
            if not self.take("."):
                break
        return ".".join(parts)

    def names(self) -> tuple[str, ...]:
        """Go past names with commas between them, each perhaps with ONLY before and a star behind, and return them."""
        found = []
        while True:
            self.take("ONLY")
            name = self.name()
            if name:
                found.append(name)
            self.take("*")
            if not name or not self.take(","):
                return tuple(found)

    def parenthesis(self) -> Words:
        """Go past what is in parentheses and return it; nothing if none open here."""
        if not self.next_is("("):
            return Words(())
        start = self._at
        depth = 0
        while not self.at_end:
            depth += _depth_of(self._words[self._at])
            self._at += 1
            if depth == 0:
                return Words(self._words[start + 1 : self._at - 1])
        return Words(self._words[start + 1 :])

    def parts(self) -> Iterator[Words]:
        """Yield the rest, divided at its commas; those in parentheses do not count."""
        part: list[Word] = []
        depth = 0
        for word in self._words[self._at :]:
            depth += _depth_of(word)
            if word.key == "," and depth == 0:
                yield Words(part)
                part = []
            else:
                part.append(word)
        self._at = len(self._words)
        if part:
            yield Words(part)

    def has(self, *keys: str, inside: bool = False) -> bool:
        """Tell whether these words come somewhere in the rest, in this order, outside parentheses."""
        depth = 0
        for place in range(self._at, len(self._words)):
            depth += _depth_of(self._words[place])
            if depth and not inside:
                continue
            words = self._words[place : place + len(keys)]
            if len(words) == len(keys) and all(word.key == key for word, key in zip(words, keys, strict=True)):
                return True
        return False

    def after(self, *keys: str) -> Words | None:
        """Return the rest behind these words, wherever they come outside parentheses; None where they do not."""
        depth = 0
        for place in range(self._at, len(self._words)):
            depth += _depth_of(self._words[place])
            words = self._words[place : place + len(keys)]
            if depth == 0 and len(words) == len(keys) and all(w.key == k for w, k in zip(words, keys, strict=True)):
                return Words(self._words[place + len(keys) :])
        return None

    def rest(self) -> tuple[Word, ...]:
        """Return the words that are not read."""
        return tuple(self._words[self._at :])

    def called(self) -> Iterator[str]:
        """Yield the names in the rest that a parenthesis follows, with their schema: functions, types with a length."""
        words = self.rest()
        for place in range(len(words) - 1):
            if words[place].is_name and words[place + 1].key == "(":
                qualified = place >= 2 and words[place - 1].key == "." and words[place - 2].text != "pg_catalog"
                yield f"{words[place - 2].text}.{words[place].text}" if qualified else words[place].text


def _depth_of(word: Word) -> int:
    return (word.key in _OPENING) - (word.key in _CLOSING)

"""Cut a file for psql into what a server takes one at a time, and what psql takes itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Piece", "after_comment", "pieces_of", "statements_of"]

_TOKEN = re.compile(
    r"""
      --[^\n]*
    | (?P<comment>/\*)
    | (?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | (?<![\w$])(?P<tag>\$(?:[^\W\d]\w*)?\$)
    | (?P<body>\bBEGIN\s+ATOMIC\b)
    | (?P<open>\()
    | (?P<close>\))
    | (?P<word>\b(?:CASE|END)\b)
    | (?P<end>;)
    | (?P<command>\\\w+)[ \t]*(?P<argument>[^\n]*)
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A statement, a command of psql, or both: the command then says what becomes of the statement's rows.

    Args:
        sql: the statement without its semicolon, comments in front of it included; empty for a command alone.
        command: without its backslash; empty for a statement alone.
        argument: what follows the command on its line.
    """

    sql: str = ""
    command: str = ""
    argument: str = ""


def pieces_of(text: str) -> tuple[Piece, ...]:
    r"""Return the statements and commands of a file that psql would read.

    Knows quotes, dollar quotes, nested comments, the parentheses of a rule and the bodies of BEGIN ATOMIC. A backslash
    outside of these is a command of psql up to the end of its line.

    >>> [(piece.sql, piece.command) for piece in pieces_of("\\if :x\nSELECT ';';\nSELECT 1\n\\gset\n-- the end\n")]
    [('', 'if'), ("SELECT ';'", ''), ('SELECT 1', 'gset')]
    """
    return tuple(_pieces(text))


def statements_of(text: str) -> tuple[str, ...]:
    r"""Return the statements of a file that psql would read, without psql's own commands; comments stay in front.

    >>> statements_of("\\set ON_ERROR_STOP on\nSELECT ';'; -- a;\nDO $x$ BEGIN; END $x$;\n-- the end\n")
    ("SELECT ';'", '-- a;\nDO $x$ BEGIN; END $x$')
    """
    return tuple(piece.sql for piece in _pieces(text) if piece.sql)


def _pieces(text: str) -> Iterator[Piece]:
    start = position = 0
    parentheses = bodies = 0
    while (token := _TOKEN.search(text, position)) is not None:
        position = token.end()
        if token["comment"]:
            position = after_comment(text, token.end())
        elif token["tag"]:
            closing = text.find(token["tag"], token.end())
            position = len(text) if closing < 0 else closing + len(token["tag"])
        elif token["open"] or token["close"]:
            parentheses += 1 if token["open"] else -1
        elif token["body"] or (token["word"] and bodies):
            bodies += -1 if (token["word"] or "").upper() == "END" else 1
        elif token["command"]:
            yield Piece(
                sql=_statement(text[start : token.start()]),
                command=token["command"][1:],
                argument=token["argument"].strip(),
            )
            start, parentheses, bodies = position, 0, 0
        elif token["end"] and parentheses <= 0 and bodies <= 0:
            sql = _statement(text[start : token.start()])
            start, parentheses, bodies = position, 0, 0
            if sql:
                yield Piece(sql=sql)
    if rest := _statement(text[start:]):
        yield Piece(sql=rest)


def _statement(text: str) -> str:
    """Return a statement without the blanks around it, nothing where there are only comments."""
    without = re.sub(r"--[^\n]*|/\*.*?\*/|\s", "", text, flags=re.DOTALL)
    return text.strip() if without else ""


def after_comment(text: str, position: int) -> int:
    """Return where the comment ends that has begun before `position`; comments may stand in comments."""
    depth = 1
    for mark in re.compile(r"/\*|\*/").finditer(text, position):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)

"""Cut a file for psql into what a server takes one at a time: floor of the artifact. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["statements_of"]

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
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


def statements_of(text: str) -> tuple[str, ...]:
    r"""Return the statements of a file that psql would read, without psql's own commands; comments stay in front.

    Knows quotes, dollar quotes, nested comments, the parentheses of a rule and the bodies of BEGIN ATOMIC.

    >>> statements_of("\\set ON_ERROR_STOP on\nSELECT ';'; -- a;\nDO $x$ BEGIN; END $x$;\n-- the end\n")
    ("SELECT ';'", '-- a;\nDO $x$ BEGIN; END $x$')
    """
    return tuple(piece for piece in (one.strip() for one in _pieces(text)) if _says_something(piece))


def _pieces(text: str) -> Iterator[str]:
    start = position = _after_meta_commands(text, 0)
    parentheses = bodies = 0
    while (token := _TOKEN.search(text, position)) is not None:
        position = token.end()
        if token["comment"]:
            position = _after_comment(text, token.end())
        elif token["tag"]:
            closing = text.find(token["tag"], token.end())
            position = len(text) if closing < 0 else closing + len(token["tag"])
        elif token["open"] or token["close"]:
            parentheses += 1 if token["open"] else -1
        elif token["body"] or (token["word"] and bodies):
            bodies += -1 if (token["word"] or "").upper() == "END" else 1
        elif token["end"] and parentheses <= 0 and bodies <= 0:
            yield text[start : token.start()]
            start = position = _after_meta_commands(text, token.end())
            parentheses = bodies = 0
    yield text[start:]


def _after_meta_commands(text: str, position: int) -> int:
    """Return where the lines end that psql takes for itself; comments before them are skipped along."""
    for line in re.compile(r"(?:[ \t]*(?:--[^\n]*)?\n)*\\[a-z][^\n]*(?:\n|\Z)").finditer(text, position):
        if line.start() != position:
            break
        position = line.end()
    return position


def _after_comment(text: str, position: int) -> int:
    depth = 1
    for mark in re.compile(r"/\*|\*/").finditer(text, position):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def _says_something(piece: str) -> bool:
    without = re.sub(r"--[^\n]*|/\*.*?\*/|\s", "", piece, flags=re.DOTALL)
    return bool(without)

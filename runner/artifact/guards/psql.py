"""What psql would change in a statement on its way to the server, and how it is kept from it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.artifact.splitting import after_comment

__all__ = ["without_variables"]

_NAME_FOLLOWS = r"""(?=[\w'"{])"""
_WORTH_A_LOOK = re.compile(rf"(?<!:):{_NAME_FOLLOWS}")
_TOKEN = re.compile(
    rf"""
      --[^\n]*
    | (?P<comment>/\*)
    | (?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | (?<![\w$])(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag)
    | ::
    | (?P<variable>:){_NAME_FOLLOWS}
    """,
    re.VERBOSE | re.DOTALL,
)


def without_variables(sql: str) -> str:
    """Return SQL in which psql sees no variable, whatever `psql -v` sets.

    Outside of strings, quoted names and comments a colon stands alone for PostgreSQL, as in a slice of an array, so a
    blank behind it changes nothing.

    >>> without_variables("SELECT a[1:n], b::int, ':n'")
    "SELECT a[1: n], b::int, ':n'"
    """
    return "".join(_pieces(sql)) if _WORTH_A_LOOK.search(sql) else sql


def _pieces(sql: str) -> Iterator[str]:
    written = position = 0
    while (token := _TOKEN.search(sql, position)) is not None:
        position = token.end()
        if token["comment"]:
            position = after_comment(sql, position)
        elif token["variable"]:
            yield f"{sql[written:position]} "
            written = position
    yield sql[written:]

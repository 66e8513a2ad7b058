"""SQL text made comparable: white space, case of words, needless quotes and parentheses. Floor 3.

What comes out is only ever compared with what comes out; it is never executed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["is_constant", "normalised", "quoted_away", "tokens", "type_parts", "without_casts"]

_TOKEN = re.compile(
    r"""
    (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<string>[eEnNxXbB]?'(?:[^']|'')*')
    | (?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[A-Za-z_][^\]]*\])
    | (?P<word>[^\W\d][\w$]*)
    | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
    | (?P<symbol>::|<=|>=|<>|!=|==|\|\||->>|->|[^\s\w])
    """,
    re.VERBOSE | re.DOTALL,
)
_SIMPLE = re.compile(r"[a-z_][a-z0-9_$]*")
_OPERATORS = {"!=": "<>", "==": "="}
_ARGUMENTS = re.compile(r"\(([^()]*)\)")
_COLLATE = re.compile(r"\s+collate\s+(?:\"[^\"]*\"|\S+)", re.IGNORECASE)
_CAST = re.compile(
    r"""::\s*(?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))?
        (?:\s+varying|\s+precision)?(?:\s*\(\s*\d+(?:\s*,\s*\d+)?\s*\))?
        (?:\s+with(?:out)?\s+time\s+zone)?(?:\s*\[\s*\])*""",
    re.VERBOSE | re.IGNORECASE,
)
_CONSTANT = re.compile(
    r"\s*(?:\(\s*)*[+-]?(?:'(?:[^']|'')*'|\d+(?:\.\d*)?|\.\d+|true|false|null)(?:\s*\))*\s*", re.IGNORECASE
)


def tokens(sql: str) -> list[str]:
    """Return the parts of an SQL text: words in lower case, quotes gone where they are not needed, comments gone."""
    found = []
    for match in _TOKEN.finditer(sql):
        kind, text = match.lastgroup, match.group()
        if kind == "word":
            found.append(text.lower())
        elif kind == "name":
            found.append(quoted_away(text))
        elif kind != "comment":
            found.append(_OPERATORS.get(text, text))
    return found


def quoted_away(name: str) -> str:
    """Return a quoted name without its quotes where it means the same without them."""
    inner = name[1:-1]
    return inner if _SIMPLE.fullmatch(inner) else f'"{inner}"'


def normalised(sql: str) -> str:
    """Return an SQL text such that texts that differ in form alone are equal."""
    return " ".join(_without_outer(tokens(sql)))


def _without_outer(parts: list[str]) -> list[str]:
    while len(parts) > 1 and parts[0] == "(" and _closing(parts) == len(parts) - 1:
        parts = parts[1:-1]
    return parts


def _closing(parts: Sequence[str]) -> int:
    """Return the index of the parenthesis that closes the first one."""
    depth = 0
    for index, part in enumerate(parts):
        depth += (part == "(") - (part == ")")
        if depth == 0:
            return index
    return -1


def without_casts(sql: str) -> str:
    """Return the text without PostgreSQL's casts, `'a'::text`."""
    parts = re.split(r"('(?:[^']|'')*')", sql)
    return "".join(part if index % 2 else _CAST.sub("", part) for index, part in enumerate(parts))


def is_constant(sql: str) -> bool:
    """Tell whether the text is one literal value, with or without casts."""
    return _CONSTANT.fullmatch(without_casts(sql)) is not None


def type_parts(compiled: str, patterns: Sequence[str] = ()) -> tuple[str, list[str], dict[str, str]]:
    """Split the SQL of a type.

    Args:
        compiled: `TIMESTAMP(6) WITH TIME ZONE`.
        patterns: regular expressions with one group each, for arguments outside the parentheses.

    Returns:
        the name in lower case (`timestamp with time zone`), the arguments in parentheses, and what the
        patterns found, by pattern.
    """
    extracted = {}
    for pattern in patterns:
        match = re.search(pattern, compiled, re.IGNORECASE)
        if match is not None:
            extracted[pattern] = match.group(1).lower()
            compiled = compiled[: match.start()] + compiled[match.end() :]
    compiled = _COLLATE.sub("", compiled)
    arguments = _ARGUMENTS.search(compiled)
    found = [] if arguments is None else [part.strip().lower() for part in arguments.group(1).split(",")]
    name = " ".join(_ARGUMENTS.sub("", compiled).split())
    return name.lower(), found, extracted

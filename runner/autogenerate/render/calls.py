"""Text of calls (floor 4): arguments in, `function(a, b, key=value)` out, on one line."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping

from runner.autogenerate.render.strings import string_literal

__all__ = ["call", "items", "keywords"]


def call(function: str, arguments: Iterable[str] = (), options: Mapping[str, str | None] | None = None) -> str:
    """Return a call.

    Args:
        function: what is called.
        arguments: the rendered positional arguments.
        options: keyword -> rendered value; None leaves the keyword out.

    >>> call("sa.String", options={"length": "50", "collation": None})
    'sa.String(length=50)'
    """
    return f"{function}({', '.join([*arguments, *keywords(options or {})])})"


def keywords(options: Mapping[str, str | None]) -> list[str]:
    """Return `name=value` pairs; what cannot be written as a keyword is in one dictionary at the end."""
    given = {name: value for name, value in options.items() if value is not None}
    pairs = [f"{name}={value}" for name, value in given.items() if _is_keyword(name)]
    others = [f"{string_literal(name)}: {value}" for name, value in given.items() if not _is_keyword(name)]
    return [*pairs, f"**{{{', '.join(others)}}}"] if others else pairs


def items(values: Iterable[str], brackets: str = "[]") -> str:
    """Return a list, or with other brackets a tuple or set."""
    texts = list(values)
    comma = "," if brackets == "()" and len(texts) == 1 else ""
    return f"{brackets[0]}{', '.join(texts)}{comma}{brackets[1]}"


def _is_keyword(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)

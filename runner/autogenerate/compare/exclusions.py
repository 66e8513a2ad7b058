"""Exclusion constraints of PostgreSQL out of the text the server prints. Floor 4."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import text

__all__ = ["exclude_constraint"]

_DEFINITION = re.compile(
    r"EXCLUDE USING (?P<using>\S+) (?P<rest>\(.*?)(?P<deferrable> DEFERRABLE(?: INITIALLY DEFERRED)?)?", re.DOTALL
)


def exclude_constraint(name: str | None, definition: str) -> Any:
    """Return the constraint that this text stands for."""
    from sqlalchemy.dialects.postgresql import ExcludeConstraint

    match = _DEFINITION.fullmatch(definition)
    assert match is not None, definition
    end = _closing(match["rest"])
    elements = [_element(part) for part in _split(match["rest"][1:end])]
    rest = match["rest"][end + 1 :]
    where = rest.partition(" WHERE ")[2]
    deferrable = match["deferrable"]
    return ExcludeConstraint(
        *elements,
        name=name,
        using=match["using"],
        where=_text(where) if where else None,
        deferrable=True if deferrable else None,
        initially="DEFERRED" if deferrable and "INITIALLY" in deferrable else None,
    )


def _element(part: str) -> tuple[Any, str]:
    expression, _, operator = part.rpartition(" WITH ")
    return _text(expression.strip()), operator.strip()


def _text(sql: str) -> Any:
    return text(sql.replace(":", "\\:"))


def _closing(sql: str) -> int:
    """Return the index of the parenthesis that closes the first one."""
    depth, quote = 0, ""
    for index, character in enumerate(sql):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            depth += (character == "(") - (character == ")")
            if depth == 0:
                return index
    return len(sql)


def _split(sql: str) -> list[str]:
    """Return the parts between the commas that are in no parentheses and no quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for index, character in enumerate(sql):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "," and depth == 0:
            parts.append(sql[start:index])
            start = index + 1
        else:
            depth += (character == "(") - (character == ")")
    return [*parts, sql[start:]]

"""PL/pgSQL as the guards of PostgreSQL's files are written in it: blocks, errors, values. Pure text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.artifact.guards.base import comment, quoted
from runner.database.lock import LockKey

__all__ = ["array", "do_block", "in_text", "or_null", "raising", "unlocking"]


def do_block(about: str, body: Iterable[str], *, declare: Iterable[str] = (), on_error: Sequence[str] = ()) -> str:
    """Return a DO statement; `about` is the comment above it, `on_error` runs before an error goes on."""
    lines = [comment(f"Guard: {about}")] if about else []
    declared = ["DECLARE", *(f"    {line}" for line in declare)] if declare else []
    handler = ["EXCEPTION WHEN OTHERS THEN", *(f"    {line}" for line in [*on_error, "RAISE;"])] if on_error else []
    inner = "\n".join([*declared, "BEGIN", *(f"    {line}" for line in body), *handler, "END"])
    tag = _dollar_tag(inner)
    return "\n".join([*lines, f"DO {tag}", inner, f"{tag};"])


def raising(code: str, message: str, hint: str) -> list[str]:
    """Return the lines that end the file with one sentence; message and hint are SQL expressions."""
    return [f"    RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = {message},", f"        HINT = {hint};"]


def array(rows: Sequence[str]) -> str:
    """Return a text array."""
    return f"ARRAY[{', '.join(quoted(row) for row in rows)}]::text[]"


def unlocking(key: LockKey) -> str:
    """Return the line that gives back the session's lock: a pooler would keep it for whoever comes next."""
    return f"PERFORM pg_advisory_unlock({key.tool}, {key.target});"


def in_text(text: str) -> str:
    """Return a text as it stands inside a string literal."""
    return quoted(text)[1:-1]


def or_null(text: str | None) -> str:
    """Return a literal, NULL for an empty text."""
    return quoted(text) if text else "NULL"


def _dollar_tag(body: str) -> str:
    """Return a dollar quote that the text does not contain."""
    number = 0
    tag = "$runner$"
    while tag in body:
        number += 1
        tag = f"$runner{number}$"
    return tag

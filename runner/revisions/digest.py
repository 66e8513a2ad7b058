"""What a revision file says, as two digests: floor 3. Pure; tells whether a file was edited after it had been applied.

The source digest is that of the bytes, line ends aside. The syntax digest is that of the program: two files have
the same one if they differ only in formatting, comments and docstrings. It is made from the syntax tree in a form of
its own, since what `ast.dump` writes differs between versions of Python.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

__all__ = ["SourceDigest", "digest_of", "source_digest", "syntax_digest"]

_BOM = b"\xef\xbb\xbf"
_SKIPPED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
"""Fields that follow from the place of a node, or that say how it was spelled."""
_WITH_DOCSTRING = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDigest:
    """Both digests of one file, as hexadecimal SHA-256.

    Args:
        source: of the bytes, with LF at the end of every line and without a byte order mark.
        syntax: of the program, None where the bytes are no program.
    """

    source: str
    syntax: str | None


def digest_of(source: bytes) -> SourceDigest:
    """Return both digests of a file's contents."""
    return SourceDigest(source=source_digest(source), syntax=syntax_digest(source))


def source_digest(source: bytes) -> str:
    """Return the digest of the bytes; what git or an editor does to line ends makes no difference."""
    plain = source.removeprefix(_BOM).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return hashlib.sha256(plain).hexdigest()


def syntax_digest(source: bytes) -> str | None:
    """Return the digest of the program that the bytes are, None where they are none."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    words: list[str] = []
    try:
        _write(tree, words.append)
    except RecursionError:
        return None
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()


def _write(node: ast.AST, add: Callable[[str], None]) -> None:
    """Add the words of a node: its type, its fields that hold anything, and where it ends."""
    kind = type(node)
    add(kind.__name__)
    for name in _told_fields(kind._fields):
        value = getattr(node, name, None)
        if type(value) is list:
            if value:  # an empty list may be a field that older versions do not have
                add(name)
                for one in _told(node, name, value):
                    _write_value(one, add)
        elif value is not None or kind is ast.Constant:
            add(name)
            _write_value(value, add)
    add(")")


@cache
def _told_fields(fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in fields if name not in _SKIPPED)


def _told(node: ast.AST, name: str, entries: list[object]) -> list[object]:
    """Return the entries of a field that do something: of a body neither the docstring nor `pass`."""
    if isinstance(node, ast.JoinedStr):  # Python 3.12 put empty pieces between those of an f-string
        return [one for one in entries if not (isinstance(one, ast.Constant) and one.value == "")]
    if name != "body":
        return entries
    if isinstance(node, _WITH_DOCSTRING) and _is_text(entries[0]):
        entries = entries[1:]
    return [one for one in entries if not isinstance(one, ast.Pass)]


def _is_text(entry: object) -> bool:
    return isinstance(entry, ast.Expr) and isinstance(entry.value, ast.Constant) and isinstance(entry.value.value, str)


def _write_value(value: object, add: Callable[[str], None]) -> None:
    if isinstance(value, ast.AST):
        _write(value, add)
    else:
        add(f"{type(value).__name__} {value!r}")

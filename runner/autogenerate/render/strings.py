"""Python string literals (floor 4): double quotes, fewest escapes, several lines where SQL has several."""

from __future__ import annotations

import unicodedata

__all__ = ["bytes_literal", "display_width", "multiline_literal", "string_literal"]


def string_literal(value: str) -> str:
    r"""Return a string literal on one line, quoted as a formatter would.

    Double quotes, unless single ones save escapes; whatever is not printable is escaped.

    >>> print(string_literal("it's"), string_literal('say "a"'), string_literal("tab\t"))
    "it's" 'say "a"' "tab\t"
    """
    quote = "'" if value.count('"') > value.count("'") else '"'
    return quote + "".join(_escaped(character, quote) for character in value) + quote


def bytes_literal(value: bytes) -> str:
    """Return a bytes literal on one line, quoted as a formatter would.

    >>> print(bytes_literal(b"a'b"))
    b"a'b"
    """
    quote = "'" if value.count(b'"') > value.count(b"'") else '"'
    return f"b{quote}{''.join(_escaped_byte(byte, quote) for byte in value)}{quote}"


def _escaped_byte(byte: int, quote: str) -> str:
    return _escaped(chr(byte), quote) if byte < 0x7F else f"\\x{byte:02x}"


def multiline_literal(value: str) -> str | None:
    """Return a literal in triple quotes for text of several lines, None where that would not be the same text.

    An editor strips white space from the ends of lines, and a backslash or a control character would have to be
    escaped; such text stays on one line with escapes.
    """
    lines = value.split("\n")
    if len(lines) < 2 or '"""' in value or "\\" in value or value.endswith('"') or value.startswith('"'):
        return None
    if any(line != line.rstrip() or not line.isprintable() for line in lines):
        return None
    return f'"""{value}"""'


def display_width(text: str) -> int:
    """Return the number of columns a text takes, as formatters count."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _escaped(character: str, quote: str) -> str:
    if character in {quote, "\\"}:
        return "\\" + character
    return character if character.isprintable() else repr(character)[1:-1]

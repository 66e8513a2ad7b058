"""Make text of a revision inert in HTML and in Markdown, and show what would hide in it. Pure.

A docstring may hold markup, and SQL may hold characters that reorder or hide what follows them: a reviewer who does
not see them reviews something else than the server gets. They are shown by their code points.
"""

from __future__ import annotations

import re
import unicodedata
from html import escape

__all__ = [
    "html_prose",
    "html_text",
    "markdown_block",
    "markdown_code",
    "markdown_html",
    "markdown_prose",
    "markdown_text",
    "visible",
]

_ORDINARY = re.compile(r"[\t\n\x20-\x7e]*\Z")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Categories of characters without a shape of their own: controls, directions, joiners, surrogates, private ones."""
_CODE = re.compile(r"`([^`]+)`")


def _is_hidden(character: str) -> bool:
    if character in "\t\n":
        return False
    return unicodedata.category(character) in _HIDDEN


def visible(text: str) -> str:
    """Return the text with hidden characters as their code points, and line ends as newlines."""
    if _ORDINARY.match(text):
        return text
    unified = text.replace("\r\n", "\n")
    return "".join(f"\u27e8U+{ord(one):04X}\u27e9" if _is_hidden(one) else one for one in unified)


# --- HTML ----------------------------------------------------------------------------------------------------------


def html_text(value: object) -> str:
    """Return a value as text for HTML, in an element or a quoted attribute."""
    return escape(visible(str(value)), quote=True)


def html_prose(sentence: str) -> str:
    """Return a sentence of ours for HTML; backquotes mark code."""
    return _CODE.sub(r"<code>\1</code>", html_text(sentence))


# --- Markdown ------------------------------------------------------------------------------------------------------

_SPECIAL = re.compile(r"([\\`*_\[\]#|~$])")
_LIST = re.compile(r"(?<=\d)(?=[.)])|(?=[-+])")
_REFERENCE = re.compile(r"@(?=\w)|(?<!&)#(?=\d)")


def markdown_text(value: object) -> str:
    """Return a value as text on one line of Markdown: no markup, no HTML, nobody notified."""
    line = " ".join(visible(str(value)).split())
    marked = _SPECIAL.sub(r"\\\1", escape(line, quote=False))
    if line[:1] in "-+" or line[:1].isdigit():  # would begin a list
        marked = _LIST.sub(r"\\", marked, count=1)
    return _REFERENCE.sub(lambda found: f"{found[0]}<!-- -->", marked)


def markdown_html(value: object) -> str:
    """Return a value as text inside an HTML block of a Markdown file, on one line."""
    line = html_text(" ".join(str(value).split()))
    return _REFERENCE.sub(lambda found: f"{found[0]}<!-- -->", line)


def markdown_prose(sentence: str) -> str:
    """Return a sentence of ours for Markdown; backquotes mark code."""
    parts = _CODE.split(" ".join(visible(sentence).split()))
    return "".join(markdown_code(part) if number % 2 else _between(part) for number, part in enumerate(parts))


def _between(part: str) -> str:
    """Return the text beside a code span, with the blanks at its ends."""
    before, after = " " * part.startswith(" "), " " * (part.endswith(" ") and part != " ")
    return before + markdown_text(part) + after


def markdown_code(value: object) -> str:
    """Return a value as a code span on one line, for a table, too."""
    line = " ".join(visible(str(value)).split()).replace("|", "\u2223") or " "
    fence = "`" * (1 + _longest_run(line))
    edge = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{edge}{line}{edge}{fence}"


def markdown_block(text: str, language: str) -> str:
    """Return a text as a fenced block, whatever fences there are in it."""
    shown = visible(text)
    fence = "`" * max(3, 1 + _longest_run(shown))
    return f"{fence}{language}\n{shown}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)

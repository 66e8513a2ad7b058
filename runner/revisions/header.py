"""The fast reader: the identifiers of an ordinary revision file, without parsing it. Floor 3; pure.

An ordinary file begins with a docstring, comments, plain imports and literal assignments to the four identifiers.
What follows must not be able to bind one of them again: either it is functions only, and then importing the file runs
none of it, or it holds none of the words without which that cannot be done.
Where a file has any other form the reader answers nothing, and the parser decides: it may refuse, it never guesses.

Only small regular expressions are compiled for an ordinary file: compiling one that knows the whole grammar takes
longer than reading hundreds of files.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from runner.revisions.declared import HARMLESS_DUNDERS, IDENTIFIERS, REBINDING_WORDS, Declared, declared_from

__all__ = ["read_header", "read_ordinary"]

_BOM = b"\xef\xbb\xbf"
_QUOTES = frozenset({b'"', b"'"})
_UTF8 = frozenset({b"utf-8", b"utf8", b"utf_8"})
_IDENTIFIERS = {name.encode(): name for name in IDENTIFIERS}
# Code of these characters alone evaluates names, attributes and subscripts: no call, no walrus, no comment.
_ANNOTATION = b" \t.,|[]'\"_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_AT_MARGIN = re.compile(rb"\n([^\s#)\]}][^\n]*)")
_FUNCTION_HEAD = re.compile(
    rb"(?:async )?def ([a-zA-Z_]\w*)\([\w ,:.|='\"*\[\]]*\)(?: *->[\w ,.|'\"\[\]]+)?: *(?:#.*)?"
)


_SUSPICIOUS = (
    *(b"eval", b"globals", b"locals", b"vars", b"attr", b"builtins", b"getmembers", b"methodcaller"),
    *(b"get_refer", b"get_objects", b"ctypes", b"pickle", b"marshal", b"FunctionType", b"CodeType", b"type_hints"),
)
"""Every word of REBINDING_WORDS contains one of these, except exec, which is in every op.execute."""


class _Refused(Exception):
    """The statement at hand is not of the ordinary form."""


def read_ordinary(source: bytes) -> Declared | None:
    """Return the identifiers of an ordinary file, or None where the parser must decide.

    Args:
        source: the whole file. Whether its functions are valid Python is not checked.

    Raises:
        NotIdentifiers: an identifier has a value of the wrong type.
    """
    text = _plain_text(source)
    if text is None:
        return None
    header = _Header(text)
    if not header.knows_docstring:
        return None
    body = text[header.end :]
    if _is_functions_only(body) or _is_without_rebinding(text[: header.end], body):
        return header.declared()
    return None


def read_header(source: bytes) -> Declared | None:
    """Return what the header says in a file that is broken further down, or None where it says nothing."""
    text = _plain_text(source)
    if text is None:
        return None
    header = _Header(text)
    return header.declared() if isinstance(header.values.get("revision"), str) else None


# --- the text ----------------------------------------------------------------------------------------


def _plain_text(source: bytes) -> bytes | None:
    """Return the source with line ends as the parser sees them, or None where it is not declared UTF-8."""
    text = source[3:] if source.startswith(_BOM) else source
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    # Only the first two lines can declare an encoding.
    two_lines = text[: _stop(text, _stop(text, 0) + 1)]
    if b"coding" in two_lines and not all(map(_is_utf8, two_lines.split(b"\n"))):
        return None
    return text


def _is_utf8(line: bytes) -> bool:
    """Whether a line is no encoding declaration, or declares UTF-8 in the usual way."""
    if not line.lstrip().startswith(b"#") or b"coding" not in line:
        return True
    rest = line.partition(b"coding")[2]
    words = rest[1:].replace(b"-*-", b" ").split()
    return rest[:1] in {b":", b"="} and bool(words) and words[0].lower() in _UTF8


def _is_functions_only(body: bytes) -> bool:
    """Whether every statement of the module is a function whose definition runs no code.

    Such a statement begins at the margin, so what is indented, or closes a bracket, belongs to a function. Text at
    the margin inside a string is held against the file, too.
    """
    # After a form feed an indented line counts as one at the margin.
    return b"\f" not in body and all(map(_is_plain_function, _AT_MARGIN.findall(b"\n" + body)))


@lru_cache(maxsize=256)
def _is_plain_function(line: bytes) -> bool:
    """Whether a line is a whole function head, with neither a call nor a walrus in defaults and annotations."""
    head = _FUNCTION_HEAD.fullmatch(line)
    return head is not None and head[1] not in _IDENTIFIERS and head[1][:2] != b"__" and b":=" not in line


# --- the words ---------------------------------------------------------------------------------------


def _is_without_rebinding(header: bytes, body: bytes) -> bool:
    """Whether neither part can bind an identifier: the body names none and no code changes a namespace by other means.

    The parser normalizes identifiers, so the words are looked for in normalized text.
    """
    if not body.isascii():
        from unicodedata import normalize

        try:
            body = normalize("NFKC", body.decode()).encode()
        except UnicodeDecodeError:
            return False
    return not (_names_identifier(body) or _may_change_namespace(header) or _may_change_namespace(body))


def _names_identifier(text: bytes) -> bool:
    if not any(part in text for part in (b"revision", b"branch_labels", b"depends_on", b"replaces")):
        return False
    return _words(IDENTIFIERS).search(text) is not None


def _may_change_namespace(text: bytes) -> bool:
    if b":=" in text or (b"*" in text and _pattern(rb"import[\s\\(]*\*").search(text)):
        return True
    is_suspicious = text.count(b"exec") != text.count(b"execut") or any(map(text.__contains__, _SUSPICIOUS))
    if is_suspicious and _words(REBINDING_WORDS).search(text):
        return True
    if b"__" not in text:
        return False
    dunders: list[bytes] = _pattern(rb"(?<![a-zA-Z0-9_])__\w+?__(?!\w)").findall(text)
    return any(name.decode() not in HARMLESS_DUNDERS for name in dunders)


@cache
def _words(words: frozenset[str]) -> re.Pattern[bytes]:
    return _pattern(rb"(?<!\w)(?:" + "|".join(sorted(words)).encode() + rb")(?!\w)")


@cache
def _pattern(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern)


# --- the statements ----------------------------------------------------------------------------------


class _Header:
    """The statements from the top of a file up to the first that is not of the ordinary form.

    `end` is where that one begins. Where the docstring cannot be told, nothing is read.
    """

    __slots__ = ("docstring", "end", "knows_docstring", "values")

    def __init__(self, text: bytes) -> None:
        self.values: dict[str, str | tuple[str, ...] | None] = {}
        self.docstring: bytes | None = None
        self.end = 0
        self.knows_docstring = False
        try:
            self._read_docstring(text)
            self.knows_docstring = True
            limit = text.find(b"\ndef ", self.end)
            limit = len(text) if limit < 0 else limit
            while self.end < limit:
                self._read_lines(text, limit)
        except (_Refused, UnicodeDecodeError):
            pass

    def declared(self) -> Declared:
        """Return the identifiers read."""
        return declared_from(self.values, self.docstring)

    def _read_docstring(self, text: bytes) -> None:
        start = 0 if text[:1] in _QUOTES else _after_space(text, 0)
        opening = text[start : start + 2]
        if opening.lstrip(b"rRuU")[:1] not in _QUOTES:
            if opening and not opening[:1].isalpha():
                raise _Refused  # ("docstring"), for one
            return
        end = _end_of_docstring(text, start)
        self.end = _end_of_line(text, end)
        self.docstring = text[start:end]

    def _read_lines(self, text: bytes, limit: int) -> None:
        """Read statements of one line each, up to the limit or past one that takes several lines."""
        for line in text[self.end : limit].split(b"\n"):
            if line[:1].isalpha():
                end = self._end_of_statement(text, line)
                if end is not None:
                    self.end = end
                    return
            elif line and line[:1] != b"#" and (code := line.strip()) and code[:1] != b"#":
                raise _Refused
            self.end += len(line) + 1

    def _end_of_statement(self, text: bytes, line: bytes) -> int | None:
        """Read the statement that begins with the line; return where the next begins, None for the next line."""
        if line.startswith((b"import ", b"from ")):
            return None if _is_plain_import(line) else _end_of_import(text, self.end)
        left, equals, right = line.partition(b"=")
        identifier = _identifier(left)
        if identifier is None or not equals:
            raise _Refused
        literal = right.strip()
        if literal == b"None":
            self.values[identifier] = None
            return None
        quote = literal[:1]
        if quote in _QUOTES and literal.find(quote, 1) == len(literal) - 1 and b"\\" not in literal:
            self.values[identifier] = literal[1:-1].decode()
            return None
        self.values[identifier], end = _value(text, self.end + len(left) + 1)
        return end


@lru_cache(maxsize=256)
def _identifier(target: bytes) -> str | None:
    """Return the identifier that the left side of an assignment binds, if that is all it does."""
    name, _, annotation = target.partition(b":")
    return None if annotation.translate(None, _ANNOTATION) else _IDENTIFIERS.get(name.rstrip())


@lru_cache(maxsize=256)
def _is_plain_import(line: bytes) -> bool:
    """Whether an import ends with its line and binds neither an identifier nor a name with double underscores."""
    return (
        line.isascii()
        and line.translate(None, b";\\*#()") == line
        and not any(part in line for part in (b"__", b"revision", b"branch_labels", b"depends_on", b"replaces"))
    )


def _end_of_import(text: bytes, position: int) -> int:
    """Return where the statement after an import begins, if the import is plain but for comments and parentheses."""
    stop = _stop(text, position)
    code = text[position:stop].partition(b"#")[0]
    if b"(" in code:
        while b")" not in code:
            if stop >= len(text):
                raise _Refused
            position, stop = stop + 1, _stop(text, stop + 1)
            code += b" " + text[position:stop].partition(b"#")[0]
        if code.partition(b")")[2].strip():
            raise _Refused
        code = code.replace(b"(", b"").replace(b")", b"")
    if not _is_plain_import(code.replace(b"__future__", b"")):
        raise _Refused
    return stop + 1


def _end_of_docstring(text: bytes, position: int) -> int:
    if text[position : position + 1] not in _QUOTES:
        position += 1
    quote = text[position : position + 3]
    if quote not in {b'"""', b"'''"}:
        quote = quote[:1]
    start = position + len(quote)
    close = text.find(quote, start)
    content = text[start:close]
    if close < 0 or b"\\" in content or (len(quote) == 1 and b"\n" in content):
        raise _Refused
    return close + len(quote)


def _value(text: bytes, position: int) -> tuple[str | tuple[str, ...] | None, int]:
    """Return the literal at the position, and where the next line begins."""
    value: str | tuple[str, ...] | None
    while text[position : position + 1] in {b" ", b"\t"}:
        position += 1
    if text.startswith(b"None", position):
        value, position = None, position + 4
    elif text[position : position + 1] in {b"(", b"["}:
        value, position = _sequence(text, position)
    else:
        value, position = _string(text, position)
    return value, _end_of_line(text, position)


def _string(text: bytes, position: int) -> tuple[str, int]:
    """Return the string whose literal begins at the position, and where it ends."""
    if text[position : position + 1] in {b"u", b"U"}:
        position += 1
    quote = text[position : position + 1]
    if quote not in _QUOTES or text.startswith(quote * 3, position):
        raise _Refused
    close = text.find(quote, position + 1)
    content = text[position + 1 : close]
    if close < 0 or b"\\" in content or b"\n" in content:
        raise _Refused
    return content.decode(), close + 1


def _sequence(text: bytes, position: int) -> tuple[str | tuple[str, ...], int]:
    """Return the tuple or list at the position, or the string in parentheses, and where it ends."""
    close = b")" if text[position : position + 1] == b"(" else b"]"
    names: list[str] = []
    comma = True
    position = _after_space(text, position + 1)
    while text[position : position + 1] != close:
        if not comma:
            raise _Refused
        name, position = _string(text, position)
        names.append(name)
        position = _after_space(text, position)
        comma = text[position : position + 1] == b","
        if comma:
            position = _after_space(text, position + 1)
    if len(names) == 1 and not comma and close == b")":
        return names[0], position + 1
    return tuple(names), position + 1


def _after_space(text: bytes, position: int) -> int:
    """Return the position after white space, line ends and comments."""
    while True:
        character = text[position : position + 1]
        if character == b"#":
            position = _stop(text, position)
        elif not character or character not in b" \t\n":
            return position
        else:
            position += 1


def _end_of_line(text: bytes, position: int) -> int:
    """Return where the next line begins; nothing but a comment may stand before."""
    stop = _stop(text, position)
    rest = text[position:stop].strip()
    if rest and rest[:1] != b"#":
        raise _Refused
    return stop + 1


def _stop(text: bytes, position: int) -> int:
    """Return where the line ends."""
    stop = text.find(b"\n", position)
    return len(text) if stop < 0 else stop

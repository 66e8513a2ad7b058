"""Line breaks for rendered Python (floor 4): one long line in, the lines a formatter would leave alone out.

Renderers, those of third parties included, make each statement as one line. It is parsed here and broken at brackets
in the style of ruff and black. What is not understood (a comment inside, syntax that operations do not use) is kept
as it was written.
"""

from __future__ import annotations

import ast
import io
import textwrap
import tokenize
from dataclasses import dataclass
from typing import Any

from runner.autogenerate.render.strings import bytes_literal, display_width, multiline_literal, string_literal

__all__ = ["LINE_LENGTH", "lay_out"]

LINE_LENGTH = 88
"""The default of ruff and black, so that a file without a post-write hook is formatted too."""

_STEP = 4


def lay_out(text: str, *, indent: int = 0, line_length: int = LINE_LENGTH) -> str:
    """Return a statement, or the head of a block such as `with ...:`, with line breaks.

    Args:
        text: Python; its own indentation counts on top of `indent`.
        indent: spaces in front of every line but those inside a string.
        line_length: columns.
    """
    stripped = text.lstrip(" ") if "\n" not in text else text
    indent += len(text) - len(stripped)
    if not stripped.strip():
        return ""
    if stripped.startswith("#"):
        return _commented(stripped, indent, line_length)
    statement = None if _has_comment(stripped) else _parsed(stripped)
    laid_out = None if statement is None else _Printer(line_length).statement(statement, indent)
    return textwrap.indent(textwrap.dedent(stripped), " " * indent) if laid_out is None else laid_out


def _commented(text: str, indent: int, line_length: int) -> str:
    """Return the comment, wrapped; a marker of generated code is never broken."""
    prefix = " " * indent
    if text.startswith("# ###"):
        return prefix + text
    width = max(line_length - indent - 2, 20)
    lines = textwrap.wrap(text.lstrip("# "), width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"{prefix}# {line}" for line in lines)


def _has_comment(text: str) -> bool:
    if "#" not in text:
        return False
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return True
    return any(token.type == tokenize.COMMENT for token in tokens)


def _parsed(text: str) -> ast.stmt | None:
    """Return the only statement of the text, None where there is another number of them or none at all."""
    head = text.rstrip().endswith(":")
    try:
        body = ast.parse(text + "\n    pass" if head else text).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    return body[0] if len(body) == 1 else None


class _NotUnderstoodError(Exception):
    """Syntax this module does not print."""


@dataclass(frozen=True, slots=True)
class _Printer:
    """Prints the syntax operations are written in.

    The methods take the column a text begins at and how many columns what follows on its last line takes.
    """

    line_length: int

    def statement(self, node: ast.stmt, indent: int) -> str | None:
        """Return the statement, or None where it is not understood."""
        try:
            return " " * indent + self._statement(node, indent)
        except _NotUnderstoodError:
            return None

    def _statement(self, node: ast.stmt, indent: int) -> str:
        match node:
            case ast.Expr(value=value):
                return self.broken(value, indent, indent, 0)
            case ast.Pass():
                return "pass"
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                return f"{name} = " + self.broken(value, indent, indent + len(name) + 3, 0)
            case ast.With(items=[ast.withitem(context, ast.Name(id=name))], body=[ast.Pass()]):
                tail = f" as {name}:"
                return "with " + self.broken(context, indent, indent + 5, len(tail)) + tail
        raise _NotUnderstoodError

    def broken(self, node: ast.expr, indent: int, column: int, tail: int) -> str:
        """Return the expression on one line where it fits, otherwise broken at its outermost bracket."""
        flat = self.flat(node)
        if "\n" not in flat and column + display_width(flat) + tail <= self.line_length:
            return flat
        match node:
            case ast.Call():
                return self._call(node, indent, column, tail)
            case ast.Dict():
                return self._dictionary(node, indent)
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements) if elements:
                opening, closing = _BRACKETS[type(node)]
                return self._bracketed(opening, elements, closing, indent)
        return flat

    def _call(self, node: ast.Call, indent: int, column: int, tail: int) -> str:
        links = _links(node)
        if len(links) > 2:
            return self._chain(node, indent)
        arguments = _arguments(node)
        flats = [self._flat_argument(*argument) for argument in arguments]
        opening = 1  # columns behind the name that stay on its line
        if not arguments:
            opening = 2 + tail
        elif _is_sole_block(arguments, flats):
            opening += display_width(flats[0].partition("\n")[0])
        function = self._function(node, indent, column, opening)
        if not arguments:
            return f"{function}()"
        if _is_sole_block(arguments, flats):
            return f"{function}({flats[0]})"
        inner = indent + _STEP
        joined = ", ".join(flats)
        last_line = function.rpartition("\n")[2]
        one_line = "\n" not in joined
        if one_line and last_line != function and display_width(f"{last_line}({joined})") + tail <= self.line_length:
            return f"{function}({joined})"
        margin = " " * inner
        if one_line and inner + display_width(joined) <= self.line_length:
            return f"{function}(\n{margin}{joined}\n{' ' * indent})"
        sole = len(arguments) == 1
        lines = [self._argument(name, value, inner, 0 if sole else 1) for name, value in arguments]
        text = "".join(f"{margin}{line}{'' if sole else ','}\n" for line in lines)
        return f"{function}(\n{text}{' ' * indent})"

    def _function(self, node: ast.Call, indent: int, column: int, opening: int) -> str:
        """Return what is called; the call in front of a method stays on one line where it can."""
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
            rest = len(f".{node.func.attr}") + opening
            return f"{self.broken(node.func.value, indent, column, rest)}.{node.func.attr}"
        return self.flat(node.func)

    def _chain(self, node: ast.Call, indent: int) -> str:
        """Return `a.b().c().d()`, every method after the first call on a line of its own."""
        links = _links(node)
        lines = [self.broken(links[0], indent, indent, 0)]
        for link in links[1:]:
            assert isinstance(link.func, ast.Attribute)
            head = ast.Call(func=ast.Name(id=f".{link.func.attr}"), args=link.args, keywords=link.keywords)
            lines.append(self.broken(head, indent, indent, 1))
        return f"\n{' ' * indent}".join(lines)

    def _argument(self, name: str | None, value: ast.expr, indent: int, tail: int) -> str:
        prefix = _prefix(name)
        if isinstance(value, ast.Starred):
            return "*" + self.broken(value.value, indent, indent + 1, tail)
        return prefix + self.broken(value, indent, indent + len(prefix), tail)

    def _bracketed(self, opening: str, elements: list[ast.expr], closing: str, indent: int) -> str:
        inner = indent + _STEP
        lines = [self._argument(None, element, inner, 1) for element in elements]
        text = "".join(f"{' ' * inner}{line},\n" for line in lines)
        return f"{opening}\n{text}{' ' * indent}{closing}"

    def _dictionary(self, node: ast.Dict, indent: int) -> str:
        if not node.values:
            return "{}"
        inner = indent + _STEP
        text = ""
        for key, value in zip(node.keys, node.values, strict=True):
            prefix = "**" if key is None else f"{self.flat(key)}: "
            text += f"{' ' * inner}{prefix}{self.broken(value, inner, inner + display_width(prefix), 1)},\n"
        return f"{{\n{text}{' ' * indent}}}"

    # --- on one line ----------------------------------------------------------------------------------------------

    def flat(self, node: ast.expr) -> str:
        """Return the expression without line breaks, but for those inside strings of several lines."""
        match node:
            case ast.Constant(value=value):
                text = self._constant(value)
            case ast.Name(id=name):
                text = name
            case ast.Attribute(value=value, attr=name):
                text = f"{self.flat(value)}.{name}"
            case ast.Call(func=function):
                arguments = ", ".join(self._flat_argument(*argument) for argument in _arguments(node))
                text = f"{self.flat(function)}({arguments})"
            case ast.Starred(value=value):
                text = f"*{self.flat(value)}"
            case ast.Tuple(elts=[element]):
                text = f"({self.flat(element)},)"
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                opening, closing = _BRACKETS[type(node)]
                text = opening + ", ".join(self.flat(element) for element in elements) + closing
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                text = "{" + ", ".join(self._flat_pair(key, value) for key, value in pairs) + "}"
            case _:
                text = _unparsed(node)
        return text

    def _constant(self, value: Any) -> str:
        if isinstance(value, bytes):
            return bytes_literal(value)
        if not isinstance(value, str):
            return _unparsed(ast.Constant(value))
        literal = string_literal(value)
        if value.count("\n") >= 2 or ("\n" in value and len(literal) > 60):
            return multiline_literal(value) or literal
        return literal

    def _flat_pair(self, key: ast.expr | None, value: ast.expr) -> str:
        return f"**{self.flat(value)}" if key is None else f"{self.flat(key)}: {self.flat(value)}"

    def _flat_argument(self, name: str | None, value: ast.expr) -> str:
        return _prefix(name) + self.flat(value)


_DOUBLE_STAR = "**"
_BRACKETS: dict[type, tuple[str, str]] = {ast.List: ("[", "]"), ast.Tuple: ("(", ")"), ast.Set: ("{", "}")}


def _arguments(node: ast.Call) -> list[tuple[str | None, ast.expr]]:
    """Return the arguments as (keyword or None, value)."""
    named = ((keyword.arg or _DOUBLE_STAR, keyword.value) for keyword in node.keywords)
    return [*((None, argument) for argument in node.args), *named]


def _is_sole_block(arguments: list[tuple[str | None, ast.expr]], flats: list[str]) -> bool:
    """Tell a string of several lines that is all a call takes: it begins on the line of the call."""
    return len(flats) == 1 and arguments[0][0] is None and flats[0].startswith('"""') and "\n" in flats[0]


def _prefix(name: str | None) -> str:
    if name is None:
        return ""
    return name if name == _DOUBLE_STAR else f"{name}="


def _links(node: ast.Call) -> list[ast.Call]:
    """Return the calls of a chain of methods, first one first; just the call where there is no chain."""
    links = [node]
    while isinstance(links[0].func, ast.Attribute) and isinstance(links[0].func.value, ast.Call):
        links.insert(0, links[0].func.value)
    return links


def _unparsed(node: ast.expr) -> str:
    """Return syntax that is never broken, such as a number."""
    text = ast.unparse(node)
    if any(isinstance(part, ast.Constant) and isinstance(part.value, (str, bytes)) for part in ast.walk(node)):
        raise _NotUnderstoodError  # its quotes would not be a formatter's
    return text

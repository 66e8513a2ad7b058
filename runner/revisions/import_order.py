"""Import lines in the order a linter wants (floor 3).

The order is that of ruff's rule I001 and of isort's profile for Black, with their defaults. It does not know what a
project tells its linter: source directories of other names, packages to be taken for its own.
"""

from __future__ import annotations

import ast
import enum
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterable

__all__ = ["import_block", "imports_variable", "project_root", "with_sorted_imports"]

_LINE_LENGTH = 88
"""The default of ruff and black."""
_CONFIGURATIONS = ("pyproject.toml", "ruff.toml", ".ruff.toml")
_Name = tuple[str, "str | None"]


def import_block(lines: Iterable[str], *, root: str | None = None) -> str:
    """Return import lines sorted and merged: the standard library, packages, modules of the program.

    A line that is no import, or a conditional one, stands at the end as it is.

    Args:
        lines: one import or several each.
        root: where the modules of the program are, here or in `src/`; None knows none.

    >>> print(import_block(["from mako import y", "import sqlalchemy as sa", "import datetime", "from mako import x"]))
    import datetime
    <BLANKLINE>
    import sqlalchemy as sa
    from mako import x, y
    """
    return _joined(_sections(lines, root))


def imports_variable(lines: Iterable[str]) -> str:
    """Return import lines for a template: a blank line in front where they do not continue its section."""
    future, standard, packages, *others = _sections(lines, project_root())
    block = _joined([future, standard, packages, *others])
    return block if future or standard or packages or not block else f"\n{block}"


def project_root() -> str:
    """Return the directory a linter starts from: the nearest one with a configuration, else the working directory."""
    here = directory = os.getcwd()
    while not any(os.path.isfile(os.path.join(directory, name)) for name in _CONFIGURATIONS):
        above = os.path.dirname(directory)
        if above == directory:
            return here
        directory = above
    return directory


def with_sorted_imports(text: str, added: str, root: str) -> str:
    """Return a file with all imports at its head in order, where the template's own imports are.

    A template that orders its imports in another way, or has comments among them, stays as it is.

    Args:
        text: what the template made.
        added: the import lines among them that are not the template's own.
        root: where the modules of the program are.
    """
    head = _head(text)
    if not head or "\r" in text:
        return text
    lines = text.split("\n")
    before, after = head[0].lineno - 1, head[-1].end_lineno or 0
    if any("#" in line for line in lines[before:after]):
        return text
    theirs = {ast.unparse(node) for node in _statements(added)}
    every = [ast.unparse(node) for node in head]
    own = [line for line in every if line not in theirs]
    if not any(_is_sorted(own, one) for one in (None, root)):
        return text
    return "\n".join([*lines[:before], import_block(every, root=root), *lines[after:]])


def _head(text: str) -> list[ast.Import | ast.ImportFrom]:
    """Return the imports that stand together first of all, after the docstring."""
    found: list[ast.Import | ast.ImportFrom] = []
    for node in _statements(text):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.append(node)
        elif found or not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            break
    return found


def _statements(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError):
        return []


def _is_sorted(lines: list[str], root: str | None) -> bool:
    sorted_lines = [ast.unparse(node) for node in _statements(import_block(lines, root=root))]
    return lines == sorted_lines


# --- sections -----------------------------------------------------------------------------------------------------


class _Kind(enum.Enum):
    FUTURE = enum.auto()
    STANDARD = enum.auto()
    PACKAGE = enum.auto()
    PROGRAM = enum.auto()


def _joined(sections: Iterable[list[str]]) -> str:
    return "\n\n".join("\n".join(section) for section in sections if section)


def _sections(lines: Iterable[str], root: str | None) -> list[list[str]]:
    plain: set[_Name] = set()
    named: defaultdict[str, set[_Name]] = defaultdict(set)
    others: list[str] = []
    for line in sorted({line.strip() for text in lines for line in text.splitlines() if line.strip()}):
        match _parsed(line):
            case ast.Import(names=names):
                plain.update((alias.name, alias.asname) for alias in names)
            case ast.ImportFrom(module=str() as module, names=names, level=0):
                named[module].update((alias.name, alias.asname) for alias in names)
            case _:
                others.append(line)
    return [*(_section(plain, named, kind, root) for kind in _Kind), others]


def _parsed(line: str) -> ast.stmt | None:
    body = _statements(line)
    return body[0] if len(body) == 1 and "#" not in line else None


def _section(plain: set[_Name], named: dict[str, set[_Name]], kind: _Kind, root: str | None) -> list[str]:
    modules = [item for item in sorted(plain, key=_order_of) if _kind_of(item[0], root) is kind]
    sources = [source for source in sorted(named, key=_natural) if _kind_of(source, root) is kind]
    froms = [line for source in sources for line in _from(source, named[source])]
    return [*(f"import {_alias(item)}" for item in modules), *froms]


def _from(source: str, names: set[_Name]) -> list[str]:
    """Return the lines for one module: those without another name on one, those with one on a line each."""
    groups = [[item] for item in names if item[1] is not None or item[0] == "*"]
    groups += [[item for item in names if item[1] is None and item[0] != "*"]]
    return [_from_line(source, sorted(group, key=_member_order)) for group in sorted(filter(None, groups), key=_first)]


def _first(group: list[_Name]) -> tuple[object, ...]:
    return min(_member_order(item) for item in group)


def _from_line(source: str, names: list[_Name]) -> str:
    texts = [_alias(item) for item in names]
    line = f"from {source} import {', '.join(texts)}"
    if len(line) <= _LINE_LENGTH:
        return line
    return f"from {source} import (\n" + "".join(f"    {text},\n" for text in texts) + ")"


def _member_order(item: _Name) -> tuple[object, ...]:
    """Return the key of names as linters sort them: *, CONSTANTS, Classes, functions."""
    name = item[0]
    constant = len(name) > 1 and name.isupper()
    return (name != "*", not constant, not name[:1].isupper(), *_order_of(item))


def _order_of(item: _Name) -> tuple[object, ...]:
    name, alias = item
    return (*_natural(name), alias is not None, *_natural(alias or ""))


def _natural(name: str) -> tuple[object, ...]:
    """Return the key that sorts regardless of case, and a2 before a10."""
    return _with_numbers(name.lower()), _with_numbers(name)


def _with_numbers(name: str) -> list[tuple[int, int]]:
    """Return the characters and, at the place of a digit, the numbers of a name."""
    parts = re.findall(r"[0-9]+|.", name)
    return [(ord("0"), int(part)) if "0" <= part[0] <= "9" else (ord(part), 0) for part in parts]


def _kind_of(module: str, root: str | None) -> _Kind:
    package = module.partition(".")[0]
    if package == "__future__":
        return _Kind.FUTURE
    if package in sys.stdlib_module_names:
        return _Kind.STANDARD
    if root is None or package in {"runner", "sqlalchemy"}:
        return _Kind.PACKAGE
    return _Kind.PROGRAM if _is_below(module, root) or _is_below(module, os.path.join(root, "src")) else _Kind.PACKAGE


def _is_below(module: str, directory: str) -> bool:
    path = os.path.join(directory, *module.split("."))
    return os.path.isdir(path) or os.path.isfile(f"{path}.py")


def _alias(item: _Name) -> str:
    name, alias = item
    return name if alias is None else f"{name} as {alias}"

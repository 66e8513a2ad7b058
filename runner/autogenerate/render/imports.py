"""Import lines in the order a linter wants (floor 4).

A file begins with `import sqlalchemy` and the import of `op`, which its template writes. What is added here continues
that section; modules of the program, which are not installed packages, have a section of their own.
"""

from __future__ import annotations

import ast
import enum
import sys
from collections import defaultdict
from collections.abc import Iterable

from runner.autogenerate.render.layout import LINE_LENGTH

__all__ = ["import_block", "imports_variable"]


def import_block(lines: Iterable[str]) -> str:
    """Return import lines sorted and merged: the standard library, packages, modules of the program.

    A line that is no import, or a conditional one, stands at the end as it is.

    >>> print(import_block(["from mako import y", "import sqlalchemy as sa", "import datetime", "from mako import x"]))
    import datetime
    <BLANKLINE>
    import sqlalchemy as sa
    from mako import x, y
    """
    return "\n\n".join("\n".join(section) for section in _sections(lines) if section)


def imports_variable(lines: Iterable[str]) -> str:
    """Return import lines for a template: a blank line in front where they do not continue its section."""
    standard, packages, *others = _sections(lines)
    block = "\n\n".join("\n".join(section) for section in (standard, packages, *others) if section)
    return block if standard or packages or not block else f"\n{block}"


def _sections(lines: Iterable[str]) -> list[list[str]]:
    plain: set[tuple[str, str | None]] = set()
    named: defaultdict[str, set[tuple[str, str | None]]] = defaultdict(set)
    others: list[str] = []
    for line in sorted({line.strip() for text in lines for line in text.splitlines() if line.strip()}):
        match _parsed(line):
            case ast.Import(names=names):
                plain.update((alias.name, alias.asname) for alias in names)
            case ast.ImportFrom(module=str() as module, names=names, level=0):
                named[module].update((alias.name, alias.asname) for alias in names)
            case _:
                others.append(line)
    return [*(_section(plain, named, kind) for kind in _Kind), others]


class _Kind(enum.Enum):
    STANDARD = enum.auto()
    PACKAGE = enum.auto()
    PROGRAM = enum.auto()


def _parsed(line: str) -> ast.stmt | None:
    try:
        body = ast.parse(line).body
    except SyntaxError:
        return None
    return body[0] if len(body) == 1 and "#" not in line else None


def _section(
    plain: set[tuple[str, str | None]], named: dict[str, set[tuple[str, str | None]]], kind: _Kind
) -> list[str]:
    modules = [item for item in sorted(plain, key=str) if _kind_of(item[0]) is kind]
    sources = [source for source in sorted(named) if _kind_of(source) is kind]
    return [*(f"import {_alias(item)}" for item in modules), *(_from(source, named[source]) for source in sources)]


def _from(source: str, names: set[tuple[str, str | None]]) -> str:
    texts = [_alias(item) for item in _sorted_names(names)]
    line = f"from {source} import {', '.join(texts)}"
    if len(line) <= LINE_LENGTH:
        return line
    return f"from {source} import (\n" + "".join(f"    {text},\n" for text in texts) + ")"


def _sorted_names(names: set[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """Return names as linters sort them: CONSTANTS, Classes, functions."""
    return sorted(names, key=lambda item: (not item[0].isupper(), not item[0][0].isupper(), item[0]))


def _kind_of(module: str) -> _Kind:
    package = module.partition(".")[0]
    if package in sys.stdlib_module_names:
        return _Kind.STANDARD
    if package in {"alembic", "runner", "sqlalchemy"}:
        return _Kind.PACKAGE
    file = str(getattr(sys.modules.get(package), "__file__", None))
    return _Kind.PACKAGE if "site-packages" in file or "dist-packages" in file else _Kind.PROGRAM


def _alias(item: tuple[str, str | None]) -> str:
    name, alias = item
    return name if alias is None else f"{name} as {alias}"

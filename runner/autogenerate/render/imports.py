"""Import lines in the order a linter wants (floor 4)."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable

__all__ = ["import_block"]


def import_block(lines: Iterable[str]) -> str:
    """Return import lines sorted and merged: the standard library, a blank line, everything else.

    A line that is no import, or a conditional one, stands at the end as it is.

    >>> print(import_block(["from b import y", "import sqlalchemy as sa", "import datetime", "from b import x"]))
    import datetime
    <BLANKLINE>
    import sqlalchemy as sa
    from b import x, y
    """
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
    sections = [_section(plain, named, standard=True), _section(plain, named, standard=False), others]
    return "\n\n".join("\n".join(section) for section in sections if section)


def _parsed(line: str) -> ast.stmt | None:
    try:
        body = ast.parse(line).body
    except SyntaxError:
        return None
    return body[0] if len(body) == 1 and "#" not in line else None


def _section(
    plain: set[tuple[str, str | None]], named: dict[str, set[tuple[str, str | None]]], *, standard: bool
) -> list[str]:
    modules = [item for item in sorted(plain, key=str) if _is_standard(item[0]) is standard]
    sources = [source for source in sorted(named) if _is_standard(source) is standard]
    return [
        *(f"import {_alias(item)}" for item in modules),
        *(f"from {source} import {', '.join(map(_alias, _sorted_names(named[source])))}" for source in sources),
    ]


def _sorted_names(names: set[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """Return names as linters sort them: CONSTANTS, Classes, functions."""
    return sorted(names, key=lambda item: (not item[0].isupper(), not item[0][0].isupper(), item[0]))


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _alias(item: tuple[str, str | None]) -> str:
    name, alias = item
    return name if alias is None else f"{name} as {alias}"

"""Writes runner/op.pyi: the signatures and docstrings of `Operations`, as functions of the module `op`.

Run it with `python -m tests.unit.operations.op_stub`; a test compares the file with what this would write.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import runner
from runner.operations import Operations

__all__ = ["STUB", "render"]

STUB = Path(runner.__file__).parent / "op.pyi"
_HEADER = '''\
# ruff: noqa: PYI021  # written by tests/unit/operations/op_stub.py
"""The directives of the running migration, with their signatures."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Never, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.schema import Column, SchemaItem, Table
from sqlalchemy.schema import Sequence as SequenceItem
from sqlalchemy.sql.elements import conv
from sqlalchemy.sql.expression import Executable, TableClause
from sqlalchemy.types import TypeEngine

from runner.operations import ops
from runner.operations.arguments import (
    Comment,
    Condition,
    DroppedType,
    IndexColumns,
    Recreate,
    ServerDefault,
    TypeArgument,
)
from runner.operations.base import BatchOperations
from runner.operations.base import Operations as Operations
from runner.operations.ops.enums import EnumColumnArgument
from runner.operations.protocols import MigrationContextLike
from runner.operations.replaceable import Function, MaterializedView, Trigger, View
from runner.operations.sqltext import InlineLiteral

_T = TypeVar("_T")
_C = TypeVar("_C", bound=Callable[..., Any])
_OpClass = TypeVar("_OpClass", bound=type[ops.MigrateOperation])
'''
_LINE = 120


def render() -> str:
    """Return the text of the stub."""
    names = sorted(name for name in dir(Operations) if not name.startswith("_"))
    functions = [_function(name, inspect.getattr_static(Operations, name)) for name in names]
    return _HEADER + "\n" + "\n".join(functions)


def _function(name: str, attribute: Any) -> str:
    function = inspect.unwrap(attribute.__func__ if isinstance(attribute, classmethod) else attribute)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    result = re.sub(r"^Iterator\[", "AbstractContextManager[", function.__annotations__["return"])
    return f"def {name}({_parameters(parameters)}) -> {result}:\n{_docstring(function)}\n"


def _parameters(parameters: list[inspect.Parameter]) -> str:
    """Return the parameters one a line, as the formatter writes them when they have a trailing comma."""
    lines: list[str] = []
    keyword_only = False
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            keyword_only = True
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            lines.append("*")
            keyword_only = True
        lines.append(_parameter(parameter))
    if not lines:
        return ""
    return "\n" + "".join(f"    {line},\n" for line in lines)


def _parameter(parameter: inspect.Parameter) -> str:
    stars: dict[Any, str] = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
    prefix = stars.get(parameter.kind, "")
    text = f"{prefix}{parameter.name}: {parameter.annotation}"
    if parameter.default is parameter.empty:
        return text
    simple = isinstance(parameter.default, bool | int | str | None | tuple)
    return f"{text} = {parameter.default!r}".replace("'", '"') if simple else f"{text} = ..."


def _docstring(function: Any) -> str:
    text = inspect.getdoc(function) or ""
    prefix = "r" if "\\" in text else ""
    body = f'{prefix}"""{text}' + ('\n"""' if "\n" in text else '"""')
    return textwrap.indent(body, "    ")


if __name__ == "__main__":
    STUB.write_text(render(), encoding="utf-8")

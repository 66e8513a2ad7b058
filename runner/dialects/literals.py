# ruff: noqa: ARG001, SLF001  # methods of types, bound later; what a copied dialect caches is private
"""Values as SQL text: floor 3. The dialect as it renders offline, and the literals SQLAlchemy does not have.

SQLAlchemy renders most values as literals. Left out, or wrong for a script, are binary values (written as
text), JSON, and PostgreSQL's string-like types; here they get the form their database reads back unchanged.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy.types import JSON, LargeBinary, TypeEngine

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["BinaryLiteral", "quoted_text", "rendering_dialect"]

BinaryLiteral: TypeAlias = Callable[[bytes], str]
"""Renders bytes as the database's literal for them."""


def quoted_text(value: str, dialect: Dialect) -> str:
    """Return the string as the dialect's literal."""
    quoted = value.replace("'", "''")
    if getattr(dialect, "_backslash_escapes", False):  # MySQL, and PostgreSQL servers set to the old rule
        quoted = quoted.replace("\\", "\\\\")
    return f"'{quoted}'"


def rendering_dialect(
    dialect: Dialect,
    binary_literal: BinaryLiteral,
    *,
    text_like: tuple[type[TypeEngine[Any]], ...] = (),
    **attributes: object,
) -> Dialect:
    """Return a copy of the dialect that renders what the database should receive.

    Drivers that mark parameters with percent signs have every other percent sign doubled and undo that
    themselves; a script reaches the server without a driver. The copy marks parameters by colon and renders
    more values as literals. The original stays as it is.

    Args:
        dialect: any SQLAlchemy dialect.
        binary_literal: how this database writes bytes.
        text_like: types whose values are written as strings.
        attributes: what else the copy should differ in.
    """
    clone: Any = copy.copy(dialect)
    clone.__dict__.pop("_type_memos", None)  # cached literal processors of the original
    clone.paramstyle = "named"
    clone.positional = False
    clone.colspecs = _LiteralColspecs(dialect.colspecs, binary_literal, text_like)
    clone.statement_compiler = _backend(type(dialect)).statement_compiler
    for name, value in attributes.items():
        setattr(clone, name, value)
    preparer: Any = copy.copy(dialect.identifier_preparer)
    preparer.dialect = clone
    preparer._strings = {}
    preparer._double_percents = False
    clone.identifier_preparer = preparer
    clone.type_compiler_instance = type(clone.type_compiler_instance)(clone)
    return clone  # type: ignore[no-any-return]  # typed Any above: its attributes are read-only in the stubs


def _backend(cls: type[Any]) -> type[Any]:
    """Return SQLAlchemy's class for the database behind a driver's class; some drivers compile for their own needs."""
    return next(
        (base for base in cls.__mro__ if re.fullmatch(r"sqlalchemy\.dialects\.\w+\.base", base.__module__)), cls
    )


class _LiteralColspecs(dict[type[TypeEngine[Any]], type[TypeEngine[Any]]]):
    """The dialect's mapping of types, with a literal form added to those that lack one.

    SQLAlchemy looks up the classes of a type from the most derived upwards, so answering for the first keeps
    everything else about the type, its name in DDL included.
    """

    def __init__(
        self,
        original: Mapping[type[TypeEngine[Any]], type[TypeEngine[Any]]],
        binary: BinaryLiteral,
        text_like: tuple[type[TypeEngine[Any]], ...],
    ) -> None:
        super().__init__(original)
        self._binary = binary
        self._text_like = text_like
        self._derived: dict[type[TypeEngine[Any]], type[TypeEngine[Any]]] = {}

    def __getitem__(self, cls: type[TypeEngine[Any]]) -> type[TypeEngine[Any]]:
        if cls not in self._derived:
            literal_maker = self._maker_for(cls)
            if literal_maker is None:
                return super().__getitem__(cls)
            base = next((self.get(t, t) for t in cls.__mro__ if t in self), cls)
            self._derived[cls] = type(cls.__name__, (base,), {"literal_processor": literal_maker, "cache_ok": True})
        return self._derived[cls]

    def _maker_for(self, cls: type[TypeEngine[Any]]) -> Callable[..., Callable[[Any], str]] | None:
        if issubclass(cls, _binary_base()):
            return _binary_processor(self._binary)
        if issubclass(cls, JSON):
            return _json_processor
        if issubclass(cls, self._text_like):
            return _text_processor
        return None


def _binary_base() -> type[TypeEngine[Any]]:
    """Return the common base of LargeBinary, BINARY, VARBINARY, which SQLAlchemy keeps private."""
    return LargeBinary.__mro__[1]


def _binary_processor(binary: BinaryLiteral) -> Callable[..., Callable[[Any], str]]:
    def literal_processor(self: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], str]:
        return lambda value: binary(bytes(value))

    return literal_processor


def _json_processor(self: JSON, dialect: Dialect) -> Callable[[Any], str]:
    serialize = getattr(dialect, "_json_serializer", None) or json.dumps
    null = self.NULL

    def process(value: Any) -> str:
        return quoted_text(serialize(None if value is null else value), dialect)

    return process


def _text_processor(self: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], str]:
    return lambda value: quoted_text(str(value), dialect)

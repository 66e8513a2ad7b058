# ruff: noqa: ARG001  # @compiles passes keywords on
"""SQLAlchemy constructs that render text a database has stored (floor 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Constraint, Table
from sqlalchemy.types import TypeDecorator, TypeEngine

from runner.operations.sqltext import verbatim

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.sql.compiler import DDLCompiler, TypeCompiler

__all__ = ["StoredConstraint", "StoredType"]


class StoredType(TypeDecorator[Any]):
    """A type that renders as the database declared it, and behaves as SQLAlchemy understood it.

    Args:
        understood: the type SQLAlchemy made of the declaration.
        text: the declaration; None renders `understood`.
        suffix: clauses that follow the type, such as COLLATE.
    """

    impl: Any = TypeEngine
    cache_ok = False

    def __init__(self, understood: TypeEngine[Any], *, text: str | None = None, suffix: str = "") -> None:
        super().__init__()
        self.impl = understood
        self.text = text
        self.suffix = suffix

    def copy(self, **kw: Any) -> StoredType:
        """Return an equal type; SQLAlchemy puts what a dialect makes of it into the copy."""
        return StoredType(self.impl, text=self.text, suffix=self.suffix)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return what SQLAlchemy made of the declaration."""
        understood: TypeEngine[Any] = self.impl
        return understood


@compiles(StoredType)
def _render_stored_type(element: StoredType, compiler: TypeCompiler, **kw: Any) -> str:
    text = compiler.process(element.impl, **kw) if element.text is None else element.text
    return f"{text} {element.suffix}".strip()


class StoredConstraint(Constraint):
    """A table constraint that renders its text as it is."""

    __visit_name__ = "stored_constraint"

    def __init__(self, text: str, *, name: Any = None) -> None:
        super().__init__(name=name)
        self.text = text

    def _copy(self, *, target_table: Table | None = None, **kw: Any) -> StoredConstraint:
        copy = StoredConstraint(self.text, name=self.name)
        if target_table is not None:
            target_table.append_constraint(copy)
        return copy


@compiles(StoredConstraint)
def _render_stored_constraint(element: StoredConstraint, compiler: DDLCompiler, **kw: Any) -> str:
    name = compiler.preparer.format_constraint(element) if element.name is not None else None
    text = compiler.sql_compiler.process(
        verbatim(element.text)
    )  # which doubles percent signs where the driver needs it
    return f"CONSTRAINT {name} {text}" if name else text

# ruff: noqa: SLF001  # `_exec` is the implementation's entrance for statements, and public in all but name
"""Moving a table into its new shape (floor 2): create, copy, drop, rename, index."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Label, func, insert, select, table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import Column, Index, MetaData, Table
from sqlalchemy.sql.elements import ColumnClause, quoted_name
from sqlalchemy.sql.visitors import replacement_traverse

from runner.errors import OperationError

if TYPE_CHECKING:
    from sqlalchemy.sql.dml import Insert

    from runner.operations.protocols import ImplLike

__all__ = ["Keeper", "KeptColumn", "Transfer", "Work", "temporary_name"]

_TEMPORARY_PREFIX = "_alembic_tmp_"  # the name Alembic gives it, so that either tool finds the other's leftovers
_TEMPORARY_LENGTH = 50


def temporary_name(table_name: str) -> quoted_name:
    """Return what the new table is called until the old one is gone."""
    return quoted_name(f"{_TEMPORARY_PREFIX}{table_name}"[:_TEMPORARY_LENGTH], getattr(table_name, "quote", None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One column that is copied."""

    original: str
    """Its name in the existing table."""
    name: str
    """Its name in the new table."""
    expression: ColumnElement[Any]
    """What is copied: the column of the existing table, or a cast of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptColumn:
    """A column of the existing table that the new one has too."""

    original: str
    name: str
    altered: frozenset[str]
    """What was asked to change: type, nullable, server_default, autoincrement, comment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a rebuild is going to do; nothing has happened yet."""

    existing: Table
    new: Table
    """Under its temporary name."""
    kept: tuple[KeptColumn, ...]
    transfers: tuple[Transfer, ...]
    """Of the kept columns those whose values are copied: generated ones make their own."""
    indexes: tuple[Index, ...]
    """Attached to a table of the final name."""
    dropped_columns: frozenset[str] = frozenset()
    """Names in the existing table."""

    @property
    def renames(self) -> dict[str, str]:
        """Old name -> new name of the columns that change it."""
        return {column.original: column.name for column in self.kept if column.original != column.name}

    def copy_statement(self, source_names: Mapping[str, str] | None = None, source_table: str | None = None) -> Insert:
        """Return the INSERT ... SELECT.

        Args:
            source_names: what columns of the existing table are called by now, where that has changed.
            source_table: where the rows are, None for the existing table.
        """
        renamed = source_names or {}
        source = table(
            self.existing.name if source_table is None else source_table,
            *(ColumnClause(renamed.get(c.name, c.name), c.type) for c in self.existing.columns),
            schema=self.existing.schema,
        )

        def in_source(element: Any, **_: Any) -> Any:
            if isinstance(element, Column) and element.table is self.existing:
                return source.c[renamed.get(element.name, element.name)]
            return None

        def selected(transfer: Transfer) -> ColumnElement[Any]:
            expression: ColumnElement[Any] = replacement_traverse(transfer.expression, {}, in_source)
            return expression if isinstance(expression, ColumnClause) else Label(transfer.original, expression)

        copied = [self.new.c[transfer.name] for transfer in self.transfers]
        query = select(*(selected(transfer) for transfer in self.transfers))
        return insert(self.new).from_select(copied, query, include_defaults=False)


class Keeper:
    """Looks after what a table has beyond its SQLAlchemy `Table`; this one knows of nothing.

    Args:
        impl: the dialect implementation outside of the batch block.
        table_name: the table.
        schema: its schema.
    """

    def __init__(self, impl: ImplLike, table_name: str, schema: str | None) -> None:
        self.impl = impl
        self.table_name = table_name
        self.schema = schema
        self.given_items: tuple[Any, ...] = ()
        """What the user gave for the reflected and for the new table."""
        self.dropped_constraints: frozenset[str] = frozenset()
        """Names of the constraints that the block drops: what they are need not be kept."""

    def reflection_source(self) -> Any:
        """Return what the existing table is read from."""
        return self.impl.bind

    def about_missing_table(self) -> str:
        """Return a sentence for the error that the table does not exist."""
        return f"Table {self.table_name} does not exist, so batch_alter_table() cannot change it."

    def complete(self, reflected: Table) -> None:
        """Put what reflection left out into the reflected table."""

    def look(self, existing: Table) -> None:
        """Look at the table before the implementation makes way for the new one.

        Raises:
            OperationError: names what would be lost; nothing has been touched.
        """

    def finish(self, work: Work) -> Work:
        """Return the work with what only this database has, put into the new table and its indexes."""
        return work

    def check(self, work: Work) -> None:
        """Refuse what cannot be done without a loss.

        Raises:
            OperationError: names what would be lost; nothing has been touched.
        """

    def move(self, work: Work) -> None:
        """Carry the work out."""
        with self._temporary_table(work):
            self._copy(work)
            self._drop(work.existing)
        self.impl.rename_table(work.new.name, work.existing.name, schema=work.existing.schema)
        self._create_indexes(work)

    def _drop(self, old: Table) -> None:
        """Drop a table by its name alone: types its columns use are needed by the new one."""
        self.impl.drop_table(Table(old.name, MetaData(), schema=old.schema))

    def _create_indexes(self, work: Work) -> None:
        for index in work.indexes:
            self.impl.create_index(index)

    @contextlib.contextmanager
    def _temporary_table(self, work: Work) -> Iterator[None]:
        """Create the new table; drop it again where the block fails and the database still listens."""
        self.impl.create_table(work.new)
        try:
            yield
        except Exception:
            with contextlib.suppress(SQLAlchemyError):
                self._drop(work.new)
            raise

    def _copy(self, work: Work, source_names: Mapping[str, str] | None = None, source_table: str | None = None) -> None:
        """Copy the rows and count them.

        Args:
            source_names: what columns of the existing table are called by now, where that has changed.
            source_table: where the rows are, None for the existing table.

        Raises:
            OperationError: the new table has not as many rows as the existing one.
        """
        if not work.transfers:
            return
        self.impl._exec(work.copy_statement(source_names, source_table))
        bind = self.impl.bind
        if self.impl.as_sql or bind is None:
            return
        before, after = (
            bind.execute(select(func.count()).select_from(table(name, schema=work.existing.schema))).scalar_one()
            for name in (source_table or work.existing.name, work.new.name)
        )
        if before != after:
            raise OperationError(
                f"Table {self.table_name} has {before} rows, but {after} arrived in its rebuilt form. "
                "The table was left as it is.",
                table=self.table_name,
                rows_before=before,
                rows_after=after,
            )

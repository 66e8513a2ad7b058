# ruff: noqa: FBT001  # a keyword of Alembic's, passed on by position here only
"""Schema objects from names (floor 2): SQLAlchemy tables, columns, constraints and indexes.

A revision names tables as strings, SQLAlchemy's constructs want Table objects. The tables made here hold
just what the construct needs, in a MetaData of their own that has the naming convention of the target
metadata.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

from sqlalchemy import schema as sa_schema
from sqlalchemy.sql.elements import ColumnElement, TextClause
from sqlalchemy.sql.visitors import replacement_traverse
from sqlalchemy.types import NULLTYPE, Integer, TypeEngine

from runner.operations.sqla import (
    copy_column,
    copy_constraint,
    foreign_key_target,
    index_expressions,
    is_type_bound,
)

if TYPE_CHECKING:
    from sqlalchemy.schema import Column, Index, MetaData, SchemaItem, Table

    from runner.operations.protocols import MigrationContextLike

__all__ = ["SchemaObjects"]

_DROPPABLE: dict[str | None, Any] = {
    "foreignkey": lambda name: sa_schema.ForeignKeyConstraint([], [], name=name),
    "primary": lambda name: sa_schema.PrimaryKeyConstraint(name=name),
    "unique": lambda name: sa_schema.UniqueConstraint(name=name),
    "check": lambda name: sa_schema.CheckConstraint("", name=name),
    None: lambda name: sa_schema.Constraint(name=name),
}


class SchemaObjects:
    """Makes schema objects from names.

    Args:
        migration_context: gives the naming convention through its `target_metadata` option; None for none.
    """

    def __init__(self, migration_context: MigrationContextLike | None = None) -> None:
        self.migration_context = migration_context

    def metadata(self) -> MetaData:
        """Return an empty MetaData with the naming convention of the target metadata."""
        context = self.migration_context
        target = context.opts.get("target_metadata") if context is not None else None
        convention = getattr(target, "naming_convention", None)  # a list of MetaData has none
        return sa_schema.MetaData(naming_convention=convention) if convention else sa_schema.MetaData()

    def column(self, name: str, type_: TypeEngine[Any] | type[TypeEngine[Any]], **kw: Any) -> Column[Any]:
        """Return a column."""
        return sa_schema.Column(name, type_, **kw)

    def table(self, name: str, *columns: SchemaItem, **kw: Any) -> Table:
        """Return a table with copies of the items that already belong to another table.

        Args:
            name: the table.
            columns: columns, constraints and indexes.
            kw: what `sqlalchemy.Table` accepts.
        """
        constraints_included = kw.pop("_constraints_included", False)
        metadata = self.metadata()
        columns = tuple(item for item in columns if not _comes_with_a_type(item))
        attached = [item for item in columns if _belongs_elsewhere(item)]
        own = [_own_column(item, constraints_included) for item in columns if not any(item is a for a in attached)]
        table = sa_schema.Table(name, metadata, *own, **kw)
        for item in attached:
            if isinstance(item, sa_schema.Index):
                _copy_index(item, table)
                continue
            copy = copy_constraint(item, target_table=table)
            if getattr(copy, "parent", None) is not table:
                table.append_constraint(copy)
        for key in table.foreign_keys:
            self._ensure_table_for_fk(metadata, key)
        return table

    def index(
        self,
        name: str | None,
        tablename: str | None,
        columns: Sequence[str | TextClause | ColumnElement[Any]],
        schema: str | None = None,
        **kw: Any,
    ) -> Index:
        """Return an index on names, text and expressions.

        Args:
            name: None lets the naming convention decide.
            tablename: None where only the index is to be named, as in DROP INDEX.
            columns: a string is the name of a column, never an expression.
        """
        table = sa_schema.Table(tablename or "no_table", self.metadata(), schema=schema)
        expressions = [_index_column(table, column) for column in columns]
        return sa_schema.Index(name, *expressions, _table=table, **kw)

    def primary_key_constraint(
        self, name: str | None, table_name: str, cols: Sequence[str], schema: str | None = None, **dialect_kw: Any
    ) -> sa_schema.PrimaryKeyConstraint:
        """Return a primary key constraint attached to a table of just its columns."""
        table = self._table_of(table_name, cols, schema)
        constraint = sa_schema.PrimaryKeyConstraint(*(table.c[n] for n in cols), name=name, **dialect_kw)
        table.append_constraint(constraint)
        return constraint

    def unique_constraint(
        self, name: str | None, source: str, local_cols: Sequence[str], schema: str | None = None, **kw: Any
    ) -> sa_schema.UniqueConstraint:
        """Return a unique constraint attached to a table of just its columns."""
        table = self._table_of(source, local_cols, schema)
        constraint = sa_schema.UniqueConstraint(*(table.c[n] for n in local_cols), name=name, **kw)
        table.append_constraint(constraint)
        return constraint

    def check_constraint(
        self,
        name: str | None,
        source: str,
        condition: str | TextClause | ColumnElement[Any],
        schema: str | None = None,
        **kw: Any,
    ) -> sa_schema.CheckConstraint:
        """Return a check constraint attached to a table with a stand-in column."""
        table = sa_schema.Table(source, self.metadata(), sa_schema.Column("x", Integer), schema=schema)
        constraint = sa_schema.CheckConstraint(condition, name=name, **kw)
        table.append_constraint(constraint)
        return constraint

    def foreign_key_constraint(
        self,
        name: str | None,
        source: str,
        referent: str,
        local_cols: Sequence[str],
        remote_cols: Sequence[str],
        onupdate: str | None = None,
        ondelete: str | None = None,
        deferrable: bool | None = None,
        source_schema: str | None = None,
        referent_schema: str | None = None,
        initially: str | None = None,
        match: str | None = None,
        **dialect_kw: Any,
    ) -> sa_schema.ForeignKeyConstraint:
        """Return a foreign key constraint attached to a source table, with a referred table beside it.

        The two may be one table, in one schema or in two.
        """
        metadata = self.metadata()
        self_referential = source == referent and source_schema == referent_schema
        if not self_referential:
            remote = [sa_schema.Column(n, NULLTYPE) for n in dict.fromkeys(remote_cols)]
            sa_schema.Table(referent, metadata, *remote, schema=referent_schema)
        names = [*local_cols, *remote_cols] if self_referential else local_cols
        table = sa_schema.Table(
            source, metadata, *(sa_schema.Column(n, NULLTYPE) for n in dict.fromkeys(names)), schema=source_schema
        )
        prefix = f"{referent_schema}.{referent}" if referent_schema else referent
        constraint = sa_schema.ForeignKeyConstraint(
            list(local_cols),
            [f"{prefix}.{n}" for n in remote_cols],
            name=name,
            onupdate=onupdate,
            ondelete=ondelete,
            deferrable=deferrable,
            initially=initially,
            match=match,
            **dialect_kw,
        )
        table.append_constraint(constraint)
        return constraint

    def generic_constraint(
        self, name: str | None, table_name: str, type_: str | None, schema: str | None = None, **kw: Any
    ) -> sa_schema.Constraint:
        """Return a constraint of which only the name and the kind are known, for DROP CONSTRAINT.

        Raises:
            TypeError: the kind is not one of foreignkey, primary, unique, check, None.
        """
        make = _DROPPABLE.get(type_)
        if make is None:
            kinds = ", ".join(sorted(str(kind) for kind in _DROPPABLE if kind))
            raise TypeError(f"A constraint's type_ is one of {kinds}, or None where unknown; got {type_!r}.")
        constraint: sa_schema.Constraint = make(name)
        table = sa_schema.Table(table_name, self.metadata(), sa_schema.Column("x", NULLTYPE), schema=schema)
        table.append_constraint(constraint)
        return constraint

    def _table_of(self, name: str, columns: Sequence[str], schema: str | None) -> Table:
        return sa_schema.Table(
            name, self.metadata(), *(sa_schema.Column(n, NULLTYPE) for n in dict.fromkeys(columns)), schema=schema
        )

    def _ensure_table_for_fk(self, metadata: MetaData, key: sa_schema.ForeignKey) -> None:
        """Put a stand-in for the referred table into the MetaData: a foreign key renders only when it resolves."""
        schema, table_name, column_name = foreign_key_target(key)
        fullname = f"{schema}.{table_name}" if schema else table_name
        referred = metadata.tables.get(fullname)
        if referred is None:
            referred = sa_schema.Table(table_name, metadata, schema=schema)
        if column_name not in referred.c:
            referred.append_column(sa_schema.Column(column_name, NULLTYPE))


def _index_column(table: Table, column: str | TextClause | ColumnElement[Any]) -> Any:
    """Return the index element on this table: a name as its column, an expression with its columns moved here."""
    if isinstance(column, str):
        return _column_of(table, sa_schema.Column(column, NULLTYPE))
    if isinstance(column, TextClause):
        return column

    def moved(element: Any, **_: Any) -> Column[Any] | None:
        return _column_of(table, element) if isinstance(element, sa_schema.Column) else None

    return replacement_traverse(column, {}, moved)


def _column_of(table: Table, column: Column[Any]) -> Column[Any]:
    """Return the table's column of that name, made from a copy of the given one at first."""
    if column.name not in table.c:
        table.append_column(copy_column(column))
    return table.c[column.name]


def _comes_with_a_type(item: SchemaItem) -> bool:
    """Tell whether the type of a column makes this constraint again."""
    return isinstance(item, sa_schema.Constraint) and is_type_bound(item)


def _belongs_elsewhere(item: SchemaItem) -> TypeGuard[sa_schema.Constraint | Index]:
    """Tell whether the item is a constraint or an index of a table that exists already."""
    if isinstance(item, sa_schema.Index):
        return item.table is not None
    return isinstance(item, sa_schema.Constraint) and getattr(item, "parent", None) is not None


def _copy_index(index: Index, table: Table) -> None:
    """Make the index on this table too."""
    expressions = [_index_column(table, expression) for expression in index_expressions(index)]
    copy = sa_schema.Index(index.name, *expressions, unique=index.unique, _table=table, **index.dialect_kwargs)
    copy.info.update(index.info)


def _own_column(item: SchemaItem, constraints_included: bool) -> SchemaItem:
    """Return the item, a copy of it where it is a column of another table.

    Args:
        constraints_included: the constraints and indexes of a column are given as items of their own,
            so that the column's flags must not make them again.
    """
    if not isinstance(item, sa_schema.Column):
        return item
    if getattr(item, "table", None) is None and not constraints_included:
        return item
    column = copy_column(item)
    if constraints_included:
        column.unique = column.index = False
    return column

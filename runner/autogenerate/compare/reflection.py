"""The tables of the database as SQLAlchemy tables, read with a few queries for all of them. Floor 4."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Constraint,
    DefaultClause,
    ForeignKeyConstraint,
    Identity,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.exc import SAWarning
from sqlalchemy.schema import FetchedValue
from sqlalchemy.sql.elements import TextClause, conv

from runner.autogenerate.compare.exclusions import exclude_constraint
from runner.dialects.compare.sqlite import index_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine.reflection import Inspector

    from runner.autogenerate.context import AutogenContext

__all__ = ["DatabaseTables", "RawTable", "TableKey", "definition_of"]

TableKey = tuple[str | None, str]
"""(schema, table); the default schema is None."""

_PARTS = {
    "columns": "get_multi_columns",
    "pk": "get_multi_pk_constraint",
    "fks": "get_multi_foreign_keys",
    "indexes": "get_multi_indexes",
    "uniques": "get_multi_unique_constraints",
}
_COLUMN_KEYWORDS = ("nullable", "autoincrement", "quote", "info", "key", "comment")
_DEFERRABLE = re.compile(r"\bDEFERRABLE(?:\s+INITIALLY\s+(DEFERRED))?\s*$")


def definition_of(item: Any) -> str | None:
    """Return the database's own text of a reflected index or constraint, None where it is not known."""
    definition: str | None = item.info.get("definition")
    return definition


def _make_names_final(table: Table) -> None:
    """Mark the names as those of the database, so that no naming convention of the model is applied to them."""
    named: list[Constraint | Index] = [*table.constraints, *table.indexes]
    for item in named:
        if isinstance(item.name, str):
            item.name = conv(item.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """What the inspector gave of a table, and the database's own texts."""

    columns: Sequence[Mapping[str, Any]]
    primary_key: Mapping[str, Any]
    foreign_keys: Sequence[Mapping[str, Any]]
    uniques: Sequence[Mapping[str, Any]]
    indexes: Sequence[Mapping[str, Any]]
    checks: Sequence[Mapping[str, Any]]
    definitions: Sequence[tuple[str, str | None, str]]
    comment: str | None


class DatabaseTables:
    """What the database has, read in bulk and made into tables when they are asked for.

    Args:
        autogen_context: connection, dialect and filters.
    """

    def __init__(self, autogen_context: AutogenContext) -> None:
        self._context = autogen_context
        self._impl = autogen_context.migration_context.impl
        self._inspector: Inspector = autogen_context.inspector
        self._parts: dict[str, dict[TableKey, Any]] = {}
        self._tables: dict[TableKey, Table] = {}
        self._keys: dict[Table, TableKey] = {}
        self.metadata = MetaData()

    def read(self, schema: str | None, names: Collection[str], *, every: bool) -> None:
        """Read some tables of a schema.

        Args:
            schema: None is the default schema.
            names: the tables.
            every: they are all tables of the schema, so that the database need not be told which.
        """
        if not names:
            return
        parts = dict(_PARTS)
        if self._context.dialect.supports_comments:
            parts["comments"] = "get_multi_table_comment"
        filter_names = None if every else list(names)
        with _quiet():
            for part, method in parts.items():
                self._parts.setdefault(part, {}).update(self._multi(method, schema, filter_names))
            if self._impl.stored_definitions(self._inspector, schema, "") is None:
                checks = self._multi("get_multi_check_constraints", schema, filter_names)
                self._parts.setdefault("checks", {}).update(checks)

    def _multi(self, method: str, schema: str | None, names: Sequence[str] | None) -> dict[TableKey, Any]:
        read: Callable[..., dict[TableKey, Any]] = getattr(self._inspector, method)
        try:
            return read(schema=schema, filter_names=names)
        except NotImplementedError:
            return {}  # this database does not tell

    def table(self, key: TableKey) -> Table:
        """Return a table that has been read."""
        if key not in self._tables:
            with _quiet():
                self._tables[key] = self._build(key)
        return self._tables[key]

    def raw(self, key: TableKey) -> RawTable:
        """Return what the inspector gave of a table that has been read."""
        return RawTable(
            columns=self._part("columns", key, ()),
            primary_key=self._part("pk", key, {}),
            foreign_keys=self._part("fks", key, ()),
            uniques=self._part("uniques", key, ()),
            indexes=self._part("indexes", key, ()),
            checks=self._part("checks", key, ()),
            definitions=self._definitions(key),
            comment=self._part("comments", key, {}).get("text"),
        )

    def renamed(self, key: TableKey, *, name: str, columns: Mapping[str, str] | None = None) -> Table:
        """Return a table that has been read as it is once it, or some of its columns, are renamed.

        Args:
            key: the table as the database names it.
            name: its name then.
            columns: old name -> name then.
        """
        with _quiet():
            return self._build(key, name=name, renamed=columns or {})

    def stored_as(self, table: Table) -> TableKey:
        """Return schema and name that the database has for one of these tables, renamed or not."""
        return self._keys.get(table, (table.schema, str(table.name)))

    def _part(self, part: str, key: TableKey, default: Any) -> Any:
        return self._parts.get(part, {}).get(key) or default

    def _build(self, key: TableKey, *, name: str | None = None, renamed: Mapping[str, str] | None = None) -> Table:
        schema = key[0]
        metadata = self.metadata if renamed is None else MetaData()
        table = Table(name or key[1], metadata, schema=schema)
        self._keys[table] = key
        table.comment = self._part("comments", key, {}).get("text")
        for info in self._part("columns", key, ()):
            self._add_column(table, _renamed(info, renamed))
        definitions = self._definitions(key)
        self._add_primary_key(table, _renamed(self._part("pk", key, {}), renamed))
        for foreign_key in self._part("fks", key, ()):
            self._add_foreign_key(table, _renamed(foreign_key, renamed))
        for unique in self._part("uniques", key, ()):
            self._add_unique(table, _renamed(unique, renamed), definitions)
        indexes = [_renamed(index, renamed) for index in self._part("indexes", key, ())]
        self._add_indexes(table, indexes, definitions)
        for kind, check_name, definition in definitions:
            if kind == "check":
                self._add_check(table, check_name, definition)
            elif kind == "exclude":
                self._add_exclusion(table, check_name, definition)
        for check in self._part("checks", key, ()):
            table.append_constraint(CheckConstraint(check["sqltext"], name=check["name"]))
        _make_names_final(table)
        return table

    def _definitions(self, key: TableKey) -> list[tuple[str, str | None, str]]:
        return list(self._impl.stored_definitions(self._inspector, *key) or ())

    # -- columns ---------------------------------------------------------------------------------------------

    def _add_column(self, table: Table, info: dict[str, Any]) -> None:
        if not self._context.run_name_filters(
            info["name"], "column", {"table_name": table.name, "schema_name": table.schema}
        ):
            return
        self._impl.autogen_column_reflect(self._inspector, table, info)
        table.dispatch.column_reflect(self._inspector, table, info)
        arguments: list[Any] = []
        default = info.get("default")
        if info.get("computed") is not None:
            arguments.append(Computed(**info["computed"]))
        elif info.get("identity") is not None:
            arguments.append(Identity(**info["identity"]))
        elif isinstance(default, FetchedValue):
            arguments.append(default)
        elif default is not None:
            clause = default if isinstance(default, TextClause) else text(default)
            arguments.append(DefaultClause(clause, _reflected=True))
        kw = {name: info[name] for name in _COLUMN_KEYWORDS if name in info}
        table.append_column(Column(info["name"], info["type"], *arguments, **kw, **info.get("dialect_options", {})))

    # -- constraints -----------------------------------------------------------------------------------------

    def _add_primary_key(self, table: Table, info: Mapping[str, Any]) -> None:
        columns = [table.c[name] for name in info.get("constrained_columns", ()) if name in table.c]
        if columns:
            key = PrimaryKeyConstraint(*columns, name=info.get("name"), **info.get("dialect_options", {}))
            table.append_constraint(key)

    def _add_foreign_key(self, table: Table, info: Mapping[str, Any]) -> None:
        if not self._wanted(info["name"], "foreign_key_constraint", table):
            return
        if any(name not in table.c for name in info["constrained_columns"]):
            return
        schema = info["referred_schema"]
        prefix = f"{schema}.{info['referred_table']}" if schema else info["referred_table"]
        key = ForeignKeyConstraint(
            info["constrained_columns"],
            [f"{prefix}.{name}" for name in info["referred_columns"]],
            name=info["name"],
            link_to_name=True,
            comment=info.get("comment"),
            **info.get("options", {}),
        )
        table.append_constraint(key)

    def _add_unique(self, table: Table, info: Mapping[str, Any], definitions: Sequence[tuple[Any, ...]]) -> None:
        if not self._wanted(info["name"], "unique_constraint", table):
            return
        columns = [table.c[name] for name in info["column_names"] if name in table.c]
        if len(columns) < len(info["column_names"]):
            return
        options = self._impl.adjust_reflected_dialect_options(info, "unique_constraint")
        stored = next((d for kind, name, d in definitions if kind == "unique" and name == info["name"]), "")
        deferrable = _DEFERRABLE.search(stored)
        if deferrable is not None:
            options |= {"deferrable": True, "initially": deferrable.group(1)}
        unique = UniqueConstraint(*columns, name=info["name"], **options)
        unique.info["duplicates_index"] = info.get("duplicates_index")
        table.append_constraint(unique)

    def _add_check(self, table: Table, name: str | None, definition: str) -> None:
        sql = definition.removesuffix(" NO INHERIT")
        options: dict[str, Any] = {}
        match = re.fullmatch(r"CHECK \((.*)\)", sql, re.DOTALL)
        check = CheckConstraint(text((match.group(1) if match else sql).replace(":", "\\:")), name=name, **options)
        check.info["definition"] = definition
        table.append_constraint(check)

    def _add_exclusion(self, table: Table, name: str | None, definition: str) -> None:
        constraint = exclude_constraint(name, definition)
        constraint.info["definition"] = definition
        table.append_constraint(constraint)

    # -- indexes ---------------------------------------------------------------------------------------------

    def _add_indexes(
        self, table: Table, infos: Sequence[Mapping[str, Any]], definitions: Sequence[tuple[Any, ...]]
    ) -> None:
        stored = {name: definition for kind, name, definition in definitions if kind == "index"}
        for info in infos:
            if not info.get("duplicates_constraint"):
                self._add_index(table, info, stored.get(info["name"]))
        if not self._impl.reflects_expression_indexes:
            for name in stored.keys() - {info["name"] for info in infos}:
                self._add_unreflected(table, name, stored[name])

    def _add_index(self, table: Table, info: Mapping[str, Any], definition: str | None) -> None:
        if not self._wanted(info["name"], "index", table):
            return
        named = [name for name in info["column_names"] if name is not None]
        if any(name not in table.c for name in named):
            return
        sorting: Mapping[str, Sequence[str]] = info.get("column_sorting", {})
        expressions = info.get("expressions") or info["column_names"]
        elements = [
            text(expression.replace(":", "\\:")) if name is None else _sorted(table.c[name], sorting.get(name, ()))
            for name, expression in zip(info["column_names"], expressions, strict=False)
        ]
        options = self._impl.adjust_reflected_dialect_options(info, "index")
        index = Index(info["name"], *elements, unique=bool(info["unique"]), _table=table, **options)
        if definition is not None:
            index.info["definition"] = definition

    def _add_unreflected(self, table: Table, name: str, definition: str) -> None:
        """Add an index on expressions that SQLAlchemy does not reflect, out of its text."""
        if not self._wanted(name, "index", table):
            return
        unique, keys, where = index_parts(definition)
        elements = [text(key.replace(":", "\\:")) for key in keys]
        options: dict[str, Any] = {"sqlite_where": text(where.replace(":", "\\:"))} if where else {}
        index = Index(name, *elements, unique=unique, _table=table, **options)
        index.info["definition"] = definition

    def _wanted(self, name: str | None, type_: str, table: Table) -> bool:
        parents = {"table_name": table.name, "schema_name": table.schema}
        return name is None or self._context.run_name_filters(name, type_, parents)


def _renamed(info: Mapping[str, Any], renamed: Mapping[str, str] | None) -> dict[str, Any]:
    """Return a copy of what the inspector gave, with the columns under their new names."""
    copy = dict(info)
    if not renamed:
        return copy
    if "type" in copy:
        copy["name"] = renamed.get(copy["name"], copy["name"])
    for part in ("constrained_columns", "column_names"):
        if part in copy:
            copy[part] = [renamed.get(name, name) for name in copy[part]]
    if "column_sorting" in copy:
        copy["column_sorting"] = {renamed.get(name, name): words for name, words in copy["column_sorting"].items()}
    return copy


def _sorted(column: Column[Any], words: Sequence[str]) -> Any:
    """Return the column with the order that the index has it in."""
    element: Any = column
    for word in words:
        element = getattr(element, word)()
    return element


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out the warnings about what reflection cannot read; what matters of it is read in another way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        yield

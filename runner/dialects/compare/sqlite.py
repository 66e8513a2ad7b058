"""SQLite compared with a model: it keeps the text of CREATE TABLE, so texts are compared. Floor 3.

Source: SQLite documentation, "The Schema Table".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.elements import TextClause

from runner.dialects.compare.base import ComparingImpl, StoredDefinition
from runner.dialects.compare.requests import CanonicalRequest
from runner.dialects.compare.results import ComparisonResult
from runner.dialects.compare.text import normalised, tokens
from runner.dialects.object_ddl import create_element
from runner.operations.replaceable import Replaceable, View

if TYPE_CHECKING:
    from sqlalchemy import Index
    from sqlalchemy.engine.reflection import Inspector

__all__ = ["SQLiteComparison", "index_parts", "table_definitions"]


class SQLiteComparison(ComparingImpl):
    """The part of `SQLiteImpl` that autogenerate asks."""

    reflects_expression_indexes = False

    def compare_indexes(self, metadata_index: Index, reflected_index: Index) -> ComparisonResult:
        """Compare two indexes of one name: uniqueness, columns and expressions with their order."""
        stored = reflected_index.info.get("definition")
        if stored is None:
            return super().compare_indexes(metadata_index, reflected_index)
        existing = index_parts(stored)
        wanted = index_parts(_index_text(str(CreateIndex(metadata_index).compile(dialect=self.dialect))))
        if existing[:2] != wanted[:2]:
            return ComparisonResult.Different(f"{existing[1]} unique={existing[0]} to {wanted[1]} unique={wanted[0]}")
        return ComparisonResult.Equal()

    def stored_replaceable(self, item: Replaceable) -> Replaceable | None:
        """Return the view or trigger with its stored text, comparably written, as its definition."""
        impl: Any = self
        schema = f"{self.dialect.identifier_preparer.quote(item.schema)}." if item.schema else ""
        query = f"SELECT sql FROM {schema}sqlite_master WHERE type = ? AND name = ?"  # noqa: S608
        sql = impl.connection.exec_driver_sql(query, (item.kind, item.name)).scalar()
        return None if sql is None else _with_text(item, sql)

    def canonical_replaceable(self, item: Replaceable) -> Replaceable | None:
        """Return the view or trigger with the text that would be stored."""
        return _with_text(item, str(create_element(item).compile(dialect=self.dialect)))

    def stored_definitions(
        self, inspector: Inspector, schema: str | None, table: str
    ) -> Sequence[StoredDefinition] | None:
        """Return checks, indexes and generation expressions as CREATE TABLE and CREATE INDEX have them."""
        cache: dict[Any, Any] = inspector.info_cache
        key = ("runner definitions", schema)
        if key not in cache:
            cache[key] = self._read_definitions(inspector, schema)
        definitions: dict[str, list[StoredDefinition]] = cache[key]
        return definitions.get(table.lower(), [])

    def _read_definitions(self, inspector: Inspector, schema: str | None) -> dict[str, list[StoredDefinition]]:
        master = f"{self.dialect.identifier_preparer.quote(schema)}.sqlite_master" if schema else "sqlite_master"
        query = f"SELECT type, name, tbl_name, sql FROM {master} WHERE type IN ('table', 'index') AND sql IS NOT NULL"  # noqa: S608
        found: dict[str, list[StoredDefinition]] = defaultdict(list)
        for kind, name, table, sql in inspector.bind.exec_driver_sql(query):  # type: ignore[union-attr]
            if kind == "index":
                found[table.lower()].append(("index", name, _index_text(sql)))
            else:
                found[table.lower()].extend(table_definitions(sql))
        return found

    def canonical_definitions(self, requests: Sequence[CanonicalRequest]) -> list[str | None]:
        """Return how these items are written in CREATE TABLE and CREATE INDEX."""
        return [self._canonical(request) for request in requests]

    def _canonical(self, request: CanonicalRequest) -> str | None:
        item = request.item
        if request.kind == "check":
            return normalised(self._sql(item.sqltext))
        if request.kind == "computed":
            return normalised(self._sql(item.computed.sqltext))
        if request.kind == "index":
            return _index_text(str(CreateIndex(item).compile(dialect=self.dialect)))
        return None

    def _sql(self, expression: Any) -> str:
        if isinstance(expression, TextClause):
            return expression.text
        options = {"literal_binds": True, "include_table": False}
        return str(expression.compile(dialect=self.dialect, compile_kwargs=options))


def _with_text(item: Replaceable, sql: str) -> Replaceable:
    """Return the object with what stands behind its name, or its table, as the definition."""
    parts = tokens(sql)
    if isinstance(item, View):
        columns, definition = parts[: parts.index("as")], parts[parts.index("as") + 1 :]
        names = tuple(part for part in columns[columns.index("(") + 1 : -1] if part != ",") if "(" in columns else ()
        return replace(item, definition=" ".join(definition), columns=names)
    return replace(item, definition=" ".join(part for part in parts if part != ";"))


def _index_text(sql: str) -> str:
    """Return what follows the table in CREATE INDEX, with the uniqueness in front."""
    parts = tokens(sql)
    keys = parts.index("(")
    return " ".join([*(["unique"] if "unique" in parts[:2] else []), *parts[keys:]])


def index_parts(definition: str) -> tuple[bool, list[str], str | None]:
    """Return uniqueness, the columns and expressions, and the condition, out of a stored definition of an index."""
    parts = definition.split(" ")
    unique = parts[0] == "unique"
    rest = parts[1:] if unique else parts
    keys, end = _split_arguments(rest)
    where = " ".join(rest[end + 2 :]) if rest[end + 1 : end + 2] == ["where"] else None
    return unique, keys, where


def _split_arguments(parts: list[str]) -> tuple[list[str], int]:
    """Return what the first parentheses hold, split at its commas, and the index of the closing one."""
    depth, found, start = 0, [], 1
    for index, part in enumerate(parts):
        depth += (part == "(") - (part == ")")
        if depth == 0 or (depth == 1 and part == ","):
            found.append(" ".join(parts[start:index]))
            start = index + 1
        if depth == 0:
            return found, index
    return found, len(parts)


def table_definitions(sql: str) -> list[StoredDefinition]:
    """Return the checks and the generation expressions of a CREATE TABLE statement."""
    parts = tokens(sql)
    found: list[StoredDefinition] = []
    depth, column = 0, ""
    for index, part in enumerate(parts):
        depth += (part == "(") - (part == ")")
        if depth != 1:
            continue
        if part in {"(", ","}:
            column = parts[index + 1] if index + 1 < len(parts) else ""
        elif part == "check" and parts[index + 1] == "(":
            found.append(("check", _constraint_name(parts, index), _argument(parts, index + 1)))
        elif part == "as" and parts[index + 1] == "(":
            found.append(("computed", _unquoted(column), _argument(parts, index + 1)))
    return found


def _constraint_name(parts: list[str], index: int) -> str | None:
    return _unquoted(parts[index - 2 + 1]) if index >= 2 and parts[index - 2] == "constraint" else None


def _unquoted(name: str) -> str:
    return name[1:-1] if name.startswith('"') else name


def _argument(parts: list[str], opening: int) -> str:
    depth = 0
    for index in range(opening, len(parts)):
        depth += (parts[index] == "(") - (parts[index] == ")")
        if depth == 0:
            return normalised(" ".join(parts[opening : index + 1]))
    return ""

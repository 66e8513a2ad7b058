# ruff: noqa: SLF001, S608  # SQLAlchemy's compilers; the names in the SQL are quoted by them
"""PostgreSQL compared with a model: the server itself writes what the model says, on a scratch table. Floor 3.

Two texts of one expression seldom agree: the server parses what it is given and prints it anew. So an expression
of the model is put on a temporary table like the real one, inside a savepoint that is rolled back, and what the
server prints there is compared with what it prints for the real table.

Source: PostgreSQL manual, "System Information Functions" (pg_get_constraintdef, pg_get_indexdef, pg_get_expr).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Enum,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Time,
    UniqueConstraint,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import AddConstraint, CreateIndex
from sqlalchemy.sql.elements import TextClause

from runner.dialects.compare.base import StoredDefinition, StoredEnum
from runner.dialects.compare.postgresql_objects import PostgresqlObjectComparison
from runner.dialects.compare.requests import CanonicalRequest
from runner.dialects.compare.results import ComparisonResult
from runner.dialects.compare.text import is_constant, normalised, tokens, without_casts

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.reflection import Inspector
    from sqlalchemy.schema import Table
    from sqlalchemy.types import TypeEngine

__all__ = ["PostgresqlComparison"]

_DEFINITIONS = text(
    """
    SELECT n.nspname, c.relname, 'constraint', con.contype::text, con.conname::text, pg_get_constraintdef(con.oid)
      FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE con.contype IN ('c', 'x', 'u') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    UNION ALL
    SELECT n.nspname, c.relname, 'index', '', i.relname::text, pg_get_indexdef(i.oid)
      FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    UNION ALL
    SELECT n.nspname, c.relname, 'computed', a.attgenerated::text, a.attname::text, pg_get_expr(d.adbin, d.adrelid)
      FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
      JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE a.attgenerated <> ''
    """
)
_SEQUENCE_DEFAULTS = text(
    """
    SELECT n.nspname, c.relname, a.attname, CASE WHEN own.objid IS NULL THEN pg_get_expr(d.adbin, d.adrelid) END
      FROM pg_depend uses
      JOIN pg_class s ON s.oid = uses.refobjid AND s.relkind = 'S'
      JOIN pg_attrdef d ON d.oid = uses.objid
      JOIN pg_class c ON c.oid = d.adrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
      LEFT JOIN pg_depend own ON own.classid = 'pg_class'::regclass AND own.objid = s.oid AND own.deptype = 'a'
       AND own.refclassid = 'pg_class'::regclass AND own.refobjid = d.adrelid AND own.refobjsubid = d.adnum
     WHERE uses.classid = 'pg_attrdef'::regclass AND uses.refclassid = 'pg_class'::regclass
     ORDER BY 4 NULLS FIRST
    """
)
_ENUMS = text(
    """
    SELECT n.nspname::text, t.typname::text, array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_enum e ON e.enumtypid = t.oid
     WHERE NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
     GROUP BY 1, 2 ORDER BY 1, 2
    """
)
_ENUM_COLUMNS = text(
    """
    SELECT tn.nspname::text, t.typname::text, n.nspname::text, c.relname::text, a.attname::text, at.oid <> t.oid,
           pg_get_expr(d.adbin, d.adrelid)
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_type at ON at.oid = a.atttypid
      JOIN pg_type t ON t.typtype = 'e' AND t.oid IN (at.oid, at.typelem)
      JOIN pg_namespace tn ON tn.oid = t.typnamespace
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attnum > 0 AND NOT a.attisdropped
     ORDER BY 1, 2, 3, 4, 5
    """
)
_TEXTS = {"text", "varchar", "char", "character varying"}
_FAMILIES = (
    {"smallint", "integer", "bigint", "numeric", "decimal", "real", "float", "double precision"},
    {"date", "timestamp", "timestamp without time zone", "timestamp with time zone"},
    {"json", "jsonb"},
)
"""Types between which the server converts by itself."""
_NEVER_ENUMS = (Boolean, Integer, Numeric, DateTime, Date, Time, LargeBinary, JSON)
_ANSWERS = """
    SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint
     WHERE connamespace = pg_my_temp_schema() AND contype IN ('c', 'x') AND conname ~ '^i[0-9]+$'
    UNION ALL
    SELECT relname::text, pg_get_indexdef(oid) FROM pg_class
     WHERE relnamespace = pg_my_temp_schema() AND relkind = 'i' AND relname ~ '^i[0-9]+$'
       AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = pg_class.oid)
    UNION ALL
    SELECT a.attname::text, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
      JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum JOIN pg_class c ON c.oid = d.adrelid
     WHERE c.relnamespace = pg_my_temp_schema() AND a.attname ~ '^i[0-9]+$'
    UNION ALL
    SELECT 'type ' || a.attname::text, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = pg_my_temp_schema() AND a.attname ~ '^i[0-9]+$'
"""
_SCRATCH = "runner_scratch"
_CONSTRAINTS = {"c": "check", "x": "exclude", "u": "unique"}


class PostgresqlComparison(PostgresqlObjectComparison):
    """The part of `PostgresqlImpl` that autogenerate asks."""

    connection: Connection | None
    has_enum_types = True

    def default_constraint_name(self, kind: str, table: str, columns: Sequence[str]) -> str:
        """Return the name the server gives to such a constraint itself."""
        if kind == "primary":
            return f"{table}_pkey"
        suffix = {"unique": "key", "foreignkey": "fkey", "check": "check"}[kind]
        return "_".join([*[table, *columns], suffix])[-61:]

    # --- enum types and conversions --------------------------------------------------------------------------------

    def enum_of(self, type_: TypeEngine[Any]) -> Any:
        """Return the enum type behind a column type, items of an array included; None where it is no native one."""
        if isinstance(type_, _NEVER_ENUMS) or (isinstance(type_, String) and not isinstance(type_, Enum)):
            return None
        from sqlalchemy.dialects.postgresql import ENUM

        from runner.dialects.postgresql import named_type

        named = named_type(type_, self.dialect)
        return named if isinstance(named, ENUM) else None

    def stored_enums(self, inspector: Inspector) -> Sequence[StoredEnum]:
        """Return the enum types of the database with the columns that are of them."""
        assert self.connection is not None
        columns: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for schema, name, *column in self.connection.execute(_ENUM_COLUMNS):
            columns[schema, name].append(tuple(column))
        return [
            (schema, name, values, columns[schema, name]) for schema, name, values in self.connection.execute(_ENUMS)
        ]

    def conversion_options(
        self, column_name: str, existing_type: TypeEngine[Any], type_: TypeEngine[Any]
    ) -> dict[str, Any]:
        """Return USING where the server has no conversion that it makes by itself."""
        old, new = self._type_parts(existing_type)[0], self._type_parts(type_)[0]
        if old == new or new in _TEXTS or any(old in family and new in family for family in _FAMILIES):
            return {}
        column = self.dialect.identifier_preparer.quote(column_name)
        return {"postgresql_using": f"{column}::text::{self.dialect.type_compiler_instance.process(type_)}"}

    # --- columns ---------------------------------------------------------------------------------------------------

    def compare_type(self, inspector_column: Column[Any], metadata_column: Column[Any]) -> bool:
        """Return whether the types differ; where their names do, the server says what the model's type is to it."""
        if not super().compare_type(inspector_column, metadata_column):
            return False
        named = self.canonical_definitions(
            [
                CanonicalRequest(kind="type", item=column, stored=inspector_column.table, wanted=metadata_column.table)
                for column in (inspector_column, metadata_column)
            ]
        )
        return named[0] is None or named[0] != named[1]

    def compare_server_default(
        self,
        inspector_column: Column[Any],
        metadata_column: Column[Any],
        rendered_metadata_default: str | None,
        rendered_inspector_default: str | None,
    ) -> bool:
        """Return whether the server defaults differ; the server is asked where their texts do."""
        if metadata_column.primary_key and metadata_column is metadata_column.table._autoincrement_column:
            return False
        wanted, stored = rendered_metadata_default, rendered_inspector_default
        if wanted is None or stored is None:
            return wanted is not stored
        if normalised(without_casts(wanted)) == normalised(without_casts(stored)):
            return False
        request = CanonicalRequest(
            kind="default", item=metadata_column, stored=inspector_column.table, wanted=metadata_column.table
        )
        canonical = self.canonical_definitions([request])[0]
        if canonical is None or canonical == stored:
            return canonical is None
        return not (is_constant(canonical) and is_constant(stored) and self._same_value(canonical, stored, request))

    def _same_value(self, one: str, other: str, request: CanonicalRequest) -> bool:
        """Tell whether two constants are the same value of the column's type: 5 and '5' are."""
        type_ = self._compiled_type(request.item)
        through = "::jsonb" if type_.upper() == "JSON" else ""
        assert self.connection is not None
        try:
            with self.connection.begin_nested():
                query = f"SELECT ({one})::{type_}{through} IS NOT DISTINCT FROM ({other})::{type_}{through}"
                return bool(self._query(query)[0][0])
        except SQLAlchemyError:
            return False  # no equality for this type; the texts differ

    def _compiled_type(self, column: Column[Any]) -> str:
        return self.dialect.type_compiler_instance.process(column.type, type_expression=column)

    # --- indexes and constraints -----------------------------------------------------------------------------------

    def compare_indexes(self, metadata_index: Index, reflected_index: Index) -> ComparisonResult:
        """Compare two indexes of one name: uniqueness, NULLS NOT DISTINCT, columns and expressions with their order."""
        options = [_nulls_not_distinct(metadata_index), _nulls_not_distinct(reflected_index)]
        if options[0] != options[1]:
            return ComparisonResult.Different(f"nulls_not_distinct={options[1]} to nulls_not_distinct={options[0]}")
        plain = super().compare_indexes(metadata_index, reflected_index)
        if plain.is_equal or bool(metadata_index.unique) != bool(reflected_index.unique):
            return plain
        if all(
            isinstance(element, Column) for index in (metadata_index, reflected_index) for element in index.expressions
        ):
            return plain
        return self._compare_on_server(metadata_index, reflected_index, plain)

    def _compare_on_server(
        self, metadata_index: Index, reflected_index: Index, plain: ComparisonResult
    ) -> ComparisonResult:
        assert metadata_index.table is not None
        assert reflected_index.table is not None
        request = CanonicalRequest(
            kind="index", item=metadata_index, stored=reflected_index.table, wanted=metadata_index.table
        )
        stored: str | None = reflected_index.info.get("definition")
        canonical = self.canonical_definitions([request])[0]
        if canonical is None or stored is None:
            return ComparisonResult.Skip(f"the server cannot compare its expressions: {plain.message}")
        wanted_keys, stored_keys = _index_keys(canonical), _index_keys(stored)
        if wanted_keys == stored_keys:
            return ComparisonResult.Equal()
        return ComparisonResult.Different(f"expressions {stored_keys} to {wanted_keys}")

    def compare_unique_constraint(
        self, metadata_constraint: UniqueConstraint, reflected_constraint: UniqueConstraint
    ) -> ComparisonResult:
        """Compare two unique constraints of one name: the set of their columns and NULLS NOT DISTINCT."""
        options = [_nulls_not_distinct(metadata_constraint), _nulls_not_distinct(reflected_constraint)]
        if options[0] != options[1]:
            return ComparisonResult.Different(f"nulls_not_distinct={options[1]} to nulls_not_distinct={options[0]}")
        return super().compare_unique_constraint(metadata_constraint, reflected_constraint)

    def adjust_reflected_dialect_options(self, reflected_object: Mapping[str, Any], kind: str) -> dict[str, Any]:
        """Return the options of PostgreSQL for a reflected index or constraint, but those that say nothing."""
        options = dict(reflected_object.get("dialect_options") or {})
        if not options.get("postgresql_include"):
            options.pop("postgresql_include", None)
        return options

    # --- the database's own words ----------------------------------------------------------------------------------

    def sequence_defaults(self, inspector: Inspector) -> Mapping[tuple[str, str, str], str | None]:
        """Return the columns (schema, table, column) whose default uses a sequence, with the server's text of it.

        The text is None where the sequence belongs to the column. SQLAlchemy's own text names the schema of the table
        where the server names none; but the sequence is in the search path then, and may be in any schema.
        """
        cache: dict[Any, Any] = inspector.info_cache
        if "runner sequence defaults" not in cache:
            rows = inspector.bind.execute(_SEQUENCE_DEFAULTS)  # type: ignore[union-attr]  # a Connection here
            cache["runner sequence defaults"] = {(row[0], row[1], row[2]): row[3] for row in rows}
        defaults: Mapping[tuple[str, str, str], str | None] = cache["runner sequence defaults"]
        return defaults

    def stored_definitions(
        self, inspector: Inspector, schema: str | None, table: str
    ) -> Sequence[StoredDefinition] | None:
        """Return how the server prints such definitions; one query for all tables."""
        cache: dict[Any, Any] = inspector.info_cache
        if "runner definitions" not in cache:
            found: dict[tuple[str, str], list[StoredDefinition]] = defaultdict(list)
            for nspname, relname, what, kind, name, definition in inspector.bind.execute(_DEFINITIONS):  # type: ignore[union-attr]
                found[nspname, relname].append(_stored(what, kind, name, definition))
            cache["runner definitions"] = found
        definitions: dict[tuple[str, str], list[StoredDefinition]] = cache["runner definitions"]
        return definitions.get((schema or inspector.default_schema_name or "public", table), [])

    def canonical_definitions(self, requests: Sequence[CanonicalRequest]) -> list[str | None]:
        """Return how the server prints these items, on temporary tables like the real ones."""
        if not requests or self.connection is None:
            return [None for _ in requests]
        answers = self._ask(requests)
        if answers is not None or len(requests) == 1:
            return answers or [None]
        return [(self._ask([request]) or [None])[0] for request in requests]  # one of them is not accepted

    def _ask(self, requests: Sequence[CanonicalRequest]) -> list[str | None] | None:
        """Return the texts, or None where the server refuses one of the items."""
        assert self.connection is not None
        try:
            with self.connection.begin_nested() as savepoint:
                scratch = _Scratch(self, requests)
                self._query(_script(scratch.statements()))
                found: dict[str, str] = {row[0]: row[1] for row in self._query(_ANSWERS)}
                answers = [scratch.answer(number, found) for number in range(len(requests))]
                savepoint.rollback()
        except SQLAlchemyError:
            return None
        return answers

    def _query(self, sql: str) -> Sequence[Any]:
        assert self.connection is not None
        result = self.connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
        return result.all() if result.returns_rows else ()


class _Scratch:
    """Temporary tables that hold the items of the requests."""

    def __init__(self, impl: Any, requests: Sequence[CanonicalRequest]) -> None:
        self.impl = impl
        self.dialect = impl._rendering_dialect()
        self.requests = requests
        self.names: dict[int, str] = {}
        self.kinds = {
            "check": lambda r: f"CHECK ({self._sql(r.item.sqltext)})",
            "exclude": lambda r: "EXCLUDE " + self._rest(AddConstraint(r.item, isolate_from_table=False), " EXCLUDE "),
        }
        self._answers: dict[tuple[str, str, str], str] | None = None

    def statements(self) -> Iterator[str]:
        """Iterate over the statements that make the tables."""
        for number, request in enumerate(self.requests):
            table = self.names.get(id(request.stored))
            if table is None:
                table = self.names[id(request.stored)] = f"{_SCRATCH}_{number}"
                yield f"CREATE TEMP TABLE {table} (LIKE {self._table(request.stored)}) ON COMMIT DROP"
                yield from self._missing_columns(table, request)
            yield self._statement(f"pg_temp.{table}", f"i{number}", request)

    def _missing_columns(self, table: str, request: CanonicalRequest) -> Iterator[str]:
        if request.kind == "type":
            return
        for column in request.wanted.columns:
            if column.name not in request.stored.c:
                yield f"ALTER TABLE pg_temp.{table} ADD COLUMN {self._name(column)} {self._type(column)}"

    def _statement(self, table: str, name: str, request: CanonicalRequest) -> str:
        item = request.item
        if request.kind == "index":
            unique = "UNIQUE " if item.unique else ""
            on = f" ON {self.dialect.identifier_preparer.format_table(item.table)} "
            return f"CREATE {unique}INDEX {name} ON {table} {self._rest(CreateIndex(item), on)}"
        if request.kind in {"check", "exclude"}:
            return f"ALTER TABLE {table} ADD CONSTRAINT {name} {self.kinds[request.kind](request)}"
        column = f"ALTER TABLE {table} ADD COLUMN {name} {self._type(item)}"
        if request.kind == "default":
            default = self.dialect.ddl_compiler(self.dialect, None).get_column_default_string(item)
            return f"{column} DEFAULT {default}"
        if request.kind == "computed":
            return f"{column} GENERATED ALWAYS AS ({self._sql(item.computed.sqltext)}) STORED"
        return column

    def answer(self, number: int, found: Mapping[str, str]) -> str | None:
        """Return what the server prints for the item of that number."""
        kind = self.requests[number].kind
        text_found = found.get(f"i{number}" if kind != "type" else f"type i{number}")
        if text_found is None:
            return None
        if kind == "index":
            return _index_text(text_found)
        return _constraint_text(text_found) if kind in {"check", "exclude"} else text_found

    def _rest(self, ddl: Any, after: str) -> str:
        """Return what follows a text in a compiled statement."""
        return str(ddl.compile(dialect=self.dialect)).partition(after)[2]

    def _sql(self, expression: Any) -> str:
        if isinstance(expression, TextClause):
            return expression.text
        options = {"literal_binds": True, "include_table": False}
        return str(expression.compile(dialect=self.dialect, compile_kwargs=options))

    def _table(self, table: Table) -> str:
        return str(self.dialect.identifier_preparer.format_table(table))

    def _name(self, column: Column[Any]) -> str:
        return str(self.dialect.identifier_preparer.format_column(column))

    def _type(self, column: Column[Any]) -> str:
        return str(self.dialect.type_compiler_instance.process(column.type, type_expression=column))


def _script(statements: Iterator[str]) -> str:
    """Return one statement that runs all of them: one round trip, whatever the driver."""
    lines = "".join(f"EXECUTE '{statement.replace(chr(39), chr(39) * 2)}';\n" for statement in statements)
    return f"DO $runner_scratch$ BEGIN\n{lines}END $runner_scratch$"


def _stored(what: str, kind: str, name: str, definition: str) -> StoredDefinition:
    if what == "index":
        return ("index", name, _index_text(definition))
    if what == "computed":
        return ("computed", name, definition)
    return (_CONSTRAINTS[kind], name, _constraint_text(definition))


def _constraint_text(definition: str) -> str:
    """Return the definition without what is no part of the expression."""
    for suffix in (" NOT VALID", " NOT ENFORCED"):
        definition = definition.removesuffix(suffix)
    return definition


def _index_text(definition: str) -> str:
    """Return what follows the name of the table, with the uniqueness in front."""
    unique = "UNIQUE " if definition.startswith("CREATE UNIQUE ") else ""
    return unique + definition.partition(" USING ")[2]


def _index_keys(definition: str) -> str:
    """Return the columns and expressions out of the text of an index."""
    parts = tokens(definition.partition("(")[2])
    depth = 1
    for index, part in enumerate(parts):
        depth += (part == "(") - (part == ")")
        if depth == 0:
            return " ".join(parts[:index])
    return " ".join(parts)


def _nulls_not_distinct(item: Index | UniqueConstraint) -> bool:
    return bool(item.dialect_options["postgresql"].get("nulls_not_distinct"))

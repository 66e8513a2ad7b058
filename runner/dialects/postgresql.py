# ruff: noqa: ARG001, SLF001  # @compiles passes keywords on; SQLAlchemy's DDL internals
"""PostgreSQL: floor 3. Identity, USING, comments, exclude constraints, and enum types on request.

SQLAlchemy's own PostgreSQL module is imported where it is used: this one is loaded with every database.

Source: PostgreSQL manual, ALTER TABLE, COMMENT, CREATE INDEX.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import (
    Column,
    Constraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import NullType, TypeDecorator

from runner.dialects.base import BatchTable, DefaultImpl, ensure_columns
from runner.dialects.compare.postgresql import PostgresqlComparison
from runner.dialects.ddl import (
    AlterColumn,
    ColumnComment,
    ColumnDefault,
    IdentityColumnDefault,
    Name,
    RenameTable,
    ServerDefault,
    alter_column,
    alter_table,
    format_column_name,
    format_table_name,
    format_type,
    is_default,
    type_instance,
)
from runner.dialects.literals import rendering_dialect
from runner.dialects.postgresql_objects import PostgresqlObjects
from runner.errors import OfflineUnsupported, OperationError

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql.base import PGDDLCompiler
    from sqlalchemy.dialects.postgresql.named_types import NamedType
    from sqlalchemy.engine import Dialect
    from sqlalchemy.types import TypeEngine

    from runner.dialects.literals import Literals

__all__ = ["PostgresqlColumnType", "PostgresqlImpl", "named_type"]

_NEXTVAL = re.compile(r"nextval\('.+'::regclass\)")


class PostgresqlColumnType(AlterColumn):
    """A new type, with the expression that converts the rows."""

    def __init__(self, name: Name, column_name: Name, type_: TypeEngine[Any], **kw: Any) -> None:
        self.using: str | None = kw.pop("using", None)
        super().__init__(name, column_name, **kw)
        self.type_ = type_instance(type_)


class PostgresqlImpl(PostgresqlObjects, PostgresqlComparison, DefaultImpl):
    """Operations on PostgreSQL."""

    __dialect__ = "postgresql"
    transactional_ddl = True
    writes_in_with = True
    type_synonyms = (*DefaultImpl.type_synonyms, {"FLOAT", "DOUBLE PRECISION"})

    def _configure(self, context_opts: Mapping[str, Any]) -> None:
        # Without a connection, SQLAlchemy 2.0 assumes that backslashes escape, which no supported server's default is.
        if self._online.connection is None and "_backslash_escapes" not in vars(self.dialect):
            vars(self.dialect)["_backslash_escapes"] = False

    def _literals(self) -> type[Literals]:
        from runner.dialects.values.postgresql import PostgresqlLiterals

        return PostgresqlLiterals

    def _rendering_dialect(self) -> Dialect:
        # Scripts run under standard_conforming_strings, the default of every supported server, whatever
        # SQLAlchemy assumes before it has seen one.
        return rendering_dialect(
            self.dialect, self.render_binary_literal, literals=self._literals(), _backslash_escapes=False
        )

    def render_binary_literal(self, value: bytes) -> str:
        """Return the bytes in the hex format of bytea."""
        return f"'\\x{value.hex()}'"

    def alter_column(
        self,
        table_name: str,
        column_name: str,
        *,
        nullable: bool | None = None,
        server_default: ServerDefault | Literal[False] | None = False,
        name: str | None = None,
        type_: TypeEngine[Any] | None = None,
        schema: str | None = None,
        autoincrement: bool | None = None,
        comment: str | Literal[False] | None = False,
        existing_comment: str | None = None,
        existing_type: TypeEngine[Any] | None = None,
        existing_server_default: ServerDefault | Literal[False] | None = None,
        existing_nullable: bool | None = None,
        existing_autoincrement: bool | None = None,
        **kw: Any,
    ) -> None:
        """Alter a column, its type first; `postgresql_using` says how to convert the rows.

        Raises:
            OperationError: `postgresql_using` without a new type.
        """
        using = kw.pop("postgresql_using", None)
        known: dict[str, Any] = {
            "schema": schema,
            "existing_type": existing_type,
            "existing_server_default": existing_server_default,
            "existing_nullable": existing_nullable,
        }
        if using is not None and type_ is None:
            message = (
                f"alter_column {table_name}.{column_name}: postgresql_using needs the new type; give it as type_=."
            )
            raise OperationError(message, table=table_name, column=column_name)
        if type_ is not None:
            self._exec(PostgresqlColumnType(table_name, column_name, type_, using=using, **known))
        super().alter_column(
            table_name,
            column_name,
            nullable=nullable,
            server_default=server_default,
            name=name,
            autoincrement=autoincrement,
            comment=comment,
            existing_comment=existing_comment,
            existing_autoincrement=existing_autoincrement,
            **known,
            **kw,
        )

    def _alter_identity(self, table_name: str, column_name: str, identity: Identity | None, known: Any) -> None:
        existing = known["existing_server_default"]
        if identity is not None and isinstance(existing, Identity):
            differing, _, _ = self._compare_identity_default(identity, existing)
            if not differing:
                return  # ALTER COLUMN without an action is a syntax error
        elif identity is not None and is_default(existing):
            self._exec(ColumnDefault(table_name, column_name, None, **known))  # a column has one or the other
        super()._alter_identity(table_name, column_name, identity, known)

    def add_column(
        self,
        table_name: str,
        column: Column[Any],
        *,
        schema: Name | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
        postgresql_create_type: bool = False,
        **kw: Any,
    ) -> None:
        """Add a column.

        Args:
            table_name: the table.
            column: the column.
            schema: of the table.
            if_not_exists: do nothing when the column is there.
            inline_references: write the foreign keys in the column specification.
            inline_primary_key: write PRIMARY KEY in the column specification.
            postgresql_create_type: first create the enum or domain type of the column where it is missing. Off by
                default: revisions usually create it themselves. Offline it is created without looking.
            kw: keywords of other databases.
        """
        type_ = named_type(column.type, self.dialect) if postgresql_create_type else None
        if type_ is not None and type_.create_type:
            type_.create(self.bind, checkfirst=not self.as_sql)
        super().add_column(
            table_name,
            column,
            schema=schema,
            if_not_exists=if_not_exists,
            inline_references=inline_references,
            inline_primary_key=inline_primary_key,
        )

    def drop_column(
        self,
        table_name: str,
        column: Column[Any],
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        postgresql_drop_type: Any = None,
        **kw: Any,
    ) -> None:
        """Drop a column, then its enum or domain type if asked for: True, the type, or its name.

        Raises:
            OfflineUnsupported: which type it is can only be asked of a database, and offline there is none.
        """
        drop = self.type_dropper(table_name, column, schema=schema, drop_type=postgresql_drop_type)
        super().drop_column(table_name, column, schema=schema, if_exists=if_exists, **kw)
        drop()

    def type_dropper(
        self, table_name: str, column: Column[Any], *, schema: str | None = None, drop_type: Any = None
    ) -> Callable[[], None]:
        """Return what drops the type of a column, looked up now, when the column is gone."""
        table = Table(table_name, MetaData(), column._copy(), schema=schema)
        given = drop_type if isinstance(drop_type, bool | None) else [drop_type]
        types = self._types_to_drop(table, given, f"drop_column {table_name}.{column.name}", column.name)
        return lambda: self._drop_types(types)

    def drop_table(self, table: Table, *, postgresql_drop_types: Any = None, **kw: Any) -> None:
        """Drop a table, then the enum and domain types of its columns if asked for: True, the types, or their names.

        Raises:
            OfflineUnsupported: which types they are can only be asked of a database, and offline there is none.
        """
        types = self._types_to_drop(table, postgresql_drop_types, f"drop_table {table.name}")
        if postgresql_drop_types:
            table = Table(table.name, MetaData(), schema=table.schema)  # of whose columns SQLAlchemy drops no type
        super().drop_table(table, **kw)
        self._drop_types(types)

    def _types_to_drop(
        self, table: Table, given: Any, operation: str, column: str | None = None
    ) -> list[tuple[str | None, str]]:
        """Return (schema, name) of each type, in the order of their columns."""
        if not given:
            return []
        if given is not True:
            return list(dict.fromkeys(_schema_and_name(type_, self.dialect) for type_ in given))
        if any(not isinstance(col.type, NullType) for col in table.columns):
            types: list[Any] = [named_type(col.type, self.dialect) for col in table.columns]
            return list(dict.fromkeys((type_.schema, str(type_.name)) for type_ in types if type_ is not None))
        return self._stored_enums(table, operation, column)

    def _stored_enums(self, table: Table, operation: str, column: str | None) -> list[tuple[str | None, str]]:
        """Return the enum types of a table's columns, or of one, as the database has them."""
        if self.as_sql:
            message = (
                f"{operation}: offline there is no database to ask which types it has. Give the types, or their names."
            )
            raise OfflineUnsupported(message, table=table.name)
        assert self.connection is not None
        parameters = {"table": _regclass_name(table), "column": column}
        return [(schema, name) for schema, name in self.connection.execute(_ENUMS_OF_TABLE, parameters)]

    def _drop_types(self, types: list[tuple[str | None, str]]) -> None:
        for schema, name in types:
            self.drop_enum(name, schema=schema)

    def create_table(self, table: Table, **kw: Any) -> None:
        """Create a table and the enum and domain types that are not there yet."""
        if not self.as_sql:
            self._note_types(table)
        super().create_table(table, **kw)

    def _note_types(self, table: Table) -> None:
        """Correct SQLAlchemy's note of the types that exist: it creates those of a table that are not noted."""
        for column in table.columns:
            type_: Any = named_type(column.type, self.dialect)
            if type_ is None:
                continue
            noted = self.memo.setdefault(f"pg_{type_.__visit_name__}", set())
            if self.dialect.has_type(self.connection, type_.name, schema=type_.schema):  # type: ignore[attr-defined]
                noted.add((type_.schema, type_.name))
            else:
                noted.discard((type_.schema, type_.name))

    def add_constraint(self, const: Any, **kw: Any) -> None:
        """Add a constraint; INCLUDE columns of a key need not be listed elsewhere."""
        if isinstance(const, UniqueConstraint | PrimaryKeyConstraint):
            ensure_columns(const.table, const.dialect_options["postgresql"].get("include"))
        super().add_constraint(const, **kw)

    def create_index(self, index: Index, **kw: Any) -> None:
        """Create an index; INCLUDE columns need not be listed elsewhere."""
        ensure_columns(index.table, index.dialect_options["postgresql"]["include"])
        super().create_index(index, **kw)

    def autogen_column_reflect(self, inspector: Any, table: Table, column_info: dict[str, Any]) -> None:
        """Leave out the default of a SERIAL column: its sequence belongs to the column and is made with it.

        The default of a column that borrows a sequence is written as the server writes it.
        """
        default = column_info.get("default")
        if not isinstance(default, str) or "nextval(" not in default:
            return
        column = (table.schema or inspector.default_schema_name, table.name, column_info["name"])
        defaults = self.sequence_defaults(inspector)
        stored = defaults.get(column)
        if stored is not None:
            column_info["default"] = stored
        elif column in defaults and _NEXTVAL.fullmatch(default) and isinstance(column_info["type"], Integer):
            del column_info["default"]

    def prep_table_for_batch(self, batch_impl: BatchTable, table: Table) -> None:
        """Drop the constraints whose names the new table will use: names are unique per schema here.

        Foreign keys go first: one that refers to the table itself needs its primary key.
        """
        for constraint in sorted(table.constraints, key=_foreign_keys_first):
            if constraint.name is not None and constraint.name in batch_impl.named_constraints:
                self.drop_constraint(constraint)


def _foreign_keys_first(constraint: Constraint) -> tuple[bool, int]:
    return not isinstance(constraint, ForeignKeyConstraint), constraint._creation_order


_ENUMS_OF_TABLE = text(
    "SELECT n.nspname, t.typname FROM pg_catalog.pg_attribute a "
    "JOIN pg_catalog.pg_type c ON c.oid = a.atttypid "
    "JOIN pg_catalog.pg_type t ON t.oid IN (c.oid, c.typelem) "
    "JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace "
    "WHERE a.attrelid = to_regclass(:table) AND a.attnum > 0 AND NOT a.attisdropped AND t.typtype = 'e' "
    "AND (CAST(:column AS text) IS NULL OR a.attname = :column) "
    "GROUP BY n.nspname, t.typname ORDER BY min(a.attnum)"
)


def _schema_and_name(type_: Any, dialect: Dialect) -> tuple[str | None, str]:
    """Return what DROP TYPE needs of a type or a name."""
    if isinstance(type_, str):
        return None, type_
    named: Any = named_type(type_, dialect)
    if named is None:
        raise OperationError(f"{type_!r} is no type of the database's own that could be dropped. Leave it out.")
    return named.schema, str(named.name)


def _regclass_name(table: Table) -> str:
    """Return the table's name, every part quoted, as functions that take names as text read it."""
    parts = [part for part in (table.schema, table.name) if part is not None]
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def named_type(type_: TypeEngine[Any], dialect: Dialect) -> NamedType | None:
    """Return the enum or domain behind a column type (items of an array included), or None."""
    from sqlalchemy.dialects.postgresql.named_types import NamedType

    if isinstance(type_, TypeDecorator):
        return named_type(type_.load_dialect_impl(dialect), dialect)
    implementation = type_ if isinstance(type_, NamedType) else type_.dialect_impl(dialect)
    item = getattr(implementation, "item_type", None)
    if item is not None:
        return named_type(item, dialect)
    return implementation if isinstance(implementation, NamedType) else None


@compiles(RenameTable, "postgresql")
def visit_rename_table(element: RenameTable, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return RENAME TO, where the new name is never qualified."""
    table = alter_table(compiler, element.table_name, element.schema)
    return f"{table} RENAME TO {format_table_name(compiler, element.new_table_name, None)}"


@compiles(PostgresqlColumnType, "postgresql")
def visit_column_type(element: PostgresqlColumnType, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return ALTER COLUMN ... TYPE ... USING."""
    table = alter_table(compiler, element.table_name, element.schema)
    text = f"{table} {alter_column(compiler, element.column_name)} TYPE {format_type(compiler, element.type_)}"
    return f"{text} USING {_verbatim(compiler, element.using)}" if element.using else text


@compiles(ColumnComment, "postgresql")
def visit_column_comment(element: ColumnComment, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return COMMENT ON COLUMN."""
    table = format_table_name(compiler, element.table_name, element.schema)
    column = format_column_name(compiler, element.column_name)
    comment = (
        "NULL" if element.comment is None else compiler.sql_compiler.render_literal_value(element.comment, String())
    )
    return f"COMMENT ON COLUMN {table}.{column} IS {comment}"


@compiles(IdentityColumnDefault, "postgresql")
def visit_identity_column(element: IdentityColumnDefault, compiler: PGDDLCompiler, **kw: Any) -> str:
    """Return ADD GENERATED, DROP IDENTITY, or SET for each option that changes."""
    table = alter_table(compiler, element.table_name, element.schema)
    column = f"{table} {alter_column(compiler, element.column_name)}"
    if element.default is None:
        return f"{column} DROP IDENTITY"
    if not isinstance(element.existing_server_default, Identity):
        return f"{column} ADD {_identity(compiler, element.default)}"
    differing, _, _ = element.impl._compare_identity_default(element.default, element.existing_server_default)
    return " ".join([column, *(_set_option(compiler, element.default, option) for option in sorted(differing))])


def _identity(compiler: PGDDLCompiler, identity: Identity) -> str:
    rendered: str = compiler.visit_identity_column(identity)  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
    return rendered.strip()


def _set_option(compiler: PGDDLCompiler, identity: Identity, option: str) -> str:
    if option == "always":
        return f"SET GENERATED {'ALWAYS' if identity.always else 'BY DEFAULT'}"
    return f"SET {compiler.get_identity_options(Identity(**{option: getattr(identity, option)})).strip()}"


def _verbatim(compiler: PGDDLCompiler, sql: str) -> str:
    """Return raw SQL as this driver needs it: percent signs doubled where it undoes that."""
    return sql.replace("%", "%%") if compiler.preparer._double_percents else sql

# ruff: noqa: ARG001, FBT001, FBT002, SLF001  # @compiles passes keywords on; Alembic's signatures; SQLAlchemy's internals
"""MySQL and MariaDB: floor 3. One MODIFY or CHANGE that repeats the whole column, and typed DROPs.

A column is altered by writing it again, so whatever the statement leaves out is lost. Online the server is asked
how it has the column, and what the revision does not mention is repeated from there. Offline there is only the
revision's word; one that does not say whether the column is nullable is refused.

Source: MySQL manual and MariaDB documentation, ALTER TABLE and SHOW CREATE TABLE.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Constraint,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    column,
    func,
    select,
    table,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateSequence, DDLElement, Sequence

from runner.dialects.base import DefaultImpl
from runner.dialects.compare.mysql import MySQLComparison
from runner.dialects.ddl import (
    AddColumn,
    AlterColumn,
    ColumnDefault,
    ColumnName,
    ColumnNullable,
    ColumnType,
    Name,
    ServerDefault,
    add_column,
    alter_column,
    alter_table,
    column_references,
    format_column_name,
    format_server_default,
    format_type,
    type_instance,
)
from runner.dialects.object_ddl import (
    AlterSequence,
    CreateFunction,
    CreateTrigger,
    CreateView,
    format_definition,
    format_object_name,
    format_view_columns,
    raw,
    visit_alter_sequence,
)
from runner.dialects.statement import OfflineSink, Statement
from runner.dialects.unsupported import OperationUnsupported
from runner.errors import OfflineUnsupported, OperationError
from runner.operations.mysql_stored import StoredColumn, in_session, keeps_type, read_columns
from runner.operations.replaceable import Replaceable, View

if TYPE_CHECKING:
    from sqlalchemy.dialects.mysql.base import MySQLDDLCompiler
    from sqlalchemy.types import TypeEngine

    from runner.dialects.literals import Literals

__all__ = ["MariaDBImpl", "MySQLAlterDefault", "MySQLChangeColumn", "MySQLImpl", "MySQLModifyColumn"]

_DROP_KINDS: dict[type[Constraint], str] = {
    ForeignKeyConstraint: "FOREIGN KEY",
    PrimaryKeyConstraint: "PRIMARY KEY",
    UniqueConstraint: "INDEX",
    CheckConstraint: "CONSTRAINT",
}


class MySQLAlterDefault(AlterColumn):
    """ALTER COLUMN ... SET or DROP DEFAULT: the one alteration that does not repeat the column."""

    def __init__(
        self, name: Name, column_name: Name, default: ServerDefault | None, schema: Name | None = None
    ) -> None:
        super().__init__(name, column_name, schema=schema)
        self.default = default


class MySQLChangeColumn(AlterColumn):
    """CHANGE: a column written again, under the same or a new name.

    Args:
        name: the table.
        column_name: the column as it is called now.
        schema: of the table.
        newname: the name it gets.
        type_: of the column; None only where `stored` has it.
        nullable: None is what is stored, or nullable.
        default: False is what is stored, or none; None is none. A Computed is the generation expression.
        autoincrement: whether AUTO_INCREMENT is written; None is what is stored, or not.
        comment: the comment it has afterwards; False is what is stored, or none; None is none.
        stored: the column as the server has it.
        type_changes: whether `type_` is another type than the column has.
    """

    def __init__(
        self,
        name: Name,
        column_name: Name,
        schema: Name | None = None,
        newname: Name | None = None,
        type_: TypeEngine[Any] | None = None,
        nullable: bool | None = None,
        default: ServerDefault | Literal[False] | None = False,
        autoincrement: bool | None = None,
        comment: str | Literal[False] | None = False,
        *,
        stored: StoredColumn | None = None,
        type_changes: bool = False,
    ) -> None:
        super().__init__(name, column_name, schema=schema)
        if type_ is None and stored is None:
            message = (
                f"alter_column {name}.{column_name}: MySQL writes the whole column again, so the revision must say "
                "its type. Add existing_type=, or type_= if it changes."
            )
            raise OperationError(message, table=str(name), column=str(column_name))
        self.newname = newname
        self.type_ = None if type_ is None else type_instance(type_)
        self.nullable = True if nullable is None and stored is None else nullable
        self.default = default
        self.autoincrement = autoincrement
        self.comment = comment
        self.stored = stored
        self.type_changes = type_changes


class MySQLModifyColumn(MySQLChangeColumn):
    """MODIFY: a column written again under its name."""


class DropConstraintOfKind(DDLElement):
    """DROP of a constraint in other words than SQLAlchemy's; IF EXISTS is MariaDB's."""

    def __init__(self, constraint: Constraint, kind: str, *, if_exists: bool = False) -> None:
        self.constraint = constraint
        self.kind = kind
        self.if_exists = if_exists


class MariaDBCreateSequence(CreateSequence):
    """CREATE SEQUENCE where NOCYCLE is one word, whatever SQLAlchemy's version makes of it."""


class DelimiterSink(OfflineSink):
    """Writes statements for the client `mysql`, which needs another delimiter where a body has semicolons."""

    def framed(self, statement: Statement, sql: str) -> tuple[str, ...]:
        """Return the statement, between two DELIMITER commands where it is one with a body."""
        if not isinstance(statement.construct, CreateFunction | CreateTrigger):
            return OfflineSink.framed(self, statement, sql)
        if ";" not in sql:
            return (self.terminated(sql),)
        delimiter = next(text for text in _delimiters() if text not in sql)
        return (f"DELIMITER {delimiter}", f"{sql}\n{delimiter}", f"DELIMITER {self.terminator}")


def _delimiters() -> Iterator[str]:
    yield from ("//", "$$")
    yield from (";;" + "/" * count for count in itertools.count())


class MySQLImpl(MySQLComparison, DefaultImpl):
    """Operations on MySQL, and on MariaDB where they are the same."""

    __dialect__ = "mysql"
    transactional_ddl = False
    script_sink = DelimiterSink
    database_name = "MySQL"
    without_enums = "Its ENUM belongs to a column: change it with op.alter_column(type_=sa.Enum(...))."
    drop_schema_cascades = True
    type_synonyms = (*DefaultImpl.type_synonyms, {"BOOL", "TINYINT"}, {"JSON", "LONGTEXT"})
    type_arg_extract = [r"character set ([\w\-_]+)", r"collate ([\w\-_]+)"]  # noqa: RUF012  # Alembic's kind of value

    def _literals(self) -> type[Literals]:
        from runner.dialects.values.mysql import MySQLLiterals

        return MySQLLiterals

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
        existing_server_default: ServerDefault | Literal[False] | None = False,
        existing_nullable: bool | None = None,
        existing_autoincrement: bool | None = None,
        **kw: Any,
    ) -> None:
        """Alter a column: by its default alone where that is all, otherwise by writing it again.

        Raises:
            OperationError: online there is no such column; offline the revision does not say its type.
            OfflineUnsupported: it does not say whether the column is nullable, and there is no database to ask.
        """
        self._refuse_generated(table_name, column_name, schema, server_default, existing_server_default)
        known_type = type_ if type_ is not None else existing_type
        changes = name is not None or _default_needs_change(known_type, server_default)
        modifies = any((nullable is not None, type_ is not None, autoincrement is not None, comment is not False))
        if not changes and not modifies:
            if server_default is not False:
                self._exec(MySQLAlterDefault(table_name, column_name, server_default, schema=schema))
            return
        stored = None if self.as_sql else self._stored_column(table_name, column_name, schema)
        if stored is not None and isinstance(existing_server_default, Computed):
            existing_server_default = False
        if autoincrement is None:
            autoincrement = False if _cannot_count(type_) else existing_autoincrement
        if nullable is None:
            nullable = existing_nullable
        if stored is None and nullable is None and known_type is not None:
            raise _nullability_unknown(table_name, column_name)
        whole: dict[str, Any] = {
            "schema": schema,
            "newname": name if name is not None else column_name,
            "type_": known_type,
            "nullable": nullable,
            "default": server_default if server_default is not False else existing_server_default,
            "autoincrement": autoincrement,
            "comment": comment if comment is not False or existing_comment is None else existing_comment,
            "stored": stored,
            "type_changes": type_ is not None,
        }
        element = MySQLChangeColumn if changes else MySQLModifyColumn
        self._exec(element(table_name, column_name, **whole))

    def _refuse_generated(
        self,
        table_name: str,
        column_name: str,
        schema: str | None,
        default: ServerDefault | Literal[False] | None,
        existing: ServerDefault | Literal[False] | None,
    ) -> None:
        """Raise if the default becomes, or was, something that cannot be altered in place."""
        generated = isinstance(default, Computed) or (default is not False and isinstance(existing, Computed))
        if generated or isinstance(default, Identity) or isinstance(existing, Identity):
            known = {"schema": schema, "existing_server_default": existing}
            self._alter_default(table_name, column_name, None if default is False else default, known)

    def _stored_column(self, table_name: str, column_name: str, schema: str | None) -> StoredColumn:
        """Return the column as the server has it.

        Raises:
            OperationError: there is none.
        """
        stored = read_columns(self.bind, table_name, schema).get(column_name.lower())
        if stored is None:
            message = f"alter_column {table_name}.{column_name}: the table has no such column. Correct its name."
            raise OperationError(message, table=table_name, column=column_name)
        return stored

    # --- tables and columns with checks ----------------------------------------------------------------------------

    def create_table(self, table: Table, **kw: Any) -> None:
        """Create a table; what MariaDB does not take in a column, a CHECK with a name, is put beside the columns."""
        with ExitStack() as restored:
            for col in table.columns:
                for check in restored.enter_context(_named_checks_set_aside(col)):
                    copy = CheckConstraint(check.sqltext, name=check.name)
                    table.append_constraint(copy)
                    restored.callback(table.constraints.discard, copy)
            super().create_table(table, **kw)

    @property
    def _is_mariadb(self) -> bool:
        """Whether the server is MariaDB; offline, what the URL says."""
        return bool(getattr(self.dialect, "is_mariadb", False))

    # --- what is neither table nor column --------------------------------------------------------------------------

    @property
    def supports_sequences(self) -> bool:
        """Whether there are sequences: MariaDB has them, also where SQLAlchemy has not seen a server yet."""
        return self._is_mariadb or bool(self.dialect.supports_sequences)

    def create_sequence(self, sequence: Sequence, *, if_not_exists: bool = False) -> None:
        """Create a sequence."""
        self._require_sequences("create_sequence", sequence)
        self._exec(MariaDBCreateSequence(sequence, if_not_exists=if_not_exists))

    def _can_replace(self, older: Replaceable, target: Replaceable) -> bool:
        """Tell whether there is CREATE OR REPLACE: for views, and on MariaDB for the others."""
        return older.key == target.key and (isinstance(target, View) or self._is_mariadb)

    # --- constraints -----------------------------------------------------------------------------------------------

    def drop_constraint(self, const: Constraint, **kw: Any) -> None:
        """Drop a constraint by its kind; the CHECK of a type only if it is there, since older servers made none.

        Raises:
            OperationUnsupported: the revision does not say the kind.
            OfflineUnsupported: `if_exists` offline, on MySQL, whose SQL does not have it.
        """
        if getattr(const, "_type_bound", False):
            if isinstance(const.name, str) and (self._is_mariadb or not self.as_sql):
                self._drop_if_exists(const, "CONSTRAINT", kw)
            return
        kind = next((text for type_, text in _DROP_KINDS.items() if isinstance(const, type_)), None)
        if kind is None:
            message = (
                f"drop_constraint {const.name!r} on {const.table.name!r}: MySQL drops constraints by their kind. "
                'Add type_="foreignkey", "primary", "unique" or "check".'
            )
            raise OperationUnsupported(message, table=const.table.name, constraint=str(const.name))
        if kw.pop("if_exists", None):
            self._drop_if_exists(const, kind, kw)
        elif self.as_sql and isinstance(const, CheckConstraint):
            # Whatever the URL calls it, the script may be for MariaDB, which does not know MySQL's DROP CHECK.
            self._exec(DropConstraintOfKind(const, kind))
        else:
            super().drop_constraint(const, **kw)

    def _drop_if_exists(self, const: Constraint, kind: str, kw: dict[str, Any]) -> None:
        if self._is_mariadb and not isinstance(const, PrimaryKeyConstraint):
            self._exec(DropConstraintOfKind(const, kind, if_exists=True))
        elif self._constraint_exists(const):
            super().drop_constraint(const, **kw)

    def _constraint_exists(self, const: Constraint) -> bool:
        name = "PRIMARY" if isinstance(const, PrimaryKeyConstraint) else str(const.name)
        if self.as_sql:
            message = (
                f"drop_constraint {name!r} on {const.table.name!r}: MySQL has no IF EXISTS for constraints, and "
                "offline there is no database to look at. Remove if_exists=True, or run the revision online."
            )
            raise OfflineUnsupported(message, table=const.table.name, constraint=name)
        schema = const.table.schema
        constraints = table("table_constraints", *map(column, _CONSTRAINTS_COLUMNS), schema="information_schema")
        found = self._exec(
            select(func.count()).where(
                constraints.c.table_schema == (schema if schema is not None else func.database()),
                constraints.c.table_name == const.table.name,
                constraints.c.constraint_name == name,
            )
        )
        return found is not None and bool(found.scalar())


_CONSTRAINTS_COLUMNS = ("table_schema", "table_name", "constraint_name")


class MariaDBImpl(MySQLImpl):
    """Operations on MariaDB."""

    __dialect__ = "mariadb"
    database_name = "MariaDB"


def _default_needs_change(type_: TypeEngine[Any] | None, default: ServerDefault | Literal[False] | None) -> bool:
    """Return whether the column is a date and time: only then may its default be a function."""
    return type_ is not None and default is not None and type_instance(type_)._type_affinity is DateTime


def _cannot_count(type_: TypeEngine[Any] | None) -> bool:
    """Return whether the column gets a type that rules out AUTO_INCREMENT."""
    return type_ is not None and not issubclass(type_instance(type_)._type_affinity or Integer, Integer)


def _nullability_unknown(table_name: str, column_name: str) -> OfflineUnsupported:
    message = (
        f"alter_column {table_name}.{column_name}: MySQL writes the whole column again, and the revision does "
        "not say whether it is nullable; offline there is no database to ask. Add existing_nullable=."
    )
    return OfflineUnsupported(message, table=table_name, column=column_name)


@compiles(MariaDBCreateSequence, "mysql", "mariadb")
def visit_create_sequence(element: MariaDBCreateSequence, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Return CREATE SEQUENCE."""
    return _with_nocycle(compiler.visit_create_sequence(element, **kw))  # type: ignore[no-untyped-call]


@compiles(AlterSequence, "mysql", "mariadb")
def alter_sequence(element: AlterSequence, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Return ALTER SEQUENCE."""
    return _with_nocycle(visit_alter_sequence(element, compiler, **kw))


def _with_nocycle(sql: str) -> str:
    """Return the statement with its last option but RESTART in MariaDB's spelling."""
    return re.sub(r" NO CYCLE(?=$| RESTART(?: WITH -?\d+)?$)", " NOCYCLE", sql)


@compiles(CreateView, "mysql", "mariadb")
def visit_create_view(element: CreateView, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Return CREATE VIEW with the options in front of VIEW."""
    view = element.target
    words = "CREATE OR REPLACE" if element.or_replace else "CREATE"
    options = f" {raw(compiler, view.options)}" if view.options else ""
    name = f"{format_object_name(compiler, view)}{format_view_columns(compiler, view)}"
    return f"{words}{options} VIEW {name} AS\n{format_definition(compiler, view)}"


_PLAIN_DEFAULT = re.compile(
    r"'(?:[^'\\]|''|\\.)*'|[-+]?[\w.]+|\w+\([^()]*\)(?: ON UPDATE .*)?|\w+ ON UPDATE .*|\(.*\)|[xb]'\w*'",
    re.IGNORECASE | re.DOTALL,
)
"""What ALTER COLUMN takes without parentheses: a literal, a name such as CURRENT_TIMESTAMP, a call."""


@compiles(MySQLAlterDefault, "mysql", "mariadb")
def visit_alter_default(element: MySQLAlterDefault, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Return ALTER COLUMN ... SET or DROP DEFAULT."""
    table_ = alter_table(compiler, element.table_name, element.schema)
    altered = f"{table_} {alter_column(compiler, element.column_name)}"
    if element.default is None:
        return f"{altered} DROP DEFAULT"
    default = format_server_default(compiler, element.default)
    return f"{altered} SET DEFAULT {default if _PLAIN_DEFAULT.fullmatch(default) else f'({default})'}"


@compiles(MySQLModifyColumn, "mysql", "mariadb")
def visit_modify_column(element: MySQLModifyColumn, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Return MODIFY with the whole column."""
    table_ = alter_table(compiler, element.table_name, element.schema)
    name = format_column_name(compiler, element.column_name)
    return f"{table_} MODIFY {name} {_whole_column(element, compiler)}"


@compiles(MySQLChangeColumn, "mysql", "mariadb")
def visit_change_column(element: MySQLChangeColumn, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Return CHANGE with the whole column."""
    table_ = alter_table(compiler, element.table_name, element.schema)
    name = format_column_name(compiler, element.column_name)
    newname = format_column_name(compiler, element.newname)
    return f"{table_} CHANGE {name} {newname} {_whole_column(element, compiler)}"


# MariaDB takes a CHECK only at the end.
_CLAUSE_ORDER = ("type", "generated", "nullability", "other", "autoincrement", "default", "comment", "check")


def _whole_column(element: MySQLChangeColumn, compiler: MySQLDDLCompiler) -> str:
    """Return the column: what the element says, and what is stored about the rest."""
    clauses = _stored_clauses(element, compiler) | _said_clauses(element, compiler)
    if clauses.get("generated"):
        # MariaDB takes neither NULL nor a default there.
        clauses["default"] = ""
        clauses["nullability"] = clauses["nullability"].removeprefix("NULL")
    return " ".join(clauses[name] for name in _CLAUSE_ORDER if clauses.get(name))


def _stored_clauses(element: MySQLChangeColumn, compiler: MySQLDDLCompiler) -> dict[str, str]:
    stored = element.stored
    if stored is None:
        return {}
    newname = str(element.newname if element.newname is not None else element.column_name)
    clauses = {name: getattr(stored, name) for name in _CLAUSE_ORDER}
    clauses["nullability"] = "NULL" if stored.is_nullable else "NOT NULL"
    clauses["check"] = stored.check_after({stored.name: newname}, type_changes=element.type_changes)
    return {name: _verbatim(text, compiler) for name, text in clauses.items()}


def _said_clauses(element: MySQLChangeColumn, compiler: MySQLDDLCompiler) -> dict[str, str]:
    clauses: dict[str, str] = {}
    if element.type_ is not None:
        clauses["type"] = _type_text(element, compiler)
    if element.nullable is not None:
        clauses["nullability"] = "NULL" if element.nullable else "NOT NULL"
    if element.autoincrement is not None:
        clauses["autoincrement"] = "AUTO_INCREMENT" if element.autoincrement else ""
    if isinstance(element.default, Computed):
        clauses["generated"] = compiler.process(element.default)
    elif element.default is not False:
        default = element.default
        clauses["default"] = "" if default is None else f"DEFAULT {format_server_default(compiler, default)}"
    if element.comment is not False:
        comment = element.comment
        literal = compiler.sql_compiler.render_literal_value(comment, String()) if comment else ""
        clauses["comment"] = f"COMMENT {literal}" if literal else ""
    return clauses


def _type_text(element: MySQLChangeColumn, compiler: MySQLDDLCompiler) -> str:
    """Return the type in the revision's words, or in the server's where the revision only repeats it."""
    assert element.type_ is not None
    said, stored = format_type(compiler, element.type_), element.stored
    if stored is None:
        return said
    if not element.type_changes and keeps_type(said, stored.type):
        return _verbatim(stored.type, compiler)
    return stored.type_like(said)


def _verbatim(sql: str, compiler: MySQLDDLCompiler) -> str:
    """Return the server's text as session and driver want it: some take a single percent sign for a parameter."""
    in_mode = in_session(sql, backslash_escapes=getattr(compiler.dialect, "_backslash_escapes", True))
    processed: str = compiler.sql_compiler.post_process_text(in_mode)  # type: ignore[no-untyped-call]
    return processed


@compiles(AddColumn, "mysql", "mariadb")
def visit_add_column(element: AddColumn, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Return ADD COLUMN; what does not work inside the column follows as clauses of the same statement.

    MySQL ignores foreign keys there, and MariaDB does not take a CHECK with a name.
    """
    with _named_checks_set_aside(element.column) as checks:
        clauses = [
            add_column(
                compiler,
                element.column,
                if_not_exists=element.if_not_exists,
                inline_primary_key=element.inline_primary_key,
                **kw,
            )
        ]
    guard = "IF NOT EXISTS " if element.if_not_exists else ""
    clauses.extend(f"ADD CONSTRAINT {guard}{compiler.process(check).removeprefix('CONSTRAINT ')}" for check in checks)
    if element.inline_references:
        keys = column_references(element.column)
        clauses.extend(f"ADD {compiler.process(key.constraint)}" for key in keys if key.constraint is not None)
    return f"{alter_table(compiler, element.table_name, element.schema)} {', '.join(clauses)}"


@contextmanager
def _named_checks_set_aside(column: Column[Any]) -> Iterator[tuple[CheckConstraint, ...]]:
    """Take the checks with a name out of a column while the block runs, and yield them in the order of their making."""
    checks = [check for check in column.constraints if isinstance(check, CheckConstraint) and check.name is not None]
    checks.sort(key=lambda check: check._creation_order)
    column.constraints.difference_update(checks)
    try:
        yield tuple(checks)
    finally:
        column.constraints.update(checks)


@compiles(DropConstraintOfKind, "mysql", "mariadb")
def visit_drop_constraint_of_kind(element: DropConstraintOfKind, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Return DROP with the kind and the name."""
    table_ = compiler.preparer.format_table(element.constraint.table)
    name = compiler.preparer.format_constraint(element.constraint)
    return f"ALTER TABLE {table_} DROP {element.kind} {'IF EXISTS ' if element.if_exists else ''}{name}"


@compiles(ColumnNullable, "mysql", "mariadb")
@compiles(ColumnName, "mysql", "mariadb")
@compiles(ColumnDefault, "mysql", "mariadb")
@compiles(ColumnType, "mysql", "mariadb")
def visit_individually(element: AlterColumn, compiler: MySQLDDLCompiler, **kw: Any) -> str:
    """Raise: MySQL alters a column by writing it again."""
    message = (
        f"{element.table_name}.{element.column_name}: MySQL alters a column by writing it again. "
        "Use the alter_column operation, which does."
    )
    raise OperationUnsupported(message, table=str(element.table_name), column=str(element.column_name))

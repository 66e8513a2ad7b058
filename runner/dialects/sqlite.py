# ruff: noqa: ARG001, FBT001, FBT002, SLF001  # @compiles passes keywords on; Alembic's signatures; SQLAlchemy's internals
"""SQLite: floor 3. Renames, added and dropped columns; everything else goes through batch.

Source: SQLite documentation, ALTER TABLE.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from sqlalchemy import Column, Computed, Constraint, ForeignKey, Table, cast, column, func, select, table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import DefaultClause
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import JSON, TypeEngine

from runner.dialects.base import BatchOperation, BatchOperations, DefaultImpl
from runner.dialects.compare.sqlite import SQLiteComparison
from runner.dialects.ddl import (
    ColumnName,
    RenameTable,
    ServerDefault,
    alter_table,
    column_references,
    format_column_name,
    format_table_name,
)
from runner.dialects.object_ddl import (
    CreateTrigger,
    create_words,
    format_definition,
    format_object_name,
    raw,
)
from runner.dialects.unsupported import OperationUnsupported
from runner.operations.replaceable import Replaceable, View
from runner.operations.sqla import foreign_key_target, in_declared_order
from runner.operations.sqltext import verbatim

if TYPE_CHECKING:
    from sqlalchemy.dialects.sqlite.base import SQLiteDDLCompiler

    from runner.dialects.literals import Literals

__all__ = ["SQLiteImpl"]

_IN_PLACE = frozenset({"create_index", "drop_index"})
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_LITERAL = re.compile(rf"\d+|{_QUOTED.pattern}")


class SQLiteImpl(SQLiteComparison, DefaultImpl):
    """Operations on SQLite.

    DDL is transactional in this engine's online runs, which begin their transactions themselves; scripts are
    not framed, since the shell that reads them may be in any state.
    """

    __dialect__ = "sqlite"
    transactional_ddl = False
    online_transactional_ddl = True
    supports_alter_column = False
    supports_alter_constraint = False
    database_name = "SQLite"
    supports_schemas = False
    object_kinds = frozenset({"view", "trigger"})

    def _literals(self) -> type[Literals]:
        from runner.dialects.values.sqlite import SQLiteLiterals

        return SQLiteLiterals

    def replace_replaceable(
        self, target: Replaceable, *, replaces: Replaceable | None = None, recreate: bool | None = None
    ) -> None:
        """Drop an object and create the other; triggers of a view go with it, and are created again."""
        older = target if replaces is None else replaces
        triggers = self._triggers_of(older) if isinstance(older, View) and older.key == target.key else []
        super().replace_replaceable(target, replaces=replaces, recreate=recreate)
        for sql in triggers:
            self._exec(verbatim(sql))

    def _triggers_of(self, view: View) -> list[str]:
        """Return what creates the triggers of a view; offline nobody can know of any."""
        if self.as_sql or self.connection is None:
            return []
        catalogue = table("sqlite_master", *map(column, ("type", "tbl_name", "sql")), schema=view.schema)
        query = select(catalogue.c.sql).where(
            catalogue.c.type == "trigger", func.lower(catalogue.c.tbl_name) == view.name.lower()
        )
        return list(self.connection.scalars(query))

    def alter_column(
        self,
        table_name: str,
        column_name: str,
        *,
        nullable: bool | None = None,
        server_default: ServerDefault | Literal[False] | None = False,
        type_: TypeEngine[Any] | None = None,
        comment: str | Literal[False] | None = False,
        **kw: Any,
    ) -> None:
        """Rename a column.

        Raises:
            OperationUnsupported: anything else about the column is to change.
        """
        changes = {
            "nullability": nullable is not None,
            "default": server_default is not False,
            "type": type_ is not None,
            "comment": comment is not False,
        }
        asked = [aspect for aspect, changed in changes.items() if changed]
        if asked:
            message = (
                f"SQLite cannot alter the {' and '.join(asked)} of {table_name}.{column_name} in place. "
                f'Use op.batch_alter_table("{table_name}"), which copies the table.'
            )
            raise OperationUnsupported(message, table=table_name, column=column_name)
        super().alter_column(table_name, column_name, **kw)

    def create_table(self, table: Table, **kw: Any) -> None:
        """Create a table.

        Raises:
            OperationUnsupported: a foreign key refers to another attached database.
        """
        for key in in_declared_order(table.foreign_key_constraints):
            _refuse_other_schema(key.elements[0], table.name, table.schema)
        super().create_table(table, **kw)

    def add_column(
        self,
        table_name: str,
        column: Column[Any],
        *,
        schema: str | None = None,
        inline_references: bool | None = None,
        **kw: Any,
    ) -> None:
        """Add a column.

        Raises:
            OperationUnsupported: a reference written into the column is to another attached database.
        """
        for key in column_references(column) if inline_references else ():
            _refuse_other_schema(key, table_name, schema)
        super().add_column(table_name, column, schema=schema, inline_references=inline_references, **kw)

    def requires_recreate_in_batch(self, batch_op: BatchOperations) -> bool:
        """Return whether the batch does more than ALTER TABLE can."""
        return any(not _in_place(operation) for operation in batch_op.batch)

    def add_constraint(self, const: Any, **kw: Any) -> None:
        """Refuse, or leave out with a warning a constraint that only comes with a type.

        Raises:
            OperationUnsupported: the revision asked for the constraint itself.
        """
        if const._create_rule is None:
            self._refuse_constraint("add", const)
        elif const._create_rule(self):
            warnings.warn(
                f"{_described(const)} is left out: SQLite cannot add constraints to a table in place. "
                "Use op.batch_alter_table(), which copies the table.",
                stacklevel=2,
            )

    def drop_constraint(self, const: Constraint, **kw: Any) -> None:
        """Refuse, unless the constraint only comes with a type.

        Raises:
            OperationUnsupported: the revision asked for the constraint itself.
        """
        if const._create_rule is None:
            self._refuse_constraint("drop", const)

    def _refuse_constraint(self, verb: str, const: Constraint) -> NoReturn:
        table = getattr(const.table, "name", None)
        message = (
            f"SQLite cannot {verb} constraints in place: {_described(const)}. "
            f'Use op.batch_alter_table("{table}"), which copies the table.'
        )
        raise OperationUnsupported(message, table=table, constraint=str(const.name))

    def create_table_comment(self, table: Table) -> None:
        """Refuse: SQLite has no comments."""
        self._refuse_comment(table)

    def drop_table_comment(self, table: Table) -> None:
        """Refuse: SQLite has no comments."""
        self._refuse_comment(table)

    def create_column_comment(self, column: Column[Any]) -> None:
        """Refuse: SQLite has no comments."""
        self._refuse_comment(column.table)

    def _refuse_comment(self, table: Table) -> NoReturn:
        message = (
            f"SQLite has no comments, so {table.name!r} cannot get or lose one. Leave the operation out for SQLite."
        )
        raise OperationUnsupported(message, table=table.name)

    def cast_for_batch_migrate(
        self, existing: Column[Any], existing_transfer: dict[str, Any], new_type: TypeEngine[Any]
    ) -> None:
        """Convert values whose affinity changes; JSON stays the text it is."""
        if existing.type._type_affinity is not new_type._type_affinity and not isinstance(new_type, JSON):
            existing_transfer["expr"] = cast(existing_transfer["expr"], new_type)

    def render_ddl_sql_expr(self, expr: ClauseElement, is_server_default: bool = False, **kw: Any) -> str:
        """Return an expression as SQL text; as a default it stands in parentheses."""
        rendered = super().render_ddl_sql_expr(expr, is_server_default=is_server_default, **kw)
        return f"({rendered})" if is_server_default and _needs_parentheses(rendered) else rendered

    def autogen_column_reflect(self, inspector: Any, table: Table, column_info: dict[str, Any]) -> None:
        """Put a reflected default into the parentheses SQLite reports it without."""
        default = column_info.get("default")
        if default is not None and _needs_parentheses(default):
            column_info["default"] = f"({default})"


def _refuse_other_schema(key: ForeignKey, table_name: str, schema: str | None) -> None:
    """Raise for a reference that SQLAlchemy leaves out, or makes one to a table of the same name nearby."""
    other, referred, _ = foreign_key_target(key)
    if other != schema:
        target = f"{other}.{referred}" if other else f"{referred} outside of {schema}"
        message = (
            f"{table_name}.{key.parent.name} cannot refer to {target}: on SQLite a foreign key stays within one "
            "database. Give both tables the same schema, or leave the foreign key out for SQLite."
        )
        raise OperationUnsupported(message, table=table_name, column=key.parent.name)


def _in_place(operation: BatchOperation) -> bool:
    """Return whether ALTER TABLE can do one queued operation."""
    name = operation[0]
    if name != "add_column":
        return name in _IN_PLACE
    default = operation[1][1].server_default
    if isinstance(default, Computed):
        return not default.persisted
    return not (isinstance(default, DefaultClause) and isinstance(default.arg, ClauseElement))


def _needs_parentheses(sql: str) -> bool:
    """Return whether an expression is neither a literal nor in parentheses, as DEFAULT requires."""
    return not (_LITERAL.fullmatch(sql) or _is_enclosed(sql))


def _is_enclosed(sql: str) -> bool:
    """Return whether the first parenthesis closes at the very end."""
    depth = 0
    for position, character in enumerate(_QUOTED.sub(lambda quoted: "x" * len(quoted.group()), sql)):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return position == len(sql) - 1 and position > 0
    return False


def _described(const: Constraint) -> str:
    kind = const.__visit_name__.replace("_", " ")
    name = f"{kind} {str(const.name)!r}" if const.name is not None else f"an unnamed {kind}"
    table = getattr(const.table, "name", None)
    return f"{name} on {table!r}" if table else name


@compiles(CreateTrigger, "sqlite")
def visit_create_trigger(element: CreateTrigger, compiler: SQLiteDDLCompiler, **kw: Any) -> str:
    """Return CREATE TRIGGER, where the table is never qualified: it is in the trigger's database."""
    trigger = element.target
    head = f"{create_words(element)} {format_object_name(compiler, trigger)}"
    table = compiler.preparer.quote(trigger.table)
    return f"{head}\n{raw(compiler, trigger.event)} ON {table}\n{format_definition(compiler, trigger)}"


@compiles(RenameTable, "sqlite")
def visit_rename_table(element: RenameTable, compiler: SQLiteDDLCompiler, **kw: Any) -> str:
    """Return RENAME TO, where the new name is never qualified."""
    table = alter_table(compiler, element.table_name, element.schema)
    return f"{table} RENAME TO {format_table_name(compiler, element.new_table_name, None)}"


@compiles(ColumnName, "sqlite")
def visit_column_name(element: ColumnName, compiler: SQLiteDDLCompiler, **kw: Any) -> str:
    """Return RENAME COLUMN."""
    table = alter_table(compiler, element.table_name, element.schema)
    old = format_column_name(compiler, element.column_name)
    return f"{table} RENAME COLUMN {old} TO {format_column_name(compiler, element.newname)}"

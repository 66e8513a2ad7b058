# ruff: noqa: FBT001, FBT002  # Alembic's signatures
"""What the operations floor needs of the floors above it, as protocols (floor 2).

The classes that satisfy them are `runner.migration.context.MigrationContext` and
`runner.dialects.base.DefaultImpl`; third-party classes with Alembic's method names satisfy them too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, CursorResult, Dialect
    from sqlalchemy.schema import Column, Constraint, Index, Table
    from sqlalchemy.schema import Sequence as SequenceItem
    from sqlalchemy.sql.elements import quoted_name
    from sqlalchemy.sql.expression import Executable, TableClause
    from sqlalchemy.types import TypeEngine

    from runner.operations.replaceable import Replaceable

__all__ = ["ImplLike", "MigrationContextLike"]


class ImplLike(Protocol):
    """The operations a dialect carries out, under Alembic's `DefaultImpl` names."""

    @property
    def dialect(self) -> Dialect:
        """The SQLAlchemy dialect the statements are rendered for."""

    @property
    def bind(self) -> Connection | None:
        """The connection, or what stands for it in offline mode."""

    @property
    def as_sql(self) -> bool:
        """Whether statements are written out and not executed."""

    def execute(self, sql: Executable | str, execution_options: dict[str, Any] | None = None) -> Any:
        """Run one statement."""

    def _exec(
        self,
        construct: Executable | str,
        execution_options: Mapping[str, Any] | None = None,
        multiparams: Sequence[Mapping[str, Any]] | None = None,
        params: Mapping[str, Any] = ...,
    ) -> CursorResult[Any] | None:
        """Run one statement and give its result."""

    def add_column(
        self,
        table_name: str,
        column: Column[Any],
        *,
        schema: str | quoted_name | None = None,
        **kw: Any,
    ) -> None:
        """Add a column."""

    def static_output(self, text: str) -> None:
        """Write text into the script as it is."""

    def alter_column(self, table_name: str, column_name: str, **kw: Any) -> None:
        """Change name, type, nullability, default or comment of a column."""

    def drop_column(self, table_name: str, column: Column[Any], **kw: Any) -> None:
        """Drop a column."""

    def add_constraint(self, const: Any, **kw: Any) -> None:
        """Add a constraint that is already attached to a table object."""

    def drop_constraint(self, const: Constraint, **kw: Any) -> None:
        """Drop a constraint that is attached to a table object."""

    def rename_table(
        self, old_table_name: str, new_table_name: str | quoted_name, schema: str | quoted_name | None = None
    ) -> None:
        """Rename a table."""

    def create_table(self, table: Table, **kw: Any) -> None:
        """Create a table with its indexes and comments."""

    def drop_table(self, table: Table, **kw: Any) -> None:
        """Drop a table."""

    def create_index(self, index: Index, **kw: Any) -> None:
        """Create an index."""

    def drop_index(self, index: Index, **kw: Any) -> None:
        """Drop an index."""

    def create_table_comment(self, table: Table) -> None:
        """Set the comment of a table."""

    def drop_table_comment(self, table: Table) -> None:
        """Remove the comment of a table."""

    def create_column_comment(self, column: Column[Any]) -> None:
        """Set the comment of a column."""

    def bulk_insert(self, table: TableClause | Table, rows: list[dict[str, Any]], multiinsert: bool = True) -> None:
        """Insert rows."""

    def create_enum(self, enum_name: str, values: Sequence[str], **kw: Any) -> None:
        """Create an enum type."""

    def drop_enum(self, enum_name: str, **kw: Any) -> None:
        """Drop an enum type."""

    def add_enum_value(self, enum_name: str, value: str, **kw: Any) -> None:
        """Add a value to an enum type."""

    def rename_enum_value(self, enum_name: str, value: str, new_value: str, **kw: Any) -> None:
        """Rename a value of an enum type."""

    def replace_enum_values(self, enum_name: str, values: Sequence[str], **kw: Any) -> None:
        """Make an enum type anew with other values."""

    def create_sequence(self, sequence: SequenceItem, **kw: Any) -> None:
        """Create a sequence."""

    def alter_sequence(self, sequence: SequenceItem, **kw: Any) -> None:
        """Change options of a sequence."""

    def drop_sequence(self, sequence: SequenceItem, **kw: Any) -> None:
        """Drop a sequence."""

    def create_schema(self, schema_name: str, **kw: Any) -> None:
        """Create a schema."""

    def drop_schema(self, schema_name: str, **kw: Any) -> None:
        """Drop a schema."""

    def create_extension(self, extension_name: str, **kw: Any) -> None:
        """Create an extension."""

    def drop_extension(self, extension_name: str, **kw: Any) -> None:
        """Drop an extension."""

    def create_replaceable(self, target: Replaceable) -> None:
        """Create a view, materialized view, function, procedure or trigger."""

    def drop_replaceable(self, target: Replaceable, **kw: Any) -> None:
        """Drop one."""

    def replace_replaceable(self, target: Replaceable, **kw: Any) -> None:
        """Put one in the place of an older one."""

    def refresh_materialized_view(self, view_name: str, **kw: Any) -> None:
        """Fill a materialized view again."""

    def prep_table_for_batch(self, batch_impl: Any, table: Table) -> None:
        """Make room for the rebuilt table, where names of constraints are global."""

    def requires_recreate_in_batch(self, batch_op: Any) -> bool:
        """Tell whether the queued operations need the table rebuilt."""

    def cast_for_batch_migrate(
        self, existing: Column[Any], existing_transfer: dict[str, Any], new_type: TypeEngine[Any]
    ) -> None:
        """Put a cast into the copy of a column whose type changes."""

    def autogen_column_reflect(self, inspector: Any, table: Table, column_info: dict[str, Any]) -> None:
        """Correct one reflected column."""


class MigrationContextLike(Protocol):
    """The running migration, as a revision file sees it through `op.get_context()`."""

    opts: dict[str, Any]
    as_sql: bool
    dialect: Dialect

    @property
    def impl(self) -> Any:
        """The dialect implementation; see `ImplLike`."""

    @property
    def bind(self) -> Connection | None:
        """The connection, None in offline mode."""

    @property
    def connection(self) -> Connection | None:
        """The same as `bind`, the older name."""

    @property
    def config(self) -> Any:
        """The `Config` in use, None where the context was made without one."""

    @property
    def script(self) -> Any:
        """The `ScriptDirectory` in use, None where the context was made without one."""

    def autocommit_block(self) -> AbstractContextManager[None]:
        """Leave the transaction for the block: the database commits each statement by itself."""

    def begin_transaction(self, _per_migration: bool = False) -> AbstractContextManager[Any]:
        """Begin the transaction of the run or of one revision."""

    def execute(self, sql: Executable | str, execution_options: dict[str, Any] | None = None) -> None:
        """Run one statement."""

    def get_current_revision(self) -> str | None:
        """The single revision in the version table, None for an empty database."""

    def get_current_heads(self) -> tuple[str, ...]:
        """Every revision in the version table."""

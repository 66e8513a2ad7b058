"""AutogenContext: what one comparison knows, from the filters of env.py to the imports of the file. Floor 4.

Source: Alembic's API documentation, AutogenContext.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import inspect

from runner.autogenerate.plugins import selected_comparators
from runner.autogenerate.references import sort_tables
from runner.errors import EnvironmentFailed, ModelMissing

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Dialect
    from sqlalchemy.engine.reflection import Inspector
    from sqlalchemy.schema import MetaData, SchemaItem, Table

    from runner.autogenerate.dispatch import PriorityDispatcher

__all__ = ["AutogenContext", "MigrationContextLike", "metadata_list"]


class MigrationContextLike(Protocol):
    """What a comparison needs of the MigrationContext."""

    opts: dict[str, Any]
    as_sql: bool
    version_table: str
    version_table_schema: str | None

    @property
    def dialect(self) -> Dialect:
        """The SQLAlchemy dialect."""

    @property
    def bind(self) -> Connection | None:
        """The connection; None in offline mode."""

    @property
    def impl(self) -> Any:
        """The rules of the database."""


class AutogenContext:
    """State of one comparison of a database with a model, and of rendering its outcome.

    Args:
        migration_context: connection, dialect and what env.py gave to `context.configure()`.
        metadata: the model; None takes `target_metadata`.
        opts: what replaces the options of the migration context.
        autogenerate: False for rendering alone, which needs neither a model nor a database.

    Attributes:
        metadata: a MetaData, or a sequence of them.
        connection: None where nothing is compared.
        imports: import lines of the file to be written; renderers add to it.
        opts: what env.py gave to `context.configure()`.
        comparators: the functions of this comparison.
        memo: what comparators keep for each other while the comparison lasts.
        explicit_enums: (schema, name) of the enum types that operations of their own create, or have created: no
            table of the file may create them again. The default schema is None.

    Raises:
        ModelMissing: something is to be compared, and there is no model.
        EnvironmentFailed: something is to be compared, and there is no connection.
    """

    metadata: MetaData | Sequence[MetaData] | None = None
    connection: Connection | None = None
    dialect: Dialect
    explicit_enums: frozenset[tuple[str | None, str]] = frozenset()

    def __init__(
        self,
        migration_context: Any,
        metadata: MetaData | Sequence[MetaData] | None = None,
        opts: dict[str, Any] | None = None,
        autogenerate: bool = True,  # noqa: FBT001, FBT002  # Alembic's signature
    ) -> None:
        self.migration_context: Any = migration_context
        self.opts: dict[str, Any] = migration_context.opts if opts is None else opts
        self.metadata = self.opts.get("target_metadata") if metadata is None else metadata
        self.dialect = migration_context.dialect
        self.imports: set[str] = set()
        self.memo: dict[Any, Any] = {}
        self._has_batch = False
        self._name_filters = [fn for fn in (self.opts.get("include_name"),) if fn]
        self._object_filters = [fn for fn in (self.opts.get("include_object"),) if fn]
        if autogenerate:
            self._prepare_to_compare()

    def _prepare_to_compare(self) -> None:
        if self.metadata is None:
            raise ModelMissing(
                "There is nothing to compare the database with: env.py gives no target_metadata to "
                "context.configure(). Give it the MetaData of the models, or a list of them."
            )
        self.connection = self.migration_context.bind
        if self.connection is None:
            raise EnvironmentFailed("Comparing with a model needs a database connection; offline there is none.")

    @cached_property
    def comparators(self) -> PriorityDispatcher:
        """The functions of this comparison: those of `autogenerate_plugins`, and those registered for all."""
        return selected_comparators(self.opts.get("autogenerate_plugins"))

    @cached_property
    def inspector(self) -> Inspector:
        """The inspector of the connection; it remembers what it has read."""
        assert self.connection is not None, "rendering alone has no database"
        return inspect(self.connection)

    @contextmanager
    def _within_batch(self) -> Iterator[None]:
        """Let renderers know that they write inside a `batch_alter_table` block."""
        self._has_batch = True
        try:
            yield
        finally:
            self._has_batch = False

    # -- filters ---------------------------------------------------------------------------------------------

    def run_name_filters(self, name: str | None, type_: str, parent_names: Mapping[str, str | None]) -> bool:
        """Ask `include_name` whether something of the database takes part.

        Args:
            name: its name; the default schema is None.
            type_: schema, table, column, index, unique_constraint, foreign_key_constraint or check_constraint.
            parent_names: `schema_name`, and below tables `table_name`; the qualified name of the table is added.
        """
        if not self._name_filters:
            return True
        parents = dict(parent_names)
        if "schema_name" in parents:
            table = name if type_ == "table" else parents.get("table_name")
            if table:
                schema = parents["schema_name"]
                parents["schema_qualified_table_name"] = f"{schema}.{table}" if schema else table
        return all(fn(name, type_, parents) for fn in self._name_filters)

    def run_object_filters(
        self,
        object_: SchemaItem,
        name: Any,
        type_: str,
        reflected: bool,  # noqa: FBT001  # Alembic's signature
        compare_to: SchemaItem | None,
    ) -> bool:
        """Ask `include_object` whether something of the database or of the model takes part.

        Args:
            object_: the Table, Column, Index or constraint.
            name: its name.
            type_: table, column, index, unique_constraint, foreign_key_constraint or check_constraint.
            reflected: it comes from the database.
            compare_to: what it is compared with; None where it has no counterpart.
        """
        return all(fn(object_, name, type_, reflected, compare_to) for fn in self._object_filters)

    run_filters = run_object_filters

    @property
    def has_object_filters(self) -> bool:
        """Whether env.py filters objects."""
        return bool(self._object_filters)

    # -- the model -------------------------------------------------------------------------------------------

    @cached_property
    def sorted_tables(self) -> list[Table]:
        """The tables of the model, each after those its foreign keys refer to; of several MetaData one after another.

        Raises:
            EnvironmentFailed: two MetaData hold a table of the same name.
        """
        tables = [
            table for metadata in metadata_list(self.metadata) for table in sort_tables(metadata.tables.values())[0]
        ]
        keys = [table.key for table in tables]
        twice = sorted({key for key in keys if keys.count(key) > 1}) if len(set(keys)) != len(keys) else []
        if twice:
            raise EnvironmentFailed(f"Several MetaData of target_metadata have a table {', '.join(twice)}.")
        return tables

    @cached_property
    def table_key_to_table(self) -> dict[str, Table]:
        """The tables of the model by their key, `schema.name`."""
        return {table.key: table for table in self.sorted_tables}


def metadata_list(metadata: MetaData | Sequence[MetaData] | None) -> tuple[MetaData, ...]:
    """Return one MetaData or several as a tuple."""
    if metadata is None:
        return ()
    return tuple(metadata) if isinstance(metadata, Sequence) else (metadata,)

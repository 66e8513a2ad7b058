"""The queue of a batch block (floor 2): collects operations on one table, then alters it or rebuilds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.schema import Column, Constraint, Index, MetaData, Table

from runner.errors import OperationError
from runner.operations.batch.keepers import keeper_for
from runner.operations.batch.naming import name_by_convention
from runner.operations.batch.rebuild import ApplyBatchImpl

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

    from runner.operations.arguments import Recreate
    from runner.operations.batch.move import Keeper

__all__ = ["BatchOperationsImpl"]


class BatchOperationsImpl:
    """Takes the place of the dialect implementation inside a batch block.

    The attributes and the methods have the names of Alembic's class, which implementations of third parties
    look into; `batch` holds (method, arguments, keywords) of the operations in their order.
    """

    def __init__(
        self,
        operations: Any,
        table_name: str,
        schema: str | None,
        recreate: Recreate,
        copy_from: Table | None,
        table_args: tuple[Any, ...],
        table_kwargs: dict[str, Any],
        reflect_args: tuple[Any, ...],
        reflect_kwargs: dict[str, Any],
        naming_convention: Mapping[str, Any] | None,
        partial_reordering: Sequence[tuple[str, ...]] | None,
    ) -> None:
        if recreate not in ("auto", "always", "never"):
            raise OperationError(f"batch_alter_table(recreate=...) is 'auto', 'always' or 'never', not {recreate!r}.")
        self.operations = operations
        self.table_name = table_name
        self.schema = schema
        self.recreate = recreate
        self.copy_from = copy_from
        self.table_args = table_args
        self.table_kwargs = table_kwargs
        self.reflect_args = reflect_args
        self.reflect_kwargs = reflect_kwargs
        self.naming_convention = naming_convention
        self.partial_reordering = partial_reordering
        self.batch: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    @property
    def dialect(self) -> Dialect:
        """The dialect of the implementation outside."""
        dialect: Dialect = self.operations.impl.dialect
        return dialect

    @property
    def impl(self) -> Any:
        """The implementation outside of the block."""
        return self.operations.impl

    def flush(self) -> None:
        """Carry out what was collected."""
        if self._should_recreate():
            self._recreate()
        else:
            self._alter()

    def _should_recreate(self) -> bool:
        if self.recreate == "auto":
            return bool(self.impl.requires_recreate_in_batch(self))
        return self.recreate == "always"

    def _alter(self) -> None:
        placed = next((kw for _, _, kw in self.batch if kw.get("insert_before") or kw.get("insert_after")), None)
        if placed is not None:
            raise OperationError(
                f"Table {self.table_name}: insert_before and insert_after work only where the table is rebuilt; "
                "pass recreate='always' to batch_alter_table().",
                table=self.table_name,
            )
        for method, arguments, keywords in self.batch:
            getattr(self.impl, method)(*arguments, **keywords)

    def _recreate(self) -> None:
        existing, keeper = self._existing_table()
        keeper.dropped_constraints = frozenset(
            str(arguments[0].name) for method, arguments, _ in self.batch if method == "drop_constraint"
        )
        keeper.look(existing)
        rebuild = ApplyBatchImpl(
            self.impl,
            existing,
            self.table_args,
            self.table_kwargs,
            reflected=self.copy_from is None,
            partial_reordering=self.partial_reordering or (),
            keeper=keeper,
        )
        type_droppers = [
            self.impl.type_dropper(
                *arguments, schema=keywords.get("schema"), drop_type=keywords["postgresql_drop_type"]
            )
            for method, arguments, keywords in self.batch
            if method == "drop_column" and keywords.get("postgresql_drop_type")
        ]
        self.impl.prep_table_for_batch(rebuild, existing)
        for method, arguments, keywords in self.batch:
            getattr(rebuild, method)(*arguments, **keywords)
        rebuild.execute()
        for drop_type in type_droppers:
            drop_type()

    def _existing_table(self) -> tuple[Table, Keeper]:
        """Return the table as it is, and what looks after everything a Table cannot hold."""
        keeper = keeper_for(self.impl, self.table_name, self.schema)
        keeper.given_items = (*self.reflect_args, *self.table_args)
        if self.copy_from is None:
            table = self._reflected_table(keeper)
            keeper.complete(table)
        else:
            schema: Any = self.schema or self.copy_from.schema
            table = self.copy_from.to_metadata(MetaData(), schema=schema)
        if self.naming_convention:
            name_by_convention(table, self.naming_convention)
        return table, keeper

    def _reflected_table(self, keeper: Keeper) -> Table:
        if self.impl.as_sql:
            raise OperationError(
                f"Table {self.table_name} has to be rebuilt, and offline there is no database to read its "
                f"definition from (dialect {self.dialect.name}). Pass the table as it is now as "
                "batch_alter_table(..., copy_from=Table(...)).",
                table=self.table_name,
            )
        metadata = MetaData()
        event.listen(metadata, "column_reflect", self.impl.autogen_column_reflect)
        try:
            return Table(
                self.table_name,
                metadata,
                *self.reflect_args,
                schema=self.schema,
                autoload_with=keeper.reflection_source(),
                **{"resolve_fks": False, **self.reflect_kwargs},
            )
        except NoSuchTableError as error:
            raise OperationError(keeper.about_missing_table(), table=self.table_name) from error

    # -- what operations call

    def alter_column(self, *arg: Any, **kw: Any) -> None:
        """Queue a change of a column."""
        self.batch.append(("alter_column", arg, kw))

    def add_column(self, *arg: Any, **kw: Any) -> None:
        """Queue a new column."""
        self.batch.append(("add_column", arg, kw))

    def drop_column(self, *arg: Any, **kw: Any) -> None:
        """Queue the end of a column."""
        self.batch.append(("drop_column", arg, kw))

    def add_constraint(self, const: Constraint) -> None:
        """Queue a new constraint."""
        self.batch.append(("add_constraint", (const,), {}))

    def drop_constraint(self, const: Constraint, **kw: Any) -> None:
        """Queue the end of a constraint."""
        self.batch.append(("drop_constraint", (const,), kw))

    def create_index(self, idx: Index, **kw: Any) -> None:
        """Queue a new index."""
        self.batch.append(("create_index", (idx,), kw))

    def drop_index(self, idx: Index, **kw: Any) -> None:
        """Queue the end of an index."""
        self.batch.append(("drop_index", (idx,), kw))

    def create_table_comment(self, table: Table) -> None:
        """Queue a comment."""
        self.batch.append(("create_table_comment", (table,), {}))

    def drop_table_comment(self, table: Table) -> None:
        """Queue the end of a comment."""
        self.batch.append(("drop_table_comment", (table,), {}))

    def create_column_comment(self, column: Column[Any]) -> None:
        """Queue a comment."""
        self.batch.append(("create_column_comment", (column,), {}))

    def rename_table(self, *arg: Any, **kw: Any) -> None:
        """Refuse: the block is bound to the name."""
        self._refuse("rename a table")

    def create_table(self, table: Table, **kw: Any) -> None:
        """Refuse: it is another table."""
        self._refuse("create a table")

    def drop_table(self, table: Table, **kw: Any) -> None:
        """Refuse: nothing else in the block would make sense."""
        self._refuse("drop a table")

    def bulk_insert(self, *arg: Any, **kw: Any) -> None:
        """Refuse: rows are not part of the definition."""
        self._refuse("insert rows")

    def _refuse(self, what: str) -> None:
        raise BatchUnsupported(
            f"Cannot {what} inside batch_alter_table({self.table_name!r}); do it outside of the block.",
            table=self.table_name,
        )


class BatchUnsupported(OperationError, NotImplementedError):
    """The operation is not a change of the one table a batch block is about."""

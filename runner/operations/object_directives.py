"""The directives on what is neither table nor column (floor 2): a part of `Operations`.

Enum types, sequences, schemas, extensions; views, functions, procedures and triggers, whose definitions are
values of `runner.operations.replaceable`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from runner.operations import ops

if TYPE_CHECKING:
    from sqlalchemy.schema import Sequence as SequenceItem

    from runner.operations.base import Operations
    from runner.operations.ops.enums import EnumColumnArgument
    from runner.operations.replaceable import Function, MaterializedView, Trigger, View

__all__ = ["ObjectDirectives"]


class ObjectDirectives:
    """The directives on enum types, sequences, schemas, extensions and replaceable objects."""

    @property
    def _all(self) -> Operations:
        return cast("Operations", self)

    # --- enum types ------------------------------------------------------------------------------------------------

    def create_enum(
        self,
        enum_name: str,
        values: Sequence[str],
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
    ) -> None:
        """Create an enum type (PostgreSQL).

        Columns of the type are made with `postgresql.ENUM(name=..., create_type=False)`, or
        `create_table()` would create it once more.

        Args:
            values: in their order.
            if_not_exists: do nothing where a type of that name exists, whatever its values.
        """
        ops.CreateEnumOp.create_enum(self._all, enum_name, values, schema=schema, if_not_exists=if_not_exists)

    def drop_enum(
        self,
        enum_name: str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        existing_values: Sequence[str] | None = None,
    ) -> None:
        """Drop an enum type that no column has any more (PostgreSQL).

        Args:
            if_exists: do nothing where it is gone already.
            existing_values: what the reverse operation creates it with.
        """
        ops.DropEnumOp.drop_enum(
            self._all, enum_name, schema=schema, if_exists=if_exists, existing_values=existing_values
        )

    def add_enum_value(
        self,
        enum_name: str,
        value: str,
        *,
        before: str | None = None,
        after: str | None = None,
        if_not_exists: bool | None = None,
        schema: str | None = None,
        existing_values: Sequence[str] | None = None,
        columns: Sequence[EnumColumnArgument] | None = None,
    ) -> None:
        """Add a value to an enum type (PostgreSQL).

        The value can be used when the transaction has committed, so not in the same revision; in
        `get_context().autocommit_block()` it can be used at once. Servers before version 12 add values in such a
        block only. Nothing takes a value away again but `replace_enum_values()`.

        Args:
            before: the value it comes before.
            after: the value it comes after; without both it comes last.
            if_not_exists: do nothing where the type has the value.
            existing_values: the values so far; with `columns` they make the operation reversible.
            columns: every column of the type, as `replace_enum_values()` takes them.
        """
        ops.AddEnumValueOp.add_enum_value(
            self._all,
            enum_name,
            value,
            before=before,
            after=after,
            if_not_exists=if_not_exists,
            schema=schema,
            existing_values=existing_values,
            columns=columns,
        )

    def rename_enum_value(self, enum_name: str, value: str, new_value: str, *, schema: str | None = None) -> None:
        """Rename a value of an enum type (PostgreSQL); rows and defaults that have it follow."""
        ops.RenameEnumValueOp.rename_enum_value(self._all, enum_name, value, new_value, schema=schema)

    def replace_enum_values(
        self,
        enum_name: str,
        values: Sequence[str],
        existing_values: Sequence[str],
        *,
        columns: Sequence[EnumColumnArgument] = (),
        mapping: Mapping[str, str] | None = None,
        schema: str | None = None,
    ) -> None:
        """Remove or reorder values of an enum type (PostgreSQL): a new type takes the place of the old one.

        Every table with a column of the type is rewritten, and locked meanwhile. A row that has a removed value
        which `mapping` does not mention makes the statement fail; nothing has changed then.

        Args:
            values: what the type has afterwards, in their order.
            existing_values: what it has now.
            columns: every column of the type: `(table, column)`, `(table, column, server_default)`, or an
                `ops.EnumColumn`, which also knows schemas and arrays.
            mapping: removed value -> the value its rows get.
            schema: of the type, and of the tables that do not say another.
        """
        ops.ReplaceEnumValuesOp.replace_enum_values(
            self._all, enum_name, values, existing_values, columns=columns, mapping=mapping, schema=schema
        )

    # --- sequences -------------------------------------------------------------------------------------------------

    def create_sequence(
        self,
        sequence: SequenceItem | str,
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        """Create a sequence (PostgreSQL, MariaDB, SQL Server, Oracle Database).

        Args:
            sequence: the name, or a `sqlalchemy.Sequence` with its options.
            if_not_exists: do nothing where a sequence of that name exists, whatever its options.
            kw: `start`, `increment`, `minvalue`, `maxvalue`, `nominvalue`, `nomaxvalue`, `cycle`, `cache`,
                `data_type` and the dialects' options of `sqlalchemy.Sequence`.
        """
        ops.CreateSequenceOp.create_sequence(self._all, sequence, schema=schema, if_not_exists=if_not_exists, **kw)

    def alter_sequence(
        self,
        sequence: SequenceItem | str,
        *,
        schema: str | None = None,
        restart: int | bool | None = None,
        existing: Mapping[str, Any] | SequenceItem | None = None,
        **options: Any,
    ) -> None:
        """Change options of a sequence (PostgreSQL, MariaDB, SQL Server, Oracle Database).

        Args:
            sequence: the name, or a `sqlalchemy.Sequence` of the options that change.
            restart: the value it gives out next; True is its start value.
            existing: the options as they are, which the reverse operation puts back.
            options: see `create_sequence()`.
        """
        ops.AlterSequenceOp.alter_sequence(
            self._all, sequence, schema=schema, restart=restart, existing=existing, **options
        )

    def drop_sequence(
        self,
        sequence: SequenceItem | str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        existing: Mapping[str, Any] | SequenceItem | None = None,
    ) -> None:
        """Drop a sequence (PostgreSQL, MariaDB, SQL Server, Oracle Database).

        Args:
            sequence: the name, or a `sqlalchemy.Sequence`, which makes the operation reversible.
            if_exists: do nothing where it is gone already.
            existing: the options, for the reverse operation, where only the name is given.
        """
        ops.DropSequenceOp.drop_sequence(self._all, sequence, schema=schema, if_exists=if_exists, existing=existing)

    # --- schemas and extensions ------------------------------------------------------------------------------------

    def create_schema(self, schema_name: str, *, if_not_exists: bool | None = None) -> None:
        """Create a schema (PostgreSQL, MySQL, MariaDB, SQL Server).

        Args:
            if_not_exists: do nothing where it exists.
        """
        ops.CreateSchemaOp.create_schema(self._all, schema_name, if_not_exists=if_not_exists)

    def drop_schema(self, schema_name: str, *, if_exists: bool | None = None, cascade: bool | None = None) -> None:
        """Drop a schema (PostgreSQL, MySQL, MariaDB, SQL Server).

        Args:
            if_exists: do nothing where it is gone already.
            cascade: drop what is in it too. MySQL and MariaDB always do, so there it must be said; SQL Server
                never does.
        """
        ops.DropSchemaOp.drop_schema(self._all, schema_name, if_exists=if_exists, cascade=cascade)

    def create_extension(
        self,
        extension_name: str,
        *,
        schema: str | None = None,
        version: str | None = None,
        if_not_exists: bool | None = None,
        cascade: bool | None = None,
    ) -> None:
        """Create an extension in the database (PostgreSQL).

        Args:
            schema: where its objects go; None lets it decide.
            version: None is the newest the server has.
            if_not_exists: do nothing where it exists, whatever its version.
            cascade: create the extensions it needs too.
        """
        ops.CreateExtensionOp.create_extension(
            self._all, extension_name, schema=schema, version=version, if_not_exists=if_not_exists, cascade=cascade
        )

    def drop_extension(
        self,
        extension_name: str,
        *,
        if_exists: bool | None = None,
        cascade: bool | None = None,
        existing_schema: str | None = None,
        existing_version: str | None = None,
    ) -> None:
        """Drop an extension from the database (PostgreSQL).

        Args:
            if_exists: do nothing where it is gone already.
            cascade: drop what uses it too.
            existing_schema: where the reverse operation creates it.
            existing_version: the version the reverse operation creates.
        """
        ops.DropExtensionOp.drop_extension(
            self._all,
            extension_name,
            if_exists=if_exists,
            cascade=cascade,
            existing_schema=existing_schema,
            existing_version=existing_version,
        )

    # --- views -----------------------------------------------------------------------------------------------------

    def create_view(self, view: View) -> None:
        """Create a view; its definition is passed on as it reads."""
        ops.CreateViewOp.create_view(self._all, view)

    def drop_view(
        self,
        view: View | str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        cascade: bool | None = None,
    ) -> None:
        """Drop a view.

        Args:
            view: a `View`, which makes the operation reversible, or its name.
            if_exists: do nothing where it is gone already.
            cascade: drop what uses it too (PostgreSQL).
        """
        ops.DropViewOp.drop_view(self._all, view, schema=schema, if_exists=if_exists, cascade=cascade)

    def replace_view(
        self,
        view: View,
        *,
        replaces: View | str | None = None,
        replace_with: View | str | None = None,
        recreate: bool | None = None,
    ) -> None:
        """Put a view in the place of an older one, with CREATE OR REPLACE where the database has it.

        Args:
            view: as it is to be.
            replaces: as it is: a `View`, or "<revision>.<attribute>", the module attribute of an older revision.
            replace_with: in a downgrade, the older view that comes back in the place of `view`.
            recreate: True drops and creates: PostgreSQL replaces a view only if its columns stay and new ones
                come last. False never drops.
        """
        ops.ReplaceViewOp.replace_view(self._all, view, replaces=replaces, replace_with=replace_with, recreate=recreate)

    def create_materialized_view(self, view: MaterializedView) -> None:
        """Create a materialized view with its indexes (PostgreSQL, Oracle Database)."""
        ops.CreateMaterializedViewOp.create_materialized_view(self._all, view)

    def drop_materialized_view(
        self,
        view: MaterializedView | str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        cascade: bool | None = None,
    ) -> None:
        """Drop a materialized view with its indexes (PostgreSQL, Oracle Database).

        Args:
            view: a `MaterializedView`, which makes the operation reversible, or its name.
            if_exists: do nothing where it is gone already.
            cascade: drop what uses it too (PostgreSQL).
        """
        ops.DropMaterializedViewOp.drop_materialized_view(
            self._all, view, schema=schema, if_exists=if_exists, cascade=cascade
        )

    def replace_materialized_view(
        self,
        view: MaterializedView,
        *,
        replaces: MaterializedView | str | None = None,
        replace_with: MaterializedView | str | None = None,
    ) -> None:
        """Drop a materialized view and create it anew, with its indexes (PostgreSQL, Oracle Database).

        Args:
            view: as it is to be.
            replaces: as it is: a `MaterializedView`, or "<revision>.<attribute>" of an older revision.
            replace_with: in a downgrade, the older view that comes back in the place of `view`.
        """
        ops.ReplaceMaterializedViewOp.replace_materialized_view(
            self._all, view, replaces=replaces, replace_with=replace_with
        )

    def refresh_materialized_view(
        self,
        view: MaterializedView | str,
        *,
        schema: str | None = None,
        concurrently: bool = False,
        with_data: bool = True,
    ) -> None:
        """Fill a materialized view again (PostgreSQL, Oracle Database).

        Args:
            concurrently: let it be read meanwhile; needs a unique index on it, and that it is filled.
            with_data: False empties it.
        """
        ops.RefreshMaterializedViewOp.refresh_materialized_view(
            self._all, view, schema=schema, concurrently=concurrently, with_data=with_data
        )

    # --- functions and triggers ------------------------------------------------------------------------------------

    def create_function(self, function: Function) -> None:
        """Create a function or procedure; its definition is passed on as it reads."""
        ops.CreateFunctionOp.create_function(self._all, function)

    def drop_function(
        self,
        function: Function | str,
        *,
        arguments: str = "",
        schema: str | None = None,
        kind: Literal["function", "procedure"] = "function",
        if_exists: bool | None = None,
        cascade: bool | None = None,
    ) -> None:
        """Drop a function or procedure.

        Args:
            function: a `Function`, which makes the operation reversible, or its name.
            arguments: where only the name is given: what tells functions of one name apart on PostgreSQL.
            kind: where only the name is given.
            if_exists: do nothing where it is gone already.
            cascade: drop what uses it too (PostgreSQL).
        """
        ops.DropFunctionOp.drop_function(
            self._all,
            function,
            arguments=arguments,
            schema=schema,
            kind=kind,
            if_exists=if_exists,
            cascade=cascade,
        )

    def replace_function(
        self,
        function: Function,
        *,
        replaces: Function | str | None = None,
        replace_with: Function | str | None = None,
        recreate: bool | None = None,
    ) -> None:
        """Put a function or procedure in the place of an older one, with OR REPLACE where the database has it.

        Where the arguments differ, the older one is dropped: otherwise both would be there.

        Args:
            function: as it is to be.
            replaces: as it is: a `Function`, or "<revision>.<attribute>" of an older revision.
            replace_with: in a downgrade, the older function that comes back in the place of `function`.
            recreate: True drops and creates, which PostgreSQL needs if the result type changes or an argument
                loses its default. False never drops.
        """
        ops.ReplaceFunctionOp.replace_function(
            self._all, function, replaces=replaces, replace_with=replace_with, recreate=recreate
        )

    def create_trigger(self, trigger: Trigger) -> None:
        """Create a trigger; its definition is passed on as it reads."""
        ops.CreateTriggerOp.create_trigger(self._all, trigger)

    def drop_trigger(
        self,
        trigger: Trigger | str,
        table_name: str | None = None,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        cascade: bool | None = None,
    ) -> None:
        """Drop a trigger.

        Args:
            trigger: a `Trigger`, which makes the operation reversible, or its name.
            table_name: where only the name is given; needed on PostgreSQL.
            if_exists: do nothing where it is gone already.
            cascade: drop what uses it too (PostgreSQL).
        """
        ops.DropTriggerOp.drop_trigger(
            self._all, trigger, table_name, schema=schema, if_exists=if_exists, cascade=cascade
        )

    def replace_trigger(
        self,
        trigger: Trigger,
        *,
        replaces: Trigger | str | None = None,
        replace_with: Trigger | str | None = None,
        recreate: bool | None = None,
    ) -> None:
        """Put a trigger in the place of an older one, with OR REPLACE where the database has it.

        Args:
            trigger: as it is to be.
            replaces: as it is: a `Trigger`, or "<revision>.<attribute>" of an older revision.
            replace_with: in a downgrade, the older trigger that comes back in the place of `trigger`.
            recreate: True drops and creates. False never drops.
        """
        ops.ReplaceTriggerOp.replace_trigger(
            self._all, trigger, replaces=replaces, replace_with=replace_with, recreate=recreate
        )

"""Enum types, sequences, schemas, extensions and replaceable objects, for every database: floor 3.

`ObjectImpl` is the part of `DefaultImpl` that carries out these operations. What a database has is said by the
class attributes; what it lacks is refused with a sentence that names the operation and the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from sqlalchemy.schema import CreateSchema, CreateSequence, DropSchema, DropSequence

from runner.dialects.object_ddl import (
    AlterSequence,
    CreateExtension,
    DropExtension,
    RefreshMaterializedView,
    create_element,
    drop_element,
)
from runner.dialects.unsupported import OperationUnsupported
from runner.operations.replaceable import MaterializedView, Replaceable, Trigger, ViewIndex
from runner.operations.schemaobj import SchemaObjects
from runner.operations.sqltext import verbatim

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.schema import Index
    from sqlalchemy.schema import Sequence as SequenceItem

    from runner.operations.ops.enums import EnumColumn

__all__ = ["ObjectImpl"]


class ObjectImpl:
    """Carries out the operations on what is neither table nor column."""

    dialect: Dialect

    database_name: ClassVar[str] = "This database"
    """What the database is called in sentences."""
    without_enums: ClassVar[str | None] = (
        "Use a CHECK constraint, or sa.Enum(native_enum=False, create_constraint=True)."
    )
    """What to do instead of creating an enum type; None where there are enum types."""
    supports_schemas: ClassVar[bool] = True
    """Whether CREATE SCHEMA makes a place for tables."""
    drop_schema_cascades: ClassVar[bool | None] = False
    """Whether DROP SCHEMA always drops what is in it; None where CASCADE says so."""
    supports_extensions: ClassVar[bool] = False
    """Whether there are extensions to create in a database."""
    object_kinds: ClassVar[frozenset[str]] = frozenset({"view", "function", "procedure", "trigger"})
    """The kinds of replaceable objects there are."""
    replaced_in_place: ClassVar[frozenset[str]] = frozenset()
    """The kinds CREATE can put in the place of an older object; the others are dropped and created."""
    supports_constraint_triggers: ClassVar[bool] = False
    """Whether a trigger can be a constraint, deferrable and all."""
    supports_drop_cascade: ClassVar[bool] = False
    """Whether DROP of a replaceable object takes CASCADE."""

    def _exec(self, construct: Any) -> Any:
        raise NotImplementedError

    def create_index(self, index: Index, **kw: Any) -> None:
        """Create an index; see `DefaultImpl`."""
        raise NotImplementedError

    @property
    def supports_sequences(self) -> bool:
        """Whether there are sequences."""
        return bool(self.dialect.supports_sequences)

    def _refuse(self, operation: str, name: str, lacks: str, instead: str) -> NoReturn:
        raise OperationUnsupported(
            f"{operation} {name}: {self.database_name} has no {lacks}. {instead}",
            operation=operation,
            dialect=self.dialect.name,
        )

    # --- enum types ------------------------------------------------------------------------------------------------

    def create_enum(
        self, enum_name: str, values: Sequence[str], *, schema: str | None = None, if_not_exists: bool = False
    ) -> None:
        """Create an enum type."""
        self._refuse_enum("create_enum", enum_name)

    def drop_enum(self, enum_name: str, *, schema: str | None = None, if_exists: bool = False) -> None:
        """Drop an enum type."""
        self._refuse_enum("drop_enum", enum_name)

    def add_enum_value(
        self,
        enum_name: str,
        value: str,
        *,
        before: str | None = None,
        after: str | None = None,
        if_not_exists: bool = False,
        schema: str | None = None,
    ) -> None:
        """Add a value to an enum type."""
        self._refuse_enum("add_enum_value", enum_name)

    def rename_enum_value(self, enum_name: str, value: str, new_value: str, *, schema: str | None = None) -> None:
        """Rename a value of an enum type."""
        self._refuse_enum("rename_enum_value", enum_name)

    def replace_enum_values(
        self,
        enum_name: str,
        values: Sequence[str],
        *,
        columns: Sequence[EnumColumn],
        mapping: Mapping[str, str],
        schema: str | None = None,
    ) -> None:
        """Make an enum type anew with other values."""
        self._refuse_enum("replace_enum_values", enum_name)

    def _refuse_enum(self, operation: str, name: str) -> NoReturn:
        assert self.without_enums is not None
        self._refuse(operation, name, "enum types of their own", self.without_enums)

    # --- sequences -------------------------------------------------------------------------------------------------

    def create_sequence(self, sequence: SequenceItem, *, if_not_exists: bool = False) -> None:
        """Create a sequence."""
        self._require_sequences("create_sequence", sequence)
        self._exec(CreateSequence(sequence, if_not_exists=if_not_exists))

    def alter_sequence(self, sequence: SequenceItem, *, restart: int | bool | None = None) -> None:
        """Change the options the sequence object has, and where it counts from."""
        self._require_sequences("alter_sequence", sequence)
        self._exec(AlterSequence(sequence, restart))

    def drop_sequence(self, sequence: SequenceItem, *, if_exists: bool = False) -> None:
        """Drop a sequence."""
        self._require_sequences("drop_sequence", sequence)
        self._exec(DropSequence(sequence, if_exists=if_exists))

    def _require_sequences(self, operation: str, sequence: SequenceItem) -> None:
        if not self.supports_sequences:
            self._refuse(operation, sequence.name, "sequences", "Use an autoincrement column.")

    # --- schemas and extensions ------------------------------------------------------------------------------------

    def create_schema(self, schema_name: str, *, if_not_exists: bool = False) -> None:
        """Create a schema."""
        self._require_schemas("create_schema", schema_name)
        self._exec(CreateSchema(schema_name, if_not_exists=if_not_exists))

    def drop_schema(self, schema_name: str, *, if_exists: bool = False, cascade: bool = False) -> None:
        """Drop a schema.

        Raises:
            OperationUnsupported: there is no CASCADE and it was asked for, or there is nothing else and it was not.
        """
        self._require_schemas("drop_schema", schema_name)
        if self.drop_schema_cascades is not None and cascade is not self.drop_schema_cascades:
            words = (
                "DROP SCHEMA drops all that is in the schema. Say so with cascade=True, if that is meant."
                if self.drop_schema_cascades
                else "DROP SCHEMA has no CASCADE. Drop what is in the schema first."
            )
            raise OperationUnsupported(
                f"drop_schema {schema_name}: on {self.database_name}, {words}",
                operation="drop_schema",
                dialect=self.dialect.name,
            )
        cascades = cascade and self.drop_schema_cascades is None
        self._exec(DropSchema(schema_name, if_exists=if_exists, cascade=cascades))

    def _require_schemas(self, operation: str, name: str) -> None:
        if not self.supports_schemas:
            self._refuse(operation, name, "schemas that a statement creates", "Leave the operation out there.")

    def create_extension(
        self,
        extension_name: str,
        *,
        schema: str | None = None,
        version: str | None = None,
        if_not_exists: bool = False,
        cascade: bool = False,
    ) -> None:
        """Create an extension."""
        self._require_extensions("create_extension", extension_name)
        self._exec(
            CreateExtension(
                extension_name, schema=schema, version=version, if_not_exists=if_not_exists, cascade=cascade
            )
        )

    def drop_extension(self, extension_name: str, *, if_exists: bool = False, cascade: bool = False) -> None:
        """Drop an extension."""
        self._require_extensions("drop_extension", extension_name)
        self._exec(DropExtension(extension_name, if_exists=if_exists, cascade=cascade))

    def _require_extensions(self, operation: str, name: str) -> None:
        if not self.supports_extensions:
            self._refuse(operation, name, "extensions", "Leave the operation out there.")

    # --- replaceable objects ---------------------------------------------------------------------------------------

    def create_replaceable(self, target: Replaceable) -> None:
        """Create an object from its definition, a materialized view with its indexes."""
        self._require_kind("create", target)
        self._exec(create_element(target))
        self._create_indexes_on(target)

    def drop_replaceable(self, target: Replaceable, *, if_exists: bool = False, cascade: bool = False) -> None:
        """Drop an object."""
        self._require_kind("drop", target)
        if cascade and not self.supports_drop_cascade:
            operation = f"drop_{_noun(target)}"
            self._refuse(operation, target.name, "CASCADE here", "Drop what uses it first.")
        self._exec(drop_element(target, if_exists=if_exists, cascade=cascade))

    def replace_replaceable(
        self, target: Replaceable, *, replaces: Replaceable | None = None, recreate: bool | None = None
    ) -> None:
        """Put an object in the place of an older one: by one statement where that is possible, else by DROP and CREATE.

        Args:
            target: what is to be.
            replaces: what is; None where only the definition differs.
            recreate: True drops and creates, False never does; None leaves it to the database.

        Raises:
            OperationUnsupported: the database cannot do it without dropping, and it must not drop.
        """
        self._require_kind("replace", target)
        older = target if replaces is None else replaces
        if recreate is None:
            recreate = not self._can_replace(older, target)
        elif not recreate and target.kind not in self.replaced_in_place:
            words = f"statement that replaces a {target.kind}"
            self._refuse(f"replace_{_noun(target)}", target.name, words, "Leave recreate=False out.")
        if recreate:
            self._exec(drop_element(older))
        self._exec(create_element(target, or_replace=not recreate))
        self._create_indexes_on(target)

    def _can_replace(self, older: Replaceable, target: Replaceable) -> bool:
        """Tell whether CREATE alone puts the one in the place of the other."""
        return target.kind in self.replaced_in_place and older.key == target.key

    def refresh_materialized_view(
        self, view_name: str, *, schema: str | None = None, concurrently: bool = False, with_data: bool = True
    ) -> None:
        """Fill a materialized view again."""
        self._require_kind("refresh", MaterializedView(view_name, "", schema=schema))
        self._exec(RefreshMaterializedView(view_name, schema, concurrently=concurrently, with_data=with_data))

    def _require_kind(self, verb: str, target: Replaceable) -> None:
        lacks = f"{target.kind}s" if target.kind not in self.object_kinds else None
        if isinstance(target, Trigger) and target.constraint and not self.supports_constraint_triggers:
            lacks = "constraint triggers"
        if lacks is not None:
            self._refuse(f"{verb}_{_noun(target)}", target.name, lacks, "Leave the operation out there.")

    def _create_indexes_on(self, target: Replaceable) -> None:
        if isinstance(target, MaterializedView):
            for index in target.indexes:
                self.create_index(_index_on(target, index))


def _noun(target: Replaceable) -> str:
    """Return what the directives call it: a procedure is a function with another kind."""
    return "function" if target.kind == "procedure" else target.kind.replace(" ", "_")


def _index_on(view: MaterializedView, index: ViewIndex) -> Index:
    columns = [verbatim(column) if column.startswith("(") else column for column in index.columns]
    options = {"postgresql_using": index.using, "postgresql_where": index.where and verbatim(index.where)}
    given = {name: value for name, value in options.items() if value is not None}
    return SchemaObjects().index(index.name, view.name, columns, schema=view.schema, unique=index.unique, **given)

"""Operations on sequences, schemas and extensions (floor 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.schema import Sequence

from runner.operations import schemaobj
from runner.operations.ops.base import MigrateOperation

if TYPE_CHECKING:
    from runner.operations.base import Operations
    from runner.operations.protocols import MigrationContextLike

__all__ = [
    "AlterSequenceOp",
    "CreateExtensionOp",
    "CreateSchemaOp",
    "CreateSequenceOp",
    "DropExtensionOp",
    "DropSchemaOp",
    "DropSequenceOp",
]

_OPTIONS = ("start", "increment", "minvalue", "maxvalue", "nominvalue", "nomaxvalue", "cycle", "cache", "data_type")


def sequence_options(sequence: Sequence) -> dict[str, Any]:
    """Return what a sequence says beside its name, as keywords of `sqlalchemy.Sequence`."""
    options = {name: getattr(sequence, name) for name in _OPTIONS}
    return {name: value for name, value in options.items() if value is not None} | dict(sequence.dialect_kwargs)


class CreateSequenceOp(MigrateOperation):
    """Create a sequence.

    Attributes:
        sequence_name: without schema.
        schema: None is the default schema.
        if_not_exists: do nothing where a sequence of that name exists.
        kw: the options, as keywords of `sqlalchemy.Sequence`: `start`, `increment`, `minvalue`, `maxvalue`,
            `nominvalue`, `nomaxvalue`, `cycle`, `cache`, `data_type`, and those of dialects.
    """

    def __init__(
        self, sequence_name: str, *, schema: str | None = None, if_not_exists: bool | None = None, **kw: Any
    ) -> None:
        self.sequence_name = sequence_name
        self.schema = schema
        self.if_not_exists = if_not_exists
        self.kw = kw

    def reverse(self) -> DropSequenceOp:
        """Return the drop that remembers the options."""
        return DropSequenceOp(self.sequence_name, schema=self.schema, if_exists=self.if_not_exists, existing=self.kw)

    def to_diff_tuple(self) -> tuple[str, Sequence]:
        """Return ("add_sequence", sequence)."""
        return ("add_sequence", self.to_sequence())

    @classmethod
    def from_sequence(cls, sequence: Sequence) -> CreateSequenceOp:
        """Return the operation that creates this sequence."""
        return cls(sequence.name, schema=sequence.schema, **sequence_options(sequence))

    def to_sequence(self, migration_context: MigrationContextLike | None = None) -> Sequence:
        """Return the sequence, in a MetaData of its own."""
        metadata = schemaobj.SchemaObjects(migration_context).metadata()
        return Sequence(self.sequence_name, schema=self.schema, metadata=metadata, **self.kw)

    @classmethod
    def create_sequence(
        cls,
        operations: Operations,
        sequence: Sequence | str,
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        """Carry out the directive of the same name."""
        name, schema, kw = _given(sequence, schema, kw)
        operations.invoke(cls(name, schema=schema, if_not_exists=if_not_exists, **kw))


class AlterSequenceOp(MigrateOperation):
    """Change options of a sequence.

    Attributes:
        sequence_name: without schema.
        schema: None is the default schema.
        restart: the value it gives out next; True is the start value, None leaves it.
        options: the options that change, as keywords of `sqlalchemy.Sequence`; None as `minvalue` or `maxvalue`
            takes the limit away.
        existing: the options as they are; the reverse puts back the ones that change.
    """

    def __init__(
        self,
        sequence_name: str,
        *,
        schema: str | None = None,
        restart: int | bool | None = None,
        existing: Mapping[str, Any] | Sequence | None = None,
        **options: Any,
    ) -> None:
        self.sequence_name = sequence_name
        self.schema = schema
        self.restart = restart
        self.options = options
        self.existing = _options_of(existing)

    def reverse(self) -> AlterSequenceOp:
        """Return the change back to the existing options; where it counts from then on stays.

        Raises:
            ValueError: an existing option is not known.
        """
        unknown = sorted(set(self.options) - set(self.existing or ()))
        if unknown:
            raise ValueError(
                f"Altering the sequence {self.sequence_name} cannot be reversed: what {', '.join(unknown)} was is not "
                "known to this operation. Give it in existing=."
            )
        existing = self.existing or {}
        return AlterSequenceOp(
            self.sequence_name,
            schema=self.schema,
            existing={**existing, **self.options},
            **{name: existing[name] for name in self.options},
        )

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return ("modify_sequence", schema, name, existing options, options)."""
        existing = {name: value for name, value in (self.existing or {}).items() if name in self.options}
        return ("modify_sequence", self.schema, self.sequence_name, existing, self.options)

    @classmethod
    def from_sequences(cls, existing: Sequence, wanted: Sequence) -> AlterSequenceOp:
        """Return the operation that makes the one sequence like the other; options only one names are left."""
        old, new = sequence_options(existing), sequence_options(wanted)
        changed = {name: value for name, value in new.items() if name in old and old[name] != value}
        return cls(existing.name, schema=existing.schema, existing=old, **changed)

    def to_sequence(self, migration_context: MigrationContextLike | None = None) -> Sequence:
        """Return a sequence of just the options that change; a limit of None is NO MINVALUE or NO MAXVALUE."""
        metadata = schemaobj.SchemaObjects(migration_context).metadata()
        options = dict(self.options)
        for limit in ("minvalue", "maxvalue"):
            if limit in options and options[limit] is None:
                options[f"no{limit}"] = True
        return Sequence(self.sequence_name, schema=self.schema, metadata=metadata, **options)

    @classmethod
    def alter_sequence(
        cls,
        operations: Operations,
        sequence: Sequence | str,
        *,
        schema: str | None = None,
        restart: int | bool | None = None,
        existing: Mapping[str, Any] | Sequence | None = None,
        **options: Any,
    ) -> None:
        """Carry out the directive of the same name."""
        name, schema, options = _given(sequence, schema, options)
        operations.invoke(cls(name, schema=schema, restart=restart, existing=existing, **options))


class DropSequenceOp(MigrateOperation):
    """Drop a sequence.

    Attributes:
        sequence_name: without schema.
        schema: None is the default schema.
        if_exists: do nothing where it is gone already.
        existing: the options the reverse creates it with; None where they are not known.
    """

    def __init__(
        self,
        sequence_name: str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        existing: Mapping[str, Any] | Sequence | None = None,
    ) -> None:
        self.sequence_name = sequence_name
        self.schema = schema
        self.if_exists = if_exists
        self.existing = _options_of(existing)

    def reverse(self) -> CreateSequenceOp:
        """Return the operation that creates the sequence again.

        Raises:
            ValueError: its options are not known.
        """
        if self.existing is None:
            raise ValueError(
                f"Dropping the sequence {self.sequence_name} cannot be reversed: its options are not known to this "
                "operation. Give the Sequence, or existing={...}."
            )
        return CreateSequenceOp(self.sequence_name, schema=self.schema, if_not_exists=self.if_exists, **self.existing)

    def to_diff_tuple(self) -> tuple[str, Sequence]:
        """Return ("remove_sequence", sequence)."""
        return ("remove_sequence", self.to_sequence())

    @classmethod
    def from_sequence(cls, sequence: Sequence) -> DropSequenceOp:
        """Return the operation that drops this sequence and remembers its options."""
        return cls(sequence.name, schema=sequence.schema, existing=sequence)

    def to_sequence(self, migration_context: MigrationContextLike | None = None) -> Sequence:
        """Return the sequence; without options where they are not known."""
        metadata = schemaobj.SchemaObjects(migration_context).metadata()
        return Sequence(self.sequence_name, schema=self.schema, metadata=metadata, **(self.existing or {}))

    @classmethod
    def drop_sequence(
        cls,
        operations: Operations,
        sequence: Sequence | str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        existing: Mapping[str, Any] | Sequence | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        if isinstance(sequence, Sequence) and existing is None:
            existing = sequence
        name, schema, _ = _given(sequence, schema, {})
        operations.invoke(cls(name, schema=schema, if_exists=if_exists, existing=existing))


def _given(sequence: Sequence | str, schema: str | None, kw: dict[str, Any]) -> tuple[str, str | None, dict[str, Any]]:
    """Return name, schema and options; keywords come before what a Sequence object says."""
    if isinstance(sequence, str):
        return sequence, schema, kw
    return sequence.name, sequence.schema if schema is None else schema, {**sequence_options(sequence), **kw}


def _options_of(existing: Mapping[str, Any] | Sequence | None) -> dict[str, Any] | None:
    if existing is None:
        return None
    return sequence_options(existing) if isinstance(existing, Sequence) else dict(existing)


class CreateSchemaOp(MigrateOperation):
    """Create a schema.

    Attributes:
        schema_name: the schema.
        if_not_exists: do nothing where it exists.
    """

    def __init__(self, schema_name: str, *, if_not_exists: bool | None = None) -> None:
        self.schema_name = schema_name
        self.if_not_exists = if_not_exists

    def reverse(self) -> DropSchemaOp:
        """Return the drop; it refuses, or the database does, while something is in the schema."""
        return DropSchemaOp(self.schema_name, if_exists=self.if_not_exists)

    def to_diff_tuple(self) -> tuple[str, str]:
        """Return ("add_schema", name)."""
        return ("add_schema", self.schema_name)

    @classmethod
    def create_schema(cls, operations: Operations, schema_name: str, *, if_not_exists: bool | None = None) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(schema_name, if_not_exists=if_not_exists))


class DropSchemaOp(MigrateOperation):
    """Drop a schema.

    Attributes:
        schema_name: the schema.
        if_exists: do nothing where it is gone already.
        cascade: drop what is in it too.
    """

    def __init__(self, schema_name: str, *, if_exists: bool | None = None, cascade: bool | None = None) -> None:
        self.schema_name = schema_name
        self.if_exists = if_exists
        self.cascade = cascade

    def reverse(self) -> CreateSchemaOp:
        """Return the operation that creates the schema again, empty.

        Raises:
            ValueError: what was in it went with it.
        """
        if self.cascade:
            raise ValueError(
                f"Dropping the schema {self.schema_name} with all that is in it cannot be reversed: what that is, is "
                "not known to this operation."
            )
        return CreateSchemaOp(self.schema_name, if_not_exists=self.if_exists)

    def to_diff_tuple(self) -> tuple[str, str]:
        """Return ("remove_schema", name)."""
        return ("remove_schema", self.schema_name)

    @classmethod
    def drop_schema(
        cls,
        operations: Operations,
        schema_name: str,
        *,
        if_exists: bool | None = None,
        cascade: bool | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(schema_name, if_exists=if_exists, cascade=cascade))


class CreateExtensionOp(MigrateOperation):
    """Create an extension.

    Attributes:
        extension_name: the extension.
        schema: where its objects go; None lets it decide.
        version: None is the newest installed on the server.
        if_not_exists: do nothing where it exists, whatever its version.
        cascade: create the extensions it needs too.
    """

    def __init__(
        self,
        extension_name: str,
        *,
        schema: str | None = None,
        version: str | None = None,
        if_not_exists: bool | None = None,
        cascade: bool | None = None,
    ) -> None:
        self.extension_name = extension_name
        self.schema = schema
        self.version = version
        self.if_not_exists = if_not_exists
        self.cascade = cascade

    def reverse(self) -> DropExtensionOp:
        """Return the drop that remembers schema and version."""
        return DropExtensionOp(
            self.extension_name,
            if_exists=self.if_not_exists,
            existing_schema=self.schema,
            existing_version=self.version,
        )

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return ("add_extension", schema, name, version)."""
        return ("add_extension", self.schema, self.extension_name, self.version)

    @classmethod
    def create_extension(
        cls,
        operations: Operations,
        extension_name: str,
        *,
        schema: str | None = None,
        version: str | None = None,
        if_not_exists: bool | None = None,
        cascade: bool | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(
            cls(extension_name, schema=schema, version=version, if_not_exists=if_not_exists, cascade=cascade)
        )


class DropExtensionOp(MigrateOperation):
    """Drop an extension.

    Attributes:
        extension_name: the extension.
        if_exists: do nothing where it is gone already.
        cascade: drop what uses it too.
        existing_schema: where the reverse creates it.
        existing_version: the version the reverse creates.
    """

    def __init__(
        self,
        extension_name: str,
        *,
        if_exists: bool | None = None,
        cascade: bool | None = None,
        existing_schema: str | None = None,
        existing_version: str | None = None,
    ) -> None:
        self.extension_name = extension_name
        self.if_exists = if_exists
        self.cascade = cascade
        self.existing_schema = existing_schema
        self.existing_version = existing_version

    def reverse(self) -> CreateExtensionOp:
        """Return the operation that creates the extension again.

        Raises:
            ValueError: what used it went with it.
        """
        if self.cascade:
            raise ValueError(
                f"Dropping the extension {self.extension_name} with all that uses it cannot be reversed: what that "
                "is, is not known to this operation."
            )
        return CreateExtensionOp(
            self.extension_name,
            schema=self.existing_schema,
            version=self.existing_version,
            if_not_exists=self.if_exists,
        )

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return ("remove_extension", schema, name, version)."""
        return ("remove_extension", self.existing_schema, self.extension_name, self.existing_version)

    @classmethod
    def drop_extension(
        cls,
        operations: Operations,
        extension_name: str,
        *,
        if_exists: bool | None = None,
        cascade: bool | None = None,
        existing_schema: str | None = None,
        existing_version: str | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(
            cls(
                extension_name,
                if_exists=if_exists,
                cascade=cascade,
                existing_schema=existing_schema,
                existing_version=existing_version,
            )
        )

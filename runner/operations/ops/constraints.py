# ruff: noqa: SLF001  # SQLAlchemy has no public name for the elements of an ExcludeConstraint
"""Operations on constraints (floor 2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from sqlalchemy.sql.elements import quoted_name

from runner.operations import schemaobj
from runner.operations.ops.base import MigrateOperation
from runner.operations.sqla import constraint_name, constraint_table_name, foreign_key_target, only_set

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import ExcludeConstraint
    from sqlalchemy.schema import (
        CheckConstraint,
        Constraint,
        ForeignKeyConstraint,
        PrimaryKeyConstraint,
        UniqueConstraint,
    )
    from sqlalchemy.sql.elements import ColumnElement

    from runner.operations.arguments import Condition
    from runner.operations.base import BatchOperations, Operations
    from runner.operations.protocols import MigrationContextLike

__all__ = [
    "AddConstraintOp",
    "CreateCheckConstraintOp",
    "CreateExcludeConstraintOp",
    "CreateForeignKeyOp",
    "CreatePrimaryKeyOp",
    "CreateUniqueConstraintOp",
    "DropConstraintOp",
]

_A = TypeVar("_A", bound="type[AddConstraintOp]")

_KINDS = {
    "unique_constraint": "unique",
    "foreign_key_constraint": "foreignkey",
    "primary_key_constraint": "primary",
    "check_constraint": "check",
    "column_check_constraint": "check",
    "table_or_column_check_constraint": "check",
}
"""What SQLAlchemy calls a constraint when it visits it -> `type_` of drop_constraint()."""


class AddConstraintOp(MigrateOperation):
    """Base of the operations that add one constraint."""

    add_constraint_ops: ClassVar[dict[str, type[AddConstraintOp]]] = {}

    constraint_type: ClassVar[str]
    table_name: str
    schema: str | None

    @classmethod
    def register_add_constraint(cls, type_: str) -> Callable[[_A], _A]:
        """Return a class decorator: the operation class stands for constraints of that visit name.

        Args:
            type_: the `__visit_name__` of the SQLAlchemy constraint class.
        """

        def register(op_cls: _A) -> _A:
            cls.add_constraint_ops[type_] = op_cls
            return op_cls

        return register

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> AddConstraintOp:
        """Return the operation that adds this constraint.

        Raises:
            ValueError: no operation class is registered for this kind of constraint.
        """
        op_cls = cls.add_constraint_ops.get(constraint.__visit_name__)
        if op_cls is None:
            raise ValueError(
                f"No operation is registered for constraints of type {type(constraint).__name__}; "
                f"register one with AddConstraintOp.register_add_constraint({constraint.__visit_name__!r})."
            )
        return op_cls.from_constraint(constraint)

    def to_constraint(self, migration_context: MigrationContextLike | None = None) -> Constraint:
        """Return the constraint, attached to a table of just what it needs."""
        raise NotImplementedError(f"{type(self).__name__} does not say what constraint it adds")

    def reverse(self) -> DropConstraintOp:
        """Return the drop that remembers this constraint."""
        return DropConstraintOp.from_constraint(self.to_constraint())

    def to_diff_tuple(self) -> tuple[str, Constraint]:
        """Return ("add_constraint", constraint)."""
        return ("add_constraint", self.to_constraint())


class DropConstraintOp(MigrateOperation):
    """Drop a constraint by name."""

    def __init__(
        self,
        constraint_name: str | None,
        table_name: str,
        type_: str | None = None,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        _reverse: AddConstraintOp | None = None,
    ) -> None:
        self.constraint_name = constraint_name
        self.table_name = table_name
        self.constraint_type = type_
        self.schema = schema
        self.if_exists = if_exists
        self._reverse = _reverse

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> DropConstraintOp:
        """Return the operation that drops this constraint and remembers it for `reverse()`."""
        schema, table_name = constraint_table_name(constraint)
        return cls(
            constraint_name(constraint),
            table_name,
            schema=schema,
            type_=_KINDS.get(constraint.__visit_name__),
            _reverse=AddConstraintOp.from_constraint(constraint),
        )

    def to_constraint(self) -> Constraint:
        """Return the dropped constraint under its present name, table and schema.

        Raises:
            ValueError: the operation was made from a name only.
        """
        if self._reverse is None:
            raise ValueError(
                f"Constraint {self.constraint_name} of table {self.table_name} cannot be produced: "
                "the original constraint is not known to this operation."
            )
        constraint = self._reverse.to_constraint()
        constraint.name = self.constraint_name
        constraint.table.name = quoted_name(self.table_name, quote=None)
        constraint.table.schema = self.schema
        return constraint

    def reverse(self) -> AddConstraintOp:
        """Return the operation that adds the dropped constraint again."""
        return AddConstraintOp.from_constraint(self.to_constraint())

    def to_diff_tuple(self) -> tuple[str, Constraint]:
        """Return ("remove_constraint" or "remove_fk", constraint)."""
        kind = "remove_fk" if self.constraint_type == "foreignkey" else "remove_constraint"
        return (kind, self.to_constraint())

    @classmethod
    def drop_constraint(
        cls,
        operations: Operations,
        constraint_name: str,
        table_name: str,
        type_: str | None = None,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(constraint_name, table_name, type_=type_, schema=schema, if_exists=if_exists))

    @classmethod
    def batch_drop_constraint(
        cls,
        operations: BatchOperations,
        constraint_name: str,
        type_: str | None = None,
        *,
        if_exists: bool | None = None,
    ) -> None:
        """Carry out the directive in a batch block."""
        table = operations.impl
        operations.invoke(cls(constraint_name, table.table_name, type_=type_, schema=table.schema, if_exists=if_exists))


@AddConstraintOp.register_add_constraint("primary_key_constraint")
class CreatePrimaryKeyOp(AddConstraintOp):
    """Add a primary key to an existing table."""

    constraint_type = "primarykey"

    def __init__(
        self,
        constraint_name: str | None,
        table_name: str,
        columns: Sequence[str],
        *,
        schema: str | None = None,
        **kw: Any,
    ) -> None:
        self.constraint_name = constraint_name
        self.table_name = table_name
        self.columns = columns
        self.schema = schema
        self.kw = kw

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> CreatePrimaryKeyOp:
        """Return the operation that adds this primary key."""
        key = cast("PrimaryKeyConstraint", constraint)
        schema, table_name = constraint_table_name(key)
        names = [column.name for column in key.columns]
        return cls(constraint_name(key), table_name, names, schema=schema, **key.dialect_kwargs)

    def to_constraint(self, migration_context: MigrationContextLike | None = None) -> PrimaryKeyConstraint:
        """Return the primary key constraint."""
        return schemaobj.SchemaObjects(migration_context).primary_key_constraint(
            self.constraint_name, self.table_name, self.columns, schema=self.schema, **self.kw
        )

    @classmethod
    def create_primary_key(
        cls,
        operations: Operations,
        constraint_name: str | None,
        table_name: str,
        columns: Sequence[str],
        *,
        schema: str | None = None,
        **kw: Any,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(constraint_name, table_name, columns, schema=schema, **kw))

    @classmethod
    def batch_create_primary_key(
        cls, operations: BatchOperations, constraint_name: str | None, columns: Sequence[str], **kw: Any
    ) -> None:
        """Carry out the directive in a batch block."""
        table = operations.impl
        operations.invoke(cls(constraint_name, table.table_name, columns, schema=table.schema, **kw))


@AddConstraintOp.register_add_constraint("unique_constraint")
class CreateUniqueConstraintOp(AddConstraintOp):
    """Add a unique constraint to an existing table."""

    constraint_type = "unique"

    def __init__(
        self,
        constraint_name: str | None,
        table_name: str,
        columns: Sequence[str],
        *,
        schema: str | None = None,
        **kw: Any,
    ) -> None:
        self.constraint_name = constraint_name
        self.table_name = table_name
        self.columns = columns
        self.schema = schema
        self.kw = kw

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> CreateUniqueConstraintOp:
        """Return the operation that adds this unique constraint."""
        unique = cast("UniqueConstraint", constraint)
        schema, table_name = constraint_table_name(unique)
        options = only_set(deferrable=unique.deferrable, initially=unique.initially)
        names = [column.name for column in unique.columns]
        return cls(constraint_name(unique), table_name, names, schema=schema, **options, **unique.dialect_kwargs)

    def to_constraint(self, migration_context: MigrationContextLike | None = None) -> UniqueConstraint:
        """Return the unique constraint."""
        return schemaobj.SchemaObjects(migration_context).unique_constraint(
            self.constraint_name, self.table_name, self.columns, schema=self.schema, **self.kw
        )

    @classmethod
    def create_unique_constraint(
        cls,
        operations: Operations,
        constraint_name: str | None,
        table_name: str,
        columns: Sequence[str],
        *,
        schema: str | None = None,
        **kw: Any,
    ) -> Any:
        """Carry out the directive of the same name."""
        return operations.invoke(cls(constraint_name, table_name, columns, schema=schema, **kw))

    @classmethod
    def batch_create_unique_constraint(
        cls, operations: BatchOperations, constraint_name: str | None, columns: Sequence[str], **kw: Any
    ) -> Any:
        """Carry out the directive in a batch block."""
        table = operations.impl
        kw["schema"] = table.schema
        return operations.invoke(cls(constraint_name, table.table_name, columns, **kw))


@AddConstraintOp.register_add_constraint("foreign_key_constraint")
class CreateForeignKeyOp(AddConstraintOp):
    """Add a foreign key to an existing table.

    Args:
        constraint_name: None lets the naming convention decide.
        kw: onupdate, ondelete, deferrable, initially, match, source_schema, referent_schema, and
            `<dialect>_` options.
    """

    constraint_type = "foreignkey"

    def __init__(
        self,
        constraint_name: str | None,
        source_table: str,
        referent_table: str,
        local_cols: Sequence[str],
        remote_cols: Sequence[str],
        **kw: Any,
    ) -> None:
        self.constraint_name = constraint_name
        self.source_table = source_table
        self.referent_table = referent_table
        self.local_cols = local_cols
        self.remote_cols = remote_cols
        self.kw = kw

    def to_diff_tuple(self) -> tuple[str, ForeignKeyConstraint]:
        """Return ("add_fk", constraint)."""
        return ("add_fk", self.to_constraint())

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> CreateForeignKeyOp:
        """Return the operation that adds this foreign key."""
        key = cast("ForeignKeyConstraint", constraint)
        source_schema, source_table = constraint_table_name(key)
        targets = [foreign_key_target(element) for element in key.elements]
        referent_schema, referent_table, _ = targets[0]
        kw = only_set(
            onupdate=key.onupdate,
            ondelete=key.ondelete,
            initially=key.initially,
            deferrable=key.deferrable,
            use_alter=key.use_alter or None,
            match=key.match,
        )
        kw |= {"source_schema": source_schema, "referent_schema": referent_schema, **key.dialect_kwargs}
        local, remote = [column.name for column in key.columns], [name for _, _, name in targets]
        return cls(constraint_name(key), source_table, referent_table, local, remote, **kw)

    def to_constraint(self, migration_context: MigrationContextLike | None = None) -> ForeignKeyConstraint:
        """Return the foreign key constraint."""
        return schemaobj.SchemaObjects(migration_context).foreign_key_constraint(
            self.constraint_name,
            self.source_table,
            self.referent_table,
            self.local_cols,
            self.remote_cols,
            **self.kw,
        )

    @classmethod
    def create_foreign_key(
        cls,
        operations: Operations,
        constraint_name: str | None,
        source_table: str,
        referent_table: str,
        local_cols: Sequence[str],
        remote_cols: Sequence[str],
        *,
        onupdate: str | None = None,
        ondelete: str | None = None,
        deferrable: bool | None = None,
        initially: str | None = None,
        match: str | None = None,
        source_schema: str | None = None,
        referent_schema: str | None = None,
        **dialect_kw: Any,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(
            cls(
                constraint_name,
                source_table,
                referent_table,
                local_cols,
                remote_cols,
                onupdate=onupdate,
                ondelete=ondelete,
                deferrable=deferrable,
                source_schema=source_schema,
                referent_schema=referent_schema,
                initially=initially,
                match=match,
                **dialect_kw,
            )
        )

    @classmethod
    def batch_create_foreign_key(
        cls,
        operations: BatchOperations,
        constraint_name: str | None,
        referent_table: str,
        local_cols: Sequence[str],
        remote_cols: Sequence[str],
        *,
        referent_schema: str | None = None,
        onupdate: str | None = None,
        ondelete: str | None = None,
        deferrable: bool | None = None,
        initially: str | None = None,
        match: str | None = None,
        **dialect_kw: Any,
    ) -> None:
        """Carry out the directive in a batch block."""
        table = operations.impl
        operations.invoke(
            cls(
                constraint_name,
                table.table_name,
                referent_table,
                local_cols,
                remote_cols,
                onupdate=onupdate,
                ondelete=ondelete,
                deferrable=deferrable,
                source_schema=table.schema,
                referent_schema=referent_schema,
                initially=initially,
                match=match,
                **dialect_kw,
            )
        )


@AddConstraintOp.register_add_constraint("check_constraint")
@AddConstraintOp.register_add_constraint("table_or_column_check_constraint")
@AddConstraintOp.register_add_constraint("column_check_constraint")
class CreateCheckConstraintOp(AddConstraintOp):
    """Add a check constraint to an existing table."""

    constraint_type = "check"

    def __init__(
        self,
        constraint_name: str | None,
        table_name: str,
        condition: Condition,
        *,
        schema: str | None = None,
        **kw: Any,
    ) -> None:
        self.constraint_name = constraint_name
        self.table_name = table_name
        self.condition = condition
        self.schema = schema
        self.kw = kw

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> CreateCheckConstraintOp:
        """Return the operation that adds this check constraint."""
        check = cast("CheckConstraint", constraint)
        schema, table_name = constraint_table_name(check)
        options = only_set(deferrable=check.deferrable, initially=check.initially)
        condition = cast("ColumnElement[Any]", check.sqltext)
        return cls(constraint_name(check), table_name, condition, schema=schema, **options, **check.dialect_kwargs)

    def to_constraint(self, migration_context: MigrationContextLike | None = None) -> CheckConstraint:
        """Return the check constraint."""
        return schemaobj.SchemaObjects(migration_context).check_constraint(
            self.constraint_name, self.table_name, self.condition, schema=self.schema, **self.kw
        )

    @classmethod
    def create_check_constraint(
        cls,
        operations: Operations,
        constraint_name: str | None,
        table_name: str,
        condition: Condition,
        *,
        schema: str | None = None,
        **kw: Any,
    ) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(constraint_name, table_name, condition, schema=schema, **kw))

    @classmethod
    def batch_create_check_constraint(
        cls, operations: BatchOperations, constraint_name: str | None, condition: Condition, **kw: Any
    ) -> None:
        """Carry out the directive in a batch block."""
        table = operations.impl
        operations.invoke(cls(constraint_name, table.table_name, condition, schema=table.schema, **kw))


@AddConstraintOp.register_add_constraint("exclude_constraint")
class CreateExcludeConstraintOp(AddConstraintOp):
    """Add a PostgreSQL EXCLUDE constraint to an existing table.

    Args:
        elements: (column or expression, operator) pairs; a string is the name of a column.
        where: the condition of a partial constraint.
        kw: `using`, `deferrable`, `initially`, `ops`, as `ExcludeConstraint` takes them.
    """

    constraint_type = "exclude"

    def __init__(
        self,
        constraint_name: str | None,
        table_name: str,
        elements: Sequence[tuple[Any, str]],
        where: ColumnElement[bool] | str | None = None,
        schema: str | None = None,
        _orig_constraint: ExcludeConstraint | None = None,
        **kw: Any,
    ) -> None:
        self.constraint_name = constraint_name
        self.table_name = table_name
        self.elements = elements
        self.where = where
        self.schema = schema
        self._orig_constraint = _orig_constraint
        self.kw = kw

    @classmethod
    def from_constraint(cls, constraint: Constraint) -> CreateExcludeConstraintOp:
        """Return the operation that adds this constraint."""
        exclude = cast("ExcludeConstraint", constraint)
        schema, table_name = constraint_table_name(exclude)
        return cls(
            constraint_name(exclude),
            table_name,
            [(expression, operator) for expression, _name, operator in exclude._render_exprs],
            where=cast("ColumnElement[bool] | None", exclude.where),
            schema=schema,
            _orig_constraint=exclude,
            deferrable=exclude.deferrable,
            initially=exclude.initially,
            using=exclude.using,
        )

    def to_constraint(self, migration_context: MigrationContextLike | None = None) -> ExcludeConstraint:
        """Return the constraint: the very one this operation was made from, where there is one."""
        if self._orig_constraint is not None:
            return self._orig_constraint
        from sqlalchemy import Column, Table
        from sqlalchemy.dialects.postgresql import ExcludeConstraint
        from sqlalchemy.types import NULLTYPE

        table = Table(self.table_name, schemaobj.SchemaObjects(migration_context).metadata(), schema=self.schema)
        for element, _ in self.elements:
            if isinstance(element, str) and element not in table.c:
                table.append_column(Column(element, NULLTYPE))
        constraint = ExcludeConstraint(*self.elements, name=self.constraint_name, where=self.where, **self.kw)
        table.append_constraint(constraint)
        return constraint

    @classmethod
    def create_exclude_constraint(
        cls, operations: Operations, constraint_name: str | None, table_name: str, *elements: Any, **kw: Any
    ) -> Any:
        """Carry out the directive of the same name."""
        return operations.invoke(cls(constraint_name, table_name, elements, **kw))

    @classmethod
    def batch_create_exclude_constraint(
        cls, operations: BatchOperations, constraint_name: str | None, *elements: Any, **kw: Any
    ) -> Any:
        """Carry out the directive in a batch block."""
        kw["schema"] = operations.impl.schema
        return operations.invoke(cls(constraint_name, operations.impl.table_name, elements, **kw))

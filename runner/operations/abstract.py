# ruff: noqa: FBT001, FBT002, SLF001  # Alembic's signatures; how SQLAlchemy itself makes an AsyncConnection of a Connection
"""What every set of directives can do (floor 2): register and invoke operations, ask for the context, begin a block."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from sqlalchemy.sql.elements import conv
from sqlalchemy.util import immutabledict

from runner.errors import OperationError
from runner.operations import ops
from runner.operations.current import CurrentObject
from runner.operations.schemaobj import SchemaObjects
from runner.operations.sqltext import InlineLiteral, inline_literal

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.schema import Table
    from sqlalchemy.types import TypeEngine

    from runner.operations.arguments import Recreate
    from runner.operations.base import Operations
    from runner.operations.batch_directives import BatchOperations
    from runner.operations.protocols import MigrationContextLike

__all__ = ["AbstractOperations", "current_operations"]

_T = TypeVar("_T")
_C = TypeVar("_C", bound=Callable[..., Any])
_OpClass = TypeVar("_OpClass", bound=type[ops.MigrateOperation])

_NO_OPTIONS: Mapping[str, Any] = immutabledict()

current_operations: CurrentObject[Operations] = CurrentObject("op")
"""The operations the module `runner.op` stands for."""


class AsyncUnsupported(OperationError, NotImplementedError):
    """`run_async()` needs a connection of an asynchronous driver."""


class AbstractOperations:
    """What `Operations` and `BatchOperations` share.

    Args:
        migration_context: the running migration.
        impl: carries the operations out; None takes the implementation of the context.
    """

    _to_impl: ClassVar[dict[type, Callable[..., Any]]] = {}

    def __init__(self, migration_context: MigrationContextLike, impl: Any = None) -> None:
        self.migration_context = migration_context
        self.impl: Any = migration_context.impl if impl is None else impl
        self.schema_obj = SchemaObjects(migration_context)

    @classmethod
    def register_operation(cls, name: str, sourcename: str | None = None) -> Callable[[_OpClass], _OpClass]:
        """Return a class decorator that makes an operation class available as a directive of this class.

        Args:
            name: the directive.
            sourcename: the classmethod of the operation class that carries it out, called with the
                operations object first; None where it has the name of the directive.
        """

        def register(op_cls: _OpClass) -> _OpClass:
            setattr(cls, name, _directive(op_cls, name, sourcename or name))
            return op_cls

        return register

    @classmethod
    def implementation_for(cls, op_cls: type, replace: bool = False) -> Callable[[_C], _C]:
        """Return a decorator for the function that carries out operations of a class and its subclasses.

        Args:
            op_cls: the operation class.
            replace: whether a function may be registered already.

        Raises:
            ValueError: a function is registered already and `replace` is false.
        """

        def register(function: _C) -> _C:
            if op_cls in cls._to_impl and not replace:
                raise ValueError(
                    f"{op_cls.__name__} has an implementation already, {cls._to_impl[op_cls].__qualname__}. "
                    "Pass replace=True to put this one in its place."
                )
            cls._to_impl[op_cls] = function
            return function

        return register

    @classmethod
    @contextmanager
    def context(cls, migration_context: MigrationContextLike) -> Iterator[Operations]:
        """Make the module `op` stand for operations in this context while the block runs."""
        from runner.operations.base import Operations  # built upon this class

        with current_operations.entered(Operations(migration_context)) as operations:
            yield operations

    def get_context(self) -> MigrationContextLike:
        """Return the running migration."""
        return self.migration_context

    def get_bind(self) -> Connection:
        """Return the connection the migration runs on.

        Offline, it writes what it is given and refuses to answer.
        """
        bind: Connection = self.migration_context.impl.bind
        return bind

    def invoke(self, operation: ops.MigrateOperation) -> Any:
        """Carry out an operation object.

        Raises:
            OperationError: no implementation is registered for its class.
        """
        for op_cls in type(operation).__mro__:
            if op_cls in self._to_impl:
                return self._to_impl[op_cls](self, operation)
        raise OperationError(
            f"No implementation is registered for {type(operation).__name__}. "
            f"Register one with @Operations.implementation_for({type(operation).__name__}).",
            operation=type(operation).__name__,
        )

    def f(self, name: str) -> conv:
        """Return the name marked as final: no naming convention is applied to it."""
        return conv(name)

    def inline_literal(self, value: Any, type_: TypeEngine[Any] | type[TypeEngine[Any]] | None = None) -> InlineLiteral:
        """Return the value as an expression that is written into the statement, never sent as a parameter.

        Args:
            value: a value the type can write as a literal.
            type_: None derives it from the value.
        """
        return inline_literal(value, type_)

    def run_async(self, async_function: Callable[..., Awaitable[_T]], *args: Any, **kw_args: Any) -> _T:
        """Run an asynchronous function on the connection of the migration, in its transaction.

        Args:
            async_function: called with an `AsyncConnection`, then `args` and `kw_args`.

        Raises:
            OperationError: offline, or the driver is not asynchronous.
        """
        bind = self.get_bind()
        if self.migration_context.as_sql or bind is None:
            raise AsyncUnsupported("op.run_async() needs a database; it cannot be part of an SQL script.")
        if not bind.dialect.is_async:
            raise AsyncUnsupported(
                f"op.run_async() needs an asynchronous driver; this connection uses {bind.dialect.driver}."
            )
        from sqlalchemy.ext.asyncio import AsyncConnection
        from sqlalchemy.util import await_only

        awaitable = async_function(AsyncConnection._retrieve_proxy_for_target(bind), *args, **kw_args)
        return await_only(awaitable)

    @contextmanager
    def batch_alter_table(
        self,
        table_name: str,
        schema: str | None = None,
        recreate: Recreate = "auto",
        partial_reordering: Sequence[tuple[str, ...]] | None = None,
        copy_from: Table | None = None,
        table_args: tuple[Any, ...] = (),
        table_kwargs: Mapping[str, Any] = _NO_OPTIONS,
        reflect_args: tuple[Any, ...] = (),
        reflect_kwargs: Mapping[str, Any] = _NO_OPTIONS,
        naming_convention: Mapping[str, Any] | None = None,
    ) -> Iterator[BatchOperations]:
        """Collect operations on one table and carry them out together when the block ends.

        Where the dialect cannot alter the table in the way asked for, it is rebuilt: a new table is made, the
        rows are copied, the old table is dropped and the new one takes its name. On SQLite everything that
        belongs to the table or names it is kept: triggers, views, indexes of every form, checks, collations,
        AUTOINCREMENT, rows of other tables. What cannot be kept is refused, and nothing has changed then.

        Args:
            recreate: "auto" rebuilds where the dialect needs it, "always" and "never" say it.
            partial_reordering: tuples of column names in the order wanted; needs "always".
            copy_from: the table as it is, instead of reading it from the database; needed offline.
            table_args: constraints and the like for the new table.
            table_kwargs: keywords of `sqlalchemy.Table` for the new table.
            reflect_args: columns that replace what is read from the database.
            reflect_kwargs: keywords of `sqlalchemy.Table` for reading, such as `listeners`.
            naming_convention: names the constraints that have no name in the database.
        """
        from runner.operations.batch import BatchOperationsImpl  # large, and most revisions have no block
        from runner.operations.batch_directives import BatchOperations  # built upon this class

        impl = BatchOperationsImpl(
            self,
            table_name,
            schema,
            recreate,
            copy_from,
            table_args,
            dict(table_kwargs),
            reflect_args,
            dict(reflect_kwargs),
            naming_convention,
            partial_reordering,
        )
        batch_op = BatchOperations(self.migration_context, impl=impl)
        yield batch_op
        impl.flush()


def _directive(op_cls: type[ops.MigrateOperation], name: str, sourcename: str) -> Callable[..., Any]:
    """Return the method that stands for a registered operation."""
    source = getattr(op_cls, sourcename)

    @functools.wraps(source)
    def directive(self: AbstractOperations, *args: Any, **kw: Any) -> Any:
        return getattr(op_cls, sourcename)(self, *args, **kw)

    directive.__name__ = name
    directive.__qualname__ = name
    try:
        parameters = list(inspect.signature(source).parameters.values())
    except (TypeError, ValueError):  # not a Python function
        return directive
    self_parameter = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    directive.__signature__ = inspect.Signature([self_parameter, *parameters[1:]])  # type: ignore[attr-defined]
    return directive

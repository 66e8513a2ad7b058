# ruff: noqa: SLF001  # an operation remembers which rewriters have seen it
"""Rewriter: functions per class of operation, applied to a file before it is written (floor 4).

Source: Alembic's documentation, "Fine-Grained Autogenerate Generation with Rewriters".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from runner.autogenerate.dispatch import Dispatcher
from runner.operations.ops import MigrateOperation, MigrationScript, OpContainer

__all__ = ["ProcessRevisionDirectives", "Rewriter"]

ProcessRevisionDirectives = Callable[[Any, Any, list[MigrationScript]], None]
"""Called with the migration context, the version rows and the files to be written, which it may change."""

RewriteFunction = Callable[[Any, Any, Any], "MigrateOperation | Iterable[MigrateOperation] | None"]
_F = TypeVar("_F", bound=RewriteFunction)


class Rewriter:
    """A `process_revision_directives` made of functions for the operations it wants to change.

    >>> from runner.operations import ops
    >>> writer = Rewriter()
    >>> @writer.rewrites(ops.DropTableOp)
    ... def only_where_it_exists(context, revision, op):
    ...     op.if_exists = True
    ...     return op
    """

    def __init__(self) -> None:
        self.dispatch = Dispatcher()
        self._chained: tuple[ProcessRevisionDirectives | Rewriter, ...] = ()

    def chain(self, other: ProcessRevisionDirectives | Rewriter) -> Rewriter:
        """Return a rewriter that does what this one does, then what the other does.

        Args:
            other: a rewriter, or any function for `process_revision_directives`.
        """
        both = Rewriter()
        both.dispatch = self.dispatch
        both._chained = (*self._chained, other)
        return both

    def rewrites(self, operator: type[MigrateOperation] | Iterable[type[MigrateOperation]]) -> Callable[[_F], _F]:
        """Return a decorator for a function that rewrites operations of a class and its subclasses.

        The function is called with the migration context, the version rows and the operation, and returns what
        takes its place: an operation, several of them, or none. What it returns is not given to it again, and what
        is inside of it is.

        Args:
            operator: one class or several.

        Raises:
            ValueError: there is a function for the class already.
        """
        classes = [operator] if isinstance(operator, type) else list(operator)

        def register(function: _F) -> _F:
            for cls in classes:
                self.dispatch.dispatch_for(cls)(function)
            return function

        return register

    def __call__(self, context: Any, revision: Any, directives: list[MigrationScript]) -> None:
        """Rewrite the files in place, as `process_revision_directives`."""
        self.process_revision_directives(context, revision, directives)
        for other in self._chained:
            other(context, revision, directives)

    def process_revision_directives(self, context: Any, revision: Any, directives: list[MigrationScript]) -> None:
        """Rewrite the files in place, without what is chained."""
        self._rewrite_all(context, revision, directives)

    def _rewrite_all(self, context: Any, revision: Any, operations: list[Any]) -> None:
        """Rewrite the operations of a list in place, and those inside of what has taken their place."""
        operations[:] = [new for old in operations for new in self._rewritten(context, revision, old)]
        for op in operations:
            for inner in _inner_lists(op):
                self._rewrite_all(context, revision, inner)

    def _rewritten(self, context: Any, revision: Any, op: MigrateOperation) -> Iterator[MigrateOperation]:
        function = None if self.dispatch in op._mutations else self._function_for(op)
        if function is None:
            yield op
            return
        for new in _as_operations(function(context, revision, op)):
            new._mutations = new._mutations | {self.dispatch}  # type: ignore[misc]  # per operation, not per class
            yield new

    def _function_for(self, op: MigrateOperation) -> RewriteFunction | None:
        try:
            function: RewriteFunction = self.dispatch.dispatch(op)
        except ValueError:
            return None
        return function


def _inner_lists(op: MigrateOperation) -> Sequence[list[Any]]:
    if isinstance(op, MigrationScript):
        return (op.upgrade_ops_list, op.downgrade_ops_list)
    return (op.ops,) if isinstance(op, OpContainer) else ()


def _as_operations(result: MigrateOperation | Iterable[MigrateOperation] | None) -> Iterable[MigrateOperation]:
    if result is None:
        return ()
    return (result,) if isinstance(result, MigrateOperation) else result

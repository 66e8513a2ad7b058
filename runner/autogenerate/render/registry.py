"""The registry of renderers, one per class of operation (floor 4)."""

from __future__ import annotations

from typing import Any

from runner.autogenerate.dispatch import Dispatcher
from runner.autogenerate.render.scope import RenderContext
from runner.errors import OperationError
from runner.operations.ops import MigrateOperation

__all__ = ["lines_of", "renderers"]

renderers = Dispatcher()
"""Operation class -> function of (context, operation) that returns a statement, or a list of lines.

A function for a class is used for its subclasses too. Third parties register theirs with
`renderers.dispatch_for(OperationClass)`; with `replace=True` in place of one that is there.
"""


def lines_of(context: RenderContext, op: MigrateOperation) -> list[str]:
    """Return the statements of an operation, none for an empty container, the author's note first.

    Raises:
        OperationError: no renderer is registered for its class.
    """
    try:
        render: Any = renderers.dispatch(op)
    except ValueError as exc:
        name = type(op).__name__
        raise OperationError(
            f"A {name} cannot be written into a revision: no renderer is registered for it. "
            f"Register one with @renderers.dispatch_for({name}).",
            operation=name,
        ) from exc
    rendered = render(context, op)
    lines = [rendered] if isinstance(rendered, str) else list(rendered)
    return [*_note(op), *lines]


def _note(op: MigrateOperation) -> list[str]:
    """Return what the comparison wants the author to read, as a comment."""
    note = getattr(op, "note", None)
    return [f"# {line}" for line in str(note).splitlines()] if note else []

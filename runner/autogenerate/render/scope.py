"""What renderers are given, and how they name modules (floor 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

__all__ = [
    "NOT_RENDERED",
    "RenderContext",
    "explicit_enums",
    "in_batch",
    "op_prefix",
    "sa_prefix",
    "user_rendering",
]

NOT_RENDERED: Literal[False] = False
"""What `render_item` and `render_type` return to leave an item to the engine."""


class RenderContext(Protocol):
    """The part of AutogenContext that renderers use.

    Attributes:
        opts: the options of `context.configure()`.
        imports: import lines for the file; renderers add to it.
    """

    opts: Any
    imports: Any
    migration_context: Any


def sa_prefix(context: RenderContext) -> str:
    """Return what stands in front of the names of SQLAlchemy: `sa.`."""
    prefix = context.opts.get("sqlalchemy_module_prefix")
    return "sa." if prefix is None else str(prefix)


def op_prefix(context: RenderContext) -> str:
    """Return what stands in front of directives: `op.`, in a batch block `batch_op.`."""
    if in_batch(context):
        return "batch_op."
    prefix = context.opts.get("alembic_module_prefix")
    return "op." if prefix is None else str(prefix)


def in_batch(context: RenderContext) -> bool:
    """Tell whether what is rendered stands in a `batch_alter_table()` block."""
    return bool(getattr(context, "_has_batch", False))


def user_rendering(context: RenderContext, kind: str, item: Any) -> str | Literal[False] | None:
    """Return what `render_item` makes of an item: text, None to leave the item out, False for the default."""
    hook = context.opts.get("render_item")
    if hook is None:
        return NOT_RENDERED
    rendered: str | Literal[False] | None = hook(kind, item, context)
    return rendered


def explicit_enums(context: RenderContext) -> AbstractSet[tuple[str | None, str]]:
    """Return (schema, name) of the enum types that no table may create: operations of their own do, or have done."""
    return getattr(context, "explicit_enums", frozenset())

"""The directives of the running migration: `from runner import op` in a revision file (floor 2).

Every attribute is a directive of `Operations`, those that third parties register included. Importing one
works anywhere; calling it needs a running migration and says so. The signatures are in op.pyi.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from runner.operations.base import Operations, current_operations

__all__ = [  # noqa: F822  # each but the first comes from __getattr__
    "Operations",
    "add_column",
    "add_enum_value",
    "alter_column",
    "alter_sequence",
    "batch_alter_table",
    "bulk_insert",
    "context",
    "create_check_constraint",
    "create_enum",
    "create_exclude_constraint",
    "create_extension",
    "create_foreign_key",
    "create_function",
    "create_index",
    "create_materialized_view",
    "create_primary_key",
    "create_schema",
    "create_sequence",
    "create_table",
    "create_table_comment",
    "create_trigger",
    "create_unique_constraint",
    "create_view",
    "drop_column",
    "drop_constraint",
    "drop_enum",
    "drop_extension",
    "drop_function",
    "drop_index",
    "drop_materialized_view",
    "drop_schema",
    "drop_sequence",
    "drop_table",
    "drop_table_comment",
    "drop_trigger",
    "drop_view",
    "execute",
    "f",
    "get_bind",
    "get_context",
    "implementation_for",
    "inline_literal",
    "invoke",
    "refresh_materialized_view",
    "register_operation",
    "rename_enum_value",
    "rename_table",
    "replace_enum_values",
    "replace_function",
    "replace_materialized_view",
    "replace_trigger",
    "replace_view",
    "run_async",
]

_CLASS_LEVEL = frozenset({"context", "implementation_for", "register_operation"})
"""Methods that need no running migration."""


@functools.cache
def _facade(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls the directive of whatever migration is running then."""

    def directive(*args: Any, **kw: Any) -> Any:
        return getattr(current_operations.get(name), name)(*args, **kw)

    directive.__name__ = directive.__qualname__ = name
    directive.__doc__ = method.__doc__
    signature = inspect.signature(method)
    directive.__signature__ = signature.replace(  # type: ignore[attr-defined]  # how inspect finds it
        parameters=list(signature.parameters.values())[1:]
    )
    return directive


def __getattr__(name: str) -> Any:
    if name in _CLASS_LEVEL:
        return getattr(Operations, name)
    if not name.startswith("_") and hasattr(Operations, name):
        return _facade(name, getattr(Operations, name))
    raise AttributeError(
        f"op has no directive {name!r}. It has {', '.join(_directives())}; "
        "the directives of an extension exist once the extension is imported."
    )


def __dir__() -> list[str]:
    return ["Operations", *_directives()]


def _directives() -> list[str]:
    """Return every directive there is now, registered ones included."""
    return sorted(name for name in dir(Operations) if not name.startswith("_"))

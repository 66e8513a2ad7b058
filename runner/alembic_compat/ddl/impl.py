"""`alembic.ddl.impl`: the implementation that all others extend; a subclass registers by its `__dialect__`."""

from __future__ import annotations

from runner.dialects.base import (
    DefaultImpl,
    ImplMeta,
    _impls,
)

__all__ = [
    "DefaultImpl",
    "ImplMeta",
    "_impls",
]

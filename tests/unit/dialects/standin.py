"""A stand-in for the migration context, for tests that need operations and an implementation only."""

from __future__ import annotations

import io
from typing import Any

from sqlalchemy import URL
from sqlalchemy.engine import Connection, Dialect

from runner.dialects.base import DefaultImpl

__all__ = ["StandInContext", "dialect_named", "offline_impl"]


def dialect_named(name: str) -> Dialect:
    """Return the dialect as a URL without options gives it, its driver's paramstyle included."""
    return URL.create(name).get_dialect()()


def offline_impl(name: str, **options: Any) -> tuple[Any, io.StringIO]:
    """Return an implementation in offline mode and what it writes to."""
    buffer = io.StringIO()
    dialect = dialect_named(name)
    return DefaultImpl.get_by_dialect(dialect)(dialect, None, True, None, buffer, options), buffer


class StandInContext:
    """What the operations need of a migration context."""

    def __init__(self, impl: Any, *, connection: Connection | None = None, opts: dict[str, Any] | None = None) -> None:
        self.impl = impl
        self.dialect = impl.dialect
        self.as_sql = impl.as_sql
        self.connection = connection if connection is not None else impl.bind
        self.bind = self.connection
        self.opts = opts or {}
        self.config = None
        self.script = None

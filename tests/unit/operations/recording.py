"""An implementation that records what operations ask of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect

from runner.operations import Operations
from tests.unit.dialects.standin import StandInContext

__all__ = ["RecordingImpl", "recorder"]


class RecordingImpl:
    """Records (method, arguments, keywords) of every call."""

    def __init__(self, dialect: Dialect | None = None, *, as_sql: bool = True) -> None:
        self.dialect = dialect or DefaultDialect()
        self.as_sql = as_sql
        self.bind: Any = None
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def record(*arguments: Any, **keywords: Any) -> None:
            self.calls.append((name, arguments, keywords))

        return record

    def requires_recreate_in_batch(self, _batch: Any) -> bool:
        """Return that ALTER will do."""
        return False

    @property
    def names(self) -> list[str]:
        """The methods that were called, in order."""
        return [name for name, _, _ in self.calls]


def recorder(
    *, target_metadata: sa.MetaData | None = None, dialect: Dialect | None = None
) -> tuple[Operations, RecordingImpl]:
    """Return operations and the implementation they call."""
    impl = RecordingImpl(dialect)
    context: Any = StandInContext(impl, opts={"target_metadata": target_metadata})
    return Operations(context), impl

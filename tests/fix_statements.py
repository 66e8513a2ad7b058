"""The `statements` fixture: what was really sent to the database, in order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPICursor, ExecutionContext


def _one_line(statement: str) -> str:
    return " ".join(statement.split())


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Collect every statement any SQLAlchemy engine of this process sends, white space collapsed."""
    sent: list[str] = []

    def record(
        _connection: Connection,
        _cursor: DBAPICursor,
        statement: str,
        _parameters: object,
        _context: ExecutionContext | None,
        _many: bool,
    ) -> None:
        sent.append(_one_line(statement))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", record)

"""Waiting until a runner's statement is at work on the server, and telling what is left: no guessing with sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import create_engine, text

__all__ = ["active_queries", "ask", "url_for_driver", "wait_until", "wait_until_active"]

_ACTIVE = (
    "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND state = 'active' AND query LIKE :pattern"
)


def url_for_driver(url: str, driver: str) -> str:
    """Return a `postgresql+psycopg://` URL for another driver."""
    return url.replace("+psycopg:", f"+{driver}:", 1)


def ask(url: str, sql: str, **parameters: Any) -> list[Any]:
    """Return the rows of a query, executed in autocommit on a session of its own."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            result = connection.execute(text(sql), parameters)
            return list(result) if result.returns_rows else []
    finally:
        engine.dispose()


def active_queries(url: str, pattern: str) -> list[str]:
    """Return what other sessions of the database execute right now and fits the LIKE pattern."""
    return [row[0] for row in ask(url, _ACTIVE, pattern=pattern)]


def wait_until(is_true: Callable[[], object], *, what: str, seconds: float = 60.0) -> None:
    """Wait for a condition; fail with `what` after a time that only a broken program needs."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, f"still waiting for {what}"
        time.sleep(0.05)


def wait_until_active(url: str, pattern: str) -> None:
    """Wait until another session executes a statement that fits the LIKE pattern."""
    wait_until(lambda: active_queries(url, pattern), what=f"a statement like {pattern}")

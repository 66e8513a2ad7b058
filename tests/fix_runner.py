"""Fixtures for the command line and for revision directories in the test's own temporary directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracle import sqlite_url

__all__: list[str] = []


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    """The path of a database file that does not exist yet."""
    return tmp_path / "database.sqlite"


@pytest.fixture
def sqlite_file_url(sqlite_file: Path) -> str:
    """The SQLAlchemy URL of that file."""
    return sqlite_url(sqlite_file)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "database.sqlite")
    url: str = request.getfixturevalue("pg_url")
    return url

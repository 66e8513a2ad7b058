"""The tools of differential tests in one import: both command lines, revision directories, database dumps."""

from __future__ import annotations

import difflib
import re
import sqlite3
from pathlib import Path

from tests.directories import Directory, Environment, RevisionFile, chain, make_directory
from tests.postgres import pg_dump, psql
from tests.programs import Finished, run_alembic, run_program, run_runner, start_runner, wait_for
from tests.side_tables import SIDE_TABLES

__all__ = [
    "Directory",
    "Environment",
    "Finished",
    "RevisionFile",
    "assert_same_text",
    "chain",
    "make_directory",
    "normalised_sql",
    "pg_dump",
    "psql",
    "run_alembic",
    "run_program",
    "run_runner",
    "sqlite_dump",
    "sqlite_url",
    "start_runner",
    "wait_for",
]


_SIDE_TABLE = re.compile(rf'(?:CREATE TABLE|INSERT INTO) "?(?:{"|".join(SIDE_TABLES)})"?\b')


def sqlite_url(path: Path) -> str:
    """Return the SQLAlchemy URL of a database file."""
    return f"sqlite:///{path}"


def sqlite_dump(path: Path) -> str:
    """Return the whole database, schema and rows, as SQL: with the version table's rows, without the side tables."""
    connection = sqlite3.connect(path)
    try:
        return "\n".join(line for line in connection.iterdump() if not _SIDE_TABLE.match(line)) + "\n"
    finally:
        connection.close()


def normalised_sql(text: str) -> str:
    """Return offline SQL with white space collapsed and blank lines gone, one line per line of SQL."""
    return "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip()) + "\n"


def assert_same_text(expected: str, actual: str, *, about: str = "") -> None:
    """Fail with a whole unified diff if two texts differ; pytest would cut it short."""
    lines = list(difflib.unified_diff(expected.splitlines(), actual.splitlines(), "expected", "actual", lineterm=""))
    if lines:
        raise AssertionError("\n".join([about, *lines]))

"""What the preflight makes of a server's answer, without a server."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine

from runner.database import preflight as module
from runner.errors import PrivilegeMissing, RunnerError, ServerReadOnly, ServerUnsupported

GOOD: dict[str, Any] = {
    "version": 150000,
    "version_text": "15.0",
    "in_recovery": False,
    "is_read_only": False,
    "who": "app",
    "schema": "public",
    "has_schema": True,
    "may_create": True,
    "has_table": True,
    "may_write": True,
    "owners": None,
}


class Server:
    """A PostgreSQL connection that gives one answer."""

    def __init__(self, **answer: Any) -> None:
        self.dialect = create_engine("postgresql+psycopg://").dialect
        self.answer = SimpleNamespace(**{**GOOD, **answer})
        self.asked = 0

    def in_transaction(self) -> bool:
        return False

    def execute(self, *_: object) -> Server:
        self.asked += 1
        return self

    def one(self) -> SimpleNamespace:
        return self.answer


def look(**answer: Any) -> Server:
    """Run the preflight against an answer."""
    server = Server(**answer)
    connection: Any = server
    module.preflight(connection, version_table="alembic_version", schema=None)
    return server


def test_one_query_is_asked() -> None:
    """A good answer is all there is."""
    assert look().asked == 1


@pytest.mark.parametrize(
    ("answer", "error", "exit_code"),
    [
        ({"in_recovery": True, "is_read_only": True}, ServerReadOnly, 37),
        ({"is_read_only": True}, ServerReadOnly, 37),
        ({"version": 110022, "version_text": "11.22"}, ServerUnsupported, 38),
        ({"may_write": False}, PrivilegeMissing, 32),
        ({"has_table": False, "may_create": False}, PrivilegeMissing, 32),
        ({"has_table": False, "has_schema": False, "may_create": None}, RunnerError, 39),
        ({"has_table": False, "has_schema": False, "may_create": None, "schema": None}, RunnerError, 39),
    ],
)
def test_what_cannot_work_is_refused(answer: dict[str, Any], error: type[RunnerError], exit_code: int) -> None:
    """Each reason has its exit code, says that nothing was changed, and what to do."""
    with pytest.raises(error) as caught:
        look(**answer)
    assert caught.value.exit_code == exit_code
    assert "Nothing was changed." in caught.value.message


@pytest.mark.parametrize("unwritable", ["database.sqlite", "."])
def test_sqlite_needs_the_file_and_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unwritable: str
) -> None:
    """A file system that is mounted read-only, or a mode that forbids it, is found before anything is written."""
    path = tmp_path / "database.sqlite"
    path.touch()
    forbidden = str((tmp_path / unwritable).resolve())
    monkeypatch.setattr(os, "access", lambda one, _mode: str(one) != forbidden)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection, pytest.raises(ServerReadOnly) as caught:
        module.preflight(connection, version_table="alembic_version", schema=None)
    engine.dispose()
    assert caught.value.fields["path"] == forbidden


def test_a_database_in_memory_is_always_writable() -> None:
    """There is no file to ask about."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        module.preflight(connection, version_table="alembic_version", schema=None)
    engine.dispose()


def test_a_replica_is_named_first() -> None:
    """A replica is read-only too, and that would be the lesser half of the truth."""
    with pytest.raises(ServerReadOnly, match="is a replica"):
        look(in_recovery=True, is_read_only=True)

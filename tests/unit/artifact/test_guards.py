"""The SQL around the revisions' statements, as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.artifact.bundle import BundleOptions, compose
from runner.artifact.guards import writer_for
from runner.artifact.guards.base import Client
from runner.artifact.recording import ServerRange
from runner.artifact.servers import parse_servers
from runner.database.limits import TimeLimits
from runner.errors import OperationError, SettingsError
from tests.directories import RevisionFile
from tests.recordings import recorded

TABLE = RevisionFile(revision="aaaa", upgrade="op.create_table('t', sa.Column('id', sa.Integer))")
ROWS = RevisionFile(
    revision="bbbb",
    down_revision="aaaa",
    upgrade="op.execute('UPDATE t SET id = 1')",
    header="runner_options = {'lock_timeout_seconds': 2, 'backfill_timeout_seconds': 90}",
)


def written(root: Path, *revisions: RevisionFile, dialect: str = "postgresql", **options: object) -> str:
    recording = recorded(root, *revisions, dialect_name=dialect)
    bundle = compose(
        recording,
        None,
        options=BundleOptions(tool_version="1", **options),  # type: ignore[arg-type]
    )
    (path,) = (path for path in bundle.files if path.startswith("upgrade/"))
    return bundle.files[path].decode()


def test_limits_by_kind(tmp_path: Path) -> None:
    """A statement gets the limits that an online run would give it, the revision's own first."""
    text = written(tmp_path, TABLE, ROWS, limits=TimeLimits(lock_timeout_seconds=1.5, statement_timeout_seconds=60))

    assert [line for line in text.splitlines() if line.startswith("SET LOCAL ") and "timeout" in line] == [
        "SET LOCAL lock_timeout = '1500ms';",
        "SET LOCAL statement_timeout = '60s';",
        "SET LOCAL lock_timeout = DEFAULT;",
        "SET LOCAL statement_timeout = '90s';",
    ]


def test_any_client(tmp_path: Path) -> None:
    """For a client that is not psql the file holds SQL and nothing else."""
    text = written(tmp_path, TABLE, client=Client.ANY)

    assert not any(line.startswith("\\") for line in text.splitlines())


def test_names_are_quoted(tmp_path: Path) -> None:
    """A revision, a message or a schema with quotes in it stays a text, and a comment stays a comment."""
    hostile = RevisionFile(revision="a'$runner$;b", message="it's\n; DROP TABLE t", filename="hostile.py")

    text = written(tmp_path, hostile, schema="o'clock")

    assert "INSERT INTO alembic_version (version_num) VALUES ('a''$runner$;b');" in text
    assert "DO $runner1$" in text
    assert "IS DISTINCT FROM 'o''clock'" in text
    assert "\n; DROP TABLE" not in text.replace("it''s\n; DROP TABLE t'", "")


def test_sql_server(tmp_path: Path) -> None:
    """Statements are batches in one transaction; guards throw; sqlcmd stops at an error."""
    text = written(tmp_path, TABLE, dialect="mssql")

    assert text.index(":on error exit\nSET XACT_ABORT ON;\nGO\nBEGIN TRANSACTION;\nGO") > 0
    assert "IF OBJECT_ID(N'alembic_version') IS NULL\nCREATE TABLE alembic_version" in text
    assert "THROW 50006, N'RR006 the version rows are not those this file needs', 1;" in text
    assert text.rstrip().endswith("COMMIT;\nGO")


def test_oracle(tmp_path: Path) -> None:
    """SQL*Plus ends at an error; guards raise application errors; there is no journal."""
    text = written(tmp_path, TABLE, dialect="oracle", server=ServerRange(minimum=19))

    assert "WHENEVER SQLERROR EXIT FAILURE ROLLBACK" in text
    assert "found := CASE WHEN DBMS_DB_VERSION.VERSION >= 19 THEN 1 ELSE 0 END;" in text
    assert "RAISE_APPLICATION_ERROR(-20006, 'RR006 the version rows are not those this file needs')" in text
    assert "runner_journal" not in text


def test_an_unknown_database() -> None:
    """Nobody guesses how to guard SQL for a database the runner does not know."""
    with pytest.raises(OperationError, match="no guarded SQL files for firebird"):
        writer_for("firebird")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("15", 15, 15), ("14-17", 14, 17), ("14-", 14, None), ("-17", None, 17), (" 14 - 17 ", 14, 17)],
)
def test_servers(text: str, low: int | None, high: int | None) -> None:
    """Major versions are written as one, as a range, or as an open range."""
    assert parse_servers(text) == ServerRange(minimum=low, maximum=high)


@pytest.mark.parametrize("text", ["", "-", "fifteen", "17-14", "15.3"])
def test_servers_that_are_none(text: str) -> None:
    """Anything else is refused with the form that is wanted."""
    with pytest.raises(SettingsError, match="RUNNER_ARTIFACT_SERVER"):
        parse_servers(text)

"""`runner artifact` for databases other than PostgreSQL, applied with their own command lines."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from tests.acceptance.test_artifact import files, made, manifest
from tests.directories import RevisionFile, make_directory
from tests.preloaded import run_runner

TABLE = RevisionFile(
    revision="aaaa",
    upgrade=(
        "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))\nop.execute('INSERT INTO t VALUES (1)')"
    ),
    downgrade="op.drop_table('t')",
)
COLUMN = RevisionFile(
    revision="bbbb",
    down_revision="aaaa",
    upgrade="op.add_column('t', sa.Column('note', sa.String(20), server_default='it''s'))",
    downgrade="with op.batch_alter_table('t') as batch:\n    batch.drop_column('note')",
)
FAILS = RevisionFile(revision="cccc", down_revision="bbbb", upgrade="op.execute('SELECT nothing FROM nowhere')")


def run_client(words: list[str], path: Path, *, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    text = path.read_text(encoding="utf-8")
    return subprocess.run(words, input=text, capture_output=True, text=True, check=False, timeout=120, env=env)


# -- SQLite --------------------------------------------------------------------------------------------------


def dump(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        return "\n".join(connection.iterdump())


def test_sqlite(tmp_path: Path) -> None:
    """Applied, refused a second time, refused at the wrong place, and failing without a trace."""
    directory = make_directory(tmp_path, [TABLE, COLUMN], env="none")
    database = tmp_path / "database.sqlite"
    bundle = made(directory, "--from", "base", "--dialect", "sqlite")
    (path,) = files(bundle)
    done = run_client(["sqlite3", str(database)], path)
    assert done.returncode == 0, done.stderr
    applied = dump(database)
    assert "INSERT INTO \"alembic_version\" VALUES('bbbb')" in applied
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": f"sqlite:///{database}"}).check()

    again = run_client(["sqlite3", str(database)], path)
    assert again.returncode != 0
    assert "RR007 this file was applied already" in again.stderr
    assert dump(database) == applied

    directory.add(FAILS)
    (path,) = files(made(directory, "--from", "bbbb", "--dialect", "sqlite", output="next"))
    failed = run_client(["sqlite3", str(database)], path)
    assert failed.returncode != 0
    assert "nowhere" in failed.stderr
    assert dump(database) == applied

    (wrong,) = files(made(directory, "--from", "aaaa", "--to", "bbbb", "--dialect", "sqlite", output="other"))
    empty = tmp_path / "empty.sqlite"
    refused = run_client(["sqlite3", str(empty)], wrong)
    assert refused.returncode != 0
    assert "RR006" in refused.stderr
    assert dump(empty) == "BEGIN TRANSACTION;\nCOMMIT;"


def test_sqlite_writes_the_history_where_it_is(tmp_path: Path) -> None:
    """A revision gets its row with the bundle's id, which `artifact verify` finds; elsewhere no table is made."""
    directory = make_directory(tmp_path, [TABLE], env="none")
    database = tmp_path / "database.sqlite"
    environment = {"DATABASE_URL": f"sqlite:///{database}"}
    run_runner("upgrade", cwd=directory.root, env=environment).check()
    directory.add(COLUMN)
    bundle = made(directory, "--from", "aaaa", "--dialect", "sqlite")
    (path,) = files(bundle)

    done = run_client(["sqlite3", str(database)], path)
    assert done.returncode == 0, done.stderr

    with sqlite3.connect(database) as connection:
        found = connection.execute("SELECT revision, outcome, run_id, length(id) FROM runner_history ORDER BY id")
        assert found.fetchall()[1:] == [("bbbb", "applied", manifest(bundle)["bundle"][:32], 32)]
    verified = run_runner("artifact", "verify", str(bundle), cwd=directory.root, env=environment).check()
    assert "1 by this artifact, 0 otherwise" in verified.stdout
    history = run_runner("status", "--json", cwd=directory.root, env=environment).check()
    assert '"bbbb"' in history.stdout


def test_sqlite_says_who_writes(tmp_path: Path) -> None:
    """While somebody writes to the file, nothing is changed."""
    directory = make_directory(tmp_path, [TABLE], env="none")
    database = tmp_path / "database.sqlite"
    (path,) = files(made(directory, "--from", "base", "--dialect", "sqlite"))
    with sqlite3.connect(database, isolation_level=None) as busy:
        busy.execute("BEGIN IMMEDIATE")
        done = run_client(["sqlite3", str(database)], path)
        busy.execute("ROLLBACK")
    assert done.returncode != 0
    assert "locked" in done.stderr
    assert dump(database) == "BEGIN TRANSACTION;\nCOMMIT;"


# -- MariaDB -------------------------------------------------------------------------------------------------


def client(url: str, path: Path) -> subprocess.CompletedProcess[str]:
    at = make_url(url)
    words = ["mysql", "--protocol=tcp", f"--host={at.host}", f"--port={at.port}", f"--user={at.username}"]
    return run_client([*words, str(at.database)], path, env={"MYSQL_PWD": at.password or "", "PATH": "/usr/bin:/bin"})


def test_mariadb(tmp_path: Path, mariadb_url: str) -> None:
    """Applied with the `mysql` client, refused a second time, and taken back."""
    directory = make_directory(tmp_path, [TABLE, COLUMN], env="none")
    bundle = made(directory, "--from", "base", "--dialect", "mysql")
    assert [one["kind"] for one in manifest(bundle)["upgrade"]] == ["non_transactional"]
    (path,) = files(bundle)

    done = client(mariadb_url, path)
    assert done.returncode == 0, done.stderr
    state = run_runner("current", "--json", cwd=directory.root, env={"DATABASE_URL": mariadb_url}).check()
    assert '"bbbb"' in state.stdout

    again = client(mariadb_url, path)
    assert again.returncode != 0
    assert "RR007 this file was applied already" in again.stderr

    (back,) = files(bundle, "downgrade")
    done = client(mariadb_url, back)
    assert done.returncode == 0, done.stderr


def test_mariadb_writes_the_history_where_it_is(tmp_path: Path, mariadb_url: str) -> None:
    """A revision gets its row with the bundle's id, quotes and backslashes in its message included."""
    directory = make_directory(tmp_path, [TABLE], env="none")
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": mariadb_url}).check()
    directory.add(replace(COLUMN, message="it's a \\\\ column"))
    bundle = made(directory, "--from", "aaaa", "--dialect", "mariadb")
    (path,) = files(bundle)

    done = client(mariadb_url, path)
    assert done.returncode == 0, done.stderr

    with create_engine(mariadb_url).connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT revision, message, run_id, length(id), duration_seconds >= 0, database_user IS NULL "
            "FROM runner_history ORDER BY id DESC LIMIT 1"
        )
        assert tuple(found.one()) == ("bbbb", "it's a \\ column", manifest(bundle)["bundle"][:32], 32, 1, 0)
    verified = run_runner("artifact", "verify", str(bundle), cwd=directory.root, env={"DATABASE_URL": mariadb_url})
    assert "1 by this artifact, 0 otherwise" in verified.check().stdout


def test_mariadb_goes_on_where_a_file_stopped(tmp_path: Path, mariadb_url: str) -> None:
    """What a file has committed before it failed is in the journal, and an online run goes on from there."""
    stops = RevisionFile(
        revision="bbbb",
        down_revision="aaaa",
        upgrade="op.create_table('u', sa.Column('id', sa.Integer))\nop.execute('INSERT INTO later VALUES (1)')",
    )
    directory = make_directory(tmp_path, [TABLE, stops], env="none")
    (path,) = files(made(directory, "--from", "base", "--dialect", "mysql"))
    done = client(mariadb_url, path)
    assert done.returncode != 0
    assert "later" in done.stderr
    again = client(mariadb_url, path)
    assert again.returncode != 0
    assert "RR006" in again.stderr

    directory.add(RevisionFile(revision="cccc", down_revision="bbbb"))
    create = tmp_path / "create.sql"
    create.write_text("CREATE TABLE later (id int);", encoding="utf-8")
    assert client(mariadb_url, create).returncode == 0
    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": mariadb_url})
    assert finished.event("step.resuming")["revision"] == "bbbb"
    assert finished.returncode in {0, 56}

"""Resuming on databases without transactional DDL (MariaDB), and on SQLite."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.directories import Directory, RevisionFile, make_directory
from tests.preloaded import run_runner
from tests.programs import Finished

KILL = """
import os, signal
def step(number):
    if os.environ.get("KILL_AT") == str(number):
        os.kill(os.getpid(), signal.SIGKILL)
"""
BASE = "op.execute('CREATE TABLE log (entry varchar(50))')"
ON_MARIADB = """
step(0)
op.execute("INSERT INTO log VALUES ('first')")
step(1)
op.create_table('t', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.String(20)))
step(2)
op.execute("INSERT INTO log VALUES ('second')")
step(3)
op.add_column('t', sa.Column('extra', sa.Integer))
step(4)
op.create_index('ix_t', 't', ['name'])
step(5)
op.execute("INSERT INTO log VALUES ('third')")
step(6)
op.drop_column('t', 'extra')
step(7)
op.get_bind().execute(sa.text("INSERT INTO log VALUES (:x)"), {"x": "fourth"})
step(8)
"""
ON_SQLITE = """
step(0)
op.execute("INSERT INTO log VALUES ('first')")
step(1)
with op.get_context().autocommit_block():
    step(2)
    op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))
    step(3)
    op.execute("VACUUM")
    step(4)
op.execute("INSERT INTO log VALUES ('second')")
step(5)
"""


def two_revisions(root: Path, body: str) -> Directory:
    """Return a directory whose second revision has `body`, and can kill its process at numbered places."""
    second = RevisionFile(revision="r0002", down_revision="r0001", header=KILL, upgrade=body)
    return make_directory(root, [RevisionFile(revision="r0001", upgrade=BASE), second], env="none")


def upgrade(directory: Directory, url: str, **env: str) -> Finished:
    """Run `runner upgrade`."""
    return run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url, **env})


def rows(url: str, query: str) -> list[object]:
    """Return the first column of a query's rows."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = list(connection.execute(text(query)).scalars())
    engine.dispose()
    return found


@pytest.mark.parametrize("place", range(9))
def test_mariadb_goes_on_after_a_kill_between_statements(tmp_path: Path, mariadb_url: str, place: int) -> None:
    """Every DDL statement commits, so the journal says what is there: nothing is done twice, nothing is left out."""
    directory = two_revisions(tmp_path, ON_MARIADB)
    assert upgrade(directory, mariadb_url, KILL_AT=str(place)).returncode == -signal.SIGKILL

    finished = upgrade(directory, mariadb_url).check()

    assert rows(mariadb_url, "SELECT entry FROM log ORDER BY entry") == ["first", "fourth", "second", "third"]
    assert rows(mariadb_url, "SELECT version_num FROM alembic_version") == ["r0002"]
    assert rows(mariadb_url, "SELECT number FROM runner_journal") == []
    columns = "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 't'"
    assert sorted(map(str, rows(mariadb_url, columns))) == ["id", "name"]
    assert bool(finished.events("step.resuming")) is (place >= 2)


def test_mariadb_failure_goes_on_after_correction(tmp_path: Path, mariadb_url: str) -> None:
    """A statement that the server refuses is corrected in the file; what ran before it stays and is skipped."""
    wrong = ON_MARIADB.replace("op.create_index('ix_t', 't', ['name'])", "op.create_index('ix_t', 't', ['nothing'])")
    directory = two_revisions(tmp_path, wrong)
    failed = upgrade(directory, mariadb_url).check(51)
    assert "the next run goes on from there" in failed.event("run.failed")["message"]
    directory.add(RevisionFile(revision="r0002", down_revision="r0001", header=KILL, upgrade=ON_MARIADB))
    resume = upgrade(directory, mariadb_url).check(56).event("run.failed")
    words = ("resolve", "r0002", "--statement", str(resume["statement_number"]), "--as", "redo")
    run_runner(*words, cwd=directory.root, env={"DATABASE_URL": mariadb_url}).check()

    upgrade(directory, mariadb_url).check()

    assert rows(mariadb_url, "SELECT entry FROM log ORDER BY entry") == ["first", "fourth", "second", "third"]


@pytest.mark.parametrize("place", range(6))
def test_sqlite_goes_on_after_a_kill(tmp_path: Path, sqlite_file_url: str, place: int) -> None:
    """Only what an autocommit block commits is written down; the rest is rolled back by the file itself."""
    directory = two_revisions(tmp_path, ON_SQLITE)
    assert upgrade(directory, sqlite_file_url, KILL_AT=str(place)).returncode == -signal.SIGKILL

    upgrade(directory, sqlite_file_url).check()

    assert rows(sqlite_file_url, "SELECT entry FROM log ORDER BY entry") == ["first", "second"]
    assert rows(sqlite_file_url, "SELECT version_num FROM alembic_version") == ["r0002"]
    assert rows(sqlite_file_url, "SELECT name FROM sqlite_master WHERE name = 't'") == ["t"]
    assert rows(sqlite_file_url, "SELECT number FROM runner_journal") == [] or place < 2  # then it was not needed

"""What files do beyond the guard matrix: limits, the version table in wrong hands, the README's commands."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.artifacts import PATH, apply_all, by_psql, files, make_artifact, manifest
from tests.directories import RevisionFile, make_directory
from tests.fix_postgres import PgDatabaseFactory
from tests.postgres import _client, libpq_url, pg_dump

BLOCK = "with op.get_context().autocommit_block():\n    "


def everything(url: str) -> str:
    return pg_dump(url, "--inserts", "--no-owner", "--no-privileges")


@pytest.mark.parametrize(
    ("upgrade", "says"),
    [
        ("op.execute('DELETE FROM alembic_version')", "A version row changed underneath"),
        ("op.execute(\"INSERT INTO alembic_version VALUES ('x')\")", "The version rows have become"),
        (
            f"{BLOCK}op.execute('SELECT pg_advisory_unlock_all()')\n    op.execute('VACUUM t')",
            "The session does not hold the lock any more",
        ),
    ],
    ids=["RR008", "RR012", "RR011"],
)
def test_a_revision_that_undoes_a_guard_stops_its_file(tmp_path: Path, pg_url: str, upgrade: str, says: str) -> None:
    """Whatever takes the version rows or the lock away, the file notices and changes nothing."""
    wrong = RevisionFile(revision="bbbb", down_revision="aaaa", upgrade=upgrade)
    directory = make_directory(tmp_path, (PATH[0], wrong))
    apply_all(pg_url, files(make_artifact(directory, "--from", "base", "--to", "aaaa")))
    bundle = make_artifact(directory, "--from", "aaaa", output="next")
    before = everything(pg_url)

    done = [by_psql(pg_url, path) for path in files(bundle)]

    assert says in done[0].message
    assert {one.returncode for one in done} == {3}
    assert everything(pg_url) == before


def test_a_table_that_is_in_use_is_not_waited_for_longer_than_the_limit(tmp_path: Path, pg_url: str) -> None:
    """The limits of the settings are in the file: psql ends, and nothing of the file remains."""
    directory = make_directory(tmp_path, PATH)
    bundle = make_artifact(directory, "--from", "base", env={"RUNNER_LOCK_TIMEOUT_SECONDS": "0.3"})
    *first, last = files(bundle)
    apply_all(pg_url, first)
    before = everything(pg_url)

    with psycopg.connect(libpq_url(pg_url)) as application:
        application.execute("SELECT * FROM t")
        done = by_psql(pg_url, last)

    assert (done.returncode, "lock timeout" in done.message) == (3, True)
    assert everything(pg_url) == before
    apply_all(pg_url, [last])


def test_the_commands_of_the_readme_lead_there_and_back(tmp_path: Path, pg_database_factory: PgDatabaseFactory) -> None:
    """What a DBA copies into a shell is all that is needed, and the manifest has said it all before."""
    bundle = make_artifact(make_directory(tmp_path, PATH), "--from", "base")
    url = pg_database_factory()
    text = (bundle / "README.md").read_text(encoding="utf-8")
    commands = dict(re.findall(r"^## (Apply|Going back)\n.*?```sh\n(.*?)```", text, re.MULTILINE | re.DOTALL))
    env = {"PATH": f"{_client('psql').parent}:{os.environ['PATH']}", "DATABASE_URL": libpq_url(url), "HOME": "/"}

    for title, rows in (("Apply", [("cccc",)]), ("Going back", [])):
        done = subprocess.run(
            ["sh", "-e", "-c", commands[title]], cwd=bundle, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        with psycopg.connect(libpq_url(url)) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == rows

    told = manifest(bundle)
    assert (told["from"], told["to"], told["dialect"]) == ([], ["cccc"], "postgresql")
    assert [(one["revision"], len(one["source_digest"])) for one in told["revisions"]] == [
        ("aaaa", 64),
        ("bbbb", 64),
        ("cccc", 64),
    ]
    assert told["statements"] == 7
    assert told["tool"]["name"] == "revision-runner"
    assert set(told["server"]) == {"minimum", "maximum"}
    assert told["not_written"] == told["without_downgrade"] == []

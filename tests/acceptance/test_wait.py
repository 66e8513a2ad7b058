"""`runner wait`: an application's pod starts once the database, or its schema, is there."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.directories import chain, make_directory
from tests.postgres import PostgresServer
from tests.programs import run_program, run_runner, start_runner, wait_for

SPY = """
import json, sys
from runner.cli import main
code = main(["wait"])
print("MODULES " + json.dumps(sorted(sys.modules)))
sys.exit(code)
"""


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'database.sqlite'}"
    found: str = request.getfixturevalue({"postgresql": "pg_url", "mariadb": "mariadb_url"}[request.param])
    return found


def test_the_schema_is_awaited(tmp_path: Path, url: str) -> None:
    """The wait ends well once somebody else has upgraded; env.py is not run."""
    directory = make_directory(tmp_path, chain(2), env="generic")
    variables = {"DATABASE_URL": url}
    waiting = start_runner("wait", cwd=directory.root, env={**variables, "RUNNER_WAIT_SECONDS": "100"})
    assert waiting.stdout is not None
    lines = [json.loads(waiting.stdout.readline()) for _ in range(2)]
    assert [line["event"] for line in lines] == ["run.started", "database.waiting"]
    assert "2 revision(s) up to r0002 are pending" in lines[1]["reason"]

    run_runner("upgrade", cwd=directory.root, env=variables).check()

    finished = wait_for(waiting).check()
    assert finished.event("run.finished")["to"] == ["r0002"]


def test_the_budget_ends(tmp_path: Path, url: str) -> None:
    """A schema that does not come is exit code 44, with what is missing."""
    directory = make_directory(tmp_path, chain(2), env="none")

    finished = run_runner("wait", "--wait-seconds", "0", cwd=directory.root, env={"DATABASE_URL": url})

    failed = finished.check(44).event("run.failed")
    assert failed["error_code"] == "database-not-ready"
    assert "pending" in failed["message"]


def test_a_newer_database_is_ready(tmp_path: Path, url: str) -> None:
    """A rolled-back application waits for nothing: the database is past its head."""
    new = make_directory(tmp_path / "new", chain(3), env="none")
    old = make_directory(tmp_path / "old", chain(1), env="none")
    run_runner("upgrade", cwd=new.root, env={"DATABASE_URL": url}).check()

    run_runner("wait", "--for", "schema", cwd=old.root, env={"DATABASE_URL": url, "RUNNER_WAIT_SECONDS": "0"}).check()


def test_waiting_does_not_help_against_an_unknown_revision(tmp_path: Path, url: str) -> None:
    """A database of another directory is refused at once."""
    new = make_directory(tmp_path / "new", chain(3), env="none")
    old = make_directory(tmp_path / "old", chain(1), env="none")
    run_runner("upgrade", cwd=new.root, env={"DATABASE_URL": url, "RUNNER_HISTORY": "off"}).check()

    run_runner("wait", cwd=old.root, env={"DATABASE_URL": url}).check(35)


def test_a_server_that_is_not_there_is_awaited(tmp_path: Path) -> None:
    """Refused connections are tried again until the budget ends, without a directory."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    variables = {"DATABASE_URL": f"postgresql://u:correct-horse@127.0.0.1:{port}/x", "RUNNER_WAIT_SECONDS": "8"}
    (tmp_path / "migrations").mkdir()

    finished = run_runner("wait", "--for", "database", cwd=tmp_path, env=variables).check(44)

    assert finished.events("database.waiting")
    assert "correct-horse" not in finished.stdout + finished.stderr


def test_an_empty_directory_is_no_schema(tmp_path: Path, sqlite_file_url: str) -> None:
    """Revisions that were not mounted must not look like a schema that is there."""
    directory = make_directory(tmp_path, [], env="none")

    run_runner("wait", cwd=directory.root, env={"DATABASE_URL": sqlite_file_url}).check(12)


def test_a_wrong_password_is_not_awaited(tmp_path: Path, pg_url: str, pg_server: PostgresServer) -> None:
    """Waiting cannot mend credentials: exit 31 at once."""
    wrong = make_url(pg_url).set(password="wrong-canary").render_as_string(hide_password=False)
    (tmp_path / "migrations").mkdir()

    finished = run_runner("wait", "--for", "database", cwd=tmp_path, env={"DATABASE_URL": wrong}).check(31)

    assert "wrong-canary" not in finished.stdout + finished.stderr


def test_waiting_imports_no_sqlalchemy(tmp_path: Path, database_url: str) -> None:
    """An init container of every pod must be cheap."""
    directory = make_directory(tmp_path, chain(2), env="generic")
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": database_url}).check()

    finished = run_program([sys.executable, "-c", SPY], cwd=directory.root, env={"DATABASE_URL": database_url})

    (line,) = (line for line in finished.check().stdout.splitlines() if line.startswith("MODULES "))
    unwanted = ("sqlalchemy", "pydantic", "mako", "runner.operations", "runner.dialects", "runner.migration")
    assert [name for name in json.loads(line.removeprefix("MODULES ")) if name.startswith(unwanted)] == []


@pytest.mark.parametrize("env", ["none", "generic"])
def test_an_upgrade_waits_for_its_server_with_env_py_too(tmp_path: Path, env: Any) -> None:
    """RUNNER_CONNECT_WAIT_SECONDS is the budget whoever connects."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    directory = make_directory(tmp_path, chain(1), env=env)
    variables = {"DATABASE_URL": f"postgresql://u:p@127.0.0.1:{port}/x", "RUNNER_CONNECT_WAIT_SECONDS": "8"}

    finished = run_runner("upgrade", cwd=directory.root, env=variables).check(30)

    assert finished.events("connection.waiting")

"""What people get wrong: each with its own code, exit code and sentence, and nothing changed."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from tests.directories import RevisionFile, chain, make_directory
from tests.fix_postgres import PgDatabaseFactory
from tests.holding import runner_that_holds_the_lock
from tests.postgres import PostgresServer
from tests.programs import Finished, run_runner, start_runner, wait_for
from tests.side_tables import without_side_tables

CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"
NO_WAIT = {"RUNNER_CONNECT_WAIT_SECONDS": "0"}


def failed(finished: Finished, *, code: str, exit_code: int) -> str:
    """Check code and exit code, that no traceback is shown, and return the sentence."""
    finished.check(exit_code)
    event = finished.event("run.failed")
    assert code == event["error_code"]
    assert exit_code == event["exit_code"]
    assert "Traceback" not in finished.stdout + finished.stderr
    return str(event["message"])


def tables(url: str) -> list[str]:
    """Return the tables of a database."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = without_side_tables(inspect(connection).get_table_names())
    engine.dispose()
    return found


@pytest.mark.parametrize("env", ["none", "generic"])
def test_no_url(tmp_path: Path, env: str) -> None:
    """Without any URL the run fails and says which variables name a database; no SQLite file appears."""
    directory = make_directory(tmp_path, chain(1, upgrade=CREATE), env=env)  # type: ignore[arg-type]  # a parameter

    message = failed(run_runner("upgrade", cwd=directory.root), code="missing-database-url", exit_code=11)

    assert "DATABASE_URL" in message
    assert not list(tmp_path.rglob("*.db")) + list(tmp_path.rglob("*.sqlite"))


@pytest.mark.parametrize("env", ["none", "generic"])
def test_wrong_password(tmp_path: Path, pg_url: str, env: str) -> None:
    """A wrong password is told apart from an unreachable server, is not waited for, and is never shown."""
    directory = make_directory(tmp_path, chain(1, upgrade=CREATE), env=env)  # type: ignore[arg-type]  # a parameter
    head, _, tail = pg_url.partition("://")
    user, _, rest = tail.partition("@")
    url = f"{head}://{user.partition(':')[0]}:canary-7f3a@{rest}"

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url})

    message = failed(finished, code="authentication-failed", exit_code=31)
    assert "password" in message
    assert "canary-7f3a" not in str(finished)


@pytest.mark.parametrize("env", ["none", "generic"])
def test_unreachable_server(tmp_path: Path, env: str) -> None:
    """A server that cannot be reached is named, without the password."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        directory = make_directory(tmp_path, chain(1), env=env)  # type: ignore[arg-type]  # a parameter
        url = f"postgresql://app:canary-7f3a@127.0.0.1:{port}/app"
        finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url} | NO_WAIT)

    message = failed(finished, code="connection-failed", exit_code=30)
    assert f"127.0.0.1:{port}" in message
    assert "canary-7f3a" not in str(finished)


def test_missing_directory(tmp_path: Path, sqlite_file: Path, sqlite_file_url: str) -> None:
    """A revision directory that is not there is an error that names it and the setting."""
    env = {"DATABASE_URL": sqlite_file_url, "RUNNER_DIRECTORY": "nowhere"}

    message = failed(run_runner("upgrade", cwd=tmp_path, env=env), code="directory-missing", exit_code=12)

    assert "nowhere" in message
    assert "RUNNER_DIRECTORY" in message
    assert not sqlite_file.exists()


def test_empty_directory(tmp_path: Path, sqlite_file: Path, sqlite_file_url: str) -> None:
    """A directory without any revision, such as a mount that went wrong, is no success."""
    (tmp_path / "mounted").mkdir()
    env = {"DATABASE_URL": sqlite_file_url, "RUNNER_DIRECTORY": "mounted"}

    message = failed(run_runner("upgrade", cwd=tmp_path, env=env), code="directory-missing", exit_code=12)

    assert "mounted" in message
    assert not sqlite_file.exists()


def test_a_project_folder_as_directory(tmp_path: Path, sqlite_file_url: str) -> None:
    """RUNNER_DIRECTORY may name the folder of alembic.ini, which then says where the revisions are."""
    make_directory(tmp_path / "project", chain(1, upgrade=CREATE), env="none")
    env = {"DATABASE_URL": sqlite_file_url, "RUNNER_DIRECTORY": "project"}

    run_runner("upgrade", cwd=tmp_path, env=env).check()

    assert tables(sqlite_file_url) == ["alembic_version", "t1"]


def test_two_heads(tmp_path: Path, sqlite_file: Path, sqlite_file_url: str) -> None:
    """`upgrade head` on two heads names both and says what to ask for instead (ERR-2)."""
    base = chain(1, upgrade=CREATE)
    branches = [RevisionFile(revision=name, down_revision="r0001") for name in ("left", "right")]
    directory = make_directory(tmp_path, [*base, *branches], env="none")

    finished = run_runner("upgrade", "head", cwd=directory.root, env={"DATABASE_URL": sqlite_file_url})

    message = failed(finished, code="multiple-heads", exit_code=24)
    assert "left" in message
    assert "right" in message
    assert "heads" in message
    assert not sqlite_file.exists()


@pytest.mark.parametrize("env", ["none", "generic"])
def test_unknown_revision_in_the_database(tmp_path: Path, database_url: str, env: str) -> None:
    """A version row that neither a file nor a history explains is its own error, and the row stays (FIELD B9)."""
    directory = make_directory(tmp_path, chain(2, upgrade=CREATE), env=env)  # type: ignore[arg-type]  # a parameter
    environment = {"DATABASE_URL": database_url, "RUNNER_HISTORY": "off"}
    run_runner("upgrade", cwd=directory.root, env=environment).check()
    for file in directory.versions.glob("r0002*.py"):
        file.unlink()

    message = failed(
        run_runner("upgrade", cwd=directory.root, env=environment), code="unknown-database-revision", exit_code=35
    )

    assert "r0002" in message
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars()) == ["r0002"]
    engine.dispose()


@pytest.mark.parametrize("env", ["none", "generic", "async"])
def test_revision_that_raises(tmp_path: Path, database_url: str, env: str) -> None:
    """A revision that raises is rolled back whole; the earlier one stays; file and line are named (TX-14)."""
    url = database_url.replace("sqlite://", "sqlite+aiosqlite://") if env == "async" else database_url
    bad = RevisionFile(
        revision="r0002",
        down_revision="r0001",
        upgrade="op.create_table('half', sa.Column('id', sa.Integer))\nraise ValueError('no such luck')",
    )
    directory = make_directory(tmp_path, [*chain(1, upgrade=CREATE), bad], env=env)  # type: ignore[arg-type]  # a parameter

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url})

    message = failed(finished, code="revision-failed", exit_code=50)
    assert "r0002_message.py:" in message
    assert "no such luck" in message
    assert [line["revision"] for line in finished.events("step.finished")] == ["r0001"]
    assert finished.event("step.failed")["revision"] == "r0002"
    assert tables(database_url) == ["alembic_version", "t1"]


def test_statement_the_server_rejects(tmp_path: Path, database_url: str) -> None:
    """A statement the server rejects is shown with the server's words and the place in the revision."""
    bad = RevisionFile(revision="r0001", upgrade="op.execute('SELECT * FROM missing_table')")
    directory = make_directory(tmp_path, [bad], env="none")

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": database_url})

    message = failed(finished, code="statement-failed", exit_code=51)
    assert "missing_table" in message
    assert "r0001_message.py:" in message
    assert tables(database_url) == []


@pytest.mark.parametrize("env", ["none", "generic"])
def test_revision_file_with_a_syntax_error(tmp_path: Path, database_url: str, env: str) -> None:
    """A broken pending file stops the run before its first statement, naming file and line."""
    directory = make_directory(tmp_path, chain(2, upgrade=CREATE), env=env)  # type: ignore[arg-type]  # a parameter
    (broken,) = directory.versions.glob("r0002*.py")
    broken.write_text(broken.read_text() + "\ndef oops(:\n")

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": database_url})

    message = failed(finished, code="revision-file-invalid", exit_code=20)
    assert broken.name in message
    assert tables(database_url) == []


def test_a_broken_file_that_is_not_needed_stops_nothing(tmp_path: Path, sqlite_file_url: str) -> None:
    """An applied revision that no longer imports does not keep a later one from being applied (REV-2)."""
    directory = make_directory(tmp_path, chain(1, upgrade=CREATE), env="none")
    environment = {"DATABASE_URL": sqlite_file_url}
    run_runner("upgrade", cwd=directory.root, env=environment).check()
    (old,) = directory.versions.glob("r0001*.py")
    old.write_text(old.read_text().replace("import sqlalchemy as sa", "import a_package_long_gone"))
    directory.add(chain(2, upgrade=CREATE)[1])

    run_runner("upgrade", cwd=directory.root, env=environment).check()

    assert tables(sqlite_file_url) == ["alembic_version", "t1", "t2"]


def test_version_table_without_privilege(tmp_path: Path, pg_url: str, pg_server: PostgresServer) -> None:
    """A role that may not read the version table is told which table and what to do."""
    role = "r" + pg_url.rpartition("/")[2].replace("-", "_")[-20:]
    directory = make_directory(tmp_path, chain(1, upgrade=CREATE), env="none")
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()
    pg_server.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'pw'")
    try:
        url = make_url(pg_url).set(username=role, password="pw").render_as_string(hide_password=False)
        finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url})
        message = failed(finished, code="privilege-missing", exit_code=32)
        assert "alembic_version" in message
    finally:
        pg_server.execute(f"DROP ROLE {role}")


@pytest.mark.parametrize("env", ["none", "generic"])
def test_database_in_sql_ascii(tmp_path: Path, pg_database_factory: PgDatabaseFactory, env: str) -> None:
    """A SQL_ASCII session, in which the driver returns bytes, is refused with the remedy, which works."""
    directory = make_directory(tmp_path, chain(1, upgrade=CREATE), env=env)  # type: ignore[arg-type]  # a parameter
    url = pg_database_factory(encoding="SQL_ASCII")

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url})

    message = failed(finished, code="encoding-unsupported", exit_code=33)
    assert "client_encoding=utf8" in message
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": f"{url}?client_encoding=utf8"}).check()


def test_interrupted_while_waiting_for_the_lock(tmp_path: Path, pg_url: str) -> None:
    """SIGTERM while waiting for the lock ends the run with 143, within two seconds, and nothing is changed."""
    with runner_that_holds_the_lock(tmp_path, pg_url) as project:
        waiter = start_runner("upgrade", cwd=project, env={"DATABASE_URL": pg_url})
        assert waiter.stdout is not None
        assert any("lock.waiting" in line for line in waiter.stdout)  # reads up to and including that line
        asked = time.monotonic()
        waiter.send_signal(signal.SIGTERM)
        finished = wait_for(waiter)
        took = time.monotonic() - asked

    failed(finished, code="interrupted", exit_code=143)
    assert took < 2.0


def test_all_settings_problems_at_once(tmp_path: Path) -> None:
    """Every unusable setting is reported in one run, by variable name, unknown ones with a suggestion."""
    env = {"RUNNER_LOCK_WAIT_SECONDS": "soon", "RUNNER_DIRECTROY": "x", "DATABASE_URL": "not a url"}

    message = failed(run_runner("upgrade", cwd=tmp_path, env=env), code="settings-invalid", exit_code=10)

    assert "RUNNER_LOCK_WAIT_SECONDS" in message
    assert "RUNNER_DIRECTORY" in message
    assert "DATABASE_URL" in message


def test_full_output(tmp_path: Path) -> None:
    """A script that cannot be written to stdout is a failure, not a short file with exit code 0."""
    directory = make_directory(tmp_path, chain(3, upgrade=CREATE), env="none")
    import subprocess
    import sys

    from tests.programs import scrubbed_environment

    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "runner", "upgrade", "--sql", "--dialect", "postgresql"],
            cwd=directory.root,
            env=scrubbed_environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert ended.returncode == 15
    assert "output-failed" in ended.stderr

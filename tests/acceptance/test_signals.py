"""Signals at any moment: what is running is cancelled, rolled back and reported; the exit code says which signal."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.atwork import active_queries, ask, url_for_driver, wait_until, wait_until_active
from tests.directories import Directory, RevisionFile, make_directory
from tests.holding import runner_that_holds_the_lock
from tests.programs import Finished, scrubbed_environment, start_runner, wait_for

SLOW = "CREATE TABLE slow AS SELECT 1 AS one FROM pg_sleep(100)"
SLOW_REVISION = f"op.create_table('before', sa.Column('id', sa.Integer))\nop.execute('{SLOW}')"
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> :history"
PROMISE_SECONDS = 2.0
SLACK_SECONDS = 8.0  # the machine that runs the tests may be busy; the process's own clock is the promise's


def one_revision(root: Path, body: str, *, env: str = "none") -> Directory:
    return make_directory(root, [RevisionFile(revision="r0001", upgrade=body)], env=env)  # type: ignore[arg-type]


def interrupt(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[Finished, float]:
    """Send the signal and return how the program ended, and after how many seconds."""
    began = time.monotonic()
    process.send_signal(number)
    return wait_for(process), time.monotonic() - began


def tables(url: str) -> set[str]:
    return {row[0] for row in ask(url, TABLES, history="runner_history")}


def assert_rolled_back(finished: Finished, seconds: float, url: str) -> None:
    """The step is reported as interrupted, the lock was given back, and nothing of it is left or at work."""
    assert seconds < PROMISE_SECONDS + SLACK_SECONDS
    assert finished.event("step.failed")["error_code"] == "interrupted"
    assert finished.event("lock.released")["confirmed"] is True
    assert finished.event("run.failed")["error_code"] == "interrupted"
    assert active_queries(url, "CREATE TABLE slow%") == []
    assert tables(url) <= {"alembic_version"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
@pytest.mark.parametrize("env", ["none", "generic"])
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_in_the_middle_of_ddl(tmp_path: Path, pg_url: str, driver: str, env: str, number: int) -> None:
    """The statement is cancelled and the session kept, so that the rollback is an orderly one (FIELD E12, D-4)."""
    directory = one_revision(tmp_path, SLOW_REVISION, env=env)
    process = start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url_for_driver(pg_url, driver)})
    wait_until_active(pg_url, "CREATE TABLE slow%")

    finished, seconds = interrupt(process, number)

    finished.check(128 + number)
    assert_rolled_back(finished, seconds, pg_url)


def test_in_the_middle_of_ddl_on_an_asynchronous_driver(tmp_path: Path, pg_url: str) -> None:
    """The event loop is interrupted; the session ends, and the server rolls back."""
    directory = one_revision(tmp_path, SLOW_REVISION, env="async")
    process = start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url_for_driver(pg_url, "asyncpg")})
    wait_until_active(pg_url, "CREATE TABLE slow%")

    finished, seconds = interrupt(process)

    finished.check(143)
    assert seconds < PROMISE_SECONDS + SLACK_SECONDS
    assert finished.event("run.failed")["error_code"] == "interrupted"
    wait_until(lambda: not active_queries(pg_url, "CREATE TABLE slow%"), what="the end of the statement")
    assert tables(pg_url) <= {"alembic_version"}


@pytest.fixture
def own_pid_namespace() -> list[str]:
    """The words that start a program as PID 1 of a namespace of its own."""
    command = ["unshare", "--pid", "--fork", "--kill-child"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*command, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no PID namespaces: run the tests as root, or where user namespaces are allowed")
    return command


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_as_the_first_process_of_a_container(
    tmp_path: Path, pg_url: str, driver: str, own_pid_namespace: list[str]
) -> None:
    """PID 1 gets no signal it has no handler for; the runner has one (FIELD E12)."""
    directory = one_revision(tmp_path, SLOW_REVISION)
    parent = subprocess.Popen(
        [*own_pid_namespace, sys.executable, "-m", "runner", "upgrade"],
        cwd=directory.root,
        env=scrubbed_environment({"DATABASE_URL": url_for_driver(pg_url, driver)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until_active(pg_url, "CREATE TABLE slow%")
    child = int(Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()[0])
    assert Path(f"/proc/{child}/status").read_text().split("NSpid:")[1].split("\n")[0].split()[-1] == "1"

    began = time.monotonic()
    os.kill(child, signal.SIGTERM)
    finished = wait_for(parent).check(143)

    assert_rolled_back(finished, time.monotonic() - began, pg_url)


def handles_signals(process: subprocess.Popen[str]) -> bool:
    """Tell whether the process has a handler for SIGTERM by now."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = int(status.split("SigCgt:")[1].split()[0], 16)
    return bool(caught & 1 << signal.SIGTERM - 1)


def test_while_the_program_is_still_starting(tmp_path: Path, pg_url: str) -> None:
    """A signal that comes during the imports is reported, and nothing begins (the very first milliseconds excepted)."""
    directory = one_revision(tmp_path, "op.create_table('t', sa.Column('id', sa.Integer))")
    process = start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url})
    wait_until(lambda: handles_signals(process), what="a handler for SIGTERM")

    finished, _ = interrupt(process)

    finished.check(143)
    assert finished.event("run.failed")["error_code"] == "interrupted"
    assert tables(pg_url) <= {"alembic_version"}


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_while_waiting_for_the_lock(tmp_path: Path, pg_url: str, driver: str) -> None:
    """A waiter ends, and the holder does not notice."""
    with runner_that_holds_the_lock(tmp_path, pg_url) as project:
        waiter = start_runner("upgrade", cwd=project, env={"DATABASE_URL": url_for_driver(pg_url, driver)})
        assert waiter.stdout is not None
        lines = []
        while "lock.waiting" not in (line := waiter.stdout.readline()):
            lines.append(line)
            assert line, lines
        finished, _ = interrupt(waiter)

    finished.check(143)
    assert finished.event("run.failed")["error_code"] == "interrupted"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where connections are accepted and nothing is ever answered."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(8)
        yield server.getsockname()[1]


@pytest.mark.parametrize("env", ["none", "generic"])
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_while_connecting(tmp_path: Path, silent_port: int, driver: str, env: str) -> None:
    """Also where the driver connects in C and cannot be interrupted: then the process ends without it."""
    directory = one_revision(tmp_path, "pass", env=env)
    url = f"postgresql+{driver}://u:p@127.0.0.1:{silent_port}/d"
    process = start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url})
    assert process.stdout is not None
    assert "run.started" in process.stdout.readline()
    time.sleep(1.0)

    finished, seconds = interrupt(process)

    finished.check(143)
    assert seconds < PROMISE_SECONDS + SLACK_SECONDS
    assert finished.event("run.failed")["error_code"] == "interrupted"


CODE = """
op.create_table('before', sa.Column('id', sa.Integer))
op.execute("SELECT 'in code'")
import pathlib, time
pathlib.Path('reached').touch()
{what}
"""
SWALLOWS = """
try:
    time.sleep(100)
except BaseException:
    {then}
"""


def start_in_code(tmp_path: Path, url: str, what: str) -> subprocess.Popen[str]:
    directory = one_revision(tmp_path, CODE.format(what=what))
    process = start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url})
    wait_until((directory.root / "reached").exists, what="the revision's code")
    return process


def test_in_the_code_of_a_revision(tmp_path: Path, pg_url: str) -> None:
    """Python code is interrupted where it stands."""
    finished, seconds = interrupt(start_in_code(tmp_path, pg_url, "time.sleep(100)"))

    finished.check(143)
    assert_rolled_back(finished, seconds, pg_url)


def test_a_revision_that_swallows_the_signal_runs_no_further_statement(tmp_path: Path, pg_url: str) -> None:
    """Catching everything does not keep the run alive: the next statement raises again."""
    swallowing = SWALLOWS.format(then="pass") + "\nop.execute('SELECT 1')"
    finished, seconds = interrupt(start_in_code(tmp_path, pg_url, swallowing))

    finished.check(143)
    assert_rolled_back(finished, seconds, pg_url)


def test_other_signals_are_none_of_ours(tmp_path: Path, pg_url: str) -> None:
    """What a revision's own handler is for (an alarm, the end of a child) does not end the run."""
    body = """
import signal, time
seen = []
signal.signal(signal.SIGALRM, lambda number, frame: seen.append(number))
signal.setitimer(signal.ITIMER_REAL, 0.05)
op.execute('SELECT pg_sleep(0.5)')
time.sleep(2.5)
assert seen == [signal.SIGALRM]
"""
    directory = one_revision(tmp_path, body)
    finished = wait_for(start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url})).check()
    assert finished.event("run.finished")["applied"] == 1


def test_a_revision_that_does_not_end_is_ended(tmp_path: Path, pg_url: str) -> None:
    """After two seconds the process ends anyway, with a last word; the server rolls back."""
    swallowing = SWALLOWS.format(then="time.sleep(100)")
    finished, seconds = interrupt(start_in_code(tmp_path, pg_url, swallowing))

    finished.check(143)
    assert seconds < PROMISE_SECONDS + SLACK_SECONDS
    assert "took too long" in finished.event("run.failed")["message"]
    wait_until(lambda: tables(pg_url) <= {"alembic_version"}, what="the server's rollback")


def test_a_second_signal_ends_the_process_at_once(tmp_path: Path, pg_url: str) -> None:
    """No orderly end, no last word."""
    swallowing = SWALLOWS.format(then="pathlib.Path('swallowed').touch(); time.sleep(100)")
    process = start_in_code(tmp_path, pg_url, swallowing)
    process.send_signal(signal.SIGTERM)
    wait_until((tmp_path / "swallowed").exists, what="the first signal")

    finished, _ = interrupt(process, signal.SIGINT)

    finished.check(130)
    assert finished.events("run.failed") == []


ENV_PY = """
import pathlib, time
from alembic import context
from sqlalchemy import create_engine, pool, text
engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    pathlib.Path('reached').touch()
    {what}
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.mark.parametrize("what", ["time.sleep(100)", "connection.execute(text('SELECT pg_sleep(100)'))"])
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_in_env_py(tmp_path: Path, pg_url: str, driver: str, what: str) -> None:
    """Before configure() too, also in a driver that waits in C."""
    directory = one_revision(tmp_path, "pass", env="generic")
    (directory.scripts / "env.py").write_text(ENV_PY.format(what=what))
    process = start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url_for_driver(pg_url, driver)})
    wait_until((directory.root / "reached").exists, what="env.py")
    if "pg_sleep" in what:
        wait_until_active(pg_url, "SELECT pg_sleep%")

    finished, seconds = interrupt(process)

    finished.check(143)
    assert seconds < PROMISE_SECONDS + SLACK_SECONDS
    assert finished.event("run.failed")["error_code"] == "interrupted"
    wait_until(lambda: not active_queries(pg_url, "SELECT pg_sleep%"), what="the end of the statement")


SLEEP_AT_COMMIT = """
op.execute('''
CREATE TABLE t (id int);
CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER doze AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION doze();
INSERT INTO t VALUES (1)
''')
"""


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_in_a_commit_that_finishes(tmp_path: Path, pg_url: str, driver: str) -> None:
    """A COMMIT is given a moment, and what it did is told: the step is finished, though the run is interrupted."""
    directory = one_revision(tmp_path, SLEEP_AT_COMMIT.format(seconds=0.8))
    process = start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url_for_driver(pg_url, driver)})
    wait_until_active(pg_url, "COMMIT%")

    finished, _ = interrupt(process)

    finished.check(143)
    assert "t" in tables(pg_url)
    assert finished.event("step.finished")["revision"] == "r0001"
    assert finished.events("step.failed") == []


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_in_a_commit_that_hangs(tmp_path: Path, pg_url: str, driver: str) -> None:
    """A COMMIT that does not finish is cancelled, and the log says that nothing was kept."""
    directory = one_revision(tmp_path, SLEEP_AT_COMMIT.format(seconds=100))
    process = start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url_for_driver(pg_url, driver)})
    wait_until_active(pg_url, "COMMIT%")

    finished, seconds = interrupt(process)

    finished.check(143)
    assert seconds < PROMISE_SECONDS + SLACK_SECONDS
    assert tables(pg_url) <= {"alembic_version"}
    assert finished.events("step.finished") == []


def test_the_end_of_a_forked_child_is_not_ours(tmp_path: Path, pg_url: str) -> None:
    """A revision's child process may be terminated without the run taking that for its own signal."""
    body = """
import os, signal, time
child = os.fork()
if child == 0:
    time.sleep(100)
    os._exit(1)
time.sleep(0.2)
os.kill(child, signal.SIGTERM)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
"""
    directory = one_revision(tmp_path, body)
    finished = wait_for(start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url})).check()
    assert finished.event("run.finished")["applied"] == 1


def test_in_a_statement_on_sqlite(tmp_path: Path, sqlite_file_url: str) -> None:
    """SQLite's own interrupt ends the statement, and the transaction is rolled back."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    body = f"""
op.create_table('before', sa.Column('id', sa.Integer))
import pathlib
pathlib.Path('reached').touch()
op.execute('CREATE TABLE slow AS {endless}')
"""
    directory = one_revision(tmp_path, body)
    process = start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": sqlite_file_url})
    wait_until((directory.root / "reached").exists, what="the revision's code")
    time.sleep(0.5)

    finished, seconds = interrupt(process)

    finished.check(143)
    assert seconds < PROMISE_SECONDS + SLACK_SECONDS
    assert finished.event("step.failed")["error_code"] == "interrupted"
    names = {row[0] for row in ask(sqlite_file_url, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert not names & {"before", "slow"}


def test_in_a_statement_on_mariadb(tmp_path: Path, mariadb_url: str) -> None:
    """KILL QUERY from another session ends the statement; the DDL before it stays, as it does there, and is named."""
    body = """
op.create_table('before_it', sa.Column('id', sa.Integer))
op.execute('CREATE TABLE slow AS SELECT SLEEP(100)')
"""
    directory = one_revision(tmp_path, body)
    process = start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": mariadb_url})
    at_work = "SELECT count(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'CREATE TABLE slow%'"
    wait_until(lambda: ask(mariadb_url, at_work)[0][0], what="the statement")

    finished, seconds = interrupt(process)

    finished.check(143)
    assert seconds < PROMISE_SECONDS + SLACK_SECONDS
    assert finished.event("step.failed")["ddl_rolled_back"] is False
    wait_until(lambda: not ask(mariadb_url, at_work)[0][0], what="the end of the statement")

"""Who blocks whom, and how far it is: what the second session tells as an ordinary role, and never disturbs."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from runner.database.lock import lock_key
from tests.atwork import ask, url_for_driver, wait_until, wait_until_active
from tests.directories import Environment, RevisionFile, make_directory
from tests.postgres import PostgresServer
from tests.programs import Finished, run_runner, start_runner, wait_for

ALTER = "op.execute('ALTER TABLE busy ADD more int')"
FAST = {"RUNNER_MONITOR_SECONDS": "0.3", "RUNNER_RELEASE": "9", "RUNNER_POD": "pod-1"}


@contextmanager
def session(url: str, *statements: str, name: str = "somebody") -> Iterator[Any]:
    """A session in a transaction that has executed the statements; rolled back afterwards."""
    engine = create_engine(url, connect_args={"application_name": name})
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
        yield connection
        connection.rollback()
    engine.dispose()


def start(root: Path, url: str, body: str, env: Environment = "none", **variables: str) -> subprocess.Popen[str]:
    directory = make_directory(root, [RevisionFile(revision="ae10", upgrade=body)], env=env)
    return start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url, **FAST, **variables})


def read_until(process: subprocess.Popen[str], event: str) -> list[str]:
    """Return the log up to the first line of that event."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if f'"{event}"' in line:
            return lines
    raise AssertionError(f"no {event} in:\n{''.join(lines)}")


def finish(process: subprocess.Popen[str], before: list[str], code: int = 0) -> Finished:
    """Wait for the end, and return all of the log, with what was read before."""
    rest = wait_for(process)
    logs = (*(json.loads(line) for line in before if line.startswith("{")), *rest.logs)
    assert rest.returncode == code, "".join(before) + str(rest)
    return Finished(args=rest.args, returncode=rest.returncode, stdout=rest.stdout, stderr=rest.stderr, logs=logs)


@pytest.mark.parametrize("env", ["none", "generic", "async"])
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_who_blocks_the_statement_and_who_waits_behind_it(
    tmp_path: Path, pg_url: str, driver: str, env: Environment
) -> None:
    """An ALTER TABLE behind a reader: the reader is named with its lock, the queue behind us is counted (FIELD E7)."""
    url = url_for_driver(pg_url, "asyncpg" if env == "async" else driver)
    ask(pg_url, "CREATE TABLE busy (id int)")
    with session(pg_url, "SELECT * FROM busy", name="the reader") as reader:
        pid = reader.scalar(text("SELECT pg_backend_pid()"))
        process = start(tmp_path, url, ALTER, env, RUNNER_LOCK_TIMEOUT_SECONDS="0")
        before = read_until(process, "statement.blocked")
        behind = threading.Thread(target=ask, args=(pg_url, "SELECT count(*) FROM busy"))
        behind.start()
        before += read_until(process, "statement.blocking")
    finished = finish(process, before)
    behind.join()

    blocked = finished.events("statement.blocked")[0]
    assert blocked["revision"] == "ae10"
    assert blocked["statement"] == "ALTER TABLE busy ADD more int"
    assert blocked["wants"] == "AccessExclusiveLock"
    assert blocked["relation"] == "busy"
    (blocker,) = blocked["blockers"]
    assert blocker["pid"] == pid
    assert blocker["application"] == "the reader"
    assert blocker["user"] == "runner_test"
    assert blocker["holds"] == "AccessShareLock"
    assert blocker["state"] == "idle in transaction"
    assert "SELECT" in blocker["query"]
    assert blocker["age_seconds"] >= 0
    blocking = finished.events("statement.blocking")[0]
    assert blocking["sessions"] == 1
    assert blocking["longest_wait_seconds"] >= 0
    assert finished.events("statement.running") == []


def test_an_unprivileged_role_sees_who_but_not_what(tmp_path: Path, pg_server: PostgresServer, pg_url: str) -> None:
    """The query of another role's session is not shown, and everything else is."""
    name = pg_url.rpartition("/")[2]
    ask(pg_url, "CREATE TABLE busy (id int)")
    with session(pg_server.admin_url(name), "SELECT * FROM busy", name="pg_dump") as reader:
        pid = reader.scalar(text("SELECT pg_backend_pid()"))
        process = start(tmp_path, pg_url, ALTER, RUNNER_LOCK_TIMEOUT_SECONDS="0")
        before = read_until(process, "statement.blocked")
    blocker = finish(process, before).events("statement.blocked")[0]["blockers"][0]

    assert blocker == {"pid": pid, "application": "pg_dump", "user": "postgres", "holds": "AccessShareLock"}


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_queue_that_is_too_long_ends_the_statement(tmp_path: Path, pg_url: str, driver: str) -> None:
    """The statement is cancelled, the queue moves on, and the exit code is 42."""
    ask(pg_url, "CREATE TABLE busy (id int)")
    with session(pg_url, "SELECT * FROM busy"):
        process = start(
            tmp_path,
            url_for_driver(pg_url, driver),
            "op.create_table('before', sa.Column('id', sa.Integer))\nop.execute('ALTER TABLE busy ADD more int')",
            RUNNER_LOCK_TIMEOUT_SECONDS="0",
            RUNNER_LOCK_RETRY_SECONDS="0",
            RUNNER_MAX_BLOCKED_SESSIONS="1",
        )
        wait_until_active(pg_url, "ALTER TABLE busy%")
        readers = [threading.Thread(target=ask, args=(pg_url, "SELECT count(*) FROM busy")) for _ in range(2)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(60)
        assert not any(reader.is_alive() for reader in readers)
        finished = finish(process, [], 42)

    assert finished.event("statement.cancelled")["sessions"] == 2
    failed = finished.event("run.failed")
    assert failed["error_code"] == "queue-too-long"
    assert failed["revision"] == "ae10"
    assert ask(pg_url, "SELECT to_regclass('before')")[0][0] is None


def test_the_progress_of_a_concurrent_index(tmp_path: Path, pg_url: str) -> None:
    """PostgreSQL's phase, and whom it waits for; a percentage only where it counts."""
    ask(pg_url, "CREATE TABLE busy (id int)")
    ask(pg_url, "INSERT INTO busy SELECT generate_series(1, 1000)")
    body = """
with op.get_context().autocommit_block():
    op.create_index('ix', 'busy', ['id'], postgresql_concurrently=True)
"""
    with session(pg_url, "INSERT INTO busy VALUES (0)", name="the writer"):
        process = start(tmp_path, pg_url, body)
        before = read_until(process, "statement.progress")
    finished = finish(process, before)

    progress = finished.events("statement.progress")[0]
    assert progress["command"] == "CREATE INDEX CONCURRENTLY"
    assert progress["phase"].startswith("waiting for writers")
    assert progress["relation"] == "busy"
    assert progress["unit"] == "lockers"
    assert progress["percent"] == 0.0
    assert finished.events("statement.blocked")[0]["blockers"][0]["application"] == "the writer"


def test_the_progress_of_an_index_build_is_counted(tmp_path: Path, pg_url: str) -> None:
    """Blocks or tuples of the phase, from 0 to 100 percent."""
    ask(pg_url, "CREATE TABLE big (id int)")
    ask(pg_url, "INSERT INTO big SELECT generate_series(1, 300000)")
    ask(
        pg_url,
        "CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS"
        " 'BEGIN IF $1 % 1000 = 0 THEN PERFORM pg_sleep(0.01); END IF; RETURN $1; END'",
    )
    process = start(tmp_path, pg_url, "op.execute('CREATE INDEX ix ON big (slow(id))')")
    finished = finish(process, [])

    counted = [line["percent"] for line in finished.events("statement.progress") if "percent" in line]
    assert counted
    assert all(0 <= percent <= 100 for percent in counted)


DOZING = """
CREATE TABLE big (id int);
CREATE FUNCTION doze(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
  'BEGIN IF current_setting(''app.doze'', true) = ''yes'' THEN PERFORM pg_sleep(0.02); END IF; RETURN $1; END';
CREATE INDEX ix ON big (doze(id));
INSERT INTO big SELECT generate_series(1, 300);
"""
OUTSIDE = "with op.get_context().autocommit_block():\n"
SLOWLY = {
    # A page at a time, with a tenth of a second in between.
    "VACUUM": OUTSIDE + "    op.execute('SET vacuum_cost_delay = 100')\n    op.execute('SET vacuum_cost_limit = 1')\n"
    "    op.execute('VACUUM (FREEZE) pages')",
    "CLUSTER": "op.execute(\"SET app.doze = 'yes'\")\nop.execute('CLUSTER big USING ix')",
    "REINDEX": "op.execute(\"SET app.doze = 'yes'\")\nop.execute('REINDEX INDEX ix')",
    "COPY TO": "op.execute(\"COPY (SELECT pg_sleep(0.1) FROM generate_series(1, 40)) TO '/dev/null'\")",
}


@pytest.mark.parametrize("command", list(SLOWLY))
def test_the_progress_of_other_commands(tmp_path: Path, pg_server: PostgresServer, pg_url: str, command: str) -> None:
    """The views of VACUUM, CLUSTER, REINDEX and COPY, on statements that take a few seconds each."""
    ask(pg_url, DOZING)
    ask(pg_url, "CREATE TABLE pages WITH (fillfactor = 10) AS SELECT repeat('x', 500) AS x FROM generate_series(1, 40)")
    admin = pg_server.admin_url(pg_url.rpartition("/")[2])  # only a superuser may COPY to a file

    finished = finish(start(tmp_path, admin, SLOWLY[command]), [])

    progress = finished.events("statement.progress")
    assert {line["command"] for line in progress} == {command}, finished
    assert all(line["phase"] for line in progress)
    relation = {"VACUUM": "pages", "CLUSTER": "big", "REINDEX": "big", "COPY TO": "-"}[command]
    assert relation in {line.get("relation", "-") for line in progress}
    assert all(0 <= line["percent"] <= 100 for line in progress if "percent" in line)
    assert any(line.get("done") for line in progress)
    # What a CLUSTER along its index, and a COPY of a query, will come to is not known to the server either.
    assert any("percent" in line for line in progress) or command != "VACUUM"


def test_a_heartbeat_where_nothing_is_counted(tmp_path: Path, pg_url: str) -> None:
    """Elapsed time, what the server waits for, the table and its size; no percentage is invented."""
    ask(pg_url, "CREATE TABLE big (id int)")
    ask(pg_url, "INSERT INTO big SELECT generate_series(1, 10000)")
    ask(pg_url, "ANALYZE big")
    body = "op.execute('UPDATE big SET id = id FROM (SELECT pg_sleep(2)) AS s WHERE id = 1')"
    finished = finish(start(tmp_path, pg_url, body), [])

    running = finished.events("statement.running")
    assert running[-1]["elapsed_seconds"] > running[0]["elapsed_seconds"]
    assert running[0]["wait_event"] == "Timeout:PgSleep"
    assert running[0]["relation"] == "big"
    assert running[0]["relation_bytes"] > 100_000
    assert "percent" not in running[0]


def monitors(url: str) -> list[int]:
    sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%(monitor)'"
    return [row[0] for row in ask(url, sql)]


def test_a_lost_monitor_does_not_disturb_the_run(tmp_path: Path, pg_url: str) -> None:
    """Its session is ended: one warning, then heartbeats without details (FIELD D-5)."""
    process = start(tmp_path, pg_url, "op.execute('SELECT pg_sleep(4)')")
    wait_until(lambda: monitors(pg_url), what="the monitor's session")
    ask(pg_url, "SELECT pg_terminate_backend(:pid)", pid=monitors(pg_url)[0])
    finished = finish(process, [])

    assert "reason" in finished.event("monitor.unavailable")
    assert "wait_event" not in finished.events("statement.running")[-1]
    assert finished.event("run.finished")["applied"] == 1


def test_a_monitor_that_cannot_be_opened_does_not_disturb_the_run(tmp_path: Path, pg_url: str) -> None:
    """The role may have one session only."""
    name = pg_url.rpartition("/")[2]
    body = f"""
with op.get_context().autocommit_block():
    op.execute('ALTER DATABASE {name} CONNECTION LIMIT 0')
op.execute('SELECT pg_sleep(2)')
"""
    finished = finish(start(tmp_path, pg_url, body), [])
    assert "too many connections" in finished.event("monitor.unavailable")["reason"]
    assert finished.events("statement.running")


def test_a_quick_run_opens_no_second_session(tmp_path: Path, pg_url: str) -> None:
    """Nor does it import what would look."""
    body = """
import sys
op.execute('CREATE TABLE t (id int)')
assert 'runner.database.monitor' not in sys.modules
"""
    finish(start(tmp_path, pg_url, body, RUNNER_MONITOR_SECONDS="10"), [])


def test_zero_switches_the_monitor_off(tmp_path: Path, pg_url: str) -> None:
    """No second session, no heartbeat."""
    body = "op.execute('SELECT pg_sleep(1)')\nimport sys\nassert 'runner.database.monitor' not in sys.modules"
    finished = finish(start(tmp_path, pg_url, body, RUNNER_MONITOR_SECONDS="0"), [])
    assert finished.events("statement.running") == []


def test_a_heartbeat_on_other_databases(tmp_path: Path, mariadb_url: str) -> None:
    """Elapsed time is known everywhere."""
    finished = finish(start(tmp_path, mariadb_url, "op.execute('DO SLEEP(2)')"), [])
    assert finished.events("statement.running")[0]["elapsed_seconds"] >= 0.3


# -- orphans ---------------------------------------------------------------------------------------------------------


@contextmanager
def orphan(url: str, *, name: str, lock: str = "") -> Iterator[int]:
    """A session that is at work under an application_name, holding the runner's lock if given."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"application_name": name})
    with engine.connect() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        if lock:
            connection.execute(text(lock))
        yield pid
    engine.dispose()


def lock_sql() -> str:
    key = lock_key("alembic_version", None)
    return f"SELECT pg_advisory_lock({key.tool}, {key.target})"


def is_alive(url: str, pid: int) -> bool:
    return bool(ask(url, "SELECT 1 FROM pg_stat_activity WHERE pid = :pid", pid=pid))


def test_leftovers_of_this_pod_are_ended_and_nobody_elses(tmp_path: Path, pg_url: str) -> None:
    """RUNNER_ORPHANS=terminate ends the predecessor's session; another pod's, and the application's, are spared."""
    make_directory(tmp_path, [RevisionFile(revision="ae10")], env="none")
    name = "revision-runner 8 pod-1 ae09"
    with (
        orphan(pg_url, name=name, lock=lock_sql()) as ours,
        orphan(pg_url, name="revision-runner 8 pod-2 ae09") as other_pods,
        orphan(pg_url, name="shop pod-1") as application,
        orphan(pg_url, name="shop 8 pod-1 ae09") as other_tools,
        orphan(pg_url, name="revision-runner 8 pod-1 -") as idle,
    ):
        environment = {"DATABASE_URL": pg_url, **FAST, "RUNNER_ORPHANS": "terminate"}
        finished = run_runner("upgrade", cwd=tmp_path, env=environment).check()
        assert not is_alive(pg_url, ours)
        assert all(is_alive(pg_url, pid) for pid in (other_pods, application, other_tools, idle))

    found = finished.event("orphan.found")
    assert found["pid"] == ours
    assert found["revision"] == "ae09"
    assert found["terminated"] is True
    assert "pg_advisory_lock" in found["query"]


def test_leftovers_of_this_pod_are_waited_for(tmp_path: Path, pg_url: str) -> None:
    """By default they are named, and left to end by themselves."""
    make_directory(tmp_path, [RevisionFile(revision="ae10")], env="none")
    with orphan(pg_url, name="revision-runner 8 pod-1 ae09", lock=lock_sql()) as ours:
        process = start_runner("upgrade", cwd=tmp_path, env={"DATABASE_URL": pg_url, **FAST})
        before = read_until(process, "orphan.found")
        time.sleep(0.5)
        assert is_alive(pg_url, ours)
    finished = finish(process, before)
    assert finished.event("orphan.found")["policy"] == "wait"


def test_the_server_notices_that_a_killed_runner_is_gone(tmp_path: Path, pg_url: str) -> None:
    """client_connection_check_interval ends what SIGKILL left at work, and rolls it back (FIELD E4)."""
    process = start(tmp_path, pg_url, "op.execute('CREATE TABLE slow AS SELECT 1 AS one FROM pg_sleep(100)')")
    wait_until_active(pg_url, "CREATE TABLE slow%")
    process.kill()
    process.communicate()
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    wait_until(lambda: ask(pg_url, sql)[0][0] == 0, what="the end of the orphan", seconds=30)
    assert ask(pg_url, "SELECT to_regclass('slow')")[0][0] is None

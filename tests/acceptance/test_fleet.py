"""Many databases and schemas in one run: `runner upgrade --targets`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.directories import Directory, RevisionFile, chain, make_directory
from tests.oracle import sqlite_url
from tests.programs import Finished, finished_program, run_runner, scrubbed_environment

WAIT_SECONDS = 120.0
# The second revision waits in the tenant that a file is named after, for as long as that file is there.
SLOW = RevisionFile(
    revision="t2",
    down_revision="t1",
    header="import os, time",
    upgrade="""\
bind = op.get_bind()
name = bind.scalar(sa.text("SELECT current_schema()")) if bind.dialect.name == "postgresql" else "sqlite"
for _ in range(1200):
    if not os.path.exists(f"slow_{name}"):
        break
    time.sleep(0.05)
op.create_table("lines", sa.Column("id", sa.Integer))
""",
)
REVISIONS = [RevisionFile(revision="t1", upgrade='op.create_table("orders", sa.Column("id", sa.Integer))'), SLOW]


class Run:
    """A run that is watched while it goes on."""

    def __init__(self, directory: Directory, *args: str, env: dict[str, str]) -> None:
        self.log = directory.root / f"log_{time.monotonic_ns()}"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "runner", "upgrade", *args],
                cwd=directory.root,
                env=scrubbed_environment(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def events(self, name: str, **keys: object) -> list[dict[str, Any]]:
        text = self.log.read_text("utf-8")
        lines = [json.loads(line) for line in text.splitlines(True) if line.startswith('{"') and line.endswith("\n")]
        return [one for one in lines if one["event"] == name and keys.items() <= one.items()]

    def wait_for(self, name: str, **keys: object) -> dict[str, Any]:
        wait_until(lambda: bool(self.events(name, **keys)) or self.process.poll() is not None)
        assert self.events(name, **keys), self.log.read_text("utf-8")
        return self.events(name, **keys)[0]

    def ended(self) -> Finished:
        code = self.process.wait(WAIT_SECONDS)
        return finished_program(["runner"], code, self.log.read_text("utf-8"), "")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text("utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False


def entries(path: Path) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads(path.read_text("utf-8"))["targets"]}


def make_tenants(url: str, names: list[str]) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE SCHEMA {name}".encode())


def execute(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return make_directory(tmp_path, REVISIONS, env="none")


def sqlite_list(directory: Directory, count: int) -> list[str]:
    """Write list.txt with that many new databases, and return their names."""
    names = [f"db{number}" for number in range(count)]
    lines = [f"name={name} url={sqlite_url(directory.root / name)}.sqlite\n" for name in names]
    (directory.root / "list.txt").write_text("".join(lines), encoding="utf-8")
    return names


# -- the whole story ---------------------------------------------------------------------------------------


def test_two_hundred_schemas_and_forty_files(directory: Directory, pg_url: str) -> None:
    """Three poisoned tenants and a killed worker: the second run finishes exactly what was left."""
    root, manifest = directory.root, directory.root / "manifest.json"
    tenants = [f"tenant_{number:03}" for number in range(200)]
    poisoned = ["tenant_017", "tenant_099", "db7"]
    make_tenants(pg_url, tenants)
    execute(pg_url, "CREATE TABLE tenant_017.orders (); CREATE TABLE tenant_099.lines ()")
    names = sqlite_list(directory, 40)
    with (root / "list.txt").open("a", encoding="utf-8") as file:
        file.write("".join(f"{name}\n" for name in tenants))
    (root / "db7.sqlite").write_text("no database at all, but longer than a header would be" * 30, encoding="utf-8")
    (root / "slow_tenant_150").touch()
    env = {"DATABASE_URL": pg_url, "RUNNER_TARGETS": "list.txt", "RUNNER_MANIFEST": str(manifest)}

    first = Run(directory, "--canary", "2", "--workers", "3", env=env)
    worker = first.wait_for("target.started", target="tenant_150")["pid"]
    first.wait_for("step.started", target="tenant_150", revision="t2")
    os.kill(worker, signal.SIGKILL)
    ended = first.ended().check(76)
    (root / "slow_tenant_150").unlink()
    failed = ended.event("run.failed")
    assert sorted(failed["failed"]) == sorted([*poisoned, "tenant_150"])
    assert (failed["targets_total"], failed["untouched"]) == (240, 0)
    assert ended.event("worker.lost")["target"] == "tenant_150"
    found = entries(manifest)
    assert {name for name, one in found.items() if one["outcome"] == "applied"} == (
        {*names, *tenants} - {*poisoned, "tenant_150"}
    )
    assert (found["tenant_150"]["outcome"], found["tenant_150"]["error_code"]) == ("interrupted", "worker-lost")
    assert (found["tenant_099"]["exit_code"], found["tenant_099"]["failed_revision"]) == (51, "t2")
    assert found["tenant_099"]["revisions"] == ["t1"]

    execute(pg_url, "DROP TABLE tenant_017.orders; DROP TABLE tenant_099.lines")
    (root / "db7.sqlite").unlink()
    second = Run(directory, "--canary", "2", "--workers", "3", env=env).ended().check()
    assert sorted(one["target"] for one in second.events("target.started")) == sorted([*poisoned, "tenant_150"])
    assert second.event("fleet.planned")["done"] == 236
    found = entries(manifest)
    assert {one["outcome"] for one in found.values()} == {"applied"}
    assert {name for name, one in found.items() if one["attempts"] == 2} == {*poisoned, "tenant_150"}
    rows = execute(pg_url, "SELECT count(*) FROM pg_tables WHERE tablename IN ('orders', 'lines')")
    assert rows == [(400,)]
    third = Run(directory, env=env).ended().check()
    assert third.events("target.started") == []


# -- the end of processes ----------------------------------------------------------------------------------


def test_sigterm_stops_workers_and_writes_the_manifest(directory: Directory, pg_url: str) -> None:
    """SIGTERM: nothing more is started, each worker rolls back and reports, exit code 143."""
    make_tenants(pg_url, [f"t_{number}" for number in range(6)])
    manifest = directory.root / "m.json"
    for number in (2, 3):
        (directory.root / f"slow_t_{number}").touch()
    env = {
        "DATABASE_URL": pg_url,
        "RUNNER_TARGETS": "SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%' ORDER BY 1",
    }
    run = Run(directory, "--manifest", "m.json", "--workers", "2", env=env)
    for number in (2, 3):
        run.wait_for("step.started", target=f"t_{number}", revision="t2")
    pids = {one["pid"] for one in run.events("target.started")}
    run.process.send_signal(signal.SIGTERM)
    ended = run.ended().check(143)
    wait_until(lambda: not any(map(is_alive, pids)))
    assert ended.event("fleet.stopping")["reason"] == "signal"
    outcomes = {name: one["outcome"] for name, one in entries(manifest).items()}
    assert outcomes == {
        "t_0": "applied",
        "t_1": "applied",
        "t_2": "interrupted",
        "t_3": "interrupted",
        "t_4": "pending",
        "t_5": "pending",
    }
    assert execute(pg_url, "SELECT version_num FROM t_2.alembic_version") == [("t1",)]
    for number in (2, 3):
        (directory.root / f"slow_t_{number}").unlink()
    again = Run(directory, "--manifest", "m.json", env=env).ended().check()
    assert sorted(one["target"] for one in again.events("target.started")) == ["t_2", "t_3", "t_4", "t_5"]


def test_a_killed_parent_leaves_a_true_manifest_and_no_workers(directory: Directory, pg_url: str) -> None:
    """SIGKILL to the parent: the workers notice, roll back and end; a second run does what is left."""
    make_tenants(pg_url, ["a", "b", "c"])
    (directory.root / "list.txt").write_text("a\nb\nc\n", encoding="utf-8")
    (directory.root / "slow_b").touch()
    env = {"DATABASE_URL": pg_url, "RUNNER_TARGETS": "list.txt", "RUNNER_MANIFEST": "m.json"}
    run = Run(directory, "--workers", "1", env=env)
    pid = run.wait_for("target.started", target="b")["pid"]
    run.wait_for("step.started", target="b", revision="t2")
    run.process.kill()
    run.process.wait(WAIT_SECONDS)
    assert (directory.root / "m.json.lock").exists()  # a file that nobody holds
    wait_until(lambda: not is_alive(pid))
    outcomes = {name: one["outcome"] for name, one in entries(directory.root / "m.json").items()}
    assert outcomes == {"a": "applied", "b": "running", "c": "pending"}
    assert execute(pg_url, "SELECT version_num FROM b.alembic_version") == [("t1",)]
    (directory.root / "slow_b").unlink()
    again = Run(directory, env=env).ended().check()
    assert [one["target"] for one in again.events("target.started")] == ["b", "c"]


def test_two_runs_do_not_write_one_manifest(directory: Directory) -> None:
    """The one that comes second starts nothing and says whom it met; with a manifest of its own it may."""
    (name,) = sqlite_list(directory, 1)
    slow = directory.root / "slow_sqlite"
    slow.touch()
    env = {"RUNNER_TARGETS": "list.txt", "RUNNER_MANIFEST": "m.json", "RUNNER_LOCK_WAIT_SECONDS": "0"}
    first = Run(directory, env=env)
    first.wait_for("step.started", target=name, revision="t2")
    written = (directory.root / "m.json").read_bytes()
    failed = run_runner("upgrade", env=env, cwd=directory.root).check(65).event("run.failed")
    assert (failed["error_code"], failed["holder_pid"]) == ("manifest-in-use", first.process.pid)
    assert (directory.root / "m.json").read_bytes() == written
    run_runner("upgrade", env=env | {"RUNNER_MANIFEST": "other.json"}, cwd=directory.root).check(76)
    slow.unlink()
    first.ended().check()
    assert sorted(path.name for path in directory.root.glob("m.json*")) == ["m.json"]


# -- policies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "started", "reason"),
    [
        (["--canary", "2"], ["db0", "db1"], "canary"),
        (["--on-failure", "stop", "--workers", "1"], ["db0", "db1"], "failures"),
        (["--max-failures", "1", "--workers", "1"], ["db0", "db1"], "failures"),
        ([], ["db0", "db1", "db2", "db3"], None),
    ],
)
def test_what_a_failure_stops(directory: Directory, args: list[str], started: list[str], reason: str | None) -> None:
    """A failed canary, `stop`, or too many failures: nothing more is started, and the manifest says what is left."""
    sqlite_list(directory, 4)
    (directory.root / "db1.sqlite").mkdir()
    run = run_runner("upgrade", "--targets", "list.txt", "--manifest", "m.json", *args, cwd=directory.root).check(76)
    assert sorted(one["target"] for one in run.events("target.started")) == started
    assert [one["reason"] for one in run.events("fleet.stopping")] == ([reason] if reason else [])
    failed = run.event("run.failed")
    assert (failed["failed"], failed["untouched"]) == (["db1"], 4 - len(started))
    outcomes = [one["outcome"] for one in entries(directory.root / "m.json").values()]
    assert outcomes[:2] == ["applied", "failed"]
    assert outcomes[len(started) :] == ["pending"] * (4 - len(started))


def test_new_revisions_are_a_new_run(directory: Directory) -> None:
    """A manifest of earlier heads makes nothing done; what is at the head is only looked at."""
    sqlite_list(directory, 2)
    env = {"RUNNER_TARGETS": "list.txt", "RUNNER_MANIFEST": "m.json"}
    run_runner("upgrade", env=env, cwd=directory.root).check()
    directory.add(RevisionFile(revision="t3", down_revision="t2"))
    again = run_runner("upgrade", env=env, cwd=directory.root).check()
    assert again.event("fleet.planned")["resumed"] is False
    assert [one["applied"] for one in again.events("target.finished")] == [1, 1]
    (directory.root / "m.json").unlink()
    third = run_runner("upgrade", env=env, cwd=directory.root).check()
    assert third.event("run.finished")["targets"] == {"current": 2}


def test_shares_of_an_indexed_job(directory: Directory) -> None:
    """Each pod takes its share by JOB_COMPLETION_INDEX; together they take everything, once."""
    names = sqlite_list(directory, 9)
    env = {"RUNNER_TARGETS": "list.txt", "RUNNER_SHARD_COUNT": "3", "RUNNER_MANIFEST": "m-{shard}.json"}
    started = []
    for index in range(3):
        run = run_runner("upgrade", env={**env, "JOB_COMPLETION_INDEX": str(index)}, cwd=directory.root).check()
        started += [one["target"] for one in run.events("target.started")]
        assert sorted(entries(directory.root / f"m-{index}.json")) == sorted(
            one["target"] for one in run.events("target.started")
        )
    assert sorted(started) == sorted(names)
    run_runner("upgrade", env={**env, "JOB_COMPLETION_INDEX": "3"}, cwd=directory.root).check(10)


# -- what it is told, and what it says ---------------------------------------------------------------------


def test_env_py_is_run_for_each_target(tmp_path: Path) -> None:
    """With an env.py each target's URL is where env.py looks for it."""
    directory = make_directory(tmp_path, chain(2, upgrade='op.create_table("t{n}", sa.Column("id", sa.Integer))'))
    sqlite_list(directory, 3)
    run = run_runner("upgrade", "--targets", "list.txt", "--workers", "2", cwd=directory.root).check()
    assert run.event("run.finished")["targets"] == {"applied": 3}
    again = run_runner("upgrade", "--targets", "list.txt", cwd=directory.root).check()
    assert again.event("run.finished")["targets"] == {"current": 3}


def test_no_secret_leaves(directory: Directory, pg_url: str) -> None:
    """The password is in no manifest, log line, command line or environment of a worker."""
    password = pg_url.partition("://")[2].partition("@")[0].partition(":")[2]
    make_tenants(pg_url, ["a", "b"])
    (directory.root / "slow_a").touch()
    (directory.root / "url").write_text(pg_url, encoding="utf-8")
    (directory.root / "list.json").write_text(
        json.dumps([{"name": "a", "url_file": "url", "schema": "a"}, {"name": "b", "url": f"{pg_url}_gone"}]),
        encoding="utf-8",
    )
    env = {"RUNNER_TARGETS": "list.json", "RUNNER_MANIFEST": "m.json", "RUNNER_CONNECT_WAIT_SECONDS": "0"}
    run = Run(directory, env={**env, "RUNNER_LOG_LEVEL": "debug"})
    pid = run.wait_for("target.started", target="a")["pid"]
    run.wait_for("step.started", target="a", revision="t2")
    for name in ("cmdline", "environ"):
        assert password.encode() not in Path(f"/proc/{pid}/{name}").read_bytes()
    (directory.root / "slow_a").unlink()
    ended = run.ended().check(76)
    assert ended.event("target.failed")["exit_code"] == 30
    assert password not in ended.stdout
    assert password not in (directory.root / "m.json").read_text("utf-8")


def test_the_status_of_many(directory: Directory) -> None:
    """`status --targets` shows one line for each target; --check fails unless all are at the heads."""
    sqlite_list(directory, 3)
    run_runner("upgrade", env={"DATABASE_URL": sqlite_url(directory.root / "db1.sqlite")}, cwd=directory.root).check()
    (directory.root / "db2.sqlite").mkdir()
    shown = run_runner("status", "--targets", "list.txt", cwd=directory.root)
    lines = shown.stdout.splitlines()
    assert [line.split()[:3] for line in lines[:3]] == [
        ["target", "state", "pending"],
        ["db0", "behind", "2"],
        ["db1", "current", "0"],
    ]
    assert lines[3].split()[:2] == ["db2", "connection-failed"]
    assert shown.returncode == 76
    (directory.root / "db2.sqlite").rmdir()
    run_runner("status", "--targets", "list.txt", cwd=directory.root).check()
    found = run_runner("status", "--check", "--json", "--targets", "list.txt", cwd=directory.root).check(70)
    assert [one["target"] for one in json.loads(found.stdout)] == ["db0", "db1", "db2"]
    planned = run_runner("plan", "--targets", "list.txt", cwd=directory.root).check().stdout.splitlines()
    assert [line.split() for line in planned] == [
        ["target", "at", "pending", "revisions"],
        ["db0", "-", "2", "t1,t2"],
        ["db1", "t2", "0", "-"],
        ["db2", "-", "2", "t1,t2"],
    ]
    reached = run_runner("current", "--check-heads", "--targets", "list.txt", cwd=directory.root).check(70)
    assert reached.stdout.splitlines()[2].split() == ["db1", "t2"]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["upgrade", "--sql"], 10),
        (["downgrade", "base"], 10),
        (["stamp", "t1"], 10),
        (["check"], 10),
        (["upgrade", "--schema", "a"], 10),
        (["upgrade", "--workers", "0"], 10),
        (["upgrade", "--shard-index", "1"], 10),
    ],
)
def test_what_does_not_go_together_is_refused(directory: Directory, args: list[str], code: int) -> None:
    """Many targets for a command that knows one, and impossible numbers, are mistakes in the settings."""
    sqlite_list(directory, 2)
    run_runner(*args, env={"RUNNER_TARGETS": "list.txt"}, cwd=directory.root).check(code)
    assert not (directory.root / "db0.sqlite").exists()


def test_a_bad_list_is_refused_with_its_lines(directory: Directory) -> None:
    """A list that cannot be used starts nothing."""
    sqlite_list(directory, 2)
    with (directory.root / "list.txt").open("a", encoding="utf-8") as file:
        file.write("name=db0 url=sqlite:///twice.db\n")
    refused = run_runner("upgrade", "--targets", "list.txt", cwd=directory.root).check(10).event("run.failed")
    assert refused["error_code"] == "targets-invalid"
    assert refused["message"] == "list.txt:3: the name db0 is that of list.txt:1, too."
    missing = run_runner("upgrade", "--targets", "gone.txt", cwd=directory.root).check(10).event("run.failed")
    assert missing["error_code"] == "targets-invalid"


def test_a_worker_that_cannot_start_ends_the_run(directory: Directory) -> None:
    """Workers that die while they start are no reason to try it for every target."""
    names = sqlite_list(directory, 3)
    code = "import os, sys; sys.executable = '/bin/false'; from runner.cli import main; sys.exit(main(['upgrade']))"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=directory.root,
        env=scrubbed_environment({"RUNNER_TARGETS": "list.txt", "RUNNER_WORKERS": "1"}),
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    run = finished_program(["runner"], ended.returncode, ended.stdout, ended.stderr).check(77)
    assert [one["target"] for one in run.events("target.started")] == names[:1]


def test_a_plain_upgrade_knows_nothing_of_it(directory: Directory, sqlite_file_url: str) -> None:
    """A run for one database imports none of this."""
    code = (
        "import sys; from runner.cli import main; main(['upgrade']);"
        "print(*(name for name in sys.modules if 'fleet' in name), sep=',', file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=directory.root,
        env=scrubbed_environment({"DATABASE_URL": sqlite_file_url}),
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=True,
    )
    assert ended.stderr == "\n"

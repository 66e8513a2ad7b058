"""docker-compose.yml as it is shipped: the job between a database and an application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.directories import RevisionFile, chain, make_directory
from tests.docker import Project, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.slow]

ProjectFactory = Callable[[Path], Project]


def _directory(tmp_path: Path, *revisions: RevisionFile) -> Path:
    tmp_path.chmod(0o755)
    return make_directory(tmp_path / "app", revisions, env="none").root


def test_the_application_starts_after_the_job(project: ProjectFactory, tmp_path: Path) -> None:
    """First `up`: everything is applied, then the application runs; second `up`: nothing is applied."""
    compose = project(_directory(tmp_path, *chain(2)))
    compose.run("up", "--wait").check()
    assert compose.job_logs().event("run.finished")["applied"] == 2
    assert compose.states()["application"][0] == "running"
    compose.run("up", "--exit-code-from", "migrate", "migrate").check()
    assert [line["applied"] for line in compose.job_logs().events("run.finished")] == [2, 0]


def test_a_failed_migration_keeps_the_application_down(project: ProjectFactory, tmp_path: Path) -> None:
    """Its exit code says why, its log says where, and the application was never started."""
    broken = RevisionFile(revision="r0001", upgrade="op.execute('alter table nowhere add n int')")
    compose = project(_directory(tmp_path, broken))
    assert compose.run("up", "--wait").returncode != 0
    states = compose.states()
    assert states["migrate"] == ("exited", 51)
    assert states["application"][0] == "created"
    assert "nowhere" in compose.job_logs().event("run.failed")["message"]


def test_a_database_that_comes_up_late_is_waited_for(project: ProjectFactory, tmp_path: Path) -> None:
    """The job starts first, says that it waits, and applies everything once the server answers."""
    compose = project(_directory(tmp_path, *chain(1)))
    compose.run("up", "--detach", "--no-deps", "migrate").check()
    compose.run("up", "--detach", "database").check()
    assert compose.run("wait", "migrate").check().stdout.split()[-1] == "0"
    logs = compose.job_logs()
    assert logs.events("connection.waiting")
    assert logs.event("run.finished")["applied"] == 1


def test_a_killed_job_is_simply_run_again(project: ProjectFactory, tmp_path: Path) -> None:
    """Nothing of the step in progress is left, no lock either; the next run applies it."""
    slow = "op.execute('create table t (n int)')\nop.execute('select pg_sleep(300)')"
    directory = _directory(tmp_path, RevisionFile(revision="r0001", upgrade=slow))
    compose = project(directory)
    compose.run("up", "--detach", "--wait", "database").check()
    compose.run("up", "--detach", "migrate").check()
    wait_until(lambda: bool(compose.job_logs().events("step.started")))
    compose.run("kill", "--signal", "KILL", "migrate").check()
    assert compose.states()["migrate"] == ("exited", 137)
    (file,) = directory.rglob("r0001*.py")
    file.write_text(file.read_text(encoding="utf-8").replace("pg_sleep(300)", "pg_sleep(0)"), encoding="utf-8")
    compose.run("up", "--exit-code-from", "migrate", "migrate").check()
    assert compose.job_logs().events("run.finished")[-1]["applied"] == 1

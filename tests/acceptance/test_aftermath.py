"""The last line, the termination message and the metrics of a run, through the command line; no secret in any."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from sqlalchemy import make_url

from tests.directories import RevisionFile, chain, make_directory
from tests.programs import run_runner

CANARY = "canary-Zq7%81@/"


def files(root: Path) -> dict[str, str]:
    """Return the settings that ask for both files."""
    return {
        "RUNNER_TERMINATION_MESSAGE_FILE": str(root / "termination-log"),
        "RUNNER_METRICS_FILE": str(root / "runner.prom"),
    }


def test_a_success_is_summed_up(tmp_path: Path, database_url: str) -> None:
    """Release, revisions, counts, durations and attempts are in the last line."""
    directory = make_directory(tmp_path, chain(2), env="none")
    variables = {"DATABASE_URL": database_url, "RUNNER_RELEASE": "v7", **files(tmp_path)}

    finished = run_runner("upgrade", cwd=directory.root, env=variables).check()

    last = finished.logs[-1]
    assert (last["event"], last["applied"], last["release"]) == ("run.finished", 2, "v7")
    assert [(one["revision"], one["attempts"]) for one in last["revisions_run"]] == [("r0001", 1), ("r0002", 1)]
    assert (tmp_path / "termination-log").read_text() == "upgrade succeeded: 2 revision(s) run, the last one r0002"
    metrics = (tmp_path / "runner.prom").read_text()
    parsed = text_string_to_metric_families(metrics)  # type: ignore[no-untyped-call]  # no types there
    families = {one.name: one for one in parsed}
    assert families["runner_last_run_success"].samples[0].value == 1


def test_a_failure_is_summed_up(tmp_path: Path, sqlite_file_url: str) -> None:
    """What had been committed before the failure is told as well."""
    broken = RevisionFile(revision="r0002", down_revision="r0001", upgrade="raise ValueError('no')")
    directory = make_directory(tmp_path, [*chain(1), broken], env="none")

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": sqlite_file_url, **files(tmp_path)})

    last = finished.check(50).logs[-1]
    assert (last["event"], last["applied"], last["failed_revision"]) == ("run.failed", 1, "r0002")
    assert (tmp_path / "termination-log").read_text().startswith("revision-failed (exit code 50): Revision r0002")
    assert "runner_last_run_exit_code" in (tmp_path / "runner.prom").read_text()


def test_unusable_settings_are_a_reason_too(tmp_path: Path) -> None:
    """A job that dies of its settings says so where kubectl shows it."""
    run_runner("upgrade", cwd=tmp_path, env={"RUNNER_TARGETT": "x", **files(tmp_path)}).check(10)

    assert (tmp_path / "termination-log").read_text().startswith("settings-invalid (exit code 10)")


@pytest.mark.parametrize("command", ["upgrade", "status", "plan", "wait"])
def test_a_password_is_nowhere(tmp_path: Path, pg_url: str, command: str) -> None:
    """Neither the right password nor a wrong one appears in any output, file or history (invariant 9)."""
    right = str(make_url(pg_url).password)
    wrong = make_url(pg_url).set(password=CANARY).render_as_string(hide_password=False)
    broken = RevisionFile(revision="r0002", down_revision="r0001", upgrade="op.execute('SELECT nonsense')")
    directory = make_directory(tmp_path, [*chain(1), broken], env="none")
    said = ""
    for url in (pg_url, wrong):
        variables = {"DATABASE_URL": url, "RUNNER_WAIT_SECONDS": "0", **files(tmp_path)}
        finished = run_runner(command, cwd=directory.root, env=variables)
        said += finished.stdout + finished.stderr
        for path in (tmp_path / "termination-log", tmp_path / "runner.prom"):
            said += path.read_text() if path.exists() else ""
    said += run_runner("status", "--json", cwd=directory.root, env={"DATABASE_URL": pg_url}).check().stdout
    assert [secret for secret in (right, CANARY, "canary-Zq7") if secret in said] == []

"""An image that is older than its database (after a rollback) is told so, by policy, never by a stack trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.directories import chain, make_directory
from tests.programs import run_runner

ENVIRONMENTS = pytest.mark.parametrize("env", ["none", "generic"])


@ENVIRONMENTS
@pytest.mark.parametrize("command", [["upgrade"], ["downgrade", "-1"], ["current"]])
def test_an_older_image_is_refused_with_its_own_exit_code(
    tmp_path: Path, database_url: str, env: Any, command: list[str]
) -> None:
    """The history knows what the unknown revision follows, so this is no riddle: exit 72."""
    new = make_directory(tmp_path / "new", chain(4), env=env)
    old = make_directory(tmp_path / "old", chain(2), env=env)
    variables = {"DATABASE_URL": database_url}
    run_runner("upgrade", cwd=new.root, env=variables).check()

    finished = run_runner(*command, cwd=old.root, env=variables)

    failed = finished.check(72).event("run.failed")
    assert failed["error_code"] == "newer-database"
    assert failed["revisions"] == ["r0004"]
    assert "Traceback" not in finished.stdout + finished.stderr


@ENVIRONMENTS
def test_an_older_image_may_be_acceptable(tmp_path: Path, database_url: str, env: Any) -> None:
    """RUNNER_NEWER_DATABASE=ok lets the job of a rolled-back release succeed, with a warning, changing nothing."""
    new = make_directory(tmp_path / "new", chain(4), env=env)
    old = make_directory(tmp_path / "old", chain(2), env=env)
    variables = {"DATABASE_URL": database_url}
    run_runner("upgrade", cwd=new.root, env=variables).check()

    finished = run_runner("upgrade", cwd=old.root, env={**variables, "RUNNER_NEWER_DATABASE": "ok"}).check()

    assert finished.event("database.newer")["revisions"] == ["r0004"]
    assert finished.event("run.finished")["applied"] == 0
    assert run_runner("current", cwd=new.root, env=variables).check().stdout == "r0004 (head)\n"
    run_runner("current", "--check-heads", cwd=old.root, env={**variables, "RUNNER_NEWER_DATABASE": "ok"}).check()


@ENVIRONMENTS
def test_a_stamped_database_is_recognised_too(tmp_path: Path, database_url: str, env: Any) -> None:
    """A stamp leaves no rows of what lies below it, so it keeps its ancestors itself."""
    new = make_directory(tmp_path / "new", chain(4), env=env)
    old = make_directory(tmp_path / "old", chain(2), env=env)
    variables = {"DATABASE_URL": database_url}
    run_runner("stamp", "head", cwd=new.root, env=variables).check()

    run_runner("upgrade", cwd=old.root, env=variables).check(72)


@ENVIRONMENTS
def test_without_a_history_the_revision_stays_unknown(tmp_path: Path, database_url: str, env: Any) -> None:
    """Nobody can tell what an unknown revision follows, and the sentence says so: exit 35 as ever."""
    new = make_directory(tmp_path / "new", chain(4), env=env)
    old = make_directory(tmp_path / "old", chain(2), env=env)
    run_runner("upgrade", cwd=new.root, env={"DATABASE_URL": database_url, "RUNNER_HISTORY": "off"}).check()

    finished = run_runner("upgrade", cwd=old.root, env={"DATABASE_URL": database_url, "RUNNER_NEWER_DATABASE": "ok"})

    assert "no history" in finished.check(35).event("run.failed")["message"]

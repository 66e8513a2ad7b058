"""What tells an image that its database is newer; what it does then, by policy, is in the fault suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.directories import chain, make_directory
from tests.preloaded import run_runner

ENVIRONMENTS = pytest.mark.parametrize("env", ["none", "generic"])


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

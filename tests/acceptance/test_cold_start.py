"""A run with nothing pending imports no revision module and no authoring code (invariant 8)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.directories import chain, make_directory
from tests.programs import run_program, run_runner

SPY = """
import json, sys
from runner.cli import main
code = main(["upgrade"])
print("MODULES " + json.dumps(sorted(sys.modules)))
sys.exit(code)
"""


def modules_after_upgrade(directory: Path, url: str) -> set[str]:
    """Run `upgrade` in a process of its own and return the modules it had imported at the end."""
    finished = run_program([sys.executable, "-c", SPY], cwd=directory, env={"DATABASE_URL": url}).check()
    (line,) = (line for line in finished.stdout.splitlines() if line.startswith("MODULES "))
    return set(json.loads(line.removeprefix("MODULES ")))


def test_nothing_pending_with_the_built_in_environment(tmp_path: Path, database_url: str) -> None:
    """Without env.py a no-op run imports neither SQLAlchemy nor pydantic, Mako, a revision or Alembic's names."""
    directory = make_directory(tmp_path, chain(3), env="none")
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": database_url}).check()

    imported = modules_after_upgrade(directory.root, database_url)

    unwanted = (
        "sqlalchemy",
        "pydantic",
        "mako",
        "alembic",
        "runner.operations",
        "runner.dialects",
        "runner.autogenerate",
        "runner.artifact",
    )
    assert [name for name in sorted(imported) if name.startswith(unwanted) or "r000" in name] == []


def test_nothing_pending_with_env_py(tmp_path: Path, database_url: str) -> None:
    """With env.py a no-op run imports what env.py imports, but no revision and no Mako."""
    directory = make_directory(tmp_path, chain(3), env="generic")
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": database_url}).check()

    imported = modules_after_upgrade(directory.root, database_url)

    unwanted = ("pydantic", "mako", "runner.autogenerate", "runner.artifact")
    assert [name for name in sorted(imported) if name.startswith(unwanted) or "r000" in name] == []


@pytest.mark.parametrize("env", ["none", "generic"])
def test_nothing_pending_takes_no_lock(tmp_path: Path, pg_url: str, env: str) -> None:
    """A no-op run neither takes the lock nor reports a step."""
    directory = make_directory(tmp_path, chain(3), env=env)  # type: ignore[arg-type]  # a parameter
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()

    assert {"run.started", "plan.computed", "run.finished"} >= {line["event"] for line in finished.logs}
    assert finished.event("run.finished")["applied"] == 0

"""An old image against a newer database: what the policy says, at each start, and nothing changed (FIELD D 12)."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from runner.errors import NewerDatabase
from tests.directories import Environment, chain, make_directory
from tests.fix_faults import Tally
from tests.preloaded import Preloaded

pytestmark = pytest.mark.slow

_NEWEST = 4
_CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"
_REFUSED = (["upgrade"], ["upgrade"], ["downgrade", "-1"], ["current"])
_ACCEPTED = (["upgrade"], ["upgrade"], ["current", "--check-heads"], ["wait", "--for", "schema"])


def _state(url: str) -> object:
    """Return the tables of a database, its version rows and what its history calls applied."""
    engine = create_engine(url)
    with engine.connect() as connection:
        versions = connection.execute(text("SELECT version_num FROM alembic_version")).all()
        history = connection.execute(text("SELECT revision, outcome FROM runner_history ORDER BY id")).all()
        state = sorted(inspect(connection).get_table_names()), versions, history
    engine.dispose()
    return state


@pytest.mark.parametrize("env", ["none", "generic"])
def test_an_older_image_is_answered_by_policy(
    runs: Preloaded, database_url: str, tmp_path: Path, tally: Tally, env: Environment
) -> None:
    """Refused with 72, which no policy of a Job tries again, or accepted with 0: each start gives the same answer."""
    assert not NewerDatabase.retryable
    newest = make_directory(tmp_path / "new", chain(_NEWEST, upgrade=_CREATE), env=env).root
    runs.run("upgrade", env={"DATABASE_URL": database_url}, cwd=newest).check()
    before, rounds = _state(database_url), 0
    for known in range(1, _NEWEST):
        older = make_directory(tmp_path / f"old{known}", chain(known, upgrade=_CREATE), env=env).root
        for command in _REFUSED:
            refused = runs.run(*command, env={"DATABASE_URL": database_url}, cwd=older).check(NewerDatabase.exit_code)
            failed = refused.event("run.failed")
            assert (failed["error_code"], failed["revisions"]) == ("newer-database", [f"r000{_NEWEST}"])
            assert "Traceback" not in refused.stdout + refused.stderr
            rounds += 1
        for command in _ACCEPTED:
            settings = {"DATABASE_URL": database_url, "RUNNER_NEWER_DATABASE": "ok", "RUNNER_WAIT_SECONDS": "0"}
            accepted = runs.run(*command, env=settings, cwd=older).check()
            if command == ["upgrade"]:
                assert accepted.event("database.newer")["revisions"] == [f"r000{_NEWEST}"]
                assert accepted.event("run.finished")["applied"] == 0
            rounds += 1
    assert _state(database_url) == before
    tally(f"an older image against a newer database, {database_url.partition(':')[0].partition('+')[0]}", rounds)

"""Many runners at once: one applies, the others find nothing left (FIELD D 1, 2, 13)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.atwork import ask
from tests.directories import RevisionFile, chain, make_directory
from tests.fix_faults import Tally
from tests.preloaded import Preloaded
from tests.programs import Finished

pytestmark = pytest.mark.slow

_CROWD = 30
_CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"
_CONCURRENTLY = """
op.create_table('big', sa.Column('id', sa.Integer))
op.execute('INSERT INTO big SELECT generate_series(1, 20000)')
with op.get_context().autocommit_block():
    op.create_index('ix_big', 'big', ['id'], postgresql_concurrently=True)
"""


def _crowd(runs: Preloaded, directory: Path, url: str, count: int = _CROWD) -> list[Finished]:
    environment = {"DATABASE_URL": url, "RUNNER_CONNECT_WAIT_SECONDS": "60"}
    started = [runs.start("upgrade", env=environment, cwd=directory) for _ in range(count)]
    return [runs.wait(run).check() for run in started]


def _applied(finished: list[Finished]) -> list[int]:
    return sorted(one.event("run.finished")["applied"] for one in finished)


def test_thirty_cold_starts(
    runs: Preloaded, pg_database_factory: Callable[[], str], tmp_path: Path, tally: Tally
) -> None:
    """Thirty runners on an empty database: exactly one applies, all exit with 0, whichever is first."""
    directory = make_directory(tmp_path, chain(3, upgrade=_CREATE), env="none").root
    for _ in range(5):
        assert _applied(_crowd(runs, directory, pg_database_factory())) == [0] * (_CROWD - 1) + [3]
    tally("thirty cold starts on an empty database", 5)


def test_thirty_cold_starts_with_a_concurrent_index(
    runs: Preloaded, pg_database_factory: Callable[[], str], tmp_path: Path, tally: Tally
) -> None:
    """CREATE INDEX CONCURRENTLY in the one that applies: no deadlock with those that wait, and the index is valid."""
    directory = make_directory(tmp_path, [RevisionFile(revision="r1", upgrade=_CONCURRENTLY)], env="none").root
    for _ in range(20):
        url = pg_database_factory()
        assert _applied(_crowd(runs, directory, url)) == [0] * (_CROWD - 1) + [1]
        assert ask(url, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_big'::regclass") == [(True,)]
    tally("thirty cold starts with CREATE INDEX CONCURRENTLY", 20)


def test_every_waiter_gets_its_turn(runs: Preloaded, pg_url: str, tmp_path: Path, tally: Tally) -> None:
    """Thirty runners with work of their own behind one lock: every one of them is served within its deadline."""
    environment = {"DATABASE_URL": pg_url, "RUNNER_LOCK_KEY": "7", "RUNNER_LOCK_WAIT_SECONDS": "120"}
    started = []
    for number in range(_CROWD):
        directory = make_directory(tmp_path / str(number), chain(1, upgrade="op.execute('SELECT 1')"), env="none").root
        own = environment | {"RUNNER_VERSION_TABLE": f"version_{number}"}
        started.append(runs.start("upgrade", env=own, cwd=directory))
    assert _applied([runs.wait(run).check() for run in started]) == [1] * _CROWD
    tally("thirty runners with work of their own behind one lock", 1)


def test_a_fleet_of_schemas_with_poisoned_ones(runs: Preloaded, pg_url: str, tmp_path: Path, tally: Tally) -> None:
    """Two hundred tenant schemas, three of which cannot take the revision: those fail, the others do not notice."""
    schemas = [f"tenant_{number:03}" for number in range(200)]
    poisoned = {"tenant_017", "tenant_101", "tenant_199"}
    ask(pg_url, ";".join(f"CREATE SCHEMA {schema}" for schema in schemas))
    ask(pg_url, ";".join(f"CREATE TABLE {schema}.t2 (poison int)" for schema in sorted(poisoned)))
    directory = make_directory(tmp_path, chain(3, upgrade=_CREATE), env="none").root
    separator = "&" if "?" in pg_url else "?"
    codes: dict[str, int] = {}
    for start in range(0, len(schemas), 10):
        batch = {
            schema: runs.start(
                "upgrade",
                env={
                    "DATABASE_URL": f"{pg_url}{separator}options=-csearch_path%3D{schema}",
                    "RUNNER_VERSION_TABLE_SCHEMA": schema,
                },
                cwd=directory,
            )
            for schema in schemas[start : start + 10]
        }
        codes |= {schema: runs.wait(run).returncode for schema, run in batch.items()}
    assert {schema for schema, code in codes.items() if code != 0} == poisoned
    assert {codes[schema] for schema in poisoned} == {51}
    selects = (f"SELECT '{schema}', version_num FROM {schema}.alembic_version" for schema in schemas)
    rows = dict(ask(pg_url, " UNION ALL ".join(selects)))
    assert rows == {schema: "r0001" if schema in poisoned else "r0003" for schema in schemas}
    tally("two hundred schemas, three of them poisoned", 200)

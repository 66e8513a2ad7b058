"""A real replica as the target: refused where something is pending, and good enough for every question."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.artifacts import PATH, Applied, apply_all, by_psql, by_psycopg, files, make_artifact
from tests.atwork import ask, wait_until
from tests.directories import chain, make_directory
from tests.postgres import PostgresServer, find_installations, pg_dump, start_replica, start_server
from tests.preloaded import run_runner

CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A server of the oldest version there is, and one that follows it."""
    if not find_installations():
        pytest.skip("no PostgreSQL: install the server programs (Debian: postgresql)")
    installation = find_installations()[0]
    with start_server(installation, replicated=True) as primary, start_replica(primary, installation) as replica:
        yield primary, replica


def test_a_replica_is_asked_but_not_written_to(tmp_path: Path, servers: tuple[PostgresServer, PostgresServer]) -> None:
    """Exit code 37 while something is pending there, 0 once nothing is; `plan`, `status` and `wait` work."""
    primary, replica = servers
    database = followed_database(primary, replica)
    writable, followed = ({"DATABASE_URL": server.url(database)} for server in servers)
    one = make_directory(tmp_path / "one", chain(1, upgrade=CREATE), env="none").root
    two = make_directory(tmp_path / "two", chain(2, upgrade=CREATE), env="none").root
    run_runner("upgrade", cwd=one, env=writable).check()
    wait_until(lambda: _version(replica.url(database)) == "r0001", what="the replica to follow")

    refused = run_runner("upgrade", cwd=two, env=followed).check(37)
    assert refused.event("run.failed")["error_code"] == "server-read-only"
    assert "replica" in refused.event("run.failed")["message"]
    assert refused.events("lock.acquired") == refused.events("step.started") == []
    run_runner("plan", cwd=two, env=followed).check(37)

    assert run_runner("upgrade", cwd=one, env=followed).check().event("run.finished")["applied"] == 0
    run_runner("wait", "--for", "schema", cwd=one, env=followed | {"RUNNER_WAIT_SECONDS": "0"}).check()
    told = json.loads(run_runner("status", "--json", cwd=two, env=followed).check().stdout)
    assert "r0002" in json.dumps(told)
    assert _version(primary.url(database)) == "r0001"


def test_a_file_of_an_artifact_is_refused_there(tmp_path: Path, servers: tuple[PostgresServer, PostgresServer]) -> None:
    """With psql it is exit code 3 and the sentence of RR002 for every kind of file, another client with its code."""
    primary, replica = servers
    database = followed_database(primary, replica)
    directory = make_directory(tmp_path, PATH)
    bundles = {client: make_artifact(directory, "--from", "base", "--client", client, output=client) for client in WAYS}
    for number, path in enumerate(files(bundles["native"])):
        url = replica.url(database)
        before = everything(primary.url(database))
        wait_until(partial(_is, url, before), what="the replica to follow")
        for client, (way, code, says) in WAYS.items():
            done = way(url, files(bundles[client])[number])
            assert (done.returncode, says in done.message) == (code, True), (path.name, done.message)
        assert everything(url) == before
        apply_all(primary.url(database), [path])


WAYS: dict[str, tuple[Callable[[str, Path], Applied], int, str]] = {
    "native": (by_psql, 3, "This server is a replica and takes no writes. Nothing was changed."),
    "any": (by_psycopg, 1, "RR002"),
}


def followed_database(primary: PostgresServer, replica: PostgresServer) -> str:
    """Return a new database that the replica has too."""
    database = primary.create_database()
    is_there = f"SELECT 1 FROM pg_database WHERE datname = '{database}'"
    wait_until(lambda: bool(ask(replica.url("postgres"), is_there)), what="the replica to have the database")
    return database


def everything(url: str) -> str:
    return pg_dump(url, "--inserts", "--no-owner", "--no-privileges")


def _is(url: str, expected: str) -> bool:
    return everything(url) == expected


def _version(url: str) -> str | None:
    if ask(url, "SELECT to_regclass('alembic_version')") == [(None,)]:
        return None
    return str(ask(url, "SELECT version_num FROM alembic_version")[0][0])

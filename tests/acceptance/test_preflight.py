"""What would make a run fail later is said before anything is touched, each with its own exit code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, make_url

from tests.directories import chain, make_directory
from tests.mariadb import MariadbServer
from tests.postgres import PostgresServer
from tests.preloaded import run_runner

ENVIRONMENTS = pytest.mark.parametrize("env", ["none", "generic"])


def tables(url: str) -> list[str]:
    """Return the tables of a database."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = sorted(inspect(connection).get_table_names())
    engine.dispose()
    return found


@ENVIRONMENTS
@pytest.mark.parametrize("command", ["upgrade", "plan"])
def test_a_read_only_role_is_refused(
    tmp_path: Path, pg_url: str, pg_server: PostgresServer, env: Any, command: str
) -> None:
    """default_transaction_read_only is exit code 37, and the sentence says how to end it."""
    name = str(make_url(pg_url).database)
    pg_server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    directory = make_directory(tmp_path, chain(1), env=env)

    finished = run_runner(command, cwd=directory.root, env={"DATABASE_URL": pg_url}).check(37)

    assert "default_transaction_read_only" in finished.event("run.failed")["message"]
    assert finished.events("lock.acquired") == finished.events("step.started") == []
    assert tables(pg_url) == []


def test_a_role_that_may_not_create_the_version_table_is_refused(
    tmp_path: Path, pg_url: str, pg_server: PostgresServer
) -> None:
    """A missing CREATE is exit code 32, with the GRANT that is needed."""
    url = make_url(pg_url)
    _take_create_away(pg_server, str(url.database), str(url.username))
    directory = make_directory(tmp_path, chain(1), env="none")

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check(32)

    assert f"GRANT CREATE ON SCHEMA public TO {url.username}" in finished.event("run.failed")["message"]


def test_a_missing_schema_is_refused(tmp_path: Path, pg_url: str) -> None:
    """The version table's schema must be there."""
    directory = make_directory(tmp_path, chain(1), env="none")
    variables = {"DATABASE_URL": pg_url, "RUNNER_VERSION_TABLE_SCHEMA": "nowhere"}

    finished = run_runner("upgrade", cwd=directory.root, env=variables).check(39)

    assert "schema nowhere does not exist" in finished.event("run.failed")["message"]


def test_what_only_some_revisions_need_is_a_hint(tmp_path: Path, pg_url: str, pg_server: PostgresServer) -> None:
    """With the version table there, a missing CREATE or a table of somebody else need not matter."""
    url = make_url(pg_url)
    directory = make_directory(tmp_path, chain(2), env="none")
    run_runner("upgrade", "r0001", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()
    _take_create_away(pg_server, str(url.database), str(url.username))
    pg_server.execute("CREATE TABLE public.somebody_elses (id int)", database=str(url.database))

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()

    missing = [event["missing"] for event in finished.events("preflight.hint")]
    assert missing[0] == "CREATE on the schema"
    assert missing[1].startswith("ownership of tables of ")


def test_a_version_table_that_may_only_be_read_is_refused(
    tmp_path: Path, pg_url: str, pg_server: PostgresServer
) -> None:
    """What would fail after the first revision's DDL fails before it."""
    url = make_url(pg_url)
    directory = make_directory(tmp_path, chain(2), env="none")
    run_runner("upgrade", "r0001", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()
    pg_server.execute("ALTER TABLE public.alembic_version OWNER TO CURRENT_USER", database=str(url.database))
    pg_server.execute(f"GRANT SELECT ON public.alembic_version TO {url.username}", database=str(url.database))

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check(32)

    assert "GRANT INSERT, UPDATE, DELETE ON alembic_version" in finished.event("run.failed")["message"]


def test_nothing_pending_asks_nothing(tmp_path: Path, pg_url: str, pg_server: PostgresServer) -> None:
    """A run with nothing to do succeeds on a server that takes no writes."""
    directory = make_directory(tmp_path, chain(1), env="none")
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()
    pg_server.execute(f"ALTER DATABASE {make_url(pg_url).database} SET default_transaction_read_only = on")

    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()


@pytest.mark.skipif(os.getuid() == 0, reason="for users other than root, who may write everything")
def test_an_sqlite_file_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    """The file and its directory must be writable."""
    path = tmp_path / "database.sqlite"
    path.touch(mode=0o400)
    directory = make_directory(tmp_path / "project", chain(1), env="none")

    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": f"sqlite:///{path}"}).check(37)


def test_a_read_only_mariadb_is_refused(tmp_path: Path, mariadb_url: str, mariadb_server: MariadbServer) -> None:
    """read_only is how replicas are kept from being written to."""
    directory = make_directory(tmp_path, chain(1), env="none")
    mariadb_server.execute("SET GLOBAL read_only = ON")
    try:
        run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": mariadb_url}).check(37)
    finally:
        mariadb_server.execute("SET GLOBAL read_only = OFF")


def _take_create_away(server: PostgresServer, database: str, role: str) -> None:
    server.execute("ALTER SCHEMA public OWNER TO CURRENT_USER", database=database)
    server.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database=database)
    server.execute(f"REVOKE CREATE ON SCHEMA public FROM {role}", database=database)

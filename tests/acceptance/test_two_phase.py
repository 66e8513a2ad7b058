"""The multidb template with two-phase commit: all databases, or none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from tests import postgres
from tests.fix_mariadb import MariadbDatabaseFactory
from tests.fix_postgres import PgDatabaseFactory
from tests.oracle import sqlite_url
from tests.postgres import PostgresServer
from tests.preloaded import run_runner
from tests.side_tables import without_side_tables

REVISION = """\
import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None


def upgrade(engine_name):
    op.create_table("made_in_" + engine_name, sa.Column("id", sa.Integer))
    if engine_name == "engine2":
        BEFORE_THE_END


def downgrade(engine_name):
    op.drop_table("made_in_" + engine_name)
"""


def made(root: Path, *urls: str, before_the_end: str = "pass") -> Path:
    """Return a directory of the template, with two-phase commit and one revision."""
    run_runner("init", "-t", "multidb", "db", cwd=root).check()
    ini, env_py = root / "alembic.ini", root / "db" / "env.py"
    lines = iter(urls)
    ini.write_text(
        "".join(
            f"sqlalchemy.url = {next(lines)}\n" if line.startswith("sqlalchemy.url") else line
            for line in ini.read_text().splitlines(keepends=True)
        )
    )
    env_py.write_text(env_py.read_text().replace("USE_TWOPHASE = False", "USE_TWOPHASE = True"))
    (root / "db" / "versions" / "a1_one.py").write_text(REVISION.replace("BEFORE_THE_END", before_the_end))
    return root


def tables(url: str) -> list[str]:
    """Return the names of the tables, without the side tables."""
    engine = create_engine(url)
    with engine.connect() as connection:
        names = without_side_tables(inspect(connection).get_table_names())
    engine.dispose()
    return names


def prepared(server: PostgresServer) -> int:
    """Return how many transactions are prepared and neither committed nor rolled back."""
    engine = create_engine(server.admin_url())
    with engine.connect() as connection:
        count = connection.scalar(text("SELECT count(*) FROM pg_prepared_xacts"))
    engine.dispose()
    return int(count or 0)


@pytest.fixture(scope="module")
def preparing_server() -> Iterator[PostgresServer]:
    """A server with room for prepared transactions; the default has none."""
    found = postgres.find_installations()
    if not found:
        pytest.skip("no PostgreSQL server programs to start one with max_prepared_transactions")
    with postgres.start_server(found[-1], max_prepared_transactions="10") as server:
        yield server


@pytest.mark.pg
def test_both_databases_or_none(preparing_server: PostgresServer, tmp_path: Path) -> None:
    """What fails on the second database leaves nothing in the first; what succeeds is committed in both (ENV-44)."""
    urls = [preparing_server.url(preparing_server.create_database()) for _ in range(2)]
    failing = made(tmp_path, *urls, before_the_end="op.execute('SELECT 1 / 0')")

    assert run_runner("upgrade", cwd=failing).returncode == 51
    assert [tables(url) for url in urls] == [[], []]

    versions = failing / "db" / "versions" / "a1_one.py"
    versions.write_text(REVISION.replace("BEFORE_THE_END", "pass"))
    finished = run_runner("upgrade", cwd=failing).check()

    assert finished.event("run.finished")["applied"] == 2
    assert [tables(url) for url in urls] == [
        ["alembic_version", "made_in_engine1"],
        ["alembic_version", "made_in_engine2"],
    ]
    assert prepared(preparing_server) == 0
    run_runner("downgrade", "base", cwd=failing).check()
    assert [tables(url) for url in urls] == [["alembic_version"], ["alembic_version"]]


def test_a_server_without_room_says_so(pg_database_factory: PgDatabaseFactory, tmp_path: Path) -> None:
    """The server's default is not to prepare: the run fails with its words, and nothing has changed."""
    urls = [pg_database_factory() for _ in range(2)]
    failed = run_runner("upgrade", cwd=made(tmp_path, *urls))

    assert failed.returncode != 0
    assert "engine1: the server prepares no transactions. Set its max_prepared" in failed.event("run.failed")["message"]
    assert [tables(url) for url in urls] == [[], []]


def test_sqlite_cannot_prepare(tmp_path: Path) -> None:
    """SQLite has no two-phase commit: the run fails, and nothing has changed."""
    urls = [sqlite_url(tmp_path / f"{name}.sqlite") for name in ("one", "two")]
    failed = run_runner("upgrade", cwd=made(tmp_path, *urls))

    assert failed.returncode != 0
    assert "engine1: no two-phase commit with sqlite." in failed.event("run.failed")["message"]
    assert [tables(url) for url in urls] == [[], []]


def test_mariadb_has_no_ddl_in_it(mariadb_database_factory: MariadbDatabaseFactory, tmp_path: Path) -> None:
    """MySQL and MariaDB refuse DDL in a prepared transaction: the run fails first, and nothing has changed."""
    urls = [mariadb_database_factory() for _ in range(2)]
    engine = create_engine(urls[0])
    with engine.connect() as connection, connection.begin_twophase() as transaction:
        with pytest.raises(DBAPIError, match="XAER_RMFAIL"):
            connection.execute(text("CREATE TABLE t (id integer)"))
        transaction.rollback()
    engine.dispose()

    failed = run_runner("upgrade", cwd=made(tmp_path, *urls))

    assert failed.returncode != 0
    assert "engine1: no two-phase commit with mysql." in failed.event("run.failed")["message"]
    assert [tables(url) for url in urls] == [[], []]

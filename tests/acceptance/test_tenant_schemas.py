"""A run for one tenant's schema: `RUNNER_SCHEMA`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.directories import Directory, RevisionFile, make_directory
from tests.fix_postgres import Psql
from tests.preloaded import run_runner

TENANT = RevisionFile(
    revision="t1", upgrade='op.create_table("orders", sa.Column("id", sa.Integer))', downgrade='op.drop_table("orders")'
)
TENANT_ENV = """
from alembic import context
from sqlalchemy import create_engine, text

schema = context.get_x_argument(as_dictionary=True)["schema"]
assert context.config.attributes["schema"] == schema
with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    connection.execute(text("SELECT set_config('search_path', quote_ident(:schema), false)"), {"schema": schema})
    connection.commit()
    connection.dialect.default_schema_name = schema
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


@contextmanager
def session(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


def make_schemas(url: str, *names: str) -> None:
    with session(url) as connection:
        for name in names:
            connection.execute(f'CREATE SCHEMA "{name}"'.encode())


def tables(url: str) -> set[str]:
    with session(url) as connection:
        rows = connection.execute(
            "SELECT schemaname || '.' || tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        return {row[0] for row in rows}


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return make_directory(tmp_path, [TENANT], env="none")


def test_everything_is_in_the_schema(directory: Directory, pg_url: str) -> None:
    """Tables, version table and history of a tenant are in its schema, and nothing is anywhere else."""
    make_schemas(pg_url, "ac me")
    env = {"DATABASE_URL": pg_url, "RUNNER_SCHEMA": "ac me"}
    run_runner("upgrade", env=env, cwd=directory.root).check()
    assert tables(pg_url) == {"ac me.orders", "ac me.alembic_version", "ac me.runner_history"}
    again = run_runner("upgrade", env=env, cwd=directory.root).check()
    assert again.event("run.finished")["applied"] == 0
    assert again.events("lock.acquired") == []
    assert '"state": "current"' in run_runner("status", "--json", env=env, cwd=directory.root).check().stdout


def test_shared_schemas_follow_on_the_search_path(directory: Directory, pg_url: str) -> None:
    """RUNNER_SHARED_SCHEMAS makes what all tenants use visible; without it, a tenant sees only its own."""
    make_schemas(pg_url, "acme")
    with session(pg_url) as connection:
        connection.execute("CREATE TABLE public.rates (id int)")
    directory.add(RevisionFile(revision="t2", down_revision="t1", upgrade='op.execute("SELECT * FROM rates")'))
    env = {"DATABASE_URL": pg_url, "RUNNER_SCHEMA": "acme"}
    failed = run_runner("upgrade", env=env, cwd=directory.root).check(51)
    assert 'relation "rates" does not exist' in failed.event("run.failed")["message"]
    run_runner("upgrade", "--shared-schemas", "public", env=env, cwd=directory.root).check()


def test_env_py_finds_the_schema(directory: Directory, pg_url: str) -> None:
    """env.py gets the schema as `-x schema=...` and as a configuration attribute; what it sets up is used."""
    (directory.scripts / "env.py").write_text(TENANT_ENV, encoding="utf-8")
    make_schemas(pg_url, "acme")
    run_runner("upgrade", "--schema", "acme", env={"DATABASE_URL": pg_url}, cwd=directory.root).check()
    assert {name.partition(".")[0] for name in tables(pg_url)} == {"acme"}


def test_an_env_py_that_ignores_the_schema_is_refused(tmp_path: Path, pg_url: str) -> None:
    """An env.py that would migrate another schema than the tenant's is refused before anything is changed."""
    directory = make_directory(tmp_path, [TENANT])
    make_schemas(pg_url, "acme")
    refused = run_runner("upgrade", "--schema", "acme", env={"DATABASE_URL": pg_url}, cwd=directory.root).check(52)
    assert refused.event("run.failed")["found"] == "public"
    assert tables(pg_url) == set()


def test_a_schema_that_is_not_there(directory: Directory, pg_url: str) -> None:
    """A tenant without a schema fails with a sentence that names it; nothing is created."""
    refused = run_runner("upgrade", "--schema", "gone", env={"DATABASE_URL": pg_url}, cwd=directory.root)
    assert "gone" in refused.check(39).event("run.failed")["message"]
    assert tables(pg_url) == set()


def test_tenants_do_not_wait_for_each_other(directory: Directory, pg_url: str) -> None:
    """The lock of one tenant leaves the others alone; a plain run with its version table there has the same."""
    from runner.database.lock import lock_key

    make_schemas(pg_url, "acme", "globex")
    with session(pg_url) as connection:
        key = lock_key("alembic_version", "acme")
        connection.execute("SELECT pg_advisory_lock(%s, %s)", (key.tool, key.target))
        run = {"env": {"DATABASE_URL": pg_url, "RUNNER_LOCK_WAIT_SECONDS": "0"}, "cwd": directory.root}
        run_runner("upgrade", "--schema", "globex", **run).check()  # type: ignore[arg-type]
        run_runner("upgrade", "--schema", "acme", **run).check(40)  # type: ignore[arg-type]


def test_sqlite_has_no_schemas(directory: Directory, sqlite_file_url: str) -> None:
    """A schema on a database that has none is a mistake in the settings."""
    run_runner("upgrade", "--schema", "acme", env={"DATABASE_URL": sqlite_file_url}, cwd=directory.root).check(10)


def test_a_script_for_a_tenant(directory: Directory, pg_url: str, psql: Psql) -> None:
    """Offline SQL says which schema it is for, and does what the run would."""
    make_schemas(pg_url, "acme")
    env = {"RUNNER_DIALECT": "postgresql", "RUNNER_SCHEMA": "acme"}
    script = run_runner("upgrade", "--sql", env=env, cwd=directory.root).check().stdout
    psql(pg_url, script)
    assert tables(pg_url) == {"acme.orders", "acme.alembic_version"}


def test_on_mariadb_a_schema_is_a_database(directory: Directory, mariadb_url: str) -> None:
    """The URL leads to the tenant's database, whatever database it names."""
    name = mariadb_url.rpartition("/")[2].partition("?")[0]
    env = {"DATABASE_URL": mariadb_url.replace(f"/{name}", "/mysql"), "RUNNER_SCHEMA": name}
    run_runner("upgrade", env=env, cwd=directory.root).check()
    again = run_runner("upgrade", env={"DATABASE_URL": mariadb_url}, cwd=directory.root).check()
    assert again.event("run.finished")["applied"] == 0

"""The private server fixture keeps its own promises."""

from __future__ import annotations

import psycopg
import pytest

from tests.fix_postgres import PgDatabaseFactory, PgDump, Psql
from tests.postgres import PostgresServer, libpq_url


def test_each_test_gets_an_empty_database_it_owns(pg_url: str, pg_dump: PgDump) -> None:
    """A fresh database has nothing in it, and its owner, who is no superuser, may create tables."""
    assert pg_dump(pg_url) == "\n"
    with psycopg.connect(libpq_url(pg_url)) as connection:
        connection.execute("create table thing (id integer)")
        row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
    assert row == (False,)
    assert "CREATE TABLE public.thing" in pg_dump(pg_url)


def test_a_wrong_password_is_rejected(pg_url: str) -> None:
    """Over TCP the owner needs the right password."""
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(libpq_url(pg_url).replace("correct-horse", "wrong"))


def test_a_database_can_have_another_encoding(pg_database_factory: PgDatabaseFactory) -> None:
    """The factory creates databases in SQL_ASCII too."""
    with psycopg.connect(libpq_url(pg_database_factory(encoding="SQL_ASCII"))) as connection:
        assert connection.info.parameter_status("server_encoding") == "SQL_ASCII"


def test_psql_stops_at_the_first_error(pg_url: str, psql: Psql) -> None:
    """A script with an error in it makes psql fail and say why."""
    assert psql(pg_url, "create table a (id int);\nselect 1;").returncode == 0
    failed = psql(pg_url, "select nothing;\ncreate table b (id int);")
    assert failed.returncode == 3
    assert 'column "nothing" does not exist' in failed.stderr


def test_the_superuser_url_works(pg_server: PostgresServer) -> None:
    """Tests that need a superuser have one."""
    with psycopg.connect(libpq_url(pg_server.admin_url())) as connection:
        assert connection.execute("show is_superuser").fetchone() == ("on",)


@pytest.mark.pg("< 10")
def test_version_gate(pg_url: str) -> None:
    """A test for servers this one is not is skipped."""
    pytest.fail("ran on the wrong server version")

"""The private MariaDB fixture keeps its own promises."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.fix_mariadb import MariadbDatabaseFactory
from tests.mariadb import mariadb_client, mariadb_dump


def test_each_test_gets_an_empty_database_of_its_own(
    mariadb_url: str, mariadb_database_factory: MariadbDatabaseFactory
) -> None:
    """A fresh database has nothing in it, and tables of one are not in another."""
    assert mariadb_dump(mariadb_url) == "\n"

    answer = mariadb_client(mariadb_url, "CREATE TABLE thing (id INTEGER AUTO_INCREMENT PRIMARY KEY)")

    assert answer.returncode == 0
    assert "CREATE TABLE `thing`" in mariadb_dump(mariadb_url)
    assert mariadb_dump(mariadb_database_factory()) == "\n"


def test_the_owner_is_no_superuser(mariadb_url: str) -> None:
    """The account of the tests may do what it wants inside the test databases only."""
    engine = sa.create_engine(mariadb_url)
    with engine.connect() as connection, pytest.raises(sa.exc.OperationalError, match="Access denied"):
        connection.exec_driver_sql("CREATE DATABASE elsewhere")
    engine.dispose()


def test_a_wrong_password_is_rejected(mariadb_url: str) -> None:
    """Over TCP the owner needs the right password."""
    answer = mariadb_client(mariadb_url.replace("correct-horse", "wrong"), "SELECT 1")

    assert answer.returncode == 1
    assert "Access denied" in answer.stderr


def test_the_client_stops_at_the_first_error(mariadb_url: str) -> None:
    """A script with an error in it makes the client fail and say why."""
    failed = mariadb_client(mariadb_url, "SELECT nothing;\nCREATE TABLE b (id INT);")

    assert failed.returncode == 1
    assert "Unknown column 'nothing'" in failed.stderr
    assert mariadb_dump(mariadb_url) == "\n"

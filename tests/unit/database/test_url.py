"""Database URLs, taken apart without SQLAlchemy."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import make_url

from runner.database.engine import sqlalchemy_url
from runner.database.url import parse_url
from runner.errors import SettingsError


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://app:secret@db:5432/shop",
        "postgresql+psycopg://app@db/shop?sslmode=require&options=-c%20search_path%3Da",
        "postgresql+psycopg://[::1]:5433/shop",
        "postgresql+psycopg:///shop?host=/run/postgresql",
        "postgresql+psycopg2://u:p%40%2F%3A%25@db/shop",
        "mysql+pymysql://u:p@db:3306/shop?charset=utf8mb4",
        "sqlite+pysqlite:///relative.db",
        "sqlite+pysqlite:////absolute/path.db",
        "sqlite+pysqlite://",
        "oracle+oracledb://u:p@db:1521/?service_name=x",
        "mssql+pyodbc://u:p@db/shop?driver=ODBC+Driver+18",
    ],
)
def test_the_same_as_sqlalchemy(text: str) -> None:
    """What SQLAlchemy's parser accepts means the same here."""
    assert sqlalchemy_url(parse_url(text)) == make_url(text)


@pytest.mark.parametrize("password", ["p@ss", "p/w", "a:b", "100%", "p@a/b:c", "x?y", "p@ss?word", "#1", "ü€"])
def test_a_password_that_was_not_encoded(password: str) -> None:
    """A password with any character works where its owner forgot to percent-encode it (CFG-5, LIM-13)."""
    url = parse_url(f"postgresql://app:{password}@db.example:5432/shop")

    assert (url.username, url.password, url.hosts, url.ports, url.database) == (
        "app",
        password,
        ("db.example",),
        (5432,),
        "shop",
    )
    assert sqlalchemy_url(url).password == password


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgres://db/shop", "psycopg"),
        ("postgresql://db/shop", "psycopg"),
        ("postgresql+asyncpg://db/shop", "psycopg"),
        ("postgresql+psycopg2://db/shop", "psycopg2"),
        ("sqlite:///x", "pysqlite"),
        ("sqlite+aiosqlite:///x", "pysqlite"),
        ("mysql://db/shop", "pymysql"),
        ("mysql+aiomysql://db/shop", "pymysql"),
    ],
)
def test_the_driver_of_a_synchronous_run(given: str, driver: str) -> None:
    """Each spelling of a URL leads to a driver that works without an event loop."""
    assert parse_url(given).synchronous().driver == driver


def test_asyncpg_options_are_translated() -> None:
    """Asyncpg's `ssl` is the other drivers' `sslmode`, and what only asyncpg knows is left out."""
    url = parse_url("postgresql+asyncpg://db/shop?ssl=require&prepared_statement_cache_size=0").synchronous()

    assert url.query == (("sslmode", "require"),)


def test_several_hosts() -> None:
    """A URL with several hosts, as libpq knows it, keeps them in order with their ports."""
    url = parse_url("postgresql://one:1,two:2/shop")

    assert (url.hosts, url.ports) == (("one", "two"), (1, 2))
    assert sqlalchemy_url(url.synchronous()).query["host"] == ("one:1", "two:2")


@pytest.mark.parametrize("text", ["", "shop", "postgresql:/db", "postgresql://u:canary@db:port/x", "://", "a b://x"])
def test_not_a_url(text: str) -> None:
    """What is no URL is refused under the variable's name, without repeating what may hold a password."""
    with pytest.raises(SettingsError) as caught:
        parse_url(text, variable="MIGRATION_DATABASE_URL")

    assert "MIGRATION_DATABASE_URL" in caught.value.message
    assert "canary" not in caught.value.message


def test_the_password_is_masked() -> None:
    """Neither repr() nor the masked text shows the password, nor a secret in the query."""
    url = parse_url("postgresql://app:canary@db/shop?sslpassword=canary&sslmode=require")

    assert "canary" not in repr(url)
    assert url.masked() == "postgresql://app:***@db/shop?sslpassword=***&sslmode=require"

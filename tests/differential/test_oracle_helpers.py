"""The helpers of the differential tests work with the real Alembic."""

from __future__ import annotations

from pathlib import Path

from tests.oracle import chain, make_directory, normalised_sql, pg_dump, run_alembic, sqlite_dump, sqlite_url

TABLES = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"


def test_the_oracle_upgrades_a_written_directory(tmp_path: Path, database_url: str) -> None:
    """Alembic takes a directory the builder wrote from empty to its head."""
    directory = make_directory(tmp_path / "project", chain(2, upgrade=TABLES), url=database_url)
    run_alembic("upgrade", "head", cwd=directory.root).check()
    assert run_alembic("current", cwd=directory.root).check().stdout == "r0002 (head)\n"


def test_the_oracle_writes_offline_sql(tmp_path: Path) -> None:
    """Alembic renders a directory without a database."""
    directory = make_directory(tmp_path, chain(1, upgrade=TABLES), url="postgresql://nowhere/x")
    text = normalised_sql(run_alembic("upgrade", "head", "--sql", cwd=directory.root).check().stdout)
    assert "CREATE TABLE t1 (\nid SERIAL NOT NULL,\nPRIMARY KEY (id)\n);" in text


def test_the_asynchronous_environment_runs(tmp_path: Path, pg_url: str) -> None:
    """The async env.py works through asyncpg."""
    url = pg_url.replace("+psycopg", "+asyncpg")
    directory = make_directory(tmp_path, chain(1, upgrade=TABLES), env="async", url=url)
    run_alembic("upgrade", "head", cwd=directory.root).check()
    assert "CREATE TABLE public.t1" in pg_dump(pg_url)


def test_the_environment_of_several_databases_runs(tmp_path: Path) -> None:
    """The multidb env.py brings each of its databases to the head."""
    directory = make_directory(tmp_path, chain(1, upgrade=TABLES), env="multidb")
    for name in ("first", "second"):
        directory.set_url(sqlite_url(tmp_path / f"{name}.sqlite"), section=name)
    run_alembic("upgrade", "head", cwd=directory.root).check()
    for name in ("first", "second"):
        assert "CREATE TABLE t1" in sqlite_dump(tmp_path / f"{name}.sqlite")

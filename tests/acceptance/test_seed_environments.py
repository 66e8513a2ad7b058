"""The env.py files that documents show, as they are: a version in a file, a script per database, async, several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.directories import Directory, RevisionFile, chain, make_directory
from tests.fix_postgres import PgDatabaseFactory
from tests.oracle import normalised_sql, sqlite_url
from tests.programs import Finished, run_runner
from tests.sequence import Call, Program, run_sequence
from tests.side_tables import without_side_tables

CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"
DROP = "op.drop_table('t{n}')"


def directory_with(root: Path, env_py: str, revisions: Sequence[RevisionFile], url: str | None = None) -> Directory:
    """Write a directory with that env.py."""
    directory = make_directory(root, revisions, url=url)
    (directory.scripts / "env.py").write_text(env_py)
    return directory


def run(directory: Directory, *commands: Sequence[str], program: Program = "runner") -> list[Finished]:
    """Run commands one after the other in one process."""
    return run_sequence(program, [Call(args=tuple(one), cwd=directory.root) for one in commands])


def state(url: str) -> tuple[list[str], list[str]]:
    """Return (tables without the version table, version rows)."""
    engine = create_engine(url)
    with engine.connect() as connection:
        names = without_side_tables(inspect(connection).get_table_names())
        rows = []
        if "alembic_version" in names:
            rows = list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    engine.dispose()
    return [name for name in names if name != "alembic_version"], rows


# --- the tutorial's online environment -------------------------------------------------------------------------------

ONLINE_2011 = """\
from alembic import context
from sqlalchemy import engine_from_config

config = context.config
target_metadata = None


def run_migrations_online():
    engine = engine_from_config(
                config.get_section(config.config_ini_section), prefix='sqlalchemy.')

    connection = engine.connect()
    context.configure(
                connection=connection,
                target_metadata=target_metadata
                )

    trans = connection.begin()
    try:
        context.run_migrations()
        trans.commit()
    except:
        trans.rollback()
        raise

run_migrations_online()
"""


def test_the_online_environment_of_2011(tmp_path: Path, database_url: str) -> None:
    """An env.py that begins and commits by itself is obeyed: all revisions, or none (ENV-8, TX-12)."""
    directory = directory_with(tmp_path, ONLINE_2011, chain(2, upgrade=CREATE, downgrade=DROP), database_url)
    bad = RevisionFile(revision="r0004", down_revision="r0003", upgrade="raise ValueError('x')")

    up, down = run(directory, ["upgrade", "head"], ["downgrade", "-1"])
    directory.add(chain(3, upgrade=CREATE)[2], bad)
    (failed,) = run(directory, ["upgrade", "head"])

    assert ["r0001", "r0002"] == [line["revision"] for line in up.check().events("step.finished")]
    assert ["r0002"] == [line["revision"] for line in down.check().events("step.finished")]
    assert [] == failed.check(50).events("step.finished")
    assert ["r0002", "r0003", "r0004"] == [line["revision"] for line in failed.events("step.failed")]
    assert (["t1"], ["r0001"]) == state(database_url)


# --- the last version in a file --------------------------------------------------------------------------------------

VERSION_FILE = """\
import os
from alembic import context
from sqlalchemy import create_engine

config = context.config
engine = create_engine(config.get_main_option("sqlalchemy.url"))

if context.is_offline_mode():
    version_file = os.path.join(os.path.dirname(config.config_file_name), "version.txt")
    if os.path.exists(version_file):
        current_version = open(version_file).read()
    else:
        current_version = None
    context.configure(dialect_name=engine.name, {keyword}=current_version)
    context.run_migrations()
    end_version = context.get_revision_argument()
    if end_version and end_version != current_version:
        open(version_file, 'w').write(end_version)
"""


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("keyword", ["starting_version", "starting_rev"])
def test_the_last_version_in_a_file(tmp_path: Path, keyword: str) -> None:
    """A start that env.py read from a file counts, under today's keyword and that of 2011 (ENV-7, ENV-26, CB-20)."""
    url = "postgresql+psycopg://never@nowhere/none"
    directory = directory_with(tmp_path, VERSION_FILE.format(keyword=keyword), chain(3, upgrade=CREATE), url)
    version_file = tmp_path / "version.txt"

    (first,) = run(directory, ["upgrade", "r0001", "--sql"])
    after_first = version_file.read_text()
    second, third, partial = run(directory, ["upgrade", "head", "--sql"], ["upgrade", "head", "--sql"], ["history"])

    assert "CREATE TABLE alembic_version" in first.check().stdout
    assert "CREATE TABLE t1" in first.stdout
    assert "r0001" == after_first
    assert "alembic_version (" not in second.check().stdout
    assert ["-- Running upgrade r0001 -> r0002", "-- Running upgrade r0002 -> r0003"] == [
        line for line in second.stdout.splitlines() if line.startswith("--")
    ]
    assert "r0003" == version_file.read_text()
    assert "" == third.check().stdout
    assert "r0003" in partial.check().stdout


# --- one file per database -------------------------------------------------------------------------------------------

MYAPP = """\
from sqlalchemy import create_engine

db_1 = create_engine({url_1!r})
db_2 = create_engine({url_2!r})
"""
FILE_PER_DATABASE = """\
from alembic import context
import myapp
import sys

db_1 = myapp.db_1
db_2 = myapp.db_2


def run_migrations_offline():
    \"\"\"Run migrations *without* a SQL connection.\"\"\"

    for name, engine, file_ in [
        ("db1", db_1, "db1.sql"),
        ("db2", db_2, "db2.sql"),
    ]:
        context.configure(
                    url=engine.url,
                    transactional_ddl=False,
                    output_buffer=open(file_, 'w'))
        context.execute("-- running migrations for '%s'" % name)
        context.run_migrations(name=name)
        sys.stderr.write("Wrote file '%s'" % file_)


def run_migrations_online():
    \"\"\"Run migrations *with* a SQL connection.\"\"\"

    for name, engine in [
        ("db1", db_1),
        ("db2", db_2),
    ]:
        connection = engine.connect()
        context.configure(connection=connection)
        try:
            context.run_migrations(name=name)
            connection.commit()
        except:
            connection.rollback()
            raise


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
"""
NAMED = '''\
"""for one of two databases"""

down_revision = None

from alembic import op
import sqlalchemy as sa


def upgrade(name):
    op.create_table("only_in_" + name, sa.Column("id", sa.Integer))


def downgrade(name):
    op.drop_table("only_in_" + name)
'''


def test_one_script_per_database(tmp_path: Path, pg_url: str) -> None:
    """One output_buffer per database, keywords for upgrade(), and both databases online too (ENV-10, ENV-24, CB-20)."""
    urls = (pg_url, sqlite_url(tmp_path / "db2.sqlite"))
    directory = directory_with(tmp_path / "project", FILE_PER_DATABASE, [])
    directory.set_option("prepend_sys_path", ".")
    (directory.root / "myapp.py").write_text(MYAPP.format(url_1=urls[0], url_2=urls[1]))
    (directory.versions / "1975ea83b712.py").write_text(NAMED)

    (theirs,) = run(directory, ["upgrade", "head", "--sql"], program="alembic")
    wanted = [_read_away(directory.root / name) for name in ("db1.sql", "db2.sql")]
    offline, online, current, down = run(
        directory, ["upgrade", "head", "--sql"], ["upgrade", "head"], ["current", "-v"], ["downgrade", "base"]
    )

    theirs.check()
    assert "" == offline.check().stdout
    assert "Wrote file 'db1.sql'" in offline.stderr
    written = [normalised_sql((directory.root / name).read_text()) for name in ("db1.sql", "db2.sql")]
    assert [_ours(text) for text in wanted] == written
    assert "CREATE TABLE only_in_db1" in written[0]
    assert "CREATE TABLE only_in_db2" in written[1]
    assert [["1975ea83b712"], ["1975ea83b712"]] == [
        database["end_heads"] for database in online.check().event("run.finished")["databases"]
    ]
    assert 2 == current.check().stdout.count("Rev: 1975ea83b712 (head)")
    assert ["1975ea83b712", "1975ea83b712"] == [line["revision"] for line in down.check().events("step.finished")]
    assert [([], []), ([], [])] == [state(url) for url in urls]


def _read_away(path: Path) -> str:
    contents = path.read_text()
    path.unlink()
    return contents


def _ours(script: str) -> str:
    """Return Alembic's script as ours is: with the documented differences, and no terminator after a comment alone."""
    from tests.differential.known_differences import expected_script

    return re.sub(r"(?m)^(--.*)\n;$", r"\1", expected_script(script)[0])


# --- the shape of the async template ---------------------------------------------------------------------------------

ASYNC = """\
import asyncio
from logging.config import fileConfig

from sqlalchemy import pool
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import async_engine_from_config

from alembic import context

config = context.config

if config.config_file_name is not None:
    fileConfig(config.config_file_name)

target_metadata = None


def run_migrations_offline() -> None:
    context.configure(
        url=config.get_main_option("sqlalchemy.url"),
        target_metadata=target_metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
    with context.begin_transaction():
        context.run_migrations()


def do_run_migrations(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=target_metadata)
    with context.begin_transaction():
        context.run_migrations()


async def run_async_migrations() -> None:
    connectable = async_engine_from_config(
        config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.", poolclass=pool.NullPool
    )
    async with connectable.connect() as connection:
        await connection.run_sync(do_run_migrations)
    await connectable.dispose()


def run_migrations_online() -> None:
    asyncio.run(run_async_migrations())


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
"""
ASYNC_REVISION = RevisionFile(
    revision="r0002",
    down_revision="r0001",
    header="async def fill(connection):\n    await connection.execute(sa.text('INSERT INTO t1 (id) VALUES (7)'))\n",
    upgrade="op.run_async(fill)",
    downgrade="op.execute('DELETE FROM t1')",
)
ASYNC_DRIVERS = ("asyncpg", "psycopg", "aiosqlite")


@pytest.mark.parametrize("driver", ASYNC_DRIVERS)
def test_the_shape_of_the_async_template(tmp_path: Path, driver: str, request: pytest.FixtureRequest) -> None:
    """async_engine_from_config(), run_sync() and op.run_async() work with each async driver (TX-15, TPL-3, OP-23)."""
    sync_url = sqlite_url(tmp_path / "a.sqlite") if driver == "aiosqlite" else request.getfixturevalue("pg_url")
    url = sync_url.replace("sqlite:", f"sqlite+{driver}:").replace("+psycopg:", f"+{driver}:")
    revisions = [*chain(1, upgrade=CREATE, downgrade=DROP), ASYNC_REVISION]
    directory = directory_with(tmp_path / "project", ASYNC, revisions, url)

    up, current, down, offline = run(
        directory, ["upgrade", "head"], ["current"], ["downgrade", "-1"], ["upgrade", "r0001", "--sql"]
    )

    assert ["r0001", "r0002"] == [line["revision"] for line in up.check().events("step.finished")]
    assert "r0002 (head)\n" == current.check().stdout
    assert "CREATE TABLE t1" in offline.check().stdout
    assert "r0002" == down.check().event("step.finished")["revision"]
    assert (["t1"], ["r0001"]) == state(sync_url)


# --- the shape of the template for several databases -----------------------------------------------------------------

MULTIDB = """\
import logging
import re
from logging.config import fileConfig

from sqlalchemy import engine_from_config, pool

from alembic import context

USE_TWOPHASE = False

config = context.config
if config.config_file_name is not None:
    fileConfig(config.config_file_name)
logger = logging.getLogger("alembic.env")

db_names = config.get_main_option("databases", "")
target_metadata = {}


def run_migrations_offline() -> None:
    for name in re.split(r",\\s*", db_names):
        logger.info("Migrating database %s" % name)
        file_ = "%s.sql" % name
        with open(file_, "w") as buffer:
            context.configure(
                url=context.config.get_section_option(name, "sqlalchemy.url"),
                output_buffer=buffer,
                target_metadata=target_metadata.get(name),
                literal_binds=True,
                dialect_opts={"paramstyle": "named"},
            )
            with context.begin_transaction():
                context.run_migrations(engine_name=name)


def run_migrations_online() -> None:
    engines = {}
    for name in re.split(r",\\s*", db_names):
        engines[name] = rec = {}
        rec["engine"] = engine_from_config(
            context.config.get_section(name, {}), prefix="sqlalchemy.", poolclass=pool.NullPool
        )
    for name, rec in engines.items():
        rec["connection"] = conn = rec["engine"].connect()
        rec["transaction"] = conn.begin_twophase() if USE_TWOPHASE else conn.begin()
    try:
        for name, rec in engines.items():
            logger.info("Migrating database %s" % name)
            context.configure(
                connection=rec["connection"],
                upgrade_token="%s_upgrades" % name,
                downgrade_token="%s_downgrades" % name,
                target_metadata=target_metadata.get(name),
            )
            context.run_migrations(engine_name=name)
        if USE_TWOPHASE:
            for rec in engines.values():
                rec["transaction"].prepare()
        for rec in engines.values():
            rec["transaction"].commit()
    except:
        for rec in engines.values():
            rec["transaction"].rollback()
        raise
    finally:
        for rec in engines.values():
            rec["connection"].close()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
"""
MULTIDB_REVISION = '''\
"""for two engines"""

revision = {revision!r}
down_revision = {down_revision!r}

import sqlalchemy as sa
from alembic import op


def upgrade(engine_name: str) -> None:
    globals()["upgrade_%s" % engine_name]()


def downgrade(engine_name: str) -> None:
    globals()["downgrade_%s" % engine_name]()


def upgrade_engine1() -> None:
    op.create_table("one_{revision}", sa.Column("id", sa.Integer))


def downgrade_engine1() -> None:
    op.drop_table("one_{revision}")


def upgrade_engine2() -> None:
    op.create_table("two_{revision}", sa.Column("id", sa.Integer))
    {then}


def downgrade_engine2() -> None:
    op.drop_table("two_{revision}")
'''


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_shape_of_the_template_for_several_databases(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    """Two databases go up and down in step; a failure on the second leaves the first alone (TPL-4, ENV-8, ENV-43)."""
    urls = _two_urls(tmp_path, database, request)
    directory = directory_with(tmp_path / "project", MULTIDB, [])
    directory.set_option("databases", "engine1, engine2")
    for number, url in enumerate(urls, start=1):
        directory.set_url(url, section=f"engine{number}")
    for revision, down_revision, then in (("a1", None, ""), ("b2", "a1", "raise ValueError('x')")):
        contents = MULTIDB_REVISION.format(revision=revision, down_revision=down_revision, then=then)
        (directory.versions / f"{revision}.py").write_text(contents)

    first, failed, offline = run(directory, ["upgrade", "+1"], ["upgrade", "head"], ["upgrade", "a1", "--sql"])
    after = [state(url) for url in urls]
    (down,) = run(directory, ["downgrade", "base"])

    assert ["a1", "a1"] == [line["revision"] for line in first.check().events("step.finished")]
    assert "b2.py" in failed.check(50).event("run.failed")["message"]
    assert [] == failed.events("step.finished")
    assert [(["one_a1"], ["a1"]), (["two_a1"], ["a1"])] == after
    assert "" == offline.check().stdout
    assert "CREATE TABLE one_a1" in (directory.root / "engine1.sql").read_text()
    assert "CREATE TABLE two_a1" in (directory.root / "engine2.sql").read_text()
    assert 2 == len(down.check().events("step.finished"))
    assert [([], []), ([], [])] == [state(url) for url in urls]


def _two_urls(root: Path, database: str, request: pytest.FixtureRequest) -> tuple[str, str]:
    if database == "sqlite":
        return sqlite_url(root / "one.sqlite"), sqlite_url(root / "two.sqlite")
    create: PgDatabaseFactory = request.getfixturevalue("pg_database_factory")
    return create(), create()


def test_two_databases_with_a_block_each(tmp_path: Path, pg_database_factory: PgDatabaseFactory) -> None:
    """Databases configured one after the other each have their own transactions and rows (ENV-8, ENV-9)."""
    urls = {"first": pg_database_factory(), "second": pg_database_factory()}
    revisions = chain(2, upgrade="op.create_table(f\"{options['engine_name']}_{n}\", sa.Column('id', sa.Integer))")
    directory = make_directory(tmp_path, revisions, env="multidb")
    for section, url in urls.items():
        directory.set_url(url, section=section)

    finished = run_runner("upgrade", cwd=directory.root).check()

    assert 4 == finished.event("run.finished")["applied"]
    assert {
        "first": (["first_1", "first_2"], ["r0002"]),
        "second": (["second_1", "second_2"], ["r0002"]),
    } == {section: state(url) for section, url in urls.items()}

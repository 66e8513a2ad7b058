"""The tutorial of 2011 and two guides by people who used it, replayed step by step with `runner` for `alembic`."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.directories import Directory
from tests.oracle import normalised_sql, psql, sqlite_url
from tests.programs import ROOT, Finished, run_program, run_runner
from tests.sequence import Call, run_sequence
from tests.side_tables import without_side_tables

# --- the tutorial's files --------------------------------------------------------------------------------------------

INI = """\
# A generic, single database configuration.

[alembic]
script_location = %(here)s/alembic

sqlalchemy.url = driver://user:pass@localhost/dbname

# Logging configuration
[loggers]
keys = root,sqlalchemy,alembic

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = WARN
handlers = console
qualname =

[logger_sqlalchemy]
level = WARN
handlers =
qualname = sqlalchemy.engine

[logger_alembic]
level = INFO
handlers =
qualname = alembic

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
datefmt = %H:%M:%S
"""

# run_migrations_online() is the tutorial's; the rest of the file it does not show.
ENV_PY = """\
from alembic import context
from sqlalchemy import engine_from_config
from logging.config import fileConfig

config = context.config
fileConfig(config.config_file_name)

# add your model's MetaData object here
# for 'autogenerate' support
# from myapp import mymodel
# target_metadata = mymodel.Base.metadata
target_metadata = None


def run_migrations_offline():
    url = config.get_main_option("sqlalchemy.url")
    context.configure(url=url)
    with context.begin_transaction():
        context.run_migrations()


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


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
"""

ACCOUNT = '''\
"""create account table

Revision ID: 1975ea83b712
Revises: None
Create Date: 2011-11-08 11:40:27.089406

"""

# downgrade revision identifier, used by Alembic.
down_revision = None

from alembic import op
import sqlalchemy as sa

def upgrade():
    op.create_table(
        'account',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('name', sa.String(50), nullable=False),
        sa.Column('description', sa.Unicode(200)),
    )

def downgrade():
    op.drop_table('account')
'''

COLUMN = '''\
"""Add a column

Revision ID: ae1027a6acf
Revises: 1975ea83b712
Create Date: 2011-11-08 12:37:36.714947

"""

# downgrade revision identifier, used by Alembic.
down_revision = '1975ea83b712'

from alembic import op
import sqlalchemy as sa

def upgrade():
    op.add_column('account', sa.Column('last_transaction_date', sa.DateTime))

def downgrade():
    op.drop_column('account', 'last_transaction_date')
'''

CART = '''\
"""add shopping cart table

Revision ID: 27c6a30d7c24
Revises: 1975ea83b712
Create Date: 2011-11-08 13:02:14.212810

"""

# downgrade revision identifier, used by Alembic.
down_revision = '1975ea83b712'

from alembic import op
import sqlalchemy as sa

def upgrade():
    op.create_table('shopping_cart', sa.Column('id', sa.Integer, primary_key=True))

def downgrade():
    op.drop_table('shopping_cart')
'''


def your_project(root: Path, url: str, **revisions: str) -> Directory:
    """Write the tutorial's project: alembic.ini, and alembic/ with env.py and versions/."""
    directory = Directory(root=root, ini=root / "alembic.ini", scripts=root / "alembic")
    directory.versions.mkdir(parents=True)
    directory.ini.write_text(INI)
    directory.set_url(url)
    (directory.scripts / "env.py").write_text(ENV_PY)
    for name, contents in revisions.items():
        write_revision(directory, name, contents)
    return directory


def write_revision(directory: Directory, name: str, contents: str) -> None:
    """Write one revision file; the name is the identifier, behind a letter where Python wants one."""
    (directory.versions / f"{name.removeprefix('r')}.py").write_text(contents)


def runner(directory: Directory, *commands: Sequence[str]) -> list[Finished]:
    """Run commands one after the other in the project, and check that they succeed."""
    return [one.check() for one in run_sequence("runner", [Call(args=tuple(c), cwd=directory.root) for c in commands])]


def schema(url: str) -> dict[str, list[str]]:
    """Return table -> columns."""
    engine = create_engine(url)
    with engine.connect() as connection:
        seen = inspect(connection)
        names = without_side_tables(seen.get_table_names())
        found = {name: [str(column["name"]) for column in seen.get_columns(name)] for name in names}
    engine.dispose()
    return found


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    """Return the rows of a query."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


VERSIONS = "SELECT version_num FROM alembic_version"
BASE_COLUMNS = ["id", "name", "description"]
NEW_COLUMNS = [*BASE_COLUMNS, "last_transaction_date"]


def moves(finished: Finished) -> list[tuple[str, str, str]]:
    """Return (direction, from, to) of the steps that were committed."""
    return [(line["direction"], line["from"], line["to"]) for line in finished.events("step.finished")]


# --- the tutorial ----------------------------------------------------------------------------------------------------


def test_first_and_second_migration(tmp_path: Path, database_url: str) -> None:
    """Files without a `revision` variable go by their file names, and run up, down and up again (REV-2, REV-14)."""
    directory = your_project(tmp_path / "yourproject", database_url, r1975ea83b712=ACCOUNT)

    first = run_runner("upgrade", "head", cwd=directory.root).check()

    assert [("upgrade", "", "1975ea83b712")] == moves(first)
    assert BASE_COLUMNS == schema(database_url)["account"]

    write_revision(directory, "ae1027a6acf", COLUMN)
    second = run_runner("upgrade", "head", cwd=directory.root).check()

    assert [("upgrade", "1975ea83b712", "ae1027a6acf")] == moves(second)
    assert NEW_COLUMNS == schema(database_url)["account"]
    assert [("ae1027a6acf",)] == rows(database_url, VERSIONS)

    current, verbose, history = runner(directory, ["current"], ["current", "--verbose"], ["history"])

    assert "ae1027a6acf (head)\n" == current.stdout
    assert verbose.stdout.startswith(f"Current revision(s) for {database_url.replace('correct-horse', '***')}:\n")
    assert "Rev: ae1027a6acf (head)\nParent: 1975ea83b712\n" in verbose.stdout
    assert (
        "1975ea83b712 -> ae1027a6acf (head), Add a column\n<base> -> 1975ea83b712, create account table\n"
        == history.stdout
    )

    down, up = runner(directory, ["downgrade", "base"], ["upgrade", "ae1"])

    assert [("downgrade", "ae1027a6acf", "1975ea83b712"), ("downgrade", "1975ea83b712", "")] == moves(down)
    assert [("upgrade", "", "1975ea83b712"), ("upgrade", "1975ea83b712", "ae1027a6acf")] == moves(up)
    assert NEW_COLUMNS == schema(database_url)["account"]


def test_working_with_branches(tmp_path: Path, database_url: str) -> None:
    """Two heads are shown and refused; a straight line is made by editing one down_revision (CLI-1, REV-10, ERR-2)."""
    directory = your_project(tmp_path, database_url, r1975ea83b712=ACCOUNT, ae1027a6acf=COLUMN, r27c6a30d7c24=CART)

    branches, history = runner(directory, ["branches"], ["history"])

    assert (
        "1975ea83b712 (branchpoint)\n"
        "             -> 27c6a30d7c24 (head)\n"
        "             -> ae1027a6acf (head)\n\n" == branches.stdout
    )
    assert {
        "1975ea83b712 -> 27c6a30d7c24 (head), add shopping cart table",
        "1975ea83b712 -> ae1027a6acf (head), Add a column",
        "<base> -> 1975ea83b712 (branchpoint), create account table",
    } == set(history.stdout.splitlines())

    refused = run_runner("upgrade", "head", cwd=directory.root).check(24)

    assert "multiple-heads" == refused.event("run.failed")["error_code"]
    assert {} == schema(database_url)

    straight = CART.replace("Revises: 1975ea83b712", "Revises: ae1027a6acf # changed from 1975ea83b712").replace(
        "down_revision = '1975ea83b712'", "# changed from 1975ea83b712\ndown_revision = 'ae1027a6acf'"
    )
    write_revision(directory, "r27c6a30d7c24", straight)
    branches, history, upgrade = runner(directory, ["branches"], ["history"], ["upgrade", "head"])

    assert "" == branches.stdout
    assert (
        "ae1027a6acf -> 27c6a30d7c24 (head), add shopping cart table\n"
        "1975ea83b712 -> ae1027a6acf, Add a column\n"
        "<base> -> 1975ea83b712, create account table\n" == history.stdout
    )
    assert ["1975ea83b712", "ae1027a6acf", "27c6a30d7c24"] == [to for _, _, to in moves(upgrade)]
    assert {"account", "shopping_cart", "alembic_version"} == schema(database_url).keys()


def test_generating_sql_scripts(tmp_path: Path, database_url: str) -> None:
    """The offline script, whole or from a start version, makes the database the online run makes (OFF-1, OFF-2)."""
    directory = your_project(tmp_path, database_url, r1975ea83b712=ACCOUNT, ae1027a6acf=COLUMN)

    whole = run_runner("upgrade", "ae1027a6acf", "--sql", cwd=directory.root).check()
    first, second = runner(
        directory, ["upgrade", "1975ea83b712", "--sql"], ["upgrade", "1975ea83b712:ae1027a6acf", "--sql"]
    )

    on_postgresql = database_url.startswith("postgresql")
    column = "TIMESTAMP WITHOUT TIME ZONE" if on_postgresql else "DATETIME"
    ending = [
        "-- Running upgrade 1975ea83b712 -> ae1027a6acf",
        f"ALTER TABLE account ADD COLUMN last_transaction_date {column};",
        "UPDATE alembic_version SET version_num='ae1027a6acf' WHERE alembic_version.version_num = '1975ea83b712';",
        *(["COMMIT;"] if on_postgresql else []),
    ]
    lines = normalised_sql(whole.stdout).splitlines()
    assert (["BEGIN;"] if on_postgresql else ["CREATE TABLE alembic_version ("]) == lines[:1]
    assert ending == lines[-len(ending) :]
    assert ending == normalised_sql(second.stdout).splitlines()[-len(ending) :]
    assert "CREATE TABLE" not in second.stdout
    assert {} == schema(database_url)
    assert ["run.started", "run.finished"] == [line["event"] for line in whole.logs]

    execute(database_url, first.stdout)
    execute(database_url, second.stdout)

    assert {"account": NEW_COLUMNS, "alembic_version": ["version_num"]} == schema(database_url)
    (nothing,) = runner(directory, ["upgrade", "head"])
    assert 0 == nothing.event("run.finished")["applied"]


def execute(url: str, script: str) -> None:
    """Feed a script to the database's own client."""
    if url.startswith("postgresql"):
        answer = psql(url, script)
        assert answer.returncode == 0, answer.stderr
        return
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.executescript(script)
    connection.close()


CREATE_ALL = """\
import sys
import runner

runner.install_alembic_names()

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, Unicode, create_engine

my_metadata = MetaData()
Table(
    "account", my_metadata, Column("id", Integer, primary_key=True), Column("name", String(50), nullable=False),
    Column("description", Unicode(200)), Column("last_transaction_date", DateTime),
)
engine = create_engine(sys.argv[1])

# inside of a "create the database" script, first create
# tables:
my_metadata.create_all(engine)

# then, load the Alembic configuration and generate the
# version table, "stamping" it with the most recent rev:
from alembic.config import Config
from alembic import command
alembic_cfg = Config(sys.argv[2])
command.stamp(alembic_cfg, "head")

assert "runner" in command.stamp.__module__
"""


def test_building_an_up_to_date_database_from_scratch(tmp_path: Path, database_url: str) -> None:
    """create_all() and `stamp head` in a program make a database at head; old files can go (API-1, REV-35, CB-1)."""
    directory = your_project(tmp_path, database_url, r1975ea83b712=ACCOUNT, ae1027a6acf=COLUMN)

    run_program([sys.executable, "-c", CREATE_ALL, database_url, str(directory.ini)], cwd=tmp_path).check()

    assert {"account": NEW_COLUMNS, "alembic_version": ["version_num"]} == schema(database_url)
    assert [("ae1027a6acf",)] == rows(database_url, VERSIONS)

    (directory.versions / "1975ea83b712.py").unlink()
    pruned = COLUMN.replace(
        "down_revision = '1975ea83b712'",
        "# replace this:\n#down_revision = '290696571ad2'\n# with this:\ndown_revision = None",
    )
    write_revision(directory, "ae1027a6acf", pruned)
    upgrade, current, history = runner(directory, ["upgrade", "head"], ["current"], ["history"])

    assert 0 == upgrade.event("run.finished")["applied"]
    assert "ae1027a6acf (head)\n" == current.stdout
    assert "<base> -> ae1027a6acf (head), Add a column\n" == history.stdout


# --- the first guide: a config directory, PYTHONPATH, +1 and -1 ------------------------------------------------------

MODELS = """\
from sqlalchemy import Column, Integer, MetaData, Table

metadata = MetaData()
Table("reports", metadata, Column("id", Integer, primary_key=True))
"""
GUIDE_REVISION = '''\
"""your message about the migration"""

revision = "4c1d6f4f0a2b"
down_revision = "1975ea83b712"

from alembic import op
from socorro.external.postgresql.models import metadata

def upgrade():
    metadata.create_all(op.get_bind())
    {then}

def downgrade():
    metadata.drop_all(op.get_bind())
'''


def test_a_practical_guide(tmp_path: Path, database_url: str) -> None:
    """`-c config/alembic.ini upgrade +1`, `downgrade -1` and PYTHONPATH=. work; an error rolls back (CFG-1, REV-17)."""
    directory = your_project(tmp_path, database_url, r1975ea83b712=ACCOUNT)
    package = tmp_path / "socorro" / "external" / "postgresql"
    package.mkdir(parents=True)
    (package / "models.py").write_text(MODELS)
    env_py = directory.scripts / "env.py"
    imported = "from socorro.external.postgresql.models import metadata as target_metadata"
    env_py.write_text(env_py.read_text().replace("target_metadata = None", imported))
    (tmp_path / "config").mkdir()
    ini = directory.ini.rename(tmp_path / "config" / "alembic.ini")
    ini.write_text(ini.read_text().replace("%(here)s/alembic", "alembic"))  # relative to where the command is started
    (directory.versions / "4c1d6f4f0a2b_your_message.py").write_text(GUIDE_REVISION.format(then="raise KeyError('x')"))

    first = socorro(tmp_path, "upgrade", "+1").check()
    failed = socorro(tmp_path, "upgrade", "+1").check(50)
    after_failure = schema(database_url)
    (directory.versions / "4c1d6f4f0a2b_your_message.py").write_text(GUIDE_REVISION.format(then=""))
    again, back, forth = (socorro(tmp_path, verb, n).check() for verb, n in UP_DOWN_UP)

    assert ["1975ea83b712"] == [to for _, _, to in moves(first)]
    assert "4c1d6f4f0a2b_your_message.py:" in failed.event("run.failed")["message"]
    assert {"account", "alembic_version"} == after_failure.keys()
    assert [("upgrade", "1975ea83b712", "4c1d6f4f0a2b")] == moves(again) == moves(forth)
    assert [("downgrade", "4c1d6f4f0a2b", "1975ea83b712")] == moves(back)
    assert {"account", "reports", "alembic_version"} == schema(database_url).keys()


UP_DOWN_UP = (("upgrade", "+1"), ("downgrade", "-1"), ("upgrade", "+1"))


def socorro(cwd: Path, *words: str) -> Finished:
    """Run `PYTHONPATH=. runner -c config/alembic.ini WORDS`; -P keeps Python from adding the directory by itself."""
    command = [sys.executable, "-P", "-m", "runner", "-c", "config/alembic.ini", *words]
    return run_program(command, cwd=cwd, env={"PYTHONPATH": f"{ROOT}:."})


# --- the second guide: a URL of one's own, a logger left alone, seed data --------------------------------------------

PROGRAM_ENV_PY = """\
from logging.config import fileConfig

from alembic import context
from sqlalchemy import create_engine

import os

config = context.config

if config.attributes.get("configure_logger", True):
    fileConfig(config.config_file_name)

import sys

sys.path = ['', '..'] + sys.path[1:]
from program_name import models
target_metadata = models.metadata

def get_url():
    basedir = '~/.local/share/program_name'
    return os.environ.get('program_name_DATABASE_URL') or \\
        'sqlite:///' + os.path.join(os.path.expanduser(basedir), 'main.db')


def run_migrations_offline():
    # url = config.get_main_option("sqlalchemy.url")
    url = get_url()

    context.configure(
        url=url,
        target_metadata=target_metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )

    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online():
    connectable = create_engine(get_url())

    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)

        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
"""
SEED_DATA = '''\
"""seed accounts"""

revision = "27c6a30d7c24"
down_revision = "1975ea83b712"

from datetime import date
from sqlalchemy.sql import table, column
from sqlalchemy import Column, String, Integer, Date
from alembic import op


def upgrade():
    op.add_column('account', Column('create_date', Date))

    # Create an ad-hoc table to use for the insert statement.
    accounts_table = table('account',
        column('id', Integer),
        column('name', String),
        column('create_date', Date)
    )

    op.bulk_insert(accounts_table,
        [
            {'id':1, 'name':'John Smith',
                    'create_date':date(2010, 10, 5)},
            {'id':2, 'name':'Ed Williams',
                    'create_date':date(2007, 5, 27)},
            {'id':3, 'name':'Wendy Jones',
                    'create_date':date(2008, 8, 15)},
        ]
    )


def downgrade():
    op.execute("DELETE FROM account")
    op.drop_column('account', 'create_date')
'''
UPGRADE_FROM_A_PROGRAM = """\
import logging, sys
import runner

runner.install_alembic_names()

from alembic.config import Config
import alembic.command

logging.getLogger().addHandler(logging.NullHandler())
before = logging.getLogger().handlers[:]

config = Config('alembic.ini')
config.attributes['configure_logger'] = False

alembic.command.upgrade(config, 'head')

assert logging.getLogger().handlers == before
"""

HIDE_ALEMBIC = """\
import importlib.machinery
import sys


class Hidden(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname.split(".")[0] == "alembic":
            return None
        return super().find_spec(fullname, path, target)


sys.meta_path[:] = [Hidden if one is importlib.machinery.PathFinder else one for one in sys.meta_path]
"""


def program_directory(root: Path) -> Directory:
    """Write the second guide's project: its database URL comes from an environment variable of its own."""
    directory = your_project(
        root, "driver://user:pass@localhost/dbname", r1975ea83b712=ACCOUNT, r27c6a30d7c24_seed_accounts=SEED_DATA
    )
    (directory.scripts / "env.py").write_text(PROGRAM_ENV_PY)
    (root / "program_name").mkdir()
    (root / "program_name" / "__init__.py").touch()
    (root / "program_name" / "models.py").write_text("from sqlalchemy import MetaData\nmetadata = MetaData()\n")
    return directory


ACCOUNTS = "SELECT id, name, CAST(create_date AS VARCHAR(10)) FROM account ORDER BY id"
SEEDED = [(1, "John Smith", "2010-10-05"), (2, "Ed Williams", "2007-05-27"), (3, "Wendy Jones", "2008-08-15")]


def test_a_url_of_its_own_and_seed_data(tmp_path: Path, database_url: str) -> None:
    """An env.py with its own URL variable runs; bulk_insert() seeds dates online and offline alike (OP-17, TP-4)."""
    directory = program_directory(tmp_path / "program")
    environment = {"program_name_DATABASE_URL": database_url}

    run_runner("upgrade", "head", cwd=directory.root, env=environment).check()
    seeded = rows(database_url, ACCOUNTS)
    commands = (("current",), ("downgrade", "-1"), ("upgrade", "1975ea83b712:head", "--sql"))
    current, _, script = run_sequence(
        "runner", [Call(args=one, cwd=directory.root, env=environment) for one in commands]
    )
    execute(database_url, script.check().stdout)

    assert SEEDED == seeded == rows(database_url, ACCOUNTS)
    assert "27c6a30d7c24 (head)\n" == current.stdout
    assert "'2010-10-05'" in script.stdout


def test_the_default_of_a_url_of_its_own(tmp_path: Path) -> None:
    """Where the variable is not set env.py's own default counts, and no URL of the runner's is missed (TP-4)."""
    directory = program_directory(tmp_path / "program")
    share = tmp_path / "home" / ".local" / "share" / "program_name"
    share.mkdir(parents=True)

    run_runner("upgrade", cwd=directory.root, env={"HOME": str(tmp_path / "home")}).check()

    assert SEEDED == rows(sqlite_url(share / "main.db"), ACCOUNTS)


@pytest.mark.parametrize("alembic", ["installed", "absent"])
def test_upgrading_from_a_program(tmp_path: Path, sqlite_file_url: str, alembic: str) -> None:
    """`alembic.command.upgrade(config, 'head')` runs this engine and leaves logging alone (API-1, CFG-40)."""
    directory = program_directory(tmp_path / "program")
    program = UPGRADE_FROM_A_PROGRAM if alembic == "installed" else HIDE_ALEMBIC + UPGRADE_FROM_A_PROGRAM

    environment = {"program_name_DATABASE_URL": sqlite_file_url}
    run_program([sys.executable, "-c", program], cwd=directory.root, env=environment).check()

    assert SEEDED == rows(sqlite_file_url, ACCOUNTS)


# --- the tutorial with our own commands ------------------------------------------------------------------------------

MYMODEL = """\
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "account"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(50), nullable=False)
    description = sa.Column(sa.Unicode(200))
    last_transaction_date = sa.Column(sa.DateTime)
"""
CART_MODEL = """\

class ShoppingCart(Base):
    __tablename__ = "shopping_cart"
    id = sa.Column(sa.Integer, primary_key=True)
"""
CREATE_ACCOUNT = """\
    op.create_table(
        'account',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('name', sa.String(50), nullable=False),
        sa.Column('description', sa.Unicode(200)),
    )
"""


def fill_in(directory: Directory, revision: str, *, upgrade: str, downgrade: str) -> None:
    """Replace the two `pass` of a revision that was just written, as its author does."""
    (file,) = directory.versions.glob(f"{revision}_*.py")
    first, second, third = file.read_text().split("    pass\n")
    file.write_text(f"{first}{upgrade}{second}{downgrade}{third}")


def test_the_tutorial_with_our_commands(tmp_path: Path, database_url: str) -> None:
    """Everything the tutorial makes is made by `runner`: environment, revisions, candidates, branches, a merge."""
    directory = Directory(root=tmp_path, ini=tmp_path / "alembic.ini", scripts=tmp_path / "alembic")
    (tmp_path / "mymodel.py").write_text(MYMODEL)
    runner(directory, ["init", "alembic"])
    assert {"env.py", "README", "script.py.mako", "versions"} == {path.name for path in directory.scripts.iterdir()}
    directory.set_url(database_url)

    runner(directory, ["revision", "-m", "create account table", "--rev-id", "1975ea83b712"])
    fill_in(directory, "1975ea83b712", upgrade=CREATE_ACCOUNT, downgrade="    op.drop_table('account')\n")
    runner(directory, ["revision", "-m", "Add a column", "--rev-id", "ae1027a6acf"])
    fill_in(
        directory,
        "ae1027a6acf",
        upgrade="    op.add_column('account', sa.Column('last_transaction_date', sa.DateTime))\n",
        downgrade="    op.drop_column('account', 'last_transaction_date')\n",
    )
    up, down, again = runner(directory, ["upgrade", "head"], ["downgrade", "base"], ["upgrade", "ae1"])
    assert [("upgrade", "", "1975ea83b712"), ("upgrade", "1975ea83b712", "ae1027a6acf")] == moves(up) == moves(again)
    assert 2 == len(moves(down))
    assert NEW_COLUMNS == schema(database_url)["account"]

    env_py = directory.scripts / "env.py"
    model = "from mymodel import Base\n\ntarget_metadata = Base.metadata"
    env_py.write_text(env_py.read_text().replace("target_metadata = None", model))
    runner(directory, ["check"])
    (tmp_path / "mymodel.py").write_text(MYMODEL + CART_MODEL)
    generated, upgraded, checked = runner(
        directory,
        ["revision", "--autogenerate", "-m", "Added shopping cart", "--rev-id", "27c6a30d7c24"],
        ["upgrade", "head"],
        ["check"],
    )
    assert "27c6a30d7c24_added_shopping_cart.py" in generated.stdout
    assert [("upgrade", "ae1027a6acf", "27c6a30d7c24")] == moves(upgraded)
    assert "The database is in step with the model.\n" == checked.stdout
    assert {"account", "shopping_cart", "alembic_version"} == schema(database_url).keys()

    runner(directory, ["revision", "-m", "beside", "--head", "ae1027a6acf", "--splice", "--rev-id", "beside"])
    run_runner("upgrade", "head", cwd=directory.root).check(24)
    drawn, merged, finished, current = runner(
        directory,
        ["history", "--graph"],
        ["merge", "heads", "-m", "both", "--rev-id", "merged"],
        ["upgrade", "head"],
        ["current"],
    )
    assert 4 == len(drawn.stdout.splitlines())
    assert "merged_both.py" in merged.stdout
    assert ["beside", "merged"] == [line["to"] for line in finished.events("step.finished")]
    assert "merged (head) (mergepoint)\n" == current.stdout

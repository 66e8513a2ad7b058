"""Programs written for Alembic run on this engine, with Alembic absent and with Alembic installed.

Each program is what a user writes, in a process of its own. The driver below hides the real Alembic or leaves it
in its place, and afterwards fails if any part of it was imported. Programs that import from many places run both ways.
"""

from __future__ import annotations

import sqlite3
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.directories import Directory, RevisionFile, chain, make_directory
from tests.oracle import sqlite_url
from tests.programs import Finished, run_program
from tests.side_tables import without_side_tables

DRIVER = """
import os
import runpy
import sys
from importlib.machinery import PathFinder

mode, program = sys.argv[1:3]
installed = os.path.dirname(PathFinder.find_spec("alembic").origin)


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "alembic":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


if mode == "absent":
    sys.meta_path.insert(0, Absent())
sys.argv = [program]
sys.path[0] = os.getcwd()
runpy.run_path(program, run_name="__main__")
if mode != "real":
    files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
    assert not any(file.startswith(installed) for file in files), "the real Alembic was imported"
print("ran to its end")
"""

FIRST_LINES = """
import runner

runner.install_alembic_names()
"""

Run = Callable[[str], Finished]


@pytest.fixture
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Runs the text of a program in `tmp_path`, with Alembic absent; warnings are errors there."""
    mode = getattr(request, "param", "absent")

    def run_text(program: str) -> Finished:
        return _run(tmp_path, FIRST_LINES + textwrap.dedent(program), mode=mode)

    return run_text


both_ways = pytest.mark.parametrize("run", ["absent", "installed"], indirect=True)


def _run(folder: Path, program: str, *, mode: str) -> Finished:
    (folder / "driver.py").write_text(DRIVER, encoding="utf-8")
    (folder / "program.py").write_text(program, encoding="utf-8")
    ended = run_program([sys.executable, "-W", "error", "driver.py", mode, "program.py"], cwd=folder).check()
    assert ended.stdout.endswith("ran to its end\n"), ended
    return ended


def _tables(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        ]
    finally:
        connection.close()


def _versions(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [row for (row,) in connection.execute("SELECT version_num FROM alembic_version ORDER BY 1")]
    finally:
        connection.close()


@pytest.fixture
def directory(tmp_path: Path, sqlite_file_url: str) -> Directory:
    """Three revisions, each with a table of its own, for the SQLite file."""
    tables = chain(
        3,
        upgrade='op.create_table("t{n}", sa.Column("id", sa.Integer, primary_key=True))',
        downgrade='op.drop_table("t{n}")',
    )
    return make_directory(tmp_path, tables, url=sqlite_file_url)


# -- revision files and env.py --------------------------------------------------------------------------------------

ENVIRONMENT = """
import logging
from logging.config import fileConfig

from alembic import context
from sqlalchemy import MetaData, engine_from_config, pool

config = context.config
if config.config_file_name is not None:
    fileConfig(config.config_file_name, disable_existing_loggers=False)
target_metadata = MetaData()
applied = config.attributes.setdefault("applied", [])


def on_version_apply(ctx, step, heads, run_args):
    applied.append((step.up_revision_id, step.is_upgrade, step.is_migration, sorted(heads), ctx.dialect.name))


def include_object(obj, name, type_, reflected, compare_to):
    return True


def run_migrations_offline() -> None:
    context.configure(url=config.get_main_option("sqlalchemy.url"), target_metadata=target_metadata,
                      literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    section = config.get_section(config.config_ini_section, {})
    connectable = engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool)
    with connectable.connect() as connection:
        context.configure(
            connection=connection, target_metadata=target_metadata, compare_type=True, include_object=include_object,
            render_as_batch=True, on_version_apply=on_version_apply, version_table="schema_versions",
            transaction_per_migration=True, process_revision_directives=None, include_schemas=False, mine="kept",
        )
        with context.begin_transaction():
            context.run_migrations(shard="seven")
    assert context.get_context().opts["mine"] == "kept"


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
"""

LOGGING = """
[loggers]
keys = root,alembic
[handlers]
keys = console
[formatters]
keys = generic
[logger_root]
level = WARNING
handlers = console
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
"""

FIRST_REVISION = '''
"""create account

Revision ID: 1975ea83b712
Revises:
Create Date: 2024-05-04 12:11:10.456789

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


# revision identifiers, used by Alembic.
revision: str = "1975ea83b712"
down_revision: Union[str, None] = None
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade(shard) -> None:
    # ### commands auto generated by Alembic - please adjust! ###
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )
    op.create_index(op.f("ix_account_name"), "account", ["name"], unique=False)
    assert shard == "seven"


def downgrade(shard) -> None:
    op.drop_index(op.f("ix_account_name"), table_name="account")
    op.drop_table("account")
'''

SECOND_REVISION = '''
"""add a column, fill it, and look around"""
import sqlalchemy as sa
from alembic import op, context
import alembic.op
from runner import op as our_op

revision = "ae1027a6acf"
down_revision = "1975ea83b712"


def upgrade(shard):
    assert alembic.op is op is our_op
    with op.batch_alter_table("account") as batch_op:
        batch_op.add_column(sa.Column("email", sa.String(100), server_default=""))
        batch_op.alter_column("name", new_column_name="full_name", existing_type=sa.String(50), existing_nullable=False)
    migration = op.get_context()
    assert migration.dialect.name == op.get_bind().dialect.name == "sqlite"
    assert migration.bind is op.get_bind() and not migration.as_sql and not context.is_offline_mode()
    assert migration.script.get_revision(revision).doc == __doc__
    accounts = sa.table("account", sa.column("id"), sa.column("full_name"))
    op.bulk_insert(accounts, [{"id": 1, "full_name": "Ada"}])
    op.execute("UPDATE account SET email = 'ada@example.org'")
    with migration.autocommit_block():
        op.execute("CREATE INDEX ix_account_email ON account (email)")
    assert context.get_x_argument(as_dictionary=True) == {"tenant": "acme"}


def downgrade(shard):
    raise NotImplementedError
'''


@both_ways
def test_revision_files_and_env_py_as_projects_have_them(run: Run, tmp_path: Path, sqlite_file: Path) -> None:
    """Generated revisions, a generic env.py and a program that upgrades run unchanged (TP-1 to TP-8)."""
    project = make_directory(tmp_path, url=sqlite_url(sqlite_file))
    project.ini.write_text(project.ini.read_text() + LOGGING)
    (project.scripts / "env.py").write_text(ENVIRONMENT)
    (project.versions / "1975ea83b712_create_account.py").write_text(FIRST_REVISION.lstrip())
    (project.versions / "ae1027a6acf_add_a_column.py").write_text(SECOND_REVISION.lstrip())
    ended = run("""
        from argparse import Namespace

        from alembic import command
        from alembic.config import Config

        config = Config("alembic.ini", cmd_opts=Namespace(x=["tenant=acme"]))
        command.upgrade(config, "head")
        assert config.attributes["applied"] == [
            ("1975ea83b712", True, True, ["1975ea83b712"], "sqlite"),
            ("ae1027a6acf", True, True, ["ae1027a6acf"], "sqlite"),
        ], config.attributes
        try:
            command.downgrade(config, "-1")
        except NotImplementedError as error:
            print("downgrade:", *error.__notes__)
    """)
    assert without_side_tables(_tables(sqlite_file)) == ["account", "schema_versions"]
    with sqlite3.connect(sqlite_file) as connection:
        assert connection.execute("SELECT id, full_name, email FROM account").fetchall() == [
            (1, "Ada", "ada@example.org")
        ]
    connection.close()
    assert "INFO  [alembic.runtime.migration] Running upgrade  -> 1975ea83b712, create account" in ended.stderr
    assert "Revision ae1027a6acf failed at " in ended.stdout


# -- programs -------------------------------------------------------------------------------------------------------


def test_commands_called_by_a_program(run: Run, directory: Directory, sqlite_file: Path) -> None:
    """command.* with a Config: queries print and return nothing; offline SQL goes to the buffer (TP-11, API-1)."""
    ended = run("""
        import io

        from alembic import command
        from alembic.config import Config as AlembicConfig

        config = AlembicConfig("alembic.ini")
        assert command.upgrade(config, "head") is None
        assert command.current(config) is None
        command.downgrade(config, revision="-1")
        command.heads(config)

        answers = io.StringIO()
        elsewhere = AlembicConfig("alembic.ini", stdout=answers)
        command.history(elsewhere, indicate_current=True)
        assert answers.getvalue().splitlines() == [
            "r0002 -> r0003 (head), number 3",
            "r0001 -> r0002 (current), number 2",
            "<base> -> r0001, number 1",
        ]
        script = io.StringIO()
        command.upgrade(AlembicConfig("alembic.ini", output_buffer=script), "r0001:r0002", sql=True)
        assert "CREATE TABLE t2" in script.getvalue() and "CREATE TABLE t1" not in script.getvalue()
        command.stamp(config, ["r0001"])
        command.ensure_version(config)
    """)
    assert ended.stdout.splitlines() == ["r0003 (head)", "r0003 (head)", "ran to its end"]
    assert _tables(sqlite_file) == ["alembic_version", "t1", "t2"]
    assert _versions(sqlite_file) == ["r0001"]


@both_ways
def test_the_directory_and_its_revisions(run: Run, directory: Directory) -> None:
    """ScriptDirectory answers from programs and from tests of single heads (TP-12, TP-24, API-2 to API-4)."""
    run("""
        from alembic.config import Config
        from alembic.script import Script, ScriptDirectory
        from alembic.script.revision import ResolutionError, Revision, RevisionError, RevisionMap
        from alembic.util import CommandError

        script = ScriptDirectory.from_config(Config("alembic.ini"))
        assert script.get_current_head() == "r0003"
        assert len(script.get_heads()) == 1
        assert [one.revision for one in script.walk_revisions()] == ["r0003", "r0002", "r0001"]
        assert isinstance(script.get_revision("head"), Script)
        assert script.get_revision("head").module.down_revision == "r0002"
        for refused in (ResolutionError, RevisionError, CommandError):
            try:
                script.revision_map.get_revision("nowhere")
            except refused:
                continue
            raise AssertionError(refused)

        above = Revision("b", "a")
        map_ = RevisionMap(lambda: [Revision("a", None), above])
        assert map_.heads == ("b",) and above.is_head and not map_.get_revision("a").is_head
        assert [one.revision for one in map_.iterate_revisions("head", "base")] == ["b", "a"]
    """)


def test_the_current_revision_of_a_connection(run: Run, directory: Directory) -> None:
    """MigrationContext.configure(conn).get_current_revision(), by the new name and the old one (TP-13, API-5)."""
    run("""
        import sqlalchemy as sa
        from alembic import command
        from alembic.config import Config
        from alembic.migration import MigrationContext as FormerName
        from alembic.runtime.migration import MigrationContext, MigrationInfo
        from alembic.script import ScriptDirectory

        assert FormerName is MigrationContext
        config = Config("alembic.ini")
        engine = sa.create_engine(config.get_main_option("sqlalchemy.url"))
        with engine.connect() as connection:
            assert MigrationContext.configure(connection).get_current_revision() is None
        command.upgrade(config, "r0002")
        with engine.begin() as connection:
            context = MigrationContext.configure(connection, opts={"version_table": "alembic_version"})
            assert context.get_current_heads() == ("r0002",)
            context.stamp(ScriptDirectory.from_config(config), "head")
            assert context.get_current_revision() == "r0003"
        engine.dispose()
    """)


def test_one_revision_in_isolation(run: Run, directory: Directory) -> None:
    """Operations.context(...), and `module.op = Operations(ctx)` as tests do it (TP-14)."""
    run("""
        import importlib.util

        import sqlalchemy as sa
        from alembic import op
        from alembic.operations import Operations
        from alembic.runtime.migration import MigrationContext

        engine = sa.create_engine("sqlite://")
        with engine.connect() as connection:
            context = MigrationContext.configure(connection)
            with Operations.context(context) as operations:
                op.create_table("one", sa.Column("id", sa.Integer))
                operations.add_column("one", sa.Column("more", sa.Integer))
            try:
                op.drop_table("one")
            except NameError:
                pass
            spec = importlib.util.spec_from_file_location("isolated", "migrations/versions/r0001_number_1.py")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            module.op = Operations(context)
            module.upgrade()
            assert sa.inspect(connection).get_table_names() == ["one", "t1"]
        engine.dispose()
    """)


def test_an_environment_with_a_function_of_its_own(run: Run, directory: Directory) -> None:
    """EnvironmentContext with fn=, and what editors once imported from its old alias (ENV-14, TP-15, API-7)."""
    run("""
        from alembic.config import Config
        from alembic.environment import Column, EnvironmentContext as FormerName, Optional
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory

        assert FormerName is EnvironmentContext
        config = Config("alembic.ini")
        script = ScriptDirectory.from_config(config)
        seen = []

        def upgrade(rev, context):
            seen.append((rev, context.dialect.name))
            return script._upgrade_revs("head", rev)

        def look(rev, context):
            seen.append(rev)
            return []

        with EnvironmentContext(config, script, fn=upgrade, as_sql=False, starting_rev=None, destination_rev="head"):
            script.run_env()
        with EnvironmentContext(config, script, fn=look, dont_mutate=True):
            script.run_env()
        assert seen[0] == ((), "sqlite") and seen[-1] == ("r0003",), seen
    """)


def test_what_programs_catch(run: Run, tmp_path: Path, sqlite_file: Path) -> None:
    """CommandError for what the tool refuses, the original exception for what failed elsewhere (TP-17)."""
    make_directory(
        tmp_path,
        [
            RevisionFile(revision="aaaa", upgrade='raise ZeroDivisionError("in the revision")'),
            RevisionFile(revision="bbbb", upgrade='op.execute("SELECT * FROM nowhere")'),
            RevisionFile(revision="cccc", upgrade='raise CommandError("refused by hand")'),
        ],
        url=sqlite_url(sqlite_file),
    )
    versions = tmp_path / "migrations" / "versions" / "cccc_message.py"
    versions.write_text(
        versions.read_text().replace("import sqlalchemy", "from alembic.util import CommandError\nimport sqlalchemy")
    )
    run("""
        import traceback

        from alembic import command, util
        from alembic.config import Config
        from alembic.util.exc import CommandError
        from sqlalchemy.exc import ArgumentError, OperationalError

        assert util.CommandError is CommandError

        def caught(config, target):
            try:
                command.upgrade(config, target)
            except Exception as error:
                return error
            raise AssertionError(target)

        config = Config("alembic.ini")
        error = caught(config, "aaaa")
        assert type(error) is ZeroDivisionError and str(error) == "in the revision"
        assert error.__notes__[0].endswith("(revision-failed)"), error.__notes__
        assert error.__context__ is None and "in upgrade" in "".join(traceback.format_exception(error))
        assert isinstance(caught(config, "bbbb"), OperationalError)
        assert type(caught(config, "cccc")) is CommandError
        assert isinstance(caught(config, "nowhere"), CommandError)
        assert isinstance(caught(config, "head"), CommandError)
        assert isinstance(caught(Config("missing.ini"), "head"), CommandError)
        config.set_main_option("sqlalchemy.url", "sqlite:////nowhere/at/all.db")
        assert isinstance(caught(config, "aaaa"), OperationalError)
        config.set_main_option("sqlalchemy.url", "no url at all")
        assert isinstance(caught(config, "aaaa"), ArgumentError)

        with open("migrations/versions/dddd.py", "w") as file:
            file.write("revision = 'dddd'; down_revision = None; import nothing_of_that_name")
        assert isinstance(caught(config, "dddd"), (ImportError, ArgumentError))

        assert len(util.rev_id()) == 12 and util.rev_id() != util.rev_id()
        assert util.load_python_file("migrations/versions", "aaaa_message.py").revision == "aaaa"
        try:
            util.load_python_file("migrations/versions", "dddd.py")
        except ModuleNotFoundError as error:
            assert error.name == "nothing_of_that_name"
    """)


def test_a_shared_connection(run: Run, directory: Directory, sqlite_file: Path) -> None:
    """config.attributes["connection"]: the program's transaction stays its own (CFG-40)."""
    (directory.scripts / "env.py").write_text(
        textwrap.dedent("""
            from alembic import context

            connection = context.config.attributes.get("connection")
            assert connection is not None
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """)
    )
    run("""
        import sqlalchemy as sa
        from alembic import command
        from alembic.config import Config

        config = Config("alembic.ini")
        engine = sa.create_engine(config.get_main_option("sqlalchemy.url"))
        with engine.connect() as connection:
            transaction = connection.begin()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            assert sa.inspect(connection).get_table_names() == ["alembic_version", "t1", "t2", "t3"]
            assert transaction.is_active
            transaction.rollback()
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "r0001")
        engine.dispose()
    """)
    assert _tables(sqlite_file) == ["alembic_version", "t1"]
    assert _versions(sqlite_file) == ["r0001"]


def test_a_config_subclass_with_options_made_by_hand(run: Run, directory: Directory) -> None:
    """A Config subclass that adds x arguments to a Namespace of its own, as Flask-Migrate does (TP-25, TP-26)."""
    (directory.scripts / "env.py").write_text(
        textwrap.dedent("""
            from alembic import context
            from sqlalchemy import create_engine

            config = context.config
            print("template directory:", config.get_template_directory())
            print("x:", context.get_x_argument(), "autogenerate:", getattr(config.cmd_opts, "autogenerate", None))
            with create_engine(config.get_main_option("sqlalchemy.url")).connect() as connection:
                context.configure(connection=connection, **{"compare_type": True, "render_as_batch": True})
                with context.begin_transaction():
                    context.run_migrations()
        """)
    )
    ended = run("""
        import argparse
        import os

        from alembic import __version__ as version
        from alembic import command
        from alembic.config import Config as AlembicConfig
        from alembic.util import CommandError

        assert tuple(int(part) for part in version.split(".")[:3]) >= (1, 7, 0)

        class Config(AlembicConfig):
            def __init__(self, *args, **kwargs):
                self.template_directory = kwargs.pop("template_directory", None)
                super().__init__(*args, **kwargs)

            def get_template_directory(self):
                return self.template_directory or os.path.abspath("templates")

        config = Config(os.path.join("alembic.ini"), template_directory="mine")
        config.set_main_option("script_location", "migrations")
        config.cmd_opts = argparse.Namespace()
        setattr(config.cmd_opts, "x", [])
        for x in ("tenant=acme", "dry"):
            config.cmd_opts.x.append(x)
        setattr(config.cmd_opts, "autogenerate", False)
        command.upgrade(config, "head", sql=False, tag=None)
        command.current(config, verbose=False)
    """)
    assert "template directory: mine\nx: ['tenant=acme', 'dry'] autogenerate: False\n" in ended.stdout
    assert "r0003 (head)" in ended.stdout


@both_ways
def test_extensions(run: Run, directory: Directory, sqlite_file: Path) -> None:
    """Registered operations appear on op; a dialect's own impl and @compiles are used (TP-19, TP-21, TP-22)."""
    directory.add(
        RevisionFile(
            revision="r0004",
            down_revision="r0003",
            upgrade='op.create_view("v", "SELECT 1 AS one")\nop.rename_table("t1", "renamed")',
        )
    )
    run("""
        from alembic import command, op
        from alembic.config import Config
        from alembic.ddl.base import RenameTable, format_table_name, visit_rename_table
        from alembic.ddl.impl import DefaultImpl
        from alembic.ddl.sqlite import SQLiteImpl
        from alembic.operations import MigrateOperation, Operations, ops
        from alembic.operations.ops import MigrationScript
        from sqlalchemy.ext.compiler import compiles

        @Operations.register_operation("create_view")
        class CreateViewOp(MigrateOperation):
            def __init__(self, name, text):
                self.name, self.text = name, text

            @classmethod
            def create_view(cls, operations, name, text):
                return operations.invoke(cls(name, text))

        @Operations.implementation_for(CreateViewOp)
        def create_view(operations, operation):
            operations.execute(f"CREATE VIEW {operation.name} AS {operation.text}")

        assert callable(op.create_view) and ops.MigrationScript is MigrationScript
        seen = []

        class WideVersions(SQLiteImpl):
            __dialect__ = "sqlite"
            transactional_ddl = True

            def version_table_impl(self, **kw):
                table = super().version_table_impl(**kw)
                table.c.version_num.type.length = 200
                return table

        @compiles(RenameTable, "sqlite")
        def rename(element, compiler, **kw):
            seen.append(element.table_name)
            return "ALTER TABLE %s RENAME TO %s" % (
                format_table_name(compiler, element.table_name, element.schema),
                format_table_name(compiler, element.new_table_name, None),
            )

        command.upgrade(Config("alembic.ini"), "head")
        assert "t1" in seen and issubclass(SQLiteImpl, DefaultImpl)
    """)
    assert _tables(sqlite_file) == ["alembic_version", "renamed", "t2", "t3"]
    with sqlite3.connect(sqlite_file) as connection:
        (table,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    connection.close()
    assert "VARCHAR(200)" in table


def test_command_lines_built_by_programs(run: Run, directory: Directory, sqlite_file: Path) -> None:
    """alembic.config.main(), and CommandLine with a parser, commands and a Config of the program (CLI-X1, CLI-X2)."""
    ended = run("""
        import alembic.config
        from alembic.config import CommandLine, Config

        alembic.config.main(argv=["--raiseerr", "upgrade", "r0002"])
        assert CommandLine(prog="db").main(["-c", "alembic.ini", "current"]) is None

        cli = CommandLine("db")
        cli.parser.add_argument("--tenant")
        options = cli.parser.parse_args(["--tenant", "acme", "-x", "a=b", "upgrade", "head", "--sql"])
        assert options.cmd[0].__name__ == "upgrade" and options.tenant == "acme" and options.x == ["a=b"]
        options = cli.parser.parse_args(["history", "-r", "r0002:", "-v"])
        config = Config("alembic.ini", cmd_opts=options)
        cli.run_cmd(config, options)

        def greet(config, name, verbose=False):
            '''Say hello.'''
            config.print_stdout("hello %s %s", name, verbose)

        cli.register_command(greet)
        cli.main(["greet", "Ada", "--verbose"])
        try:
            cli.main(["upgrade", "nowhere"])
        except SystemExit as stop:
            assert stop.code == -1
        try:
            alembic.config.main(argv=["--raiseerr", "upgrade", "nowhere"])
        except alembic.util.CommandError as error:
            print("raised", type(error).__name__)
    """)
    lines = ended.stdout.splitlines()
    assert lines[0] == "r0002"
    assert lines[1] == "Rev: r0003 (head)"
    assert "hello Ada True" in lines
    assert any(line.startswith("FAILED: ") and "nowhere" in line for line in lines)
    assert lines[-2] == "raised UnknownRevision"
    assert _versions(sqlite_file) == ["r0002"]


def test_a_directory_without_env_py(run: Run, directory: Directory, sqlite_file: Path) -> None:
    """Where there is no env.py, sqlalchemy.url of the Config names the database; no variable is looked at."""
    (directory.scripts / "env.py").unlink()
    ended = run("""
        import os

        os.environ["DATABASE_URL"] = "sqlite:///elsewhere.sqlite"
        from alembic import command
        from alembic.config import Config

        config = Config("alembic.ini")
        command.upgrade(config, "head")
        command.current(config)
    """)
    assert ended.stdout.splitlines()[0] == "r0003 (head)"
    assert _versions(sqlite_file) == ["r0003"]
    assert not (sqlite_file.parent / "elsewhere.sqlite").exists()


def test_threads_never_see_each_other(run: Run, directory: Directory, tmp_path: Path) -> None:
    """Eight threads upgrade eight databases at once; each gets its own tables and rows (API-12)."""
    directory.add(
        RevisionFile(
            revision="r0004",
            down_revision="r0003",
            upgrade="""
                import time
                name = context.config.attributes["name"]
                op.create_table("only_" + name, sa.Column("id", sa.Integer))
                time.sleep(0.02)
                assert context.config.attributes["name"] == name
                op.execute("INSERT INTO only_" + name + " VALUES (1)")
                assert op.get_bind().engine.url.database.endswith(name + ".sqlite")
            """,
            downgrade='op.drop_table("only_" + context.config.attributes["name"])',
        )
    )
    run("""
        import io
        import threading
        from concurrent.futures import ThreadPoolExecutor

        from alembic import command
        from alembic.config import Config

        start = threading.Barrier(8)

        def migrate(number):
            name = f"db{number}"
            config = Config("alembic.ini", stdout=io.StringIO(), attributes={"name": name})
            config.set_main_option("sqlalchemy.url", f"sqlite:///{name}.sqlite")
            start.wait()
            command.upgrade(config, "head")
            command.downgrade(config, "r0003")
            command.upgrade(config, "heads")
            command.current(config)
            return config.stdout.getvalue()

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(migrate, range(8))) == {"r0004 (head)\\n"}
    """)
    for number in range(8):
        assert _tables(tmp_path / f"db{number}.sqlite") == ["alembic_version", f"only_db{number}", "t1", "t2", "t3"]
        assert _versions(tmp_path / f"db{number}.sqlite") == ["r0004"]


# -- against the oracle ---------------------------------------------------------------------------------------------

QUERIES = """
import io
import sys

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

config = Config("alembic.ini")


def show(title, function, *args, **kw):
    answers = []
    config.print_stdout = lambda text, *arguments: answers.append(text % arguments if arguments else text)
    try:
        function(config, *args, **kw)
    except CommandError:
        answers.append("CommandError")
    print("==", title, args, kw)
    print("\\n".join(answers))


for target in (None, "app", "heads"):
    if target is not None:
        show("upgrade", command.upgrade, f"{target}@head" if target != "heads" else target)
    for verbose in (False, True):
        show("current", command.current, verbose=verbose)
        show("heads", command.heads, verbose=verbose)
        show("heads", command.heads, verbose=verbose, resolve_dependencies=True)
        show("branches", command.branches, verbose=verbose)
        show("history", command.history, verbose=verbose, indicate_current=True)
        if target is None:  # Alembic stumbles over a range from several revisions
            show("history", command.history, "current:", verbose=verbose)
    for symbol in ("head", "heads", "app@head", "b00", "nowhere", "current", "base"):
        show("show", command.show, symbol)
for range_ in ("a001:b002", "-2:", ":lib@head", "a001", "b002:c001"):
    show("history", command.history, range_)
"""


def test_queries_print_what_alembic_prints(tmp_path: Path) -> None:
    """The lines of every query equal Alembic's on a directory with branches, labels and dependencies."""
    revisions = [
        RevisionFile(revision="a001", message="start"),
        RevisionFile(revision="b001", down_revision="a001", branch_labels="lib"),
        RevisionFile(revision="b002", down_revision="b001"),
        RevisionFile(revision="c001", down_revision="a001", branch_labels="app"),
        RevisionFile(revision="c002", down_revision="c001", depends_on="b001"),
        RevisionFile(revision="c003", down_revision="c001"),
        RevisionFile(revision="c004", down_revision=("c002", "c003"), message="join"),
        RevisionFile(revision="c005", down_revision="c004", depends_on="b002"),
    ]
    make_directory(tmp_path, revisions, url="sqlite:///database.sqlite")
    real = _run(tmp_path, QUERIES, mode="real")
    (tmp_path / "database.sqlite").unlink()
    ours = _run(tmp_path, FIRST_LINES + QUERIES, mode="installed")
    assert _without_the_order_of_sets(ours.stdout) == _without_the_order_of_sets(real.stdout)


def _without_the_order_of_sets(text: str) -> list[list[str]]:
    """Alembic prints members of sets as they come; sort the lines of each answer and the names in each line."""
    return [
        sorted(" ".join(sorted(line.replace(",", "").split())) for line in one.splitlines())
        for one in text.split("== ")
    ]

"""What env.py can say and ask, in online and offline runs, and where its database comes from."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from tests.differential.known_differences import expected_script
from tests.directories import Directory, RevisionFile, chain, make_directory
from tests.oracle import normalised_sql, sqlite_url
from tests.postgres import PostgresServer
from tests.programs import Finished, run_program, run_runner
from tests.sequence import Call, Program, run_sequence
from tests.side_tables import without_side_tables

CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"
ONLINE = """\
import os
from alembic import context
from sqlalchemy import create_engine, pool, text

config = context.config
engine = create_engine({url}, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, {options})
    with context.begin_transaction():
        context.run_migrations()
"""
URL_OF_CONFIG = 'config.get_main_option("sqlalchemy.url")'


def online(options: str = "", url: str = URL_OF_CONFIG) -> str:
    """Return an online env.py with further options of configure()."""
    return ONLINE.format(options=options, url=url)


def directory_with(
    root: Path, env_py: str, revisions: Sequence[RevisionFile] = (), *, url: str | None = None
) -> Directory:
    """Write a directory with that env.py; two revisions that create tables unless others are given."""
    directory = make_directory(root, revisions or chain(2, upgrade=CREATE), url=url)
    (directory.scripts / "env.py").write_text(env_py)
    return directory


def run(
    directory: Directory,
    *commands: Sequence[str],
    program: Program = "runner",
    env: Mapping[str, str] | None = None,
) -> list[Finished]:
    """Run commands one after the other in one process."""
    return run_sequence(program, [Call(args=tuple(one), cwd=directory.root, env=env or {}) for one in commands])


def query(url: str, sql: str) -> list[Any]:
    """Return the first column of a query's rows."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = list(connection.execute(text(sql)).scalars())
    engine.dispose()
    return found


def tables(url: str, schema: str | None = None) -> list[str]:
    """Return the tables of a database."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = without_side_tables(inspect(connection).get_table_names(schema=schema))
    engine.dispose()
    return found


# --- what env.py can ask (section 3.1) -------------------------------------------------------------------------------

ASKING = """\
import json, os
from alembic import context
from sqlalchemy import create_engine

config = context.config
facts = {}


def ask(**questions):
    for name, question in questions.items():
        try:
            facts[name] = question()
        except Exception as error:
            facts[name] = "refused"


def ask_before():
    ask(
        x=context.get_x_argument,
        x_as_dictionary=lambda: context.get_x_argument(as_dictionary=True),
        tag=context.get_tag_argument,
        is_offline_mode=context.is_offline_mode,
        requires_connection=context.requires_connection,
        head=context.get_head_revision,
        heads=context.get_head_revisions,
        revision=context.get_revision_argument,
        start=context.get_starting_revision_argument,
        context=context.get_context,
        bind=context.get_bind,
        impl=context.get_impl,
        is_transactional_ddl=context.is_transactional_ddl,
        x_of_config=lambda: config.cmd_opts.x,
        name_of_config=lambda: config.cmd_opts.name,
        command=lambda: config.cmd_opts.cmd[0].__name__,
        file=lambda: os.path.basename(config.config_file_name),  # ours is absolute
        section=lambda: config.config_ini_section,
        script=lambda: type(context.script).__name__,
    )


def ask_after():
    ask(
        is_transactional_ddl_now=context.is_transactional_ddl,
        dialect=lambda: context.get_context().dialect.name,
        as_sql=lambda: context.get_context().as_sql,
        start_now=context.get_starting_revision_argument,
        current=context.get_context().get_current_heads,
        script_is_shared=lambda: context.get_context().script is context.script,
        config_is_shared=lambda: context.get_context().config is config,
        impl_is_shared=lambda: context.get_impl() is context.get_context().impl,
        opts=lambda: {name: context.get_context().opts.get(name) for name in ("mine", "tag", "compare_type")},
    )
    with open("facts.json", "a") as file:
        file.write(json.dumps(facts, sort_keys=True) + "\\n")


ask_before()
url = config.get_main_option("sqlalchemy.url")
if context.is_offline_mode():
    context.configure(url=url, mine=5, tag="env.py's own", compare_type=False)
    ask_after()
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url).connect() as connection:
        context.configure(connection=connection, mine=5, compare_type=False)
        ask_after()
        with context.begin_transaction():
            context.run_migrations()
"""
ASKED = (
    ("-x", "a=1", "-x", "b", "-x", "a=2=3", "upgrade", "r0002", "--tag", "T"),
    ("upgrade", "head"),
    ("upgrade", "heads"),
    ("downgrade", "-1"),
    ("downgrade", "base"),
    ("stamp", "r0001"),
    ("current",),
    ("history", "-i"),
    ("ensure_version",),
    ("upgrade", "r0001:heads", "--sql"),
    ("upgrade", "head", "--sql", "--tag", "T"),
    ("downgrade", "r0002:base", "--sql"),
    ("stamp", "r0001:r0002", "--sql"),
)


def test_what_env_py_can_ask(tmp_path: Path) -> None:
    """Every question of `context` has Alembic's answer (ENV-1 to ENV-8, ENV-13, ENV-27, ENV-47)."""
    programs: tuple[Program, Program] = ("alembic", "runner")
    answers = []
    for program in programs:
        root = tmp_path / program
        directory = directory_with(root, ASKING, chain(3), url=sqlite_url(tmp_path / f"{program}.sqlite"))
        for finished in run(directory, *ASKED, program=program):
            finished.check()
        answers.append([json.loads(line) for line in (root / "facts.json").read_text().splitlines()])

    theirs, ours = answers
    for command, expected, given in zip(ASKED, theirs, ours, strict=True):
        assert {} == {name: (expected[name], given[name]) for name in expected if expected[name] != given[name]}, (
            command
        )
    assert {"a": "2=3", "b": ""} == ours[0]["x_as_dictionary"]
    assert "refused" == ours[0]["context"]


def test_several_heads_and_targets(tmp_path: Path, sqlite_file_url: str) -> None:
    """With two heads get_head_revision() refuses and get_head_revisions() lists both; so may stamp (ENV-6, ENV-7)."""
    asking = "heads = context.get_head_revisions()\nrevisions = context.get_revision_argument()\n"
    asking += "try:\n    context.get_head_revision()\nexcept Exception as error:\n    refused = str(error)\n"
    asking += "print(json.dumps([heads, revisions, refused]))\n"
    env_py = online().replace("import os\n", "import json\n").replace("\nengine", f"\n{asking}\nengine")
    branches = [RevisionFile(revision=name) for name in ("left", "right")]
    directory = directory_with(tmp_path, env_py, branches, url=sqlite_file_url)

    both, all_heads = run(directory, ["stamp", "left", "right"], ["upgrade", "heads"])

    for finished in (both, all_heads):
        printed = next(line for line in finished.check().stdout.splitlines() if line.startswith("["))
        heads, revisions, refused = json.loads(printed)
        assert ["left", "right"] == heads == revisions
        assert "left" in refused


def test_outside_a_run() -> None:
    """Outside a run functions are NameErrors, `config` and `script` AttributeErrors, importing is harmless (ENV-1)."""
    program = """
import runner
runner.install_alembic_names()
from alembic import context, op

for name in ("configure", "run_migrations", "is_offline_mode", "get_x_argument", "begin_transaction"):
    try:
        getattr(context, name)()
    except NameError as error:
        assert name in str(error), error
    else:
        raise AssertionError(name)
for name in ("config", "script"):
    try:
        getattr(context, name)
    except AttributeError:
        pass
    else:
        raise AssertionError(name)
assert not hasattr(context, "config")
try:
    op.create_table("t")
except NameError:
    pass
else:
    raise AssertionError
"""
    run_program([sys.executable, "-c", program]).check()


# --- what env.py can say (section 3.2) -------------------------------------------------------------------------------

LISTENING = """\
import json


def record(*, ctx, step, heads, run_args, **more):
    facts = {
        name: getattr(step, name)
        for name in (
            "is_upgrade", "is_stamp", "is_migration", "up_revision_id", "up_revision_ids", "down_revision_ids",
            "source_revision_ids", "destination_revision_ids",
        )
    }
    facts = {name: sorted(value) if isinstance(value, tuple) else value for name, value in facts.items()}
    facts |= {"heads": sorted(heads), "run_args": run_args, "more": sorted(more), "dialect": ctx.dialect.name}
    facts |= {"up": [one.doc for one in step.up_revisions], "down": sorted(one.doc for one in step.down_revisions)}
    with open("facts.json", "a") as file:
        file.write(json.dumps(facts, sort_keys=True) + "\\n")


def audit(*, ctx, step, heads, run_args):
    if "fail" in context.get_x_argument():
        raise ValueError("no such luck")
    if not step.is_stamp:
        name = "".join(step.up_revision_ids)
        ctx.connection.execute(text("INSERT INTO audit (name) VALUES (:name)"), {"name": name})


"""
MERGED = (
    RevisionFile(revision="root", message="root", upgrade="op.create_table('audit', sa.Column('name', sa.String(30)))"),
    RevisionFile(revision="left", down_revision="root", message="left"),
    RevisionFile(revision="right", down_revision="root", message="right"),
    RevisionFile(revision="both", down_revision=("left", "right"), message="both"),
)


def listening_env_py(options: str = "") -> str:
    """Return an env.py whose listeners record each step and write an audit row."""
    env_py = online(f"on_version_apply=[record, audit], {options}").replace("run_migrations()", "run_migrations(n=1)")
    return LISTENING + env_py


def test_on_version_apply(tmp_path: Path) -> None:
    """Listeners are told what Alembic tells them, for every kind of step (ENV-33, API-6)."""
    commands = (("upgrade", "both"), ("downgrade", "left"), ("stamp", "both"), ("stamp", "right"), ("upgrade", "heads"))
    programs: tuple[Program, Program] = ("alembic", "runner")
    answers = []
    for program in programs:
        root = tmp_path / program
        directory = directory_with(root, listening_env_py(), MERGED, url=sqlite_url(tmp_path / f"{program}.sqlite"))
        for finished in run(directory, *commands, program=program):
            finished.check()
        answers.append([json.loads(line) for line in (root / "facts.json").read_text().splitlines()])

    assert answers[0] == answers[1]


def test_listeners_run_inside_the_transaction(tmp_path: Path, database_url: str) -> None:
    """What a listener writes commits with its step; when it raises, the step is rolled back and named (ENV-33)."""
    directory = directory_with(tmp_path, listening_env_py(), MERGED, url=database_url)

    first, failed = run(directory, ["upgrade", "left"], ["-x", "fail", "upgrade", "heads"])

    first.check()
    assert ["left", "root"] == query(database_url, "SELECT name FROM audit ORDER BY name")
    assert failed.returncode == 52, str(failed)  # the listener is env.py's, not the revision's
    assert "no such luck" in failed.event("run.failed")["message"]
    assert "right" == failed.event("step.failed")["revision"]
    assert ["left"] == query(database_url, "SELECT version_num FROM alembic_version")


def test_a_revision_that_exits(tmp_path: Path, sqlite_file_url: str) -> None:
    """sys.exit() in a revision or a listener, with 0 even, is a failure and never the run's own exit code."""
    exiting = RevisionFile(revision="r0002", down_revision="r0001", upgrade="import sys; sys.exit(0)")
    built_in = make_directory(tmp_path / "built-in", [*chain(1, upgrade=CREATE), exiting], env="none")
    listener = "import sys\nleave = lambda **_: sys.exit(0)\n" + online("on_version_apply=leave")
    listening = directory_with(tmp_path / "listening", listener)

    (revision,) = run(built_in, ["upgrade"], env={"DATABASE_URL": sqlite_file_url})
    (told,) = run(listening, ["upgrade", "head"], env={"DATABASE_URL": sqlite_url(tmp_path / "other.sqlite")})

    assert (50, "revision-failed") == (revision.returncode, revision.event("step.failed")["error_code"])
    assert ["r0001"] == query(sqlite_file_url, "SELECT version_num FROM alembic_version")
    assert (52, "environment-failed") == (told.returncode, told.event("step.failed")["error_code"])
    assert [] == tables(sqlite_url(tmp_path / "other.sqlite"))


def test_version_table(tmp_path: Path, pg_url: str) -> None:
    """The version table's name, schema and key are env.py's; a schema that is missing is named (ENV-30 to ENV-32)."""
    options = "version_table='my_version', version_table_schema='ops', version_table_pk=False"
    directory = directory_with(tmp_path, online(options), url=pg_url)

    (missing,) = run(directory, ["upgrade"])
    engine = create_engine(pg_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA ops"))
    engine.dispose()
    up, again, current, down = run(directory, ["upgrade"], ["upgrade"], ["current"], ["downgrade", "-1"])

    assert 30 <= missing.returncode < 60, str(missing)
    assert "ops" in missing.event("run.failed")["message"]
    assert "my_version" in missing.event("run.failed")["message"]
    assert 2 == up.check().event("run.finished")["applied"]
    assert 0 == again.check().event("run.finished")["applied"]
    assert "r0002 (head)\n" == current.check().stdout
    down.check()
    assert ["my_version"] == tables(pg_url, "ops")
    assert "alembic_version" not in tables(pg_url)
    assert ["r0001"] == query(pg_url, "SELECT version_num FROM ops.my_version")
    assert [] == query(
        pg_url, "SELECT conname FROM pg_constraint WHERE conrelid = 'ops.my_version'::regclass AND contype = 'p'"
    )


@pytest.mark.parametrize("given", ["True", "False"])
def test_transactional_ddl(tmp_path: Path, database_url: str, given: str) -> None:
    """transactional_ddl is env.py's word; whatever it says, a failed revision leaves nothing behind (ENV-3, ENV-22)."""
    told = f"    assert context.is_transactional_ddl() is {given}\n    with context.begin"
    env_py = online(f"transactional_ddl={given}").replace("    with context.begin", told)
    bad = RevisionFile(revision="r0002", down_revision="r0001", upgrade=f"{CREATE.format(n=2)}\nraise ValueError('x')")
    directory_with(tmp_path, env_py, [*chain(1, upgrade=CREATE), bad])

    run_runner("upgrade", cwd=tmp_path, env={"DATABASE_URL": database_url}).check(50)

    assert ["alembic_version", "t1"] == tables(database_url)


OFFLINE_BUFFER = """\
from alembic import context
context.configure(dialect_name="postgresql", output_buffer=open("out.sql", {mode!r}){encoding})
context.static_output("-- café")
with context.begin_transaction():
    context.run_migrations()
"""


def test_output_buffer_and_encoding(tmp_path: Path) -> None:
    """Offline SQL goes to env.py's buffer; with output_encoding that is a binary one (ENV-24, ENV-25, OFF-5)."""
    kinds = {"utf-8": ("w", ""), "latin-1": ("wb", ", output_encoding='latin-1'")}
    programs: tuple[Program, Program] = ("alembic", "runner")
    written: dict[str, list[str]] = {encoding: [] for encoding in kinds}
    for program in programs:
        roots = {encoding: tmp_path / program / encoding for encoding in kinds}
        for encoding, (mode, option) in kinds.items():
            directory_with(roots[encoding], OFFLINE_BUFFER.format(mode=mode, encoding=option))
        calls = [Call(args=("upgrade", "head", "--sql"), cwd=root) for root in roots.values()]
        assert ["", ""] == [finished.check().stdout for finished in run_sequence(program, calls)]
        for encoding, root in roots.items():
            written[encoding].append((root / "out.sql").read_bytes().decode(encoding))

    for theirs, ours in written.values():
        assert "-- café" in ours
        assert expected_script(theirs)[0] == normalised_sql(ours)


MISUSES = {
    "an engine": ("context.configure(connection=engine)", "engine.connect()"),
    "nothing": ("context.configure()", "url"),
    "starting_rev": ("context.configure(connection=connection, starting_rev='r0001')", "starting_rev"),
    "literal_binds": ("context.configure(connection=connection, literal_binds=True)", "literal_binds"),
    "no configure": ("context.begin_transaction()", "context.configure()"),
    "no run": ("context.configure(connection=connection)", "context.run_migrations()"),
    "raises": ("raise KeyError('MY_SETTING')", "MY_SETTING"),
    "swallows": ("try:\n        context.run_migrations()\n    except Exception:\n        pass", "run_migrations"),
    "a statement": ("connection.execute(text('SELECT nope'))", "nope"),
    "exits": ("raise SystemExit('no luck')", "no luck"),
    "exits as if nothing were wrong": ("raise SystemExit", "run_migrations"),
}


def test_misuse(tmp_path: Path, sqlite_file_url: str) -> None:
    """What env.py does wrong is told in a sentence, and the database is untouched (ENV-20, ENV-26, ENV-29, ERR-25)."""
    calls = []
    for name, (body, _) in MISUSES.items():
        env_py = online().partition("    context.configure")[0] + f"    {body}\n"
        directory = directory_with(tmp_path / name.replace(" ", "_"), env_py, url=sqlite_file_url)
        calls.append(Call(args=("upgrade",), cwd=directory.root))

    for (name, (_, told)), finished in zip(MISUSES.items(), run_sequence("runner", calls), strict=True):
        assert (name, 52) == (name, finished.returncode), str(finished)
        failure = finished.event("run.failed")
        assert "environment-failed" == failure["error_code"]
        assert told in failure["message"], (name, failure["message"])
        assert "env.py" in failure["message"]
        assert "Traceback" not in finished.stdout + finished.stderr
    assert [] == tables(sqlite_file_url)


# --- a schema per tenant (recipe) ------------------------------------------------------------------------------------

TENANTS = """\
from alembic import context
from sqlalchemy import create_engine, pool, text

config = context.config
engine = create_engine(config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
tenants = context.get_x_argument(as_dictionary=True).get("tenants", "one,two").split(",")
with engine.connect() as connection:
    for tenant in tenants:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {{tenant}}"))
        connection.execute(text(f"SET search_path TO {{tenant}}"))
        {commit}
        connection.dialect.default_schema_name = tenant
        context.configure(connection=connection, {options})
        with context.begin_transaction():
            context.run_migrations()
"""


@pytest.mark.parametrize(
    ("commit", "options"),
    [("connection.commit()", ""), ("pass", ""), ("pass", "version_table_schema=tenant")],
    ids=["committed", "uncommitted", "named-schema"],
)
def test_a_schema_per_tenant(tmp_path: Path, pg_url: str, commit: str, options: str) -> None:
    """One connection goes through the schemas, each with tables and rows of its own (CB-6, ENV-8, ENV-31, TX-12)."""
    directory = directory_with(tmp_path, TENANTS.format(commit=commit, options=options), url=pg_url)

    both, again, third = run(directory, ["upgrade"], ["upgrade"], ["-x", "tenants=three", "upgrade", "r0001"])

    assert 4 == both.check().event("run.finished")["applied"]
    assert 0 == again.check().event("run.finished")["applied"]
    third.check()
    created = {schema: tables(pg_url, schema) for schema in ("one", "two", "three", "public")}
    whole = ["alembic_version", "t1", "t2"]
    assert {"one": whole, "two": whole, "three": whole[:2], "public": []} == created


# --- where the database comes from -----------------------------------------------------------------------------------

FROM_SECTION = """\
from alembic import context
from sqlalchemy import engine_from_config

config = context.config
{before}
engine = engine_from_config(config.get_section(config.config_ini_section, {{}}), prefix="sqlalchemy.")
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
DOUBLING = 'import os\nconfig.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"].replace("%", "%%"))'
WAYS_TO_THE_URL = {
    "get_main_option": online(),
    "get_section": FROM_SECTION.format(before=""),
    "set_main_option": FROM_SECTION.format(before=DOUBLING),
    "environment": online(url='os.environ["DATABASE_URL"]'),
    "get_section_option": online(url='config.get_section_option(config.config_ini_section, "sqlalchemy.url")'),
    "built in": "",
}
PASSWORD = "p%40%s%%(here)s/@:?#[]ü"


@pytest.fixture
def awkward_url(pg_server: PostgresServer, pg_url: str) -> Iterator[str]:
    """The URL of an empty database as a role whose password has everything that parsers trip over."""
    name = make_url(pg_url).database
    assert name is not None
    role = f"{name}_awkward"
    quoted = PASSWORD.replace("'", "''")
    pg_server.execute(f"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD '{quoted}'")
    yield pg_server.url(name, user=role, password=PASSWORD)
    pg_server.execute(f"DROP OWNED BY {role}", database=name)
    pg_server.execute(f"DROP ROLE {role}")


def test_any_character_in_the_password(tmp_path: Path, awkward_url: str) -> None:
    """DATABASE_URL wins over sqlalchemy.url whatever its password holds, for every way env.py asks (CFG-5, CB-23)."""
    plain = awkward_url.replace("postgresql+psycopg://", "postgres://")  # as platforms write it
    revisions = chain(1, upgrade=CREATE, downgrade="op.drop_table('t{n}')")
    calls: list[Call] = []
    for name, env_py in WAYS_TO_THE_URL.items():
        root = tmp_path / name.replace(" ", "_")
        directory = directory_with(root, env_py, revisions, url="driver://user:pass@localhost/dbname")
        if not env_py:
            (directory.scripts / "env.py").unlink()
        commands = (("upgrade",), ("downgrade", "base"))
        calls += [Call(args=command, cwd=root, env={"DATABASE_URL": plain}) for command in commands]

    for finished in run_sequence("runner", calls):
        finished.check()
        assert 1 == finished.event("run.finished")["applied"]
        assert PASSWORD not in finished.stdout + finished.stderr
        assert quote(PASSWORD, safe="") not in finished.stdout + finished.stderr


def test_no_url_anywhere(tmp_path: Path) -> None:
    """Without a URL, or with the placeholder of `init`, the answer is how to give one; --dialect serves offline."""
    unnamed = make_directory(tmp_path / "unnamed", chain(1))
    placeholder = make_directory(tmp_path / "placeholder", chain(1), url="driver://user:pass@localhost/dbname")
    commands = (("upgrade",), ("current",), ("upgrade", "--sql"), ("upgrade", "--sql", "--dialect", "postgresql"))

    for directory in (unnamed, placeholder):
        *refused, heads, written = run(directory, *commands[:-1], ("heads",), commands[-1])
        assert [(11, "missing-database-url")] * 3 == [
            (one.returncode, one.event("run.failed")["error_code"]) for one in refused
        ]
        assert "DATABASE_URL" in refused[0].event("run.failed")["message"]
        assert "r0001 (head)\n" == heads.check().stdout
        assert "BEGIN;" in written.check().stdout


def test_migration_database_url_wins(tmp_path: Path) -> None:
    """MIGRATION_DATABASE_URL, given or in a file, is the URL, and what env.py finds under DATABASE_URL."""
    names = ("ini", "app", "direct", "secret")
    urls = {name: sqlite_url(tmp_path / f"{name}.sqlite") for name in names}
    directory = directory_with(tmp_path / "project", online(url='os.environ["DATABASE_URL"]'), url=urls["ini"])
    (tmp_path / "secret.txt").write_text(urls["secret"] + "\n")
    environments = (
        {"DATABASE_URL": urls["app"], "MIGRATION_DATABASE_URL": urls["direct"]},
        {"DATABASE_URL": urls["app"], "MIGRATION_DATABASE_URL_FILE": str(tmp_path / "secret.txt")},
    )

    for environment in environments:
        run(directory, ["upgrade"], env=environment)[0].check()

    assert ["direct.sqlite", "secret.sqlite"] == sorted(path.name for path in tmp_path.glob("*.sqlite"))
    assert ["alembic_version", "t1", "t2"] == tables(urls["direct"]) == tables(urls["secret"])


def test_ini_sections_and_pyproject(tmp_path: Path) -> None:
    """`-n` chooses the section, ini wins over pyproject.toml key by key, either is enough (CFG-2, CLI-G3, CB-13)."""
    urls = {name: sqlite_url(tmp_path / f"{name}.sqlite") for name in ("first", "second")}
    directory = directory_with(tmp_path / "project", FROM_SECTION.format(before=""), url=urls["first"])
    directory.set_option("script_location", "%(here)s/migrations", section="other")
    directory.set_url(urls["second"], section="other")
    toml = directory.root / "pyproject.toml"
    toml.write_text('[tool.alembic]\nscript_location = "%(here)s/elsewhere"\nprepend_sys_path = ["lib"]\n')
    (directory.root / "lib").mkdir()
    (directory.root / "lib" / "only_in_lib.py").touch()
    env_py = directory.scripts / "env.py"
    env_py.write_text("import only_in_lib\n" + env_py.read_text())

    for finished in run(directory, ["upgrade"], ["-n", "other", "upgrade", "r0001"]):
        finished.check()
    directory.ini.unlink()
    toml.write_text(toml.read_text().replace("elsewhere", "migrations"))
    (alone,) = run(directory, ["upgrade"], env={"DATABASE_URL": urls["second"]})

    assert ["r0002"] == query(urls["first"], "SELECT version_num FROM alembic_version")
    assert "r0002" == alone.check().event("step.finished")["revision"]
    assert ["r0002"] == query(urls["second"], "SELECT version_num FROM alembic_version")


# --- logging, threads, asyncio ---------------------------------------------------------------------------------------

LOGGING_INI = """
[loggers]
keys = root,alembic
[handlers]
keys = console
[formatters]
keys = generic
[logger_root]
level = WARN
handlers = console
[logger_alembic]
level = INFO
handlers =
qualname = alembic
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = generic
[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
"""


def test_file_config_does_not_break_the_log(tmp_path: Path, sqlite_file_url: str) -> None:
    """An env.py that calls fileConfig() leaves a log of JSON lines, with its own messages among them (CFG-25)."""
    logging_first = "import logging\nfrom logging.config import fileConfig\n"
    configured = "fileConfig(config.config_file_name)\nlogging.getLogger('alembic.env').info('env.py was here')\n"
    env_py = logging_first + online().replace("\nengine", f"\n{configured}engine", 1)
    speaking = "import logging; logging.getLogger('app').error('a revision was here')\n" + CREATE
    directory = directory_with(tmp_path, env_py, chain(2, upgrade=speaking), url=sqlite_file_url)
    directory.ini.write_text(directory.ini.read_text() + LOGGING_INI)

    finished = run_runner("upgrade", cwd=tmp_path).check()

    assert "" == finished.stderr
    assert len(finished.stdout.splitlines()) == len(finished.logs)
    assert ["r0001", "r0002"] == [line["revision"] for line in finished.events("step.finished")]
    told = [(line["level"], line["logger"], line["message"]) for line in finished.events("log.message")]
    assert [("info", "alembic.env", "env.py was here"), *[("error", "app", "a revision was here")] * 2] == told


IN_A_THREAD = """\
import threading
from concurrent.futures import ThreadPoolExecutor
from alembic import context
from sqlalchemy import create_engine, pool

url = context.config.get_main_option("sqlalchemy.url")


def online():
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()


{start}
"""
THREADS = {
    "thread": "thread = threading.Thread(target=online)\nthread.start()\nthread.join()",
    "executor": "with ThreadPoolExecutor(1) as executor:\n    executor.submit(online).result()",
}


@pytest.mark.parametrize("kind", THREADS)
def test_an_env_py_that_starts_a_thread(tmp_path: Path, database_url: str, kind: str) -> None:
    """Migrations that env.py runs in a thread of its own are locked, logged and counted like any (API-12)."""
    directory = directory_with(tmp_path, IN_A_THREAD.format(start=THREADS[kind]), url=database_url)

    up, again, current = run(directory, ["upgrade"], ["upgrade"], ["current"])

    assert ["r0001", "r0002"] == [line["revision"] for line in up.check().events("step.finished")]
    assert ["r0001", "r0002"] == [line["revision"] for line in up.events("step.started")]
    assert 2 == up.event("run.finished")["applied"]
    assert database_url.startswith("sqlite") or 1 == len(up.events("lock.acquired"))
    assert 0 == again.check().event("run.finished")["applied"]
    assert "r0002 (head)\n" == current.check().stdout


def test_a_failure_in_a_thread_is_still_one(tmp_path: Path, sqlite_file_url: str) -> None:
    """A revision that raises in a thread, where no exception reaches env.py, fails the run."""
    bad = RevisionFile(revision="r0002", down_revision="r0001", upgrade="raise ValueError('x')")
    env_py = IN_A_THREAD.format(start=THREADS["thread"])
    directory = directory_with(tmp_path, env_py, [*chain(1, upgrade=CREATE), bad], url=sqlite_file_url)

    (finished,) = run(directory, ["upgrade"])

    assert finished.returncode == 50, str(finished)
    assert ["r0001"] == query(sqlite_file_url, "SELECT version_num FROM alembic_version")


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+asyncpg", "postgresql+psycopg", "sqlite+aiosqlite"])
def test_async_environments_and_database_url(tmp_path: Path, scheme: str, request: pytest.FixtureRequest) -> None:
    """An env.py with an async engine takes DATABASE_URL with any driver, and psycopg if it has none (TX-15, TPL-3)."""
    is_sqlite = scheme.startswith("sqlite")
    sync_url = sqlite_url(tmp_path / "a.sqlite") if is_sqlite else request.getfixturevalue("pg_url")
    url = scheme + sync_url[sync_url.index("://") :]
    bad = RevisionFile(revision="r0003", down_revision="r0002", upgrade="op.execute('SELECT * FROM missing')")
    directory = make_directory(tmp_path / "project", [*chain(2, upgrade=CREATE), bad], env="async")

    up, failed, current = run(
        directory, ["upgrade", "r0002"], ["upgrade", "head"], ["current"], env={"DATABASE_URL": url}
    )

    assert ["r0001", "r0002"] == [line["revision"] for line in up.check().events("step.finished")]
    assert failed.returncode == 51, str(failed)
    assert "missing" in failed.event("run.failed")["message"]
    assert "r0002\n" == current.check().stdout
    assert ["alembic_version", "t1", "t2"] == tables(sync_url)

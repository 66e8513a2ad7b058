"""Offline scripts of whole directories, written by `runner ... --sql` and by `alembic ... --sql`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.differential.known_differences import DIFFERENCES, expected_script, row_history
from tests.directories import RevisionFile, chain, make_directory
from tests.oracle import normalised_sql
from tests.programs import Finished, run_alembic, run_runner
from tests.sequence import Call, run_sequence

URLS = {
    "postgresql": "postgresql+psycopg://u:p@h/db",
    "sqlite": "sqlite:///never.db",
    "mysql": "mysql+pymysql://u:p@h/db",
    "mssql": "mssql+pyodbc://u:p@h/db",
    "oracle": "oracle+oracledb://u:p@h/db",
}

# --- directories ---------------------------------------------------------------------------------------------------

STORY = (
    RevisionFile(
        revision="aaaa1111",
        message="create account",
        upgrade="""
            op.create_table(
                'account',
                sa.Column('id', sa.Integer, primary_key=True),
                sa.Column('name', sa.String(50), nullable=False),
                sa.Column('note', sa.Unicode(200)),
            )
        """,
        downgrade="op.drop_table('account')",
    ),
    RevisionFile(
        revision="bbbb2222",
        down_revision="aaaa1111",
        message="add a column",
        upgrade="""
            op.add_column('account', sa.Column('seen', sa.DateTime))
            op.create_index('ix_account_name', 'account', ['name'])
        """,
        downgrade="""
            op.drop_index('ix_account_name', 'account')
            op.drop_column('account', 'seen')
        """,
    ),
    RevisionFile(
        revision="cccc3333",
        down_revision="bbbb2222",
        message="data, 50% of it 'quoted', é",
        filename="cccc3333_data.py",
        header="import datetime",
        upgrade=r"""
            t = sa.table('account', sa.column('id', sa.Integer), sa.column('name', sa.String), sa.column('on', sa.Date))
            op.bulk_insert(t, [
                {'id': 1, 'name': "O'Hara 50%", 'on': datetime.date(2010, 10, 5)},
                {'id': 2, 'name': 'a:b', 'on': None},
            ])
            op.execute(t.update().where(t.c.name == op.inline_literal('x')).values(name=op.inline_literal('y')))
            op.execute(t.update().where(t.c.id == 7).values(name='z'))
            op.execute("UPDATE account SET name = 'a\\:b'")
            op.execute("SELECT 1;")
            op.get_bind().execute(sa.text("DELETE FROM account WHERE id = 3"))
        """,
        downgrade="op.execute('DELETE FROM account')",
    ),
)
AUTOCOMMIT = (
    STORY[0],
    RevisionFile(
        revision="dddd4444",
        down_revision="aaaa1111",
        message="autocommit",
        upgrade="""
            op.execute('select 1')
            with op.get_context().autocommit_block():
                op.execute('select 2')
            op.execute('select 3')
        """,
        downgrade="""
            with op.get_context().autocommit_block():
                op.execute('select -2')
        """,
    ),
    RevisionFile(revision="eeee5555", down_revision="dddd4444", message="after", upgrade="op.execute('select 4')"),
)
BRANCHES = (
    RevisionFile(revision="base1111", message="base one", branch_labels="one", upgrade="op.execute('select 1')"),
    RevisionFile(revision="base2222", message="base two", branch_labels=("two",), upgrade="op.execute('select 2')"),
    RevisionFile(revision="left1111", down_revision="base1111", message="left", upgrade="op.execute('select 11')"),
    RevisionFile(revision="right111", down_revision="base1111", message="right", upgrade="op.execute('select 12')"),
    RevisionFile(revision="merge111", down_revision=("left1111", "right111"), message="merge"),
    RevisionFile(
        revision="two11111",
        down_revision="base2222",
        depends_on="merge111",
        message="depends",
        upgrade="op.execute('select 21')",
        downgrade="op.execute('select -21')",
    ),
)

# --- environments --------------------------------------------------------------------------------------------------

ENV_PY = """\
from alembic import context

context.configure(
    url=context.config.get_main_option("sqlalchemy.url"), dialect_opts={{"paramstyle": "named"}}, {options}
)
{body}
"""
BLOCK = "with context.begin_transaction():\n    context.run_migrations()"
OWN_STATEMENTS = """\
with context.begin_transaction():
    context.execute("select 0")
    context.static_output(f"-- tag {context.get_tag_argument()}, x {context.get_x_argument()}")
    context.run_migrations()
    context.execute("-- a comment")
    context.execute("select 7 -- seven")
    context.execute("select '50%'")
"""


def env_py(options: str = "", body: str = BLOCK) -> str:
    """Return an env.py that configures offline mode with further options, and what it does then."""
    return ENV_PY.format(options=f"literal_binds=True, {options}", body=body)


ENVIRONMENTS = {
    "plain": env_py(),
    "transaction-per-migration": env_py("transaction_per_migration=True"),
    "one-transaction": env_py("transaction_per_migration=False"),
    "transactional-ddl": env_py("transactional_ddl=True"),
    "no-transactional-ddl": env_py("transactional_ddl=False"),
    "transactional-ddl-per-migration": env_py("transactional_ddl=True, transaction_per_migration=True"),
    "no-block": env_py(body="context.run_migrations()"),
    "own-statements": env_py(body=OWN_STATEMENTS),
    "version-table": env_py("version_table='my version', version_table_schema='ops', version_table_pk=False"),
    "starting-rev": env_py("starting_rev='aaaa1111'"),
    "separators": env_py("mssql_batch_separator='BATCH', oracle_batch_separator=''"),
}

# --- running -------------------------------------------------------------------------------------------------------

EVERY_COMMAND = (
    ("upgrade", "head"),
    ("upgrade", "heads"),
    ("upgrade", "aaaa"),
    ("upgrade", "aaaa1111:head"),
    ("upgrade", "aaaa1111:+1"),
    ("upgrade", "base:head"),
    ("upgrade", "head:head"),
    ("downgrade", "head:base"),
    ("downgrade", "cccc3333:aaaa1111"),
    ("downgrade", "head:-1"),
    ("stamp", "head"),
    ("stamp", "base"),
    ("stamp", "aaaa1111:cccc3333"),
    ("stamp", "cccc3333:base"),
    ("ensure_version",),
)
UP_AND_DOWN = (("upgrade", "head"), ("downgrade", "head:base"))
WITH_STAMP = (*UP_AND_DOWN, ("stamp", "head"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One command on one directory: what each program wrote."""

    name: str
    ours: Finished
    theirs: Finished


def calls_for(
    root: Path, name: str, dialect: str, revisions: Iterable[RevisionFile], commands: Iterable[Sequence[str]]
) -> list[Call]:
    """Write a directory with the environment of that name, and return the commands to run there."""
    cwd = root / f"{name} {dialect} {len(list(root.iterdir()))}"
    directory = make_directory(cwd, list(revisions), url=URLS[dialect])
    (directory.scripts / "env.py").write_text(ENVIRONMENTS[name])
    return [Call(args=("-x", "a=1", *command, "--sql", *_tag(command)), cwd=cwd) for command in commands]


def _tag(command: Sequence[str]) -> tuple[str, ...]:
    return () if command[0] == "ensure_version" else ("--tag", "T1")


def compare(calls: Sequence[Call]) -> list[Compared]:
    """Run the commands with both programs."""
    names = [f"{call.cwd.name}: {' '.join(call.args[2:-1])}" for call in calls]
    pairs = zip(names, run_sequence("runner", calls), run_sequence("alembic", calls), strict=True)
    return [Compared(name=name, ours=ours, theirs=theirs) for name, ours, theirs in pairs]


def disagreements(compared: Iterable[Compared]) -> tuple[list[str], set[str]]:
    """Return a readable difference per disagreement nothing explains, and the names of the known differences met."""
    found, met = [], set()
    for one in compared:
        one.theirs.check()
        expected, needed = expected_script(one.theirs.stdout)
        met |= needed
        ours = normalised_sql(one.ours.stdout)
        if one.ours.returncode != 0 or ours != expected:
            lines = unified_diff(expected.splitlines(), ours.splitlines(), "expected", "ours", lineterm="", n=1)
            found.append("\n".join([one.name, f"exit code {one.ours.returncode}", *lines, one.ours.stderr[-2000:]]))
    return found, met


# --- the tests -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", URLS)
def test_every_command_on_every_dialect(tmp_path: Path, dialect: str) -> None:
    """upgrade, downgrade and stamp, with and without a range, write Alembic's text.

    So do autocommit blocks (OP-24, OFF-1 to OFF-3, TX-1 to TX-5).
    """
    calls = calls_for(tmp_path, "plain", dialect, STORY, EVERY_COMMAND)
    for name in ("plain", "transaction-per-migration", "no-block"):
        calls += calls_for(tmp_path, name, dialect, AUTOCOMMIT, UP_AND_DOWN)
    for name in ("transactional-ddl-per-migration", "own-statements"):
        calls += calls_for(tmp_path, name, dialect, STORY, UP_AND_DOWN)

    found, met = disagreements(compare(calls))

    assert [] == found
    assert ("returning" in met) == (dialect != "mysql")  # which has no RETURNING
    assert "comment-alone" in met
    assert ("comment-terminator" in met) == (dialect != "oracle")  # which has none, but a slash on the next line


@pytest.mark.parametrize("dialect", ["postgresql", "mssql"])
def test_what_env_py_says(tmp_path: Path, dialect: str) -> None:
    """Every option of configure() that shapes a script gives Alembic's text.

    (ENV-9 to ENV-12, ENV-21 to ENV-23, ENV-26, ENV-29 to ENV-32, ENV-46, TX-6)
    """
    calls = [
        call
        for name in ENVIRONMENTS
        if name != "plain"
        for call in calls_for(tmp_path, name, dialect, STORY, WITH_STAMP)
    ]

    found, _ = disagreements(compare(calls))

    assert [] == found


def test_values_are_written_whatever_env_py_says(tmp_path: Path) -> None:
    """Without literal_binds and paramstyle the script is the same: values, single percent signs (OFF-3, ENV-21)."""
    careful, careless = [], []
    for dialect in URLS:
        careful += calls_for(tmp_path, "plain", dialect, STORY, UP_AND_DOWN)
        others = calls_for(tmp_path, "plain", dialect, STORY, UP_AND_DOWN)
        env_file = others[0].cwd / "migrations" / "env.py"
        env_file.write_text(f"from alembic import context\ncontext.configure(dialect_name={dialect!r})\n{BLOCK}")
        careless += others

    scripts = [one.check().stdout for one in run_sequence("runner", [*careful, *careless])]

    assert scripts[: len(careful)] == scripts[len(careful) :]
    assert "placeholders" in DIFFERENCES


def test_branches_merges_and_dependencies(tmp_path: Path) -> None:
    """Several heads, labels, merges and dependencies give Alembic's steps and rows (REV-30 to REV-37, REV-43)."""
    up = (
        ("upgrade", "heads"),
        ("upgrade", "one@head"),
        ("upgrade", "two@head"),
        ("upgrade", "left1111"),
        ("upgrade", "merge111:heads"),
        ("upgrade", "base1111:two@head"),
        ("stamp", "heads"),
        ("stamp", "merge111"),
        ("stamp", "left1111", "base2222"),
    )
    down = (("downgrade", "two11111:base"), ("downgrade", "merge111:base"), ("downgrade", "merge111:left1111"))
    upward = compare(calls_for(tmp_path, "plain", "postgresql", BRANCHES, up))
    downward = compare(calls_for(tmp_path, "plain", "postgresql", BRANCHES, down))

    found, _ = disagreements(upward)

    assert [] == found
    assert "split-of-a-merge" in DIFFERENCES  # the reason why only steps and rows are compared on the way down
    for one in downward:
        assert (one.name, row_history(expected_script(one.theirs.stdout)[0])) == (
            one.name,
            row_history(one.ours.check().stdout),
        )


def test_an_empty_directory(tmp_path: Path) -> None:
    """A directory without revisions gives a script without statements, as Alembic's."""
    calls = calls_for(
        tmp_path, "plain", "postgresql", (), (("upgrade", "heads"), ("upgrade", "head"), ("stamp", "heads"))
    )

    found, _ = disagreements(compare(calls))

    assert [] == found


def test_the_same_bytes_under_any_hash_seed(tmp_path: Path) -> None:
    """Branches, dependencies and several rows give the same script whatever Python's hash seed is (invariant 7)."""
    commands = (
        ("upgrade", "heads"),
        ("downgrade", "two11111:base"),
        ("downgrade", "merge111:base"),
        ("stamp", "heads"),
    )
    calls = calls_for(tmp_path, "plain", "postgresql", BRANCHES, commands)

    scripts = [
        [one.check().stdout for one in run_sequence("runner", calls, hash_seed=seed)] for seed in ("1", "2", "3")
    ]

    assert scripts[0] == scripts[1] == scripts[2]


def test_the_built_in_environment_writes_what_env_py_would(tmp_path: Path) -> None:
    """Without env.py the script is the one of Alembic's generic env.py; a dialect is enough, no database (OFF-1)."""
    with_env_py = make_directory(tmp_path / "with", STORY, url=URLS["postgresql"])
    without = make_directory(tmp_path / "without", STORY, env="none")

    theirs = run_alembic("upgrade", "head", "--sql", cwd=with_env_py.root).check()
    ours = run_runner("upgrade", "--sql", "--dialect", "postgresql", cwd=without.root).check()

    assert expected_script(theirs.stdout)[0] == normalised_sql(ours.stdout)
    assert not list(tmp_path.rglob("never.db"))


LOUD_ENV_PY = """\
import logging, sys, warnings
from logging.config import fileConfig

fileConfig(context.config.config_file_name)
print("env.py prints this")
logging.getLogger("env").warning("env.py logs this")
warnings.warn("env.py warns of this")
context.configure(
    url=context.config.get_main_option("sqlalchemy.url"), literal_binds=True, output_buffer={buffer}
)
"""
LOGGING_INI = """
[loggers]
keys = root
[handlers]
keys = out
[formatters]
keys = plain
[logger_root]
level = DEBUG
handlers = out
[handler_out]
class = StreamHandler
args = (sys.stdout,)
formatter = plain
[formatter_plain]
format = %(message)s
"""


@pytest.mark.parametrize("buffer", ["None", "sys.stdout"])
def test_stdout_holds_nothing_but_the_script(tmp_path: Path, buffer: str) -> None:
    """What env.py and revisions print, log and warn of goes to stderr, with the runner's own log (CLI-E9, DNG-10)."""
    loud = "import logging; print('a revision prints this'); logging.getLogger('r').error('and logs this')"
    quiet_root, loud_root = tmp_path / "quiet", tmp_path / "loud"
    quiet = make_directory(quiet_root, chain(2, upgrade="op.execute('select {n}')"), url=URLS["postgresql"])
    noisy = make_directory(loud_root, chain(2, upgrade=f"{loud}\nop.execute('select {{n}}')"), url=URLS["postgresql"])
    text = "from alembic import context\n" + LOUD_ENV_PY.format(buffer=buffer) + BLOCK
    (noisy.scripts / "env.py").write_text(text)
    noisy.ini.write_text(noisy.ini.read_text() + LOGGING_INI)

    expected = run_runner("upgrade", "--sql", cwd=quiet.root).check()
    finished = run_runner("upgrade", "--sql", cwd=noisy.root).check()

    assert expected.stdout == finished.stdout
    for said in (
        "env.py prints this",
        "env.py logs this",
        "env.py warns of this",
        "a revision prints this",
        "and logs",
    ):
        assert said in finished.stderr
    assert finished.event("run.finished")["command"] == "upgrade"


FAILURES = (
    ("plain", ("upgrade", "zz"), 25),
    ("plain", ("upgrade", "zz:head"), 25),
    ("plain", ("upgrade", "aaaa1111:+9"), 28),
    ("plain", ("upgrade", "aaaa1111:"), 61),
    ("plain", ("upgrade", ":head"), 61),
    ("plain", ("downgrade", "aaaa1111"), 61),
    ("plain", ("downgrade", "-1"), 61),
    ("plain", ("downgrade", "aaaa1111:bbbb2222"), 28),
    ("plain", ("stamp", "head", "--purge"), 60),
    ("plain", ("stamp", "aaaa1111:bbbb2222", "bbbb2222:cccc3333"), 61),
    ("raises", ("upgrade", "head"), 50),
    ("broken", ("upgrade", "head"), 20),
    ("asks", ("upgrade", "head"), 60),
    ("unconfigured", ("upgrade", "head"), 52),
)
BAD_BODIES = {
    "raises": "op.execute('select 2')\nraise ValueError('boom')",
    "broken": "x = = 1",
    "asks": "op.get_bind().execute(sa.text('select 2')).scalar_one()",
}


def test_failures(tmp_path: Path) -> None:
    """Where Alembic fails ours does: an exit code of its own, prose on stderr only, no COMMIT (ERR-22, CLI-E2)."""
    calls = []
    for number, (kind, command, _) in enumerate(FAILURES):
        body = BAD_BODIES.get(kind)
        bad = RevisionFile(revision="r0002", down_revision="r0001", upgrade=body or "")
        revisions = [*chain(1, upgrade="op.execute('select {n}')"), bad] if body else STORY
        directory = make_directory(tmp_path / str(number), revisions, url=URLS["postgresql"])
        if kind == "unconfigured":
            (directory.scripts / "env.py").write_text(f"from alembic import context\n{BLOCK}")
        calls.append(Call(args=(*command, "--sql"), cwd=directory.root))

    ours, theirs = run_sequence("runner", calls), run_sequence("alembic", calls)

    wanted = [(command, exit_code) for _, command, exit_code in FAILURES]
    assert wanted == [(command, one.returncode) for (_, command, _), one in zip(FAILURES, ours, strict=True)]
    assert 0 not in [one.returncode for one in theirs]
    for one in ours:
        assert "COMMIT" not in one.stdout
        assert "{" not in one.stdout
        assert "Traceback" not in one.stdout + one.stderr
        assert one.event("run.failed")["exit_code"] == one.returncode

"""Whole runs on MariaDB, whose DDL commits by itself: lock, version rows, failures, scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.directories import Directory, Environment, RevisionFile, chain, make_directory
from tests.fix_mariadb import MariadbDatabaseFactory
from tests.mariadb import mariadb_client, mariadb_dump
from tests.preloaded import run_runner
from tests.programs import Finished, run_alembic, start_runner, wait_for
from tests.side_tables import without_side_tables

CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"
DROP = "op.drop_table('t{n}')"


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


def upgrade(directory: Directory, url: str, *arguments: str, expected: int = 0, **environment: str) -> Finished:
    return run_runner("upgrade", *arguments, cwd=directory.root, env={"DATABASE_URL": url, **environment}).check(
        expected
    )


@pytest.mark.parametrize("env", ["none", "generic"])
def test_ten_cold_starts(tmp_path: Path, mariadb_url: str, env: Environment) -> None:
    """Ten runners on an empty database: exactly one applies, all exit with 0 (TX-16)."""
    directory = make_directory(tmp_path, chain(3, upgrade=CREATE), env=env)

    started = [start_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": mariadb_url}) for _ in range(10)]
    finished = [wait_for(process).check() for process in started]

    assert sorted(one.event("run.finished")["applied"] for one in finished) == [0] * 9 + [3]
    assert all(one.events("lock.unsupported") == [] for one in finished)
    assert state(mariadb_url) == (["t1", "t2", "t3"], ["r0003"])


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_up_down_up(tmp_path: Path, mariadb_url: str, dialect: str) -> None:
    """The version row follows each step, down to the base and up again, and a run with nothing to do takes no lock."""
    directory = make_directory(tmp_path, chain(2, upgrade=CREATE, downgrade=DROP), env="none")
    url = mariadb_url.replace("mysql", dialect, 1)

    upgrade(directory, url)
    top = mariadb_dump(mariadb_url)
    assert state(mariadb_url) == (["t1", "t2"], ["r0002"])
    assert upgrade(directory, url).events("lock.acquired") == []
    run_runner("downgrade", "base", cwd=directory.root, env={"DATABASE_URL": url}).check()
    assert state(mariadb_url) == ([], [])
    upgrade(directory, url)

    assert mariadb_dump(mariadb_url) == top


FAILING = """
op.create_table('early', sa.Column('id', sa.Integer))
op.execute("INSERT INTO t1 VALUES (1)")
op.create_table('late', sa.Column('id', sa.Integer))
op.execute("INSERT INTO t1 VALUES (2)")
{failure}
"""


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        ("op.execute('CREATE TABLE early (id INTEGER)')", 51),
        ("raise ValueError('no')", 50),
        ("op.drop_constraint('k', 't1')", 55),
    ],
)
@pytest.mark.parametrize("scope", ["revision", "run"])
def test_a_failing_revision_says_what_stays(
    tmp_path: Path, mariadb_url: str, failure: str, code: int, scope: str
) -> None:
    """DDL and what it committed stay, the rest and the version row do not, and the run says so (TX-11, TX-14)."""
    bad = RevisionFile(revision="r0002", down_revision="r0001", upgrade=FAILING.format(failure=failure))
    directory = make_directory(tmp_path, [*chain(1, upgrade=CREATE), bad], env="none")

    finished = upgrade(directory, mariadb_url, expected=code, RUNNER_TRANSACTION=scope)

    assert state(mariadb_url) == (["early", "late", "t1"], ["r0001"])
    assert "(1)" in mariadb_dump(mariadb_url, "--no-create-info")
    committed_by_the_failure = "CREATE TABLE" in failure
    assert ("(2)" in mariadb_dump(mariadb_url, "--no-create-info")) is committed_by_the_failure
    assert [line["revision"] for line in finished.events("step.finished")] == ["r0001"]
    assert finished.event("step.failed")["revision"] == "r0002"
    assert finished.event("step.failed")["ddl_rolled_back"] is False
    failed = finished.event("run.failed")
    assert failed["ddl_rolled_back"] is False
    assert "mysql cannot roll back DDL: what was done up to the last DDL statement is still there" in failed["message"]


def test_what_has_no_ddl_is_rolled_back(tmp_path: Path, mariadb_url: str) -> None:
    """Rows alone are in the transaction of their version row."""
    bad = RevisionFile(
        revision="r0002", down_revision="r0001", upgrade="op.execute('INSERT INTO t1 VALUES (1)')\n1 / 0"
    )
    directory = make_directory(tmp_path, [*chain(1, upgrade=CREATE), bad], env="none")

    upgrade(directory, mariadb_url, expected=50)

    assert "(1)" not in mariadb_dump(mariadb_url, "--no-create-info")
    assert state(mariadb_url) == (["t1"], ["r0001"])


ENV_PY = """\
import os, subprocess, sys
from alembic import context
from sqlalchemy import create_engine, pool, text

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool{options})
with engine.connect() as connection:
{body}
"""
CONFIGURE = """
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
"""
ANOTHER_RUNNER = """
connection.execute(text("SELECT * FROM seen")).all()
if "SECOND" not in os.environ:
    subprocess.run([sys.executable, "-m", "runner", "upgrade"], env={**os.environ, "SECOND": "1"}, check=True)
"""
OWN_TRANSACTION = """
connection.begin()
context.configure(connection=connection)
context.run_migrations()
"""


def directory_with(root: Path, body: str, *, options: str = "") -> Directory:
    """Return a directory whose env.py has `body` inside `with engine.connect() as connection:`."""
    directory = make_directory(root, chain(2, upgrade=CREATE))
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    (directory.scripts / "env.py").write_text(ENV_PY.format(body=lines, options=options))
    return directory


def test_a_snapshot_from_before_the_lock_is_given_up(tmp_path: Path, mariadb_url: str) -> None:
    """A SELECT in env.py fixes what a transaction sees; what another runner did since is seen all the same."""
    directory = directory_with(tmp_path, ANOTHER_RUNNER + CONFIGURE)
    assert mariadb_client(mariadb_url, "CREATE TABLE seen (id INTEGER)").returncode == 0

    finished = upgrade(directory, mariadb_url)

    assert state(mariadb_url) == (["seen", "t1", "t2"], ["r0002"])
    assert [line["applied"] for line in finished.events("run.finished")] == [2, 0]


@pytest.mark.parametrize("body", [CONFIGURE, 'connection.execute(text("SELECT 1"))\n' + CONFIGURE.strip()])
def test_an_engine_in_autocommit(tmp_path: Path, mariadb_url: str, body: str) -> None:
    """An env.py whose engine commits by itself works as any other."""
    directory = directory_with(tmp_path, body, options=', isolation_level="AUTOCOMMIT"')

    upgrade(directory, mariadb_url)

    assert state(mariadb_url) == (["t1", "t2"], ["r0002"])


def test_a_transaction_never_committed_keeps_its_ddl(tmp_path: Path, mariadb_url: str) -> None:
    """An env.py that does not commit loses the last version row only, and the failure does not claim more (TX-12)."""
    directory = directory_with(tmp_path, OWN_TRANSACTION)

    finished = upgrade(directory, mariadb_url, expected=53)

    assert state(mariadb_url) == (["t1", "t2"], ["r0001"])
    assert "cannot roll back DDL" in finished.event("run.failed")["message"]


EVERYTHING = (
    RevisionFile(
        revision="r0001",
        upgrade="""
table = op.create_table(
    "item",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("label", sa.String(40), nullable=False, server_default="it's 5% :x", comment="back\\\\slash"),
    sa.Column("kind", sa.Enum("a", "b'c", "d%")),
    sa.Column("data", sa.JSON()),
    sa.Column("at", sa.DateTime(), server_default=sa.text("'2020-01-02 03:04:05'")),
    sa.Column("raw", sa.LargeBinary()),
    sa.CheckConstraint("length(label) % 2 >= 0", name="ck_item"),
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
    comment="5% of it's",
)
op.bulk_insert(
    table,
    [
        {"id": 1, "label": "a\\\\b\\n%s :x '", "kind": "b'c", "data": {"k": ["it's", None]}, "raw": b"\\x00\\xff'"},
        {"id": 2, "label": "ümläut 🎉", "kind": None, "data": None, "raw": None},
    ],
)
op.execute("INSERT INTO item (id, label) VALUES (3, '{\\"k\\"\\\\:1} \\\\:y 100%')")
op.execute(table.update().where(table.c.id == 2).values(kind="d%"))
""",
        downgrade='op.drop_table("item")',
    ),
    RevisionFile(
        revision="r0002",
        down_revision="r0001",
        upgrade="""
op.add_column("item", sa.Column("parent_id", sa.Integer(), sa.ForeignKey("item.id", name="fk_parent"), index=True))
op.alter_column("item", "kind", new_column_name="sort", existing_type=sa.Enum("a", "b'c", "d%"), existing_nullable=True)
op.alter_column("item", "at", existing_type=sa.DateTime(), existing_nullable=True, server_default=sa.text("now()"))
op.create_index("ix_label", "item", ["label"], mysql_length={"label": 5})
with op.batch_alter_table("item") as batch:
    batch.create_unique_constraint("uq_item", ["label", "sort"])
    batch.alter_column("data", existing_type=sa.JSON(), existing_nullable=True, comment="5%")
""",
        downgrade="""
op.drop_constraint("fk_parent", "item", type_="foreignkey")
op.drop_constraint("uq_item", "item", type_="unique")
op.drop_constraint("ck_item", "item", type_="check")
""",
    ),
)


def contents(url: str) -> str:
    return mariadb_dump(url) + mariadb_dump(url, "--no-create-info", "--skip-extended-insert", "--hex-blob")


def test_script_online_run_and_alembic_agree(tmp_path: Path, mariadb_database_factory: MariadbDatabaseFactory) -> None:
    """The script through the mariadb client, the online run and Alembic's run give one schema and the same rows."""
    directory = make_directory(tmp_path, EVERYTHING)
    online, offline, alembic = (mariadb_database_factory() for _ in range(3))

    upgrade(directory, online)
    script = upgrade(directory, offline, "--sql").stdout
    answer = mariadb_client(offline, script)
    directory.set_url(alembic)
    run_alembic("upgrade", "head", cwd=directory.root).check()

    assert answer.returncode == 0, answer.stderr
    assert contents(offline) == contents(online)
    assert contents(alembic) == contents(online)

    for url in (online, alembic):
        run_runner("downgrade", "r0001", cwd=directory.root, env={"DATABASE_URL": url}).check()
    back = run_runner("downgrade", "r0002:r0001", "--sql", cwd=directory.root, env={"DATABASE_URL": offline}).check()
    assert mariadb_client(offline, back.stdout).returncode == 0
    assert contents(offline) == contents(alembic) == contents(online)

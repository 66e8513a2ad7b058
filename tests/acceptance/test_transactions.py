"""A run that reports success has committed, whoever began the transaction (invariants 5 and 6)."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.directories import Directory, RevisionFile, chain, make_directory
from tests.preloaded import run_runner
from tests.side_tables import without_side_tables

CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"
ENV_PY = """\
from alembic import context
from sqlalchemy import create_engine, pool, text

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
{body}
"""


def directory_with(root: Path, body: str, revisions: list[RevisionFile]) -> Directory:
    """Return a directory whose env.py has `body` inside `with engine.connect() as connection:`."""
    directory = make_directory(root, revisions)
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    (directory.scripts / "env.py").write_text(ENV_PY.format(body=lines))
    return directory


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


EXECUTED_BEFORE = """
connection.execute(text("SELECT 1"))
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
"""
EXECUTED_INSIDE = """
context.configure(connection=connection)
with context.begin_transaction():
    connection.execute(text("SELECT 1"))
    context.run_migrations()
"""
NO_BLOCK = """
context.configure(connection=connection)
context.run_migrations()
"""
OWN_TRANSACTION = """
context.configure(connection=connection)
transaction = connection.begin()
try:
    context.run_migrations()
    transaction.commit()
except:
    transaction.rollback()
    raise
"""
OWN_BLOCK = """
with connection.begin():
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
OWN_BLOCK_FIRST = """
with connection.begin():
    context.configure(connection=connection)
    with context.begin_transaction():
        context.execute("SELECT 1")
with context.begin_transaction():
    context.run_migrations()
"""
COMMITS_ITSELF = """
connection.execute(text("SELECT 1"))
context.configure(connection=connection)
context.run_migrations()
connection.commit()
"""


@pytest.mark.parametrize(
    "body",
    [EXECUTED_BEFORE, EXECUTED_INSIDE, NO_BLOCK, OWN_TRANSACTION, OWN_BLOCK, OWN_BLOCK_FIRST, COMMITS_ITSELF],
    ids=[
        "executed-before",
        "executed-inside",
        "no-block",
        "own-transaction",
        "own-block",
        "own-block-first",
        "commits-itself",
    ],
)
def test_success_is_committed(tmp_path: Path, database_url: str, body: str) -> None:
    """Whatever env.py did before, exit code 0 means that tables and version row are there (TX-12, DNG-5)."""
    directory = directory_with(tmp_path, body, chain(2, upgrade=CREATE))

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": database_url}).check()

    assert state(database_url) == (["t1", "t2"], ["r0002"])
    assert [line["revision"] for line in finished.events("step.finished")] == ["r0001", "r0002"]
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": database_url}).check()


NEVER_COMMITTED = """
transaction = connection.begin()
context.configure(connection=connection)
context.run_migrations()
"""
ROLLED_BACK = """
context.configure(connection=connection)
transaction = connection.begin()
context.run_migrations()
transaction.rollback()
"""


DRY_RUN = """
transaction = connection.begin()
context.configure(connection=connection)
context.run_migrations()
transaction.rollback()
connection.execute(text("SELECT 1"))
connection.commit()
"""


@pytest.mark.parametrize(
    "body", [NEVER_COMMITTED, ROLLED_BACK, DRY_RUN], ids=["never-committed", "rolled-back", "dry-run"]
)
def test_not_committed_is_a_failure(tmp_path: Path, database_url: str, body: str) -> None:
    """An env.py that never commits the transaction it began fails the run, and no step counts as finished."""
    directory = directory_with(tmp_path, body, chain(2, upgrade=CREATE))

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": database_url}).check(53)

    assert finished.event("run.failed")["error_code"] == "not-committed"
    assert finished.events("step.finished") == []
    assert [line["revision"] for line in finished.events("step.failed")] == ["r0001", "r0002"]
    assert state(database_url) == ([], [])


def test_a_swallowed_failure_is_still_a_failure(tmp_path: Path, database_url: str) -> None:
    """An env.py that catches the exception of a revision cannot turn the run into a success."""
    body = """
context.configure(connection=connection)
try:
    with context.begin_transaction():
        context.run_migrations()
except Exception as error:
    print("ignored")
"""
    bad = RevisionFile(revision="r0002", down_revision="r0001", upgrade="raise ValueError('x')")
    directory = directory_with(tmp_path, body, [*chain(1, upgrade=CREATE), bad])

    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": database_url}).check(50)

    assert state(database_url) == (["t1"], ["r0001"])


FAILS_AT_THIRD = [
    *chain(2, upgrade=CREATE),
    RevisionFile(revision="r0003", down_revision="r0002", upgrade="raise ValueError('third')"),
]


@pytest.mark.parametrize("env", ["none", "generic"])
def test_one_transaction_for_the_run(tmp_path: Path, database_url: str, env: str) -> None:
    """RUNNER_TRANSACTION=run rolls everything back when the third revision fails (TX-10, TX-14)."""
    directory = make_directory(tmp_path, FAILS_AT_THIRD, env=env)  # type: ignore[arg-type]  # a parameter
    environment = {"DATABASE_URL": database_url, "RUNNER_TRANSACTION": "run"}

    finished = run_runner("upgrade", cwd=directory.root, env=environment).check(50)

    assert state(database_url) == ([], [])
    assert finished.events("step.finished") == []
    codes = {line["revision"]: line["error_code"] for line in finished.events("step.failed")}
    assert codes == {"r0001": "rolled-back", "r0002": "rolled-back", "r0003": "revision-failed"}


@pytest.mark.parametrize(("given", "kept"), [("True", ["t1", "t2"]), ("False", [])])
def test_transaction_per_migration_in_env_py_is_obeyed(
    tmp_path: Path, database_url: str, given: str, kept: list[str]
) -> None:
    """What env.py says about transactions wins over the setting (ENV-23)."""
    body = f"""
context.configure(connection=connection, transaction_per_migration={given})
with context.begin_transaction():
    context.run_migrations()
"""
    directory = directory_with(tmp_path, body, FAILS_AT_THIRD)
    scope = "run" if given == "True" else "revision"
    environment = {"DATABASE_URL": database_url, "RUNNER_TRANSACTION": scope}

    run_runner("upgrade", cwd=directory.root, env=environment).check(50)

    assert kept == state(database_url)[0]


def test_autocommit_block(tmp_path: Path, pg_url: str) -> None:
    """An autocommit block runs outside a transaction, in every scope, and the rest commits with its row (TX-13)."""
    body = """
op.create_table('big', sa.Column('id', sa.Integer))
with op.get_context().autocommit_block():
    op.execute('CREATE INDEX CONCURRENTLY ix_big ON big (id)')
op.create_table('after', sa.Column('id', sa.Integer))
"""
    directory = make_directory(tmp_path, [RevisionFile(revision="r0001", upgrade=body)], env="none")
    for scope in ("revision", "run"):
        environment = {"DATABASE_URL": pg_url, "RUNNER_TRANSACTION": scope}
        run_runner("upgrade", cwd=directory.root, env=environment).check()
        assert state(pg_url) == (["after", "big"], ["r0001"])
        engine = create_engine(pg_url)
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE big, after, alembic_version")
        engine.dispose()


def test_raw_commit_inside_a_revision(tmp_path: Path, database_url: str) -> None:
    """A revision that commits by itself still gets its version row (FIELD B14)."""
    body = "op.create_table('a', sa.Column('id', sa.Integer))\nop.get_bind().commit()\n"
    body += "op.create_table('b', sa.Column('id', sa.Integer))"
    directory = make_directory(tmp_path, [RevisionFile(revision="r0001", upgrade=body)], env="generic")

    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": database_url}).check()

    assert state(database_url) == (["a", "b"], ["r0001"])


def test_a_commit_that_fails_in_somebody_elses_transaction(tmp_path: Path, pg_url: str) -> None:
    """A COMMIT that the server refuses, swallowed by env.py, is no success."""
    body = """
try:
    with connection.begin():
        context.configure(connection=connection)
        context.run_migrations()
except Exception:
    pass
"""
    directory = directory_with(tmp_path, body, [DEFERRED])

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check(53)

    assert finished.events("step.finished") == []
    assert state(pg_url) == ([], [])


DEFERRED = RevisionFile(
    revision="r0001",
    upgrade="""
op.execute('CREATE TABLE p (id int PRIMARY KEY)')
op.execute('CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED)')
op.execute('INSERT INTO c VALUES (1)')
""",
)


@pytest.mark.parametrize("env", ["none", "generic"])
def test_a_commit_that_fails(tmp_path: Path, pg_url: str, env: str) -> None:
    """A deferred constraint that fails at COMMIT is the revision's fault, not the network's."""
    directory = make_directory(tmp_path, [DEFERRED], env=env)  # type: ignore[arg-type]  # a parameter

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check(51)

    assert "foreign key" in finished.event("run.failed")["message"]
    assert finished.events("step.finished") == []
    assert state(pg_url) == ([], [])


@pytest.mark.parametrize("scope", ["revision", "run"])
def test_a_revision_that_rolls_back(tmp_path: Path, database_url: str, scope: str) -> None:
    """A revision that rolls its transaction back is not reported as finished."""
    bad = RevisionFile(
        revision="r0002",
        down_revision="r0001",
        upgrade="op.create_table('lost', sa.Column('id', sa.Integer))\nop.get_bind().rollback()",
    )
    directory = make_directory(tmp_path, [*chain(1, upgrade=CREATE), bad], env="generic")
    environment = {"DATABASE_URL": database_url, "RUNNER_TRANSACTION": scope}

    finished = run_runner("upgrade", cwd=directory.root, env=environment).check(50)

    assert "begin_nested" in finished.event("run.failed")["message"]
    assert state(database_url) == ((["t1"], ["r0001"]) if scope == "revision" else ([], []))


def test_a_swallowed_refusal_is_still_a_failure(tmp_path: Path, database_url: str) -> None:
    """An env.py that catches every exception cannot hide that the version row is unknown."""
    body = """
context.configure(connection=connection)
try:
    with context.begin_transaction():
        context.run_migrations()
except Exception as error:
    print("ignored")
"""
    directory = directory_with(tmp_path, body, chain(2, upgrade=CREATE))
    environment = {"DATABASE_URL": database_url, "RUNNER_HISTORY": "off"}  # which would know the revision
    run_runner("upgrade", cwd=directory.root, env=environment).check()
    for file in directory.versions.glob("r0002*.py"):
        file.unlink()

    run_runner("upgrade", cwd=directory.root, env=environment).check(35)


def test_an_autocommit_connection_stays_one(tmp_path: Path, pg_url: str) -> None:
    """An env.py that chose AUTOCOMMIT gets it, after the lock too."""
    body = """
connection = connection.execution_options(isolation_level="AUTOCOMMIT")
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
"""
    upgrade = "op.create_table('t', sa.Column('id', sa.Integer))\nop.execute('CREATE INDEX CONCURRENTLY i ON t (id)')"
    directory = directory_with(tmp_path, body, [RevisionFile(revision="r0001", upgrade=upgrade)])

    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()

    assert state(pg_url) == (["t"], ["r0001"])


def test_a_block_inside_a_revision_does_not_give_the_lock_back(tmp_path: Path, pg_url: str) -> None:
    """The lock is held until the last commit, whatever a revision opens and closes."""
    held = (
        "assert op.get_bind().scalar(sa.text(\"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        ' AND pid = pg_backend_pid()")) == 1'
    )
    first = RevisionFile(revision="r0001", upgrade="with op.get_context().begin_transaction():\n    pass\n" + held)
    second = RevisionFile(revision="r0002", down_revision="r0001", upgrade=held)
    directory = directory_with(tmp_path, NO_BLOCK, [first, second])

    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()


def test_a_session_that_dies_in_an_autocommit_block(tmp_path: Path, pg_url: str) -> None:
    """A session killed inside an autocommit block ends the run with a sentence; no other session takes over."""
    body = "with op.get_context().autocommit_block():\n    op.execute('SELECT pg_terminate_backend(pg_backend_pid())')"
    directory = make_directory(tmp_path, [RevisionFile(revision="r0001", upgrade=body)], env="none")

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check(30)

    assert finished.event("run.failed")["error_code"] == "connection-lost"
    assert finished.event("lock.released")["confirmed"] is False
    assert "Traceback" not in str(finished)

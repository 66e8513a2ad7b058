"""Time limits by kind of statement, on a real server: what is set, for how long, and what is left alone (ADR 0008)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.atwork import ask, url_for_driver
from tests.directories import Environment, RevisionFile, make_directory
from tests.preloaded import run_runner
from tests.programs import Finished

SEEN = """
import json, pathlib
def look(name):
    rows = op.get_bind().connection.dbapi_connection.cursor()
    rows.execute("SELECT name, setting FROM pg_settings WHERE name IN ('lock_timeout', 'statement_timeout',"
                 " 'application_name', 'client_connection_check_interval')")
    path = pathlib.Path('seen.json')
    seen = json.loads(path.read_text()) if path.exists() else {}
    seen[name] = dict(rows.fetchall())
    path.write_text(json.dumps(seen))
"""
BODY = """
op.create_table('t', sa.Column('id', sa.Integer))
look('brief')
op.execute('INSERT INTO t VALUES (1)')
look('backfill')
op.execute('SELECT 1')
look('other')
with op.get_context().autocommit_block():
    op.create_index('i', 't', ['id'], postgresql_concurrently=True)
    look('online')
op.add_column('t', sa.Column('more', sa.Integer))
look('brief again')
"""


def run(
    root: Path, url: str, *, body: str = BODY, header: str = "", env: Environment = "none", **variables: str
) -> dict[str, dict[str, str]]:
    """Run one revision and return what it saw: label -> parameter -> value."""
    revision = RevisionFile(revision="ae10", upgrade=SEEN + body, header=header)
    directory = make_directory(root, [revision], env=env)
    finish(root, url, **variables).check()
    seen: dict[str, dict[str, str]] = json.loads((directory.root / "seen.json").read_text())
    return seen


def finish(root: Path, url: str, **variables: str) -> Finished:
    return run_runner("upgrade", cwd=root, env={"DATABASE_URL": url, **variables})


def timeouts(seen: dict[str, dict[str, str]]) -> dict[str, tuple[str, str]]:
    return {label: (values["lock_timeout"], values["statement_timeout"]) for label, values in seen.items()}


@pytest.mark.parametrize("env", ["none", "generic"])
def test_defaults(tmp_path: Path, pg_url: str, env: Environment) -> None:
    """Five seconds for a strong lock; nothing for what runs beside the application, or moves rows."""
    assert timeouts(run(tmp_path, pg_url, env=env)) == {
        "brief": ("5000", "0"),
        "backfill": ("0", "0"),
        "other": ("0", "0"),
        "online": ("0", "0"),
        "brief again": ("5000", "0"),
    }


def test_an_asynchronous_driver_is_limited_too(tmp_path: Path, pg_url: str) -> None:
    """A session of asyncpg gets the same parameters."""
    body = """
op.create_table('t', sa.Column('id', sa.Integer))
assert op.get_bind().scalar(sa.text('SHOW lock_timeout')) == '5s'
assert op.get_bind().scalar(sa.text('SHOW application_name')).endswith(' ae10')
"""
    make_directory(tmp_path, [RevisionFile(revision="ae10", upgrade=body)], env="async")
    finish(tmp_path, url_for_driver(pg_url, "asyncpg")).check()


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_the_operators_limits(tmp_path: Path, pg_url: str, driver: str) -> None:
    """Each kind has its own."""
    seen = run(
        tmp_path,
        url_for_driver(pg_url, driver),
        RUNNER_LOCK_TIMEOUT_SECONDS="1.5",
        RUNNER_STATEMENT_TIMEOUT_SECONDS="60",
        RUNNER_BACKFILL_TIMEOUT_SECONDS="7200",
    )
    assert timeouts(seen) == {
        "brief": ("1500", "60000"),
        "backfill": ("0", "7200000"),
        "other": ("0", "7200000"),
        "online": ("0", "0"),
        "brief again": ("1500", "60000"),
    }


def test_the_revisions_own_limits(tmp_path: Path, pg_url: str) -> None:
    """runner_options win over the operator's settings."""
    options = "runner_options = {'lock_timeout_seconds': 2, 'backfill_timeout_seconds': 0.5, 'retry': False}"
    seen = run(tmp_path, pg_url, header=options, RUNNER_LOCK_TIMEOUT_SECONDS="9")
    assert timeouts(seen)["brief"] == ("2000", "0")
    assert timeouts(seen)["backfill"] == ("0", "500")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("{'lock_timeout': 2}", "did you mean lock_timeout_seconds?"),
        ("{'lock_timeout_seconds': '2'}", "a number of seconds"),
        ("{'lock_timeout_seconds': -1}", "a number of seconds"),
        ("{'retry': 1}", "True or False"),
        ("['retry']", "not a dictionary"),
    ],
)
def test_unusable_options_are_refused_before_the_first_statement(
    tmp_path: Path, pg_url: str, options: str, problem: str
) -> None:
    """The file is at fault, and the sentence says how."""
    first = RevisionFile(revision="r1", upgrade="op.execute('CREATE TABLE t ()')")
    second = RevisionFile(revision="r2", down_revision="r1", header=f"runner_options = {options}")
    make_directory(tmp_path, [first, second], env="none")

    finished = finish(tmp_path, pg_url).check(20)

    assert problem in finished.event("run.failed")["message"]
    assert ask(pg_url, "SELECT to_regclass('t')")[0][0] is None


ENV_PY_SETS = """
from alembic import context
from sqlalchemy import create_engine, event, pool
url = context.config.get_main_option("sqlalchemy.url")
engine = create_engine(url, poolclass=pool.QueuePool, connect_args={'application_name': 'shop deploy'})
@event.listens_for(engine, "connect")
def on_connect(session, record):
    session.cursor().execute("SET lock_timeout = '700ms'")
    session.commit()
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
with engine.connect() as connection:
    import json, pathlib
    rows = connection.exec_driver_sql("SELECT name, setting FROM pg_settings WHERE name IN ('lock_timeout',"
        " 'statement_timeout', 'application_name', 'client_connection_check_interval')").fetchall()
    path = pathlib.Path('seen.json')
    path.write_text(json.dumps(json.loads(path.read_text()) | {'afterwards': dict(tuple(r) for r in rows)}))
"""


def test_what_env_py_sets_is_respected_and_nothing_stays_behind(tmp_path: Path, pg_url: str) -> None:
    """SET in env.py holds for the run; a pooled session is afterwards as it was before."""
    made = make_directory(tmp_path, [RevisionFile(revision="ae10", upgrade=SEEN + BODY)], env="generic")
    (made.scripts / "env.py").write_text(ENV_PY_SETS)

    finish(tmp_path, pg_url, RUNNER_LOCK_TIMEOUT_SECONDS="3", RUNNER_POD="pod-1").check()

    seen = json.loads((tmp_path / "seen.json").read_text())
    assert {values["lock_timeout"] for values in seen.values()} == {"700"}
    assert seen["brief"]["application_name"] == "shop_deploy - pod-1 ae10"
    assert seen["online"]["application_name"] == "shop_deploy - pod-1 ae10"
    assert seen["afterwards"] == {
        "lock_timeout": "700",
        "statement_timeout": "0",
        "application_name": "shop deploy",
        "client_connection_check_interval": "0",
    }


def test_the_isolation_level_of_env_py_is_kept(tmp_path: Path, pg_url: str) -> None:
    """The limits begin the transaction that psycopg would have begun, of the same kind."""
    body = """
op.create_table('t', sa.Column('id', sa.Integer))
assert op.get_bind().scalar(sa.text('SHOW transaction_isolation')) == 'serializable'
assert op.get_bind().scalar(sa.text('SHOW lock_timeout')) == '5s'
"""
    made = make_directory(tmp_path, [RevisionFile(revision="ae10", upgrade=body)], env="generic")
    env_py = made.scripts / "env.py"
    env_py.write_text(env_py.read_text().replace("poolclass=", "isolation_level='SERIALIZABLE', poolclass="))
    assert "SERIALIZABLE" in env_py.read_text()

    finish(tmp_path, pg_url).check()


def test_what_the_revision_sets_is_respected(tmp_path: Path, pg_url: str) -> None:
    """A revision's SET LOCAL holds until its transaction ends."""
    body = "op.execute(\"SET LOCAL lock_timeout = '123ms'\")\n" + BODY
    seen = timeouts(run(tmp_path, pg_url, body=body))
    assert seen["brief"] == ("123", "0")
    assert seen["backfill"] == ("123", "0")
    assert seen["brief again"] == ("5000", "0")


def test_what_the_role_has_takes_the_place_of_the_default(tmp_path: Path, pg_url: str) -> None:
    """ALTER ROLE ... SET lock_timeout is a decision too; the operator's own setting is a later one."""
    ask(pg_url, "ALTER ROLE runner_test IN DATABASE " + pg_url.rpartition("/")[2] + " SET lock_timeout = '900ms'")
    seen = timeouts(run(tmp_path / "a", pg_url))
    assert seen["brief"] == ("900", "0")
    assert seen["online"] == ("0", "0")


def test_a_savepoint_that_is_rolled_back_takes_no_limit_along(tmp_path: Path, pg_url: str) -> None:
    """The limit is set again after a rollback to a savepoint undid it."""
    body = """
bind = op.get_bind()
savepoint = bind.begin_nested()
op.execute('CREATE TABLE a ()')
savepoint.rollback()
op.execute('CREATE TABLE b ()')
look('brief')
"""
    assert timeouts(run(tmp_path, pg_url, body=body)) == {"brief": ("5000", "0")}


def test_the_session_says_who_runs_what(tmp_path: Path, pg_url: str) -> None:
    """application_name holds tool, release, pod and revision, and the server checks that we are still there."""
    seen = run(tmp_path, pg_url, RUNNER_RELEASE="2026.11", RUNNER_POD="shop-7f9c")
    assert seen["brief"]["application_name"] == "revision-runner 2026.11 shop-7f9c ae10"
    assert seen["online"]["application_name"] == "revision-runner 2026.11 shop-7f9c ae10"
    assert seen["brief"]["client_connection_check_interval"] == "1000"


def test_mariadb_has_limits_when_asked(tmp_path: Path, mariadb_url: str) -> None:
    """lock_wait_timeout for DDL, max_statement_time by kind; afterwards as before, by default not at all."""
    look = """
import pathlib
def look(name):
    row = op.get_bind().exec_driver_sql('SELECT @@lock_wait_timeout, @@max_statement_time').one()
    with pathlib.Path('seen').open('a') as file:
        file.write(f'{name} {row[0]} {row[1]:g}\\n')
op.create_table('t', sa.Column('id', sa.Integer))
look('brief')
op.execute('INSERT INTO t VALUES (1)')
look('backfill')
"""
    make_directory(tmp_path, [RevisionFile(revision="r1", upgrade=look)], env="none")
    finish(tmp_path, mariadb_url, RUNNER_LOCK_TIMEOUT_SECONDS="4", RUNNER_BACKFILL_TIMEOUT_SECONDS="600").check()
    brief, backfill = (tmp_path / "seen").read_text().splitlines()
    assert brief == "brief 4 0"
    assert backfill.split()[1] != "4"
    assert backfill.split()[2] == "600"


def test_a_database_without_limits_says_so_only_when_asked(tmp_path: Path, sqlite_file_url: str) -> None:
    """SQLite knows none of them."""
    make_directory(tmp_path, [RevisionFile(revision="r1")], env="none")
    asked = finish(tmp_path, sqlite_file_url, RUNNER_LOCK_TIMEOUT_SECONDS="4").check()
    assert asked.event("limits.unsupported")["limits"] == ["lock_timeout"]

    make_directory(tmp_path / "other", [RevisionFile(revision="r1")], env="none")
    silent = run_runner("upgrade", cwd=tmp_path / "other", env={"DATABASE_URL": sqlite_file_url + "2"}).check()
    assert silent.events("limits.unsupported") == []

"""A revision that commits in parts goes on where it was interrupted (FIELD E2, E8-D, B5)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import psycopg
import pytest

from tests.directories import Directory, RevisionFile, make_directory
from tests.postgres import libpq_url
from tests.preloaded import run_runner, the_helper
from tests.programs import Finished
from tests.tcp_proxy import Action, Message, proxied

BASE = """
op.execute("CREATE TYPE mood AS ENUM ('sad')")
op.execute("CREATE TABLE t (id int, name text)")
op.execute("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 500) g")
op.execute("CREATE INDEX ix_old ON t (id)")
op.execute("CREATE TABLE log (entry text)")
"""
IN_PARTS = """
op.execute("INSERT INTO log VALUES ('first')")
rows = op.get_bind().execute(sa.text("SELECT count(*) FROM t")).scalar_one()
op.get_bind().execute(sa.text("INSERT INTO log VALUES ('rows ' || :rows)"), {"rows": str(rows)})
with op.get_context().autocommit_block():
    op.create_index('ix_t', 't', ['name'], postgresql_concurrently=True)
    op.execute("ALTER TYPE mood ADD VALUE 'happy'")
op.execute("INSERT INTO log VALUES ('second')")
op.add_column('t', sa.Column('extra', sa.Integer))
with op.get_context().autocommit_block():
    op.drop_index('ix_old', postgresql_concurrently=True)
    op.execute("INSERT INTO log VALUES ('alone')")
op.execute("INSERT INTO log VALUES ('third')")
"""
FINAL_LOG = ["alone", "first", "rows 500", "second", "third"]


def ask(url: str, sql: str) -> list[tuple[object, ...]]:
    """Return the rows of a query."""
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def log_of(url: str) -> list[object]:
    """Return what the revisions wrote, sorted."""
    return [row[0] for row in ask(url, "SELECT entry FROM log ORDER BY 1")]


def indexes(url: str) -> dict[object, object]:
    """Return index -> valid, of table t."""
    rows = ask(url, "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 't'::regclass")
    return {row[0]: row[1] for row in rows}


def journal(url: str) -> list[tuple[object, ...]]:
    """Return the entries of the journal."""
    return ask(url, "SELECT revision, number, outcome FROM runner_journal ORDER BY 1, 2")


def assert_converged(url: str) -> None:
    """Everything was done exactly once, and nothing is left to resume."""
    assert log_of(url) == FINAL_LOG
    assert indexes(url) == {"ix_t": True}
    assert ask(url, "SELECT enumlabel FROM pg_enum ORDER BY 1") == [("happy",), ("sad",)]
    assert ask(url, "SELECT version_num FROM alembic_version") == [("r0002",)]
    assert journal(url) == []


def directory_in_parts(root: Path, body: str = IN_PARTS) -> Directory:
    """Return a directory whose second revision commits in parts."""
    second = RevisionFile(revision="r0002", down_revision="r0001", upgrade=body)
    return make_directory(root, [RevisionFile(revision="r0001", upgrade=BASE), second], env="none")


def upgrade(directory: Directory, url: str, *words: str) -> Finished:
    """Run `runner upgrade`."""
    return run_runner("upgrade", *words, cwd=directory.root, env={"DATABASE_URL": url})


def run_until_killed(directory: Directory, url: str, should_die: Callable[[Message], bool], action: Action) -> Finished:
    """Run `runner upgrade` and kill it at the first message that the function chooses, if there is one."""
    pid = Future[int]()
    dead: list[bool] = []

    def decide(message: Message) -> Action:
        if dead or not should_die(message):
            return Action.PASS
        dead.append(True)
        os.kill(pid.result(timeout=60), signal.SIGKILL)
        return action

    with proxied(url, decide) as proxy:
        environment = {"DATABASE_URL": proxy.url, "RUNNER_MONITOR_SECONDS": "0"}
        run = the_helper().start("upgrade", cwd=directory.root, env=environment)
        pid.set_result(run.pid)
        return the_helper().wait(run)


def wait_until_alone(url: str) -> None:
    """Wait until the server has noticed that a killed runner has gone."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while ask(url, query + " AND backend_type = 'client backend'") != [(0,)]:
        time.sleep(0.02)


def resolve_if_needed(directory: Directory, url: str, finished: Finished) -> Finished:
    """Decide by looking, as a person does, about the one statement of which the catalog knows nothing."""
    if finished.returncode != 56:
        return finished
    failed = finished.event("run.failed")
    number = str(failed["statement_number"])
    assert f"runner resolve r0002 --statement {number} --as" in failed["message"]
    happened = "alone" in log_of(url)
    run_runner(
        "resolve",
        *("r0002", "--statement", number, "--as", "done" if happened else "redo"),
        cwd=directory.root,
        env={"DATABASE_URL": url},
    ).check()
    return upgrade(directory, url)


def converge(directory: Directory, url: str) -> None:
    """Run again until the end, and look at everything."""
    wait_until_alone(url)
    resolve_if_needed(directory, url, upgrade(directory, url)).check()
    assert_converged(url)


def test_undisturbed(tmp_path: Path, pg_url: str) -> None:
    """Without an interruption nothing is skipped, and the journal is empty in the end."""
    finished = upgrade(directory_in_parts(tmp_path), pg_url).check()

    assert_converged(pg_url)
    assert finished.events("step.resuming") == []


def test_who_commits_nothing_midway_pays_nothing(tmp_path: Path, pg_url: str) -> None:
    """Revisions without an autocommit block make no journal."""
    directory = make_directory(tmp_path, [RevisionFile(revision="r0001", upgrade=BASE)], env="none")

    upgrade(directory, pg_url).check()

    assert ask(pg_url, "SELECT to_regclass('runner_journal')") == [(None,)]


def boundaries(directory: Directory, url: str) -> int:
    """Return how many statements a run sends, everything of the runner's own included."""
    with proxied(url) as proxy:
        upgrade(directory, proxy.url).check()
        return len(proxy.statements)


@pytest.mark.parametrize("share", range(8))
def test_killed_at_every_boundary(tmp_path: Path, pg_database_factory: Callable[[], str], share: int) -> None:
    """SIGKILL before or after any statement of the run, and the next run converges: nothing is lost or done twice."""
    directory = directory_in_parts(tmp_path)
    count = boundaries(directory, pg_database_factory())
    every = int(os.environ.get("RESUME_EVERY", "4"))  # all of them take minutes
    for number in range(1 + share, count + 1, 8 * every):
        for action in (Action.CUT_BEFORE, Action.CUT_AFTER):
            url = pg_database_factory()
            run_until_killed(directory, url, lambda message, at=number: message.number == at, action)  # type: ignore[misc]

            converge(directory, url)


def test_an_invalid_index_is_dropped_and_rebuilt(tmp_path: Path, pg_url: str) -> None:
    """A concurrent build that was cut off left an INVALID index: it is found, dropped and built again."""
    directory = directory_in_parts(tmp_path)
    run_until_killed(
        directory, pg_url, lambda message: "ix_t" in message.sql and "CREATE" in message.sql, Action.CUT_BEFORE
    )
    ask(pg_url, "CREATE INDEX ix_t ON t (name)")
    with psycopg.connect(libpq_url(pg_url), autocommit=True) as blocker:
        blocker.execute("BEGIN")
        blocker.execute("DROP INDEX ix_t")
        blocker.execute("COMMIT")
        blocker.execute("BEGIN")
        blocker.execute("LOCK TABLE t IN ROW EXCLUSIVE MODE")
        with psycopg.connect(libpq_url(pg_url), autocommit=True) as other:
            other.execute("SET lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute("CREATE INDEX CONCURRENTLY ix_t ON t (name)")
    assert indexes(pg_url)["ix_t"] is False

    finished = upgrade(directory, pg_url)

    assert finished.events("statement.examined")[0]["reason"] == "index ix_t was left INVALID"
    finished.check()
    assert_converged(pg_url)


def make_invalid(url: str) -> None:
    """Leave an INVALID index ix_t behind, as an interrupted build does."""
    with psycopg.connect(libpq_url(url)) as blocker:
        blocker.execute("LOCK TABLE t IN ROW EXCLUSIVE MODE")
        with psycopg.connect(libpq_url(url), autocommit=True) as other:
            other.execute("SET lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute("CREATE INDEX CONCURRENTLY ix_t ON t (name)")
    assert indexes(url)["ix_t"] is False


def test_if_not_exists_is_not_content_with_an_invalid_index(tmp_path: Path, pg_url: str) -> None:
    """Concurrently, an INVALID index of that name is dropped first, whoever left it; the result is valid."""
    directory = make_directory(tmp_path, [RevisionFile(revision="r0001", upgrade=BASE)], env="none")
    upgrade(directory, pg_url).check()
    make_invalid(pg_url)
    body = """
with op.get_context().autocommit_block():
    op.create_index('ix_t', 't', ['name'], postgresql_concurrently=True, if_not_exists=True)
"""
    directory.add(RevisionFile(revision="r0002", down_revision="r0001", upgrade=body))

    finished = upgrade(directory, pg_url).check()

    assert finished.event("index.invalid_dropped")["index"] == "ix_t"
    assert indexes(pg_url)["ix_t"] is True


def test_if_not_exists_in_a_transaction_refuses_an_invalid_index(tmp_path: Path, pg_url: str) -> None:
    """Where the statement is not concurrent, the run fails naming the index, instead of recording a lie."""
    directory = make_directory(tmp_path, [RevisionFile(revision="r0001", upgrade=BASE)], env="none")
    upgrade(directory, pg_url).check()
    make_invalid(pg_url)
    body = "op.create_index('ix_t', 't', ['name'], if_not_exists=True)"
    directory.add(RevisionFile(revision="r0002", down_revision="r0001", upgrade=body))

    finished = upgrade(directory, pg_url).check(55)

    assert "ix_t" in finished.event("run.failed")["message"]
    assert ask(pg_url, "SELECT version_num FROM alembic_version") == [("r0001",)]


FAILS_LATE = IN_PARTS.replace("VALUES ('third')", "VALUES (nothing)")


def test_a_failed_tail_is_corrected_and_goes_on(tmp_path: Path, pg_url: str) -> None:
    """An error after the last block: the next run, with the tail corrected, does only what was not done."""
    directory = directory_in_parts(tmp_path, FAILS_LATE)
    failed = upgrade(directory, pg_url).check(51)
    assert failed.event("run.failed")["resumes"] is True
    directory.add(RevisionFile(revision="r0002", down_revision="r0001", upgrade=IN_PARTS))

    finished = upgrade(directory, pg_url).check()

    assert_converged(pg_url)
    assert finished.event("step.resuming")["statements"] == 8


def test_an_edited_beginning_needs_a_decision(tmp_path: Path, pg_url: str) -> None:
    """What had run is not what the file says now: exit 56; `--as done` accepts it, `--restart` begins anew."""
    directory = directory_in_parts(tmp_path, FAILS_LATE)
    upgrade(directory, pg_url).check(51)
    edited = IN_PARTS.replace("VALUES ('first')", "VALUES ('edited')")
    directory.add(RevisionFile(revision="r0002", down_revision="r0001", upgrade=edited))
    environment = {"DATABASE_URL": pg_url}

    failed = upgrade(directory, pg_url).check(56).event("run.failed")

    assert failed["statement_number"] == 1
    assert "edited" in failed["message"]
    shown = run_runner("resolve", "r0002", cwd=directory.root, env=environment).check().stdout
    assert "r0002 upgrade 1: committed  INSERT INTO log VALUES ('first')" in shown
    words = ("resolve", "r0002", "--statement", "1", "--as", "done")
    assert "1: asserted" in run_runner(*words, cwd=directory.root, env=environment).check().stdout
    upgrade(directory, pg_url).check()
    assert_converged(pg_url)
    run_runner(*words, cwd=directory.root, env=environment).check(57)


def test_restart_begins_at_the_top(tmp_path: Path, pg_url: str) -> None:
    """After `--restart` the revision runs as if it never had."""
    directory = directory_in_parts(tmp_path, FAILS_LATE)
    upgrade(directory, pg_url).check(51)
    for statement in (
        "DELETE FROM log",
        "DROP INDEX ix_t",
        "CREATE INDEX ix_old ON t (id)",
        "ALTER TABLE t DROP extra",
    ):
        ask(pg_url, statement)
    directory.add(
        RevisionFile(
            revision="r0002", down_revision="r0001", upgrade=IN_PARTS.replace("VALUE 'h", "VALUE IF NOT EXISTS 'h")
        )
    )

    run_runner("resolve", "r0002", "--restart", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()
    finished = upgrade(directory, pg_url).check()

    assert finished.events("step.resuming") == []
    assert_converged(pg_url)


def test_a_revision_that_commits_by_itself_goes_on_too(tmp_path: Path, pg_url: str) -> None:
    """get_bind().commit() and a COMMIT in a statement are commits midway like any other."""
    body = """
op.execute("INSERT INTO log VALUES ('first')")
op.get_bind().commit()
op.execute("INSERT INTO log VALUES ('second')")
op.execute("COMMIT")
op.execute("INSERT INTO log VALUES (third)")
"""
    directory = directory_in_parts(tmp_path, body)
    upgrade(directory, pg_url).check(51)
    assert log_of(pg_url) == ["first", "second"]
    directory.add(RevisionFile(revision="r0002", down_revision="r0001", upgrade=body.replace("(third)", "('third')")))

    upgrade(directory, pg_url).check()

    assert log_of(pg_url) == ["first", "second", "third"]
    assert journal(pg_url) == []


def test_what_a_stamp_passes_is_forgotten(tmp_path: Path, pg_url: str) -> None:
    """Who stamps past an interrupted revision has taken it over: later it begins at its top again."""
    directory = directory_in_parts(tmp_path, FAILS_LATE)
    upgrade(directory, pg_url).check(51)
    assert journal(pg_url)

    run_runner("stamp", "r0002", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()

    assert journal(pg_url) == []


def test_more_statements_than_the_journal_takes(tmp_path: Path, pg_url: str) -> None:
    """A loop over very many statements is not resumed by itself, and does not fill the memory."""
    body = """
for number in range(20010):
    op.get_bind().exec_driver_sql(f"INSERT INTO log VALUES ('{number}')")
with op.get_context().autocommit_block():
    op.execute("VACUUM log")
op.execute("INSERT INTO log VALUES (nothing)")
"""
    directory = directory_in_parts(tmp_path, body)
    upgrade(directory, pg_url).check(51)

    failed = upgrade(directory, pg_url).check(56).event("run.failed")

    assert failed["statement_number"] == 20001

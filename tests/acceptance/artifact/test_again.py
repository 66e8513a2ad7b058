"""A non-transactional file that stopped halfway, applied again: by psql, by `artifact apply`, by an online run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.artifacts import Applied, apply_all, by_psql, files, make_artifact
from tests.directories import Directory, RevisionFile, make_directory
from tests.fix_postgres import PgDatabaseFactory
from tests.postgres import libpq_url
from tests.programs import run_runner

TABLE = RevisionFile(
    revision="aaaa",
    upgrade="op.execute(\"CREATE TYPE mood AS ENUM ('good')\")\n"
    "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.Text))",
)
ALONE = RevisionFile(
    revision="bbbb",
    down_revision="aaaa",
    upgrade=(
        "t = sa.table('t', sa.column('id', sa.Integer), sa.column('name', sa.Text))\n"
        "op.bulk_insert(t, [{'id': 1, 'name': \"it's 100%\"}, {'id': 2, 'name': None}])\n"
        "op.execute(t.update().where(t.c.id == 1).values(name='one'))\n"
        "with op.get_context().autocommit_block():\n"
        "    op.create_index('i', 't', ['name'], postgresql_concurrently=True)\n"
        "    op.execute(t.insert().values(id=3, name='three'))\n"
        "    op.execute(\"ALTER TYPE mood ADD VALUE 'bad'\")\n"
        "op.execute(sa.text('UPDATE t SET id = id + :by').bindparams(by=10))"
    ),
)
MARK = "-- Statement "


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    return make_directory(tmp_path_factory.mktemp("again") / "app", [TABLE, ALONE], env="none")


@pytest.fixture(scope="module")
def bundle(directory: Directory) -> Path:
    return make_artifact(directory, "--from", "base")


@pytest.fixture
def begun(bundle: Path, pg_database_factory: PgDatabaseFactory) -> Callable[[], str]:
    """Return a function that makes a database on which the non-transactional file is next."""
    first = pg_database_factory()
    apply_all(first, files(bundle)[:1])
    return lambda: pg_database_factory(template=first.rpartition("/")[2])


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def check_end(url: str) -> None:
    """Everything is there once."""
    assert ask(url, "SELECT id, name FROM t ORDER BY id") == [(11, "one"), (12, None), (13, "three")]
    assert ask(url, "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 't'::regclass") == [
        ("t_pkey", True),
        ("i", True),
    ]
    assert ask(url, "SELECT unnest(enum_range(NULL::mood))::text") == [("good",), ("bad",)]
    assert ask(url, "SELECT version_num FROM alembic_version") == [("bbbb",)]
    assert ask(url, "SELECT * FROM runner_journal") == []


def cut_files(path: Path, to: Path) -> Iterator[Path]:
    """Yield the file cut off in front of each statement, right behind it, and behind its second note."""
    text = path.read_text(encoding="utf-8")
    for number in (3, 4, 5):
        begin = text.index(f"{MARK}{number} ")
        for place, mark in enumerate(("\\gset", "\\set ON_ERROR_STOP on", "\n\\endif\n\n")):
            cut = to / f"{number}_{place}.sql"
            cut.write_text(text[: text.index(mark, begin)], encoding="utf-8")
            if cut.stem != "5_2":  # which is all of the file
                yield cut


def test_interrupted_anywhere_and_applied_again(bundle: Path, begun: Callable[[], str], tmp_path: Path) -> None:
    """Cut off at every step and applied again it ends, nothing runs twice; only what nobody can know needs a word."""
    _, alone, last = files(bundle)
    asked = []
    for cut in cut_files(alone, tmp_path):
        url = begun()
        by_psql(url, cut)
        again = by_psql(url, alone)
        if again.returncode:
            asked.append(cut.stem)
            assert "runner resolve bbbb --statement 4 --as done" in again.message, (cut.stem, again.message)
            there = ask(url, "SELECT 1 FROM t WHERE id = 3") != []
            ask(url, f"UPDATE runner_journal SET outcome = '{'asserted' if there else 'redo'}' WHERE number = 4")
            again = by_psql(url, alone)
        assert again.returncode == 0, (cut.stem, again.message)
        once_more = by_psql(url, alone)
        assert (once_more.returncode, "was applied already" in once_more.message) == (3, True), once_more.message
        apply_all(url, [last])
        check_end(url)
    assert asked == ["4_0", "4_1"]


def at_work(url: str) -> bool:
    query = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONC%' AND wait_event_type = 'Lock'"
    return ask(url, query) != []


def interrupted_index(url: str, path: Path) -> Applied:
    """Apply the file, and end psql's session while it builds the index; return how psql ended."""
    ended: list[Applied] = []
    with psycopg.connect(libpq_url(url)) as writer:
        writer.execute("UPDATE t SET name = 'two' WHERE id = 2")
        thread = threading.Thread(target=lambda: ended.append(by_psql(url, path)))
        thread.start()
        waiting = threading.Event()
        while not at_work(url):
            assert thread.is_alive(), ended
            waiting.wait(0.05)
        ask(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONC%'")
        thread.join()
        writer.rollback()
    return ended[0]


@pytest.mark.parametrize("how", ["psql", "apply", "upgrade"])
def test_an_index_that_was_cut_off(directory: Directory, bundle: Path, begun: Callable[[], str], how: str) -> None:
    """The session ends while an index is built: what is INVALID is dropped, and the index built again."""
    url = begun()
    _, alone, last = files(bundle)

    assert interrupted_index(url, alone).returncode == 2
    assert ask(url, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass") == [(False,)]
    if how == "psql":
        apply_all(url, [alone, last])
    elif how == "apply":
        run_runner("artifact", "apply", str(bundle), cwd=bundle, env={"DATABASE_URL": url}).check()
    else:
        run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url}).check()

    check_end(url)


def test_a_statement_that_the_server_refuses(begun: Callable[[], str], bundle: Path) -> None:
    """It stops with a sentence, and once the cause is gone the same file goes on there."""
    url = begun()
    _, alone, last = files(bundle)
    ask(url, "INSERT INTO t VALUES (3, 'in the way')")

    refused = by_psql(url, alone)
    assert refused.returncode == 3
    assert "duplicate key" in refused.message
    assert "The server refused statement 4 of revision bbbb" in refused.message
    assert ask(url, "SELECT outcome FROM runner_journal ORDER BY number") == [
        ("committed",),
        ("committed",),
        ("done",),
        ("failed",),
    ]
    applied = run_runner("artifact", "apply", str(bundle), cwd=bundle, env={"DATABASE_URL": url})
    assert applied.returncode == 51, applied
    assert "duplicate key" in applied.event("run.failed")["message"]

    ask(url, "DELETE FROM t WHERE id = 3")
    apply_all(url, [alone, last])
    check_end(url)


def test_another_base_is_refused_also_the_second_time(begun: Callable[[], str], bundle: Path, tmp_path: Path) -> None:
    """A file that stopped halfway does not go on where the version rows, or the statements, are others."""
    url = begun()
    alone = files(bundle)[1]
    cut = next(cut for cut in cut_files(alone, tmp_path) if cut.stem == "4_0")
    by_psql(url, cut)

    ask(url, "UPDATE runner_journal SET digest = 'another' WHERE number = 3")
    others = by_psql(url, alone)
    assert (others.returncode, "others than these" in others.message) == (3, True), others.message
    ask(url, "UPDATE alembic_version SET version_num = 'elsewhere'")
    elsewhere = by_psql(url, alone)
    assert (elsewhere.returncode, "The version rows are elsewhere" in elsewhere.message) == (3, True)
    assert ask(url, "SELECT 1 FROM t WHERE id = 3") == []


def test_an_online_run_and_psql_take_turns(directory: Directory, bundle: Path, begun: Callable[[], str]) -> None:
    """Statements with values are the same to both: each goes on behind the other in the middle of a revision."""
    first, alone, last = files(bundle)
    url = begun()
    ask(url, "INSERT INTO t VALUES (3, 'in the way')")
    assert by_psql(url, alone).returncode == 3
    ask(url, "DELETE FROM t WHERE id = 3")
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url}).check()
    check_end(url)

    url = begun()
    ask(url, "DELETE FROM runner_journal; DELETE FROM t; INSERT INTO t VALUES (3, 'in the way')")
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url}).check(51)
    ask(url, "DELETE FROM t WHERE id = 3")
    refused = by_psql(url, first)
    assert "is not where this file goes on" in refused.message or "version rows are" in refused.message
    apply_all(url, [alone, last])
    check_end(url)


def test_no_variable_of_psql_reaches_a_statement(tmp_path: Path, pg_url: str) -> None:
    """`psql -v` may set any name: the colon of a slice stays one, in a transaction and outside of one."""
    slices = RevisionFile(
        revision="aaaa",
        upgrade=(
            "op.execute(\"CREATE TABLE s AS SELECT (ARRAY[1, 2, 3])[1:n] AS a, ':n' AS b FROM (VALUES (2)) AS v(n)\")\n"
            "with op.get_context().autocommit_block():\n"
            "    op.execute(\"INSERT INTO s SELECT a[n:2], '' FROM s, (VALUES (2)) AS v(n)\")"
        ),
    )
    bundle = make_artifact(make_directory(tmp_path, [slices], env="none"), "--from", "base")

    for path in files(bundle):
        done = by_psql(pg_url, path, "-v", "n=3]; DROP TABLE s; --", "-v", "2=1")
        assert done.returncode == 0, done.message

    assert ask(pg_url, "SELECT a, b FROM s") == [([1, 2], ":n"), ([2], "")]

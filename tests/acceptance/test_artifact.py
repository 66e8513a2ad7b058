"""`runner artifact`, and the bundle applied with the real psql."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.directories import Directory, Environment, RevisionFile, make_directory
from tests.fix_postgres import PgDatabaseFactory, PgDump
from tests.postgres import libpq_url, psql
from tests.preloaded import run_runner
from tests.programs import Finished

LOCK_SQL = "SELECT pg_advisory_lock(1381125714, 1973846467)"  # the one of the table alembic_version

TABLE = RevisionFile(
    revision="aaaa",
    message="a table",
    upgrade="op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))",
    downgrade="op.drop_table('t')",
)
INDEX = RevisionFile(
    revision="bbbb",
    down_revision="aaaa",
    upgrade=(
        'op.execute("INSERT INTO t VALUES (1), (2)")\n'
        "with op.get_context().autocommit_block():\n"
        "    op.create_index('i', 't', ['id'], postgresql_concurrently=True)\n"
        'op.execute("UPDATE t SET id = id + 10")'
    ),
    downgrade="op.drop_index('i', 't')\nop.execute('DELETE FROM t')",
)
COLUMN = RevisionFile(
    revision="cccc",
    down_revision="bbbb",
    upgrade="op.add_column('t', sa.Column('note', sa.Text, server_default='it''s 100% \\\\ :x'))",
    downgrade="op.drop_column('t', 'note')",
)
COLUMN_OF_TABLE = RevisionFile(
    revision="bbbb", down_revision="aaaa", upgrade="op.add_column('t', sa.Column('x', sa.Integer))"
)
ASKS = RevisionFile(
    revision="dddd",
    down_revision="cccc",
    upgrade=(
        "for row in op.get_bind().execute(sa.text('SELECT id FROM t')).fetchall():\n"
        "    op.execute(f'INSERT INTO t (id) VALUES ({row.id + 100})')"
    ),
    downgrade="op.execute('DELETE FROM t WHERE id > 100')",
)
AFTER = RevisionFile(
    revision="eeee",
    down_revision="dddd",
    upgrade="op.execute('CREATE VIEW v AS SELECT id FROM t')",
    downgrade="op.execute('DROP VIEW v')",
)


def made(directory: Directory, *options: str, url: str | None = None, output: str = "out") -> Path:
    """Write an artifact and return its directory."""
    env = {} if url is None else {"DATABASE_URL": url}
    words = [] if url is not None else ["--dialect", "postgresql"]
    run_runner("artifact", "--output", output, *words, *options, cwd=directory.root, env=env).check()
    return directory.root / output


def files(bundle: Path, direction: str = "upgrade") -> list[Path]:
    return sorted((bundle / direction).iterdir())


def manifest(bundle: Path) -> Any:
    return json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))


def apply(url: str, paths: Sequence[Path]) -> None:
    for path in paths:
        done = psql(url, path)
        assert done.returncode == 0, f"{path.name}: {done.stderr}"


def rows(url: str) -> list[str]:
    with psycopg.connect(libpq_url(url)) as connection:
        return [row[0] for row in connection.execute("SELECT version_num FROM alembic_version ORDER BY 1")]


@contextmanager
def runner_at_work(url: str) -> Iterator[None]:
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute(LOCK_SQL)
        yield


def test_applied_with_psql_it_is_the_online_run(
    tmp_path: Path, pg_database_factory: PgDatabaseFactory, pg_dump: PgDump
) -> None:
    """Schema, data and version rows are those of an upgrade, and the downgrade files lead back to an empty schema."""
    directory = make_directory(tmp_path, [TABLE, INDEX, COLUMN], env="none")
    online, offline = pg_database_factory(), pg_database_factory()
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": online, "RUNNER_HISTORY": "off"}).check()
    bundle = made(directory, "--from", "base")

    assert [path.name for path in files(bundle)] == [
        "01_transactional.sql",
        "02_non_transactional.sql",
        "03_transactional.sql",
    ]
    apply(offline, files(bundle))
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": offline}).check()
    without = ("--exclude-table=runner_*",)
    assert pg_dump(offline, *without) == pg_dump(online, *without)
    assert rows(offline) == ["cccc"]

    apply(offline, files(bundle, "downgrade"))
    assert rows(offline) == []
    with psycopg.connect(libpq_url(offline)) as connection:
        assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        ("", ""),
        ("CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('zzzz')", "RR006"),
        ("CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('aaaa')", "RR007"),
        ("ALTER ROLE current_user SET search_path = elsewhere", "RR005"),
        ("ALTER ROLE current_user SET default_transaction_read_only = on", "RR003"),
    ],
)
def test_guards_stop_a_file(tmp_path: Path, pg_url: str, pg_dump: PgDump, prepare: str, code: str) -> None:
    """A wrong base, a second application, another schema, a read-only role: exit code not 0, nothing changed."""
    directory = make_directory(tmp_path, [TABLE], env="none")
    (path,) = files(made(directory, "--from", "base"))
    options = "" if "ALTER ROLE" not in prepare else prepare.partition(" SET ")[2].replace(" = ", "=")
    if prepare and not options:
        with psycopg.connect(libpq_url(pg_url)) as connection:
            connection.execute(prepare.encode())
    before = pg_dump(pg_url)

    done = run_psql(pg_url, path, options=options)

    if not code:
        assert done.returncode == 0, done.stderr
        return
    assert done.returncode == 3
    assert code in done.stderr, done.stderr
    assert pg_dump(pg_url) == before


def run_psql(url: str, *paths: Path, options: str = "", words: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run psql as a DBA would, with error codes shown."""
    arguments = ["psql", libpq_url(url), "-v", "VERBOSITY=verbose", *words]
    for path in paths:
        arguments += ["-f", str(path)]
    env = {"PATH": "/usr/lib/postgresql/15/bin:/usr/bin:/bin", "PGOPTIONS": f"-c {options}" if options else ""}
    return subprocess.run(arguments, capture_output=True, text=True, env=env, check=False, timeout=120)


def test_a_runner_at_work_stops_every_file(tmp_path: Path, pg_url: str, pg_dump: PgDump) -> None:
    """The files take the lock of an online run, and do not wait for it."""
    directory = make_directory(tmp_path, [TABLE, INDEX], env="none")
    bundle = made(directory, "--from", "base")
    for path in files(bundle):
        before = pg_dump(pg_url)
        with runner_at_work(pg_url):
            done = run_psql(pg_url, path)
        assert done.returncode == 3
        assert "RR004" in done.stderr
        assert pg_dump(pg_url) == before
        apply(pg_url, [path])
    assert rows(pg_url) == ["bbbb"]


def test_a_failure_in_the_middle_changes_nothing(tmp_path: Path, pg_url: str, pg_dump: PgDump) -> None:
    """All revisions of a transactional file go with the one that fails; psql says so without any option."""
    fails = RevisionFile(revision="bbbb", down_revision="aaaa", upgrade="op.execute('SELECT 1 / 0')")
    directory = make_directory(tmp_path, [TABLE, fails], env="none")
    (path,) = files(made(directory, "--from", "base"))
    before = pg_dump(pg_url)

    done = run_psql(pg_url, path)

    assert done.returncode == 3
    assert "division by zero" in done.stderr
    assert pg_dump(pg_url) == before


def test_single_transaction_mode_is_refused_where_it_cannot_work(tmp_path: Path, pg_url: str) -> None:
    """`psql -1` does no harm to a transactional file, and a non-transactional one says what is wrong."""
    directory = make_directory(tmp_path, [TABLE, INDEX], env="none")
    first, second, _ = files(made(directory, "--from", "base"))

    assert run_psql(pg_url, first, words=["-1"]).returncode == 0
    done = run_psql(pg_url, second, words=["-1"])

    assert done.returncode == 3
    assert "RR010" in done.stderr


def test_files_are_not_applied_out_of_order(tmp_path: Path, pg_url: str) -> None:
    """The last file of a revision needs what the file before it has noted."""
    directory = make_directory(tmp_path, [TABLE, INDEX], env="none")
    first, second, third = files(made(directory, "--from", "base"))
    apply(pg_url, [first])

    skipped = run_psql(pg_url, third)
    assert (skipped.returncode, "RR009" in skipped.stderr) == (3, True)
    apply(pg_url, [second])
    again = run_psql(pg_url, second)
    assert (again.returncode, "RR007" in again.stderr) == (3, True)
    apply(pg_url, [third])


def test_the_runner_goes_on_where_a_bundle_stopped(tmp_path: Path, pg_url: str) -> None:
    """An online run recognises a bundle that was applied halfway, and ends it."""
    directory = make_directory(tmp_path, [TABLE, INDEX], env="none")
    first, second, _ = files(made(directory, "--from", "base"))
    apply(pg_url, [first, second])

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()

    assert finished.event("step.resuming")["statements"] == 2
    with psycopg.connect(libpq_url(pg_url)) as connection:
        assert connection.execute("SELECT array_agg(id ORDER BY id) FROM t").fetchone() == ([11, 12],)


def test_from_the_database(tmp_path: Path, pg_url: str) -> None:
    """`--from database` starts from the version rows, and is for that server and that schema."""
    directory = make_directory(tmp_path, [TABLE, INDEX, COLUMN], env="none")
    run_runner("upgrade", "bbbb", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()

    bundle = made(directory, "--from", "database", url=pg_url)

    told = manifest(bundle)
    assert (told["from"], told["to"], told["schema"]) == (["bbbb"], ["cccc"], "public")
    assert told["server"]["minimum"] == told["server"]["maximum"]
    apply(pg_url, files(bundle))
    with psycopg.connect(libpq_url(pg_url)) as connection:
        found = connection.execute(
            "SELECT revision, outcome, run_id, heads_after FROM runner_history ORDER BY id DESC LIMIT 1"
        ).fetchone()
        note = connection.execute("SELECT note FROM t LIMIT 1").fetchone()
    assert found == ("cccc", "applied", told["bundle"][:32], '["cccc"]')
    assert note == ("its 100% \\ :x",)


def test_where_nothing_is_to_be_done_nothing_is_written(tmp_path: Path, pg_url: str) -> None:
    """A database that is at the target already is a success, and leaves no directory."""
    directory = make_directory(tmp_path, [TABLE], env="none")
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()

    words = ("artifact", "--from", "database", "--output", "out")
    done = run_runner(*words, cwd=directory.root, env={"DATABASE_URL": pg_url}).check()

    assert done.stdout == "Nothing to write: the start is where the target is.\n"
    assert not (directory.root / "out").exists()


def test_a_revision_that_needs_the_database_is_refused(tmp_path: Path) -> None:
    """Exit code 62, the revision, its file and line; nothing is written."""
    directory = make_directory(tmp_path, [TABLE, INDEX, COLUMN, ASKS, AFTER], env="none")

    refused = run_runner(
        "artifact", "--from", "base", "--output", "out", "--dialect", "postgresql", cwd=directory.root
    ).check(62)

    (obstacle,) = refused.event("run.failed")["obstacles"]
    assert (obstacle["revision"], obstacle["file"], obstacle["line"]) == ("dddd", "versions/dddd_message.py", 13)
    assert "dddd (versions/dddd_message.py, line 13): It asks the database for fetchall" in refused.stderr
    assert not (directory.root / "out").exists()


def test_an_artifact_is_split_at_it(tmp_path: Path, pg_url: str) -> None:
    """With --on-data split an instruction stands where the revision has to run, and the files around it check that."""
    directory = make_directory(tmp_path, [TABLE, INDEX, COLUMN, ASKS, AFTER], env="none")
    bundle = made(directory, "--from", "base", "--on-data", "split")
    *before, online, last = files(bundle)
    assert online.name == "04_online.md"
    assert "runner upgrade dddd" in online.read_text(encoding="utf-8")
    assert [one["revision"] for one in manifest(bundle)["not_written"]] == ["dddd"]

    apply(pg_url, before)
    too_early = run_psql(pg_url, last)
    assert (too_early.returncode, "RR006" in too_early.stderr) == (3, True)
    run_runner("upgrade", "dddd", cwd=directory.root, env={"DATABASE_URL": pg_url}).check()
    apply(pg_url, [last])
    assert rows(pg_url) == ["eeee"]


def test_without_a_way_back(tmp_path: Path) -> None:
    """A revision whose downgrade() raises leaves the bundle without a way back, and the manifest says why."""
    one_way = RevisionFile(
        revision="aaaa", upgrade="op.execute('SELECT 1')", downgrade="raise NotImplementedError('no')"
    )
    bundle = made(make_directory(tmp_path, [one_way], env="none"), "--from", "base")

    assert not (bundle / "downgrade").exists()
    (why,) = manifest(bundle)["without_downgrade"]
    assert (why["revision"], "NotImplementedError" in why["reason"]) == ("aaaa", True)
    assert str(tmp_path) not in (bundle / "manifest.json").read_text(encoding="utf-8")


def refused(directory: Directory, *options: str, output: str = "out") -> Finished:
    words = ("artifact", "--from", "base", "--dialect", "postgresql", "--output", output, *options)
    return run_runner(*words, cwd=directory.root)


def test_only_an_artifact_is_replaced_and_only_when_asked(tmp_path: Path) -> None:
    """A directory in use is left alone (exit code 63); --replace puts the new artifact in the place of the old one."""
    directory = make_directory(tmp_path, [TABLE], env="none")
    made(directory, "--from", "base")
    (directory.root / "taken").mkdir()
    (directory.root / "taken" / "file").write_text("mine", encoding="utf-8")

    refused(directory).check(63)
    refused(directory, "--replace", output="taken").check(63)
    directory.add(INDEX)
    refused(directory, "--replace").check()

    assert manifest(directory.root / "out")["to"] == ["bbbb"]
    assert [path.name for path in directory.root.iterdir() if path.name.startswith(".")] == []


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """Neither the hash seed nor the place of the directory reaches the files."""
    seen = []
    for number, seed in enumerate(("1", "2")):
        directory = make_directory(tmp_path / str(number), [TABLE, INDEX, COLUMN], env="generic")
        env = {"PYTHONHASHSEED": seed, "DATABASE_URL": "postgresql://someone:secret@somewhere/db", "TZ": f"UTC{number}"}
        run_runner("artifact", "--from", "base", "--output", "out", cwd=directory.root, env=env).check()
        found = {path: path.read_bytes() for path in (directory.root / "out").rglob("*") if path.is_file()}
        seen.append({str(path.relative_to(directory.root)): contents for path, contents in found.items()})
    assert seen[0] == seen[1]
    assert not any(b"secret" in contents or b"somewhere" in contents for contents in seen[0].values())


def test_one_bundle_for_each_database(tmp_path: Path, pg_database_factory: PgDatabaseFactory) -> None:
    """An env.py that configures several databases gives a bundle for each, under the name it calls it by."""
    directory = make_directory(tmp_path, [TABLE], env="multidb", url="postgresql://nobody@localhost/none")
    for name in ("first", "second"):
        directory.set_url("postgresql://nobody@localhost/none", section=name)

    bundle = made(directory, "--from", "base", url="postgresql://nobody@localhost/none")

    assert manifest(bundle)["bundles"] == ["first", "second"]
    for name in ("first", "second"):
        url = pg_database_factory()
        apply(url, files(bundle / name))
        assert rows(url) == ["aaaa"]


TENANTS = """
from alembic import context

config = context.config


def run(connection, tenant):
    where = {"connection": connection} if connection is not None else {"url": config.get_main_option("sqlalchemy.url")}
    context.configure(version_table_schema=tenant, **where)
    with context.begin_transaction():
        context.execute(f"SET search_path TO {tenant}")
        context.run_migrations()


if context.is_offline_mode():
    for tenant in ("acme", "umbrella"):
        run(None, tenant)
else:
    from sqlalchemy import create_engine

    with create_engine(config.get_main_option("sqlalchemy.url")).connect() as connection:
        for tenant in ("acme", "umbrella"):
            run(connection, tenant)
"""


def test_one_bundle_for_each_tenant(tmp_path: Path, pg_url: str) -> None:
    """Schemas per tenant: what env.py sets is in every file, and each tenant's version table is looked at."""
    directory = make_directory(tmp_path, [TABLE, COLUMN_OF_TABLE], url=pg_url)
    (directory.scripts / "env.py").write_text(TENANTS, encoding="utf-8")
    with psycopg.connect(libpq_url(pg_url)) as connection:
        connection.execute("CREATE SCHEMA acme")
        connection.execute("CREATE SCHEMA umbrella")

    bundle = made(directory, "--from", "base", url=pg_url)

    assert manifest(bundle)["bundles"] == ["acme", "umbrella"]
    assert manifest(bundle / "acme")["schema"] == "acme"
    assert manifest(bundle / "acme")["lock"] != manifest(bundle / "umbrella")["lock"]
    apply(pg_url, files(bundle / "acme"))
    with psycopg.connect(libpq_url(pg_url)) as connection:
        found = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_schema IN ('acme', 'umbrella', 'public')"
        ).fetchall()
    assert sorted(found) == [("acme", "alembic_version"), ("acme", "t")]

    following = made(directory, "--from", "database", url=pg_url, output="next")
    assert manifest(following)["bundles"] == ["umbrella"]
    assert manifest(following / "umbrella")["from"] == []


@pytest.mark.parametrize("env", ["none", "generic"])
def test_a_bundle_for_one_schema(tmp_path: Path, pg_url: str, env: Environment) -> None:
    """--schema makes a tenant's bundle, whatever env.py does about it: its files are refused in any other schema."""
    directory = make_directory(tmp_path, [TABLE], url=pg_url, env=env)
    with psycopg.connect(libpq_url(pg_url)) as connection:
        connection.execute("CREATE SCHEMA acme")

    bundle = made(directory, "--from", "base", "--schema", "acme", url=pg_url)

    assert manifest(bundle)["schema"] == "acme"
    if env == "generic":  # env.py does not put the session there, so that whoever applies it has to
        assert psql(pg_url, files(bundle)[0]).returncode == 3
    apply(f"{pg_url}?options=-csearch_path%3Dacme" if env == "generic" else pg_url, files(bundle))
    with psycopg.connect(libpq_url(pg_url)) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'acme'").fetchone()
    assert found == (2,)


def test_a_clock_in_a_revision_is_noted(tmp_path: Path) -> None:
    """A value that differs each time is written as it came out, and the reviewer is told that it will differ."""
    clock = RevisionFile(
        revision="aaaa", upgrade="import uuid\nop.execute(f\"INSERT INTO t VALUES ('{uuid.uuid4()}')\")"
    )

    bundle = made(make_directory(tmp_path, [clock], env="none"), "--from", "base")

    notes = [(note["code"], note["revision"]) for note in manifest(bundle)["notes"]]
    assert notes == [("not-reproducible", "aaaa"), ("downgrade-does-nothing", "aaaa")]


def test_a_revision_that_connects_by_itself_is_refused(tmp_path: Path, pg_url: str) -> None:
    """A session of the revision's own would read, or change, a database that nobody named."""
    connects = RevisionFile(
        revision="aaaa",
        upgrade=f"with sa.create_engine({pg_url!r}).connect() as own:\n    own.execute(sa.text('CREATE TABLE x ()'))",
    )
    directory = make_directory(tmp_path, [connects], env="none")

    failed = refused(directory).check(62)

    assert "aaaa" in failed.stderr
    assert "connection of its own" in failed.stderr
    assert "correct-horse" not in failed.stderr

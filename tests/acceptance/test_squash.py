"""squash, and what it means for databases before, inside and after the range."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from tests.directories import Directory, RevisionFile, make_directory
from tests.oracle import sqlite_url
from tests.preloaded import run_runner
from tests.side_tables import without_side_tables

TABLE = "op.create_table('{0}', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.String(20)))"
CHAIN = (
    RevisionFile(revision="aaaa", upgrade=TABLE.format("one"), downgrade="op.drop_table('one')"),
    RevisionFile(revision="bbbb", down_revision="aaaa", upgrade=TABLE.format("two"), downgrade="op.drop_table('two')"),
    RevisionFile(
        revision="cccc",
        down_revision="bbbb",
        branch_labels="lab",
        upgrade="op.create_index('ix', 'two', ['name'])",
        downgrade="op.drop_index('ix', 'two')",
    ),
    RevisionFile(
        revision="dddd",
        down_revision="cccc",
        upgrade="op.add_column('one', sa.Column('more', sa.Integer))",
        downgrade="op.drop_column('one', 'more')",
    ),
)


def schema(url: str) -> dict[str, list[str]]:
    """Return table -> columns and indexes."""
    engine = create_engine(url)
    with engine.connect() as connection:
        seen = inspect(connection)
        found = {
            name: [str(one["name"]) for one in (*seen.get_columns(name), *seen.get_indexes(name))]
            for name in without_side_tables(seen.get_table_names())
        }
    engine.dispose()
    return found


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    """A chain of four, without env.py."""
    return make_directory(tmp_path / "project", CHAIN, env="none")


@pytest.mark.parametrize("inner", ["aaaa:dddd", "bbbb:cccc", ":cccc"])
def test_databases_everywhere_go_on(directory: Directory, tmp_path: Path, inner: str) -> None:
    """Empty, inside the range, at its end and at the head: all reach the same schema and row (REV-35, CB-2)."""
    urls = {at: sqlite_url(tmp_path / f"{at}.sqlite") for at in ("base", "aaaa", "bbbb", "cccc", "dddd")}
    for at, url in urls.items():
        if at != "base":
            run_runner("upgrade", at, cwd=directory.root, env={"DATABASE_URL": url}).check()

    squashed = run_runner("squash", inner, cwd=directory.root).check()

    assert "The schema is the same" in squashed.stdout
    for url in urls.values():
        run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url}).check()
        current = run_runner("current", cwd=directory.root, env={"DATABASE_URL": url}).check()
        assert "dddd (head)\n" == current.stdout
    assert len({str(sorted(schema(url).items())) for url in urls.values()}) == 1
    again = run_runner("downgrade", "base", cwd=directory.root, env={"DATABASE_URL": urls["base"]}).check()
    assert again.event("run.finished")["to"] == []
    assert list(schema(urls["base"])) == ["alembic_version"]


def test_a_database_inside_without_the_originals(directory: Directory, sqlite_file_url: str) -> None:
    """Once the originals are deleted, a database that still is inside says what it needs (exit code 35)."""
    environment = {"DATABASE_URL": sqlite_file_url}
    run_runner("upgrade", "bbbb", cwd=directory.root, env=environment).check()
    run_runner("squash", "aaaa:cccc", cwd=directory.root).check()
    for file in (directory.scripts / "replaced").iterdir():
        file.unlink()

    for command in (["upgrade"], ["current"], ["history", "-r", ":current"]):
        refused = run_runner(*command, cwd=directory.root, env=environment).check(35)
        assert "replaced-files-missing" == refused.event("run.failed")["error_code"]
    assert "The database is at bbbb" in refused.event("run.failed")["message"]


REFUSED = {
    "no range": (["aaaa"], 61),
    "one revision": (["bbbb:bbbb"], 29),
    "the wrong way round": (["cccc:aaaa"], 29),
    "unknown": (["zzzz:cccc"], 25),
    "base as the end": (["aaaa:base"], 29),
}


@pytest.mark.parametrize("name", REFUSED)
def test_ranges_that_will_not_do(directory: Directory, name: str) -> None:
    """A range that is no chain of several is refused, and nothing is changed."""
    arguments, code = REFUSED[name]
    before = sorted(directory.scripts.rglob("*.py"))
    run_runner("squash", *arguments, cwd=directory.root).check(code)
    assert sorted(directory.scripts.rglob("*.py")) == before


def test_something_hangs_on_the_middle(directory: Directory) -> None:
    """A branch or a dependency on an inner revision keeps it from being squashed."""
    directory.add(RevisionFile(revision="eeee", down_revision="bbbb"))
    refused = run_runner("squash", "aaaa:cccc", cwd=directory.root).check(29)
    assert "eeee follows or depends on bbbb" in refused.stderr


@pytest.mark.parametrize(
    ("upgrade", "message"),
    [
        ("op.execute(\"INSERT INTO one (name) VALUES ('x')\")", "one: 1"),
        ("op.execute('CREATE VIEW v AS SELECT id FROM one')", "view v"),
        ("op.execute('CREATE TRIGGER t AFTER INSERT ON one BEGIN SELECT 1; END')", "trigger t"),
    ],
)
def test_what_a_squash_would_lose(directory: Directory, upgrade: str, message: str) -> None:
    """Rows, views and triggers that the range makes are noticed, and nothing is changed (exit code 79)."""
    directory.add(RevisionFile(revision="eeee", down_revision="dddd", upgrade=upgrade))
    before = {path: path.read_text() for path in directory.scripts.rglob("*.py")}

    refused = run_runner("squash", "aaaa:eeee", cwd=directory.root).check(79)

    assert message in refused.event("run.failed")["message"]
    assert {path: path.read_text() for path in directory.scripts.rglob("*.py")} == before
    assert not (directory.scripts / "replaced").exists()


@pytest.mark.parametrize(
    ("before", "inside", "message"),
    [
        (
            "op.execute('CREATE VIEW v AS SELECT id FROM one')",
            "op.execute('DROP VIEW v')\nop.execute('CREATE VIEW v AS SELECT id, name FROM one')",
            "change view v",
        ),
        (
            "op.execute(\"INSERT INTO one (name) VALUES ('x')\")",
            "op.execute(\"UPDATE one SET name = 'y'\")",
            "write rows (one: 1)",
        ),
        (
            "op.execute(\"INSERT INTO one (name) VALUES ('x')\")",
            "op.add_column('one', sa.Column('last', sa.String(5)))\nop.execute(\"UPDATE one SET last = 'y'\")",
            "change rows of one",
        ),
    ],
)
def test_what_a_squash_would_not_change(directory: Directory, before: str, inside: str, message: str) -> None:
    """Views and rows that the range finds and changes are told by what they are, not by their names (exit code 79)."""
    directory.add(RevisionFile(revision="eeee", down_revision="dddd", upgrade=before))
    directory.add(RevisionFile(revision="ffff", down_revision="eeee", upgrade=inside))
    index = "op.create_index('ix_one', 'one', ['name'])"
    directory.add(RevisionFile(revision="gggg", down_revision="ffff", upgrade=index))

    refused = run_runner("squash", "ffff:gggg", cwd=directory.root).check(79)

    assert message in refused.event("run.failed")["message"]
    assert not (directory.scripts / "replaced").exists()


SEED = "op.execute(\"INSERT INTO one (name) VALUES ('x'), ('y'), ('z')\")"
VOLATILE = (
    "op.add_column('one', sa.Column('at', sa.DateTime, server_default=sa.text('clock_timestamp()')))\n"
    "op.add_column('one', sa.Column('day', sa.DateTime, server_default=sa.func.now(), nullable=False))\n"
    "op.add_column('one', sa.Column('key', sa.Uuid, server_default=sa.text('gen_random_uuid()')))\n"
    "op.add_column('one', sa.Column('size', sa.Numeric(5, 2), server_default='1.50'))"
)
BACK = "for name in ('at', 'day', 'key', 'size'):\n        op.drop_column('one', name)"


@pytest.mark.pg(">= 13")
@pytest.mark.parametrize(
    ("also", "code"),
    [
        ("pass", 0),
        ("op.execute(\"UPDATE one SET size = 2 WHERE name = 'x'\")", 79),
        ("op.execute('UPDATE one SET key = NULL')", 79),
        ("op.execute(\"UPDATE one SET key = '00000000-0000-0000-0000-000000000000'\")", 79),
    ],
)
def test_values_that_the_server_makes_are_others_each_time(
    directory: Directory, pg_url: str, also: str, code: int
) -> None:
    """Rows that get now() or a random UUID when the range adds a column are no reason to refuse; other values are."""
    directory.add(
        RevisionFile(revision="eeee", down_revision="dddd", upgrade=SEED, downgrade="op.execute('DELETE FROM one')")
    )
    directory.add(RevisionFile(revision="ffff", down_revision="eeee", upgrade=VOLATILE, downgrade=BACK))
    directory.add(RevisionFile(revision="gggg", down_revision="ffff", upgrade=also))

    ended = run_runner("squash", "ffff:gggg", cwd=directory.root, env={"RUNNER_SCRATCH_DATABASE_URL": pg_url})

    ended.check(code)
    if code:
        assert ended.event("run.failed")["differences"] == ["change rows of one"]


def test_what_is_changed_on_postgresql(directory: Directory, pg_url: str) -> None:
    """Functions, triggers, domains, sequences, policies and views are compared by what the server prints of them."""
    made = (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "CREATE TRIGGER t BEFORE INSERT ON one FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE DOMAIN d AS text CHECK (VALUE <> '')",
        "CREATE TYPE pair AS (a integer, b integer)",
        "CREATE SEQUENCE s",
        "CREATE POLICY p ON one USING (id > 0)",
        "CREATE VIEW v AS SELECT id FROM one",
        "CREATE VIEW kept AS SELECT id FROM two",
    )
    changed = (
        "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "ALTER TABLE one DISABLE TRIGGER t",
        "ALTER DOMAIN d SET NOT NULL",
        "ALTER TYPE pair ADD ATTRIBUTE c integer",
        "ALTER SEQUENCE s INCREMENT BY 2",
        "ALTER POLICY p ON one USING (id > 1)",
        "CREATE OR REPLACE VIEW v AS SELECT id + 0 AS id FROM one",
        "ALTER TABLE one ENABLE ROW LEVEL SECURITY",
    )
    for revision, parent, statements in (("eeee", "dddd", made), ("ffff", "eeee", changed), ("gggg", "ffff", ())):
        upgrade = "\n".join(f'op.execute("{statement}")' for statement in statements) or "pass"
        directory.add(RevisionFile(revision=revision, down_revision=parent, upgrade=upgrade))

    environment = {"RUNNER_SCRATCH_DATABASE_URL": pg_url}
    refused = run_runner("squash", "ffff:gggg", cwd=directory.root, env=environment).check(79)

    assert [
        "change function public.f()",
        "change policy p on one",
        "remove row security of one",
        "change sequence public.s",
        "change trigger t on one",
        "change type public.d",
        "change type public.pair",
        "change view public.v",
    ] == refused.event("run.failed")["differences"]


def test_a_scratch_database_that_will_not_do(directory: Directory, sqlite_file_url: str) -> None:
    """The scratch database must be empty, and of the right kind."""
    environment = {"DATABASE_URL": sqlite_file_url, "RUNNER_HISTORY": "off"}
    run_runner("upgrade", cwd=directory.root, env=environment).check()
    full = run_runner("squash", ":", "--scratch", sqlite_file_url, cwd=directory.root).check(29)
    other = run_runner("squash", ":", cwd=directory.root, env={"DATABASE_URL": "postgresql://h/d"}).check(29)
    assert "not empty: it has one and two" in full.stderr
    assert "RUNNER_SCRATCH_DATABASE_URL" in other.stderr


def test_a_squash_is_no_edit_of_what_was_applied(directory: Directory, sqlite_file_url: str) -> None:
    """A squash has the id of a revision it replaces, with another program; databases that have it go on."""
    environment = {"DATABASE_URL": sqlite_file_url, "RUNNER_EDITED_REVISIONS": "fail"}
    run_runner("upgrade", "cccc", cwd=directory.root, env=environment).check()
    run_runner("squash", ":cccc", cwd=directory.root).check()

    run_runner("upgrade", cwd=directory.root, env=environment).check()


def test_a_squash_may_be_squashed(directory: Directory, sqlite_file_url: str) -> None:
    """A range with a squash in it replaces what that one replaced, too."""
    environment = {"DATABASE_URL": sqlite_file_url}
    run_runner("upgrade", "bbbb", cwd=directory.root, env=environment).check()
    run_runner("squash", "bbbb:cccc", cwd=directory.root).check()
    run_runner("squash", ":", "-m", "everything", cwd=directory.root).check()

    finished = run_runner("upgrade", cwd=directory.root, env=environment).check()

    assert [one["revision"] for one in finished.events("step.finished")] == ["cccc", "dddd"]


def test_on_postgresql(directory: Directory, pg_url: str) -> None:
    """The proof runs on the database the directory is for (RUNNER_SCRATCH_DATABASE_URL)."""
    directory.add(
        RevisionFile(
            revision="eeee",
            down_revision="dddd",
            upgrade="op.add_column('two', sa.Column('d', sa.DateTime(timezone=True), server_default=sa.func.now()))\n"
            "op.create_check_constraint('ck', 'two', \"name <> ''\")\n"
            "op.create_table('three', sa.Column('id', sa.Integer, sa.ForeignKey('two.id'), primary_key=True),"
            " sa.Column('kind', sa.Enum('a', 'b', name='kind')))",
            downgrade="op.drop_table('three')\nop.execute('DROP TYPE kind')\nop.drop_column('two', 'd')\n"
            "op.drop_constraint('ck', 'two')",
        )
    )
    squashed = run_runner("squash", ":", cwd=directory.root, env={"RUNNER_SCRATCH_DATABASE_URL": pg_url}).check()
    assert "proved on an empty postgresql database" in squashed.stdout

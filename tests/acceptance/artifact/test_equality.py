"""An artifact applied with psql is the online run: schema, rows, version rows; and the way back is the downgrade."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.artifacts import PATH, apply_all, files, make_artifact
from tests.directories import Directory, RevisionFile, make_directory
from tests.fix_postgres import PgDatabaseFactory, PgDump
from tests.programs import ROOT, run_runner

ENUM = (
    "op.execute(\"CREATE TYPE mood AS ENUM ('x', 'y''')\")\n"
    "op.add_column('a', sa.Column('l', sa.Enum('x', \"y'\", name='mood'), server_default=\"y'\"))"
)
ROWS = (
    "op.execute(sa.text(\"INSERT INTO a (id, l) VALUES (:n, 'x')\").bindparams(n=5))\n"
    'op.execute("DO $$ BEGIN PERFORM 1; END $$")'
)
INDEX = "op.create_index('ix', 'a', [sa.text('id DESC')], postgresql_where=sa.text('id % 2 = 0'))"
BRANCHES = (
    RevisionFile(
        revision="bottom",
        upgrade="op.create_table('a', sa.Column('id', sa.Integer, primary_key=True))",
        downgrade="op.drop_table('a')",
    ),
    RevisionFile(
        revision="left",
        down_revision="bottom",
        upgrade=ENUM,
        downgrade="op.drop_column('a', 'l')\nop.execute('DROP TYPE mood')",
    ),
    RevisionFile(revision="right", down_revision="bottom", upgrade=INDEX, downgrade="op.drop_index('ix', 'a')"),
    RevisionFile(
        revision="merged", down_revision=("left", "right"), upgrade=ROWS, downgrade="op.execute('DELETE FROM a')"
    ),
)


DEMO = "examples/demo"


@pytest.mark.parametrize("revisions", [PATH, BRANCHES, DEMO], ids=["phases", "branches", "demo"])
def test_applied_with_psql_it_is_the_online_run(
    revisions: Sequence[RevisionFile] | str, tmp_path: Path, pg_database_factory: PgDatabaseFactory, pg_dump: PgDump
) -> None:
    """pg_dump of schema and rows, the version rows among them, agree after the way up and after the way down."""
    if isinstance(revisions, str):
        root = shutil.copytree(ROOT / revisions, tmp_path / "demo")
        directory = Directory(root=root, ini=root / "alembic.ini", scripts=root / "migrations")
    else:
        directory = make_directory(tmp_path, revisions)
    bundle = make_artifact(directory, "--from", "base", "--to", "heads")
    by_hand, online = pg_database_factory(), pg_database_factory()

    for direction, words in (("upgrade", ("upgrade", "heads")), ("downgrade", ("downgrade", "base"))):
        apply_all(by_hand, files(bundle, direction))
        run_runner(*words, cwd=directory.root, env={"DATABASE_URL": online}).check()
        assert pg_dump(by_hand) == pg_dump(online), direction
        assert pg_dump(by_hand, "--data-only", "--inserts") == pg_dump(online, "--data-only", "--inserts"), direction

"""`--renames=ask` at a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.directories import make_directory
from tests.programs import scrubbed_environment

MODEL = """\
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table("posts", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("titel", sa.Text))
"""


@pytest.mark.parametrize(("answer", "expected"), [("y", 'new_column_name="titel"'), ("n", 'drop_column("title")')])
def test_the_author_is_asked(tmp_path: Path, sqlite_file_url: str, answer: str, expected: str) -> None:
    """What looks renamed is asked about, one line for each; anything but yes drops and creates (AG-3)."""
    directory = make_directory(tmp_path / "project", (), env="none")
    (directory.root / "models.py").write_text(MODEL)
    engine = sa.create_engine(sqlite_file_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE posts (id INTEGER NOT NULL PRIMARY KEY, title TEXT)")
    engine.dispose()
    terminal, standard_input = pty.openpty()
    os.write(terminal, f"{answer}\n".encode())
    command = ["revision", "--autogenerate", "-m", "x", "--renames", "ask"]
    ended = subprocess.run(
        [sys.executable, "-m", "runner", *command],
        cwd=directory.root,
        env=scrubbed_environment({"DATABASE_URL": sqlite_file_url, "RUNNER_METADATA": "models:metadata"}),
        stdin=standard_input,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(standard_input)
    os.close(terminal)

    assert 0 == ended.returncode, ended.stderr
    assert "Is posts.titel the column posts.title renamed? [y/N] " in ended.stderr
    assert expected in Path(ended.stdout.removeprefix("Generated ").strip()).read_text()

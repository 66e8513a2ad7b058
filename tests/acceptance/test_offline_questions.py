"""A revision that needs an answer from the database, run with --sql."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.directories import RevisionFile, make_directory
from tests.programs import run_runner

QUESTIONS = {
    "result of execute": "rows = op.get_bind().execute(sa.text('SELECT 1')).fetchall()",
    "scalar": "op.get_bind().scalar(sa.text('SELECT 1'))",
    "inspector": "sa.inspect(op.get_bind()).get_table_names()",
    "session": "from sqlalchemy.orm import Session; Session(bind=op.get_bind()).execute(sa.text('SELECT 1'))",
    "reflection": "sa.Table('t', sa.MetaData(), autoload_with=op.get_bind())",
    "run_async": "op.run_async(print)",
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_error_names_revision_file_and_line(question: str, tmp_path: Path) -> None:
    """One sentence says which revision, file and line asks; the script stops before it (OFF-4, OP-21, OP-23)."""
    directory = make_directory(
        tmp_path,
        revisions=[RevisionFile(revision="aaaa1111", upgrade=f"op.execute('SELECT 5')\n{QUESTIONS[question]}")],
        url="postgresql://nobody@localhost/none",
    )
    run = run_runner("upgrade", "head", "--sql", cwd=directory.root)

    lines = (directory.versions / "aaaa1111_message.py").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if QUESTIONS[question] in text)
    assert run.returncode != 0
    assert "aaaa1111" in run.stderr
    if question != "run_async":
        assert f"aaaa1111_message.py, line {line}" in run.stderr
        assert "offline-unsupported" in run.stderr

"""`runner validate`: what an image's build asks of a revision directory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.directories import Directory, RevisionFile, chain, make_directory
from tests.programs import Finished, run_runner


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return make_directory(tmp_path, chain(3))


def validated(directory: Directory, *args: str) -> Finished:
    return run_runner("validate", *args, cwd=directory.root)


def test_a_directory_that_is_fit(directory: Directory) -> None:
    """No database is needed, env.py is not run, and the answer is one line."""
    env_py = directory.scripts / "env.py"
    env_py.write_text("raise SystemExit('env.py was run')\n" + env_py.read_text("utf-8"), encoding="utf-8")
    line = validated(directory).check().stdout
    assert line.endswith("migrations: 3 revision(s), head(s) r0003; all of them load.\n")
    found = json.loads(validated(directory, "--json").check().stdout)
    assert (found["revisions"], found["heads"], found["env_py"], found["problems"]) == (3, ["r0003"], True, [])


def test_the_number_of_heads_makes_sense(directory: Directory) -> None:
    """No head at all cannot be asked for, and the message says why."""
    assert "one head or more" in validated(directory, "--heads", "0").check(2).stderr


def test_two_heads(directory: Directory) -> None:
    """A second head is refused, as `alembic upgrade head` would at the deployment, unless it is allowed."""
    directory.add(RevisionFile(revision="other", down_revision="r0002"))
    refused = validated(directory).check(24)
    assert "other, r0003" in refused.stdout
    validated(directory, "--heads", "2").check()


@pytest.mark.parametrize(
    ("name", "text", "code", "says"),
    [
        ("stray_note.py", "x = 1\n", 27, "stray_note.py declares no revision"),
        ("bad.py", 'revision = "bad"\ndown_revision = "r0003"\nimport nothing_of_the_kind\n', 20, "line 3"),
        ("bad.py", 'revision = "bad"\ndown_revision = "r0003"\ndef upgrade(:\n', 20, "line 3"),
        ("bad.py", 'revision = "bad"\ndown_revision = "gone"\ndef upgrade(): ...\n', 21, "gone"),
        ("bad.py", 'revision = "r0002"\ndown_revision = "r0001"\ndef upgrade(): ...\n', 22, "r0002"),
        ("bad.py", 'revision = "bad"\ndown_revision = "r0003"\n', 20, "has no function upgrade()"),
        (
            "bad.py",
            'revision = "bad"\ndown_revision = "r0003"\nrunner_options = {"retries": 1}\ndef upgrade(): ...\n',
            20,
            "retry",
        ),
    ],
    ids=["stray", "import", "syntax", "parent", "twice", "no-upgrade", "options"],
)
def test_what_is_refused(directory: Directory, name: str, text: str, code: int, says: str) -> None:
    """What would fail at the deployment fails in the build, with the same code and the file's name."""
    (directory.versions / name).write_text(text, encoding="utf-8")
    refused = validated(directory).check(code)
    assert says in refused.stdout
    assert refused.event("run.failed")["exit_code"] == code


def test_all_problems_are_told_at_once(directory: Directory) -> None:
    """Each file, the template and env.py have their line; the exit code is that of all, or the general one."""
    for name in ("a", "b"):
        text = f'revision = "{name}"\ndown_revision = "r0003"\nimport nothing_of_the_kind\ndef upgrade(): ...\n'
        (directory.versions / f"{name}.py").write_text(text, encoding="utf-8")
    (directory.scripts / "env.py").write_text("def broken(:\n", encoding="utf-8")
    (directory.scripts / "script.py.mako").write_text("% if message:\nno end\n", encoding="utf-8")
    refused = validated(directory, "--heads", "2").check(20)
    assert [line.rsplit("(")[-1] for line in refused.stdout.splitlines()] == [
        "revision-file-invalid)",
        "revision-file-invalid)",
        "environment-failed)",
    ]
    (directory.scripts / "env.py").unlink()
    refused = validated(directory, "--heads", "2").check(20)
    assert "template-failed" in refused.stdout


def test_identifiers_that_only_the_code_knows(directory: Directory) -> None:
    """A file whose identifiers had to be found by importing it is fine: that is what every command does with it."""
    text = 'revision = "".join(["co", "de"])\ndown_revision = "r0003"\ndef upgrade(): ...\n'
    (directory.versions / "code.py").write_text(text, encoding="utf-8")
    assert "head(s) code" in validated(directory).check().stdout


def test_nothing_to_validate(tmp_path: Path) -> None:
    """An empty directory is a mistake in the image, not a success."""
    run_runner("validate", cwd=make_directory(tmp_path, env="none").root).check(12)
    (tmp_path / "elsewhere").mkdir()
    run_runner("validate", cwd=tmp_path / "elsewhere").check(12)

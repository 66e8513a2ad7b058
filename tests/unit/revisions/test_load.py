"""Files are imported by path, and what goes wrong names file and line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runner.errors import EnvironmentFailed, RevisionFileError
from runner.revisions.load import load_revision_file, mangled_name, run_file


def write(tmp_path: Path, text: str, name: str = "ae10-add users.py") -> str:
    """Write a file and return its path."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    return str(tmp_path / name)


def test_a_module_is_named_after_its_file(tmp_path: Path) -> None:
    """The name is mangled, and nobody can import it by that name (REV-5)."""
    path = write(tmp_path, "value = __file__\n")
    module = load_revision_file(path)

    assert mangled_name(path) == "ae10_add_users_py"
    assert (module.__name__, module.__file__, module.value) == ("ae10_add_users_py", path, path)
    assert "ae10_add_users_py" not in sys.modules


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("x = 1\ny = (\n", 2, "is not valid Python: '(' was never closed"),
        ("x = 1\n\nraise ValueError('no')\n", 3, "cannot be imported: ValueError: no"),
        ("def f():\n    return 1 / 0\n\n\nf()\n", 2, "cannot be imported: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", 1, "cannot be imported: SystemExit: 3"),
    ],
)
def test_a_failing_revision_file_names_the_line(tmp_path: Path, text: str, line: int, problem: str) -> None:
    """The innermost line of the file itself, with the original error as cause."""
    path = write(tmp_path, text)
    with pytest.raises(RevisionFileError) as caught:
        load_revision_file(path)

    assert caught.value.message == f"Revision file {path}, line {line}, {problem}."
    assert (caught.value.fields["path"], caught.value.fields["line"]) == (path, line)
    assert caught.value.__cause__ is not None


def test_an_interruption_is_not_the_files_fault(tmp_path: Path) -> None:
    """Ctrl-C while a file is imported ends the run as it should."""
    with pytest.raises(KeyboardInterrupt):
        load_revision_file(write(tmp_path, "raise KeyboardInterrupt\n"))


def test_an_environment_file_is_compiled_afresh(tmp_path: Path) -> None:
    """A file changed within the same second is the new one, and leaves no compiled file behind."""
    path = write(tmp_path, "value = 1\n", "env.py")
    first = run_file(path)
    write(tmp_path, "value = 2\n", "env.py")
    second = run_file(path)

    assert (first.value, second.value) == (1, 2)
    assert (second.__name__, second.__file__) == ("env_py", path)
    assert [one.name for one in tmp_path.iterdir()] == ["env.py"]


def test_relative_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module's __file__ and the lines of a traceback hold when the program changes its directory; messages do not."""
    write(tmp_path, "def name():\n    return name.__code__.co_filename\n", "a.py")
    write(tmp_path, "1 / 0\n", "b.py")
    monkeypatch.chdir(tmp_path)

    for module in (load_revision_file("a.py"), run_file("a.py")):
        assert (module.__file__, module.name()) == (str(tmp_path / "a.py"), str(tmp_path / "a.py"))
    with pytest.raises(RevisionFileError, match=r"file b\.py, line 1, cannot be imported"):
        load_revision_file("b.py")


def test_what_an_environment_raises_is_passed_on(tmp_path: Path) -> None:
    """Errors of the database and of our own come through env.py."""
    with pytest.raises(LookupError):
        run_file(write(tmp_path, "raise LookupError\n", "env.py"))


def test_an_environment_that_is_not_python_is_our_error(tmp_path: Path) -> None:
    """File and line are named."""
    path = write(tmp_path, "x = 1\nimport\n", "env.py")
    with pytest.raises(EnvironmentFailed, match="line 2, is not valid Python") as caught:
        run_file(path)
    assert caught.value.fields == {"path": path, "line": 2}

    with pytest.raises(EnvironmentFailed, match="cannot be read: No such file"):
        run_file(str(tmp_path / "gone.py"))

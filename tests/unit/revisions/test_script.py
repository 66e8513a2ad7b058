"""A Script knows its place in the graph and its text without importing the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import GraphError
from runner.revisions.directory import Script, ScriptDirectory


@pytest.fixture
def directory(tmp_path: Path) -> ScriptDirectory:
    """Two branches of a1, merged in d1; x1 depends on b1 and d1 by label; every file fails when imported."""
    for revision, rest in {
        "a1": "None",
        "b1": "'a1'\nbranch_labels = ('left', 'links')",
        "c1": "'a1'",
        "d1": "('b1', 'c1')",
        "x1": "None\ndepends_on = ['left', 'd1']",
    }.items():
        doc = f'"""Add {revision},\nat last\n\nMore about it\n  indented\n"""\n'
        text = f"{doc}import this_is_not_installed\nrevision = {revision!r}\ndown_revision = {rest}\n"
        (tmp_path / f"{revision}.py").write_text(text, encoding="utf-8")
    return ScriptDirectory(str(tmp_path))


def script(directory: ScriptDirectory, revision: str) -> Script:
    """Return one of them."""
    found = directory.get_revision(revision)
    assert found is not None
    return found


def test_what_the_file_says(directory: ScriptDirectory, tmp_path: Path) -> None:
    """In the shapes Alembic gives it (API-3)."""
    assert [script(directory, one).down_revision for one in ("a1", "b1", "d1")] == [None, "a1", ("b1", "c1")]
    assert [script(directory, one).dependencies for one in ("a1", "x1")] == [None, ("left", "d1")]
    assert script(directory, "a1").path == str(tmp_path / "a1.py")
    assert script(directory, "a1").doc == "Add a1,\nat last"
    assert script(directory, "a1").longdoc == "Add a1,\nat last\n\nMore about it\n  indented"


def test_its_place(directory: ScriptDirectory) -> None:
    """Heads, bases, forks and merges; labels spread (REV-31, API-3)."""
    a1, d1, x1 = (script(directory, one) for one in ("a1", "d1", "x1"))

    assert (a1.is_base, a1.is_branch_point, a1.is_head, a1.nextrev) == (True, True, False, frozenset({"b1", "c1"}))
    assert (d1.is_merge_point, d1.is_head, d1._is_real_head) == (True, True, False)
    assert (x1.is_base, x1._is_real_base) == (True, False)
    assert d1.branch_labels == {"left", "links"}
    assert d1._all_nextrev == {"x1"}
    assert x1._all_down_revisions == ("b1", "d1")
    assert d1._versioned_down_revisions == ("b1", "c1")


def test_one_line(directory: ScriptDirectory) -> None:
    """As `heads`, `branches` and `history` print it (CLI-1, CLI-7, CLI-8)."""
    assert script(directory, "x1").cmd_format(verbose=False) == "x1 (head)"
    assert script(directory, "a1").cmd_format(verbose=False, tree_indicators=False) == "a1"
    assert script(directory, "d1").cmd_format(
        verbose=False, include_branches=True, include_doc=True, include_parents=True
    ) == ("b1, c1 -> d1 (left, links) (effective head) (mergepoint), Add d1,\nat last")
    assert script(directory, "x1").cmd_format(verbose=False, include_parents=True) == "<base> (left, d1) -> x1 (head)"


def test_the_long_entry(directory: ScriptDirectory, tmp_path: Path) -> None:
    """As `show` and the verbose queries print it; labels and children sorted."""
    text = "\n\n    Add {},\n    at last\n    \n    More about it\n      indented\n"

    assert script(directory, "a1").log_entry == (
        f"Rev: a1 (branchpoint)\nParent: <base>\nBranches into: b1, c1\nPath: {tmp_path}/a1.py" + text.format("a1")
    )
    d1 = script(directory, "d1")
    d1._db_current_indicator = True
    assert d1.cmd_format(verbose=True) == (
        "Rev: d1 (head) (mergepoint) (current)\nMerges: b1, c1\nBranch names: left, links\n"
        f"Path: {tmp_path}/d1.py" + text.format("d1")
    )
    assert script(directory, "x1").log_entry == (
        f"Rev: x1 (head)\nParent: <base>\nAlso depends on: left, d1\nPath: {tmp_path}/x1.py" + text.format("x1")
    )


def test_as_text(directory: ScriptDirectory) -> None:
    """For logs and for debugging."""
    assert str(script(directory, "d1")) == "b1, c1 -> d1 (head) (mergepoint), Add d1,\nat last"
    assert repr(script(directory, "d1")) == "Script('d1', ('b1', 'c1'), branch_labels=['left', 'links'])"
    assert repr(script(directory, "x1")) == "Script('x1', None, dependencies=('left', 'd1'))"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"""one"""\n', "one"),
        ("'''\n  padded\n'''\n", "padded"),
        ('r"""raw \\d"""\n', "raw \\d"),
        ('"""escaped \\x41"""\n', "escaped A"),
        ("'é'\n", "é"),
        ('"""a""" "b"\n', "ab"),
        ("x = 1\n", ""),
        ("b'bytes'\n", ""),
        ("f'format'\n", ""),
    ],
)
def test_docstrings_of_every_spelling(tmp_path: Path, source: str, expected: str) -> None:
    """What importing would put into __doc__, stripped (REV-3)."""
    (tmp_path / "a.py").write_text(f"{source}revision = 'a'\ndown_revision = None\n", encoding="utf-8")

    assert script(ScriptDirectory(str(tmp_path)), "a").longdoc == expected


def test_the_module_is_imported_once_and_when_asked(tmp_path: Path) -> None:
    """A file that had to be imported for its ids is not imported again (REV-5)."""
    (tmp_path / "a.py").write_text("revision = 'a'\ndown_revision = None\nLIST = []\n", encoding="utf-8")
    (tmp_path / "b.py").write_text("revision = 'b' + ''\ndown_revision = 'a'\n", encoding="utf-8")
    directory = ScriptDirectory(str(tmp_path))
    a, b = script(directory, "a"), script(directory, "b")

    assert a.module is a.module
    assert a.module.LIST == []
    assert b.module is directory.scanned[1].module


@pytest.mark.parametrize("revision", ["a@b", "a-b", "a+b", "a:b", ""])
def test_ids_that_symbols_could_not_name_are_refused(revision: str) -> None:
    """The characters are named (REV-4, ERR-13)."""
    with pytest.raises(GraphError):
        Script.verify_rev_id(revision)
    Script.verify_rev_id("v1.2_a b")

"""A directory with a squashed range: what is read, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import ReplacedFilesMissing
from runner.revisions.directory import ScriptDirectory
from runner.revisions.header import read_ordinary
from runner.revisions.syntax import read_syntax
from tests.directories import RevisionFile, make_directory

SQUASH = RevisionFile(
    revision="cccc", down_revision="aaaa", header='replaces = ("bbbb",)', message="squash", upgrade="raise SystemError"
)
REVISIONS = (RevisionFile(revision="aaaa"), SQUASH, RevisionFile(revision="dddd", down_revision="cccc"))
ORIGINALS = (RevisionFile(revision="bbbb", down_revision="aaaa"), RevisionFile(revision="cccc", down_revision="bbbb"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The directory, with the originals in `replaced`."""
    root = make_directory(tmp_path, REVISIONS).scripts
    (root / "replaced").mkdir()
    for one in ORIGINALS:
        (root / "replaced" / one.name).write_text(one.text())
    return root


def test_replaces_is_read_without_importing() -> None:
    """Both readers know the record, in the two forms a file may have it."""
    for text in ('replaces = ("a", "b")', "replaces: Sequence[str] = ('a', 'b',)", "replaces = ['a', 'b']"):
        source = f"revision = 'c'\ndown_revision = None\n{text}\n".encode()
        fast, exact = read_ordinary(source), read_syntax(source, "x.py")
        assert fast is not None
        assert exact is not None
        assert fast.replaces == exact.replaces == ("a", "b")


@pytest.mark.parametrize("value", ['{"a": "b"}', "None", '"a"', "3", "(1, 2)", "len"])
def test_a_variable_of_that_name_may_be_something_else(tmp_path: Path, value: str) -> None:
    """A revision file with a `replaces` of its own, of another kind, is as good as before."""
    directory = make_directory(tmp_path, [RevisionFile(revision="aaaa", header=f"replaces = {value}")])
    assert ScriptDirectory(str(directory.scripts)).get_heads() == ["aaaa"]


def test_the_squash_counts(root: Path) -> None:
    """The history has the squash in the place of the range; its file is the one that runs."""
    directory = ScriptDirectory(str(root))
    assert [script.revision for script in directory.walk_revisions()] == ["dddd", "cccc", "aaaa"]
    found = directory.get_revision("cccc")
    assert found is not None
    assert found.doc == "squash"
    assert [step.revision for step in directory._upgrade_revs("heads", ("aaaa",))] == ["cccc", "dddd"]


def test_a_database_inside_gets_the_originals(root: Path) -> None:
    """From a row inside the range the archived files lead on, and they are the ones that run."""
    directory = ScriptDirectory(str(root))
    assert [step.revision for step in directory._upgrade_revs("heads", ("bbbb",))] == ["cccc", "dddd"]
    found = directory.get_revision("cccc")
    assert found is not None
    assert (found.doc, found.down_revision, Path(found.path).parent.name) == ("message", "bbbb", "replaced")


def test_a_database_inside_without_the_archive(root: Path) -> None:
    """Without the archive the error names what is missing."""
    (root / "replaced" / ORIGINALS[0].name).unlink()
    with pytest.raises(ReplacedFilesMissing, match="bbbb not found"):
        ScriptDirectory(str(root))._upgrade_revs("heads", ("bbbb",))


def test_the_archive_is_read_only_when_needed(root: Path) -> None:
    """A broken file in the archive troubles nobody who does not need it."""
    (root / "replaced" / "broken.py").write_text("def (:")
    directory = ScriptDirectory(str(root))
    assert directory.graph_for(("aaaa",)).heads == ("dddd",)
    assert directory.graph_for(("cccc",)).heads == ("dddd",)

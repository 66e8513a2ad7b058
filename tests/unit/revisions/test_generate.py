"""Writing one revision file: what is refused, where it goes, what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.errors import (
    BranchLabelError,
    DuplicateRevision,
    GraphError,
    HookFailed,
    InvalidTarget,
    MultipleHeads,
    RevisionDirectoryError,
    RunnerError,
    TemplateFailed,
    UnknownRevision,
)
from runner.revisions.directory import ScriptDirectory
from tests.directories import RevisionFile, make_directory

#  aaaa1 - bbbb1 (one)      dddd1 (other)
#      `-- cccc1
REVISIONS = (
    RevisionFile(revision="aaaa1"),
    RevisionFile(revision="bbbb1", down_revision="aaaa1", branch_labels="one"),
    RevisionFile(revision="cccc1", down_revision="aaaa1"),
    RevisionFile(revision="dddd1", branch_labels="other"),
)


@pytest.fixture
def directory(tmp_path: Path) -> ScriptDirectory:
    """A directory with three heads."""
    return ScriptDirectory(str(make_directory(tmp_path, REVISIONS).scripts))


def tree(root: Path) -> list[str]:
    """Return every file and directory below."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if "__pycache__" not in path.parts)


def test_the_file_says_what_was_asked(directory: ScriptDirectory) -> None:
    """The new revision is in the graph at once, with all it was given (API-2)."""
    script = directory.generate_revision(
        "eeee1", "Do it", head="bbb", branch_labels=["x", "y"], depends_on=["cccc1", "other"]
    )

    assert (script.revision, script.down_revision, script.doc) == ("eeee1", "bbbb1", "Do it")
    assert script.dependencies == ("cccc1", "other")
    assert script.branch_labels >= {"x", "y"}
    assert script.path == str(Path(directory.versions) / "eeee1_do_it.py")
    assert "one" in script.module.__dict__ or script.module.revision == "eeee1"
    assert directory.get_heads() == ["cccc1", "dddd1", "eeee1"]


def test_the_module_can_be_used_at_once(directory: ScriptDirectory) -> None:
    """What was rendered is a module with upgrade() and downgrade()."""
    script = directory.generate_revision("eeee1", None, head="one@head")
    assert script.module.upgrade() is None
    assert script.module.downgrade() is None
    assert script.doc == "empty message"


def test_several_parents_make_a_merge(directory: ScriptDirectory) -> None:
    """A sequence of symbols is a merge, `heads` all of them, `base` a new base (CLI-11)."""
    assert directory.generate_revision("m1", "m", head=("bbbb1", "cccc1")).down_revision == ("bbbb1", "cccc1")
    assert set(directory.generate_revision("m2", "m", head="heads").down_revision or ()) == {"m1", "dddd1"}
    assert directory.generate_revision("m3", "m", head="base").down_revision is None
    assert directory.generate_revision("m4", "m", head="m3").down_revision == "m3"


REFUSED: dict[str, tuple[dict[str, Any], type[RunnerError], str]] = {
    "several heads": ({}, MultipleHeads, "Name one with --head"),
    "an unknown head": ({"head": "zzzz"}, UnknownRevision, "zzzz"),
    "not a head": ({"head": "aaaa1"}, InvalidTarget, "bbbb1 and cccc1 follows it.*--splice"),
    "named twice": ({"head": ("bbbb1", "bbb")}, GraphError, "named twice"),
    "an id that is there": ({"revid": "aaaa1", "head": "bbbb1"}, DuplicateRevision, "exists already"),
    "its own parent": ({"revid": "x", "head": "x"}, UnknownRevision, "x"),
    "an id that is a label": ({"revid": "one", "head": "bbbb1"}, DuplicateRevision, "label of a branch"),
    "a reserved id": ({"revid": "heads", "head": "bbbb1"}, GraphError, "heads is reserved"),
    "an id with a sign": ({"revid": "a+b", "head": "bbbb1"}, GraphError, r"contains \+"),
    "a label that is taken": ({"head": "cccc1", "branch_labels": "other"}, BranchLabelError, "taken by revision dddd1"),
    "a label that is an id": ({"head": "cccc1", "branch_labels": "aaaa1"}, BranchLabelError, "taken"),
    "a label like the id": ({"head": "cccc1", "branch_labels": "new1"}, BranchLabelError, "taken"),
    "an unknown dependency": ({"head": "cccc1", "depends_on": "zzzz"}, UnknownRevision, "zzzz"),
    "base as a dependency": ({"head": "cccc1", "depends_on": "base"}, InvalidTarget, "cannot depend on base"),
    "an unknown location": ({"head": "cccc1", "version_path": "/tmp"}, RevisionDirectoryError, "none of the version"),
    "a subdirectory": ({"head": "cccc1", "file_template": "d/%(rev)s"}, RevisionDirectoryError, "recursive_version"),
    "a hidden name": ({"head": "cccc1", "file_template": "__init__"}, RevisionDirectoryError, "not be found"),
    "a name that is there": (
        {"head": "cccc1", "file_template": "aaaa1_message"},
        RevisionDirectoryError,
        "overwritten",
    ),
    "a message that ends the docstring": ({"head": "cccc1", "message": 'a """ b'}, TemplateFailed, "is not Python"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_leave_nothing(directory: ScriptDirectory, name: str) -> None:
    """What is refused is refused with a sentence, and no file is there afterwards (ERR-3, ERR-12 to ERR-14, DNG-8)."""
    arguments, error, message = REFUSED[name]
    before = tree(Path(directory.dir))

    with pytest.raises(error, match=message):
        directory.generate_revision(**{"revid": "new1", "message": "m", **arguments})

    assert tree(Path(directory.dir)) == before
    assert len(directory.graph) == 4


def test_splicing(directory: ScriptDirectory) -> None:
    """--splice begins a branch at a revision that has successors (REV-34)."""
    directory.generate_revision("new1", "m", head="aaaa1", splice=True)
    assert directory.get_heads() == ["bbbb1", "cccc1", "dddd1", "new1"]


BROKEN = {
    "no template": ("${", "cannot be rendered", None),
    "an unknown variable": ("line one\n${nothing.here}\n", "line 2", 2),
    "not Python": ("def (:\n", "is not Python", None),
    "no revision": ("x = 1\n", "does not write revision = 'new1'", None),
    "no labels": ("revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n", "branch_labels", None),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_templates_leave_nothing(directory: ScriptDirectory, name: str) -> None:
    """A template that cannot be rendered, or renders something else, is named with the line (ERR-13, ERR-21)."""
    text, message, line = BROKEN[name]
    template = Path(directory.dir) / "script.py.mako"
    template.write_text(text)
    before = tree(Path(directory.dir))

    with pytest.raises(TemplateFailed, match=message) as caught:
        directory.generate_revision("new1", "m", head="cccc1", branch_labels="x")

    assert tree(Path(directory.dir)) == before
    assert line is None or caught.value.fields["line"] == line


def test_a_directory_without_a_template_uses_ours(directory: ScriptDirectory) -> None:
    """A directory that brings no script.py.mako gets that of the generic template."""
    (Path(directory.dir) / "script.py.mako").unlink()
    assert directory.generate_revision("new1", "Message", head="cccc1").doc == "Message"


def test_template_variables(directory: ScriptDirectory) -> None:
    """All documented variables are there, and those given beside (PARITY 10.2)."""
    (Path(directory.dir) / "script.py.mako").write_text(
        '"""${message}|${down_revision | comma,n}|${create_date.year}|${mine}|${config}"""\n'
        "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n"
        "depends_on = ${repr(depends_on)}\nbranch_labels = ${repr(branch_labels)}\n"
    )
    script = directory.generate_revision("new1", "m", head=("bbbb1", "cccc1"), mine="own", config="c")
    assert script.doc.split("|")[:2] == ["m", "bbbb1, cccc1"]
    assert script.doc.split("|")[3:] == ["own", "c"]


def hooked(directory: ScriptDirectory, code: str) -> ScriptDirectory:
    """Return the directory with a hook that runs Python code on the file."""
    options = f'-c "{code}" REVISION_SCRIPT_FILENAME'
    return ScriptDirectory(
        directory.dir, hooks=[{"_hook_name": "h", "type": "exec", "executable": "python3", "options": options}]
    )


def test_a_failing_hook_takes_the_file_back(directory: ScriptDirectory) -> None:
    """The file of a failed hook is not left behind (TPL-24, DNG-8)."""
    before = tree(Path(directory.dir))
    changed = hooked(directory, "import sys; open(sys.argv[1], 'a').write('x'); sys.exit(1)")

    with pytest.raises(HookFailed, match="The file was removed"):
        changed.generate_revision("new1", "m", head="cccc1")

    assert tree(Path(directory.dir)) == before
    assert "new1" not in changed.graph


def test_a_hook_may_change_and_rename_the_file(directory: ScriptDirectory) -> None:
    """The revision is found where the hook has put it."""
    code = "import os, sys; p = sys.argv[1]; open(p, 'a').write('# seen'); os.rename(p, p[:-3] + '_2.py')"
    script = hooked(directory, code).generate_revision("new1", "m", head="cccc1")
    assert script.path.endswith("new1_m_2.py")
    assert Path(script.path).read_text().endswith("# seen")


def test_a_renamed_file_is_taken_back_too(directory: ScriptDirectory) -> None:
    """When one hook renames the file and the next one fails, nothing is left either."""
    before = tree(Path(directory.dir))
    code = "import os, sys; p = sys.argv[1]; os.rename(p, p[:-3] + '_2.py'); sys.exit(1)"
    with pytest.raises(HookFailed):
        hooked(directory, code).generate_revision("new1", "m", head="cccc1")
    assert tree(Path(directory.dir)) == before


def test_version_locations(tmp_path: Path) -> None:
    """A child goes beside its parent; a base needs to be told where, unless there is one place (CFG-15, ERR-14)."""
    root = make_directory(tmp_path).scripts
    core, billing = str(root / "core"), str(root / "billing")
    directory = ScriptDirectory(str(root), version_locations=[core, billing])

    with pytest.raises(RevisionDirectoryError, match="--version-path"):
        directory.generate_revision("base1", "m", head="base")
    assert not (root / "core").exists()

    first = directory.generate_revision("base1", "m", head="base", version_path=billing)
    second = directory.generate_revision("next1", "m", head="base1")
    third = directory.generate_revision("base2", "m", head="base", version_path=core)
    assert [Path(one.path).parent.name for one in (first, second, third)] == ["billing", "billing", "core"]


def test_subdirectories(tmp_path: Path) -> None:
    """A file template with a slash makes the subdirectory (CFG-11, CFG-18)."""
    root = make_directory(tmp_path).scripts
    directory = ScriptDirectory(str(root), file_template="%(year)d/%(rev)s", recursive_version_locations=True)
    assert Path(directory.generate_revision("aa1", "m").path).parent.parent == root / "versions"
    assert directory.generate_revision("bb1", "m").down_revision == "aa1"


@pytest.mark.parametrize("has_env_py", [True, False])
def test_a_missing_versions_directory_is_made(tmp_path: Path, has_env_py: bool) -> None:
    """Version control keeps no empty directory, so `versions` may be missing."""
    if has_env_py:
        (tmp_path / "env.py").touch()
    directory = ScriptDirectory(str(tmp_path))
    with pytest.raises(GraphError):
        directory.generate_revision("head", "m")
    assert not (tmp_path / "versions").exists()
    assert directory.generate_revision("aa1", "m").path == str(tmp_path / "versions" / "aa1_m.py")
    assert directory.generate_revision("bb1", "m").down_revision == "aa1"


def test_a_bare_folder_of_revisions(tmp_path: Path) -> None:
    """Where the revision files lie in the directory itself, new ones go there too."""
    (tmp_path / "a.py").write_text(RevisionFile(revision="aa1").text())
    assert ScriptDirectory(str(tmp_path)).generate_revision("bb1", "m").path == str(tmp_path / "bb1_m.py")


def test_the_revision_map_sees_new_files(directory: ScriptDirectory) -> None:
    """The map is never out of step with the directory (API-2)."""
    found = directory.revision_map
    directory.generate_revision("new1", "m", head="cccc1")
    assert "new1" in found.heads
    assert len(found) == 5

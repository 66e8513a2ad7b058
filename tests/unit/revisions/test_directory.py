"""ScriptDirectory answers by id and by symbol, reads lazily, and runs env.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runner.config import Config
from runner.errors import (
    ConfigError,
    DirectoryMissing,
    EnvironmentFailed,
    GraphError,
    MissingParent,
    MultipleHeads,
    RevisionDirectoryError,
    RevisionFileError,
    StrayFile,
    UnknownRevision,
)
from runner.graph import Direction
from runner.revisions.directory import ScriptDirectory

REVISIONS: dict[str, str] = {
    "a1": "None",
    "b1": "'a1'\nbranch_labels = ('left', 'links')",
    "b2": "'b1'",
    "c1": "'a1'",
    "c2": "'c1'\ndepends_on = 'b1'",
    "d1": "('b2', 'c2')",
    "e1": "'d1'",
    "x1": "None\ndepends_on = ['d1', 'left']",
}
"""Two branches of a1, b1-b2 and c1-c2, merged in d1; e1 follows, and x1 stands beside it, depending on d1."""


def write(folder: Path, revision: str, rest: str, doc: str | None = None) -> None:
    """Write a revision file; `rest` is what follows `down_revision = `."""
    doc = f"add {revision}" if doc is None else doc
    text = f'"""{doc}\n\nRevision ID: {revision}\n\n"""\nrevision = {revision!r}\ndown_revision = {rest}\n'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{revision}_x.py").write_text(f"{text}\n\ndef upgrade():\n    pass\n", encoding="utf-8")


@pytest.fixture
def directory(tmp_path: Path) -> ScriptDirectory:
    """The directory of REVISIONS."""
    for revision, rest in REVISIONS.items():
        write(tmp_path / "migrations" / "versions", revision, rest)
    return ScriptDirectory(tmp_path / "migrations")


# --- construction ------------------------------------------------------------------------------------


def test_a_missing_directory_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    """The settings to correct are named (ERR-20)."""
    with pytest.raises(
        DirectoryMissing,
        match=r"gone does not exist\. Create it with `runner init`, or set RUNNER_DIRECTORY",
    ):
        ScriptDirectory(str(tmp_path / "gone"))
    (tmp_path / "file").touch()
    with pytest.raises(DirectoryMissing, match="file is not a directory"):
        ScriptDirectory(str(tmp_path / "file"))


def test_from_config_reads_every_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One option each, in ini spelling (CFG-10 to CFG-21)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m").mkdir()
    (tmp_path / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s/m\nfile_template = %%(rev)s\ntruncate_slug_length = 12\ntimezone =\n"
        "path_separator = space\nversion_locations = v w\nsourceless = True\nrecursive_version_locations = true\n"
        "output_encoding = latin-1\n[post_write_hooks]\nhooks = a\na.type = exec\n",
        encoding="utf-8",
    )
    found = ScriptDirectory.from_config(Config("alembic.ini"))

    assert found.dir == str(tmp_path / "m")
    assert (found.file_template, found.truncate_slug_length, found.timezone) == ("%(rev)s", 12, None)
    assert (found.version_locations, found.sourceless, found.recursive_version_locations) == (["v", "w"], True, True)
    assert (found.output_encoding, found.hooks) == ("latin-1", [{"type": "exec", "_hook_name": "a"}])


@pytest.mark.parametrize("value", [None, ""])
def test_no_script_location_is_an_error_with_the_way_out(value: str | None) -> None:
    """The message names the variable and the key (ERR-20)."""
    config = Config()
    if value is not None:
        config.set_main_option("script_location", value)

    with pytest.raises(ConfigError, match=r"Set RUNNER_DIRECTORY, or script_location in alembic\.ini"):
        ScriptDirectory.from_config(config)


@pytest.mark.parametrize("value", ["x", "-3", "1.5"])
def test_a_number_that_is_none_is_an_error(tmp_path: Path, value: str) -> None:
    """Alembic raises a ValueError without the key's name (CFG-12)."""
    config = Config()
    config.set_main_option("script_location", str(tmp_path))
    config.set_main_option("truncate_slug_length", value)

    with pytest.raises(ConfigError, match="truncate_slug_length must be a whole number"):
        ScriptDirectory.from_config(config)
    config.set_main_option("truncate_slug_length", "")
    assert ScriptDirectory.from_config(config).truncate_slug_length == 40


def test_prepend_sys_path_is_prepended_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its order, before the directory is looked for; asking again does not repeat it (CFG-14)."""
    monkeypatch.setattr(sys, "path", ["/first", *sys.path])
    (tmp_path / "our_late_package" / "m").mkdir(parents=True)
    config = Config()
    config.set_main_option("script_location", "our_late_package:m")
    config.set_main_option("prepend_sys_path", f"{tmp_path} .")

    for _ in range(2):
        assert ScriptDirectory.from_config(config).dir == str(tmp_path / "our_late_package" / "m")
    assert sys.path[:3] == [str(tmp_path), ".", "/first"]


# --- files -------------------------------------------------------------------------------------------


def test_a_bare_folder_is_its_own_version_location(tmp_path: Path) -> None:
    """Neither env.py nor configuration is needed."""
    write(tmp_path, "a1", "None")
    found = ScriptDirectory(str(tmp_path))

    assert (found.versions, found.get_heads(), found.has_env_py) == (str(tmp_path), ["a1"], False)


def test_several_version_locations(tmp_path: Path) -> None:
    """They make one graph; `versions` is for directories that have one (CFG-15, ERR-14)."""
    write(tmp_path / "v", "a1", "None")
    write(tmp_path / "w", "b1", "'a1'")
    found = ScriptDirectory(tmp_path, version_locations=[tmp_path / "v", str(tmp_path / "w")])

    assert found.get_heads() == ["b1"]
    with pytest.raises(RevisionDirectoryError, match="several version locations"):
        _ = found.versions


def test_a_directory_without_its_versions_is_an_error_when_they_are_needed(tmp_path: Path) -> None:
    """An env.py promises revisions; that there are none is rarely what was meant."""
    (tmp_path / "env.py").touch()
    found = ScriptDirectory(str(tmp_path))

    with pytest.raises(DirectoryMissing, match="versions does not exist"):
        found.get_heads()
    (tmp_path / "versions").mkdir()
    assert found.get_heads() == []


def test_a_broken_file_stops_only_who_needs_it(directory: ScriptDirectory) -> None:
    """Its ids are known, so every query works; its code is not, so running it does not (REV-2)."""
    path = Path(directory.versions) / "e1_x.py"
    path.write_text(path.read_text(encoding="utf-8") + "def downgrade(:\n", encoding="utf-8")
    script = directory.get_revision("e1")

    assert directory.get_heads() == ["e1", "x1"]
    assert script is not None
    assert script.doc == "add e1"
    with pytest.raises(RevisionFileError, match=r"e1_x\.py, line 12, is not valid Python"):
        _ = script.module


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("y.py", "x = 1\n", StrayFile),
        ("y.py", "revision = (\n", RevisionFileError),
        ("y.py", "revision = 'y'\ndown_revision = 'gone'\n", MissingParent),
        ("y.py", "revision = 'y@z'\ndown_revision = None\n", GraphError),
        ("y.py", "revision = ''\ndown_revision = None\n", GraphError),
    ],
)
def test_a_file_without_a_place_stops_the_graph(
    directory: ScriptDirectory, name: str, text: str, error: type[Exception]
) -> None:
    """Each kind of trouble is its own error, raised when the graph is needed (ERR-13, ERR-17, ERR-19)."""
    (Path(directory.versions) / name).write_text(text, encoding="utf-8")

    assert len(directory.scanned) == 9
    with pytest.raises(error):
        directory.get_heads()


def test_refresh_reads_again(directory: ScriptDirectory) -> None:
    """A file written since the first question is seen after it."""
    assert directory.get_heads() == ["e1", "x1"]
    write(Path(directory.versions), "f1", "'e1'")
    assert directory.get_heads() == ["e1", "x1"]
    directory.refresh()

    assert directory.get_heads() == ["f1", "x1"]
    assert [script.revision for script in directory.walk_revisions("e1", "f1")] == ["f1", "e1"]


# --- ends and symbols --------------------------------------------------------------------------------


def test_heads_and_bases(directory: ScriptDirectory) -> None:
    """Effective heads count unless dependencies are considered (CLI-7, ERR-4)."""
    assert directory.get_heads() == ["e1", "x1"]
    assert directory.get_bases() == ["a1", "x1"]
    with pytest.raises(MultipleHeads, match="several heads: e1, x1"):
        directory.get_current_head()
    with pytest.raises(RevisionDirectoryError, match="several bases: a1, x1"):
        directory.get_base()
    write(Path(directory.versions), "y1", "None\ndepends_on = ('e1', 'x1')")
    directory.refresh()
    assert directory.get_heads() == ["e1", "x1", "y1"]
    assert directory.get_heads(consider_depends_on=True) == ["y1"]


def test_an_empty_directory(tmp_path: Path) -> None:
    """Nothing is an answer, not an error."""
    found = ScriptDirectory(str(tmp_path))

    assert (found.get_heads(), found.get_bases(), found.get_current_head(), found.get_base()) == ([], [], None, None)
    assert (list(found.walk_revisions()), found.get_revision("base"), found.as_revision_number("heads")) == (
        [],
        None,
        None,
    )


def test_revisions_by_symbol(directory: ScriptDirectory) -> None:
    """One, several or none (API-2)."""
    one = directory.get_revision("e1")

    assert one is directory.get_revision("links@head")
    assert directory.get_revision("base") is None
    assert directory.get_revision(None) is None
    assert [script.revision for script in directory.get_revisions("heads")] == ["e1", "x1"]
    assert [script.revision for script in directory.get_revisions(("b1", "left", "a1"))] == ["b1", "a1"]
    assert directory.get_revisions(None) == ()
    with pytest.raises(UnknownRevision):
        directory.get_revision("nope")


def test_all_current_adds_effective_heads(directory: ScriptDirectory) -> None:
    """A row implies what its revision depends on (CLI-3)."""
    assert {script.revision for script in directory.get_all_current(("x1",))} == {"x1", "d1"}
    assert directory.get_all_current(()) == set()


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("left", "b1"),
        ("heads", ("e1", "x1")),
        ("base", None),
        (None, None),
        ("b1+1", "b2"),
        ("+1", "+1"),
        ("left@-1", "left@-1"),
    ],
)
def test_symbols_as_numbers(
    directory: ScriptDirectory, symbol: str | None, expected: str | tuple[str, ...] | None
) -> None:
    """What counts from the database's rows cannot be resolved here and stays (API-2, ENV-7)."""
    assert directory.as_revision_number(symbol) == expected


def test_walks_are_newest_first(directory: ScriptDirectory) -> None:
    """Both ends included in a walk, the lower one on request in an iteration (API-2)."""
    assert [script.revision for script in directory.walk_revisions("b1", "e1")] == ["e1", "d1", "b2", "b1"]
    assert [script.revision for script in directory.iterate_revisions("b2", "a1")] == ["b2", "b1"]
    assert [script.revision for script in directory.iterate_revisions("b2", "a1", inclusive=True)] == ["b2", "b1", "a1"]


def test_the_revision_map_is_the_directory_under_other_names(directory: ScriptDirectory) -> None:
    """Programs reach it as `script.revision_map` (API-2, API-4)."""
    revisions = directory.revision_map

    assert (revisions.heads, revisions.bases) == (("e1", "x1"), ("a1", "x1"))
    assert revisions.get_revision("a1") is directory.get_revision("a1")
    assert revisions.get_current_head("left") == "e1"
    assert sorted(script.revision for script in revisions) == sorted(REVISIONS)
    assert len(revisions) == 8


def test_plans_come_as_steps(directory: ScriptDirectory) -> None:
    """The private names that programs pass as `fn` (API-7)."""
    up = directory._upgrade_revs("b2", "a1")
    down = directory._downgrade_revs("base", ("b1",))
    stamp = directory._stamp_revs("c1", ())

    assert [step.revision for step in up] == ["b1", "b2"]
    assert [step.revision for step in down] == ["b1", "a1"]
    assert [(step.direction, step.revision) for step in stamp] == [(Direction.STAMP, "c1")]


# --- the environment ---------------------------------------------------------------------------------


def test_env_py_runs_afresh_each_time(directory: ScriptDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a module of its own, with its path (TPL-2)."""
    runs: list[str] = []
    monkeypatch.setattr(sys, "our_test_runs", runs, raising=False)
    Path(directory.env_py_location).write_text("import sys\nsys.our_test_runs.append(__file__)\n", encoding="utf-8")

    directory.run_env()
    directory.run_env()
    assert runs == [directory.env_py_location] * 2


def test_a_missing_env_py_is_an_error(directory: ScriptDirectory) -> None:
    """Whoever runs it without one asks first with has_env_py."""
    assert not directory.has_env_py
    with pytest.raises(EnvironmentFailed, match=r"has no env\.py to run"):
        directory.run_env()

"""The directory says of its revisions what Alembic, which imports them all, says of them."""

from __future__ import annotations

import itertools
import json
import py_compile
import re
import subprocess
import sys
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from alembic.script import Script as AlembicScript
from alembic.script import ScriptDirectory as AlembicDirectory
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.revisions.directory import Script, ScriptDirectory
from tests.programs import ROOT
from tests.realdirs.directories import REAL_DIRECTORIES, RealDirectory
from tools.realdirs import unpacked

ATTRIBUTES = (
    *("revision", "down_revision", "dependencies", "branch_labels", "nextrev", "doc", "longdoc", "path"),
    *("is_head", "is_base", "is_branch_point", "is_merge_point", "_is_real_head", "_is_real_base"),
    *("_is_real_branch_point", "_all_nextrev", "_versioned_down_revisions"),
)
FLAGS = ("verbose", "include_branches", "include_doc", "include_parents", "tree_indicators")

GRAPH: Mapping[str, tuple[str, str]] = {
    "aaaa1": ("add aaaa1", "None"),
    "bbbb1": ("two\nlines\n\n  indented\n\n\nmore  ", "'aaaa1'\nbranch_labels = ('left', 'links')"),
    "bbbb2": ("", "'bbbb1'"),
    "cccc1": ("Umlaut: \N{LATIN SMALL LETTER U WITH DIAERESIS}", "'aaaa1'\nbranch_labels = 'right'"),
    "cccc2": ("tab\there", "'cccc1'\ndepends_on = 'bbbb1'"),
    "dddd1": ("back\\\\slash \\x41", "('bbbb2', 'cccc2')"),
    "eeee1": ("add eeee1", "None\nbranch_labels = ['solo']"),
    "eeee2": ("add eeee2", "'eeee1'\ndepends_on = ('dddd1', 'cccc1')"),
    "ffff1": ("add ffff1", "'eeee1'"),
    "gggg1": ("add gggg1", "None\ndepends_on = 'ffff1'"),
    "hhhh1": ("add hhhh1", "'eeee2'\ndepends_on = 'solo'"),
}


def write(folder: Path, graph: Mapping[str, tuple[str, str]]) -> str:
    """Write a revision directory and return its path."""
    (folder / "versions").mkdir(parents=True, exist_ok=True)
    for revision, (doc, rest) in graph.items():
        docstring = f'"""{doc}\n\nRevision ID: {revision}\n"""\n' if doc else ""
        text = f"{docstring}revision = {revision!r}\ndown_revision = {rest}\n"
        (folder / "versions" / f"{revision}_x.py").write_text(text, encoding="utf-8")
    return str(folder)


def both(path: str, **options: Any) -> tuple[ScriptDirectory, AlembicDirectory]:
    """Return the directory in both implementations."""
    return ScriptDirectory(path, **options), AlembicDirectory(path, **options)


def scripts(ours: ScriptDirectory, theirs: AlembicDirectory) -> list[tuple[Script, AlembicScript]]:
    """Return the revisions of both, in pairs."""
    mine = {script.revision: script for script in ours.walk_revisions()}
    other = {script.revision: script for script in theirs.walk_revisions()}
    assert mine.keys() == other.keys()
    return [(mine[revision], other[revision]) for revision in mine]


def sorted_sets(text: str) -> str:
    """Return a text of Alembic's with its labels and children sorted: it takes them from sets."""
    return re.sub(
        r"(Branch names: |Branches into: | -> \w+ \(|^\w+ \()((?:\w+, )+\w+\b)(?!\) ->)",
        lambda found: found[1] + ", ".join(sorted(found[2].split(", "))),
        text,
        flags=re.MULTILINE,
    )


@pytest.mark.parametrize("is_current", [None, True])
def test_every_text_is_alembics(tmp_path: Path, is_current: bool | None) -> None:
    """All combinations of flags, and the long entry (CLI-1, CLI-7, CLI-8, CLI-13, API-3)."""
    for ours, theirs in scripts(*both(write(tmp_path, GRAPH))):
        ours._db_current_indicator = theirs._db_current_indicator = is_current
        for values in itertools.product([False, True], repeat=len(FLAGS)):
            flags = dict(zip(FLAGS, values, strict=True))
            assert ours.cmd_format(**flags) == sorted_sets(theirs.cmd_format(**flags))
        assert str(ours) == str(theirs)
        assert ours.log_entry == sorted_sets(theirs.log_entry)


def test_every_attribute_is_alembics(tmp_path: Path) -> None:
    """What programs read of a Script, the private names in use included (API-3)."""
    for ours, theirs in scripts(*both(write(tmp_path, GRAPH))):
        for name in ATTRIBUTES:
            assert getattr(ours, name) == getattr(theirs, name), name
        assert set(ours._all_down_revisions) == set(theirs._all_down_revisions)
        assert (ours.module.__name__, ours.module.__file__) == (theirs.module.__name__, theirs.module.__file__)


def test_every_list_is_alembics(tmp_path: Path) -> None:
    """Heads, bases, current revisions, and symbols that name one or several (API-2)."""
    ours, theirs = both(write(tmp_path, GRAPH))

    assert ours.get_heads() == sorted(theirs.get_heads())
    assert ours.get_heads(consider_depends_on=True) == sorted(theirs.get_heads(consider_depends_on=True))
    assert ours.get_bases() == sorted(theirs.get_bases())
    for symbol in ("aaaa1", "left", "links@head", "solo@heads", "cccc2", "heads", "base", "dddd1"):
        assert ids(ours.get_revisions(symbol)) == ids(theirs.get_revisions(symbol))
        assert ids(ours.get_all_current((symbol,))) == ids(theirs.get_all_current((symbol,)))
    asked: tuple[str | None, ...] = ("aaaa1", "solo@base", "base", None, "+1", "left@head")
    for one in asked:
        assert ours.as_revision_number(one) == theirs.as_revision_number(one)


def ids(found: Iterable[Script | AlembicScript | None]) -> set[str]:
    """Return the ids of scripts; Alembic has None among them for base."""
    return {script.revision for script in found if script is not None}


# --- spellings ---------------------------------------------------------------------------------------

VALUES = ["None", "'a'", "('a',)", "['a']", "('a', 'b')", "['b', 'a']", "()", "[]", "{'a'}", "1", "b'a'", "('a', None)"]


@pytest.mark.parametrize("name", ["down_revision", "depends_on"])
@pytest.mark.parametrize("value", VALUES)
def test_values_are_read_alike(tmp_path: Path, name: str, value: str) -> None:
    """Each shape of a value gives the same revision, or an error in both (REV-1)."""
    other = {"a": ("a", "None"), "b": ("b", "None")}
    rest = value if name == "down_revision" else f"None\ndepends_on = {value}"
    ours, theirs = both(write(tmp_path, {**other, "x": ("x", rest)}))
    try:
        expected = theirs.get_revision("x")
    except Exception:  # noqa: BLE001 -- a TypeError or a KeyError, mostly
        with pytest.raises(Exception, match=name):
            ours.get_revision("x")
        return
    found = ours.get_revision("x")

    assert found is not None
    assert (found.down_revision, found.dependencies) == (expected.down_revision, expected.dependencies)


@pytest.mark.parametrize(
    "name",
    [
        *("__init__.py", "__init__x.py", ".#a.py", ".hidden.py", "a.PY", "a.txt", "a.py~", "a.pyc", "sub/a.py"),
        *("__pycache__/b.py", "__main__.py", "sub/deep/a.py", ".git/a.py", "sub/__pycache__/a.py"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"recursive_version_locations": True}, {"sourceless": True}])
def test_the_same_files_count(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    """Which names are revision files, and which directories are entered (REV-2, CFG-18, CFG-19)."""
    path = tmp_path / "versions" / name
    path.parent.mkdir(parents=True)
    source = tmp_path / "source.py"
    source.write_text("revision = 'a'\ndown_revision = None\n", encoding="utf-8")
    if name.endswith(".pyc"):
        py_compile.compile(str(source), cfile=str(path), doraise=True)
    else:
        path.write_bytes(source.read_bytes())
    ours, theirs = both(str(tmp_path), **options)
    if name.endswith("__pycache__/b.py") and options.get("sourceless"):
        return  # Alembic takes a source in __pycache__ for a revision then; no Python puts one there

    assert ours.get_heads() == theirs.get_heads()


@pytest.mark.parametrize("where", ["beside", "cached", "nested"])
def test_compiled_files_are_read_alike(tmp_path: Path, where: str) -> None:
    """Without their sources, from every place Python puts them (CFG-19)."""
    folder = tmp_path / "versions" / ("sub" if where == "nested" else "")
    write(tmp_path, {"a": ("text", "None")})
    (tmp_path / "versions" / "sub").mkdir()
    source = (tmp_path / "versions" / "a_x.py").rename(folder / "a_x.py")
    py_compile.compile(str(source), cfile=f"{source}c" if where == "beside" else None, doraise=True)
    source.unlink()

    ((ours, theirs),) = scripts(*both(str(tmp_path), sourceless=True, recursive_version_locations=where == "nested"))
    assert (ours.path, ours.doc, ours.module.__name__) == (theirs.path, theirs.doc, theirs.module.__name__)


docs = st.text(alphabet="ab \n\t.\\'é", max_size=30)


@given(docs, st.sampled_from(['"""', "'''"]), st.sampled_from(["", "r", "u"]))
@settings(max_examples=60)
def test_docstrings_are_read_alike(tmp_path_factory: pytest.TempPathFactory, doc: str, quote: str, prefix: str) -> None:
    """First paragraph and whole text, for any content that compiles (REV-3)."""
    folder = tmp_path_factory.mktemp("docs")
    source = f"{prefix}{quote}{doc}{quote}\nrevision = 'a'\ndown_revision = None\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape sequence
        try:
            compile(source, "a.py", "exec")
        except SyntaxError:
            return
        (folder / "versions").mkdir()
        (folder / "versions" / "a.py").write_text(source, encoding="utf-8")
        ((ours, theirs),) = scripts(*both(str(folder)))

        assert (ours.doc, ours.longdoc) == (theirs.doc, theirs.longdoc)


# --- real directories --------------------------------------------------------------------------------

_PYTHON = ROOT / ".venv-realdirs" / "bin" / "python"
_ASK_ALEMBIC = """
import json, sys, warnings
warnings.simplefilter("ignore")
from alembic.script import ScriptDirectory
print(json.dumps({
    one.revision: [one._versioned_down_revisions, one.dependencies, sorted(one.branch_labels), one.longdoc]
    for one in ScriptDirectory(sys.argv[1]).walk_revisions()
}))
"""


@pytest.mark.realdirs
@pytest.mark.parametrize("directory", REAL_DIRECTORIES, ids=lambda directory: directory.package)
def test_published_directories_are_read_as_alembic_imports_them(directory: RealDirectory) -> None:
    """Every identifier and docstring, without importing one of the files."""
    root = unpacked(directory.package)
    if not root.exists() or not _PYTHON.exists():
        pytest.skip("the migrations of published packages are not here: make realdirs")
    location = str(root / directory.location)
    answer = subprocess.run(
        [_PYTHON, "-c", _ASK_ALEMBIC, location],
        env={"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "ARGILLA_HOME_PATH": "/tmp"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    expected = json.loads(answer.stdout)

    found = ScriptDirectory(location)
    assert [file.module for file in found.scanned if file.module is not None] == []
    assert {
        script.revision: [
            list(script._versioned_down_revisions),
            script.dependencies,
            sorted(script.branch_labels),
            script.longdoc,
        ]
        for script in found.walk_revisions()
    } == expected
    assert found.get_heads() == [directory.head]


def test_scanning_needs_no_sqlalchemy(tmp_path: Path) -> None:
    """Reading the graph of a directory imports neither it nor anything that writes revisions."""
    location = write(tmp_path, GRAPH)
    program = f"""
import sys
from runner.revisions.directory import ScriptDirectory
print(len(list(ScriptDirectory({location!r}).walk_revisions())))
print([name for name in ("sqlalchemy", "mako", "alembic", "configparser", "tomllib", "pathlib") if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.split("\n")[:2] == [str(len(GRAPH)), "[]"]

"""The scan finds the revision files of the version locations, and what they declare."""

from __future__ import annotations

import py_compile
import sys
from pathlib import Path

import pytest

from runner.errors import DirectoryMissing, RevisionFileError, StrayFile
from runner.revisions.scan import ScannedFile, scan_file, scan_locations

TEXT = "revision = {!r}\ndown_revision = None\n"


def write(folder: Path, name: str, text: str | None = None) -> Path:
    """Write a revision file and return its path; the id is the stem unless a text is given."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEXT.format(path.stem) if text is None else text, encoding="utf-8")
    return path


def ids(*locations: Path, recursive: bool = False, sourceless: bool = False) -> list[str | None]:
    """Return the ids a scan finds, in order."""
    found = scan_locations([str(one) for one in locations], recursive=recursive, sourceless=sourceless)
    return [file.revision for file in found]


# --- which files -------------------------------------------------------------------------------------


def test_files_are_found_by_name_in_order(tmp_path: Path) -> None:
    """The same directory gives the same list on every machine."""
    for name in ("c.py", "a.py", "b.py"):
        write(tmp_path, name)

    assert ids(tmp_path) == ["a", "b", "c"]


def test_what_is_no_revision_file_is_passed_over(tmp_path: Path) -> None:
    """Packages' __init__ files, editors' locks, other suffixes, directories (REV-2)."""
    for name in ("__init__.py", "__init__x.py", ".#a.py", "a.txt", "a.py~", "a.PY", "a.pyc", "README"):
        write(tmp_path, name, "broken (")
    (tmp_path / "folder.py").mkdir()
    write(tmp_path, "sub/b.py")
    write(tmp_path, "__pycache__/c.py")
    write(tmp_path, ".hidden.py", TEXT.format("hidden"))

    assert ids(tmp_path) == ["hidden"]


def test_subdirectories_are_searched_when_asked(tmp_path: Path) -> None:
    """Files before subdirectories, __pycache__ never (CFG-18)."""
    for name in ("z.py", "sub/a.py", "sub/deep/b.py", "sub/__pycache__/c.py", ".git/d.py"):
        write(tmp_path, name)

    assert ids(tmp_path, recursive=True) == ["z", "d", "a", "b"]


def test_several_locations_come_in_their_order(tmp_path: Path) -> None:
    """The order of version_locations is the user's (CFG-15)."""
    write(tmp_path, "two/a.py")
    write(tmp_path, "one/b.py")

    assert ids(tmp_path / "two", tmp_path / "one") == ["a", "b"]


def test_a_file_reached_twice_is_there_once(tmp_path: Path) -> None:
    """Through a link, a location named twice, or a location inside another (ERR-18)."""
    write(tmp_path, "v/sub/a.py")
    (tmp_path / "v" / "link.py").symlink_to("sub/a.py")
    (tmp_path / "w").symlink_to("v")

    assert ids(tmp_path / "v", tmp_path / "v" / "sub", tmp_path / "w", recursive=True) == ["a"]


def test_linked_directories_are_not_entered(tmp_path: Path) -> None:
    """So a link to a parent is no endless loop; a location may itself be a link."""
    write(tmp_path, "v/sub/a.py")
    (tmp_path / "v" / "sub" / "loop").symlink_to("..")
    write(tmp_path, "elsewhere/b.py")
    (tmp_path / "v" / "other").symlink_to("../elsewhere")

    assert ids(tmp_path / "v", recursive=True) == ["a"]


def test_files_mounted_by_kubernetes_are_found_once(tmp_path: Path) -> None:
    """A ConfigMap is a directory of links into a hidden directory."""
    write(tmp_path, "..2024_01_01/a.py")
    (tmp_path / "..data").symlink_to("..2024_01_01")
    (tmp_path / "a.py").symlink_to("..data/a.py")

    assert ids(tmp_path) == ["a"]
    assert ids(tmp_path, recursive=True) == ["a"]


def test_a_missing_location_is_an_error(tmp_path: Path) -> None:
    """Alembic takes it for an empty one, and a forgotten COPY in a Dockerfile for success."""
    with pytest.raises(DirectoryMissing, match="gone does not exist"):
        scan_locations([str(tmp_path / "gone")])


# --- compiled files ----------------------------------------------------------------------------------


def compile_in(folder: Path, *, beside: bool, keep: bool = False, optimize: int = -1) -> None:
    """Compile the sources of a folder, and remove them unless they are to be kept."""
    for path in folder.glob("*.py"):
        py_compile.compile(str(path), cfile=f"{path}c" if beside else None, doraise=True, optimize=optimize)
        if not keep:
            path.unlink()


@pytest.mark.parametrize("beside", [True, False])
def test_compiled_files_count_when_asked(tmp_path: Path, beside: bool) -> None:
    """Beside where the source was, or in __pycache__ (CFG-19)."""
    write(tmp_path, "a.py", "'''doc'''\n" + TEXT.format("a"))
    compile_in(tmp_path, beside=beside)

    assert ids(tmp_path) == []
    (found,) = scan_locations([str(tmp_path)], sourceless=True)
    assert (found.revision, found.declared.docstring, found.error()) == ("a", "doc", None)


def test_a_compiled_file_beside_its_source_does_not_count(tmp_path: Path) -> None:
    """The source is the revision."""
    write(tmp_path, "a.py")
    compile_in(tmp_path, beside=True, keep=True)
    compile_in(tmp_path, beside=False, keep=True)

    (found,) = scan_locations([str(tmp_path)], sourceless=True)
    assert found.path == str(tmp_path / "a.py")


def test_of_several_cached_files_the_plain_one_counts(tmp_path: Path) -> None:
    """Other interpreters' files and other optimization levels are the same revision (CFG-19)."""
    write(tmp_path, "a.py")
    for level in (1, 2, 0):
        compile_in(tmp_path, beside=False, keep=True, optimize=level)
    (tmp_path / "a.py").unlink()
    write(tmp_path, "__pycache__/a.cpython-30.pyc", "another Python's")

    (found,) = scan_locations([str(tmp_path)], sourceless=True)
    assert found.path.endswith(f"a.{sys.implementation.cache_tag}.pyc")


def test_a_compiled_file_of_another_python_is_broken(tmp_path: Path) -> None:
    """The message says so instead of a traceback."""
    write(tmp_path, "a.pyc", "not for this Python")

    (found,) = scan_locations([str(tmp_path)], sourceless=True)
    assert isinstance(found.error(), RevisionFileError)
    assert "bad magic number" in str(found.error())


# --- what they declare -------------------------------------------------------------------------------


def test_an_old_file_without_an_id_is_named_by_its_file(tmp_path: Path) -> None:
    """As in the tutorial of 2011: the id is the file's name, when that is hexadecimal (REV-2)."""
    text = '"""empty message\n\nRevision ID: 27c6a30d7c24\nRevises: None\n\n"""\n\n'
    text += "# downgrade revision identifier, used by Alembic.\ndown_revision = None\n\nfrom alembic import op\n"
    found = scan_file(str(write(tmp_path, "27c6a30d7c24.py", text)))

    assert (found.revision, found.declared.down_revisions, found.error()) == ("27c6a30d7c24", (), None)


@pytest.mark.parametrize("name", ["helpers.py", "ABC.py", "27c6a30d7c24_x.py"])
def test_any_other_file_without_an_id_is_a_stray(tmp_path: Path, name: str) -> None:
    """The message names the file and both ways out (ERR-19)."""
    error = scan_file(str(write(tmp_path, name, "x = 1\n"))).error()

    assert isinstance(error, StrayFile)
    assert name in error.message
    assert "Declare the variable revision in it, or move it out" in error.message


def test_a_file_without_down_revision_is_broken(tmp_path: Path) -> None:
    """Alembic raises an AttributeError."""
    error = scan_file(str(write(tmp_path, "a.py", "revision = 'a'\n"))).error()

    assert isinstance(error, RevisionFileError)
    assert "declares no down_revision" in error.message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("revision = 7\n", "revision must be a string, not int"),
        ("revision = None\n", "revision must be a string, not NoneType"),
        ("revision = 'a'\ndown_revision = 7\n", "down_revision must be a string, a tuple of strings or None, not int"),
        ("revision = 'a'\ndown_revision = ('b', None)\n", "down_revision must hold strings only, not NoneType"),
        ("revision = 'a'\ndown_revision = b'b'\n", "not bytes"),
        ("revision = 'a'\ndown_revision = None\nbranch_labels = False\n", "branch_labels must be a string"),
    ],
)
def test_an_identifier_of_the_wrong_type_is_named(tmp_path: Path, text: str, problem: str) -> None:
    """A wrong type is said once, for the file it is in."""
    error = scan_file(str(write(tmp_path, "a.py", text))).error()

    assert isinstance(error, RevisionFileError)
    assert problem in error.message


def test_a_file_whose_ids_are_computed_is_imported_alone(tmp_path: Path) -> None:
    """Only that file runs, and only once (REV-2)."""
    write(tmp_path, "a.py", "raise RuntimeError\n" + TEXT.format("a"))
    write(tmp_path, "b.py", "'''doc'''\nrevision = 'b' * 2\ndown_revision = ('a' + '1',)\nNUMBERS = {1}\n")

    first, second = scan_locations([str(tmp_path)])
    assert (first.revision, first.module) == ("a", None)
    assert (second.revision, second.declared.down_revisions, second.declared.docstring) == ("bb", ("a1",), "doc")
    assert second.module is not None
    assert second.module.__name__ == "b_py"


def test_a_syntax_error_below_the_header_leaves_the_ids_known(tmp_path: Path) -> None:
    """Only a command that runs the file meets the error."""
    plain = scan_file(str(write(tmp_path, "a.py", TEXT.format("a") + "def upgrade(:\n")))
    odd = scan_file(str(write(tmp_path, "b.py", TEXT.format("b") + "x = revision\ndef upgrade(:\n")))

    assert [plain.error(), odd.error()] == [None, None]
    assert [plain.revision, odd.revision] == ["a", "b"]
    assert (odd.problem, odd.line) == ("is not valid Python: invalid syntax", 4)


def test_a_syntax_error_above_the_ids_breaks_the_file(tmp_path: Path) -> None:
    """File and line are named."""
    path = write(tmp_path, "a.py", "x = (\n1 +)\nrevision = 'a'\n")
    error = scan_file(str(path)).error()

    assert isinstance(error, RevisionFileError)
    assert error.message == f"Revision file {path}, line 2, is not valid Python: invalid syntax."
    assert error.fields == {"path": str(path), "line": 2}


def test_a_file_that_cannot_be_imported_breaks_only_when_its_ids_need_it(tmp_path: Path) -> None:
    """The header is the best answer where importing gives none."""
    computed = scan_file(str(write(tmp_path, "a.py", "revision = 'a'.upper()\nimport gone_for_good\n")))
    literal = scan_file(str(write(tmp_path, "b.py", TEXT.format("b") + "import gone_for_good\nexec('1')\n")))

    error = computed.error()
    assert isinstance(error, RevisionFileError)
    assert "line 2, cannot be imported: ModuleNotFoundError: No module named 'gone_for_good'" in error.message
    assert (literal.revision, literal.error()) == ("b", None)
    assert literal.problem is not None


def test_a_file_that_exits_when_imported_does_not_end_the_program(tmp_path: Path) -> None:
    """sys.exit() in a revision file is an error of that file."""
    error = scan_file(str(write(tmp_path, "a.py", "import sys\nrevision = str(sys.exit(0))\n"))).error()

    assert isinstance(error, RevisionFileError)
    assert "SystemExit" in error.message


def test_an_unreadable_file_is_broken(tmp_path: Path) -> None:
    """A link to nothing, for one."""
    (tmp_path / "a.py").symlink_to("gone.py")
    (found,) = scan_locations([str(tmp_path)])

    assert isinstance(found.error(), RevisionFileError)
    assert "cannot be read: No such file or directory" in str(found.error())


def test_long_files_are_read_whole(tmp_path: Path) -> None:
    """A data migration may be longer than one read; what it binds at its end counts."""
    text = TEXT.format("a") + "# padding\n" * 20_000

    assert scan_file(str(write(tmp_path, "a.py", text))).revision == "a"
    assert scan_file(str(write(tmp_path, "b.py", text + "revision = 'b'\n"))).revision == "b"


def test_no_file_is_left_open(tmp_path: Path) -> None:
    """Ten thousand files need one descriptor."""
    for number in range(50):
        write(tmp_path, f"{number}.py")
    before = len(list(Path("/proc/self/fd").iterdir()))

    assert len(ids(tmp_path)) == 50
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_scanned_files_compare_by_what_they_say(tmp_path: Path) -> None:
    """A scan is a value: two scans of the same files are equal."""
    write(tmp_path, "a.py")
    write(tmp_path, "b.py", "revision = 'b' * 2\ndown_revision = None\n")

    first: tuple[ScannedFile, ...] = scan_locations([str(tmp_path)])
    assert first == scan_locations([str(tmp_path)])

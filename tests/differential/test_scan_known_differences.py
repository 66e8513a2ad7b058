"""Where reading configuration and directories differs from Alembic on purpose: what, why, and both shown at work.

`DIFFERENCES` is the record; each entry has the test of its name, so an entry that no longer holds is noticed. What is
ours alone (messages, lines, the file named by ALEMBIC_CONFIG that must exist) is tested with the units.
"""

from __future__ import annotations

import configparser
import py_compile
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory as AlembicDirectory

from runner.config import Config
from runner.errors import ConfigError, DirectoryMissing, RevisionFileError, StrayFile
from runner.revisions.directory import ScriptDirectory


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One deliberate difference.

    Args:
        alembic: what Alembic does.
        ours: what we do.
        why: the reason, with the row of the inventory where there is one.
    """

    alembic: str
    ours: str
    why: str


DIFFERENCES = {
    "boolean_words": Difference(
        alembic="takes every word but `true` for false",
        ours="understands the words of configparser, and refuses others",
        why="`sourceless = True` is meant (BUG-8, CFG-19)",
    ),
    "paths_on_lines": Difference(
        alembic="does not split at line ends, unless path_separator is newline",
        ours="splits at any white space where white space separates",
        why="no path has a line end in it, and lists are written on lines",
    ),
    "one_path_in_toml": Difference(
        alembic="takes a string for a list of its letters",
        ours="takes it for a list of one",
        why="it is what was meant (CFG-15)",
    ),
    "unusable_values": Difference(
        alembic="lets errors of configparser, tomllib and of % formatting through",
        ours="ConfigError with file, line and key, and without the value",
        why="the value may be a URL with a password (ERR-20, CFG-11)",
    ),
    "byte_order_mark": Difference(
        alembic="takes it for text before the first section",
        ours="reads over it",
        why="editors write it",
    ),
    "blank_timezone": Difference(
        alembic="fails when a file is written, in spite of its own template",
        ours="None: local time",
        why="blank is nothing (BUG-8)",
    ),
    "missing_location": Difference(
        alembic="takes a version location that does not exist for an empty one",
        ours="DirectoryMissing, when revisions are needed",
        why="a forgotten COPY must not be a successful deployment",
    ),
    "broken_file": Difference(
        alembic="one file that cannot be imported stops every command",
        ours="it stops the commands that need its code, or all if its identifiers cannot be read",
        why="a query needs no code (REV-2)",
    ),
    "stray_file": Difference(
        alembic="CommandError, or AttributeError where only down_revision is missing",
        ours="StrayFile, RevisionFileError",
        why="each kind of trouble has its own code (ERR-19)",
    ),
    "reached_twice": Difference(
        alembic="warns of a file that is reached twice, and takes it once",
        ours="takes it once",
        why="links into a hidden directory are how volumes are mounted (ERR-18)",
    ),
    "compiled_for_others": Difference(
        alembic="takes files compiled for other Pythons, and for other levels, for further revisions",
        ours="takes the one this Python would import",
        why="an image may hold several (CFG-19)",
    ),
    "compiled_old_file": Difference(
        alembic="does not know the file name as the id once it is compiled",
        ours="does",
        why="the file is the same (REV-2)",
    ),
    "parent_named_twice": Difference(
        alembic="calls a revision a merge point that names one parent twice",
        ours="does not",
        why="nothing is merged",
    ),
    "label_as_number": Difference(
        alembic="as_revision_number() returns a label or a prefix as it is, and drops the branch of `left@+1`",
        ours="returns the id, and keeps the branch",
        why="a number was asked for (ENV-7)",
    ),
    "package_location": Difference(
        alembic="imports the package that script_location names",
        ours="finds it without importing it",
        why="importing an application takes longer than a run with nothing to do (CFG-10)",
    ),
}


def ini(tmp_path: Path, text: str) -> tuple[Config, AlembicConfig]:
    """Return the configuration of an ini file in both implementations."""
    path = tmp_path / "alembic.ini"
    path.write_text(text, encoding="utf-8")
    return Config(path), AlembicConfig(path)


def toml(tmp_path: Path, text: str) -> tuple[Config, AlembicConfig]:
    """Return the configuration of a TOML file in both implementations."""
    path = tmp_path / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    return Config(toml_file=path), AlembicConfig(toml_file=path)


def write(tmp_path: Path, **files: str) -> str:
    """Write files of a version location, named without suffix, and return the directory."""
    (tmp_path / "versions").mkdir(exist_ok=True)
    for name, text in files.items():
        (tmp_path / "versions" / f"{name}.py").write_text(text, encoding="utf-8")
    return str(tmp_path)


def heads(path: str) -> tuple[list[str], list[str]]:
    """Return the heads of a directory in both implementations."""
    return ScriptDirectory(path).get_heads(), AlembicDirectory(path).get_heads()


A = "revision = 'a'\ndown_revision = None\n"


def boolean_words(tmp_path: Path) -> None:
    """`sourceless = True`."""
    ours, theirs = ini(tmp_path, "[alembic]\nsourceless = True\nrevision_environment = maybe\n")
    assert (ours.get_alembic_boolean_option("sourceless"), theirs.get_alembic_boolean_option("sourceless")) == (
        True,
        False,
    )
    assert theirs.get_alembic_boolean_option("revision_environment") is False
    with pytest.raises(ConfigError):
        ours.get_alembic_boolean_option("revision_environment")


def paths_on_lines(tmp_path: Path) -> None:
    """A list with one path on each line."""
    ours, theirs = ini(tmp_path, "[alembic]\npath_separator = space\nversion_locations =\n  a\n  b\n")
    assert (ours.get_version_locations_list(), theirs.get_version_locations_list()) == (["a", "b"], ["a\nb"])


def one_path_in_toml(tmp_path: Path) -> None:
    """A string instead of a list."""
    ours, theirs = toml(tmp_path, '[tool.alembic]\nversion_locations = "ab"\n')
    assert (ours.get_version_locations_list(), list(theirs.get_version_locations_list() or ())) == (["ab"], ["a", "b"])


def unusable_values(tmp_path: Path) -> None:
    """A percent sign, a reference to nothing, a line that is none."""
    for text, name, error in (
        ("[alembic]\na = 50%\n", "a", configparser.InterpolationSyntaxError),
        ("[alembic]\na = %(b)s\n", "a", configparser.InterpolationMissingOptionError),
        ("[alembic]\nwhat\n", "a", configparser.ParsingError),
    ):
        ours, theirs = ini(tmp_path, text)
        with pytest.raises(error):
            theirs.get_main_option(name)
        with pytest.raises(ConfigError):
            ours.get_main_option(name)
    ours, theirs = toml(tmp_path, '[tool.alembic]\na = "%(b)s"\n')
    with pytest.raises(KeyError):
        theirs.get_alembic_option("a")
    with pytest.raises(ConfigError):
        ours.get_alembic_option("a")


def byte_order_mark(tmp_path: Path) -> None:
    """An ini file from an editor that writes one."""
    ours, theirs = ini(tmp_path, "\ufeff[alembic]\na = 1\n")
    assert ours.get_main_option("a") == "1"
    with pytest.raises(configparser.MissingSectionHeaderError):
        theirs.get_main_option("a")


def blank_timezone(tmp_path: Path) -> None:
    """`timezone =`."""
    ours, theirs = ini(tmp_path, f"[alembic]\nscript_location = {tmp_path}\ntimezone =\n")
    assert (ScriptDirectory.from_config(ours).timezone, AlembicDirectory.from_config(theirs).timezone) == (None, "")


def missing_location(tmp_path: Path) -> None:
    """An env.py, and no versions beside it."""
    (tmp_path / "env.py").touch()
    assert AlembicDirectory(str(tmp_path)).get_heads() == []
    with pytest.raises(DirectoryMissing):
        ScriptDirectory(str(tmp_path)).get_heads()


def broken_file(tmp_path: Path) -> None:
    """A file that imports what is not installed."""
    path = write(tmp_path, a="import not_installed_anywhere\n" + A)
    assert ScriptDirectory(path).get_heads() == ["a"]
    with pytest.raises(ModuleNotFoundError):
        AlembicDirectory(path).get_heads()


def stray_file(tmp_path: Path) -> None:
    """A helper module among the revisions, and a revision without down_revision."""
    for text, error in (("x = 1\n", StrayFile), ("revision = 'x'\n", RevisionFileError)):
        path = write(tmp_path, a=A, helper=text)
        with pytest.raises(error):
            ScriptDirectory(path).get_heads()
        with pytest.raises(Exception, match="revision"):
            AlembicDirectory(path).get_heads()


def reached_twice(tmp_path: Path) -> None:
    """A link to a file in the same directory."""
    path = write(tmp_path, a=A)
    (tmp_path / "versions" / "z.py").symlink_to("a.py")
    with pytest.warns(UserWarning, match="twice"):
        assert heads(path) == (["a"], ["a"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ScriptDirectory(path).get_heads() == ["a"]


def compiled_for_others(tmp_path: Path) -> None:
    """Two optimization levels of one revision."""
    path = write(tmp_path, a=A)
    source = tmp_path / "versions" / "a.py"
    for level in (0, 1):
        py_compile.compile(str(source), doraise=True, optimize=level)
    source.unlink()
    assert ScriptDirectory(path, sourceless=True).get_heads() == ["a"]
    with pytest.warns(UserWarning, match="more than once"):
        AlembicDirectory(path, sourceless=True).get_heads()


def compiled_old_file(tmp_path: Path) -> None:
    """A file from before files declared their ids."""
    path = write(tmp_path, ae10="down_revision = None\n")
    assert heads(path) == (["ae10"], ["ae10"])
    source = tmp_path / "versions" / "ae10.py"
    py_compile.compile(str(source), cfile=f"{source}c", doraise=True)
    source.unlink()
    assert ScriptDirectory(path, sourceless=True).get_heads() == ["ae10"]
    with pytest.raises(Exception, match="Could not determine"):
        AlembicDirectory(path, sourceless=True).get_heads()


def parent_named_twice(tmp_path: Path) -> None:
    """`down_revision = ('a', 'a')`."""
    path = write(tmp_path, a=A, b="revision = 'b'\ndown_revision = ('a', 'a')\n")
    ours, theirs = ScriptDirectory(path).get_revision("b"), AlembicDirectory(path).get_revision("b")
    assert ours is not None
    assert (ours.is_merge_point, theirs.is_merge_point) == (False, True)


def label_as_number(tmp_path: Path) -> None:
    """A label, and a step on a branch."""
    path = write(tmp_path, a=A + "branch_labels = 'left'\n")
    ours, theirs = ScriptDirectory(path), AlembicDirectory(path)
    assert [ours.as_revision_number(one) for one in ("left", "left@+1")] == ["a", "left@+1"]
    assert [theirs.as_revision_number(one) for one in ("left", "left@+1")] == ["left", "+1"]


def package_location(tmp_path: Path) -> None:
    """A package that notices when it is imported."""
    package = tmp_path / "package_of_a_known_difference"
    (package / "m").mkdir(parents=True)
    (package / "__init__.py").touch()
    ours, theirs = ini(tmp_path, f"[alembic]\nscript_location = {package.name}:m\n")
    sys.path.insert(0, str(tmp_path))
    try:
        assert ScriptDirectory.from_config(ours).dir == str(package / "m")
        assert package.name not in sys.modules
        assert AlembicDirectory.from_config(theirs).dir == str(package / "m")
        assert package.name in sys.modules
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop(package.name, None)


SHOWN: list[Callable[[Path], None]] = [
    *(boolean_words, paths_on_lines, one_path_in_toml, unusable_values, byte_order_mark, blank_timezone),
    *(missing_location, broken_file, stray_file, reached_twice, compiled_for_others, compiled_old_file),
    *(parent_named_twice, label_as_number, package_location),
]


@pytest.mark.parametrize("show", SHOWN, ids=lambda show: show.__name__)
def test_the_difference_is_as_recorded(show: Callable[[Path], None], tmp_path: Path) -> None:
    """Both behaviours, side by side."""
    show(tmp_path)


def test_every_recorded_difference_is_shown() -> None:
    """The record and its examples name the same things."""
    assert [show.__name__ for show in SHOWN] == list(DIFFERENCES)

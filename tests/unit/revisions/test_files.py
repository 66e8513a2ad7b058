"""Writing all files of a command or none."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.errors import DirectoryInUse, WriteFailed
from runner.revisions.files import FileChanges


def names(directory: Path) -> list[str]:
    """Return what is in a directory, by name."""
    return sorted(path.name for path in directory.iterdir())


def failing_after(work: Callable[[FileChanges], None]) -> None:
    """Make changes and then fail."""

    def fail() -> None:
        with FileChanges() as changes:
            work(changes)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()


def test_files_and_directories_stay_when_all_went_well(tmp_path: Path) -> None:
    """What was written is there, whole, and nothing else."""
    with FileChanges() as changes:
        changes.make_directory(str(tmp_path / "a" / "b"))
        changes.write(str(tmp_path / "a" / "b" / "x.py"), "text\n")
    assert (tmp_path / "a" / "b" / "x.py").read_text() == "text\n"
    assert names(tmp_path / "a" / "b") == ["x.py"]
    assert changes.made == [str(tmp_path / "a"), str(tmp_path / "a" / "b"), str(tmp_path / "a" / "b" / "x.py")]


def test_an_error_takes_everything_back(tmp_path: Path) -> None:
    """New files and directories go, and what was replaced or moved is as before (DNG-8)."""
    kept, moved = tmp_path / "kept", tmp_path / "moved"
    kept.write_text("before")
    moved.write_text("old place")

    def work(changes: FileChanges) -> None:
        changes.make_directory(str(tmp_path / "a" / "b"))
        changes.write(str(tmp_path / "a" / "x.py"), "text")
        changes.replace(str(kept), "after")
        changes.move(str(moved), str(tmp_path / "a" / "b" / "moved"))
        (tmp_path / "a" / "b" / "__pycache__").mkdir()
        (tmp_path / "a" / "b" / "__pycache__" / "x.pyc").touch()

    failing_after(work)
    assert names(tmp_path) == ["kept", "moved"]
    assert (kept.read_text(), moved.read_text()) == ("before", "old place")


def test_what_others_put_into_a_new_directory_is_left(tmp_path: Path) -> None:
    """A directory that somebody else uses meanwhile is not removed."""

    def work(changes: FileChanges) -> None:
        changes.make_directory(str(tmp_path / "a"))
        (tmp_path / "a" / "theirs").touch()

    failing_after(work)
    assert (tmp_path / "a" / "theirs").exists()


def test_a_replaced_file_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    """What was executable or private stays so, and a link leads to the same file."""
    (tmp_path / "real").write_text("before")
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    FileChanges().replace(str(tmp_path / "link"), "after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "after"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o600


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    """A file that exists is refused, a dangling link too."""
    (tmp_path / "x").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("x", "link"):
        with pytest.raises(DirectoryInUse, match="exists already"):
            FileChanges().write(str(tmp_path / name), "theirs")
    assert (tmp_path / "x").read_text() == "mine"


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the command says so, and neither the file nor its temporary is left (DNG-8)."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteFailed, match="No space left on device") as caught:
        FileChanges().write(str(tmp_path / "x"), "text")
    assert caught.value.fields["errno"] == errno.ENOSPC
    assert names(tmp_path) == []


def test_an_encoding_without_the_character(tmp_path: Path) -> None:
    """A text that output_encoding cannot say is refused, and so is an encoding that does not exist (CFG-21)."""
    for encoding in ("ascii", "klingon"):
        with pytest.raises(WriteFailed, match="output_encoding"):
            FileChanges().write(str(tmp_path / "x"), "ü", encoding=encoding)
    assert names(tmp_path) == []


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    """A file in the way is named."""
    (tmp_path / "file").touch()
    with pytest.raises(WriteFailed, match="Cannot make directory"):
        FileChanges().make_directory(str(tmp_path / "file" / "below"))

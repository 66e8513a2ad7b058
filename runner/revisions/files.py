"""Writing files so that a command leaves all of them or none: floor 3.

A file is written under another name in its own directory and then renamed, so nobody ever reads half of one. When the
block ends in an error, what it wrote is removed, and so are the directories it made.
"""

from __future__ import annotations

import os
import secrets
import stat
from types import TracebackType
from typing import Self

from runner.errors import DirectoryInUse, WriteFailed

__all__ = ["FileChanges"]


class FileChanges:
    """The files and directories that one command makes; all of them are taken back if the block raises."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self._undo: list[tuple[str, bytes | None]] = []
        self._directories: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.take_back()

    def make_directory(self, path: str) -> None:
        """Make a directory and its missing parents; nothing happens where it exists.

        Raises:
            WriteFailed: it cannot be made.
        """
        missing = []
        while path and not os.path.isdir(path):
            missing.append(path)
            path = os.path.dirname(path)
        for directory in reversed(missing):
            try:
                os.mkdir(directory)
            except OSError as exc:
                raise _failed("make directory", directory, exc) from exc
            self._directories.append(directory)
            self.made.append(directory)

    def write(self, path: str, text: str, *, encoding: str = "utf-8") -> None:
        """Write a new file.

        Raises:
            DirectoryInUse: the file exists already.
            WriteFailed: it cannot be written, or the encoding does not have one of its characters.
        """
        if os.path.lexists(path):
            raise DirectoryInUse(f"{path} exists already and is not overwritten. Choose another name.", path=path)
        self._publish(path, _encoded(path, text, encoding))
        self._undo.append((path, None))
        self.made.append(path)

    def replace(self, path: str, text: str, *, encoding: str = "utf-8") -> None:
        """Write a file that exists anew; the old content comes back if the block raises.

        Raises:
            WriteFailed: it cannot be read or written.
        """
        path = os.path.realpath(path)  # a link stays one
        try:
            with open(path, "rb") as file:
                before = file.read()
            mode = os.stat(path).st_mode
        except OSError as exc:
            raise _failed("read", path, exc) from exc
        self._publish(path, _encoded(path, text, encoding), mode=mode)
        self._undo.append((path, before))
        self.made.append(path)

    def move(self, source: str, path: str) -> None:
        """Give a file another place.

        Raises:
            DirectoryInUse: there is a file already.
            WriteFailed: it cannot be moved.
        """
        try:
            with open(source, "rb") as file:
                content = file.read()
            mode = os.stat(source).st_mode
        except OSError as exc:
            raise _failed("read", source, exc) from exc
        if os.path.lexists(path):
            raise DirectoryInUse(f"{path} exists already and is not overwritten. Move it away.", path=path)
        self._publish(path, content, mode=mode)
        self._undo.append((path, None))
        self._remove(source)
        self._undo.append((source, content))

    def take_back(self) -> None:
        """Undo everything so far; what cannot be undone is left, since an error is on its way already."""
        for path, before in reversed(self._undo):
            try:
                if before is None:
                    os.unlink(path)
                else:
                    self._publish(path, before)
            except (OSError, WriteFailed):
                continue
        for directory in reversed(self._directories):
            _remove_directory(directory)
        self.made, self._undo, self._directories = [], [], []

    def _publish(self, path: str, content: bytes, *, mode: int | None = None) -> None:
        directory, name = os.path.split(path)
        temporary = os.path.join(directory, f".#{name}.{secrets.token_hex(4)}")  # a scan leaves out what begins so
        try:
            with open(temporary, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            os.replace(temporary, path)
        except OSError as exc:
            _remove_quietly(temporary)
            raise _failed("write", path, exc) from exc
        except BaseException:
            _remove_quietly(temporary)
            raise

    def _remove(self, path: str) -> None:
        try:
            os.unlink(path)
        except OSError as exc:
            raise _failed("remove", path, exc) from exc


def _encoded(path: str, text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except (UnicodeEncodeError, LookupError) as exc:
        raise WriteFailed(
            f"{path} cannot be written as {encoding}: {exc}. Correct output_encoding, or use utf-8.", path=path
        ) from exc


def _failed(doing: str, path: str, exc: OSError) -> WriteFailed:
    return WriteFailed(
        f"Cannot {doing} {path}: {exc.strerror or exc}. Nothing of this command was kept.", path=path, errno=exc.errno
    )


def _remove_quietly(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return


def _remove_directory(path: str) -> None:
    """Remove a directory made by this command, with the bytecode cache a formatter may have left in it."""
    cache = os.path.join(path, "__pycache__")
    try:
        if os.path.isdir(cache):
            for name in os.listdir(cache):
                os.unlink(os.path.join(cache, name))
            os.rmdir(cache)
        os.rmdir(path)
    except OSError:
        return

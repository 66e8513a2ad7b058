"""The scan: which revision files there are and what they declare, without importing them. Floor 3.

Three readers, each asked only where the one before it will not answer: `header` reads ordinary files, `syntax` reads
what the parser can decide, and the rest is imported, that file alone. The answer is always what importing the file
would have given. A file that cannot be read is part of the answer; whoever needs its revision raises its error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType

from runner.errors import DirectoryMissing, RevisionDirectoryError, RevisionFileError, StrayFile
from runner.revisions.declared import IDENTIFIERS, Declared, NotIdentifiers, declared_from
from runner.revisions.header import read_header, read_ordinary

__all__ = ["ScannedFile", "scan_file", "scan_locations"]

_CHUNK_BYTES = 1 << 16
_HEXADECIMAL = frozenset("0123456789abcdef")
_NOTHING = Declared(revision=None, down_revisions=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedFile:
    """One file of a version location.

    Args:
        path: where it was found; relative when the location is.
        revision: the id, from the file or from its name; None where there is none.
        declared: what the file says.
        problem: what keeps the file from being read or imported, as part of a sentence.
        line: where in the file the problem is.
        module: the module, where the file had to be imported.
    """

    path: str
    revision: str | None
    declared: Declared
    problem: str | None = None
    line: int | None = None
    module: ModuleType | None = field(default=None, compare=False, repr=False)

    def error(self) -> RevisionDirectoryError | None:
        """Return why the file has no place in a graph, or None where it has one."""
        if self.revision is not None and self.declared.down_revisions is not None:
            return None
        where = self.path if self.line is None else f"{self.path}, line {self.line},"
        if self.problem is not None:
            return RevisionFileError(f"Revision file {where} {self.problem}.", path=self.path, line=self.line)
        if self.revision is None:
            return StrayFile(
                f"{self.path} declares no revision and its name is no revision id. "
                "Declare the variable revision in it, or move it out of the version location.",
                path=self.path,
            )
        return RevisionFileError(
            f"Revision file {self.path} declares no down_revision. Add it; it is None for a first revision.",
            path=self.path,
            revision=self.revision,
        )


def scan_locations(
    locations: Sequence[str], *, recursive: bool = False, sourceless: bool = False
) -> tuple[ScannedFile, ...]:
    """Return the revision files of the locations: in the order of the locations, then by name.

    A file that is reached twice, through a link or through overlapping locations, is there once.

    Args:
        locations: directories.
        recursive: also look into their subdirectories, but not into linked ones.
        sourceless: also accept compiled files that have no source beside them.

    Raises:
        DirectoryMissing: a location does not exist.
    """
    seen: set[str] = set()
    return tuple(
        scan_file(path)
        for location in locations
        for path in _files(location, recursive=recursive, sourceless=sourceless, seen=seen)
    )


def scan_file(path: str) -> ScannedFile:
    """Return what one file declares, or what is wrong with it."""
    try:
        if path.endswith(".pyc"):
            return _imported(path, _NOTHING)
        source = _read(path)
        declared = read_ordinary(source)
        return _scan_unusual(path, source) if declared is None else _scanned(path, declared)
    except OSError as exc:
        return ScannedFile(path=path, revision=None, declared=_NOTHING, problem=f"cannot be read: {exc.strerror}")
    except NotIdentifiers as exc:
        return ScannedFile(path=path, revision=None, declared=_NOTHING, problem=f"is unusable: {exc}")


def _scan_unusual(path: str, source: bytes) -> ScannedFile:
    from runner.revisions.syntax import read_syntax

    try:
        declared = read_syntax(source, path)
    except SyntaxError as exc:
        # Its header may still say where it belongs; then only what needs its code meets the error.
        header = read_header(source) or _NOTHING
        return _scanned(path, header, problem=f"is not valid Python: {exc.msg}", line=exc.lineno)
    if declared is None:
        return _imported(path, read_header(source) or _NOTHING)
    return _scanned(path, declared)


def _imported(path: str, header: Declared) -> ScannedFile:
    """Import the file; where that fails, what its header says is the best answer there is.

    Raises:
        NotIdentifiers: an identifier has a value of the wrong type.
    """
    from runner.revisions.load import load_revision_file

    try:
        module = load_revision_file(path)
        values = {name: getattr(module, name) for name in IDENTIFIERS if hasattr(module, name)}
        declared = declared_from(values, module.__doc__)
    except RevisionFileError as exc:
        line = exc.fields["line"]
        problem = str(exc.fields["reason"])
        return _scanned(path, header, problem=problem, line=line if isinstance(line, int) else None)
    return _scanned(path, declared, module=module)


def _scanned(
    path: str,
    declared: Declared,
    *,
    problem: str | None = None,
    line: int | None = None,
    module: ModuleType | None = None,
) -> ScannedFile:
    revision = declared.revision
    if revision is None and problem is None:
        revision = _id_from_name(path)
    return ScannedFile(path=path, revision=revision, declared=declared, problem=problem, line=line, module=module)


def _id_from_name(path: str) -> str | None:
    """Return the id of a file from before files declared one: its name, when that is hexadecimal."""
    stem = os.path.basename(path).partition(".")[0]
    return stem if stem and _HEXADECIMAL.issuperset(stem) else None


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        data = os.read(descriptor, _CHUNK_BYTES)
        if len(data) < _CHUNK_BYTES:
            return data
        chunks = [data]
        while chunk := os.read(descriptor, _CHUNK_BYTES):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)


# --- listing -----------------------------------------------------------------------------------------


def _files(location: str, *, recursive: bool, sourceless: bool, seen: set[str]) -> Iterator[str]:
    """Yield the revision files of a directory, by name, then those of its subdirectories.

    Args:
        location: the directory.
        recursive: also yield those of subdirectories.
        sourceless: also yield compiled files.
        seen: the real paths yielded so far; grows.
    """
    entries = _entries(location)
    links = {entry.name for entry in entries if entry.is_symlink()}
    directories = [entry.name for entry in entries if entry.name not in links and entry.is_dir()]
    names = [entry.name for entry in entries if entry.name.endswith((".py", ".pyc")) and not entry.is_dir()]
    names = _revision_names(names, sourceless=sourceless)
    if sourceless and "__pycache__" in directories:
        names += _cached_names(location, names)
    real = os.path.realpath(location)
    for name in names:
        # Resolving a path costs as much as reading the file; only a link can lead elsewhere.
        key = os.path.realpath(os.path.join(location, name)) if name in links else os.path.join(real, name)
        if key not in seen:
            seen.add(key)
            yield os.path.join(location, name)
    if recursive:
        for name in directories:
            if name != "__pycache__":
                yield from _files(os.path.join(location, name), recursive=True, sourceless=sourceless, seen=seen)


def _entries(location: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(location) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise DirectoryMissing(
            f"Version location {location} does not exist. Create it, or correct version_locations.", path=location
        ) from exc
    except OSError as exc:
        raise RevisionDirectoryError(
            f"Version location {location} cannot be read: {exc.strerror}.", path=location
        ) from exc


def _revision_names(names: Sequence[str], *, sourceless: bool) -> list[str]:
    """Return the names that are revision files; a compiled file counts where it has no source beside it."""
    kept = [name for name in names if not name.startswith(("__init__", ".#"))]
    sources = [name for name in kept if name.endswith(".py")]
    if not sourceless:
        return sources
    stems = {name.removesuffix(".py") for name in sources}
    return sorted(
        [*sources, *(name for name in kept if name.endswith(".pyc") and name.removesuffix(".pyc") not in stems)]
    )


def _cached_names(location: str, names: Sequence[str]) -> list[str]:
    """Return the files of __pycache__ made by this Python whose modules are not otherwise there.

    Of several optimization levels the one with all docstrings and assertions is taken.
    """
    import sys

    stems = {os.path.splitext(name)[0] for name in names}
    found: dict[str, str] = {}
    for entry in _entries(os.path.join(location, "__pycache__")):
        stem, tag, level = entry.name.partition(f".{sys.implementation.cache_tag}.")
        is_ours = tag and (level == "pyc" or (level.startswith("opt-") and level.endswith(".pyc")))
        if is_ours and stem not in stems and not stem.startswith(("__init__", ".#")):
            # "pyc" is shorter than "opt-1.pyc", and that comes before "opt-2.pyc".
            found[stem] = min(found.get(stem, level), level, key=lambda text: (len(text), text))
    return [f"__pycache__/{stem}.{sys.implementation.cache_tag}.{level}" for stem, level in sorted(found.items())]

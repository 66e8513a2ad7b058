"""A bundle that is on disk: floor of the artifact. Reads and checks files, asks no database."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runner.artifact.manifest import FORMAT, MANIFEST, sha256
from runner.artifact.splitting import Piece, pieces_of
from runner.errors import ArtifactAltered, ArtifactInvalid

__all__ = ["StoredBundle", "StoredPhase", "StoredStatement", "read_bundle", "read_bundles"]

_HEADING = re.compile(r"^-- ---- revision (\S+?)(?: \((?:begins|ends|goes on)\))?: ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStatement:
    """One statement of a file, or a command of psql between them.

    Args:
        sql: as a server takes it; empty for a command alone.
        begins: the revision whose statements begin with this one; None elsewhere.
        command: of psql, without its backslash: what becomes of the rows, or a condition; empty for none.
        argument: of the command.
    """

    sql: str
    begins: str | None = None
    command: str = ""
    argument: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPhase:
    """One file of a bundle.

    Args:
        path: below the bundle.
        kind: `transactional`, `non_transactional` or `online`.
        rows_before, rows_after: the version rows, sorted.
        revisions: those it has statements of, in order.
        statements_before: how many statements of its first revision earlier files have.
    """

    path: str
    kind: str
    rows_before: tuple[str, ...]
    rows_after: tuple[str, ...]
    revisions: tuple[str, ...]
    statements_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBundle:
    """A bundle as its directory has it.

    Args:
        directory: where it is.
        manifest: as its file has it.
    """

    directory: str
    manifest: Mapping[str, Any]

    @property
    def id(self) -> str:
        """What tells it from other bundles."""
        return str(self.manifest["bundle"])

    @property
    def dialect(self) -> str:
        """The database it is for."""
        return str(self.manifest["dialect"])

    @property
    def version_table(self) -> tuple[str, str | None]:
        """The version table's name and schema."""
        told = self.manifest["version_table"]
        return told["name"], told["schema"]

    def revisions(self) -> Mapping[str, Mapping[str, Any]]:
        """Return revision -> what the manifest says of it, in order."""
        return {one["revision"]: one for one in self.manifest["revisions"]}

    def phases(self, direction: str) -> tuple[StoredPhase, ...]:
        """Return the files of a direction, in order; none where the bundle has no way back."""
        return tuple(
            StoredPhase(
                path=one["file"],
                kind=one["kind"],
                rows_before=tuple(one["from"]),
                rows_after=tuple(one["to"]),
                revisions=tuple(one["revisions"]),
                statements_before=one.get("statements_before", 0),
            )
            for one in self.manifest[direction]
        )

    def read(self, path: str) -> str:
        """Return a file's text, whose digest is the manifest's.

        Raises:
            ArtifactAltered: it is not, or the file is gone.
        """
        contents = _contents(os.path.join(self.directory, *path.split("/")))
        if contents is None or sha256(contents) != self.manifest["files"].get(path):
            raise altered_error(self.directory, (f"{path} is not what was written",))
        return contents.decode()

    def statements(self, phase: StoredPhase) -> tuple[StoredStatement, ...]:
        """Return the statements of a file that is no online one, and psql's commands between them.

        Raises:
            ArtifactAltered: the file is not what was written.
        """
        return tuple(_marked(pieces_of(self.read(phase.path))))

    def alterations(self) -> tuple[str, ...]:
        """Return a sentence for each file that is missing, not what was written, or not part of the bundle."""
        told: Mapping[str, str] = self.manifest["files"]
        found = {}
        for path in _files_below(self.directory):
            if path != MANIFEST:
                found[path] = sha256(_contents(os.path.join(self.directory, path)) or b"")
        sentences = [f"{path} is missing" for path in told if path not in found]
        sentences += [f"{path} is not what was written" for path in told if found.get(path, told[path]) != told[path]]
        sentences += [f"{path} is not part of the artifact" for path in found if path not in told]
        return tuple(sorted(sentences))


def read_bundles(directory: str) -> tuple[StoredBundle, ...]:
    """Return the bundles of a directory: one, or those of several databases.

    Raises:
        ArtifactInvalid: there is none, or this version cannot read it.
    """
    manifest = _manifest(directory)
    names = manifest.get("bundles")
    if names is None:
        return (_checked(directory, manifest),)
    return tuple(_checked(place, _manifest(place)) for place in (os.path.join(directory, name) for name in names))


def read_bundle(directory: str) -> StoredBundle:
    """Return the bundle of one database.

    Raises:
        ArtifactInvalid: there is none, there are several, or this version cannot read it.
    """
    bundles = read_bundles(directory)
    if len(bundles) > 1:
        listed = ", ".join(one.directory for one in bundles)
        raise ArtifactInvalid(f"{directory} holds the artifacts of several databases. Name one: {listed}.")
    return bundles[0]


def altered_error(directory: str, sentences: tuple[str, ...]) -> ArtifactAltered:
    """Return the error for files that are not those that were written."""
    return ArtifactAltered(
        f"The artifact in {directory} is not what was written: {'; '.join(sentences)}. Make it again, and review it.",
        directory=directory,
        altered=list(sentences),
    )


def _manifest(directory: str) -> dict[str, Any]:
    path = os.path.join(directory, MANIFEST)
    contents = _contents(path)
    if contents is None:
        raise ArtifactInvalid(f"{directory} holds no artifact: there is no {MANIFEST}.", directory=directory)
    try:
        manifest = json.loads(contents)
        number = manifest["format"]
    except (ValueError, TypeError, KeyError) as error:
        raise ArtifactInvalid(f"{path} is no manifest of an artifact.", directory=directory) from error
    if number != FORMAT:
        raise ArtifactInvalid(
            f"{path} has format {number}, and this version reads {FORMAT}. Use the version that wrote it.",
            directory=directory,
        )
    return dict(manifest)


def _checked(directory: str, manifest: Mapping[str, Any]) -> StoredBundle:
    needed = ("bundle", "dialect", "version_table", "lock", "from", "to", "revisions", "upgrade", "downgrade", "files")
    missing = [name for name in needed if name not in manifest]
    if missing:
        raise ArtifactInvalid(f"The manifest in {directory} lacks {', '.join(missing)}.", directory=directory)
    return StoredBundle(directory=directory, manifest=manifest)


def _contents(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ArtifactInvalid(f"{path} cannot be read: {error.strerror}.", path=path) from error


def _files_below(directory: str) -> Iterator[str]:
    for root, directories, names in os.walk(directory):
        directories.sort()
        for name in sorted(names):
            yield os.path.relpath(os.path.join(root, name), directory).replace(os.sep, "/")


def _marked(pieces: tuple[Piece, ...]) -> Iterator[StoredStatement]:
    for piece in pieces:
        heading = _HEADING.search(_leading_comments(piece.sql))
        yield StoredStatement(
            sql=piece.sql,
            begins=heading[1] if heading else None,
            command=piece.command,
            argument=piece.argument,
        )


def _leading_comments(sql: str) -> str:
    lines = []
    for line in sql.split("\n"):
        if line and not line.startswith("--"):
            break
        lines.append(line)
    return "\n".join(lines)

"""Put a bundle together: files by path, then all of them at once on disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runner.artifact.guards import writer_for
from runner.artifact.guards.base import Client, PhaseWriter, WritingOptions
from runner.artifact.instructions import online_instructions, readme
from runner.artifact.manifest import MANIFEST, bundle_id, manifest_json, manifest_of, sha256
from runner.artifact.phases import Phase, PhaseKind, file_name, phases_of
from runner.artifact.recording import Obstacle, Recording, ServerRange
from runner.database.limits import TimeLimits
from runner.database.lock import lock_key
from runner.errors import ArtifactDirectoryInUse, WriteFailed
from runner.graph import Direction

__all__ = ["Bundle", "BundleOptions", "Review", "compose", "is_bundle", "write_bundles"]

Review = Callable[[Recording, Recording | None, Mapping[str, Any]], Mapping[str, str]]
"""Given both recordings and the manifest without its files, return the review pages by file name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleOptions:
    """What a bundle is made with, beside what was recorded.

    Args:
        tool_version: of this package.
        client: who reads the SQL files.
        server: the servers they may be applied to.
        schema: what current_schema() has to be; None leaves it open.
        lock_key: the operator's own second lock integer.
        limits: the operator's time limits.
        history: the history is written where it is there.
    """

    tool_version: str
    client: Client = Client.NATIVE
    server: ServerRange = field(default_factory=ServerRange)
    schema: str | None = None
    lock_key: int | None = None
    limits: TimeLimits = field(default_factory=TimeLimits)
    history: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle before it is written.

    Args:
        name: of the database; the sub-directory where a run makes several bundles.
        manifest: as its file has it.
        files: path below the bundle -> contents, the manifest included.
    """

    name: str
    manifest: Mapping[str, Any]
    files: Mapping[str, bytes]


def compose(
    upgrade: Recording,
    downgrade: Recording | None,
    *,
    missing_downgrades: Sequence[Obstacle] = (),
    options: BundleOptions,
    review: Review | None = None,
) -> Bundle:
    """Return the bundle of one database.

    Args:
        upgrade: what was recorded.
        downgrade: the way back; None where it cannot be written.
        missing_downgrades: why not.
        options: see there.
        review: makes the pages for the reviewer.

    Raises:
        OperationError: there are no SQL files for this database.
    """
    writer = writer_for(upgrade.dialect_name)
    writing = _writing_options(upgrade, downgrade, options)
    recordings = {Direction.UPGRADE: upgrade} | ({} if downgrade is None else {Direction.DOWNGRADE: downgrade})
    phases = {direction: phases_of(recording) for direction, recording in recordings.items()}
    files: dict[str, bytes] = {}
    for direction, recording in recordings.items():
        files |= _phase_files(writer, recording, phases[direction], writing)

    facts = manifest_of(upgrade, downgrade, phases=phases, missing_downgrades=missing_downgrades, options=writing)
    files["README.md"] = readme(facts, phases, writer).encode()
    if review is not None:
        files |= {name: page.encode() for name, page in review(upgrade, downgrade, facts).items()}
    complete = facts | {"files": {path: sha256(files[path]) for path in sorted(files)}}
    files[MANIFEST] = manifest_json(complete)
    return Bundle(name=upgrade.name, manifest=complete, files=files)


def _writing_options(upgrade: Recording, downgrade: Recording | None, options: BundleOptions) -> WritingOptions:
    key = lock_key(upgrade.version_table, upgrade.version_table_schema, override=options.lock_key)
    told: dict[str, object] = {
        "tool": options.tool_version,
        "client": options.client.value,
        "server": str(options.server),
        "schema": options.schema,
        "lock": [key.tool, key.target],
        "limits": [getattr(options.limits, name) for name in TimeLimits.__dataclass_fields__],
        "history": options.history,
    }
    return WritingOptions(
        bundle_id=bundle_id(upgrade, downgrade, told),
        tool_version=options.tool_version,
        client=options.client,
        server=options.server,
        schema=options.schema,
        lock=key,
        limits=options.limits,
        history=options.history,
    )


def _phase_files(
    writer: PhaseWriter, recording: Recording, phases: Sequence[Phase], options: WritingOptions
) -> dict[str, bytes]:
    files = {}
    for phase in phases:
        path = f"{recording.direction.value}/{file_name(phase)}"
        if phase.kind is PhaseKind.ONLINE:
            text = online_instructions(phase, recording)
        else:
            text = writer.text(phase, recording, options, total=len(phases))
        files[path] = text.encode()
    return files


# -- on disk -----------------------------------------------------------------------------------------------


def is_bundle(directory: str) -> bool:
    """Tell whether a directory holds a bundle, or the bundles of several databases."""
    return os.path.isfile(os.path.join(directory, MANIFEST))


def write_bundles(bundles: Sequence[Bundle], directory: str, *, several: bool, replace: bool) -> None:
    """Write the bundles of one run: all of them or nothing.

    The bundle of an environment with one database is the directory itself. Those of one with several are its
    sub-directories, even where a single database has anything to do, and the directory's manifest lists them.

    Args:
        bundles: at least one; names are unique where there are several.
        directory: made by this, its parents too.
        several: the environment has several databases.
        replace: take the place of a bundle that is there.

    Raises:
        ArtifactDirectoryInUse: the directory is not empty, and no bundle that may be replaced.
        WriteFailed: the disk or the file system refuses.
    """
    target = os.path.abspath(directory)
    _refuse_occupied(target, directory, replace=replace)
    parent = os.path.dirname(target)
    try:
        os.makedirs(parent, exist_ok=True)
        partial = os.path.join(parent, f".{os.path.basename(target)}.partial-{os.getpid()}")
        os.mkdir(partial)
        try:
            _write_files(partial, _all_files(bundles, several=several))
            _put_in_place(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise WriteFailed(
            f"The artifact could not be written to {directory}: {error.strerror}. Nothing was left there.",
            path=directory,
        ) from error


def _refuse_occupied(target: str, shown: str, *, replace: bool) -> None:
    if not os.path.lexists(target):
        return
    if not os.path.isdir(target):
        raise ArtifactDirectoryInUse(f"{shown} is a file. Name a directory with --output.", path=shown)
    if not os.listdir(target):
        return
    if not is_bundle(target):
        raise ArtifactDirectoryInUse(
            f"{shown} is not empty and holds no artifact, so nothing there is replaced. Name another directory with "
            "--output.",
            path=shown,
        )
    if not replace:
        raise ArtifactDirectoryInUse(
            f"{shown} holds an artifact already. Give --replace to put the new one in its place, or name another "
            "directory with --output.",
            path=shown,
        )


def _all_files(bundles: Sequence[Bundle], *, several: bool) -> dict[str, bytes]:
    if not several:
        return dict(bundles[0].files)
    files = {f"{one.name}/{path}": contents for one in bundles for path, contents in one.files.items()}
    files[MANIFEST] = manifest_json({"format": 1, "bundles": [one.name for one in bundles]})
    return files


def _write_files(root: str, files: Mapping[str, bytes]) -> None:
    for path in sorted(files):
        full = os.path.join(root, *path.split("/"))
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(files[path])
            file.flush()
            os.fsync(file.fileno())


def _put_in_place(partial: str, target: str) -> None:
    """Give the finished directory its name; what was there before is removed only then."""
    if not os.path.isdir(target):
        os.rename(partial, target)
        return
    before = f"{partial}.before"
    os.rename(target, before)
    try:
        os.rename(partial, target)
    except OSError:
        os.rename(before, target)
        raise
    shutil.rmtree(before, ignore_errors=True)

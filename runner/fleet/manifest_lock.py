"""One run at a time writes a manifest: floor 6, above the commands. The operating system's lock on a file beside it.

The kernel gives the lock back when the process ends, however it ends, so that a killed run locks nobody out. It is not
the manifest itself that is locked, because that is replaced as a whole. What says who holds the lock is for people.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

from runner.clock import Clock
from runner.errors import ManifestInUse, WriteFailed
from runner.events import emit

__all__ = ["SUFFIX", "exclusive"]

SUFFIX = ".lock"
_HELD = {errno.EWOULDBLOCK, errno.EACCES}
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}  # some network and FUSE file systems


@contextmanager
def exclusive(path: str | None, *, run_id: str | None, clock: Clock) -> Iterator[None]:
    """Keep every other run away from a manifest until the block ends.

    Args:
        path: the manifest; None for a run that writes none, which locks nothing.
        run_id: what the one that comes second is told.
        clock: since when, for the same purpose.

    Raises:
        ManifestInUse: another run holds it.
        WriteFailed: the file of the lock cannot be made.
    """
    descriptor = None if path is None else _taken(path)
    if path is None or descriptor is None:
        yield
        return
    try:
        _sign(descriptor, run_id, clock)
        yield
    finally:
        # Removed while it is held: who opened it meanwhile finds out that it is not the one in the directory any more.
        if _is_in_place(descriptor, path + SUFFIX):
            os.unlink(path + SUFFIX)
        os.close(descriptor)


def _taken(path: str) -> int | None:
    """Return the descriptor that holds the lock; None where the file system knows no locks."""
    while True:
        descriptor = _opened(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            told = _told(descriptor)
            os.close(descriptor)
            if error.errno in _HELD:
                raise _in_use(path, told) from error
            if error.errno in _NO_LOCKS:
                emit("manifest.unlocked", level="warning", path=path, reason=error.strerror)
                return None
            raise _unwritable(path, error) from error
        if _is_in_place(descriptor, path + SUFFIX):
            return descriptor
        os.close(descriptor)  # the run before removed it between our two steps


def _opened(path: str) -> int:
    try:
        return os.open(path + SUFFIX, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise _unwritable(path, error) from error


def _is_in_place(descriptor: int, name: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(name))
    except FileNotFoundError:
        return False


# -- who holds it ------------------------------------------------------------------------------------------


def _sign(descriptor: int, run_id: str | None, clock: Clock) -> None:
    since = clock.now().astimezone(UTC).isoformat(timespec="seconds")
    who = {"run_id": run_id, "host": socket.gethostname(), "pid": os.getpid(), "since": since}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(who).encode(), 0)


def _told(descriptor: int) -> dict[str, object]:
    try:
        told = json.loads(os.pread(descriptor, 4096, 0))
    except (OSError, ValueError):
        return {}  # it was taken a moment ago
    return told if isinstance(told, dict) else {}


def _in_use(path: str, told: dict[str, object]) -> ManifestInUse:
    holder = {key: told.get(key) for key in ("run_id", "host", "pid", "since")}
    who = f" (process {holder['pid']} on {holder['host']}, since {holder['since']})" if told else ""
    return ManifestInUse(
        f"Another run{who} writes the manifest {path}; nothing was started. Wait until it has ended, or give this run "
        "a manifest of its own (RUNNER_MANIFEST).",
        path=path,
        **{f"holder_{key}": value for key, value in holder.items() if value is not None},
    )


def _unwritable(path: str, error: OSError) -> WriteFailed:
    return WriteFailed(
        f"The lock of the manifest, {path}{SUFFIX}, cannot be taken: {error.strerror}. Name a manifest in a writable "
        "directory (RUNNER_MANIFEST), or none.",
        path=path,
    )

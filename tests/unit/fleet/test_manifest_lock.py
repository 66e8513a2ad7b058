"""The lock of a manifest."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from runner.errors import ManifestInUse, WriteFailed
from runner.events import listening
from runner.fleet.manifest_lock import exclusive
from tests.clocks import FakeClock


def lock(path: Path | None, run_id: str = "run") -> AbstractContextManager[None]:
    return exclusive(None if path is None else str(path), run_id=run_id, clock=FakeClock())


def test_the_second_one_is_refused_and_told_who_is_first(tmp_path: Path) -> None:
    """It learns the process, and what it was refused it may have afterwards."""
    path = tmp_path / "m.json"
    with lock(path), pytest.raises(ManifestInUse, match=f"process {os.getpid()} on ") as refused, lock(path, "second"):
        pass
    assert refused.value.fields["holder_run_id"] == "run"
    with lock(path, "second"):
        pass


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """The file of the lock goes with the lock, also after a failure, and also where somebody removed it."""
    path = tmp_path / "m.json"
    with pytest.raises(KeyError), lock(path):
        raise KeyError
    with lock(path):
        (tmp_path / "m.json.lock").unlink()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_nobody_holds_locks_nobody_out(tmp_path: Path) -> None:
    """What a killed run leaves is a file only, whatever is in it."""
    (tmp_path / "m.json.lock").write_bytes(b"{half")
    with lock(tmp_path / "m.json"):
        pass


def test_a_lock_on_a_file_that_was_removed_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening and locking the run before may remove the file: it is opened again."""
    path, calls, real = tmp_path / "m.json", [0], fcntl.flock

    def flock(descriptor: int, operation: int) -> None:
        calls[0] += 1
        if calls[0] == 1:
            (tmp_path / "m.json.lock").unlink()
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with lock(path):
        assert calls == [2]
        monkeypatch.setattr(fcntl, "flock", real)
        with pytest.raises(ManifestInUse), lock(path):
            pass


def test_two_manifests_do_not_meet(tmp_path: Path) -> None:
    """Each has its own lock; without a manifest there is none."""
    with lock(tmp_path / "a.json"), lock(tmp_path / "b.json"), lock(None), lock(None):
        pass


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    """The sentence names the file and the setting."""
    with pytest.raises(WriteFailed, match=r"gone/m\.json\.lock.*RUNNER_MANIFEST"), lock(tmp_path / "gone" / "m.json"):
        pass


def test_a_file_system_without_locks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on as it would without a second one, and the log says what is missing."""

    def flock(descriptor: int, operation: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", flock)
    events: list[str] = []
    with listening(lambda _level, event, _keys: events.append(event)), lock(tmp_path / "m.json"):
        pass
    assert events == ["manifest.unlocked"]

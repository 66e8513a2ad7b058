"""The same input gives the same bytes, on another machine too, and no secret is in them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.artifacts import PATH, make_artifact
from tests.directories import Directory, make_directory

CANARY = "canary-4711"
DIFFERENCES = (
    {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "Pacific/Kiritimati"},
    {"PYTHONHASHSEED": "random", "LC_ALL": "C.UTF-8", "TZ": "America/St_Johns", "LANG": "tr_TR.UTF-8"},
)


def contents(bundle: Path) -> dict[str, bytes]:
    return {str(path.relative_to(bundle)): path.read_bytes() for path in sorted(bundle.rglob("*")) if path.is_file()}


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return make_directory(tmp_path / "app", PATH)


@pytest.fixture
def expected(directory: Directory) -> dict[str, bytes]:
    return contents(make_artifact(directory, "--from", "base", env={"PYTHONHASHSEED": "0", "TZ": "UTC"}))


def _copied(directory: Directory, to: Path) -> Path:
    """Copy a directory file by file in the reverse order, with other times."""
    files = sorted((path for path in directory.root.rglob("*") if path.is_file()), reverse=True)
    for number, path in enumerate(files):
        if "out" in path.parts or "__pycache__" in path.parts:
            continue
        copy = to / path.relative_to(directory.root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        os.utime(copy, (1_000_000 + number, 2_000_000 - number))
    return to


def test_neither_machine_nor_directory_shows(directory: Directory, expected: dict[str, bytes], tmp_path: Path) -> None:
    """Hash seed, locale, zone, a copy elsewhere with other times and another order of files change no byte."""
    for number, env in enumerate(DIFFERENCES):
        copy = make_directory(tmp_path / f"copy{number}", ())
        shutil.rmtree(copy.root)
        _copied(directory, copy.root)
        assert contents(make_artifact(copy, "--from", "base", env=env)) == expected


def test_no_secret_is_in_an_artifact(directory: Directory, expected: dict[str, bytes], pg_url: str) -> None:
    """Neither password nor host of DATABASE_URL reaches a file, and a URL changes no byte of one that needs none."""
    url = pg_url.replace("correct-horse", CANARY)  # not even used: the start is a revision
    made = contents(make_artifact(directory, "--from", "base", output="other", env={"DATABASE_URL": url}))

    assert not [path for path, text in made.items() if CANARY.encode() in text or b"127.0.0.1" in text]
    assert made == expected

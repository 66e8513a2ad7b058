"""Bundles as files: all of them or nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.artifact.bundle import Bundle, BundleOptions, compose, write_bundles
from runner.artifact.manifest import MANIFEST, sha256
from runner.errors import ArtifactDirectoryInUse, WriteFailed
from tests.directories import RevisionFile
from tests.recordings import recorded


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    recording = recorded(tmp_path / "project", RevisionFile(revision="aaaa", message="a | table"))
    return compose(recording, None, options=BundleOptions(tool_version="1"))


def test_the_manifest_has_the_digest_of_every_other_file(bundle: Bundle) -> None:
    """And of nothing else."""
    digests = bundle.manifest["files"]

    assert digests == {path: sha256(contents) for path, contents in bundle.files.items() if path != MANIFEST}
    assert json.loads(bundle.files[MANIFEST]) == bundle.manifest


def test_the_readme_has_its_headings(bundle: Bundle) -> None:
    """Two number signs begin a comment for the template engine, and a heading for the reader."""
    text = bundle.files["README.md"].decode()

    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# SQL to apply: none (base) to aaaa",
        "## Before",
        "## Apply",
        "## When a file stops",
        "## After",
        "## Going back",
    ]


def test_several_are_sub_directories(bundle: Bundle, tmp_path: Path) -> None:
    """The manifest above them lists them."""
    named = Bundle(name="acme", manifest=bundle.manifest, files=bundle.files)

    write_bundles([named], str(tmp_path / "out"), several=True, replace=False)

    assert json.loads((tmp_path / "out" / MANIFEST).read_text())["bundles"] == ["acme"]
    assert (tmp_path / "out" / "acme" / "upgrade" / "01_transactional.sql").exists()


def test_nothing_is_left_of_a_bundle_that_cannot_be_written(bundle: Bundle, tmp_path: Path) -> None:
    """A path that the file system refuses takes the whole bundle with it."""
    broken = Bundle(name="", manifest={}, files={**bundle.files, f"upgrade/{'x' * 300}": b""})

    with pytest.raises(WriteFailed, match="Nothing was left there"):
        write_bundles([broken], str(tmp_path / "out"), several=False, replace=False)

    assert [path.name for path in tmp_path.iterdir()] == ["project"]


def test_an_empty_directory_is_taken(bundle: Bundle, tmp_path: Path) -> None:
    """What a pipeline has made beforehand is no obstacle; a file is."""
    (tmp_path / "out").mkdir()
    (tmp_path / "file").touch()

    write_bundles([bundle], str(tmp_path / "out"), several=False, replace=False)
    with pytest.raises(ArtifactDirectoryInUse):
        write_bundles([bundle], str(tmp_path / "file"), several=False, replace=True)

    assert (tmp_path / "out" / MANIFEST).exists()

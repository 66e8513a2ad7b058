"""Locations are paths or resources of packages; a directory has one of two layouts."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import DirectoryMissing
from runner.revisions.locations import resolve_location, version_locations


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An importable package that fails when it is imported."""
    root = tmp_path / "our_package_of_tests"
    (root / "db" / "migrations").mkdir(parents=True)
    (root / "__init__.py").write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return root


@pytest.mark.parametrize("path", ["migrations", "/abs/with:colon", "", "a/b"])
def test_a_path_stays_as_it_is(path: str) -> None:
    """Relative paths stay relative: to the working directory, as in Alembic (CFG-10)."""
    assert resolve_location(path) == path


@pytest.mark.parametrize("location", ["our_package_of_tests:db/migrations", "our_package_of_tests:db:migrations"])
def test_a_package_resource_is_found_without_importing_the_package(package: Path, location: str) -> None:
    """`package:sub/directory`, in both spellings Alembic understands (CFG-10)."""
    assert resolve_location(location) == str(package / "db" / "migrations")


def test_the_package_itself(package: Path) -> None:
    """Nothing after the colon is the package's own directory."""
    assert resolve_location("our_package_of_tests:") == str(package)


def test_an_existing_path_with_a_colon_is_a_path(package: Path) -> None:
    """Such a directory could not be named otherwise."""
    (package.parent / "os:x").mkdir()

    assert resolve_location("os:x") == "os:x"


def test_a_namespace_package_gives_the_portion_that_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several directories that make up the package, the one with the parts."""
    (tmp_path / "a" / "our_namespace").mkdir(parents=True)
    (tmp_path / "b" / "our_namespace" / "migrations").mkdir(parents=True)
    for part in ("b", "a"):
        monkeypatch.syspath_prepend(tmp_path / part)

    assert resolve_location("our_namespace:migrations") == str(tmp_path / "b" / "our_namespace" / "migrations")


@pytest.mark.parametrize("location", ["no_such_package:x", "no_such.package:x", "json.decoder:x", ":x", "..:x"])
def test_an_unknown_package_is_an_error(location: str) -> None:
    """The message names the location and the package."""
    with pytest.raises(DirectoryMissing, match=r"names package .*, which is not installed"):
        resolve_location(location)


def test_the_versions_of_a_directory(tmp_path: Path) -> None:
    """`versions` where it is or should be; a bare folder is its own version location."""
    assert version_locations(str(tmp_path), ()) == [str(tmp_path)]
    (tmp_path / "env.py").touch()
    assert version_locations(str(tmp_path), ()) == [str(tmp_path / "versions")]
    (tmp_path / "env.py").unlink()
    (tmp_path / "versions").mkdir()
    assert version_locations(str(tmp_path), ()) == [str(tmp_path / "versions")]


def test_configured_locations_win(tmp_path: Path, package: Path) -> None:
    """Each may be a package resource (CFG-15)."""
    (tmp_path / "versions").mkdir(exist_ok=True)

    found = version_locations(str(tmp_path), ["a", "our_package_of_tests:db"])
    assert found == ["a", str(package / "db")]

"""Where revision directories are: paths, resources of packages, and the two layouts. Floor 3."""

from __future__ import annotations

import os
from collections.abc import Sequence

from runner.errors import DirectoryMissing

__all__ = ["resolve_location", "version_locations"]


def resolve_location(location: str) -> str:
    """Return the path that a location means.

    A relative location with a colon, `package:sub/directory`, is a directory inside an installed package, unless a
    path of that name exists. Anything else is returned as it is.

    Raises:
        DirectoryMissing: the package cannot be found.
    """
    if ":" not in location or os.path.isabs(location) or os.path.exists(location):
        return location
    package, *parts = location.split(":")
    return os.path.join(_package_directory(package, location, parts), *parts).rstrip(os.sep)


def _package_directory(package: str, location: str, parts: Sequence[str]) -> str:
    """Return the directory of a package; of a namespace package, the one that has the parts."""
    from importlib.util import find_spec

    try:
        spec = find_spec(package)
    except (ImportError, ValueError) as exc:
        raise _no_package(package, location) from exc
    if spec is None or not spec.submodule_search_locations:
        raise _no_package(package, location)
    portions = list(spec.submodule_search_locations)
    return next((one for one in portions if os.path.isdir(os.path.join(one, *parts))), portions[0])


def _no_package(package: str, location: str) -> DirectoryMissing:
    return DirectoryMissing(
        f"Location {location} names package {package}, which is not installed; install it, or correct the location.",
        path=location,
        package=package,
    )


def version_locations(directory: str, configured: Sequence[str]) -> list[str]:
    """Return the directories that hold revision files.

    Args:
        directory: the revision directory.
        configured: `version_locations`; empty where it is not set.

    Returns:
        What is configured, else `versions` inside the directory. A directory that has neither `versions` nor an
        env.py is a bare folder of revision files, and its own version location.
    """
    if configured:
        return [resolve_location(location) for location in configured]
    versions = os.path.join(directory, "versions")
    if not os.path.isdir(versions) and not os.path.exists(os.path.join(directory, "env.py")):
        return [directory]
    return [versions]

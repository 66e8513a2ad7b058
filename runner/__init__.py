"""Brings a database to the head of an Alembic-style revision directory.

Importing this package does nothing else and loads nothing else.
"""

from __future__ import annotations

__all__ = ["__version__", "install_alembic_names"]

__version__: str


def install_alembic_names() -> None:
    """Let `alembic` and its submodules mean this engine from now on, in this process.

    Cheap, may be called again, from any thread: nothing is imported until `alembic` is.

    Raises:
        AlembicAlreadyImported: another `alembic` has been imported before.
    """
    # Not an import statement: for every other module of the package, what imports `runner` would import the top floor.
    from importlib import import_module

    import_module("runner.alembic_compat.finder").install()


def __getattr__(name: str) -> str:
    if name == "__version__":
        return _version()
    raise AttributeError(f"module 'runner' has no attribute {name!r}")


def _version() -> str:
    """Return the version of the installed distribution; reading it costs more than the whole import."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("revision-runner")
    except PackageNotFoundError:
        return "0+unknown"  # a work tree on the path, never installed

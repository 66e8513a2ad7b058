"""Submodules as attributes of their package, imported when they are asked for: floor 8.

Alembic imports nearly all of its modules at once, so programs write `import alembic` and then
`alembic.runtime.migration.MigrationContext`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["lazily", "names_of"]


def lazily(package: str, *names: str) -> Callable[[str], ModuleType]:
    """Return the `__getattr__` of a package that has these submodules."""

    def find(name: str) -> ModuleType:
        if name in names:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find


def names_of(package: str, module: str, *names: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module that has these names from another one, imported when it is asked for one."""

    def find(name: str) -> Any:
        if name in names:
            return getattr(import_module(module), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find

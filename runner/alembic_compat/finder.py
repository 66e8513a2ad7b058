"""The import hook behind `runner.install_alembic_names()`: floor 8.

It stands first on `sys.meta_path`, so it answers whether Alembic is installed or not. Nothing here is expensive:
SQLAlchemy and the rest are imported when a program imports the module that needs them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import NoReturn

__all__ = ["AlembicNames", "install"]

_PACKAGE = "runner.alembic_compat"
_ELSEWHERE = {"alembic.op": "runner.op", "alembic.context": "runner.context"}
_MACHINERY = frozenset({f"{_PACKAGE}.finder", f"{_PACKAGE}.install"})


class AlembicNames:
    """Finds `alembic` and everything below it among the modules of this engine."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to import `alembic` or a module below it, None for a name that is none of our business.

        Raises:
            ModuleNotFoundError: the engine has no such module. Looking further would find the real one.
        """
        if fullname == "alembic" or fullname.startswith("alembic."):
            return _alias_spec(fullname)
        if fullname.startswith(f"{_PACKAGE}."):
            # `from alembic import x` looks for x below the package's own name.
            return PathFinder.find_spec(fullname, path) or _refuse(fullname.replace(_PACKAGE, "alembic", 1))
        return None


_FINDER = AlembicNames()


def install() -> None:
    """Put the finder first on `sys.meta_path`, unless it is there already.

    Two threads at once may put it there twice, which changes nothing: it is one object without a state.

    Raises:
        AlembicAlreadyImported: `sys.modules` holds an `alembic` that is not this engine's.
    """
    _refuse_another_alembic()
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


def _refuse_another_alembic() -> None:
    found = sys.modules.get("alembic")
    if found is None or found.__name__ == _PACKAGE:
        return
    from runner.errors import AlembicAlreadyImported

    where = getattr(found, "__file__", None) or "not from a file"
    raise AlembicAlreadyImported(
        f"Another alembic ({where}) is already imported in this process, so its name cannot be given to the runner's "
        "engine. Call runner.install_alembic_names() first, before anything imports alembic.",
        file=where,
    )


def _alias_spec(fullname: str) -> ModuleSpec:
    from importlib.util import find_spec

    real = _ELSEWHERE.get(fullname, fullname.replace("alembic", _PACKAGE, 1))
    found = None if real in _MACHINERY else find_spec(real)
    if found is None:
        _refuse(fullname)
    is_package = found.submodule_search_locations is not None
    loader = _Alias(real)
    return ModuleSpec(fullname, loader, origin=found.origin, is_package=is_package)  # type: ignore[arg-type]  # see _Alias


def _refuse(fullname: str) -> NoReturn:
    raise ModuleNotFoundError(
        f"No module named {fullname!r}: in this process alembic is the runner's own engine "
        "(runner.install_alembic_names()), which does not have that part of Alembic's API.",
        name=fullname,
    )


class _Alias:
    """Gives a second name to a module of this engine; there is one module object, not a copy.

    A loader in all but its base class, whose module would cost more to import than everything here.
    """

    _own_specs: dict[str, ModuleSpec | None] = {}  # noqa: RUF012  # shared: a module may have several aliases

    def __init__(self, real: str) -> None:
        self._real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        from importlib import import_module

        module = import_module(self._real)
        self._own_specs.setdefault(self._real, module.__spec__)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Take back the spec that the import system has just overwritten; the module ran under its own name."""
        module.__spec__ = self._own_specs[self._real]

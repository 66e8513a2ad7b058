"""`import alembic`, answered by this engine: floor 8. Thin modules that only rename.

`runner.install_alembic_names()` makes `alembic.x` the module `runner.alembic_compat.x`, and `alembic.op` and
`alembic.context` the very modules `runner.op` and `runner.context`. This package is then `alembic` itself.
"""

from __future__ import annotations

from types import ModuleType

__all__ = ["__version__", "context", "op"]

__version__ = "1.20.1"
"""The version of Alembic whose public API these modules match; extensions compare it as numbers."""

op: ModuleType
context: ModuleType

_WITH_ALEMBIC = ("autogenerate", "ddl", "operations", "runtime", "script", "util")
"""What programs find as attributes after nothing but `import alembic`."""


def __getattr__(name: str) -> ModuleType:
    from importlib import import_module

    if name in ("op", "context"):
        return import_module(f"runner.{name}")
    if name in _WITH_ALEMBIC:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'alembic' (the names of the runner's engine) has no attribute {name!r}")

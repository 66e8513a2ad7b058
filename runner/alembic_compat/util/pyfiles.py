"""`alembic.util.pyfiles`: loading a Python file by its path."""

from __future__ import annotations

import os
from types import ModuleType

from runner.alembic_compat._failures import raising_originals
from runner.revisions.load import load_revision_file

__all__ = ["load_python_file"]


@raising_originals
def load_python_file(dir_: str | os.PathLike[str], filename: str | os.PathLike[str]) -> ModuleType:
    """Import a file of a directory and return the module; it is not put into `sys.modules`.

    Raises:
        ImportError: there is no such file.
    """
    path = os.path.join(dir_, filename)
    if not os.path.exists(path):
        raise ImportError(f"There is no Python file {path}.", path=path)
    return load_revision_file(path)

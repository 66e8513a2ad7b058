"""`alembic.util.pyfiles`: loading a Python file by its path."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType
from typing import Any

from runner.alembic_compat._failures import raising_originals
from runner.revisions.load import load_revision_file
from runner.revisions.locations import resolve_location

__all__ = ["coerce_resource_to_filename", "load_python_file", "template_to_file"]


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


def template_to_file(
    template_file: str | os.PathLike[str],
    dest: str | os.PathLike[str],
    output_encoding: str,
    *,
    append_with_newlines: bool = False,
    **kw: Any,
) -> None:
    """Render a Mako template into a file, or at the end of one, after an empty line.

    Raises:
        CommandError: the template cannot be rendered; nothing was written.
    """
    from runner.revisions.template import render_template

    text = render_template(os.fspath(template_file), **kw)
    with open(dest, "a" if append_with_newlines else "w", encoding=output_encoding) as file:
        file.write(f"\n\n{text}" if append_with_newlines else text)


def coerce_resource_to_filename(fname_or_resource: str) -> Path:
    """Return the path of a file, or of a `package:path` resource."""
    return Path(resolve_location(fname_or_resource))

"""`alembic.util.editor`: opening a file in the person's editor."""

from __future__ import annotations

from runner import editor

__all__ = ["open_in_editor"]


def open_in_editor(filename: str, environ: dict[str, str] | None = None) -> None:
    """Open a file and wait until it is closed.

    Args:
        filename: the file.
        environ: names the editor; None takes the process's own environment.
    """
    editor.open_in_editor((filename,), environ)

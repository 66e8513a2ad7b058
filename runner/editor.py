"""Open files in the person's editor: floor 7."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from runner.errors import EditorFailed

__all__ = ["open_in_editor"]

_FALLBACKS = ("sensible-editor", "editor", "nano", "vim", "code")


def open_in_editor(paths: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
    """Open the files, one after the other, and wait until each is closed.

    Args:
        paths: the files.
        environ: EDITOR and VISUAL name the editor, which may have options; PATH is searched for the usual ones else.
            None takes the process's own environment.

    Raises:
        EditorFailed: there is no editor, or it ended with a failure.
    """
    command = _editor(os.environ if environ is None else environ)
    for path in paths:
        try:
            ended = subprocess.run([*command, path], check=False)  # noqa: S603  # the person's own editor
        except OSError as exc:
            raise EditorFailed(f"The editor {command[0]} cannot be started: {exc.strerror}. Set EDITOR.") from exc
        if ended.returncode:
            raise EditorFailed(f"The editor {command[0]} ended with exit status {ended.returncode} on {path}.")


def _editor(environ: Mapping[str, str]) -> list[str]:
    for name in ("EDITOR", "VISUAL"):
        words = shlex.split(environ.get(name, ""))
        if words:
            return words
    found = next((path for one in _FALLBACKS if (path := shutil.which(one, path=environ.get("PATH")))), None)
    if found is None:
        raise EditorFailed(f"No editor was found. Set EDITOR; without it {', '.join(_FALLBACKS)} are looked for.")
    return [found]

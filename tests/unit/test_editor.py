"""Finding and starting the person's editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.editor import open_in_editor
from runner.errors import EditorFailed


def program(path: Path, name: str, code: int = 0) -> Path:
    """Write a program that notes how it was called."""
    file = path / name
    file.write_text(f'#!/bin/sh\necho "{name} $@" >> {path / "calls"}\nexit {code}\n')
    file.chmod(0o755)
    return file


def calls(path: Path) -> list[str]:
    """Return how the programs were called."""
    return (path / "calls").read_text().splitlines()


def test_editor_wins_over_visual_and_may_have_options(tmp_path: Path) -> None:
    """EDITOR, then VISUAL, split as a shell would; each file is opened (CLI-5)."""
    first, second = program(tmp_path, "first"), program(tmp_path, "second")
    open_in_editor(["a", "b"], {"EDITOR": f"{first} -w 'x y'", "VISUAL": str(second)})
    open_in_editor(["c"], {"EDITOR": "", "VISUAL": str(second)})
    assert calls(tmp_path) == ["first -w x y a", "first -w x y b", "second c"]


def test_the_usual_editors_are_looked_for(tmp_path: Path) -> None:
    """Without a variable the first usual editor on PATH is taken."""
    program(tmp_path, "vim")
    program(tmp_path, "editor")
    open_in_editor(["a"], {"PATH": str(tmp_path)})
    assert calls(tmp_path) == ["editor a"]


@pytest.mark.parametrize("environ", [{"PATH": ""}, {"EDITOR": "/no/such/editor"}])
def test_no_editor(environ: dict[str, str]) -> None:
    """Where there is none the sentence names the variable."""
    with pytest.raises(EditorFailed, match="Set EDITOR"):
        open_in_editor(["a"], environ)


def test_an_editor_that_fails(tmp_path: Path) -> None:
    """Its exit status is told."""
    with pytest.raises(EditorFailed, match="exit status 3 on a"):
        open_in_editor(["a", "b"], {"EDITOR": str(program(tmp_path, "bad", 3))})
    assert calls(tmp_path) == ["bad a"]

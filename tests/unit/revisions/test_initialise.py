"""Templates: what they have in common is there once, and every directory is complete."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from runner.config import Config
from runner.revisions.initialise import init_directory, templates

TEMPLATES = Path(Config().get_template_directory())
NAMES = ["async", "generic", "job", "multidb", "pyproject", "pyproject_async"]


def test_no_file_is_there_twice() -> None:
    """Two templates that are alike name one file, and not two copies of it (TPL-1)."""
    contents = Counter(path.read_bytes() for path in TEMPLATES.rglob("*") if path.is_file())
    assert [text for text, times in contents.items() if times > 1] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_template_is_complete(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory has its env.py, its file template and its configuration, shared or not (TPL-1)."""
    monkeypatch.chdir(tmp_path)
    init_directory(Config(), "db", name, env_py=True)
    made = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    configuration = ["alembic.ini", "pyproject.toml"] if name.startswith("pyproject") else ["alembic.ini"]
    assert made == sorted([*configuration, "db/README", "db/env.py", "db/script.py.mako"])


def test_all_are_listed() -> None:
    """What a template shares counts for it (CLI-10)."""
    assert [name for name, _ in templates(Config())] == NAMES


def test_own_templates_may_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template directory of one's own shares in the same way; what a template has itself comes first (CFG-48)."""
    for name, text in {"one/env.py": "1", "one/script.py.mako": "1", "two/env.py": "2"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "two" / "SHARED").write_text("../one/env.py\n../one/script.py.mako\n")

    class Own(Config):
        def get_template_directory(self) -> str:
            return str(tmp_path)

    monkeypatch.chdir(tmp_path)
    init_directory(Own(), "db", "two")
    assert (tmp_path / "db" / "env.py").read_text() == "2"
    assert (tmp_path / "db" / "script.py.mako").read_text() == "1"
    assert not (tmp_path / "db" / "SHARED").exists()

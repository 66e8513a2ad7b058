"""A type checker reads a generated file that uses directives of the program and replaceable objects."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from runner.autogenerate.render import renderers
from runner.operations import ops
from runner.operations.replaceable import Function, View
from tests.linters import MYPY, needs_linters
from tests.rendering import file_of

_ROOT = Path(__file__).parents[3]
_EXTENDING = _ROOT / "docs" / "operations" / "extending.md"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", _EXTENDING.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The module of the documentation's example, and the stub it recommends."""
    (tmp_path / "directives.py").write_text(_blocks("python")[0])
    stubs = tmp_path / "stubs" / "alembic"
    stubs.mkdir(parents=True)
    for path, text in zip(("__init__.pyi", "operations.pyi"), _blocks("pyi"), strict=True):
        (stubs / path).write_text(text)
    return tmp_path


@pytest.fixture
def generated(project: Path) -> str:
    """A file that grants, and makes a view and a function: the renderer is the documentation's."""
    text = _blocks("python")[1]

    class GrantSelect(ops.MigrateOperation):
        table_name, role = "person", "report"

    namespace: dict[str, object] = {"GrantSelect": GrantSelect, "renderers": renderers}
    exec(
        text.replace("from directives import GrantSelect", "").replace(
            "from alembic.autogenerate", "from runner.autogenerate.render"
        ),
        namespace,
    )
    view, function = View("cheap", "SELECT 1 AS one"), Function("one", "RETURNS int LANGUAGE sql AS 'SELECT 1'")
    made = [
        GrantSelect(),
        ops.CreateViewOp(view),
        ops.ReplaceViewOp(view, replaces=view),
        ops.CreateFunctionOp(function),
    ]
    return file_of(made).replace("from runner import op", "from alembic import op")


def mypy(project: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Return what `mypy --strict` says of a revision."""
    (project / "revision.py").write_text(text)
    command = [MYPY, "--strict", "--config-file=", "--follow-imports=silent", "--no-error-summary", "revision.py"]
    where = {"MYPYPATH": f"{project / 'stubs'}:{_ROOT}", "MYPY_CACHE_DIR": str(_ROOT / ".mypy_cache" / "generated")}
    environment = {**os.environ, **where}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


@needs_linters
@pytest.mark.slow
def test_a_generated_file_with_directives_of_the_program_passes(project: Path, generated: str) -> None:
    """Written as `op.invoke(...)`, an operation of the program is checked like any other call (AG-72)."""
    assert 'op.invoke(directives.GrantSelect("person", "report"))' in generated
    assert "import directives\n" in generated
    assert "op.replace_view(" in generated

    done = mypy(project, generated)

    assert (0, "") == (done.returncode, done.stdout)


@needs_linters
@pytest.mark.slow
def test_what_a_type_checker_finds(project: Path, generated: str) -> None:
    """A wrong argument of such an operation is found; the name on `op` is one the type checker does not know."""
    wrong = generated.replace('"person", "report"', '"person"')
    by_name = generated.replace("op.invoke(directives.GrantSelect(", "op.grant_select((")

    assert "[call-arg]" in mypy(project, wrong).stdout
    assert 'Module has no attribute "grant_select"' in mypy(project, by_name).stdout

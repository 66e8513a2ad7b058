"""Imports stand in the order of a linter: ruff itself is asked."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from runner.revisions.import_order import import_block, imports_variable, with_sorted_imports
from tests.linters import RUFF, needs_linters
from tests.oracle import assert_same_text

_MODULES = [
    "a",
    "a.b",
    "A",
    "a2",
    "a10",
    "b_c",
    "B.c",
    "zlib",
    "json",
    "sqlalchemy",
    "sqlalchemy.types",
    "mine",
    "mine.b",
]
_NAMES = ["x", "X", "XY", "Xy", "x2", "x10", "y_z", "Y_Z", "xY", "_x"]
_IMPORTS = st.one_of(
    st.tuples(st.sampled_from(_MODULES), st.sampled_from(["", " as z", " as Y"])).map(
        lambda it: f"import {it[0]}{it[1]}"
    ),
    st.tuples(st.sampled_from(_MODULES), st.sampled_from([*_NAMES, "x as z", "X as Y", "long" * 20])).map(
        lambda it: f"from {it[0]} import {it[1]}"
    ),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a module of its own, and one in src/."""
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "b.py").touch()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "theirs.py").touch()
    return tmp_path


def sorted_by_ruff(project: Path, text: str) -> str:
    """Return the text as `ruff check --fix --select I` leaves it."""
    file = project / "file.py"
    file.write_text(text)
    command = [RUFF, "check", "--quiet", "--no-cache", "--fix", "--select", "I001"]
    subprocess.run([*command, "file.py"], cwd=project, check=True)
    return file.read_text()


@needs_linters
@settings(max_examples=25, phases=set(Phase) - {Phase.shrink}, suppress_health_check=list(HealthCheck), deadline=None)
@given(lines=st.lists(_IMPORTS, min_size=1, max_size=25))
def test_a_linter_leaves_the_order_alone(lines: list[str], project: Path) -> None:
    """Sections, case, numbers, other names and long lines: ruff's rule I001 changes nothing."""
    text = f"{import_block([*lines, 'from __future__ import annotations'], root=str(project))}\n"

    assert_same_text(sorted_by_ruff(project, text), text)


TEMPLATE = """\
\"\"\"A message\"\"\"

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
{imports}

revision: str = "a1"
names: Sequence[str] = ()
op, sa
"""
ADDED = ["import pgvector.sqlalchemy", "import datetime", "import theirs", "from mine.b import Money", "import zzz"]


@needs_linters
def test_what_is_added_takes_its_place_among_the_imports_of_a_template(project: Path) -> None:
    """The standard library, packages and modules of the program, here or in src/, each in its section."""
    added = imports_variable(ADDED)
    text = with_sorted_imports(TEMPLATE.format(imports=added), added, str(project))

    assert text.splitlines()[2:14] == [
        "import datetime",
        "from collections.abc import Sequence",
        "",
        "import pgvector.sqlalchemy",
        "import sqlalchemy as sa",
        "import zzz",
        "from alembic import op",
        "",
        "import theirs",
        "from mine.b import Money",
        "",
        'revision: str = "a1"',
    ]
    assert_same_text(sorted_by_ruff(project, text), text)


@needs_linters
def test_a_revision_directory_named_alembic_is_what_a_linter_takes_for_the_package(project: Path) -> None:
    """Ruff puts `from alembic import op` into the section of the program then, so the file does, too."""
    (project / "alembic").mkdir()
    (project / "alembic" / "env.py").touch()
    text = with_sorted_imports(TEMPLATE.replace("{imports}\n", ""), "", str(project))

    assert "import sqlalchemy as sa\n\nfrom alembic import op\n" in text
    assert_same_text(sorted_by_ruff(project, text), text)


@pytest.mark.parametrize(
    "head",
    [
        "from alembic import op\nimport sqlalchemy as sa\n",  # the order of Alembic's own template
        "import sqlalchemy as sa  # noqa: F401\nfrom alembic import op\n",
        "import sqlalchemy as sa\n# what the program adds\nfrom alembic import op\n",
    ],
)
def test_a_template_with_an_order_of_its_own_keeps_it(head: str, project: Path) -> None:
    """Its imports are not moved; what is added stands where the template has it."""
    text = f"{head}import datetime\n\n\nop, sa\n"

    assert text == with_sorted_imports(text, "import datetime", str(project))


def test_what_is_no_python_stays_as_it_is(project: Path) -> None:
    """The complaint about the text comes later, with its line."""
    assert with_sorted_imports("import b\nimport a (", "", str(project)) == "import b\nimport a ("
    assert with_sorted_imports("x = 1\n", "", str(project)) == "x = 1\n"


def test_imports_are_sorted_and_merged(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard library first, names of one module on one line, others as they are."""
    monkeypatch.chdir(project / "mine")
    lines = ["from mako import y", "from mako import x", "import mine.b as c", "import datetime", "if True: import d"]
    block = "import datetime\n\nfrom mako import x, y\n\nimport mine.b as c\n\nif True: import d"

    assert import_block(lines, root=str(project)) == block
    assert imports_variable(lines) == block
    assert import_block([]) == ""
    assert imports_variable(["import mine.b", "import sqlalchemy"]) == "import sqlalchemy\n\nimport mine.b"
    assert imports_variable(["import mine.b"]) == "\nimport mine.b"
    assert ast.parse(imports_variable([f"from x import {'y' * 50}, {'z' * 50}"])).body

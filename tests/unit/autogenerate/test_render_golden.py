"""Every operation as it is written into a file, compared with tests/golden/rendered/."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy
from packaging.specifiers import SpecifierSet

from runner.autogenerate.render import renderers
from runner.operations import ops
from tests.fix_golden import Golden
from tests.linters import MYPY, RUFF, needs_linters
from tests.render_cases import CASES, RenderCase, case_named, case_parameters
from tests.rendering import rendered_case

_ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("case", case_parameters())
def test_an_operation_is_written_as_its_golden_file_says(case: RenderCase, golden: Golden) -> None:
    """The text of each operation, formatted, under any hash seed (AG-50 to AG-55)."""
    text = rendered_case(case)

    ast.parse(text)
    golden(f"rendered/{case.name}.txt", text)


@pytest.mark.sqlalchemy(">= 2.0.37")  # so that every case can be built
def test_every_operation_has_a_golden_file() -> None:
    """What the engine can do can be written into a file, and is (AG-54)."""
    abstract = {ops.MigrateOperation, ops.AlterTableOp, ops.AddConstraintOp, ops.MigrationScript}
    every = {cls for cls in vars(ops).values() if isinstance(cls, type) and issubclass(cls, ops.MigrateOperation)}
    used = {type(op) for case in CASES for op in _all(case.build(ops))}
    bases = {base for cls in used for base in cls.__mro__[1:]}

    assert {cls.__name__ for cls in every - abstract if renderers.dispatch(cls) is None} == set()
    assert {cls.__name__ for cls in every - abstract - used - bases} == {"UpgradeOps", "DowngradeOps"}


def _all(operations: list[ops.MigrateOperation]) -> list[ops.MigrateOperation]:
    return [inner for op in operations for inner in [op, *_all(getattr(op, "ops", []))]]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A directory with the file of every case."""
    for case in CASES:
        if SpecifierSet(case.sqlalchemy).contains(sqlalchemy.__version__):
            (tmp_path / f"case_{case.name}.py").write_text(rendered_case(case), encoding="utf-8")
    return tmp_path


@needs_linters
def test_a_formatter_and_a_linter_have_nothing_to_say(files: Path) -> None:
    """A file is formatted, and passes ruff's default rules, before any post-write hook sees it."""
    of_the_program = "lint.isort.known-first-party = ['tests']"  # where the types of a program come from
    for command in (["format", "--check", "--diff"], ["check", "--config", of_the_program]):
        done = subprocess.run(
            [RUFF, *command, "--isolated", "."], cwd=files, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@needs_linters
@pytest.mark.slow
def test_a_type_checker_has_nothing_to_say(files: Path) -> None:
    """A file passes `mypy --strict`."""
    done = subprocess.run(
        [
            MYPY,
            "--strict",
            "--config-file=",
            "--follow-imports=silent",
            f"--cache-dir={files / '.cache'}",
            ".",
        ],
        cwd=files,
        env={**os.environ, "MYPYPATH": str(_ROOT)},  # for the types of a program
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.sqlalchemy(case_named("create_table_constraints").sqlalchemy)
@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_text_does_not_depend_on_the_hash_seed(seed: str, golden: Golden) -> None:
    """Sets and dictionaries are sorted before they are written."""
    program = (
        "from tests.render_cases import case_named; from tests.rendering import rendered_case\n"
        "print(rendered_case(case_named('create_table_constraints')), end='')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=_ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    golden("rendered/create_table_constraints.txt", done.stdout)

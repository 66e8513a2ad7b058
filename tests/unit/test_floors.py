"""The floors of the package hold: who imports whom, who touches the outside world, what a light module may load."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import ROOT, scrubbed_environment

PACKAGE = ROOT / "runner"
# What lies in templates/ is copied into projects, not imported.
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "templates" not in path.parts)

# The rim talks to the outside world; everything below it is told. pyproject.toml says which modules that is.
LAYERS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"][0][
    "layers"
]
RIM = {f"{name}.py" for layer in LAYERS if "__main__" in layer for name in re.findall(r"\w+", layer)}

# What may not be called or read below the rim, by dotted name.
FORBIDDEN_BELOW_THE_RIM = {
    "logging.basicConfig",
    "logging.config",
    "os.environ",
    "os.getenv",
    "print",
    "sys.exit",
    "sys.stderr",
    "sys.stdout",
}

# Alembic's public constructors write to standard output unless told otherwise, its command line looks for
# ALEMBIC_CONFIG, and ours are the same.
ALLOWED = {
    ("alembic_compat/_command_line.py", "os.environ"),
    ("config.py", "sys.stdout"),
    ("migration/context.py", "sys.stdout"),
    ("migration/environment.py", "sys.stdout"),
}

HEAVY = {"alembic", "mako", "psycopg", "pydantic", "pydantic_settings", "sqlalchemy", "structlog"}
LIGHT_MODULES = [
    "runner.clock",
    "runner.config",
    "runner.errors",
    "runner.events",
    "runner.graph",
    "runner.revisions.scan",
    "runner.database.url",
]


def _below_the_rim() -> list[Path]:
    return [path for path in MODULES if path.relative_to(PACKAGE).as_posix() not in RIM]


def _dotted_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}", node.lineno


def test_import_contracts_are_kept() -> None:
    """The import-linter contracts of pyproject.toml hold."""
    answer = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=ROOT,
        env=scrubbed_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("path", _below_the_rim(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_only_the_rim_touches_the_outside_world(path: Path) -> None:
    """Below the rim nothing prints, reads the environment, exits or configures logging."""
    module = path.relative_to(PACKAGE).as_posix()
    found = [
        f"line {line}: {name}"
        for name, line in _dotted_names(ast.parse(path.read_text(encoding="utf-8")))
        if name in FORBIDDEN_BELOW_THE_RIM and (module, name) not in ALLOWED
    ]
    assert found == []


@pytest.mark.parametrize("module", LIGHT_MODULES)
def test_light_modules_load_nothing_heavy(module: str) -> None:
    """The modules of a run with nothing to do load no SQLAlchemy, Mako, pydantic, structlog or driver."""
    code = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", code], env=scrubbed_environment(), capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout.strip()) == (0, ""), answer.stderr


def test_an_online_run_loads_no_other_database() -> None:
    """What runs an env.py knows all databases, and leaves SQLAlchemy's modules for them to whoever writes a script."""
    loaded = "(name for name in sys.modules if name.startswith('sqlalchemy.dialects.'))"
    code = f"import sys, runner.commands.environment; print(*{loaded})"
    answer = subprocess.run(
        [sys.executable, "-c", code], env=scrubbed_environment(), capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout.strip()) == (0, ""), answer.stderr


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_modules_say_what_is_public(path: Path) -> None:
    """Every module with a name of its own states `__all__`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined = [
        node
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)) and not node.name.startswith("_")
    ]
    assigned = [
        target.id
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    ]
    assert not defined or "__all__" in assigned

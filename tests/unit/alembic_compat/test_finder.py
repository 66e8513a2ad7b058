"""The import hook, each time in a process of its own: installing it is for good."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from runner.errors import AlembicAlreadyImported
from tests.programs import Finished, run_program


@pytest.fixture
def python(tmp_path: Path) -> _Python:
    """Runs Python text in an empty directory."""
    return _Python(tmp_path)


class _Python:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, text: str) -> Finished:
        return run_program([sys.executable, "-W", "error", "-c", textwrap.dedent(text)], cwd=self._folder).check()


def test_importing_runner_loads_nothing(python: _Python) -> None:
    """`import runner` is free of side effects; installing the names loads the hook and nothing that it serves."""
    python("""
        import sys
        before = set(sys.modules)
        finders = list(sys.meta_path)
        import runner
        assert set(sys.modules) - before <= {"runner", "__future__"}, set(sys.modules) - before
        assert sys.meta_path == finders
        runner.install_alembic_names()
        ours = {name for name in sys.modules if name.startswith("runner")}
        assert ours == {"runner", "runner.alembic_compat", "runner.alembic_compat.finder"}, ours
        assert "alembic" not in sys.modules and "sqlalchemy" not in sys.modules
        assert len(sys.meta_path) == len(finders) + 1
    """)


def test_op_and_context_are_the_real_modules(python: _Python) -> None:
    """alembic.op and alembic.context are runner.op and runner.context, whose specs stay as they were (TP-1, TP-3)."""
    python("""
        import runner
        runner.install_alembic_names()
        import alembic.op
        from alembic import context, op
        import alembic
        import alembic.context as same_context
        import runner.context, runner.op
        assert alembic.op is op is runner.op
        assert alembic.context is context is same_context is runner.context
        for module in (runner.op, runner.context, alembic):
            assert module.__spec__.name == module.__name__, module.__spec__
            assert module.__spec__.origin == module.__file__
        assert alembic.__path__ and not hasattr(alembic, "command_that_does_not_exist")
        for name, module in (("configure", context), ("execute", op)):
            try:
                getattr(module, name)("x")
            except NameError as error:
                assert name in str(error), error
            else:
                raise AssertionError(name)
    """)


def test_modules_have_one_object_under_both_names(python: _Python) -> None:
    """alembic.x is runner.alembic_compat.x, however it is imported, and can be reloaded and found."""
    python("""
        import runner
        runner.install_alembic_names()
        from importlib import import_module, reload
        from importlib.util import find_spec
        from alembic import util
        import alembic.util.exc
        assert alembic.util is util is import_module("runner.alembic_compat.util")
        assert alembic.util.exc is import_module("runner.alembic_compat.util.exc")
        assert alembic.util.CommandError is import_module("runner.errors").RunnerError
        spec = find_spec("alembic.runtime")
        assert spec.submodule_search_locations is not None and spec.origin.endswith("__init__.py")
        assert reload(alembic.util.exc) is alembic.util.exc
    """)


def test_attributes_after_importing_only_alembic(python: _Python) -> None:
    """What `import alembic` alone gives with Alembic is there, loaded when it is asked for."""
    python("""
        import runner, sys
        runner.install_alembic_names()
        import alembic
        assert "sqlalchemy" not in sys.modules
        assert alembic.util.CommandError and alembic.operations.Operations and alembic.script.ScriptDirectory
        assert alembic.op.create_table and alembic.context.configure and alembic.ddl.DefaultImpl
        assert alembic.runtime.migration.MigrationContext and alembic.runtime.environment.EnvironmentContext
        assert [int(part) for part in alembic.__version__.split(".")] >= [1, 16, 0]
    """)


@pytest.mark.parametrize(
    "statement",
    [
        "import alembic.testing",
        "from alembic import testing",
        "from alembic.testing import env",
        "import alembic.finder",
    ],
)
def test_a_module_that_does_not_exist(python: _Python, statement: str) -> None:
    """What the engine lacks is a ModuleNotFoundError that says who answers here, though Alembic is installed."""
    ended = python(f"""
        import runner
        runner.install_alembic_names()
        try:
            {statement}
        except ModuleNotFoundError as error:
            print(error.name, error)
    """)
    assert ended.stdout.startswith(
        ("alembic.testing No module named 'alembic.testing'", "alembic.finder No module named")
    )
    assert "the runner's own engine" in ended.stdout


def test_installing_again_and_from_threads(python: _Python) -> None:
    """Installing is idempotent, also from many threads at once, and by importing one module."""
    python("""
        import sys
        from concurrent.futures import ThreadPoolExecutor
        import runner
        with ThreadPoolExecutor(16) as pool:
            for done in [pool.submit(runner.install_alembic_names) for _ in range(64)]:
                done.result()
        import alembic
        import runner.alembic_compat.install
        runner.install_alembic_names()
        from runner.alembic_compat.finder import AlembicNames
        assert len({id(one) for one in sys.meta_path if isinstance(one, AlembicNames)}) == 1
    """)


def test_importing_from_threads(python: _Python) -> None:
    """Threads that give the same modules their second names at once get one object each, with its spec intact."""
    python("""
        import sys
        import threading
        from concurrent.futures import ThreadPoolExecutor
        from importlib import import_module
        import runner
        runner.install_alembic_names()
        real = ["runner.op", "runner.context", "runner.alembic_compat.util", "runner.alembic_compat.util.exc"]
        for name in real:  # one after the other: SQLAlchemy itself cannot be imported from two places at once
            import_module(name)
        names = ["alembic.op", "alembic.context", "alembic.util", "alembic.util.exc"] * 5
        start = threading.Barrier(len(names))
        sys.setswitchinterval(1e-6)

        def load(name):
            start.wait()
            module = import_module(name)
            assert module.__spec__.name == module.__name__
            return name, id(module)

        with ThreadPoolExecutor(len(names)) as pool:
            assert len(set(pool.map(load, names))) == 4
        assert [sys.modules[name].__spec__.name for name in real] == real
    """)


def test_another_alembic_is_there_already(python: _Python) -> None:
    """Where the real Alembic was imported first, installing refuses and says what to do; nothing is changed."""
    ended = python("""
        import sys
        import alembic
        import runner
        finders = list(sys.meta_path)
        try:
            runner.install_alembic_names()
        except runner.errors.RunnerError as error:
            print(error.code, error.exit_code, error)
        assert sys.meta_path == finders and sys.modules["alembic"] is alembic
    """)
    assert ended.stdout.startswith(
        f"{AlembicAlreadyImported.code} {AlembicAlreadyImported.exit_code} Another alembic ("
    )
    assert "Call runner.install_alembic_names() first" in ended.stdout


def test_the_version_of_the_package(python: _Python) -> None:
    """runner.__version__ is that of the distribution, looked up when asked for; other names are AttributeErrors."""
    python("""
        import runner, sys
        assert "importlib.metadata" not in sys.modules
        from importlib.metadata import PackageNotFoundError, version
        try:
            expected = version("revision-runner")
        except PackageNotFoundError:
            expected = "0+unknown"
        assert runner.__version__ == expected
        assert set(runner.__all__) == {"__version__", "install_alembic_names"}
        assert not hasattr(runner, "nothing")
    """)

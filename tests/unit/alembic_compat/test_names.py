"""The thin modules: which of Alembic's modules and names there are, and that they are the engine's own objects."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import runner.alembic_compat

PACKAGE = "runner.alembic_compat"
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(runner.alembic_compat.__path__, f"{PACKAGE}.")
    if module.name not in {f"{PACKAGE}.install", f"{PACKAGE}.finder"}
)

SAME_OBJECTS = {
    "autogenerate.Rewriter": "runner.autogenerate.rewriter.Rewriter",
    "autogenerate.api.AutogenContext": "runner.autogenerate.context.AutogenContext",
    "autogenerate.comparators": "runner.autogenerate.plugins.comparators",
    "autogenerate.renderers": "runner.autogenerate.render.renderers",
    "runtime.plugins.Plugin": "runner.autogenerate.plugins.Plugin",
    "script.write_hooks.register": "runner.revisions.write_hooks.register",
    "util.PriorityDispatcher": "runner.autogenerate.dispatch.PriorityDispatcher",
    "config.Config": "runner.config.Config",
    "ddl.base.AddColumn": "runner.dialects.ddl.AddColumn",
    "ddl.impl.DefaultImpl": "runner.dialects.base.DefaultImpl",
    "ddl.mysql.MySQLImpl": "runner.dialects.mysql.MySQLImpl",
    "ddl.postgresql.PostgresqlImpl": "runner.dialects.postgresql.PostgresqlImpl",
    "ddl.sqlite.SQLiteImpl": "runner.dialects.sqlite.SQLiteImpl",
    "environment.EnvironmentContext": "runner.migration.environment.EnvironmentContext",
    "migration.MigrationContext": "runner.migration.context.MigrationContext",
    "operations.Operations": "runner.operations.Operations",
    "operations.ops.MigrationScript": "runner.operations.MigrationScript",
    "runtime.environment.EnvironmentContext": "runner.migration.environment.EnvironmentContext",
    "runtime.migration.MigrationInfo": "runner.migration.info.MigrationInfo",
    "script.Script": "runner.revisions.directory.Script",
    "script.ScriptDirectory": "runner.revisions.directory.ScriptDirectory",
    "script.revision.RevisionError": "runner.errors.GraphError",
    "util.CommandError": "runner.errors.RunnerError",
    "util.exc.DatabaseNotAtHead": "runner.errors.DatabaseBehind",
}

# Names of Alembic's that come with the parts of the engine that do not exist yet, or that nobody outside uses.
NOT_YET = {
    "autogenerate.render": {"MAX_PYTHON_ARGS"},
    "config": {"MessagingOptions"},
    "ddl.impl": {"Params"},
    "ddl.mssql": {"mssql_add_column", "visit_rename_column"},
    "ddl.oracle": {"add_column", "alter_column"},
    "operations.batch": {"ApplyBatchImpl"},
    "runtime.migration": {"HeadMaintainer", "RevisionStep", "StampStep"},
    "script.revision": {"is_revision", "tuple_rev_as_scalar"},
    "util.langhelpers": {"ModuleClsProxy"},
    "util.pyfiles": {"load_module_py", "pyc_file_from_path"},
    "util.sqla_compat": {"all_table_check_constraints"},
}


def _attribute(path: str) -> object:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_exists(module: str) -> None:
    """Each module can be imported by itself, and has what it says it has."""
    loaded = importlib.import_module(module)
    assert [name for name in loaded.__all__ if not hasattr(loaded, name)] == []


@pytest.mark.parametrize(("name", "ours"), SAME_OBJECTS.items())
def test_names_are_the_engines_own_objects(name: str, ours: str) -> None:
    """A compatibility name is the engine's object, not a copy or a subclass of it."""
    assert _attribute(f"{PACKAGE}.{name}") is _attribute(ours)


@pytest.mark.parametrize("module", [name for name in MODULES if "._" not in name])
def test_what_alembic_defines_in_a_module_is_there(module: str) -> None:
    """Every public class and function that Alembic defines in a module is in ours, but for a known list."""
    short = module.removeprefix(f"{PACKAGE}.")
    oracle = importlib.import_module(f"alembic.{short}")
    defined = {
        name
        for name, value in vars(oracle).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == oracle.__name__
    }
    loaded = importlib.import_module(module)
    missing = {name for name in defined if not hasattr(loaded, name)}
    assert missing <= NOT_YET.get(short, set())


def test_errors_that_programs_catch_have_the_right_parents() -> None:
    """An unknown and an ambiguous revision are ResolutionErrors, and all of them CommandErrors (TP-17, TP-24)."""
    revision = importlib.import_module(f"{PACKAGE}.script.revision")
    util = importlib.import_module(f"{PACKAGE}.util")
    errors = importlib.import_module("runner.errors")
    assert issubclass(errors.UnknownRevision, revision.ResolutionError)
    assert issubclass(errors.AmbiguousRevision, revision.ResolutionError)
    for name in revision.__all__:
        value = getattr(revision, name)
        if issubclass(value, BaseException):
            assert issubclass(value, revision.RevisionError)
            assert issubclass(value, util.CommandError)


def test_strays_of_the_old_aliases() -> None:
    """The old aliases hand out what editors once completed from them, and nothing made up (TP-15)."""
    environment = importlib.import_module(f"{PACKAGE}.environment")
    assert environment.Optional[int]
    assert environment.Column.__module__.startswith("sqlalchemy")
    with pytest.raises(AttributeError, match=r"alembic\.environment.*nothing_like_that"):
        _ = environment.nothing_like_that

"""The keywords of context.configure() that autogenerate reads: the same effect as with Alembic."""

from __future__ import annotations

import ast
import re
from types import SimpleNamespace
from typing import Any

import alembic.autogenerate
import alembic.migration
import pytest
import sqlalchemy as sa

from runner.autogenerate.api import produce_migrations
from runner.autogenerate.render import render_python_code
from runner.migration.context import MigrationContext

EXISTING_DEFAULT = re.compile(r", existing_server_default=\w+\.text\('1'\)")
"""Ours always says what the default was, for the way back."""
OURS = SimpleNamespace(produce_migrations=produce_migrations, render_python_code=render_python_code)
TABLES = (
    "CREATE TABLE kept (id INTEGER NOT NULL PRIMARY KEY, n INTEGER DEFAULT 1, gone TEXT)",
    "CREATE TABLE old (id INTEGER NOT NULL PRIMARY KEY)",
    "CREATE TABLE far.old_too (id INTEGER NOT NULL PRIMARY KEY)",
)


class Special(sa.types.UserDefinedType[str]):
    """A type of the user's."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return its name in the database."""
        return "TEXT"


def _model() -> sa.MetaData:
    metadata = sa.MetaData(naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s"})
    sa.Table(
        "kept", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Text, server_default="2")
    )
    sa.Table("new", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("s", Special, unique=True))
    return metadata


def _second() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("old", metadata, sa.Column("id", sa.Integer, primary_key=True))
    return metadata


def _never(*_: Any) -> bool:
    return False


def _not_old(name: str | None, type_: str, parents: Any) -> bool:
    return not (type_ == "table" and name == "old" and parents["schema_qualified_table_name"] == "old")


def _not_gone(_object: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
    return not (type_ == "column" and name == "gone" and reflected and compare_to is None)


def _item(type_: str, item: Any, context: Any) -> Any:
    if type_ == "type" and isinstance(item, Special):
        context.imports.add("import mine")
        return "mine.Special"
    return None if type_ == "unique_constraint" else False


def _always_changed(_context: Any, _old: Any, _new: Any, _old_default: Any, _new_default: Any, _text: Any) -> bool:
    return True


KEYWORDS: dict[str, dict[str, Any]] = {
    "ENV-34 target_metadata is several": {"target_metadata": lambda: [_model(), _second()]},
    "ENV-35 compare_type is off": {"compare_type": False},
    "ENV-35 compare_type is a function": {"compare_type": _never},
    "ENV-36 compare_server_default is on": {"compare_server_default": True},
    "ENV-36 compare_server_default is a function": {"compare_server_default": _always_changed},
    "ENV-37 include_name": {"include_name": _not_old},
    "ENV-38 include_object": {"include_object": _not_gone},
    "ENV-39 include_schemas": {"include_schemas": True},
    "ENV-40 render_item": {"render_item": _item},
    "ENV-41 render_as_batch": {"render_as_batch": True},
    "ENV-44 alembic_module_prefix": {"alembic_module_prefix": "migration."},
    "ENV-44 sqlalchemy_module_prefix": {"sqlalchemy_module_prefix": "sql."},
    "ENV-44 user_module_prefix": {"user_module_prefix": "types."},
    "ENV-45 autogenerate_plugins": {"autogenerate_plugins": ["alembic.autogenerate.*", "~alembic.autogenerate.types"]},
}


def _without_past(statements: list[str]) -> list[str]:
    return [EXISTING_DEFAULT.sub("", statement) for statement in statements]


def _rendered(
    autogenerate: Any, context_class: Any, connection: sa.Connection, **options: Any
) -> tuple[list[str], set[str]]:
    """Return the statements that autogenerate writes, however they are laid out, and the imports it asks for."""
    metadata = options.pop("target_metadata", _model)()
    imports: set[str] = set()
    context = context_class.configure(connection, opts={"target_metadata": metadata, **options})
    script = autogenerate.produce_migrations(context, metadata)
    renders = {
        name: value
        for name, value in options.items()
        if name.startswith(("render_", "alembic_", "sqlalchemy_", "user_"))
    }
    text = autogenerate.render_python_code(script.upgrade_ops, migration_context=context, imports=imports, **renders)
    function: Any = ast.parse(f"def upgrade():\n    {text if text.startswith('#') else text.lstrip()}").body[0]
    return sorted(map(ast.unparse, function.body)), imports


@pytest.mark.parametrize("case", KEYWORDS)
def test_a_keyword_has_the_effect_it_has_with_alembic(case: str) -> None:
    """What is found and written is Alembic's, and other than without the keyword (ENV-34 to ENV-41, ENV-44, ENV-45)."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql("ATTACH ':memory:' AS far")
        for statement in TABLES:
            connection.exec_driver_sql(statement)

        plain = _rendered(OURS, MigrationContext, connection)
        ours = _rendered(OURS, MigrationContext, connection, **KEYWORDS[case])
        theirs = _rendered(alembic.autogenerate, alembic.migration.MigrationContext, connection, **KEYWORDS[case])
    engine.dispose()

    assert ours != plain
    assert _without_past(ours[0]) == _without_past(theirs[0])
    assert ours[1] >= theirs[1]  # ours imports the modules of types, too

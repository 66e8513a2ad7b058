"""From one model to another and back by the file that autogenerate writes: it runs as it is, and nothing is left."""

from __future__ import annotations

import ast
from typing import Any

import sqlalchemy as sa

from runner.autogenerate.api import compare_metadata, produce_migrations
from runner.autogenerate.context import AutogenContext
from runner.autogenerate.render import render_python_into_templatevars
from runner.migration.context import MigrationContext
from runner.operations import Operations

__all__ = ["assert_round_trip", "run", "written"]


def assert_round_trip(connection: sa.Connection, before: sa.MetaData, after: sa.MetaData) -> str:
    """Go from the model that the database has to another one and back, and return the file that did it."""
    revision = written(connection, after)
    connection.rollback()
    for direction, wanted in (("upgrade", after), ("downgrade", before)):
        run(connection, revision, direction)
        connection.commit()
        found = compare_metadata(_context(connection), wanted)
        connection.rollback()
        assert found == [], f"{direction}\n{revision}\n{found}"
    return revision


def written(connection: sa.Connection, model: sa.MetaData) -> str:
    """Return the file that autogenerate writes."""
    context = _context(connection)
    script = produce_migrations(context, model)
    variables: dict[str, Any] = {}
    render_python_into_templatevars(AutogenContext(context, metadata=model), script, variables)
    bodies = "\n\n\n".join(f"def {name}() -> None:\n    {variables[name + 's']}" for name in ("upgrade", "downgrade"))
    return f"import sqlalchemy as sa\n{variables['imports']}\n\n\n{bodies}\n"


def run(connection: sa.Connection, revision: str, direction: str) -> None:
    """Run one function of a file.

    Raises:
        AssertionError: it fails; the file is in the message.
    """
    namespace: dict[str, Any] = {"op": Operations(_context(connection))}
    exec(compile(ast.parse(revision), "revision", "exec"), namespace)
    try:
        namespace[direction]()
    except Exception as exc:
        raise AssertionError(f"{direction}() fails: {exc}\n{revision}") from exc


def _context(connection: sa.Connection) -> MigrationContext:
    options = {"compare_server_default": True, "include_schemas": True}
    batch = connection.dialect.name == "sqlite"
    return MigrationContext.configure(connection, opts={**options, "render_as_batch": batch})

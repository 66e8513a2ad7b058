"""Rendering for tests: operations to the text of a whole revision file, and back to operations."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from runner.autogenerate.context import AutogenContext
from runner.autogenerate.render import render_python_code
from runner.migration.context import MigrationContext
from runner.operations import Operations, ops
from runner.revisions.import_order import import_block
from tests.render_cases import RenderCase
from tests.unit.dialects.standin import StandInContext

_ROOT = str(Path(__file__).parents[1])
_ALWAYS = {"sa": "import sqlalchemy as sa", "op": "from runner import op"}

__all__ = ["executed", "file_of", "migration_context", "rendered_case", "rendering_context"]


def migration_context(dialect: str = "postgresql", **opts: Any) -> MigrationContext:
    """Return a context without a database."""
    return MigrationContext.configure(dialect_name=dialect, opts=opts)


def rendering_context(dialect: str = "postgresql", **opts: Any) -> AutogenContext:
    """Return a context for renderers alone."""
    return AutogenContext(migration_context(dialect, **opts), autogenerate=False)


def file_of(operations: list[Any], *, dialect: str = "postgresql", **options: Any) -> str:
    """Return a file whose upgrade() is these operations."""
    imports: set[str] = set()
    context = migration_context(dialect, target_metadata=options.pop("target_metadata", None))
    body = render_python_code(ops.UpgradeOps(operations), imports=imports, migration_context=context, **options)
    used = [line for name, line in _ALWAYS.items() if f"{name}." in body]
    block = import_block([*imports, *used], root=_ROOT)
    head = f"{block}\n\n\n" if block else "\n"
    return f'"""Rendered."""\n\n{head}def upgrade() -> None:\n    {body}\n'


def rendered_case(case: RenderCase) -> str:
    """Return the file of a case."""
    return file_of(case.build(ops), dialect=case.dialect, render_as_batch=case.batch)


class _Recorder(Operations):
    """Operations that are not carried out but kept."""

    def __init__(self, dialect: str, target_metadata: sa.MetaData | None) -> None:
        impl = migration_context(dialect).impl
        context: Any = StandInContext(impl, opts={"target_metadata": target_metadata})
        super().__init__(context)
        self.recorded: list[ops.MigrateOperation] = []

    def invoke(self, operation: ops.MigrateOperation) -> Any:
        """Keep the operation."""
        self.recorded.append(operation)


def executed(
    text: str, *, dialect: str = "postgresql", target_metadata: sa.MetaData | None = None
) -> list[ops.MigrateOperation]:
    """Return the operations that upgrade() of a file asks for."""
    recorder = _Recorder(dialect, target_metadata)
    tree = ast.parse(text)
    tree.body = [node for node in tree.body if ast.unparse(node) != "from runner import op"]
    namespace: dict[str, Any] = {"op": recorder}
    exec(compile(tree, "revision", "exec"), namespace)
    namespace["upgrade"]()
    return recorder.recorded

from __future__ import annotations

from typing import Any

import alembic.autogenerate.rewriter
import alembic.operations.ops
import pytest
import sqlalchemy as sa

from runner.autogenerate.rewriter import Rewriter
from runner.operations import ops

Oracle = alembic.autogenerate.rewriter.Rewriter


def script(ops: Any, *upgrade: Any) -> Any:
    return ops.MigrationScript("a", ops.UpgradeOps(list(upgrade)), ops.DowngradeOps([]))


def shape(op: Any) -> Any:
    """Return an operation as its class name, with those of what it holds."""
    inner = getattr(op, "ops", None)
    return type(op).__name__ if inner is None else (type(op).__name__, [shape(item) for item in inner])


def add(ops: Any, name: str) -> Any:
    return ops.AddColumnOp("t", sa.Column(name, sa.Integer()))


def several(ops: Any, writer: Any) -> None:
    writer.rewrites(ops.AddColumnOp)(lambda _c, _r, op: [op, add(ops, "more")])


def none(ops: Any, writer: Any) -> None:
    writer.rewrites(ops.AlterTableOp)(lambda _c, _r, _op: [])


def container(ops: Any, writer: Any) -> None:
    writer.rewrites(ops.ModifyTableOps)(lambda _c, _r, _op: [ops.ModifyTableOps("t", [add(ops, "x")]), add(ops, "y")])
    writer.rewrites(ops.AddColumnOp)(lambda _c, _r, op: [op, ops.ExecuteSQLOp(f"SELECT '{op.column.name}'")])


def whole_file(ops: Any, writer: Any) -> None:
    writer.rewrites(ops.MigrationScript)(lambda _c, _r, op: op)
    writer.rewrites(ops.UpgradeOps)(lambda _c, _r, op: ops.UpgradeOps([*op.ops, ops.ExecuteSQLOp("SELECT 1")]))


@pytest.mark.parametrize("register", [several, none, container, whole_file])
def test_the_same_functions_make_the_same_operations_as_in_alembic(register: Any) -> None:
    """What is replaced, removed and visited is what Alembic's Rewriter replaces, removes and visits (AG-71)."""
    results = []
    for module, cls in ((alembic.operations.ops, Oracle), (ops, Rewriter)):
        module_ops: Any = module
        writer: Any = cls()
        register(module_ops, writer)
        columns = [module_ops.DropColumnOp("t", "c"), add(module_ops, "a")]
        files = [script(module_ops, module_ops.ModifyTableOps("t", columns))]
        writer(None, ("head",), files)
        results.append([shape(files[0].upgrade_ops), shape(files[0].downgrade_ops)])

    assert results[0] == results[1]


def test_a_chain_runs_one_rewriter_after_another_and_leaves_the_first_as_it_was() -> None:
    """`chain()` returns a new rewriter; functions may be links too (AG-71)."""
    seen: list[str] = []
    first, second = Rewriter(), Rewriter()
    first.rewrites(ops.DropTableOp)(lambda _c, _r, op: [ops.ExecuteSQLOp("SELECT 1"), op])

    @second.rewrites(ops.ExecuteSQLOp)
    def note(_context: Any, _revision: Any, op: ops.ExecuteSQLOp) -> ops.ExecuteSQLOp:
        seen.append("second")
        return op

    def last(_context: Any, revision: Any, directives: list[ops.MigrationScript]) -> None:
        seen.append(f"last {revision} {len(directives)}")

    files = [script(ops, ops.DropTableOp("t"))]
    first.chain(second).chain(last)(None, "head", files)
    first(None, "head", files)

    assert seen == ["second", "last head 1"]
    assert [shape(op) for op in files[0].upgrade_ops.ops] == ["ExecuteSQLOp", "DropTableOp"]


def test_a_function_can_be_for_several_classes_and_return_nothing() -> None:
    """A sequence of classes registers for each of them; None stands for no operation."""
    writer = Rewriter()
    writer.rewrites([ops.AddColumnOp, ops.DropColumnOp])(lambda _c, _r, _op: None)
    files = [script(ops, ops.ModifyTableOps("t", [add(ops, "a"), ops.DropColumnOp("t", "b")]), ops.DropTableOp("t"))]
    writer(None, "head", files)

    assert shape(files[0].upgrade_ops) == ("UpgradeOps", [("ModifyTableOps", []), "DropTableOp"])


def test_a_second_function_for_a_class_is_an_error() -> None:
    """Two functions for one class would hide each other."""
    writer = Rewriter()
    writer.rewrites(ops.DropTableOp)(lambda _c, _r, op: op)

    with pytest.raises(ValueError, match="DropTableOp"):
        writer.rewrites(ops.DropTableOp)(lambda _c, _r, op: op)

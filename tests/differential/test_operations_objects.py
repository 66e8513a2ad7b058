"""Operation objects next to Alembic's: signatures, attributes, differences, inverses."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import alembic.ddl.postgresql as alembic_postgresql
import alembic.operations as alembic_operations
import pytest
import sqlalchemy as sa
from alembic.operations import ops as alembic_ops
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.schema import CreateIndex, CreateTable

from runner.operations import BatchOperations, Operations, ops
from runner.operations.ops.constraints import CreateExcludeConstraintOp
from runner.operations.schemaobj import SchemaObjects

CLASSES = sorted(
    name
    for name, value in vars(alembic_ops).items()
    if inspect.isclass(value) and value.__module__ == "alembic.operations.ops"
)
INTERNAL = {"create_module_class_proxy", "info"}  # what makes Alembic's module proxies; a cached attribute

OPTIONS_OF_A_KEY = {
    "deferrable",
    "initially",
    "postgresql_include",
    "mysql_using",
    "mariadb_using",
    "mssql_clustered",
    "third_party",
}
MORE_ACCEPTED = {
    "__init__": {"create_type", "drop_type", "drop_types"},
    "add_column": {"create_type"},
    "batch_add_column": {"create_type"},
    "batch_create_primary_key": {"kw"},
    "batch_drop_constraint": {"if_exists"},
    "create_primary_key": {"kw", *OPTIONS_OF_A_KEY},
    "drop_constraint": {"if_exists"},
    "drop_table": {"drop_types"},
}
"""Directive -> keywords that ours takes and Alembic's does not."""


def _pairs() -> Iterator[tuple[str, Any, Any]]:
    for name in CLASSES:
        yield name, getattr(ops, name), getattr(alembic_ops, name)
    yield "CreateExcludeConstraintOp", CreateExcludeConstraintOp, alembic_postgresql.CreateExcludeConstraintOp
    yield "Operations", Operations, alembic_operations.Operations
    yield "BatchOperations", BatchOperations, alembic_operations.BatchOperations
    from alembic.operations.schemaobj import SchemaObjects as AlembicSchemaObjects

    yield "SchemaObjects", SchemaObjects, AlembicSchemaObjects


def _methods(cls: Any) -> dict[str, inspect.Signature]:
    names = [n for n in dir(cls) if n == "__init__" or not n.startswith("_")]
    found = {name: getattr(cls, name) for name in names if name not in INTERNAL}
    return {name: inspect.signature(value) for name, value in found.items() if inspect.isroutine(value)}


def _shape(signature: inspect.Signature) -> list[tuple[str, str, bool]]:
    """Return (name, kind, whether it may be left out) of each parameter but self."""
    return [(p.name, str(p.kind), p.default is not p.empty) for p in signature.parameters.values() if p.name != "self"]


@pytest.mark.parametrize(("name", "ours", "theirs"), list(_pairs()), ids=lambda v: v if isinstance(v, str) else "")
def test_every_method_takes_what_alembics_takes(name: str, ours: Any, theirs: Any) -> None:
    """Every class has Alembic's methods with Alembic's parameters (section 7.5, OP-1 to OP-64)."""
    mine = _methods(ours)
    for method, signature in _methods(theirs).items():
        extra = MORE_ACCEPTED.get(method, set())
        shape = [
            parameter for parameter in _shape(mine[method]) if parameter[0] not in extra - set(signature.parameters)
        ]

        assert (method, shape) == (method, _shape(signature))


def _table() -> sa.Table:
    """Return a table with everything an operation object has to remember."""
    metadata = sa.MetaData()
    sa.Table("o", metadata, sa.Column("id", sa.Integer, primary_key=True), schema="far")
    return sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a", sa.String(5), index=True),
        sa.Column("u", sa.String, unique=True),
        sa.Column("r", sa.Integer, sa.ForeignKey("far.o.id", ondelete="CASCADE", name="fk_r")),
        sa.CheckConstraint("id > 0", name="ck_id"),
        sa.UniqueConstraint("a", "u", name="uq_au", deferrable=True, initially="DEFERRED"),
        comment="said",
        info={"note": 1},
        prefixes=["UNLOGGED"],
        schema="s",
        mysql_engine="x",
    )


def _described(value: Any) -> Any:  # noqa: PLR0911  # one line per kind of value
    """Return a value in a form that compares by content."""
    if isinstance(value, sa.Table):
        items = sorted(line.strip(" ,\t") for line in str(CreateTable(value)).splitlines())  # Alembic's come from a set
        return items, value.info, value.comment, sorted(str(i.name) for i in value.indexes)
    if isinstance(value, sa.Index):
        return str(CreateIndex(value)), value.unique, {k: _described(v) for k, v in value.dialect_kwargs.items()}
    if isinstance(value, sa.Constraint):
        return type(value).__name__, value.name, value.table.name, value.table.schema, _body(value)
    if isinstance(value, sa.Column):
        return value.name, str(value.type), value.nullable
    if isinstance(value, sa.types.TypeEngine):
        return repr(value)
    if isinstance(value, sa.ClauseElement):
        return str(value)
    if isinstance(value, list | tuple):
        return [_described(item) for item in value]
    if isinstance(value, dict):
        return {key: _described(item) for key, item in value.items()}
    return value


def _body(constraint: Any) -> Any:
    if isinstance(constraint, sa.CheckConstraint):
        return str(constraint.sqltext)
    if isinstance(constraint, sa.ForeignKeyConstraint):
        return [e.target_fullname for e in constraint.elements], constraint.ondelete
    return [column.name for column in constraint.columns] if hasattr(constraint, "columns") else None


def _attributes(operation: Any) -> dict[str, Any]:
    hidden = {"_reverse", "_namespace_metadata", "_orig_constraint", "_constraints_included"}
    hidden |= MORE_ACCEPTED["__init__"]
    return {
        name: _comparable_items(value) if name == "columns" else _described(value)
        for name, value in vars(operation).items()
        if name not in hidden
    }


def _comparable_items(items: Any) -> list[str]:
    """Return the columns and constraints of an operation; Alembic's order is that of a set."""
    return sorted(str(_described(item)) for item in items)


def _index(table: sa.Table) -> sa.Index:
    return sa.Index("ux", table.c.u, sa.func.lower(table.c.a), unique=True, postgresql_where=table.c.id > 1)


def _exclude(table: sa.Table) -> ExcludeConstraint:
    made: Any = ExcludeConstraint  # not annotated
    constraint: ExcludeConstraint = made((table.c.id, "="), ("r", "&&"), name="ex", where="id > 1", using="gist")
    table.append_constraint(constraint)
    return constraint


def _constraint(table: sa.Table, kind: type[sa.Constraint], name: str | None = None) -> sa.Constraint:
    return next(c for c in table.constraints if isinstance(c, kind) and (name is None or c.name == name))


Maker = Callable[[Any], Any]

MAKERS: dict[str, Maker] = {
    "create_table": lambda o: o.CreateTableOp.from_table(_table()),
    "create_table/plain": lambda o: o.CreateTableOp("x", [sa.Column("a", sa.Integer)], schema="s", comment="c"),
    "create_table/if_not_exists": lambda o: o.CreateTableOp("x", [sa.Column("a", sa.Integer)], if_not_exists=True),
    "drop_table": lambda o: o.DropTableOp.from_table(_table()),
    "drop_table/plain": lambda o: o.DropTableOp("x", schema="s", table_kw={"comment": "c", "mysql_engine": "y"}),
    "rename_table": lambda o: o.RenameTableOp("a", "b", schema="s"),
    "table_comment": lambda o: o.CreateTableCommentOp("t", "new", schema="s", existing_comment="old"),
    "table_comment/first": lambda o: o.CreateTableCommentOp("t", "new"),
    "drop_table_comment": lambda o: o.DropTableCommentOp("t", existing_comment="old", schema="s"),
    "add_column": lambda o: o.AddColumnOp.from_column(_table().c.a),
    "add_column/tablename": lambda o: o.AddColumnOp.from_column_and_tablename("z", "y", _table().c.a),
    "add_column/flags": lambda o: o.AddColumnOp(
        "t", sa.Column("x", sa.Integer), if_not_exists=True, inline_references=True, inline_primary_key=True, extra=1
    ),
    "drop_column": lambda o: o.DropColumnOp.from_column_and_tablename("z", "y", _table().c.a),
    "drop_column/plain": lambda o: o.DropColumnOp("t", "c", schema="s", if_exists=True, mssql_drop_default=True),
    "alter_column": lambda o: o.AlterColumnOp(
        "t",
        "c",
        schema="s",
        existing_type=sa.Integer(),
        existing_server_default="1",
        existing_nullable=True,
        existing_comment="old",
        modify_nullable=False,
        modify_comment="new",
        modify_server_default=None,
        modify_type=sa.String(),
        autoincrement=True,
    ),
    "alter_column/nullable": lambda o: o.AlterColumnOp("t", "c", modify_nullable=False),
    "alter_column/none": lambda o: o.AlterColumnOp("t", "c", existing_type=sa.Integer()),
    "alter_column/other": lambda o: o.AlterColumnOp("t", "c", modify_identity=2, existing_identity=1),
    "create_index": lambda o: o.CreateIndexOp.from_index(_index(_table())),
    "create_index/plain": lambda o: o.CreateIndexOp("i", "t", ["a", sa.text("b")], schema="s", if_not_exists=True),
    "drop_index": lambda o: o.DropIndexOp.from_index(_index(_table())),
    "drop_index/plain": lambda o: o.DropIndexOp("i", "t", schema="s", if_exists=True, postgresql_concurrently=True),
    "primary_key": lambda o: o.AddConstraintOp.from_constraint(_constraint(_table(), sa.PrimaryKeyConstraint)),
    "unique": lambda o: o.AddConstraintOp.from_constraint(_constraint(_table(), sa.UniqueConstraint, "uq_au")),
    "foreign_key": lambda o: o.AddConstraintOp.from_constraint(_constraint(_table(), sa.ForeignKeyConstraint)),
    "check": lambda o: o.AddConstraintOp.from_constraint(_constraint(_table(), sa.CheckConstraint)),
    "exclude": lambda o: o.AddConstraintOp.from_constraint(_exclude(_table())),
    "drop_constraint/unique": lambda o: o.DropConstraintOp.from_constraint(
        _constraint(_table(), sa.UniqueConstraint, "uq_au")
    ),
    "drop_constraint/foreign_key": lambda o: o.DropConstraintOp.from_constraint(
        _constraint(_table(), sa.ForeignKeyConstraint)
    ),
    "drop_constraint/exclude": lambda o: o.DropConstraintOp.from_constraint(_exclude(_table())),
    "drop_constraint/plain": lambda o: o.DropConstraintOp("c", "t", "check", schema="s", if_exists=True),
    "bulk_insert": lambda o: o.BulkInsertOp(sa.table("t"), [{"a": 1}], multiinsert=False),
    "execute": lambda o: o.ExecuteSQLOp("SELECT 1", execution_options={"x": 1}),
}
BETTER = {
    "rename_table/reverse": "Alembic has no reverse of a rename",
}
REFUSED = {
    "drop_index/plain/reverse": "Alembic makes an index on a column x that nobody spoke of",
    "drop_table/plain/reverse": "Alembic makes a table without columns",
}


def _outcome(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except (NotImplementedError, ValueError) as error:
        return type(error)


@pytest.mark.parametrize("name", MAKERS)
def test_an_operation_remembers_what_alembics_remembers(name: str) -> None:
    """Attributes and difference tuples are Alembic's (section 7.5, OP-63)."""
    ours, theirs = MAKERS[name](ops), MAKERS[name](alembic_ops)

    assert _attributes(ours) == _attributes(theirs)
    assert _described(_outcome(ours.to_diff_tuple)) == _described(_outcome(theirs.to_diff_tuple))


@pytest.mark.parametrize("name", MAKERS)
def test_the_reverse_of_an_operation_is_alembics(name: str) -> None:
    """`reverse()`, and reversing once more, give the same operations or refusals (OP-63)."""
    ours, theirs = (_outcome(MAKERS[name](module).reverse) for module in (ops, alembic_ops))
    if f"{name}/reverse" in BETTER:
        assert theirs is NotImplementedError
        return
    if f"{name}/reverse" in REFUSED:
        assert ours is ValueError
        assert isinstance(theirs, alembic_ops.MigrateOperation)
        return
    if isinstance(theirs, type):
        assert ours is theirs
        return

    assert type(ours).__name__ == type(theirs).__name__
    assert _attributes(ours) == _attributes(theirs)
    assert _described(_outcome(ours.to_diff_tuple)) == _described(_outcome(theirs.to_diff_tuple))
    again, theirs_again = _outcome(ours.reverse), _outcome(theirs.reverse)
    assert type(again).__name__ == type(theirs_again).__name__


def test_containers_flatten_into_the_same_differences() -> None:
    """`as_diffs()` flattens containers as Alembic's does (section 7.5)."""

    def diffs(module: Any) -> Any:
        made = [MAKERS[name](module) for name in ("alter_column", "add_column", "create_index", "execute")]
        inner = module.ModifyTableOps("t", made[:2], schema="s")
        return _described(module.UpgradeOps([inner, *made[2:], module.ModifyTableOps("x", [])]).as_diffs())

    assert diffs(ops) == diffs(alembic_ops)


def test_a_table_with_an_index_is_made_more_than_once() -> None:
    """Alembic gives the index of the first table to the second, which SQLAlchemy refuses; ours makes one for each."""

    def operation(module: Any) -> Any:
        created = module.CreateTableOp("x", [sa.Column("a", sa.Integer), sa.Index("i", "a")])
        created.to_table()
        return created

    with pytest.raises(sa.exc.ArgumentError, match="cannot be associated with table"):
        operation(alembic_ops).reverse()
    assert {index.name for index in operation(ops).reverse().reverse().to_table().indexes} == {"i"}

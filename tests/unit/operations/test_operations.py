"""The directives: what they ask of the implementation, and how third parties extend them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from runner.errors import OperationError
from runner.operations import AbstractOperations, BatchOperations, Operations, ops
from runner.operations.toimpl import drop_table as original_drop_table
from tests.unit.operations.recording import recorder
from tests.unit.operations.sqlite_databases import database, rows


def _dialect(module: Any) -> Dialect:
    dialect: Dialect = module.dialect()
    return dialect


def test_adding_a_column_adds_what_it_brings_along() -> None:
    """ADD COLUMN comes first, then constraints as they were made, the index, the comment (OP-1)."""
    op, impl = recorder(dialect=_dialect(postgresql))
    column = sa.Column("c", sa.Integer, sa.ForeignKey("o.id", name="fk"), index=True, comment="x")

    op.add_column("t", column, schema="s")
    op.add_column("t", sa.Column("d", sa.Integer, unique=True))

    assert impl.names == ["add_column", "add_constraint", "create_index", "create_column_comment", *impl.names[:2]]
    assert impl.calls[0][1:] == (("t", column), {"schema": "s"})


def test_an_inline_reference_is_not_added_again() -> None:
    """With inline_references the foreign key is part of ADD COLUMN only (OP-1)."""
    op, impl = recorder()
    op.add_column("t", sa.Column("c", sa.Integer, sa.ForeignKey("o.id")), inline_references=True, if_not_exists=True)

    assert impl.names == ["add_column"]
    assert impl.calls[0][2] == {"schema": None, "inline_references": True, "if_not_exists": True}


def test_a_column_of_a_model_can_be_added() -> None:
    """A column that belongs to a table already is copied, and stays where it is (OP-1)."""
    op, impl = recorder()
    model = sa.Table("m", sa.MetaData(), sa.Column("c", sa.Integer))

    op.add_column("t", model.c.c)

    added = impl.calls[0][1][1]
    assert added is not model.c.c
    assert added.table.name == "t"
    assert model.c.c.table is model


def test_a_change_of_type_drops_the_old_check_and_adds_the_new_one() -> None:
    """The check of a Boolean goes before the change, the check of an Enum comes after it, under the new name (OP-2)."""
    op, impl = recorder(dialect=_dialect(sqlite))
    op.alter_column(
        "t",
        "c",
        existing_type=sa.Boolean(create_constraint=True, name="b"),
        type_=sa.Enum("x", name="e", create_constraint=True),
        new_column_name="n",
    )

    assert impl.names == ["drop_constraint", "alter_column", "add_constraint"]
    assert impl.calls[0][1][0].name == "b"
    assert "n IN ('x')" in str(impl.calls[2][1][0].sqltext.compile(compile_kwargs={"literal_binds": True}))


def test_a_native_type_has_no_check_to_drop() -> None:
    """Where the dialect has the type itself, nothing but the column changes (OP-2)."""
    op, impl = recorder(dialect=_dialect(postgresql))
    op.alter_column("t", "c", existing_type=sa.Boolean(create_constraint=True), type_=sa.Integer())

    assert impl.names == ["alter_column"]


def test_creating_a_table_returns_it() -> None:
    """The table can be given to bulk_insert() (OP-4, OP-17)."""
    op, impl = recorder()
    table = op.create_table("t", sa.Column("id", sa.Integer), schema="s", comment="c", prefixes=["TEMP"])
    op.bulk_insert(table, [{"id": 1}], multiinsert=False)

    assert (table.name, table.schema, table.comment) == ("t", "s", "c")
    assert impl.names == ["create_table", "bulk_insert"]
    assert impl.calls[1][2] == {"multiinsert": False}


@pytest.mark.parametrize(
    ("directive", "names"),
    [
        (lambda op: op.drop_table("t", if_exists=True, mysql_engine="x"), ["drop_table"]),
        (lambda op: op.rename_table("a", "b", schema="s"), ["rename_table"]),
        (lambda op: op.create_table_comment("t", "c", existing_comment="d"), ["create_table_comment"]),
        (lambda op: op.drop_table_comment("t"), ["drop_table_comment"]),
        (lambda op: op.drop_column("t", "c", mssql_drop_default=True, if_exists=True), ["drop_column"]),
        (lambda op: op.create_index(None, "t", ["a", sa.text("lower(b)")], unique=True), ["create_index"]),
        (lambda op: op.drop_index("i", "t", if_exists=True), ["drop_index"]),
        (lambda op: op.create_primary_key("p", "t", ["a"]), ["add_constraint"]),
        (lambda op: op.create_unique_constraint("u", "t", ["a"], deferrable=True), ["add_constraint"]),
        (lambda op: op.create_foreign_key("f", "t", "o", ["a"], ["id"], use_alter=True), ["add_constraint"]),
        (lambda op: op.create_check_constraint("c", "t", "a > 0"), ["add_constraint"]),
        (lambda op: op.create_exclude_constraint("e", "t", ("r", "&&"), using="gist"), ["add_constraint"]),
        (lambda op: op.drop_constraint("c", "t", "check", if_exists=True), ["drop_constraint"]),
        (lambda op: op.execute("SELECT 1", execution_options={"x": 1}), ["execute"]),
    ],
)
def test_each_directive_is_one_call(directive: Any, names: list[str]) -> None:
    """Every other directive asks the implementation once (OP-3, OP-5 to OP-17)."""
    op, impl = recorder()
    directive(op)

    assert impl.names == names


def test_options_that_were_not_given_are_not_passed_on() -> None:
    """Implementations of third parties that know no if_exists keep working (OP-61)."""
    op, impl = recorder()
    op.drop_table("t")
    op.drop_index("i")
    op.drop_constraint("c", "t")
    op.create_index("i", "t", ["a"])

    assert [keywords for _, _, keywords in impl.calls] == [{}, {}, {}, {}]


def test_an_unknown_kind_of_constraint_is_refused() -> None:
    """drop_constraint() lists the kinds there are (OP-15)."""
    op, _ = recorder()
    with pytest.raises(TypeError, match="check, foreignkey, primary, unique"):
        op.drop_constraint("c", "t", "exclude")


def test_names_follow_the_convention_of_the_target_metadata() -> None:
    """None takes the conventional name, a given name passes through it, op.f() is final (OP-19)."""
    convention = {"uq": "uq_%(table_name)s_%(column_0_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s"}
    op, impl = recorder(target_metadata=sa.MetaData(naming_convention=convention))

    op.create_unique_constraint(None, "t", ["a"])
    op.create_check_constraint("positive", "t", "a > 0")
    op.create_check_constraint(op.f("positive"), "t", "a > 0")
    op.drop_constraint("positive", "t", "check")

    assert [arguments[0].name for _, arguments, _ in impl.calls] == [
        "uq_t_a",
        "ck_t_positive",
        "positive",
        "ck_t_positive",
    ]


def test_several_target_metadata_have_no_common_convention() -> None:
    """A list of MetaData is no error; names stay as they are."""
    op, impl = recorder()
    op.migration_context.opts["target_metadata"] = [sa.MetaData(), sa.MetaData()]
    op.create_unique_constraint("u", "t", ["a"])

    assert impl.calls[0][1][0].name == "u"


def test_inline_literals_are_part_of_the_statement() -> None:
    """inline_literal() is rendered, whatever the statement does with other values (OP-20)."""
    op, _ = recorder()
    table = sa.table("t", sa.column("a", sa.String), sa.column("b", sa.Integer))
    statement = table.update().where(table.c.b == 5).values(a=op.inline_literal("it's"))

    assert str(statement) == "UPDATE t SET a='it''s' WHERE t.b = :b_1"
    assert str(op.inline_literal(3, sa.Integer())) == "3"


@pytest.mark.parametrize("value", ['{"a":1}', "{'a': :b}", "12:30:45", ":name", "a::b", "100%"])
def test_a_string_with_colons_is_executed_as_it_reads(value: str) -> None:
    """execute() of a plain string has no parameters, so nothing in it can be one, and no result (OP-16)."""
    quoted = value.replace("'", "''")
    with database("CREATE TABLE t (a)") as (op, connection):
        result: Any = op.execute(f"INSERT INTO t VALUES ('{quoted}')")  # type: ignore[func-returns-value]
        assert result is None
        with op.batch_alter_table("t") as batch:
            batch.execute(f"INSERT INTO t VALUES ('{quoted}')")

        assert rows(connection, "SELECT a FROM t") == [(value,)] * 2


def test_invoke_runs_an_operation_object() -> None:
    """An operation made elsewhere can be carried out (OP-22)."""
    op, impl = recorder()
    op.invoke(ops.DropTableOp("t"))

    assert impl.names == ["drop_table"]


def test_an_operation_without_implementation_is_named() -> None:
    """invoke() says which class has no implementation (OP-61)."""

    class UnheardOfOp(ops.MigrateOperation):
        pass

    op, _ = recorder()
    with pytest.raises(OperationError, match="UnheardOfOp"):
        op.invoke(UnheardOfOp())


@pytest.fixture
def registrations() -> Iterator[None]:
    """Undo what a test registers."""
    implementations = dict(AbstractOperations._to_impl)
    attributes = {cls: dict(vars(cls)) for cls in (Operations, BatchOperations)}
    yield
    AbstractOperations._to_impl.clear()
    AbstractOperations._to_impl.update(implementations)
    for cls, before in attributes.items():
        for name in set(vars(cls)) - set(before):
            delattr(cls, name)
        for name, value in before.items():
            if vars(cls)[name] is not value:
                setattr(cls, name, value)


def _register() -> type[ops.MigrateOperation]:
    @Operations.register_operation("create_sequence")
    @Operations.register_operation("make_sequence", "create_sequence")
    @BatchOperations.register_operation("create_sequence", "batch_create_sequence")
    class CreateSequenceOp(ops.MigrateOperation):
        def __init__(self, name: str, *, schema: str | None = None) -> None:
            self.name = name
            self.schema = schema

        @classmethod
        def create_sequence(cls, operations: Operations, name: str, *, schema: str | None = None) -> Any:
            """Create a sequence."""
            return operations.invoke(cls(name, schema=schema))

        @classmethod
        def batch_create_sequence(cls, operations: BatchOperations, name: str) -> Any:
            return operations.invoke(cls(name, schema=operations.impl.schema))

    @Operations.implementation_for(CreateSequenceOp)
    def create_sequence(operations: Operations, operation: CreateSequenceOp) -> str:
        operations.migration_context.impl.execute(f"CREATE SEQUENCE {operation.name}")
        return operation.name

    return CreateSequenceOp


def test_a_registered_operation_is_a_directive(registrations: None) -> None:
    """It appears on every Operations, also on those that exist already, under each name (OP-60)."""
    op, impl = recorder()
    existing: Any = op
    _register()

    assert existing.create_sequence("a", schema="s") == "a"
    assert existing.make_sequence("b") == "b"
    assert [arguments for _, arguments, _ in impl.calls] == [("CREATE SEQUENCE a",), ("CREATE SEQUENCE b",)]


def test_a_registered_operation_works_in_a_batch_block(registrations: None) -> None:
    """Operations and BatchOperations are registered separately (OP-60)."""
    _register()
    op, impl = recorder()
    with op.batch_alter_table("t") as batch:
        assert not hasattr(batch, "make_sequence")
        again: Any = batch
        again.create_sequence("c")

    assert impl.names == ["execute"]


def test_an_implementation_is_replaced_only_on_demand(registrations: None) -> None:
    """A second implementation needs replace=True, and may call the first (OP-61)."""
    with pytest.raises(ValueError, match="replace=True"):
        Operations.implementation_for(ops.DropTableOp)(lambda operations, operation: None)

    @Operations.implementation_for(ops.DropTableOp, replace=True)
    def drop_table(operations: Operations, operation: ops.DropTableOp) -> None:
        operation.if_exists = True
        original_drop_table(operations, operation)

    op, impl = recorder()
    op.drop_table("t")

    assert impl.calls[0][2] == {"if_exists": True}


def test_a_subclass_is_carried_out_like_its_base(registrations: None) -> None:
    """An operation class without an implementation of its own has that of its base (OP-61)."""

    class CarefulDropOp(ops.DropTableOp):
        pass

    op, impl = recorder()
    op.invoke(CarefulDropOp("t"))

    assert impl.names == ["drop_table"]


def test_a_constraint_class_can_be_registered() -> None:
    """AddConstraintOp.from_constraint() finds the operation class of a third party's constraint (OP-62)."""

    class Odd(sa.Constraint):
        __visit_name__ = "odd_constraint"

    constraint = Odd(name="x")
    with pytest.raises(ValueError, match="odd_constraint"):
        ops.AddConstraintOp.from_constraint(constraint)

    try:

        @ops.AddConstraintOp.register_add_constraint("odd_constraint")
        class AddOddOp(ops.AddConstraintOp):
            @classmethod
            def from_constraint(cls, constraint: sa.Constraint) -> AddOddOp:
                return cls()

        assert isinstance(ops.AddConstraintOp.from_constraint(constraint), AddOddOp)
    finally:
        del ops.AddConstraintOp.add_constraint_ops["odd_constraint"]


def test_operations_take_another_implementation() -> None:
    """Operations(context, impl=...) calls that one (OP-64)."""
    op, theirs = recorder()
    _, mine = recorder()
    Operations(op.migration_context, impl=mine).drop_table("t")

    assert (mine.names, theirs.names) == (["drop_table"], [])


def test_asynchronous_functions_need_an_asynchronous_driver() -> None:
    """run_async() says why it cannot (OP-23)."""

    async def nothing(_connection: Any) -> None:
        pass

    op, _ = recorder()
    with pytest.raises(NotImplementedError, match="cannot be part of an SQL script"):
        op.run_async(nothing)

    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        op.migration_context.as_sql = False
        op.impl.bind = connection
        with pytest.raises(OperationError, match="pysqlite"):
            op.run_async(nothing)
    engine.dispose()


async def _on_asynchronous_engine() -> list[Any]:
    from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

    op, impl = recorder()
    op.migration_context.as_sql = False

    async def count(connection: AsyncConnection, *arguments: int, more: int) -> int:
        result = await connection.execute(sa.text("SELECT count(*) FROM t"))
        return int(result.scalar_one()) + sum(arguments) + more

    def migrate(connection: sa.Connection) -> int:
        impl.bind = connection
        connection.execute(sa.text("CREATE TABLE t (a)"))
        connection.execute(sa.text("INSERT INTO t VALUES (1)"))
        return op.run_async(count, 10, more=100)

    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.connect() as connection:
        answer = await connection.run_sync(migrate)
    await engine.dispose()
    return [answer]


def test_an_asynchronous_function_runs_in_the_transaction() -> None:
    """run_async() sees what the migration did before, and gives back the result (OP-23)."""
    import asyncio

    assert asyncio.run(_on_asynchronous_engine()) == [111]

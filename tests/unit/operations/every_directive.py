"""A revision that uses every directive, with the types a user would give; test_op_types.py reads and runs it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from runner import op
from runner.operations import BatchOperations, Operations, ops
from runner.operations.replaceable import Function, MaterializedView, Trigger, View, ViewIndex

revision = "1"
down_revision = None

VIEW = View("v", "SELECT id FROM t")
NEWER_VIEW = View("v", "SELECT id, a FROM t")
SUMS = MaterializedView("m", "SELECT sum(a) AS s FROM t", indexes=(ViewIndex("ix_m", ("s",), unique=True),))
ADD = Function("plus", "CREATE FUNCTION plus(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1'", arguments="a int")
NOTE = Trigger("g", "FOR EACH ROW EXECUTE FUNCTION note()", table="t", event="BEFORE INSERT")


@Operations.register_operation("shout")
class ShoutOp(ops.MigrateOperation):
    """A directive of one's own."""

    def __init__(self, word: str) -> None:
        self.word = word

    @classmethod
    def shout(cls, operations: Operations, word: str) -> None:
        """Carry out the directive."""
        operations.invoke(cls(word))


@Operations.implementation_for(ShoutOp)
def _shout(operations: Operations, operation: ShoutOp) -> None:
    operations.execute(f"SELECT '{operation.word.upper()}'")


async def _count(connection: AsyncConnection, least: int) -> int:
    return least + len((await connection.execute(sa.text("SELECT 1"))).all())


def tables() -> None:
    """Tables, columns, rows."""
    created: sa.Table = op.create_table(
        "t",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("a", sa.Integer()),
        sa.Index("ix_a", "a"),
        if_not_exists=True,
        schema=None,
        comment="said",
        postgresql_partition_by="RANGE (id)",
    )
    op.bulk_insert(created, [{"id": 1, "a": 2}, {"id": 2, "a": None}], multiinsert=False)
    op.bulk_insert(sa.table("t", sa.column("a", sa.Integer())), [{"a": op.inline_literal(3, sa.Integer)}])
    op.add_column("t", sa.Column("b", sa.Enum("x", name="letters")), if_not_exists=True, create_type=True)
    op.add_column("t", sa.Column("c", sa.Integer(), sa.ForeignKey("o.id")), inline_references=True)
    op.add_column("t", sa.Column("k", sa.Integer(), primary_key=True), inline_primary_key=True, schema="s")
    op.alter_column("t", "a", nullable=False, server_default=sa.text("1"), type_=sa.BigInteger, comment=None)
    op.alter_column("t", "a", server_default=None, existing_server_default="1", existing_type=sa.BigInteger())
    op.alter_column("t", "a", server_default=sa.Identity(always=True), existing_nullable=False)
    op.alter_column("t", "b", new_column_name="d", existing_comment="x")
    op.alter_column("t", "d", type_=sa.Text, postgresql_using="d::text")
    op.drop_column("t", "d", drop_type=postgresql.ENUM("x", name="letters"), if_exists=True)
    op.create_table_comment("t", "new", existing_comment="said")
    op.drop_table_comment("t", existing_comment="new", schema=None)
    op.rename_table("t", "u", schema="s")
    op.drop_table("u", if_exists=True, drop_types=["letters", sa.Enum("x", name="other")], schema="s")


def constraints_and_indexes() -> None:
    """Constraints and indexes."""
    op.create_primary_key(op.f("pk_t"), "t", ["id"], schema="s", deferrable=True, initially="DEFERRED")
    op.create_primary_key("pk", "t", ["a"], mysql_using="hash", mssql_clustered=False)
    op.create_unique_constraint(None, "t", ["a"], deferrable=True, postgresql_nulls_not_distinct=True)
    op.create_check_constraint("ck", "t", sa.column("a") > 1, postgresql_not_valid=True)
    op.create_check_constraint("ck2", "t", "a > 1")
    op.create_foreign_key("fk", "t", "o", ["a"], ("id",), ondelete="CASCADE", source_schema="s", use_alter=True)
    op.create_exclude_constraint("ex", "t", (sa.column("a"), "="), ("r", "&&"), using="gist", where="a > 1")
    op.drop_constraint("fk", "t", "foreignkey", schema="s", if_exists=True)
    op.create_index("i", "t", ["a", sa.text("lower(b)"), sa.func.abs(sa.column("a"))], unique=True, schema="s")
    op.create_index(None, "t", ("a",), if_not_exists=True, postgresql_where=sa.text("a > 1"))
    op.drop_index("i", "t", schema="s", if_exists=True, postgresql_concurrently=False)
    op.drop_index("i")


def objects() -> None:
    """Enum types, sequences, schemas, extensions, and what is replaced as a whole."""
    op.create_schema("s", if_not_exists=True)
    op.create_extension("citext", schema="s", version="1.6", if_not_exists=True, cascade=True)
    op.create_enum("mood", ["sad", "glad"], schema="s", if_not_exists=True)
    op.add_enum_value("mood", "odd", after="sad", if_not_exists=True, existing_values=("sad", "glad"))
    op.rename_enum_value("mood", "odd", "even", schema="s")
    mood = ops.EnumColumn("t", "l", array=True)
    op.replace_enum_values("mood", ["sad"], ["sad", "even"], columns=[mood, ("t", "m")], mapping={"even": "sad"})
    op.replace_enum_values("mood", ["sad"], ["glad"], columns=[("t", "n", "sad")], schema="s")
    op.drop_enum("mood", schema="s", if_exists=True, existing_values=["sad"])
    op.create_sequence("q", schema="s", if_not_exists=True, start=5, cycle=True, data_type=sa.BigInteger)
    op.create_sequence(sa.Sequence("q2", increment=2))
    op.alter_sequence("q", restart=True, existing={"increment": 1}, increment=3)
    op.drop_sequence(sa.Sequence("q2"), if_exists=True)
    op.drop_sequence("q", schema="s", existing={"start": 5})
    op.create_view(VIEW)
    op.replace_view(NEWER_VIEW, replaces=VIEW, recreate=True)
    op.replace_view(VIEW, replace_with=NEWER_VIEW)
    op.drop_view(VIEW, if_exists=True, cascade=True)
    op.drop_view("v", schema="s")
    op.create_materialized_view(SUMS)
    op.replace_materialized_view(SUMS, replaces=SUMS)
    op.refresh_materialized_view(SUMS, concurrently=True)
    op.refresh_materialized_view("m", with_data=False, schema="s")
    op.drop_materialized_view("m", schema="s", if_exists=True)
    op.create_function(ADD)
    op.replace_function(ADD, replaces=ADD, recreate=False)
    op.drop_function("plus", arguments="a int", kind="procedure", schema="s", cascade=True)
    op.drop_function(ADD, if_exists=True)
    op.create_trigger(NOTE)
    op.replace_trigger(NOTE, replaces=NOTE, recreate=True)
    op.drop_trigger("g", "t", if_exists=True)
    op.drop_extension("citext", if_exists=True, cascade=True, existing_version="1.6", existing_schema="s")
    op.drop_schema("s", if_exists=True, cascade=True)


def statements() -> None:
    """Statements, the connection, directives of one's own."""
    op.execute("UPDATE t SET a = 1", execution_options={"stream_results": False})
    op.execute(sa.update(sa.table("t", sa.column("a"))).values(a=op.inline_literal("x")))
    name: str = op.get_bind().dialect.name
    op.execute(sa.text(f"SELECT '{name}'"))
    opts: dict[str, Any] = dict(op.get_context().opts)
    op.execute(f"SELECT {len(opts) * 0}")
    op.invoke(ops.DropTableOp("t", if_exists=True))
    op.invoke(ShoutOp("hey"))


def batch(batch_op: BatchOperations) -> None:
    """What a batch block has."""
    batch_op.add_column(sa.Column("z", sa.Integer()), if_not_exists=True)
    batch_op.add_column(sa.Column("y", sa.Integer()), create_type=False)
    batch_op.alter_column("a", nullable=False, existing_type=sa.Integer())
    batch_op.alter_column("a", new_column_name="aa", type_=sa.String(20), server_default=None)
    batch_op.drop_column("b", existing_type=sa.Integer())
    batch_op.create_primary_key("pk", ["id"], mysql_using="hash")
    batch_op.create_unique_constraint("uq", ["z"], deferrable=True)
    batch_op.create_check_constraint("ck", sa.column("z") > 1)
    batch_op.create_foreign_key("fk", "o", ["z"], ["id"], ondelete="SET NULL", referent_schema="s")
    batch_op.create_exclude_constraint("ex", ("z", "="), using="gist")
    batch_op.drop_constraint("uq", type_="unique", if_exists=True)
    batch_op.create_index("i", ["z"], unique=True, if_not_exists=True)
    batch_op.drop_index("i", if_exists=True)
    batch_op.create_table_comment("new", existing_comment="said")
    batch_op.drop_table_comment(existing_comment="new")
    batch_op.execute("SELECT 1")
    batch_op.invoke(ops.CreateIndexOp("j", "t", ["z"]))
    batch_op.execute(sa.select(batch_op.inline_literal(1)))
    batch_op.execute(f"SELECT '{batch_op.f('x')}', '{batch_op.get_bind().dialect.name}'")
    batch_op.execute(f"SELECT {len(batch_op.get_context().opts) * 0}")


def reordered(batch_op: BatchOperations) -> None:
    """Where columns go, which only a rebuilt table can follow."""
    batch_op.add_column(sa.Column("z", sa.Integer()), insert_after="id")
    batch_op.add_column(sa.Column("y", sa.Integer()), insert_before="z")
    batch_op.alter_column("a", nullable=False, insert_after="z")


def upgrade() -> None:
    """Use them all."""
    tables()
    constraints_and_indexes()
    objects()
    statements()
    with op.batch_alter_table("t", recreate="never", naming_convention={"uq": "uq_%(table_name)s"}) as batch_op:
        batch(batch_op)
    known = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer(), primary_key=True), sa.Column("a", sa.Integer()))
    with op.batch_alter_table("t", recreate="always", copy_from=known, table_args=(sa.UniqueConstraint("a"),)) as block:
        reordered(block)


def online_only() -> int:
    """Use what needs a database, or no migration at all."""
    found: int = op.run_async(_count, 1)
    with op.context(op.get_context()) as operations:
        operations.drop_table("t")
    op.register_operation("shout_again", "shout")(ShoutOp)
    op.implementation_for(ShoutOp, replace=True)(_shout)
    return found

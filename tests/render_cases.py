"""Operations of every kind, for tests of what is rendered: the same builders make ours and Alembic's."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, oracle, postgresql

from runner.operations.ops import EnumColumn
from runner.operations.replaceable import Function, MaterializedView, Trigger, View, ViewIndex
from runner.operations.sqltext import inline_literal

__all__ = ["CASES", "RenderCase", "case_named", "case_parameters"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderCase:
    """Operations to be rendered.

    Args:
        build: called with a module that has the operation classes; returns the operations.
        dialect: the database they are for.
        batch: render changes of tables as batch blocks.
        in_alembic: Alembic has these operations, and a renderer for them.
        sqlalchemy: the versions that have everything in it, and lose nothing when they copy a table.
    """

    name: str
    build: Callable[[Any], list[Any]]
    dialect: str = "postgresql"
    batch: bool = False
    in_alembic: bool = True
    sqlalchemy: str = ">= 2.0"


CASES: list[RenderCase] = []


def case(**options: Any) -> Callable[[Callable[[Any], list[Any]]], Callable[[Any], list[Any]]]:
    """Return a decorator that makes a case of a builder."""

    def register(build: Callable[[Any], list[Any]]) -> Callable[[Any], list[Any]]:
        CASES.append(RenderCase(name=build.__name__, build=build, **options))
        return build

    return register


def ours(**options: Any) -> Callable[[Callable[[Any], list[Any]]], Callable[[Any], list[Any]]]:
    """Return a decorator for a case that Alembic does not render."""
    return case(in_alembic=False, **options)


def case_parameters(cases: Iterable[RenderCase] | None = None) -> list[Any]:
    """Return cases (None: all) for `parametrize()`, skipped under versions that do not fit."""
    return [
        pytest.param(case, id=case.name, marks=pytest.mark.sqlalchemy(case.sqlalchemy))
        for case in (CASES if cases is None else cases)
    ]


def case_named(name: str) -> RenderCase:
    """Return a case."""
    return next(case for case in CASES if case.name == name)


class Colour(enum.Enum):
    """A program's enum."""

    red = 1
    green = 2


class Upper(sa.types.TypeDecorator[str]):
    """A program's type that hands its arguments on."""

    impl = sa.String
    cache_ok = True


class Money(sa.types.TypeDecorator[decimal.Decimal]):
    """A program's type with arguments of its own."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, currency: str, *, digits: int = 2) -> None:
        super().__init__(precision=12, scale=digits)
        self.currency = currency
        self.digits = digits


class Vector(sa.types.UserDefinedType[Any]):
    """A program's type with a repr of its own."""

    cache_ok = True

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def get_col_spec(self, **_: Any) -> str:
        """Return the name in the database."""
        return f"VECTOR({self.dim})"

    def __repr__(self) -> str:
        return f"Vector(dim={self.dim})"


def columns(*types: Any) -> list[Any]:
    """Return a column for each type."""
    return [sa.Column(f"c{number}", type_) for number, type_ in enumerate(types)]


def table_of(*items: Any, name: str = "t", **kw: Any) -> sa.Table:
    """Return a table in a MetaData of its own."""
    return sa.Table(name, sa.MetaData(), *items, **kw)


def created(module: Any, table: sa.Table) -> list[Any]:
    """Return the operations that create a table and its indexes."""
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    return [module.CreateTableOp.from_table(table), *(module.CreateIndexOp.from_index(index) for index in indexes)]


# --- tables -----------------------------------------------------------------------------------------------------------


@case()
def create_table_plain(ops: Any) -> list[Any]:
    return created(
        ops,
        table_of(
            sa.Column("id", sa.Integer(), primary_key=True),
            sa.Column("name", sa.String(50), nullable=False, unique=True, index=True, comment="as in the passport"),
            sa.Column("parent_id", sa.Integer(), sa.ForeignKey("t.id", ondelete="CASCADE")),
            sa.Column("amount", sa.Numeric(10, 2)),
            name="person",
            comment="People",
        ),
    )


@case(sqlalchemy=">= 2.0.37")
def create_table_options(ops: Any) -> list[Any]:
    return created(
        ops,
        table_of(
            sa.Column("id", sa.Integer()),
            schema="shop",
            comment='say "hello"',
            info={"owner": "billing", "size": 3},
            prefixes=["UNLOGGED"],
            postgresql_tablespace="fast",
            mysql_engine="InnoDB",
            sqlite_strict=True,
        ),
    )


@case()
def create_table_conventions(ops: Any) -> list[Any]:
    convention = {
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
    metadata = sa.MetaData(naming_convention=convention)
    sa.Table("owner", metadata, sa.Column("id", sa.Integer(), primary_key=True))
    table = sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("owner_id", sa.ForeignKey("owner.id"), index=True, unique=True),
        sa.CheckConstraint("id > 0", name="positive"),
    )
    return created(ops, table)


@case(sqlalchemy=">= 2.0.16")
def create_table_constraints(ops: Any) -> list[Any]:
    table = table_of(
        sa.Column("a", sa.Integer()),
        sa.Column("b", sa.Integer()),
        sa.PrimaryKeyConstraint("a", name="pk_t"),
        sa.UniqueConstraint(
            "a", "b", name="uq", deferrable=True, initially="DEFERRED", postgresql_nulls_not_distinct=True
        ),
        sa.CheckConstraint("a < b", name="ck"),
        sa.ForeignKeyConstraint(
            ["a", "b"],
            ["other.u.x", "other.u.y"],
            name="fk",
            onupdate="CASCADE",
            ondelete="SET NULL",
            deferrable=True,
            initially="IMMEDIATE",
            match="FULL",
        ),
    )
    return created(ops, table)


@ours()
def create_table_check_of_a_column(ops: Any) -> list[Any]:
    return created(ops, table_of(sa.Column("a", sa.Integer(), sa.CheckConstraint("a > 0", name="positive"))))


@ours(sqlalchemy=">= 2.0.16")
def create_table_exclude(ops: Any) -> list[Any]:
    return created(
        ops,
        table_of(
            sa.Column("room", sa.Integer()),
            sa.Column("during", postgresql.TSRANGE()),
            postgresql.ExcludeConstraint(
                ("room", "="),
                ("during", "&&"),
                (sa.text("lower(name)"), "="),
                name="no_overlap",
                using="gist",
                where=sa.text("room > 0"),
                deferrable=True,
                initially="DEFERRED",
                ops={"room": "gist_int4_ops"},
            ),
        ),
    )


@ours()
def create_table_of_whole_columns(ops: Any) -> list[Any]:
    """Columns that bring constraints and indexes along, as a program gives them to CreateTableOp."""
    return [
        ops.CreateTableOp(
            "t",
            [
                sa.Column("id", sa.Integer(), primary_key=True),
                sa.Column("u", sa.Integer(), unique=True, index=True),
                sa.Column("r", sa.Integer(), sa.ForeignKey("other.id", name="fk_r")),
                sa.Index("by_lower", sa.text("lower(name)"), postgresql_using="hash"),
            ],
            if_not_exists=True,
        )
    ]


@ours()
def create_table_quoted(ops: Any) -> list[Any]:
    return created(
        ops,
        table_of(
            sa.Column('strange "name"', sa.Integer(), key="strange"),
            sa.Column("it's", sa.Integer()),
            sa.Column("forced", sa.Integer(), quote=True),
            sa.Column("naïve_ñ", sa.Integer()),
            name=sa.quoted_name("plain", quote=True),
            schema=sa.quoted_name("Mixed", quote=True),
        ),
    )


@case()
def drop_table(ops: Any) -> list[Any]:
    return [ops.DropTableOp("t"), ops.DropTableOp("t", schema="shop", if_exists=True)]


@ours()
def rename_table(ops: Any) -> list[Any]:
    return [ops.RenameTableOp("old", "new"), ops.RenameTableOp("old", "new", schema="shop")]


@case()
def table_comments(ops: Any) -> list[Any]:
    return [
        ops.CreateTableCommentOp("t", "it's new", existing_comment="old", schema="shop"),
        ops.DropTableCommentOp("t", existing_comment="old", schema="shop"),
    ]


# --- defaults ---------------------------------------------------------------------------------------------------------


@case()
def defaults(ops: Any) -> list[Any]:
    return created(
        ops,
        table_of(
            sa.Column("a", sa.String(), server_default="it's"),
            sa.Column("b", sa.Integer(), server_default=sa.text("0")),
            sa.Column("c", sa.DateTime(), server_default=sa.func.now()),
            sa.Column("d", sa.Boolean(), server_default=sa.false(), nullable=False),
            sa.Column("e", sa.Integer(), sa.Computed("b * 2", persisted=True)),
            sa.Column("f", sa.Integer(), sa.Identity(always=True, start=10, increment=5, cycle=True)),
            sa.Column("g", sa.Integer(), server_default=sa.FetchedValue()),
            sa.Column("h", sa.Integer(), sa.Identity()),
            sa.Column("i", sa.Date(), server_default=sa.text("'2020-01-01'::date")),
        ),
    )


@ours()
def defaults_with_colons(ops: Any) -> list[Any]:
    """SQL with colons and percent signs, which text() and drivers give a meaning to."""
    return created(
        ops,
        table_of(
            sa.Column("a", postgresql.JSONB(), server_default=sa.text("'{\"k\"\\:1}'::jsonb")),
            sa.Column("b", postgresql.JSONB(), server_default='{"k":1}'),
            sa.Column("c", sa.Integer(), server_default=sa.func.mod(7, 3)),
            sa.Column("d", sa.String(), server_default=sa.text("to_char(now(), 'HH24\\:MI')")),
            sa.Column("e", sa.String(), sa.Computed("d || '\\:x' || '100%'")),
            sa.CheckConstraint("d <> '\\:none' AND c % 2 = 0", name="ck"),
        ),
    )


@ours()
def defaults_of_sequences(ops: Any) -> list[Any]:
    sequence = sa.Sequence("numbers", start=5, schema="shop")
    return created(
        ops,
        table_of(
            sa.Column("a", sa.Integer(), sequence, primary_key=True),
            sa.Column("b", sa.Integer(), server_default=sequence.next_value()),
            sa.Column("c", sa.Integer(), autoincrement=True),
            sa.Column("d", sa.Integer(), autoincrement=False),
        ),
    )


@case(dialect="sqlite")
def defaults_on_sqlite(ops: Any) -> list[Any]:
    return created(
        ops,
        table_of(
            sa.Column("a", sa.String(), server_default=sa.func.lower("X")),
            sa.Column("b", sa.String(), server_default=sa.text("CURRENT_TIMESTAMP")),
        ),
    )


# --- types ------------------------------------------------------------------------------------------------------------


@case()
def types_generic(ops: Any) -> list[Any]:
    return created(
        ops,
        table_of(
            *columns(
                sa.Integer(),
                sa.BigInteger(),
                sa.SmallInteger(),
                sa.String(20, collation="C"),
                sa.Unicode(10),
                sa.Text(),
                sa.Numeric(10, 2, asdecimal=False),
                sa.Float(53),
                sa.Double(),
                sa.Boolean(),
                sa.Date(),
                sa.DateTime(timezone=True),
                sa.Time(timezone=True),
                sa.LargeBinary(30),
                sa.PickleType(),
                sa.JSON(),
                sa.JSON(none_as_null=True),
                sa.Uuid(),
                sa.Uuid(as_uuid=False),
                sa.ARRAY(sa.String(5), dimensions=2),
                sa.CHAR(3),
                sa.VARCHAR(7),
                sa.TIMESTAMP(timezone=True),
            )
        ),
    )


@ours(sqlalchemy=">= 2.0.30")
def types_that_alembic_loses(ops: Any) -> list[Any]:
    return created(
        ops,
        table_of(
            *columns(
                sa.Interval(native=False, second_precision=3, day_precision=2),
                sa.types.NullType(),
                sa.Boolean(create_constraint=True, name=sa.schema.conv("ck_final")),
                postgresql.ARRAY(postgresql.ENUM("a", "b", name="mood", schema="shop")),
                postgresql.DOMAIN(
                    "percent",
                    sa.Integer(),
                    check="VALUE BETWEEN 0 AND 100 OR VALUE = '\\:x'",
                    default="0",
                    not_null=True,
                    constraint_name="range",
                    schema="shop",
                    create_type=False,
                ),
            )
        ),
    )


@case(sqlalchemy=">= 2.0.16")
def types_enum(ops: Any) -> list[Any]:
    return created(
        ops,
        table_of(
            *columns(
                sa.Enum(Colour),
                sa.Enum("a", "it's", name="letters", schema="shop"),
                sa.Enum("short", "longer", name="n", native_enum=False, create_constraint=True),
                sa.Enum("x", name="wide", native_enum=False, length=30),
                postgresql.ENUM("a", "b", name="mood", create_type=False),
                sa.Boolean(create_constraint=True, name="is_bool"),
            )
        ),
    )


@case(sqlalchemy=">= 2.0.7")
def types_postgresql(ops: Any) -> list[Any]:
    return created(
        ops,
        table_of(
            *columns(
                postgresql.ARRAY(sa.Integer(), dimensions=2),
                postgresql.ARRAY(postgresql.UUID()),
                postgresql.JSONB(),
                postgresql.JSON(),
                postgresql.HSTORE(),
                postgresql.UUID(as_uuid=False),
                postgresql.INET(),
                postgresql.BIT(4, varying=True),
                postgresql.INTERVAL(fields="DAY TO SECOND", precision=3),
                postgresql.TIMESTAMP(timezone=True, precision=3),
                postgresql.TIME(precision=2),
                postgresql.INT4RANGE(),
                postgresql.TSTZMULTIRANGE(),
                postgresql.TSVECTOR(),
                postgresql.BYTEA(),
                postgresql.CITEXT(),
                postgresql.OID(),
                postgresql.MONEY(),
                postgresql.DOUBLE_PRECISION(53),
            )
        ),
    )


@case(dialect="mysql")
def types_mysql(ops: Any) -> list[Any]:
    return created(
        ops,
        table_of(
            *columns(
                mysql.ENUM("a", "b"),
                mysql.SET("x", "y"),
                mysql.INTEGER(display_width=3, unsigned=True, zerofill=True),
                mysql.DATETIME(fsp=6),
                mysql.TIMESTAMP(fsp=3),
                mysql.VARCHAR(20, charset="utf8mb4"),
                mysql.LONGTEXT(),
                mysql.TINYINT(1),
                mysql.DECIMAL(10, 2, unsigned=True),
                mysql.YEAR(),
                mysql.JSON(),
                mysql.BIT(4),
            )
        ),
    )


@case(dialect="oracle")
def types_oracle(ops: Any) -> list[Any]:
    return created(ops, table_of(*columns(oracle.VARCHAR2(30), oracle.CLOB(), oracle.TIMESTAMP(timezone=True))))


@case(sqlalchemy=">= 2.0.30")
def types_variants(ops: Any) -> list[Any]:
    return created(
        ops,
        table_of(
            *columns(
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                sa.String(50)
                .with_variant(mysql.VARCHAR(20, charset="utf8mb4"), "mysql")
                .with_variant(sa.Text(), "sqlite"),
                postgresql.ARRAY(sa.Text()).with_variant(sa.JSON(), "sqlite"),
            )
        ),
    )


@ours()
def types_of_a_program(ops: Any) -> list[Any]:
    return created(
        ops,
        table_of(
            *columns(
                Upper(length=20),
                Money("EUR", digits=4),
                Vector(3),
                postgresql.ARRAY(Upper(5)),
                sa.String().with_variant(Upper(7), "mysql"),
            )
        ),
    )


# --- columns ----------------------------------------------------------------------------------------------------------


@case()
def add_column(ops: Any) -> list[Any]:
    column = table_of(sa.Column("r", sa.Integer(), sa.ForeignKey("o.id"), index=True, unique=True)).c.r
    return [
        ops.AddColumnOp("t", sa.Column("a", sa.Integer(), server_default=sa.text("1"), nullable=False)),
        ops.AddColumnOp("t", sa.Column("b", sa.String(10), comment="c"), schema="shop", if_not_exists=True),
        ops.AddColumnOp.from_column(column),
    ]


@ours()
def add_column_whole(ops: Any) -> list[Any]:
    column = sa.Column(
        "r",
        sa.Integer(),
        sa.ForeignKey("o.id", name="fk_r", ondelete="CASCADE", deferrable=True),
        sa.CheckConstraint("r > 0", name="ck_r"),
        primary_key=True,
        unique=True,
        index=True,
    )
    attached = table_of(sa.Column("id", sa.Integer(), sa.ForeignKey("o.id"), primary_key=True, index=True)).c.id
    return [
        ops.AddColumnOp("t", column, inline_references=True, inline_primary_key=True),
        ops.AddColumnOp("t", attached, inline_references=True),
        ops.AddColumnOp("t", attached, inline_primary_key=True),
    ]


@case()
def drop_column(ops: Any) -> list[Any]:
    return [ops.DropColumnOp("t", "a"), ops.DropColumnOp("t", "b", schema="shop", if_exists=True)]


@ours(dialect="mssql")
def drop_column_options(ops: Any) -> list[Any]:
    return [ops.DropColumnOp("t", "a", mssql_drop_default=True, mssql_drop_check=True)]


@case()
def alter_column(ops: Any) -> list[Any]:
    return [
        ops.AlterColumnOp("t", "a", existing_type=sa.Integer(), modify_nullable=False),
        ops.AlterColumnOp(
            "t", "b", existing_type=sa.String(10), modify_type=sa.String(20), existing_nullable=True, schema="shop"
        ),
        ops.AlterColumnOp("t", "c", modify_name="d"),
        ops.AlterColumnOp("t", "e", modify_server_default=None, existing_type=sa.Integer()),
        ops.AlterColumnOp("t", "f", modify_comment="new", existing_comment="old", existing_type=sa.Integer()),
        ops.AlterColumnOp("t", "g", modify_comment=None, existing_comment="old"),
    ]


@ours()
def alter_column_whole(ops: Any) -> list[Any]:
    return [
        ops.AlterColumnOp(
            "t",
            "c",
            modify_name="d",
            modify_type=sa.Integer(),
            existing_type=sa.String(3),
            modify_nullable=True,
            existing_nullable=False,
            modify_server_default=sa.text("3"),
            existing_server_default="x",
            postgresql_using="c::integer",
        ),
        ops.AlterColumnOp(
            "t", "i", modify_server_default=sa.Identity(start=3), existing_server_default=sa.Identity(always=True)
        ),
        ops.AlterColumnOp("t", "j", existing_type=sa.Integer(), autoincrement=True, existing_autoincrement=False),
    ]


# --- indexes ----------------------------------------------------------------------------------------------------------


@case(sqlalchemy=">= 2.0.16")
def indexes(ops: Any) -> list[Any]:
    t = table_of(sa.Column("a", sa.Integer()), sa.Column("b", sa.String()), schema="shop")
    made = [
        sa.Index("ix_plain", t.c.a, t.c.b),
        sa.Index("ix_unique", t.c.a, unique=True),
        sa.Index("ix_function", sa.func.lower(t.c.b)),
        sa.Index("ix_desc", t.c.a.desc().nulls_last()),
        sa.Index("ix_where", t.c.a, postgresql_where=t.c.a > 5, postgresql_using="btree"),
        sa.Index("ix_include", t.c.a, postgresql_include=["b"], postgresql_with={"fillfactor": 50}),
        sa.Index("ix_ops", t.c.b, postgresql_ops={"b": "text_pattern_ops"}),
        sa.Index("ix_nulls", t.c.a, unique=True, postgresql_nulls_not_distinct=True),
        sa.Index("ix_concurrently", t.c.a, postgresql_concurrently=True),
    ]
    creates = [ops.CreateIndexOp.from_index(index) for index in made]
    return [*creates, ops.CreateIndexOp(None, "t", ["a"], if_not_exists=True)]


@case()
def drop_index(ops: Any) -> list[Any]:
    t = table_of(sa.Column("a", sa.Integer()))
    index = sa.Index("ix", t.c.a, postgresql_concurrently=True)
    return [
        ops.DropIndexOp("ix", table_name="t", schema="shop", if_exists=True),
        ops.DropIndexOp.from_index(index),
    ]


@ours(dialect="mysql")
def types_mysql_that_alembic_loses(ops: Any) -> list[Any]:
    return created(ops, table_of(*columns(mysql.ENUM("a", charset="utf8mb4"), mysql.SET("x", collation="utf8mb4_bin"))))


@ours()
def drop_index_by_name(ops: Any) -> list[Any]:
    return [ops.DropIndexOp("ix")]


@ours()
def indexes_on_operators(ops: Any) -> list[Any]:
    t = table_of(sa.Column("a", sa.Integer()), sa.Column("b", sa.String()))
    label = sa.func.lower(t.c.b).label("lower_b")
    made = [
        sa.Index("ix_modulo", t.c.a.op("%")(3)),
        sa.Index("ix_label", label, postgresql_ops={"lower_b": "text_pattern_ops"}),
    ]
    return [ops.CreateIndexOp.from_index(index) for index in made]


@case(dialect="mysql")
def indexes_mysql(ops: Any) -> list[Any]:
    t = table_of(sa.Column("a", sa.Text()))
    return [ops.CreateIndexOp.from_index(sa.Index("ix", t.c.a, mysql_length=10, mysql_prefix="FULLTEXT"))]


# --- constraints ------------------------------------------------------------------------------------------------------


@case(sqlalchemy=">= 2.0.16")
def constraints(ops: Any) -> list[Any]:
    return [
        ops.CreateUniqueConstraintOp("uq", "t", ["a", "b"], schema="shop", deferrable=True, initially="DEFERRED"),
        ops.CreateUniqueConstraintOp(None, "t", ["a"], postgresql_nulls_not_distinct=True),
        ops.CreateForeignKeyOp(
            "fk", "t", "u", ["a", "b"], ["c", "d"], source_schema="s", referent_schema="r", ondelete="CASCADE"
        ),
        ops.CreateForeignKeyOp(
            None, "t", "t", ["a"], ["id"], onupdate="CASCADE", deferrable=True, initially="DEFERRED", match="FULL"
        ),
        ops.CreateCheckConstraintOp("ck", "t", "a > 0", schema="shop"),
        ops.CreateCheckConstraintOp(None, "t", sa.column("a") > 5),
        ops.DropConstraintOp("x", "t", type_="unique", schema="shop"),
        ops.DropConstraintOp("x", "t", type_="foreignkey", if_exists=True),
        ops.DropConstraintOp("x", "t"),
    ]


@ours()
def constraints_that_alembic_loses(ops: Any) -> list[Any]:
    exclude = table_of(
        sa.Column("room", sa.Integer()),
        postgresql.ExcludeConstraint(
            ("room", "="), name="ex", using="gist", where=sa.text("room > 0"), deferrable=True
        ),
    )
    constraint = next(item for item in exclude.constraints if item.name == "ex")
    return [
        ops.CreatePrimaryKeyOp("pk", "t", ["a", "b"], schema="shop", postgresql_include=["c"]),
        ops.CreateCheckConstraintOp("ck", "t", "a > 0", deferrable=True, postgresql_not_valid=True),
        ops.CreateCheckConstraintOp("percent", "t", sa.text("a % 2 = 0 AND b <> '\\:x'")),
        ops.CreateExcludeConstraintOp.from_constraint(constraint),
        ops.CreateForeignKeyOp("fk", "t", "u", ["a"], ["b"], postgresql_not_valid=True),
    ]


# --- batches, data, notes ---------------------------------------------------------------------------------------------


def _changes(ops: Any) -> list[Any]:
    return [
        ops.ModifyTableOps(
            "t",
            [
                ops.AddColumnOp("t", sa.Column("a", sa.Integer()), schema="shop"),
                ops.DropColumnOp("t", "b", schema="shop"),
                ops.AlterColumnOp("t", "c", existing_type=sa.Integer(), modify_nullable=False, schema="shop"),
                ops.CreateIndexOp("ix", "t", ["a"], schema="shop"),
                ops.DropIndexOp("ix2", table_name="t", schema="shop"),
                ops.CreateUniqueConstraintOp("uq", "t", ["a"], schema="shop"),
                ops.CreateForeignKeyOp("fk", "t", "u", ["a"], ["id"], source_schema="shop", referent_schema="r"),
                ops.DropConstraintOp("old", "t", type_="check", schema="shop"),
                ops.CreateTableCommentOp("t", "new", existing_comment="old", schema="shop"),
            ],
            schema="shop",
        ),
        ops.ModifyTableOps("empty", []),
        ops.DropTableOp("u"),
    ]


@case()
def modify_table(ops: Any) -> list[Any]:
    return _changes(ops)


@case(batch=True)
def batch(ops: Any) -> list[Any]:
    return _changes(ops)


@case()
def nothing(ops: Any) -> list[Any]:
    del ops
    return []


@case()
def execute(ops: Any) -> list[Any]:
    return [ops.ExecuteSQLOp("UPDATE t SET a = 'it''s' WHERE b = 1")]


@ours()
def execute_expressions(ops: Any) -> list[Any]:
    t = sa.table("t", sa.column("a", sa.Integer()), sa.column("b", sa.String()))
    return [
        ops.ExecuteSQLOp(sa.text("UPDATE t SET b = '10\\:30'")),
        ops.ExecuteSQLOp(sa.text("UPDATE t SET a = :a").bindparams(a=3)),
        ops.ExecuteSQLOp(t.update().where(t.c.a == 1).values(b="100%")),
        ops.ExecuteSQLOp("VACUUM t", execution_options={"isolation_level": "AUTOCOMMIT"}),
        ops.ExecuteSQLOp("UPDATE t\nSET a = 1\nWHERE b = 'x'"),
    ]


@ours()
def bulk_insert(ops: Any) -> list[Any]:
    t = sa.table(
        "t",
        sa.column("id", sa.Integer()),
        sa.column("name", sa.String(20)),
        sa.column("born", sa.Date()),
        sa.column("paid", sa.Numeric(10, 2)),
        sa.column("key", sa.Uuid()),
        sa.column("at", sa.DateTime(timezone=True)),
        sa.column("data", sa.JSON()),
        schema="shop",
    )
    row = {
        "id": 1,
        "name": "it's",
        "born": datetime.date(2020, 1, 2),
        "paid": decimal.Decimal("1.50"),
        "key": uuid.UUID(int=7),
        "at": datetime.datetime(2020, 1, 2, 3, 4, tzinfo=datetime.UTC),
        "data": {"k": [1, None, True, 1.5]},
    }
    return [
        ops.BulkInsertOp(t, [row, {**row, "id": 2}]),
        ops.BulkInsertOp(sa.table("u", sa.column("a", sa.Integer())), [{"a": inline_literal(1)}], multiinsert=False),
    ]


@ours()
def notes(ops: Any) -> list[Any]:
    renamed = ops.AlterColumnOp("t", "colour", modify_name="color", existing_type=sa.String())
    renamed.note = (
        "Autogenerate takes the column colour for renamed: type and place are the same, and the names are similar. "
        "Where it is not, drop the one and add the other."
    )
    return [renamed, ops.ModifyTableOps("t", [renamed])]


# --- objects ----------------------------------------------------------------------------------------------------------


@ours()
def enums(ops: Any) -> list[Any]:
    return [
        ops.CreateEnumOp("mood", ["sad", "it's ok"], schema="shop", if_not_exists=True),
        ops.AddEnumValueOp("mood", "happy", after="it's ok", existing_values=["sad", "it's ok"], columns=[("t", "m")]),
        ops.RenameEnumValueOp("mood", "sad", "blue"),
        ops.ReplaceEnumValuesOp(
            "mood",
            ["blue", "happy"],
            ["blue", "it's ok", "happy"],
            columns=[
                ("t", "m", "happy"),
                EnumColumn("u", "n", None, new_server_default="blue", schema="s", array=True),
            ],
            mapping={"it's ok": "happy"},
        ),
        ops.DropEnumOp("mood", existing_values=["blue", "happy"], if_exists=True),
    ]


@ours(sqlalchemy=">= 2.1")
def enum_created_by_the_script(ops: Any) -> list[Any]:
    """A table must not create the type again that the script has created."""
    mood = sa.Enum("sad", "happy", name="mood")
    other = sa.Enum("a", name="other")
    return [ops.CreateEnumOp("mood", ["sad", "happy"]), *created(ops, table_of(*columns(mood, other)))]


@ours()
def sequences(ops: Any) -> list[Any]:
    return [
        ops.CreateSequenceOp("s", schema="shop", if_not_exists=True, start=5, increment=2, cycle=True),
        ops.CreateSequenceOp("wide", data_type=sa.BigInteger()),
        ops.AlterSequenceOp("s", restart=10, existing={"increment": 2}, increment=3),
        ops.DropSequenceOp("s", if_exists=True),
    ]


@ours()
def namespaces(ops: Any) -> list[Any]:
    return [
        ops.CreateSchemaOp("shop", if_not_exists=True),
        ops.CreateExtensionOp("pg_trgm", schema="shop", version="1.6", if_not_exists=True, cascade=True),
        ops.DropExtensionOp("pg_trgm", if_exists=True, existing_schema="shop"),
        ops.DropSchemaOp("shop", cascade=True),
    ]


@ours()
def views(ops: Any) -> list[Any]:
    view = View("cheap", "SELECT id,\n       name\nFROM purchase\nWHERE amount < 10", schema="shop", columns=("a", "b"))
    older = View("cheap", "SELECT id FROM purchase", schema="shop")
    total = MaterializedView(
        "total",
        "SELECT sum(amount) AS s FROM purchase",
        indexes=(ViewIndex("total_s", ("s",), unique=True),),
        with_data=False,
    )
    return [
        ops.CreateViewOp(view),
        ops.ReplaceViewOp(view, replaces=older),
        ops.DropViewOp(view, if_exists=True, cascade=True),
        ops.CreateMaterializedViewOp(total),
        ops.ReplaceMaterializedViewOp(total, replaces=total),
        ops.RefreshMaterializedViewOp("total", concurrently=True),
        ops.DropMaterializedViewOp(total),
    ]


@ours()
def functions(ops: Any) -> list[Any]:
    tax = Function(
        "tax",
        "RETURNS numeric\nLANGUAGE sql\nAS $$ SELECT amount * rate $$",
        arguments="amount numeric, rate numeric = 0.2",
    )
    touch = Trigger("touch", "FOR EACH ROW EXECUTE FUNCTION touched()", table="purchase", event="BEFORE UPDATE")
    clean = Function("clean", "LANGUAGE sql AS $$ DELETE FROM purchase $$", kind="procedure", schema="shop")
    return [
        ops.CreateFunctionOp(tax),
        ops.ReplaceFunctionOp(tax, recreate=True),
        ops.DropFunctionOp(tax),
        ops.CreateFunctionOp(clean),
        ops.DropFunctionOp(clean, if_exists=True),
        ops.CreateTriggerOp(touch),
        ops.ReplaceTriggerOp(touch, replaces=touch),
        ops.DropTriggerOp(touch, cascade=True),
    ]

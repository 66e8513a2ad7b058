"""The offline SQL cases: a table of operations, keywords and dialects, not one written test each.

A case is a call on an object with the names of the `op` module. It is run through Alembic and through this
engine, so it may use nothing but what both offer. Columns and constraints are made inside the call, since an
operation takes possession of them.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite

__all__ = ["ALL", "CASES", "Case"]

ALL = ("postgresql", "sqlite", "mysql", "mariadb", "mssql", "oracle")
PG = ("postgresql",)
MY = ("mysql", "mariadb")
MS = ("mssql",)
ORA = ("oracle",)
LITE = ("sqlite",)

Call = Callable[[Any], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One call on the `op` facade and the dialects it is tried on."""

    name: str
    call: Call
    dialects: tuple[str, ...] = ALL


class Colour(enum.Enum):
    """A Python enumeration as models use it."""

    red = "r"
    blue = "b"


def _untyped(cls: Any, *arguments: Any) -> Callable[[], Any]:
    """Return a maker for a class whose constructor SQLAlchemy does not annotate."""
    return lambda: cls(*arguments)


TYPES: dict[str, Callable[[], Any]] = {
    "integer": sa.Integer,
    "smallint": sa.SmallInteger,
    "bigint": sa.BigInteger,
    "string": lambda: sa.String(50),
    "string-collate": lambda: sa.String(50, collation="C"),
    "unicode": lambda: sa.Unicode(30),
    "text": sa.Text,
    "boolean": sa.Boolean,
    "boolean-check": lambda: sa.Boolean(create_constraint=True, name="ck_flag"),
    "numeric": lambda: sa.Numeric(10, 2),
    "float": sa.Float,
    "double": sa.Double,
    "date": sa.Date,
    "time": sa.Time,
    "datetime": sa.DateTime,
    "datetime-tz": lambda: sa.DateTime(timezone=True),
    "interval": sa.Interval,
    "binary": sa.LargeBinary,
    "uuid": sa.Uuid,
    "enum": lambda: sa.Enum("a", "b", name="letters"),
    "enum-class": lambda: sa.Enum(Colour, name="colour"),
    "enum-check": lambda: sa.Enum("a", "b", name="ck_letters", native_enum=False, create_constraint=True),
    "variant": lambda: sa.String(10).with_variant(sa.Text(), "postgresql", "sqlite"),
}
TYPES_SOME: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "json": (sa.JSON, ("postgresql", "sqlite", "mysql", "mariadb", "mssql")),
    "jsonb": (postgresql.JSONB, PG),
    "array": (lambda: postgresql.ARRAY(sa.Text()), PG),
    "hstore": (postgresql.HSTORE, PG),
    "inet": (postgresql.INET, PG),
    "tsvector": (postgresql.TSVECTOR, PG),
    "int4range": (postgresql.INT4RANGE, PG),
    "pg-enum": (lambda: postgresql.ENUM("a", "b", name="letters", create_type=False), PG),
    "pg-enum-schema": (lambda: postgresql.ENUM("a", "b", name="letters", schema="types"), PG),
    "citext": (postgresql.CITEXT, PG),
    "tinyint": (lambda: mysql.TINYINT(1), MY),
    "unsigned": (lambda: mysql.INTEGER(unsigned=True), MY),
    "longtext": (lambda: mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), MY),
    "timestamp-fsp": (lambda: mysql.TIMESTAMP(fsp=6), MY),
    "mysql-enum": (lambda: mysql.ENUM("a", "b"), MY),
    "nvarchar-max": (lambda: mssql.NVARCHAR(None), MS),
    "uniqueidentifier": (mssql.UNIQUEIDENTIFIER, MS),
    "datetimeoffset": (_untyped(mssql.DATETIMEOFFSET, 3), MS),
    "number": (_untyped(oracle.NUMBER, 10, 2), ORA),
    "varchar2": (lambda: oracle.VARCHAR2(20), ORA),
    "clob": (oracle.CLOB, ORA),
    "sqlite-json": (sqlite.JSON, LITE),
}


def _add_typed(make: Callable[[], Any]) -> Call:
    return lambda op: op.add_column("t", sa.Column("c", make()))


def _add(make: Callable[[], sa.Column[Any]], **kw: Any) -> Call:
    return lambda op: op.add_column("t", make(), **kw)


def _create_typed(make: Callable[[], Any]) -> Call:
    return lambda op: op.create_table("t", sa.Column("c", make(), nullable=False))


def _drop_column(name: str, **kw: Any) -> Call:
    return lambda op: op.drop_column("t", name, **kw)


def _drop_index(**kw: Any) -> Call:
    return lambda op: op.drop_index("ix_t", **kw)


def _drop_constraint(**kw: Any) -> Call:
    return lambda op: op.drop_constraint("k", "t", **kw)


def _add_column_cases() -> Iterator[Case]:
    """Every type, and every decoration a column can carry."""
    for name, make in TYPES.items():
        yield Case(name=f"add_column/type/{name}", call=_add_typed(make))
    for name, (make, dialects) in TYPES_SOME.items():
        yield Case(name=f"add_column/type/{name}", call=_add_typed(make), dialects=dialects)
    columns: dict[str, Callable[[], sa.Column[Any]]] = {
        "not-null": lambda: sa.Column("c", sa.Integer(), nullable=False),
        "nullable": lambda: sa.Column("c", sa.Integer(), nullable=True),
        "default-string": lambda: sa.Column("c", sa.String(9), server_default="a'b"),
        "default-percent": lambda: sa.Column("c", sa.String(9), server_default="50%"),
        "default-text": lambda: sa.Column("c", sa.Integer(), server_default=sa.text("1 + 1"), nullable=False),
        "default-number-string": lambda: sa.Column("c", sa.Integer(), server_default="5"),
        "default-func": lambda: sa.Column("c", sa.DateTime(), server_default=sa.func.now()),
        "default-true": lambda: sa.Column("c", sa.Boolean(), server_default=sa.true(), nullable=False),
        "default-text-quoted": lambda: sa.Column("c", sa.String(9), server_default=sa.text("'x'")),
        "default-empty": lambda: sa.Column("c", sa.String(9), server_default=""),
        "default-null": lambda: sa.Column("c", sa.String(9), server_default=sa.null()),
        "comment": lambda: sa.Column("c", sa.Integer(), comment="it's 5%"),
        "index": lambda: sa.Column("c", sa.Integer(), index=True),
        "unique": lambda: sa.Column("c", sa.Integer(), unique=True),
        "unique-index": lambda: sa.Column("c", sa.Integer(), unique=True, index=True),
        "primary-key": lambda: sa.Column("c", sa.Integer(), primary_key=True),
        "primary-key-auto": lambda: sa.Column("c", sa.Integer(), primary_key=True, autoincrement=True),
        "identity": lambda: sa.Column("c", sa.Integer(), sa.Identity()),
        "identity-options": lambda: sa.Column("c", sa.Integer(), sa.Identity(always=True, start=3, increment=2)),
        "computed": lambda: sa.Column("c", sa.Integer(), sa.Computed("a + 1")),
        "computed-stored": lambda: sa.Column("c", sa.Integer(), sa.Computed("a + 1", persisted=True)),
        "computed-virtual": lambda: sa.Column("c", sa.Integer(), sa.Computed("a + 1", persisted=False)),
        "foreign-key": lambda: sa.Column("c", sa.Integer(), sa.ForeignKey("u.id")),
        "foreign-key-named": lambda: sa.Column(
            "c", sa.Integer(), sa.ForeignKey("u.id", name="fk_c", ondelete="CASCADE", onupdate="SET NULL")
        ),
        "foreign-key-deferrable": lambda: sa.Column(
            "c", sa.Integer(), sa.ForeignKey("u.id", name="fk_c", deferrable=True, initially="DEFERRED")
        ),
        "foreign-key-schema": lambda: sa.Column("c", sa.Integer(), sa.ForeignKey("other.u.id", name="fk_c")),
        "foreign-key-self": lambda: sa.Column("c", sa.Integer(), sa.ForeignKey("t.id", name="fk_c")),
        "quoted": lambda: sa.Column("Mixed Case", sa.Integer(), nullable=False),
        "reserved": lambda: sa.Column("order", sa.Integer()),
        "percent-name": lambda: sa.Column("50%", sa.Integer()),
        "system": lambda: sa.Column("c", sa.Integer(), system=True),
        "sequence": lambda: sa.Column("c", sa.Integer(), sa.Sequence("c_seq")),
        "server-onupdate": lambda: sa.Column(
            "c", sa.DateTime(), server_default=sa.text("CURRENT_TIMESTAMP"), server_onupdate=sa.FetchedValue()
        ),
    }
    for name, column in columns.items():
        yield Case(name=f"add_column/{name}", call=_add(column))
        yield Case(name=f"add_column/{name}/schema", call=_add(column, schema="s"))
    yield from _add_column_keyword_cases(columns)
    checks: dict[str, Callable[[], sa.Column[Any]]] = {
        "check": lambda: sa.Column("c", sa.Integer(), sa.CheckConstraint("c > 0")),
        "check-named": lambda: sa.Column("c", sa.Integer(), sa.CheckConstraint("c > 0", name="ck_c")),
        "check-expression": lambda: sa.Column("c", sa.String(9), sa.CheckConstraint(sa.text("c LIKE '5%'"), name="k")),
    }
    for name, column in checks.items():
        yield Case(name=f"add_column/{name}", call=_add(column))


def _add_column_keyword_cases(columns: dict[str, Callable[[], sa.Column[Any]]]) -> Iterator[Case]:
    for name in ("nullable", "not-null", "default-text", "quoted", "foreign-key-named"):
        yield Case(name=f"add_column/{name}/if_not_exists", call=_add(columns[name], if_not_exists=True))
    for name in ("foreign-key", "foreign-key-named", "foreign-key-deferrable", "foreign-key-schema", "not-null"):
        yield Case(name=f"add_column/{name}/inline_references", call=_add(columns[name], inline_references=True))
    for name in ("primary-key", "primary-key-auto", "identity"):
        yield Case(name=f"add_column/{name}/inline_primary_key", call=_add(columns[name], inline_primary_key=True))
    yield Case(
        name="add_column/quoted-schema",
        call=lambda op: op.add_column("T x", sa.Column("c", sa.Integer()), schema=sa.sql.quoted_name("My S", True)),
    )
    yield Case(
        name="add_column/dotted-schema",
        call=lambda op: op.add_column("t", sa.Column("c", sa.Integer()), schema="db.dbo"),
    )


ALTERATIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "null": lambda: {"nullable": True},
    "not-null": lambda: {"nullable": False},
    "type": lambda: {"type_": sa.String(20)},
    "type-bigint": lambda: {"type_": sa.BigInteger()},
    "type-datetime": lambda: {"type_": sa.DateTime()},
    "default": lambda: {"server_default": "x"},
    "default-text": lambda: {"server_default": sa.text("1 + 1")},
    "default-func": lambda: {"server_default": sa.func.now()},
    "default-drop": lambda: {"server_default": None},
    "name": lambda: {"new_column_name": "d"},
    "name-quoted": lambda: {"new_column_name": "D d"},
    "comment": lambda: {"comment": "it's 5%"},
    "comment-drop": lambda: {"comment": None},
}
EXISTING: dict[str, Callable[[], dict[str, Any]]] = {
    "bare": dict,
    "existing-type": lambda: {"existing_type": sa.Integer()},
    "existing-all": lambda: {
        "existing_type": sa.Integer(),
        "existing_nullable": False,
        "existing_server_default": sa.text("7"),
        "existing_comment": "old",
    },
    "existing-nullable": lambda: {"existing_type": sa.Integer(), "existing_nullable": True},
    "existing-not-null": lambda: {"existing_type": sa.Integer(), "existing_nullable": False},
}
COMBINED = (
    ("type", "not-null"),
    ("type", "null"),
    ("type", "name"),
    ("type", "default"),
    ("type", "default-drop"),
    ("not-null", "default"),
    ("not-null", "name"),
    ("name", "default"),
    ("name", "comment"),
    ("type", "comment"),
    ("type", "not-null", "default", "name", "comment"),
    ("type", "null", "default-drop", "name", "comment-drop"),
)


def _alter(*makers: Callable[[], dict[str, Any]], schema: str | None = None) -> Call:
    def call(op: Any) -> object:
        keywords: dict[str, Any] = {"schema": schema}
        for make in makers:
            keywords |= make()
        return op.alter_column("t", "c", **keywords)

    return call


def _alter_column_cases() -> Iterator[Case]:
    """Every alteration with every amount of knowledge about the column, alone and combined."""
    for change, existing in itertools.product(ALTERATIONS, EXISTING):
        yield Case(name=f"alter_column/{change}/{existing}", call=_alter(ALTERATIONS[change], EXISTING[existing]))
    for change, alteration in ALTERATIONS.items():
        call = _alter(alteration, EXISTING["existing-all"], schema="s")
        yield Case(name=f"alter_column/{change}/schema", call=call)
    for changes, existing in itertools.product(COMBINED, ("existing-type", "existing-all")):
        makers = [ALTERATIONS[change] for change in changes]
        yield Case(name=f"alter_column/{'+'.join(changes)}/{existing}", call=_alter(*makers, EXISTING[existing]))
    yield from _alter_column_special_cases()


def _alter_column_special_cases() -> Iterator[Case]:
    calls: dict[str, tuple[Callable[[], dict[str, Any]], tuple[str, ...]]] = {
        "using": (lambda: {"type_": sa.Integer(), "postgresql_using": "c::integer"}, PG),
        "using-percent": (lambda: {"type_": sa.Integer(), "postgresql_using": "c::integer % 5"}, PG),
        "using-without-type": (lambda: {"postgresql_using": "c::integer"}, PG),
        "using-elsewhere": (
            lambda: {
                "type_": sa.Integer(),
                "postgresql_using": "c::integer",
                "existing_type": sa.String(9),
                "existing_nullable": True,
            },
            ALL[1:],
        ),
        "identity-add": (lambda: {"server_default": sa.Identity(), "existing_type": sa.Integer()}, ALL),
        "identity-add-options": (
            lambda: {
                "server_default": sa.Identity(
                    always=True, start=5, increment=3, minvalue=1, maxvalue=99, cycle=True, cache=7
                )
            },
            ("postgresql", "oracle"),
        ),
        "identity-drop": (lambda: {"server_default": None, "existing_server_default": sa.Identity()}, ALL),
        "identity-change": (
            lambda: {
                "server_default": sa.Identity(always=True, increment=4),
                "existing_server_default": sa.Identity(start=2),
            },
            ("postgresql", "oracle"),
        ),
        "identity-change-start": (
            lambda: {
                "server_default": sa.Identity(start=10, cycle=True, cache=3),
                "existing_server_default": sa.Identity(start=2, cache=3),
            },
            ("postgresql", "oracle"),
        ),
        "identity-change-always-off": (
            lambda: {"server_default": sa.Identity(), "existing_server_default": sa.Identity(always=True)},
            ("postgresql", "oracle"),
        ),
        "identity-change-limits": (
            lambda: {
                "server_default": sa.Identity(minvalue=1, nomaxvalue=True),
                "existing_server_default": sa.Identity(nominvalue=True, maxvalue=10),
            },
            ("postgresql", "oracle"),
        ),
        "identity-unchanged": (
            lambda: {"server_default": sa.Identity(start=2), "existing_server_default": sa.Identity(start=2)},
            ("postgresql", "oracle"),
        ),
        "identity-over-default": (
            lambda: {"server_default": sa.Identity(), "existing_server_default": sa.text("5")},
            ("postgresql", "oracle"),
        ),
        "default-jsonb": (lambda: {"server_default": sa.text("'{\"a\":1}'::jsonb")}, PG),
        "default-sequence": (lambda: {"server_default": sa.text("nextval('q'::regclass)")}, PG),
        "comment-add-schema": (lambda: {"comment": "it's 5%", "schema": "s"}, (*PG, *MS, *ORA)),
        "comment-add-quoted": (lambda: {"comment": "x", "schema": "My S"}, (*PG, *MS)),
        "identity-to-default": (
            lambda: {"server_default": "5", "existing_server_default": sa.Identity()},
            ("postgresql", "oracle"),
        ),
        "computed-add": (lambda: {"server_default": sa.Computed("a + 1"), "existing_type": sa.Integer()}, ALL),
        "computed-drop": (
            lambda: {
                "server_default": None,
                "existing_server_default": sa.Computed("a"),
                "existing_type": sa.Integer(),
            },
            ALL,
        ),
        "type-from-boolean": (
            lambda: {
                "type_": sa.Integer(),
                "existing_nullable": True,
                "existing_type": sa.Boolean(create_constraint=True, name="ck_flag"),
            },
            ALL,
        ),
        "type-to-boolean": (
            lambda: {
                "type_": sa.Boolean(create_constraint=True, name="ck_flag"),
                "existing_nullable": True,
                "existing_type": sa.Integer(),
            },
            ALL,
        ),
        "type-to-enum": (
            lambda: {
                "type_": sa.Enum("a", "b", name="letters"),
                "existing_type": sa.String(9),
                "existing_nullable": True,
            },
            ALL,
        ),
        "type-to-enum-check": (
            lambda: {
                "type_": sa.Enum("a", "b", name="ck_l", native_enum=False, create_constraint=True),
                "existing_type": sa.String(9),
                "existing_nullable": True,
            },
            ALL,
        ),
        "default-empty": (
            lambda: {"server_default": "", "existing_type": sa.String(9), "existing_nullable": True},
            ALL,
        ),
        "default-backslash-free": (lambda: {"server_default": "50% 'q'", "existing_type": sa.String(9)}, ALL),
        "default-true": (lambda: {"server_default": sa.true(), "existing_type": sa.Boolean()}, ALL),
        "default-and-type-datetime": (
            lambda: {
                "server_default": sa.text("CURRENT_TIMESTAMP"),
                "existing_type": sa.DateTime(),
                "existing_nullable": False,
            },
            ALL,
        ),
        "autoincrement": (
            lambda: {"autoincrement": True, "existing_type": sa.Integer(), "existing_nullable": False},
            MY,
        ),
        "autoincrement-off": (
            lambda: {
                "autoincrement": False,
                "existing_type": sa.Integer(),
                "existing_nullable": False,
                "existing_autoincrement": True,
            },
            MY,
        ),
        "existing-autoincrement": (
            lambda: {
                "type_": sa.BigInteger(),
                "existing_type": sa.Integer(),
                "existing_nullable": False,
                "existing_autoincrement": True,
            },
            MY,
        ),
        "rename-autoincrement": (
            lambda: {
                "new_column_name": "d",
                "existing_type": sa.Integer(),
                "existing_nullable": False,
                "existing_autoincrement": True,
            },
            MY,
        ),
        "rename-datetime": (
            lambda: {"new_column_name": "d", "existing_type": sa.DateTime(), "existing_nullable": True},
            MY,
        ),
        "datetime-default": (
            lambda: {
                "server_default": sa.text("CURRENT_TIMESTAMP"),
                "existing_type": sa.DateTime(),
                "existing_nullable": True,
            },
            MY,
        ),
        "timestamp-default": (
            lambda: {
                "server_default": sa.text("CURRENT_TIMESTAMP"),
                "existing_type": sa.TIMESTAMP(),
                "existing_nullable": True,
            },
            MY,
        ),
        "timestamp-default-drop": (
            lambda: {"server_default": None, "existing_type": mysql.TIMESTAMP(), "existing_nullable": True},
            MY,
        ),
        "default-on-update": (
            lambda: {
                "server_default": sa.text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"),
                "existing_type": sa.TIMESTAMP(),
                "existing_nullable": False,
            },
            MY,
        ),
        "type-on-update": (
            lambda: {
                "type_": mysql.TIMESTAMP(fsp=3),
                "existing_type": sa.TIMESTAMP(),
                "existing_nullable": False,
                "existing_server_default": sa.text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"),
            },
            MY,
        ),
        "unsigned": (
            lambda: {"type_": mysql.INTEGER(unsigned=True), "existing_type": sa.Integer(), "existing_nullable": False},
            MY,
        ),
        "type-collate": (
            lambda: {
                "type_": sa.String(20, collation="utf8mb4_bin"),
                "existing_type": sa.String(20),
                "existing_nullable": False,
            },
            MY,
        ),
        "type-class": (
            lambda: {"type_": sa.BigInteger, "existing_type": sa.Integer, "existing_nullable": False},
            ALL,
        ),
        "existing-type-class": (
            lambda: {"nullable": False, "existing_type": sa.DateTime},
            ALL,
        ),
        "comment-keeps": (lambda: {"nullable": True, "existing_type": sa.Integer(), "existing_comment": "kept"}, MY),
        "comment-quote": (
            lambda: {"comment": 'say "it\'s"', "existing_type": sa.Integer(), "existing_nullable": True},
            ALL,
        ),
        "comment-change": (
            lambda: {
                "comment": "new",
                "existing_type": sa.Integer(),
                "existing_nullable": True,
                "existing_comment": "old",
            },
            ALL,
        ),
        "default-over-default": (
            lambda: {"server_default": "5", "existing_server_default": "4", "existing_type": sa.Integer()},
            MS,
        ),
        "default-over-nothing": (
            lambda: {"server_default": "5", "existing_server_default": None, "existing_type": sa.Integer()},
            MS,
        ),
        "mssql-type-not-null": (
            lambda: {"type_": sa.String(30), "existing_nullable": False, "existing_type": sa.String(10)},
            MS,
        ),
        "mssql-everything": (
            lambda: {
                "type_": sa.String(30),
                "nullable": False,
                "existing_nullable": True,
                "existing_server_default": "q",
                "server_default": "z",
                "new_column_name": "e",
                "existing_type": sa.String(10),
            },
            MS,
        ),
        "identity-mssql": (
            lambda: {
                "server_default": sa.Identity(start=4),
                "existing_server_default": sa.Identity(),
                "existing_type": sa.Integer(),
            },
            MS,
        ),
    }
    for name, (make, dialects) in calls.items():
        yield Case(name=f"alter_column/{name}", call=_alter(make), dialects=dialects)
    yield Case(
        name="alter_column/quoted",
        call=lambda op: op.alter_column(
            "My T", "My C", new_column_name="Other C", existing_type=sa.Integer(), existing_nullable=True, schema="My S"
        ),
    )
    yield Case(
        name="alter_column/quoted-type",
        call=lambda op: op.alter_column(
            "My T", "My C", type_=sa.Text(), existing_type=sa.Integer(), existing_nullable=True, schema="My S"
        ),
    )


def _drop_column_cases() -> Iterator[Case]:
    yield Case(name="drop_column/plain", call=lambda op: op.drop_column("t", "c"))
    yield Case(name="drop_column/schema", call=lambda op: op.drop_column("t", "c", schema="s"))
    yield Case(name="drop_column/quoted", call=lambda op: op.drop_column("My T", "My C"))
    yield Case(name="drop_column/if_exists", call=lambda op: op.drop_column("t", "c", if_exists=True))
    for option in ("mssql_drop_default", "mssql_drop_check", "mssql_drop_foreign_key"):
        yield Case(name=f"drop_column/{option}", call=_drop_column("c", **{option: True}))
        call = _drop_column("it's", **{"schema": "s", option: True})
        yield Case(name=f"drop_column/{option}/schema", call=call, dialects=MS)
    yield Case(
        name="drop_column/mssql-all",
        call=lambda op: op.drop_column(
            "t", "c", mssql_drop_default=True, mssql_drop_check=True, mssql_drop_foreign_key=True
        ),
    )


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.Integer(), primary_key=True)


TABLES: dict[str, tuple[Callable[[], tuple[list[Any], dict[str, Any]]], tuple[str, ...]]] = {
    "plain": (lambda: ([_id(), sa.Column("name", sa.String(50), nullable=False)], {}), ALL),
    "schema": (lambda: ([_id()], {"schema": "s"}), ALL),
    "if_not_exists": (lambda: ([_id(), sa.Column("x", sa.Integer(), index=True)], {"if_not_exists": True}), ALL),
    "comment": (lambda: ([_id(), sa.Column("c", sa.Integer(), comment="it's c")], {"comment": "it's 5%"}), ALL),
    "foreign-key-schema": (
        lambda: ([_id(), sa.Column("c", sa.Integer(), sa.ForeignKey("other.u.id", name="fk_c"))], {}),
        ALL,
    ),
    "comment-schema": (
        lambda: ([_id(), sa.Column("c", sa.Integer(), comment="c")], {"comment": "t", "schema": "s"}),
        ALL,
    ),
    "constraints": (
        lambda: (
            [
                sa.Column("a", sa.Integer()),
                sa.Column("b", sa.Integer(), sa.ForeignKey("u.id", name="fk_b", ondelete="CASCADE")),
                sa.PrimaryKeyConstraint("a", name="pk_t"),
                sa.UniqueConstraint("a", "b", name="uq_t"),
                sa.CheckConstraint("a > 0", name="ck_t"),
                sa.ForeignKeyConstraint(["a"], ["v.id"], name="fk_a"),
            ],
            {},
        ),
        ALL,
    ),
    "unnamed-constraints": (
        lambda: (
            [
                sa.Column("a", sa.Integer()),
                sa.UniqueConstraint("a"),
                sa.CheckConstraint("a > 0"),
                sa.ForeignKeyConstraint(["a"], ["v.id"]),
            ],
            {},
        ),
        ALL,
    ),
    "index-columns": (
        lambda: ([_id(), sa.Column("a", sa.Integer(), index=True), sa.Column("b", sa.Integer(), unique=True)], {}),
        ALL,
    ),
    "inline-index": (lambda: ([_id(), sa.Column("a", sa.Integer()), sa.Index("ix_a", "a", unique=True)], {}), ALL),
    "enum": (lambda: ([_id(), sa.Column("e", sa.Enum("a", "b", name="letters"))], {}), ALL),
    "enum-twice": (
        lambda: ([sa.Column("e", sa.Enum("a", "b", name="letters")), sa.Column("f", sa.Enum("a", name="more"))], {}),
        ALL,
    ),
    "enum-check": (
        lambda: ([sa.Column("e", sa.Enum("a", "b", name="ck_l", native_enum=False, create_constraint=True))], {}),
        ALL,
    ),
    "boolean-check": (lambda: ([sa.Column("e", sa.Boolean(create_constraint=True, name="ck_b"))], {}), ALL),
    "identity": (lambda: ([sa.Column("id", sa.Integer(), sa.Identity(start=3), primary_key=True)], {}), ALL),
    "computed": (
        lambda: ([_id(), sa.Column("d", sa.Integer(), sa.Computed("id * 2", persisted=True))], {}),
        ("postgresql", "sqlite", "mysql", "mariadb", "mssql"),
    ),
    "computed-default": (lambda: ([_id(), sa.Column("d", sa.Integer(), sa.Computed("id * 2"))], {}), ORA),
    "defaults": (
        lambda: (
            [
                _id(),
                sa.Column("a", sa.String(9), server_default="x%"),
                sa.Column("b", sa.DateTime(), server_default=sa.func.now()),
                sa.Column("c", sa.Boolean(), server_default=sa.false()),
            ],
            {},
        ),
        ALL,
    ),
    "colon-default": (lambda: ([sa.Column("a", sa.String(9), server_default=sa.text("'{\"k\":1}'"))], {}), ALL),
    "sequence": (lambda: ([sa.Column("id", sa.Integer(), sa.Sequence("q"), primary_key=True)], {}), ALL),
    "prefixes": (lambda: ([_id()], {"prefixes": ["TEMPORARY"]}), ALL),
    "quote": (lambda: ([_id()], {"quote": True}), ALL),
    "info": (lambda: ([_id()], {"info": {"a": 1}}), ALL),
    "mysql-options": (
        lambda: ([_id()], {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}),
        ALL,
    ),
    "mariadb-options": (lambda: ([_id()], {"mariadb_engine": "InnoDB", "mariadb_charset": "utf8mb4"}), MY),
    "postgresql-options": (
        lambda: (
            [sa.Column("a", sa.Date())],
            {"postgresql_partition_by": "RANGE (a)", "postgresql_tablespace": "fast"},
        ),
        ALL,
    ),
    "postgresql-storage": (
        lambda: ([sa.Column("a", sa.Date())], {"postgresql_with_oids": False, "postgresql_inherits": "parent"}),
        PG,
    ),
    "sqlite-options": (lambda: ([_id()], {"sqlite_strict": True, "sqlite_with_rowid": False}), ALL),
    "sqlite-autoincrement": (lambda: ([_id()], {"sqlite_autoincrement": True}), ALL),
    "oracle-options": (lambda: ([_id()], {"oracle_tablespace": "fast", "oracle_compress": 6}), ALL),
    "mssql-clustered": (
        lambda: ([sa.Column("a", sa.Integer()), sa.PrimaryKeyConstraint("a", mssql_clustered=False)], {}),
        ALL,
    ),
    "exclude": (
        lambda: (
            [
                sa.Column("r", postgresql.INT4RANGE()),
                postgresql.ExcludeConstraint(("r", "&&"), name="ex_r", using="gist"),
            ],
            {},
        ),
        PG,
    ),
    "deferrable": (
        lambda: (
            [sa.Column("a", sa.Integer()), sa.UniqueConstraint("a", name="uq", deferrable=True, initially="DEFERRED")],
            {},
        ),
        ALL,
    ),
    "composite-key": (
        lambda: ([sa.Column("a", sa.Integer(), primary_key=True), sa.Column("b", sa.Integer(), primary_key=True)], {}),
        ALL,
    ),
    "autoincrement-false": (lambda: ([sa.Column("a", sa.Integer(), primary_key=True, autoincrement=False)], {}), ALL),
    "mixed-names": (lambda: ([sa.Column("Mixed Col", sa.Integer()), sa.Column("select", sa.Integer())], {}), ALL),
}


def _create_table_cases() -> Iterator[Case]:
    for name, (make, dialects) in TABLES.items():

        def call(op: Any, make: Callable[[], tuple[list[Any], dict[str, Any]]] = make) -> object:
            items, keywords = make()
            return op.create_table("t", *items, **keywords)

        yield Case(name=f"create_table/{name}", call=call, dialects=dialects)
    for name, type_ in TYPES.items():
        yield Case(name=f"create_table/type/{name}", call=_create_typed(type_))
    for name, (type_, dialects) in TYPES_SOME.items():
        yield Case(name=f"create_table/type/{name}", call=_create_typed(type_), dialects=dialects)


def _table_cases() -> Iterator[Case]:
    calls: dict[str, Call] = {
        "drop_table/plain": lambda op: op.drop_table("t"),
        "drop_table/schema": lambda op: op.drop_table("t", schema="s"),
        "drop_table/if_exists": lambda op: op.drop_table("t", if_exists=True),
        "drop_table/quoted": lambda op: op.drop_table("My T", schema="My S"),
        "rename_table/plain": lambda op: op.rename_table("t", "u"),
        "rename_table/schema": lambda op: op.rename_table("t", "u", schema="s"),
        "rename_table/quoted": lambda op: op.rename_table("My T", "Your T", schema="My S"),
        "rename_table/quoted-name": lambda op: op.rename_table("t", sa.sql.quoted_name("u", True)),
        "create_table_comment/plain": lambda op: op.create_table_comment("t", "it's 5%"),
        "create_table_comment/schema": lambda op: op.create_table_comment("t", "x", schema="s"),
        "create_table_comment/existing": lambda op: op.create_table_comment("t", "x", existing_comment="y"),
        "create_table_comment/none": lambda op: op.create_table_comment("t", None),
        "drop_table_comment/plain": lambda op: op.drop_table_comment("t"),
        "drop_table_comment/schema": lambda op: op.drop_table_comment("t", existing_comment="x", schema="s"),
    }
    for name, call in calls.items():
        yield Case(name=name, call=call)


INDEXES: dict[str, tuple[Callable[[], tuple[list[Any], dict[str, Any]]], tuple[str, ...]]] = {
    "plain": (lambda: (["a"], {}), ALL),
    "several": (lambda: (["a", "b", "C c"], {}), ALL),
    "unique": (lambda: (["a"], {"unique": True}), ALL),
    "schema": (lambda: (["a"], {"schema": "s"}), ALL),
    "if_not_exists": (lambda: (["a"], {"if_not_exists": True}), ALL),
    "text": (lambda: ([sa.text("lower(a)")], {}), ALL),
    "text-mixed": (lambda: (["b", sa.text("a DESC")], {}), ALL),
    "func": (lambda: ([sa.func.lower(sa.column("a"))], {}), ALL),
    "column-desc": (lambda: ([sa.column("a").desc(), sa.column("b").asc().nulls_last()], {}), PG + LITE),
    "quote": (lambda: (["a"], {"quote": True}), ALL),
    "quoted-columns": (lambda: (["Mixed", "select"], {}), ALL),
    "concurrently": (lambda: (["a"], {"postgresql_concurrently": True}), ALL),
    "concurrently-if-not-exists": (lambda: (["a"], {"postgresql_concurrently": True, "if_not_exists": True}), PG),
    "where-text": (lambda: (["a"], {"postgresql_where": sa.text("a > 5 AND b LIKE 'x%'")}), ALL),
    "where-expression": (lambda: (["a"], {"postgresql_where": sa.column("a") > 5}), PG),
    "where-string": (lambda: (["a"], {"postgresql_where": sa.column("b") == "it's 5%"}), PG),
    "using": (lambda: (["a"], {"postgresql_using": "gin"}), ALL),
    "ops": (lambda: (["a"], {"postgresql_using": "gin", "postgresql_ops": {"a": "gin_trgm_ops"}}), ALL),
    "include": (lambda: (["a"], {"postgresql_include": ["b", "C c"]}), ALL),
    "with": (lambda: (["a"], {"postgresql_with": {"fillfactor": 50}}), ALL),
    "tablespace": (lambda: (["a"], {"postgresql_tablespace": "fast"}), ALL),
    "nulls-not-distinct": (lambda: (["a"], {"unique": True, "postgresql_nulls_not_distinct": True}), PG),
    "mysql-length": (lambda: (["a"], {"mysql_length": 10}), ALL),
    "mysql-length-map": (lambda: (["a", "b"], {"mysql_length": {"a": 10}}), MY),
    "mysql-prefix": (lambda: (["a"], {"mysql_prefix": "FULLTEXT"}), ALL),
    "mysql-using": (lambda: (["a"], {"mysql_using": "hash"}), ALL),
    "mysql-parser": (lambda: (["a"], {"mysql_prefix": "FULLTEXT", "mysql_with_parser": "ngram"}), MY),
    "mariadb-length": (lambda: (["a"], {"mariadb_length": 10}), MY),
    "mssql-include": (lambda: (["a"], {"mssql_include": ["b"]}), ALL),
    "mssql-include-several": (lambda: (["a"], {"mssql_include": ["b", "c"], "unique": True}), MS),
    "mssql-clustered": (lambda: (["a"], {"mssql_clustered": True}), ALL),
    "mssql-where": (lambda: (["a"], {"mssql_where": sa.text("a > 5")}), ALL),
    "mssql-columnstore": (lambda: (["a"], {"mssql_columnstore": True}), MS),
    "sqlite-where": (lambda: (["a"], {"sqlite_where": sa.text("a > 5")}), ALL),
    "sqlite-where-expression": (lambda: (["a"], {"sqlite_where": sa.column("a") > 5}), LITE),
    "oracle-compress": (lambda: (["a"], {"oracle_compress": 1}), ALL),
    "oracle-bitmap": (lambda: (["a"], {"oracle_bitmap": True}), ALL),
}


def _index_cases() -> Iterator[Case]:
    for name, (make, dialects) in INDEXES.items():

        def call(op: Any, make: Callable[[], tuple[list[Any], dict[str, Any]]] = make) -> object:
            columns, keywords = make()
            return op.create_index("ix_t", "t", columns, **keywords)

        yield Case(name=f"create_index/{name}", call=call, dialects=dialects)
    drops: dict[str, dict[str, Any]] = {
        "plain": {},
        "table": {"table_name": "t"},
        "schema": {"table_name": "t", "schema": "s"},
        "if_exists": {"table_name": "t", "if_exists": True},
        "concurrently": {"table_name": "t", "postgresql_concurrently": True},
        "concurrently-if-exists": {"table_name": "t", "postgresql_concurrently": True, "if_exists": True},
        "schema-only": {"schema": "s"},
    }
    for name, keywords in drops.items():
        yield Case(name=f"drop_index/{name}", call=_drop_index(**keywords))
    yield Case(name="drop_index/quoted", call=lambda op: op.drop_index("Ix T", table_name="My T"))


def _constraint_cases() -> Iterator[Case]:
    calls: dict[str, tuple[Call, tuple[str, ...]]] = {
        "create_primary_key/plain": (lambda op: op.create_primary_key("pk_t", "t", ["a", "b"]), ALL),
        "create_primary_key/unnamed": (lambda op: op.create_primary_key(None, "t", ["a"]), ALL),
        "create_primary_key/schema": (lambda op: op.create_primary_key("pk_t", "t", ["a"], schema="s"), ALL),
        "create_unique_constraint/plain": (lambda op: op.create_unique_constraint("uq_t", "t", ["a", "b"]), ALL),
        "create_unique_constraint/unnamed": (lambda op: op.create_unique_constraint(None, "t", ["a"]), ALL),
        "create_unique_constraint/schema": (
            lambda op: op.create_unique_constraint("uq_t", "t", ["a"], schema="s"),
            ALL,
        ),
        "create_unique_constraint/deferrable": (
            lambda op: op.create_unique_constraint("uq_t", "t", ["a"], deferrable=True, initially="DEFERRED"),
            ALL,
        ),
        "create_unique_constraint/nulls": (
            lambda op: op.create_unique_constraint("uq_t", "t", ["a"], postgresql_nulls_not_distinct=True),
            ALL,
        ),
        "create_unique_constraint/include": (
            lambda op: op.create_unique_constraint("uq_t", "t", ["a"], postgresql_include=["b"]),
            PG,
        ),
        "create_check_constraint/string": (lambda op: op.create_check_constraint("ck_t", "t", "a > 5"), ALL),
        "create_check_constraint/text": (
            lambda op: op.create_check_constraint("ck_t", "t", sa.text("a LIKE '5%'")),
            ALL,
        ),
        "create_check_constraint/expression": (
            lambda op: op.create_check_constraint("ck_t", "t", sa.func.length(sa.column("a")) > 5),
            ALL,
        ),
        "create_check_constraint/text-colon": (
            lambda op: op.create_check_constraint("ck_t", "t", "a <> '{\"k\":1}'"),
            ALL,
        ),
        "create_check_constraint/in": (
            lambda op: op.create_check_constraint("ck_t", "t", sa.column("a").in_(["x", "it's"])),
            ALL,
        ),
        "create_check_constraint/schema": (
            lambda op: op.create_check_constraint("ck_t", "t", "a > 5", schema="s"),
            ALL,
        ),
        "create_check_constraint/not-valid": (
            lambda op: op.create_check_constraint("ck_t", "t", "a > 5", postgresql_not_valid=True),
            ALL,
        ),
        "create_check_constraint/deferrable": (
            lambda op: op.create_check_constraint("ck_t", "t", "a > 5", deferrable=True),
            ALL,
        ),
        "create_check_constraint/initially": (
            lambda op: op.create_check_constraint("ck_t", "t", "a > 5", deferrable=True, initially="DEFERRED"),
            ALL,
        ),
        "create_foreign_key/plain": (lambda op: op.create_foreign_key("fk", "t", "u", ["a"], ["id"]), ALL),
        "create_foreign_key/unnamed": (lambda op: op.create_foreign_key(None, "t", "u", ["a"], ["id"]), ALL),
        "create_foreign_key/composite": (lambda op: op.create_foreign_key("fk", "t", "u", ["a", "b"], ["c", "d"]), ALL),
        "create_foreign_key/self": (lambda op: op.create_foreign_key("fk", "t", "t", ["a"], ["id"]), ALL),
        "create_foreign_key/options": (
            lambda op: op.create_foreign_key("fk", "t", "u", ["a"], ["id"], onupdate="CASCADE", ondelete="SET NULL"),
            ALL,
        ),
        "create_foreign_key/deferrable": (
            lambda op: op.create_foreign_key("fk", "t", "u", ["a"], ["id"], deferrable=True, initially="DEFERRED"),
            ALL,
        ),
        "create_foreign_key/match": (
            lambda op: op.create_foreign_key("fk", "t", "u", ["a"], ["id"], match="FULL"),
            ALL,
        ),
        "create_foreign_key/schemas": (
            lambda op: op.create_foreign_key("fk", "t", "u", ["a"], ["id"], source_schema="s", referent_schema="r"),
            ALL,
        ),
        "create_foreign_key/not-valid": (
            lambda op: op.create_foreign_key("fk", "t", "u", ["a"], ["id"], postgresql_not_valid=True),
            ALL,
        ),
        "create_foreign_key/use-alter": (
            lambda op: op.create_foreign_key("fk", "t", "u", ["a"], ["id"], use_alter=True),
            ALL,
        ),
        "create_exclude_constraint/plain": (
            lambda op: op.create_exclude_constraint("ex", "t", ("r", "&&"), using="gist"),
            PG,
        ),
        "create_exclude_constraint/using": (
            lambda op: op.create_exclude_constraint("ex", "t", ("a", "="), using="btree"),
            PG,
        ),
        "create_exclude_constraint/where": (
            lambda op: op.create_exclude_constraint(
                "ex", "t", ("a", "="), ("r", "&&"), where="a > 5", deferrable=True, initially="DEFERRED", schema="s"
            ),
            PG,
        ),
        "create_exclude_constraint/expression": (
            lambda op: op.create_exclude_constraint(
                "ex", "t", (sa.text("int4range(a, b)"), "&&"), using="gist", ops={"a": "x"}
            ),
            PG,
        ),
    }
    for name, (call, dialects) in calls.items():
        yield Case(name=name, call=call, dialects=dialects)
    for type_ in ("foreignkey", "primary", "unique", "check", None):
        label = type_ or "untyped"
        yield Case(name=f"drop_constraint/{label}", call=_drop_constraint(type_=type_))
        yield Case(name=f"drop_constraint/{label}/schema", call=_drop_constraint(type_=type_, schema="s"))
        yield Case(name=f"drop_constraint/{label}/if_exists", call=_drop_constraint(type_=type_, if_exists=True))
    yield Case(name="drop_constraint/quoted", call=lambda op: op.drop_constraint("My K", "My T", type_="unique"))


def _rows_table(*columns: Any, **kw: Any) -> sa.Table:
    return sa.Table("t", sa.MetaData(), *columns, **kw)


def _insert_one(make: Callable[[], Any], value: Any) -> Call:
    return lambda op: op.bulk_insert(_rows_table(sa.Column("c", make())), [{"c": value}])


LITERALS: dict[str, tuple[Callable[[], Any], Any, tuple[str, ...]]] = {
    "integer": (sa.Integer, 5, ALL),
    "string": (lambda: sa.String(9), "it's 50% :x", ALL),
    "string-newline": (sa.Text, "a\nb", ALL),
    "unicode": (lambda: sa.Unicode(9), "é", ALL),
    "none": (lambda: sa.String(9), None, ALL),
    "numeric": (lambda: sa.Numeric(10, 2), decimal.Decimal("1.50"), ALL),
    "float": (sa.Float, 1.5, ALL),
    "boolean": (sa.Boolean, True, ALL),
    "date": (sa.Date, datetime.date(2024, 2, 29), ALL),
    "time": (sa.Time, datetime.time(1, 2, 3), ("postgresql", "sqlite", "mysql", "mariadb", "mssql")),
    "datetime": (sa.DateTime, datetime.datetime(2024, 2, 29, 1, 2, 3), ALL),
    "datetime-tz": (lambda: sa.DateTime(timezone=True), datetime.datetime(2024, 2, 29, 1, tzinfo=datetime.UTC), PG),
    "uuid": (sa.Uuid, uuid.UUID(int=5), ALL),
    "enum": (lambda: sa.Enum("a", "b", name="letters"), "a", ALL),
    "enum-class": (lambda: sa.Enum(Colour, name="colour"), Colour.red, ALL),
    "json": (sa.JSON, {"a": [1, "x'y"]}, ("postgresql", "sqlite", "mysql", "mariadb", "mssql")),
    "jsonb": (postgresql.JSONB, {"a": 1}, PG),
    "array": (lambda: postgresql.ARRAY(sa.Integer()), [1, 2], PG),
    "array-text": (lambda: postgresql.ARRAY(sa.Text()), ["a", "it's"], PG),
    "interval": (postgresql.INTERVAL, datetime.timedelta(days=2), PG),
    "inet": (postgresql.INET, "10.0.0.1", PG),
    "bytes": (sa.LargeBinary, b"abc", ALL),
    "bytes-not-text": (sa.LargeBinary, b"\x00\xff", ALL),
    "pickle": (sa.PickleType, {"a": 1}, ALL),
    "backslash": (lambda: sa.String(9), "a\\b", ALL),
}


def _data_cases() -> Iterator[Case]:
    for name, (make, value, dialects) in LITERALS.items():
        yield Case(name=f"bulk_insert/{name}", call=_insert_one(make, value), dialects=dialects)
    calls: dict[str, Call] = {
        "bulk_insert/several": lambda op: op.bulk_insert(
            _rows_table(_id(), sa.Column("a", sa.String(9))), [{"id": 1, "a": "x"}, {"id": 2, "a": "y"}]
        ),
        "bulk_insert/lightweight": lambda op: op.bulk_insert(
            sa.table("t", sa.column("a", sa.String()), sa.column("b", sa.Integer)), [{"a": "x", "b": 1}]
        ),
        "bulk_insert/inline-literal": lambda op: op.bulk_insert(
            sa.table("t", sa.column("a", sa.Date())), [{"a": op.inline_literal("2024-01-01")}], multiinsert=False
        ),
        "bulk_insert/not-multi": lambda op: op.bulk_insert(
            sa.table("t", sa.column("a", sa.Integer())), [{"a": 1}, {"a": 2}], multiinsert=False
        ),
        "bulk_insert/empty": lambda op: op.bulk_insert(sa.table("t", sa.column("a", sa.Integer())), []),
        "bulk_insert/schema": lambda op: op.bulk_insert(
            _rows_table(sa.Column("a", sa.Integer()), schema="s"), [{"a": 1}]
        ),
        "bulk_insert/untyped": lambda op: op.bulk_insert(
            sa.table("t", sa.column("a"), sa.column("b")), [{"a": 1, "b": "x"}]
        ),
        "bulk_insert/identity-column": lambda op: op.bulk_insert(
            _rows_table(sa.Column("id", sa.Integer(), sa.Identity(), primary_key=True), sa.Column("a", sa.Integer())),
            [{"id": 1, "a": 2}],
        ),
        "execute/string": lambda op: op.execute("UPDATE t SET a = 1 WHERE b LIKE 'x%'"),
        "execute/tabs": lambda op: op.execute("\tUPDATE t\n\tSET a = 1  "),
        "execute/text": lambda op: op.execute(sa.text("UPDATE t SET a = '50%'")),
        "execute/text-values": lambda op: op.execute(sa.text("UPDATE t SET a = :a, b = :b").bindparams(a="it's", b=5)),
        "execute/escaped-colon": lambda op: op.execute(r"UPDATE t SET a = '{\:x}'"),
        "execute/cast": lambda op: op.execute("UPDATE t SET a = b::text"),
        "execute/update": lambda op: op.execute(
            sa.table("t", sa.column("a", sa.Integer()), sa.column("b", sa.String()))
            .update()
            .values(a=5)
            .where(sa.column("b", sa.String()) == "it's 5%")
        ),
        "execute/update-inline-literal": lambda op: op.execute(
            sa.table("t", sa.column("a", sa.String())).update().values(a=op.inline_literal("x"))
        ),
        "execute/delete": lambda op: op.execute(
            sa.table("t", sa.column("a", sa.Integer())).delete().where(sa.column("a", sa.Integer()) > 5)
        ),
        "execute/in": lambda op: op.execute(
            sa.table("t", sa.column("a", sa.Integer())).delete().where(sa.column("a", sa.Integer()).in_([1, 2]))
        ),
        "execute/insert": lambda op: op.execute(
            sa.insert(sa.table("t", sa.column("a", sa.Integer()), sa.column("b", sa.Date()))).values(
                a=1, b=datetime.date(2024, 1, 2)
            )
        ),
        "execute/insert-table": lambda op: op.execute(
            sa.insert(_rows_table(_id(), sa.Column("a", sa.Integer()))).values(a=1)
        ),
        "execute/insert-from-select": lambda op: op.execute(
            sa.insert(sa.table("t", sa.column("a"))).from_select(["a"], sa.select(sa.table("u", sa.column("b")).c.b))
        ),
        "execute/select": lambda op: op.execute(sa.select(sa.table("u", sa.column("b")).c.b).limit(3)),
        "execute/ddl": lambda op: op.execute(sa.DDL("CREATE VIEW v AS SELECT '50%%'")),  # type: ignore[no-untyped-call]
        "execute/create-sequence": lambda op: op.execute(sa.schema.CreateSequence(sa.Sequence("q", start=5))),
        "execute/drop-sequence": lambda op: op.execute(sa.schema.DropSequence(sa.Sequence("q"))),
        "execute/create-schema": lambda op: op.execute(sa.schema.CreateSchema("s", if_not_exists=True)),
        "execute/semicolon": lambda op: op.execute("UPDATE t SET a = 1;"),
        "execute/json": lambda op: op.execute("UPDATE t SET a = '{\"k\": 1}'"),
        "execute/time": lambda op: op.execute("UPDATE t SET a = '12:30:00'"),
        "execute/backslash": lambda op: op.execute(sa.text("UPDATE t SET a = :a").bindparams(a="c:\\\\temp")),
        "execute/null": lambda op: op.execute(sa.table("t", sa.column("a", sa.String())).update().values(a=None)),
        "execute/case": lambda op: op.execute(
            sa.table("t", sa.column("a", sa.String()), sa.column("b", sa.Integer()))
            .update()
            .values(a=sa.case((sa.column("b", sa.Integer()) > 5, "big"), else_="50%"))
        ),
        "execute/modulo": lambda op: op.execute(
            sa.table("t", sa.column("b", sa.Integer())).delete().where(sa.column("b", sa.Integer()) % 2 == 1)
        ),
        "execute/like": lambda op: op.execute(
            sa.table("t", sa.column("a", sa.String())).delete().where(sa.column("a", sa.String()).like("%x%"))
        ),
        "execute/cast-type": lambda op: op.execute(
            sa.select(sa.cast(sa.literal("5"), sa.Integer()), sa.cast(sa.column("a"), sa.LargeBinary()))
        ),
        "execute/options": lambda op: op.execute("SELECT 1", execution_options={"x": 1}),
        "get_bind/execute-text": lambda op: op.get_bind().execute(sa.text("UPDATE t SET a = 1")),
        "get_bind/execute-select": lambda op: op.get_bind().execute(sa.select(sa.table("u", sa.column("b")).c.b)),
        "get_bind/enum-create": lambda op: sa.Enum("a", "b", name="letters").create(op.get_bind()),
        "get_bind/table-create": lambda op: _rows_table(_id(), sa.Column("a", sa.Integer(), index=True)).create(
            op.get_bind(), checkfirst=True
        ),
        "get_bind/table-drop": lambda op: _rows_table(_id()).drop(op.get_bind()),
        "get_bind/sequence": lambda op: sa.Sequence("q").create(op.get_bind()),
    }
    for name, call in calls.items():
        yield Case(name=name, call=call)
    yield Case(
        name="get_bind/pg-enum-checkfirst",
        call=lambda op: postgresql.ENUM("a", "b", name="letters").create(op.get_bind(), checkfirst=True),
        dialects=PG,
    )
    yield Case(
        name="get_bind/pg-enum-drop",
        call=lambda op: postgresql.ENUM("a", "b", name="letters").drop(op.get_bind(), checkfirst=True),
        dialects=PG,
    )


def _impl_cases() -> Iterator[Case]:
    calls: dict[str, Call] = {
        "impl/begin": lambda op: op.impl.emit_begin(),
        "impl/commit": lambda op: op.impl.emit_commit(),
        "impl/static": lambda op: op.impl.static_output("-- remark"),
        "impl/version-table": lambda op: op.impl._exec(
            sa.schema.CreateTable(
                op.impl.version_table_impl(
                    version_table="alembic_version", version_table_schema=None, version_table_pk=True
                )
            )
        ),
        "impl/version-table-schema": lambda op: op.impl._exec(
            sa.schema.CreateTable(
                op.impl.version_table_impl(version_table="v", version_table_schema="s", version_table_pk=False)
            )
        ),
        "impl/create_column_comment": lambda op: op.impl.create_column_comment(
            _rows_table(sa.Column("c", sa.Integer(), comment="it's 5%")).c.c
        ),
        "impl/create_table-kw": lambda op: op.impl.create_table(_rows_table(_id()), if_not_exists=True),
        "batch/add": _batch_add,
        "batch/never": _batch_never,
    }
    for name, call in calls.items():
        yield Case(name=name, call=call)


def _batch_add(op: Any) -> None:
    with op.batch_alter_table("t", schema="s") as batch:
        batch.add_column(sa.Column("c", sa.Integer(), nullable=True))
        batch.create_index("ix_c", ["c"])


def _batch_never(op: Any) -> None:
    with op.batch_alter_table("t", recreate="never") as batch:
        batch.alter_column("c", new_column_name="d", existing_type=sa.Integer(), existing_nullable=True)
        batch.drop_column("e")


CASES: tuple[Case, ...] = tuple(
    itertools.chain(
        _add_column_cases(),
        _alter_column_cases(),
        _drop_column_cases(),
        _create_table_cases(),
        _table_cases(),
        _index_cases(),
        _constraint_cases(),
        _data_cases(),
        _impl_cases(),
    )
)

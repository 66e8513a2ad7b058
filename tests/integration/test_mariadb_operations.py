"""Every operation on a real MariaDB: up, down, up again, read back by reflection and from SHOW CREATE TABLE."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Connection

from runner.errors import OperationError
from tests.fix_mariadb import MariadbDatabaseFactory
from tests.integration.test_dialects_online import operations_on

Step = Callable[[Any], object]
BASE = (
    "CREATE TABLE part (id INTEGER PRIMARY KEY, number INTEGER)",
    "CREATE TABLE item (id INTEGER AUTO_INCREMENT PRIMARY KEY, label VARCHAR(20), body TEXT, size INTEGER)",
    "CREATE TABLE bare (a INTEGER NOT NULL, b INTEGER NOT NULL, flag BOOL)",
    "INSERT INTO item (label, size) VALUES ('one', 1), ('two', 2)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A change and the way back."""

    name: str
    up: Step
    down: Step


@pytest.fixture
def connection(mariadb_url: str) -> Iterator[Connection]:
    """A connection to a database with a few tables."""
    engine = sa.create_engine(mariadb_url)
    with engine.connect() as connection:
        for statement in BASE:
            connection.exec_driver_sql(statement)
        yield connection
    engine.dispose()


def picture(connection: Connection) -> dict[str, Any]:
    """Return what reflection sees of each table, and what the server says about it."""
    inspector = sa.inspect(connection)
    return {name: _table(connection, inspector, name) for name in sorted(inspector.get_table_names())}


def _table(connection: Connection, inspector: sa.Inspector, name: str) -> dict[str, Any]:
    quoted = connection.dialect.identifier_preparer.quote(name)
    return {
        "columns": {
            column["name"]: {key: str(value) for key, value in column.items()} for column in inspector.get_columns(name)
        },
        "primary key": inspector.get_pk_constraint(name),
        "foreign keys": inspector.get_foreign_keys(name),
        "uniques": inspector.get_unique_constraints(name),
        "checks": inspector.get_check_constraints(name),
        "indexes": inspector.get_indexes(name),
        "comment": inspector.get_table_comment(name),
        "server": connection.exec_driver_sql(f"SHOW CREATE TABLE {quoted}").one()[1],
    }


def _alter(name: str, there: dict[str, Any], back: dict[str, Any], *, column: str = "label") -> Trip:
    return Trip(
        name=name,
        up=lambda op: op.alter_column("item", column, **there),
        down=lambda op: op.alter_column("item", there.get("new_column_name", column), **back),
    )


def _add(name: str, *column: Any, down: Step | None = None, **options: Any) -> Trip:
    return Trip(
        name=name,
        up=lambda op: op.add_column(
            "item", sa.Column("c", *[one() if callable(one) else one for one in column]), **options
        ),
        down=down or (lambda op: op.drop_column("item", "c")),
    )


def _fresh(name: str, *items: Callable[[], Any], **options: Any) -> Trip:
    return Trip(
        name=name,
        up=lambda op: op.create_table("fresh", *(item() for item in items), **options),
        down=lambda op: op.drop_table("fresh"),
    )


def _index(name: str, columns: list[Any], **options: Any) -> Trip:
    return Trip(
        name=name,
        up=lambda op: op.create_index("ix", "item", columns, **options),
        down=lambda op: op.drop_index("ix", table_name="item"),
    )


def _reference(name: str, **options: Any) -> Trip:
    def up(op: Any) -> None:
        key = sa.ForeignKey("part.id", name="fk_c", ondelete="SET NULL", onupdate="CASCADE")
        op.add_column("item", sa.Column("c", sa.Integer(), key), **options)

    def down(op: Any) -> None:
        op.drop_constraint("fk_c", "item", type_="foreignkey")
        op.drop_column("item", "c")

    return Trip(name=name, up=up, down=down)


def _key(kind: str, create: str, what: object) -> Trip:
    return Trip(
        name=f"{kind} without if_exists",
        up=lambda op: getattr(op, create)("k", "bare", what),
        down=lambda op: op.drop_constraint("k", "bare", type_=kind),
    )


TABLES = (
    _fresh(
        "table with everything",
        lambda: sa.Column("id", sa.Integer(), primary_key=True),
        lambda: sa.Column("label", sa.String(9), nullable=False, server_default="a'b%\\:x", comment="it's 5% \\ :x"),
        lambda: sa.Column("size", sa.Integer(), index=True, unique=True),
        lambda: sa.Column("part_id", sa.Integer(), sa.ForeignKey("part.id", name="fk_fresh", ondelete="CASCADE")),
        lambda: sa.Column("kind", sa.Enum("a", "b'c", "d%"), server_default="a"),
        lambda: sa.Column("twice", sa.Integer(), sa.Computed("size * 2", persisted=True)),
        lambda: sa.Column("data", sa.JSON()),
        lambda: sa.Column(
            "at",
            mysql.TIMESTAMP(fsp=3),
            nullable=False,
            server_default=sa.text("CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)"),
        ),
        lambda: sa.UniqueConstraint("label", name="uq_fresh"),
        lambda: sa.CheckConstraint("size % 2 = 0", name="ck_fresh"),
        comment="it's 5% \\ :x",
    ),
    _fresh(
        "table options",
        lambda: sa.Column("id", mysql.INTEGER(unsigned=True), primary_key=True, autoincrement=True),
        lambda: sa.Column("label", mysql.VARCHAR(9, charset="latin1", collation="latin1_bin")),
        mysql_engine="MyISAM",
        mysql_charset="utf8mb3",
        mysql_collate="utf8mb3_bin",
        mysql_row_format="DYNAMIC",
        mysql_auto_increment="100",
    ),
    _fresh(
        "checks in columns",
        lambda: sa.Column("a", sa.Integer(), sa.CheckConstraint("a > 0", name="ck_named")),
        lambda: sa.Column("b", sa.Integer(), sa.CheckConstraint("b > 0")),
        lambda: sa.Column("f", sa.Boolean(create_constraint=True, name="ck_flag")),
    ),
    Trip(
        name="table twice",
        up=lambda op: [op.create_table("fresh", sa.Column("id", sa.Integer()), if_not_exists=True) for _ in range(2)],
        down=lambda op: [op.drop_table("fresh", if_exists=True) for _ in range(2)],
    ),
    Trip(
        name="rename table",
        up=lambda op: op.rename_table("item", "Thing `x` 5%"),
        down=lambda op: op.rename_table("Thing `x` 5%", "item"),
    ),
    Trip(
        name="table comment",
        up=lambda op: op.create_table_comment("item", "it's 5% \\ :x"),
        down=lambda op: op.drop_table_comment("item"),
    ),
)
COLUMNS = (
    _add("column", sa.Integer),
    _add("column with default and comment", lambda: sa.String(9), lambda: sa.DefaultClause("a'b%\\:x")),
    _add(
        "column twice",
        sa.Integer,
        if_not_exists=True,
        down=lambda op: [op.drop_column("item", "c", if_exists=True) for _ in "ab"],
    ),
    _add("named check", sa.Integer, lambda: sa.CheckConstraint("c > 0", name="ck_c"), if_not_exists=True),
    _add("unnamed check", sa.Integer, lambda: sa.CheckConstraint("c % 2 = 0")),
    _add("type with check", lambda: sa.Boolean(create_constraint=True, name="ck_c")),
    _add("enum", lambda: sa.Enum("a", "b'c", "d%")),
    _add("stored computed", sa.Integer, lambda: sa.Computed("size * 2", persisted=True)),
    _add("virtual computed", sa.Integer, lambda: sa.Computed("size * 2", persisted=False)),
    _add("not null", lambda: sa.String(9), lambda: sa.DefaultClause("x")),
    Trip(
        name="column with index, unique and comment",
        up=lambda op: op.add_column("item", sa.Column("c", sa.Integer(), index=True, unique=True, comment="5% it's")),
        down=lambda op: op.drop_column("item", "c"),
    ),
    _reference("column with foreign key"),
    _reference("column with inline foreign key", inline_references=True),
    Trip(
        name="primary key with a counter",
        up=lambda op: op.add_column(
            "bare", sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True), inline_primary_key=True
        ),
        down=lambda op: op.drop_column("bare", "id"),
    ),
)
ALTERATIONS = (
    _alter("rename", {"new_column_name": "Label `x` 5%"}, {"new_column_name": "label"}),
    _alter(
        "rename, known type", {"new_column_name": "x", "existing_type": sa.String(20)}, {"new_column_name": "label"}
    ),
    _alter("nullability", {"nullable": False, "server_default": "x"}, {"nullable": True, "server_default": None}),
    _alter("type", {"type_": sa.Text()}, {"type_": sa.String(20)}),
    _alter(
        "type, all known",
        {"type_": sa.String(40), "existing_type": sa.String(20), "existing_nullable": True},
        {"type_": sa.String(20)},
    ),
    _alter("default", {"server_default": "it's 5%\\ :x"}, {"server_default": None}),
    _alter("default expression", {"server_default": sa.text("concat('5%', uuid())")}, {"server_default": None}),
    _alter("comment", {"comment": "it's 5% \\ :x"}, {"comment": None}),
    _alter(
        "comment, known",
        {"comment": "x", "existing_type": sa.String(20), "existing_nullable": True},
        {"comment": None, "existing_comment": "x"},
    ),
    _alter("to enum", {"type_": sa.Enum("one", "two", "it's 5%")}, {"type_": sa.String(20)}),
    _alter("to unsigned", {"type_": mysql.INTEGER(unsigned=True)}, {"type_": sa.Integer()}, column="size"),
    _alter(
        "to another charset",
        {"type_": mysql.VARCHAR(20, charset="latin1")},
        {"type_": mysql.VARCHAR(20, charset="utf8mb4", collation="utf8mb4_general_ci")},
    ),
    _alter("counter off", {"autoincrement": False}, {"autoincrement": True}, column="id"),
    _alter("counter to big", {"type_": sa.BigInteger()}, {"type_": sa.Integer()}, column="id"),
    _alter(
        "to date and time",
        {"type_": sa.DateTime(), "server_default": sa.text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP")},
        {"type_": sa.Text(), "server_default": None},
        column="body",
    ),
    _alter(
        "everything",
        {"new_column_name": "x", "type_": sa.Text(), "nullable": False, "server_default": "x", "comment": "c"},
        {"new_column_name": "label", "type_": sa.String(20), "nullable": True, "server_default": None, "comment": None},
    ),
    Trip(
        name="to a type with a check and back",
        up=lambda op: op.alter_column("bare", "flag", type_=sa.Boolean(create_constraint=True, name="ck_flag")),
        down=lambda op: op.alter_column(
            "bare", "flag", existing_type=sa.Boolean(create_constraint=True, name="ck_flag"), type_=sa.Boolean()
        ),
    ),
)
INDEXES = (
    _index("index", ["label", "size"], unique=True),
    _index("index on prefixes", ["label", "body"], mysql_length={"label": 5, "body": 10}),
    _index("index on one prefix", ["body"], mysql_length=10),
    _index("index with a kind", ["body"], mysql_prefix="FULLTEXT"),
    _index("index with a method", ["size"], mysql_using="hash"),
    _index("index on expressions", [sa.text("label(3) DESC"), "size"]),
    Trip(
        name="index twice",
        up=lambda op: [op.create_index("ix", "item", ["label"], if_not_exists=True) for _ in "ab"],
        down=lambda op: [op.drop_index("ix", table_name="item", if_exists=True) for _ in "ab"],
    ),
)
CONSTRAINTS = (
    Trip(
        name="primary key",
        up=lambda op: op.create_primary_key("pk", "bare", ["a", "b"]),
        down=lambda op: [op.drop_constraint("pk", "bare", type_="primary", if_exists=True) for _ in "ab"],
    ),
    Trip(
        name="unique",
        up=lambda op: op.create_unique_constraint("uq", "item", ["label", "size"]),
        down=lambda op: [op.drop_constraint("uq", "item", type_="unique", if_exists=True) for _ in "ab"],
    ),
    Trip(
        name="check",
        up=lambda op: op.create_check_constraint("ck", "item", "size % 3 <> 0"),
        down=lambda op: [op.drop_constraint("ck", "item", type_="check", if_exists=True) for _ in "ab"],
    ),
    Trip(
        name="foreign key",
        up=lambda op: op.create_foreign_key(
            "fk", "bare", "item", ["a"], ["id"], ondelete="CASCADE", onupdate="RESTRICT"
        ),
        down=lambda op: (
            *(op.drop_constraint("fk", "bare", type_="foreignkey", if_exists=True) for _ in "ab"),
            op.drop_index("fk", "bare"),  # the server makes one for the key, and leaves it
        ),
    ),
    _key("primary", "create_primary_key", ["a"]),
    _key("unique", "create_unique_constraint", ["a"]),
    _key("check", "create_check_constraint", "a > 0"),
)
TRIPS = (*TABLES, *COLUMNS, *ALTERATIONS, *INDEXES, *CONSTRAINTS)


@pytest.mark.parametrize("trip", TRIPS, ids=lambda trip: trip.name)
def test_up_down_up(trip: Trip, connection: Connection) -> None:
    """Every operation is done and undone, and each place looks the same the second time (OP-1 to OP-15, DI-3, DI-4)."""
    op = operations_on(connection)
    start = picture(connection)

    trip.up(op)
    top = picture(connection)
    trip.down(op)
    assert picture(connection) == start
    trip.up(op)
    assert picture(connection) == top
    assert top != start


def test_a_table_in_another_database(connection: Connection, mariadb_database_factory: MariadbDatabaseFactory) -> None:
    """`schema` names another database of the server."""
    schema = sa.make_url(mariadb_database_factory()).database
    op = operations_on(connection)

    op.create_table("My T", sa.Column("My C", sa.Integer(), nullable=False, comment="x"), schema=schema)
    op.alter_column("My T", "My C", new_column_name="50%", server_default="5", schema=schema)
    op.alter_column("My T", "50%", existing_type=sa.Integer(), type_=sa.BigInteger(), schema=schema)
    op.create_check_constraint("ck", "My T", "1 = 1", schema=schema)
    op.drop_constraint("ck", "My T", type_="check", schema=schema)
    op.rename_table("My T", "other", schema=schema)

    (column,) = sa.inspect(connection).get_columns("other", schema=schema)
    assert (column["name"], column["nullable"], column["comment"], column["default"]) == ("50%", False, "x", "5")
    assert isinstance(column["type"], sa.BIGINT)


def test_a_key_that_lost_its_check_takes_other_values(connection: Connection) -> None:
    """A Boolean turned into an Integer has no CHECK left; Alembic leaves it, and the next upgrade fails on it."""
    op = operations_on(connection)
    checked: Any = sa.Boolean(create_constraint=True, name="ck_flag")
    op.alter_column("bare", "flag", type_=checked)

    op.alter_column("bare", "flag", type_=sa.Integer(), existing_type=checked)

    connection.exec_driver_sql("INSERT INTO bare VALUES (1, 1, 5)")
    assert sa.inspect(connection).get_check_constraints("bare") == []


@pytest.mark.parametrize("name", ["nothing", "label"])
def test_dropping_needs_the_kind(connection: Connection, name: str) -> None:
    """A constraint without type_ is refused, whether it exists or not (DI-4)."""
    with pytest.raises(NotImplementedError, match="by their kind"):
        operations_on(connection).drop_constraint(name, "item")


def test_altering_a_column_that_is_not_there(connection: Connection) -> None:
    """A wrong column name is a sentence about it."""
    with pytest.raises(OperationError, match=r"item\.nothing: the table has no such column"):
        operations_on(connection).alter_column("item", "nothing", nullable=False)


def test_rows_are_what_was_given(connection: Connection) -> None:
    """Values, colons and percent signs arrive as they were written (OP-16, OP-17)."""
    op = operations_on(connection)
    table = sa.table("item", sa.column("label", sa.String()), sa.column("size", sa.Integer()))
    connection.exec_driver_sql("DELETE FROM item")

    op.bulk_insert(table, [{"label": "a'b\\%:x %s", "size": 1}, {"label": None, "size": 2}])
    op.bulk_insert(table, [{"label": op.inline_literal("50%\\"), "size": 3}], multiinsert=False)
    op.bulk_insert(table, [])
    op.execute("INSERT INTO item (label, size) VALUES ('{\"k\":1} :x 50% %s', 4)")
    op.execute(sa.text("INSERT INTO item (label, size) VALUES (:label, 5)").bindparams(label=":y 5%"))
    op.execute(table.update().where(table.c.size == 2).values(label="100%"))

    rows = connection.execute(sa.text("SELECT label, size FROM item ORDER BY size")).all()
    assert [tuple(row) for row in rows] == [
        ("a'b\\%:x %s", 1),
        ("100%", 2),
        ("50%\\", 3),
        ('{"k":1} :x 50% %s', 4),
        (":y 5%", 5),
    ]

"""Operations on real databases: up, down, up again, read back by reflection."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

from runner.dialects.base import DefaultImpl
from runner.errors import OperationError
from runner.operations import Operations
from tests.unit.dialects.standin import StandInContext

Step = Callable[[Any], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A change and the way back."""

    name: str
    up: Step
    down: Step


def operations_on(connection: Connection) -> Any:
    impl = DefaultImpl.get_by_dialect(connection.dialect)(connection.dialect, connection, False, None, None, {})
    context: Any = StandInContext(impl, connection=connection)
    return Operations(context)


def picture(connection: Connection, schema: str | None = None) -> dict[str, Any]:
    """Return everything reflection sees, in a form that compares."""
    inspector = sa.inspect(connection)
    return {table: _table(inspector, table, schema) for table in sorted(inspector.get_table_names(schema=schema))}


def _table(inspector: Any, table: str, schema: str | None) -> dict[str, Any]:
    def by_name(entries: list[dict[str, Any]]) -> list[Any]:
        return sorted((sorted((key, str(value)) for key, value in entry.items()) for entry in entries), key=str)

    seen = {
        "columns": by_name(inspector.get_columns(table, schema=schema)),
        "primary key": inspector.get_pk_constraint(table, schema=schema),
        "foreign keys": by_name(inspector.get_foreign_keys(table, schema=schema)),
        "uniques": by_name(inspector.get_unique_constraints(table, schema=schema)),
        "checks": by_name(inspector.get_check_constraints(table, schema=schema)),
        "indexes": by_name(inspector.get_indexes(table, schema=schema)),
    }
    if inspector.dialect.supports_comments:
        seen["comment"] = inspector.get_table_comment(table, schema=schema)
    return seen


def travel(connection: Connection, trip: Trip, schema: str | None = None) -> None:
    """Go up, down and up again; each place looks the same the second time."""
    op = operations_on(connection)
    start = picture(connection, schema)
    trip.up(op)
    top = picture(connection, schema)
    trip.down(op)
    assert picture(connection, schema) == start
    trip.up(op)
    assert picture(connection, schema) == top
    assert top != start


def _alter(there: dict[str, Any], back: dict[str, Any]) -> tuple[Step, Step]:
    return (lambda op: op.alter_column("item", "label", **there), lambda op: op.alter_column("item", "label", **back))


def _alter_trip(name: str, there: dict[str, Any], back: dict[str, Any]) -> Trip:
    up, down = _alter(there, back)
    return Trip(name=name, up=up, down=down)


COMMON = (
    Trip(
        name="table",
        up=lambda op: op.create_table(
            "fresh",
            sa.Column("id", sa.Integer(), primary_key=True),
            sa.Column("label", sa.String(9), nullable=False, server_default="a'b%"),
            sa.Column("size", sa.Integer(), index=True),
            sa.Column("item_id", sa.Integer(), sa.ForeignKey("item.id", name="fk_fresh", ondelete="CASCADE")),
            sa.UniqueConstraint("label", name="uq_fresh"),
            sa.CheckConstraint("size > 0", name="ck_fresh"),
        ),
        down=lambda op: op.drop_table("fresh"),
    ),
    Trip(
        name="column",
        up=lambda op: op.add_column("item", sa.Column("c", sa.Integer(), server_default="5", nullable=False)),
        down=lambda op: op.drop_column("item", "c"),
    ),
    Trip(
        name="column with index",
        up=lambda op: op.add_column("item", sa.Column("c", sa.Integer(), index=True)),
        down=lambda op: (op.drop_index("ix_item_c", table_name="item"), op.drop_column("item", "c")),
    ),
    Trip(
        name="column with inline reference",
        up=lambda op: op.add_column(
            "part", sa.Column("c", sa.Integer(), sa.ForeignKey("item.id", name="fk_c")), inline_references=True
        ),
        down=lambda op: op.drop_column("part", "c"),
    ),
    Trip(
        name="rename table",
        up=lambda op: op.rename_table("item", "Thing x"),
        down=lambda op: op.rename_table("Thing x", "item"),
    ),
    _alter_trip("rename column", {"new_column_name": "Label x"}, {}),
    Trip(
        name="index",
        up=lambda op: op.create_index("ix", "item", ["label", "size"], unique=True),
        down=lambda op: op.drop_index("ix", table_name="item"),
    ),
    Trip(
        name="index twice",
        up=lambda op: [op.create_index("ix", "item", ["label"], if_not_exists=True) for _ in range(2)],
        down=lambda op: [op.drop_index("ix", table_name="item", if_exists=True) for _ in range(2)],
    ),
)
RENAME_BACK = Trip(
    name="rename column",
    up=lambda op: op.alter_column("item", "label", new_column_name="Label x"),
    down=lambda op: op.alter_column("item", "Label x", new_column_name="label"),
)
SQLITE = tuple(
    RENAME_BACK if trip.name == "rename column" else trip for trip in COMMON if "inline reference" not in trip.name
)
PARTIAL = {"postgresql_where": sa.text("size % 2 = 0"), "postgresql_using": "btree", "postgresql_include": ["label"]}
POSTGRESQL = (
    *(RENAME_BACK if trip.name == "rename column" else trip for trip in COMMON),
    _alter_trip("nullability", {"nullable": False}, {"nullable": True}),
    _alter_trip("type", {"type_": sa.Text()}, {"type_": sa.String(20)}),
    _alter_trip(
        "type with using",
        {"type_": sa.Integer(), "postgresql_using": "length(label) % 5"},
        {"type_": sa.String(20), "postgresql_using": "label::text"},
    ),
    _alter_trip("default", {"server_default": "it's 5%"}, {"server_default": None}),
    _alter_trip("default expression", {"server_default": sa.text("upper('x' || '%')")}, {"server_default": None}),
    _alter_trip("comment", {"comment": "it's 5% \\ :x"}, {"comment": None}),
    _alter_trip(
        "everything",
        {"type_": sa.Text(), "nullable": False, "server_default": "x", "comment": "c"},
        {"type_": sa.String(20), "nullable": True, "server_default": None, "comment": None},
    ),
    Trip(
        name="identity",
        up=lambda op: op.alter_column("item", "size", nullable=False, server_default=sa.Identity(start=7)),
        down=lambda op: (
            op.alter_column("item", "size", server_default=None, existing_server_default=sa.Identity(start=7)),
            op.alter_column("item", "size", nullable=True),
        ),
    ),
    Trip(
        name="identity changed",
        up=lambda op: (
            op.alter_column(
                "part",
                "number",
                server_default=sa.Identity(always=True, increment=3, cycle=True),
                existing_server_default=sa.Identity(),
            ),
        ),
        down=lambda op: op.alter_column(
            "part",
            "number",
            server_default=sa.Identity(increment=1, cycle=False),
            existing_server_default=sa.Identity(always=True, increment=3, cycle=True),
        ),
    ),
    Trip(
        name="identity for a default",
        up=lambda op: op.alter_column("part", "number", server_default="5", existing_server_default=sa.Identity()),
        down=lambda op: op.alter_column("part", "number", server_default=sa.Identity(), existing_server_default="5"),
    ),
    Trip(
        name="column with everything",
        up=lambda op: op.add_column(
            "item",
            sa.Column(
                "c",
                sa.Integer(),
                sa.ForeignKey("part.id", name="fk_c", ondelete="SET NULL"),
                sa.CheckConstraint("c % 2 = 0", name="ck_c"),
                unique=True,
                comment="c's 5%",
            ),
            if_not_exists=True,
        ),
        down=lambda op: op.drop_column("item", "c", if_exists=True),
    ),
    Trip(
        name="generated column",
        up=lambda op: op.add_column("item", sa.Column("c", sa.Integer(), sa.Computed("size * 2", persisted=True))),
        down=lambda op: op.drop_column("item", "c"),
    ),
    Trip(
        name="enum column with its type",
        up=lambda op: op.impl.add_column(
            "item", sa.Column("c", sa.Enum("a", "b", name="letters")), postgresql_create_type=True
        ),
        down=lambda op: op.drop_column("item", "c"),
    ),
    Trip(
        name="enum in a table",
        up=lambda op: op.create_table("fresh", sa.Column("c", sa.Enum("a", "b", name="moods"))),
        down=lambda op: (op.drop_table("fresh"), op.execute("DROP TYPE moods")),
    ),
    Trip(
        name="primary key",
        up=lambda op: op.create_primary_key("pk_bare", "bare", ["a", "b"]),
        down=lambda op: (
            op.drop_constraint("pk_bare", "bare", type_="primary"),
            op.alter_column("bare", "a", nullable=True),
            op.alter_column("bare", "b", nullable=True),
        ),
    ),
    Trip(
        name="unique",
        up=lambda op: op.create_unique_constraint(
            "uq", "item", ["label"], deferrable=True, initially="DEFERRED", postgresql_include=["size"]
        ),
        down=lambda op: op.drop_constraint("uq", "item", type_="unique", if_exists=True),
    ),
    Trip(
        name="check",
        up=lambda op: op.create_check_constraint("ck", "item", "size % 2 = 0", postgresql_not_valid=True),
        down=lambda op: op.drop_constraint("ck", "item", type_="check"),
    ),
    Trip(
        name="foreign key",
        up=lambda op: op.create_foreign_key("fk", "item", "part", ["size"], ["id"], onupdate="CASCADE", match="FULL"),
        down=lambda op: op.drop_constraint("fk", "item", type_="foreignkey"),
    ),
    Trip(
        name="exclude",
        up=lambda op: op.create_exclude_constraint("ex", "bare", ("r", "&&"), using="gist", where="a > 5"),
        down=lambda op: op.drop_constraint("ex", "bare"),
    ),
    Trip(
        name="partial index",
        up=lambda op: op.create_index("ix", "item", ["size", sa.text("lower(label)")], **PARTIAL),
        down=lambda op: op.drop_index("ix"),
    ),
    Trip(
        name="table comment",
        up=lambda op: op.create_table_comment("item", "it's 5% \\ :x"),
        down=lambda op: op.drop_table_comment("item"),
    ),
    Trip(
        name="table with comments",
        up=lambda op: op.create_table("fresh", sa.Column("c", sa.Integer(), comment="c's"), comment="t's"),
        down=lambda op: op.drop_table("fresh", if_exists=True),
    ),
)


def _lay_out(connection: Connection) -> None:
    """Create the tables the trips start from."""
    ranges: Any = postgresql.INT4RANGE() if connection.dialect.name == "postgresql" else sa.Text()
    identity: list[Any] = [sa.Identity()] if connection.dialect.name == "postgresql" else []
    metadata = sa.MetaData()
    columns: list[Any] = [sa.Column("label", sa.String(20)), sa.Column("size", sa.Integer())]
    sa.Table("item", metadata, sa.Column("id", sa.Integer(), primary_key=True), *columns)
    sa.Table(
        "part", metadata, sa.Column("id", sa.Integer(), primary_key=True), sa.Column("number", sa.Integer(), *identity)
    )
    sa.Table("bare", metadata, sa.Column("a", sa.Integer()), sa.Column("b", sa.Integer()), sa.Column("r", ranges))
    metadata.create_all(connection)


@pytest.fixture
def pg_connection(pg_url: str) -> Iterator[Connection]:
    """A transaction on PostgreSQL with the tables in it."""
    engine = sa.create_engine(pg_url)
    with engine.begin() as connection:
        _lay_out(connection)
        yield connection
    engine.dispose()


@pytest.fixture
def sqlite_connection() -> Iterator[Connection]:
    """A transaction on SQLite with the tables in it."""
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        _lay_out(connection)
        yield connection
    engine.dispose()


@pytest.mark.parametrize("trip", SQLITE, ids=lambda trip: trip.name)
def test_up_down_up_on_sqlite(trip: Trip, sqlite_connection: Connection) -> None:
    """What ALTER TABLE can do on SQLite is done and undone (DI-6)."""
    travel(sqlite_connection, trip)


def test_up_down_up_on_postgresql(pg_connection: Connection) -> None:
    """Every operation is done and undone, each in a savepoint of one database (OP-1 to OP-15, DI-1)."""
    for trip in POSTGRESQL:
        with pg_connection.begin_nested() as savepoint:
            try:
                travel(pg_connection, trip)
            except Exception as failure:
                failure.add_note(f"trip: {trip.name}")
                raise
            savepoint.rollback()


def test_names_that_need_quotes_on_postgresql(pg_connection: Connection) -> None:
    """Schemas, tables and columns are quoted part by part."""
    pg_connection.execute(sa.text('CREATE SCHEMA "My S"'))
    op = operations_on(pg_connection)
    op.create_table("My T", sa.Column("My C", sa.Integer(), comment="x"), schema="My S")
    trip = Trip(
        name="quoted",
        up=lambda op: (
            op.alter_column("My T", "My C", new_column_name="50%", nullable=False, comment="%", schema="My S"),
            op.rename_table("My T", 'a"b', schema="My S"),
        ),
        down=lambda op: (
            op.rename_table('a"b', "My T", schema="My S"),
            op.alter_column("My T", "50%", new_column_name="My C", nullable=True, comment="x", schema="My S"),
        ),
    )

    travel(pg_connection, trip, schema="My S")


def test_rows_are_what_was_given(pg_connection: Connection) -> None:
    """bulk_insert online sends parameters: nothing is escaped twice (OP-17)."""
    op = operations_on(pg_connection)
    table = sa.table("item", sa.column("label", sa.String()), sa.column("size", sa.Integer()))

    op.bulk_insert(table, [{"label": "a'b\\%:x", "size": 1}, {"label": None, "size": 2}])
    op.bulk_insert(table, [{"label": op.inline_literal("50%"), "size": 3}], multiinsert=False)
    op.bulk_insert(table, [])
    op.execute("INSERT INTO item (label, size) VALUES ('{\"k\":1} :x 1:2 50%'::text, 4)")

    rows = pg_connection.execute(sa.text("SELECT label, size FROM item ORDER BY size")).all()
    assert [tuple(row) for row in rows] == [
        ("a'b\\%:x", 1),
        (None, 2),
        ("50%", 3),
        ('{"k":1} :x 1:2 50%', 4),
    ]


def test_a_default_on_postgresql_is_reflected_without_its_own_sequence(pg_connection: Connection) -> None:
    """A SERIAL column reflects as one; a column that borrows a sequence keeps its default (DI-2)."""
    pg_connection.execute(sa.text('CREATE SEQUENCE "Q q"'))
    pg_connection.execute(sa.text("""CREATE TABLE "S s" (id SERIAL, other INTEGER DEFAULT nextval('"Q q"'))"""))
    op = operations_on(pg_connection)
    table = sa.Table(
        "S s",
        sa.MetaData(),
        autoload_with=pg_connection,
        listeners=[("column_reflect", op.impl.autogen_column_reflect)],
    )

    assert table.c.id.server_default is None
    assert table.c.other.server_default is not None


def test_refusals_leave_sqlite_as_it_was(sqlite_connection: Connection) -> None:
    """What SQLite cannot do is refused before the database sees anything (DI-6)."""
    op = operations_on(sqlite_connection)
    before = picture(sqlite_connection)

    with pytest.raises(OperationError):
        op.alter_column("item", "label", nullable=False, new_column_name="d")
    with pytest.raises(OperationError):
        op.create_unique_constraint("uq", "item", ["label"])
    with pytest.raises(OperationError):
        op.create_table_comment("item", "x")

    assert picture(sqlite_connection) == before


def test_an_offline_script_does_what_the_online_run_does(
    pg_url: str, pg_dump: Any, psql: Any, pg_database_factory: Any
) -> None:
    """The same operations through psql and through the driver give the same database, rows included."""
    online = sa.create_engine(pg_url)
    with online.begin() as connection:
        _everything(operations_on(connection))
    dialect = online.dialect
    online.dispose()
    buffer = io.StringIO()
    impl = DefaultImpl.get_by_dialect(dialect)(dialect, None, True, None, buffer, {})
    context: Any = StandInContext(impl)
    impl.emit_begin()
    _everything(Operations(context))
    impl.emit_commit()
    other = pg_database_factory()

    psql(other, buffer.getvalue()).check_returncode()

    assert pg_dump(other) == pg_dump(pg_url)
    assert _contents(other) == _contents(pg_url)


def _everything(op: Any) -> None:
    table = op.create_table(
        "mixed",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("words", sa.String(40), server_default="back\\slash 50% it's :x"),
        sa.Column("data", sa.JSON()),
        sa.Column("more", postgresql.JSONB()),
        sa.Column("raw", sa.LargeBinary()),
        sa.Column("tags", postgresql.ARRAY(sa.Text())),
        sa.Column("mood", sa.Enum("sunny", "grey", name="moods")),
        sa.Column("host", postgresql.INET()),
        sa.Column("key", sa.Uuid()),
        comment="50% \\ it's",
    )
    row = {
        "id": 1,
        "words": "a\\b\t%s :x\n",
        "data": {"a": ["it's", None]},
        "more": None,
        "raw": b"\x00\xff'\\",
        "tags": ["x", "it's", "back\\slash"],
        "mood": "grey",
        "host": "10.0.0.1",
        "key": uuid.UUID(int=7),
    }
    op.bulk_insert(table, [row, {**row, "id": 2, "raw": None, "data": None}])
    op.execute(table.update().values(words="50%").where(table.c.words.like("%2%")))
    op.get_bind().execute(sa.text("UPDATE mixed SET words = words || :more WHERE id = :id"), {"more": "%\\", "id": 2})
    op.execute("INSERT INTO mixed (id, words) VALUES (3, '{\"k\":1} :y 100%')")
    op.alter_column("mixed", "words", comment="5% \\ :z", server_default="new \\ %")


def _contents(url: str) -> list[Any]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT mixed::text FROM mixed ORDER BY id")).scalars().all()
    engine.dispose()
    return list(rows)

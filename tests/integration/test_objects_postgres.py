"""Enum types, sequences, schemas, extensions and replaceable objects on a real PostgreSQL: up, down, up again."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from runner.dialects.base import DefaultImpl
from runner.migration.context import MigrationContext
from runner.operations import Operations, ops
from runner.operations.ops.enums import EnumColumnArgument
from runner.operations.replaceable import Function, MaterializedView, Trigger, View, ViewIndex
from tests.directories import RevisionFile, make_directory
from tests.fix_postgres import PgDatabaseFactory, PgDump, Psql
from tests.postgres import PostgresServer
from tests.programs import run_runner
from tests.unit.dialects.standin import StandInContext

Step = Callable[[Any], object]
BASE = """
CREATE SCHEMA "far Away";
CREATE TYPE mood AS ENUM ('sad', 'ok', '50%');
CREATE TYPE "far Away".size AS ENUM ('s', 'm');
CREATE TABLE person (id integer PRIMARY KEY, mood mood DEFAULT 'ok', moods mood[], name text);
CREATE TABLE "far Away".shirt (size "far Away".size NOT NULL);
CREATE INDEX ix_person_mood ON person (mood);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := 'it''s 100% :x'; RETURN NEW; END; $$;
CREATE SEQUENCE counter START WITH 5 INCREMENT BY 1 MAXVALUE 1000;
INSERT INTO person VALUES (1, 'sad', '{sad,ok}', 'a'), (2, 'ok', NULL, 'b');
"""

OLD_VIEW = View("adults", "SELECT id, name FROM person WHERE name LIKE '%:a%' OR name = '\\:b'")
NEW_VIEW = View("adults", "SELECT id, name, mood FROM person WHERE name LIKE 'b%%' -- 100% :sure;\n;")
NARROW_VIEW = View("adults", "SELECT id FROM person", options="WITH (security_barrier)")
OLD_FUNCTION = Function(
    "price", "RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT amount * 1.2; $$;", arguments="amount numeric"
)
NEW_FUNCTION = Function(
    "price",
    """
    RETURNS numeric LANGUAGE plpgsql AS $body$
    DECLARE note text := 'a:b 7%';
    BEGIN
        IF note LIKE '%7\\%' THEN RETURN amount * rate; END IF;
        RETURN 0;
    END;
    $body$;
    """,
    arguments="amount numeric, rate numeric DEFAULT 1.5",
)
PROCEDURE = Function(
    "tidy", "LANGUAGE sql AS $$ DELETE FROM person WHERE id > keep $$", arguments="keep integer = 1", kind="procedure"
)
TRIGGER = Trigger("stamped", "FOR EACH ROW EXECUTE FUNCTION stamp()", table="person", event="BEFORE INSERT")
TRIGGER_LATER = Trigger(
    "stamped",
    "FOR EACH ROW WHEN (NEW.name IS NULL) EXECUTE FUNCTION stamp();",
    table="person",
    event="BEFORE INSERT OR UPDATE OF name",
)
CHECKED = Trigger(
    "checked",
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp()",
    table="person",
    event="AFTER INSERT",
    constraint=True,
)
MATERIALIZED = MaterializedView(
    "people",
    "SELECT id, name FROM person WHERE name <> ':x%'",
    schema="far Away",
    indexes=(
        ViewIndex("ux_people", ("id",), unique=True),
        ViewIndex("ix_people_name", ("(lower(name || ':%'))",), where="name <> '%:'", using="btree"),
    ),
)
EMPTY = MaterializedView("people", "SELECT 1 AS one", schema="far Away", with_data=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A change and the way back."""

    name: str
    up: Step
    down: Step


def _reversible(name: str, *operations: ops.MigrateOperation) -> Trip:
    """Return a trip whose way back is made of the reverse operations."""

    def up(op: Any) -> None:
        for operation in operations:
            op.invoke(operation)

    def down(op: Any) -> None:
        for operation in reversed(operations):
            op.invoke(operation.reverse())

    return Trip(name=name, up=up, down=down)


MOOD_COLUMNS: list[EnumColumnArgument] = [("person", "mood", "ok"), ops.EnumColumn("person", "moods", array=True)]
TRIPS = (
    _reversible("enum", ops.CreateEnumOp("Colour x", ["red", "it's", "50%:a"])),
    _reversible("enum in a schema", ops.CreateEnumOp("colour", ["red"], schema="far Away", if_not_exists=True)),
    _reversible(
        "enum dropped",
        ops.CreateEnumOp("a", ["x"]),
        ops.DropEnumOp("a", existing_values=["x"]),
        ops.CreateEnumOp("a", ["y"]),
    ),
    _reversible(
        "enum value",
        ops.AddEnumValueOp("mood", "it's", before="ok", existing_values=["sad", "ok", "50%"], columns=MOOD_COLUMNS),
    ),
    _reversible("enum value renamed", ops.RenameEnumValueOp("mood", "50%", "50 per cent:x")),
    _reversible(
        "enum values replaced",
        ops.ReplaceEnumValuesOp(
            "mood", ["happy", "ok"], ["sad", "ok", "50%"], columns=MOOD_COLUMNS, mapping={"sad": "happy"}
        ),
    ),
    _reversible(
        "default replaced",
        ops.ReplaceEnumValuesOp(
            "mood", ["50%", "sad"], ["sad", "ok", "50%"], columns=MOOD_COLUMNS, mapping={"ok": "50%"}
        ),
    ),
    _reversible(
        "enum values replaced in a schema",
        ops.ReplaceEnumValuesOp("size", ["m", "s"], ["s", "m"], columns=[("shirt", "size")], schema="far Away"),
    ),
    _reversible("sequence", ops.CreateSequenceOp("q", start=7, increment=-1, minvalue=-9, maxvalue=7, cycle=True)),
    _reversible(
        "sequence of a type",
        ops.CreateSequenceOp.from_sequence(sa.Sequence("Q q", schema="far Away", data_type=sa.SmallInteger(), cache=3)),
    ),
    _reversible(
        "sequence altered",
        ops.AlterSequenceOp(
            "counter",
            increment=5,
            maxvalue=None,
            cycle=True,
            existing={"increment": 1, "maxvalue": 1000, "cycle": False},
        ),
    ),
    _reversible("schema", ops.CreateSchemaOp("my Schema", if_not_exists=True)),
    _reversible("view", ops.CreateViewOp(OLD_VIEW)),
    _reversible("view replaced", ops.CreateViewOp(OLD_VIEW), ops.ReplaceViewOp(OLD_VIEW, replaces=OLD_VIEW)),
    _reversible(
        "view made anew",
        ops.CreateViewOp(NEW_VIEW),
        ops.ReplaceViewOp(NARROW_VIEW, replaces=NEW_VIEW, recreate=True),
    ),
    _reversible("materialized view", ops.CreateMaterializedViewOp(MATERIALIZED)),
    _reversible(
        "materialized view replaced",
        ops.CreateMaterializedViewOp(MATERIALIZED),
        ops.ReplaceMaterializedViewOp(EMPTY, replaces=MATERIALIZED),
    ),
    _reversible("function", ops.CreateFunctionOp(NEW_FUNCTION)),
    _reversible(
        "function replaced",
        ops.CreateFunctionOp(OLD_FUNCTION),
        ops.ReplaceFunctionOp(NEW_FUNCTION, replaces=OLD_FUNCTION),
    ),
    _reversible("overloads", ops.CreateFunctionOp(OLD_FUNCTION), ops.CreateFunctionOp(NEW_FUNCTION)),
    _reversible("procedure", ops.CreateFunctionOp(PROCEDURE)),
    _reversible("trigger", ops.CreateTriggerOp(TRIGGER)),
    _reversible(
        "trigger replaced", ops.CreateTriggerOp(TRIGGER), ops.ReplaceTriggerOp(TRIGGER_LATER, replaces=TRIGGER)
    ),
    _reversible("constraint trigger", ops.CreateTriggerOp(CHECKED), ops.ReplaceTriggerOp(CHECKED, replaces=CHECKED)),
    _reversible(
        "column of a dropped type",
        ops.CreateEnumOp("shape", ["round"]),
        ops.AddColumnOp("person", sa.Column("shape", postgresql.ENUM("round", name="shape", create_type=False))),
    ),
)
ONLINE_TRIPS = (
    Trip(
        name="column with its type",
        up=lambda op: op.add_column(
            "person", sa.Column("shape", postgresql.ENUM("round", "50%", name="shape")), create_type=True
        ),
        down=lambda op: op.drop_column("person", "shape", drop_type=True),
    ),
    Trip(
        name="table with its types",
        up=lambda op: op.create_table(
            "thing",
            sa.Column("shape", sa.Enum("round", name="shape")),
            sa.Column("shapes", postgresql.ARRAY(sa.Enum("x", name="Other x", schema="far Away"))),
        ),
        down=lambda op: op.drop_table("thing", drop_types=True),
    ),
)


@pytest.fixture
def connection(pg_url: str) -> Iterator[Connection]:
    """A connection to a database with a few tables and types."""
    engine = sa.create_engine(pg_url)
    with engine.connect() as connection:
        connection.exec_driver_sql(BASE.replace("%", "%%"))
        connection.commit()
        yield connection
    engine.dispose()


def _operations(connection: Connection) -> Any:
    impl = DefaultImpl.get_by_dialect(connection.dialect)(connection.dialect, connection, False, None, None, {})
    context: Any = StandInContext(impl, connection=connection)
    return Operations(context)


@pytest.mark.parametrize("trip", [*TRIPS, *ONLINE_TRIPS], ids=lambda trip: trip.name)
def test_up_down_up(trip: Trip, connection: Connection, pg_url: str, pg_dump: PgDump) -> None:
    """The way back leads to the very same database, data included, and the way up works again."""
    op = _operations(connection)

    def dumped(step: Step) -> str:
        step(op)
        connection.commit()
        return pg_dump(pg_url)

    start = dumped(lambda _: None)
    top = dumped(trip.up)
    assert dumped(trip.down) == start
    assert dumped(trip.up) == top
    assert top != start


@pytest.mark.parametrize("trip", TRIPS, ids=lambda trip: trip.name)
def test_the_script_does_the_same(
    trip: Trip, pg_database_factory: PgDatabaseFactory, pg_dump: PgDump, psql: Psql
) -> None:
    """The client makes of the script what the online run makes of the operations."""
    online, offline = pg_database_factory(), pg_database_factory()
    engine = sa.create_engine(online)
    with engine.begin() as connection:
        connection.exec_driver_sql(BASE.replace("%", "%%"))
        trip.up(_operations(connection))
    engine.dispose()
    buffer = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": buffer, "target_metadata": None}
    )
    trip.up(Operations(context))

    psql(offline, BASE + "BEGIN;\n" + buffer.getvalue() + "COMMIT;\n")

    assert pg_dump(offline) == pg_dump(online)


def _mood_values(connection: Connection) -> list[str]:
    return list(connection.exec_driver_sql("SELECT unnest(enum_range(NULL::mood))::text").scalars())


def test_rows_follow_their_values(connection: Connection) -> None:
    """Replaced and renamed values are those of the rows, of arrays too; a removed value in use is refused."""
    op = _operations(connection)
    op.replace_enum_values("mood", ["ok", "happy"], ["sad", "ok"], columns=MOOD_COLUMNS, mapping={"sad": "happy"})
    op.rename_enum_value("mood", "ok", "fine")

    rows = connection.exec_driver_sql("SELECT mood::text, moods::text[] FROM person ORDER BY id").all()
    assert rows == [("happy", ["happy", "fine"]), ("fine", None)]
    default = connection.exec_driver_sql("INSERT INTO person (id) VALUES (3) RETURNING mood::text").scalar()
    assert default == "fine"
    with pytest.raises(sa.exc.DataError, match="happy"):
        op.replace_enum_values("mood", ["fine"], ["fine", "happy"], columns=[("person", "mood", "fine")])


def test_a_forgotten_column_is_refused_by_the_database(connection: Connection) -> None:
    """The old type is dropped without CASCADE, so no column can be lost."""
    op = _operations(connection)
    with pytest.raises(sa.exc.DBAPIError, match="other objects depend on it"):
        op.replace_enum_values("mood", ["ok"], ["sad", "ok"], columns=MOOD_COLUMNS[:1], mapping={"sad": "ok"})


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_new_value_can_be_used_after_the_commit(driver: str, connection: Connection, pg_url: str) -> None:
    """In a transaction the value is added and not yet usable; in an autocommit block it is at once (TP-6)."""
    engine = sa.create_engine(pg_url.replace("+psycopg", f"+{driver}"))
    use = "UPDATE person SET mood = 'new:%%' WHERE id = 1"
    with engine.connect() as own:
        context = MigrationContext.configure(own)
        with context.begin_transaction(), Operations.context(context) as op:
            op.add_enum_value("mood", "late", before="ok")
            op.add_enum_value("mood", "late", if_not_exists=True)
            with context.autocommit_block():
                op.add_enum_value("mood", "new:%")
                own.exec_driver_sql(use)
            op.execute("UPDATE person SET mood = 'late' WHERE id = 2")
        own.exec_driver_sql("ALTER TYPE mood ADD VALUE 'unsafe'")
        with pytest.raises(sa.exc.DBAPIError, match="unsafe use of new value"):
            own.exec_driver_sql("UPDATE person SET mood = 'unsafe' WHERE id = 2")
    engine.dispose()

    assert _mood_values(connection) == ["sad", "late", "ok", "50%", "new:%"]


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_definitions_arrive_as_they_read(driver: str, connection: Connection, pg_url: str) -> None:
    """Colons, percent signs and dollar quotes mean to the database what they say, whatever the driver (OP-16)."""
    engine = sa.create_engine(pg_url.replace("+psycopg", f"+{driver}"))
    body = "SELECT 'a:b %(x)s 100% %% :c' || $q$ ; $1 \\: $q$"
    with engine.connect() as own:
        op = _operations(own)
        op.create_view(View("texts", f"{body} AS text"))
        op.create_function(Function("texts", f"RETURNS text LANGUAGE sql AS $body$ {body}; $body$"))
        op.create_enum("Texts", ["a:b %(x)s 100% %% :c"], if_not_exists=True)
        op.create_enum("Texts", ["other"], if_not_exists=True)
        seen = own.exec_driver_sql('SELECT text, texts(), enum_first(NULL::"Texts")::text FROM texts').one()
    engine.dispose()

    text = "a:b %(x)s 100% %% :c ; $1 \\: "
    assert seen == (text, text, "a:b %(x)s 100% %% :c")


def test_a_materialized_view_is_refreshed(connection: Connection) -> None:
    """It shows new rows when it is refreshed, concurrently too, and nothing when it is emptied."""
    op = _operations(connection)
    op.create_materialized_view(MATERIALIZED)
    connection.exec_driver_sql("INSERT INTO person (id, name) VALUES (9, 'z')")
    count = 'SELECT count(*) FROM "far Away".people'

    before = connection.exec_driver_sql(count).scalar()
    op.refresh_materialized_view(MATERIALIZED, concurrently=True)
    assert (before, connection.exec_driver_sql(count).scalar()) == (2, 3)
    op.refresh_materialized_view("people", schema="far Away", with_data=False)
    with pytest.raises(sa.exc.DBAPIError, match="has not been populated"):
        connection.exec_driver_sql(count)


def test_a_sequence_goes_on_where_it_is_told(connection: Connection) -> None:
    """RESTART with a value, and back to the start."""
    op = _operations(connection)
    seen = []
    for restart in (70, True, None):
        op.alter_sequence("counter", restart=restart, increment=2)
        seen += [connection.exec_driver_sql("SELECT nextval('counter')").scalar() for _ in range(2)]

    assert seen == [70, 72, 5, 7, 9, 11]


def test_a_schema_is_dropped_with_all_that_is_in_it_on_demand(connection: Connection) -> None:
    """Without cascade=True the database refuses; nothing is lost silently."""
    op = _operations(connection)
    with pytest.raises(sa.exc.DBAPIError, match="other objects depend on it"), connection.begin_nested():
        op.drop_schema("far Away")
    op.drop_schema("far Away", cascade=True)
    op.drop_schema("far Away", if_exists=True)

    assert not sa.inspect(connection).has_schema("far Away")


def test_an_extension_up_down_up(pg_url: str, pg_server: PostgresServer, pg_dump: PgDump) -> None:
    """An extension is created where it is told, and dropped."""
    engine = sa.create_engine(pg_server.admin_url(str(sa.make_url(pg_url).database)))
    with engine.connect() as connection:
        wanted = "SELECT name FROM pg_available_extensions WHERE name IN ('citext', 'vector') ORDER BY name"
        name = connection.exec_driver_sql(wanted).scalars().first()
        assert name is not None
        op = _operations(connection)
        op.create_schema("Extra")
        connection.commit()
        start = pg_dump(pg_url)
        operation = ops.CreateExtensionOp(name, schema="Extra", if_not_exists=True, cascade=True)
        op.invoke(operation)
        op.invoke(operation)
        connection.commit()
        top = pg_dump(pg_url)
        op.invoke(operation.reverse())
        connection.commit()
        assert pg_dump(pg_url) == start != top
        op.invoke(operation)
        connection.commit()
        assert pg_dump(pg_url) == top
    engine.dispose()


def test_types_are_dropped_with_their_tables_on_demand_only(connection: Connection) -> None:
    """By default the type stays, as in Alembic (OP-5); one that is still in use is refused, not dropped along."""
    op = _operations(connection)
    shape = sa.Enum("round", name="shape")
    op.create_table(
        "thing", sa.Column("shape", shape), sa.Column("mood", postgresql.ENUM(name="mood", create_type=False))
    )
    op.drop_table("thing")
    assert "shape" in {enum["name"] for enum in sa.inspect(connection).get_enums()}  # type: ignore[attr-defined]

    op.create_table("thing", sa.Column("shape", postgresql.ENUM("round", name="shape", create_type=False)))
    op.drop_table("thing", drop_types=[shape])
    assert "shape" not in {enum["name"] for enum in sa.inspect(connection).get_enums()}  # type: ignore[attr-defined]

    op.create_table("thing", sa.Column("mood", postgresql.ENUM(name="mood", create_type=False)))
    with pytest.raises(sa.exc.DBAPIError, match="other objects depend on it"):
        op.drop_table("thing", drop_types=True)


def test_a_revision_replaces_what_an_older_one_created(tmp_path: Path, pg_url: str, pg_dump: PgDump) -> None:
    """`replaces` names the older object by revision and attribute; the downgrade brings it back (CB-5)."""
    value = "from runner.operations.replaceable import View\n\nv = View('v', \"SELECT {n} AS a, 'x:y 5%' AS b\")\n"
    directory = make_directory(
        tmp_path,
        [
            RevisionFile(
                revision="a1", header=value.format(n=1), upgrade="op.create_view(v)", downgrade="op.drop_view(v)"
            ),
            RevisionFile(
                revision="b2",
                down_revision="a1",
                header=value.format(n=2),
                upgrade="op.replace_view(v, replaces='a1.v')",
                downgrade="op.replace_view(v, replace_with='a1.v')",
            ),
        ],
    )

    def dumped(*command: str) -> str:
        run_runner(*command, cwd=directory.root, env={"DATABASE_URL": pg_url}).check()
        return pg_dump(pg_url)

    first, second = dumped("upgrade", "a1"), dumped("upgrade", "head")
    assert ("SELECT 1 AS a" in first, "SELECT 2 AS a" in second) == (True, True)
    assert (dumped("downgrade", "-1"), dumped("upgrade", "head")) == (first, second)
    assert "CREATE VIEW" not in dumped("downgrade", "base")


@pytest.mark.parametrize("recreate", ["always", "never"])
@pytest.mark.parametrize("drop_type", [True, "shape"])
def test_types_go_with_columns_of_a_batch_block(recreate: Any, drop_type: Any, connection: Connection) -> None:
    """The block creates and drops what its columns say, whether or not the table is rebuilt."""
    op = _operations(connection)

    def enums() -> set[str]:
        return {enum["name"] for enum in sa.inspect(connection).get_enums()}  # type: ignore[attr-defined]

    before = enums()
    with op.batch_alter_table("person", recreate=recreate) as batch:
        batch.add_column(sa.Column("shape", sa.Enum("round", name="shape")), create_type=True)
    assert enums() == before | {"shape"}
    with op.batch_alter_table("person", recreate=recreate) as batch:
        batch.drop_column("shape", drop_type=drop_type)
    assert enums() == before


def test_definitions_arrive_as_they_read_through_asyncpg(pg_url: str) -> None:
    """The driver that has parameters of the form $1 leaves bodies alone too (OP-16, OP-23)."""
    body = "SELECT 'a:b %(x)s 100% %% :c' || $q$ ; $1 \\: $q$"

    def create(own: Connection) -> Any:
        op = _operations(own)
        op.create_view(View("texts", f"{body} AS text"))
        op.create_function(Function("texts", f"RETURNS text LANGUAGE sql AS $body$ {body}; $body$"))
        return own.exec_driver_sql("SELECT text, texts() FROM texts").one()

    async def run() -> Any:
        engine = create_async_engine(pg_url.replace("+psycopg", "+asyncpg"))
        async with engine.connect() as own:
            seen = await own.run_sync(create)
        await engine.dispose()
        return seen

    text = "a:b %(x)s 100% %% :c ; $1 \\: "
    assert asyncio.run(run()) == (text, text)

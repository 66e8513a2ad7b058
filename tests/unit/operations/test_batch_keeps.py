"""What a SQLite table has that SQLAlchemy's Table cannot say, after a batch block rebuilt it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from runner.errors import OperationError
from runner.operations import BatchOperations
from runner.operations.batch.sqlite_keep import _is_known_option
from tests.unit.operations.sqlite_databases import MODES, database, rows, schema, table_sql


def _touch(batch: BatchOperations) -> None:
    """Queue a change that needs the table rebuilt and has nothing to do with what is tested."""
    batch.alter_column("touched", nullable=False, server_default="1")


TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, touched INTEGER DEFAULT 1)"


@pytest.mark.parametrize(
    ("definition", "kept"),
    [
        ("a TEXT COLLATE NOCASE", "a TEXT COLLATE NOCASE"),
        ("a VARCHAR(20) COLLATE rtrim NOT NULL", "a VARCHAR(20) COLLATE rtrim NOT NULL"),
        ("a INTEGER COLLATE nocase", "a INTEGER COLLATE nocase"),
        ("a MEDIUMTEXT", "a MEDIUMTEXT"),
        ("a double precision", "a double precision"),
        ("a GEOMETRY(1, 2)", "a GEOMETRY(1, 2)"),
        ("a [odd type]", "a [odd type]"),
        ("a TEXT NOT NULL ON CONFLICT IGNORE", "a TEXT NOT NULL ON CONFLICT IGNORE"),
        ("a TEXT DEFAULT 'it''s :x'", "a TEXT DEFAULT 'it''s :x'"),
        ("a INTEGER DEFAULT -1", "a INTEGER DEFAULT -1"),
        ("a TEXT DEFAULT (lower('X') || 'y')", "a TEXT DEFAULT (lower('X') || 'y')"),
        ("a TEXT DEFAULT CURRENT_TIMESTAMP", "a TEXT DEFAULT CURRENT_TIMESTAMP"),
        ("a BLOB DEFAULT x'00ff'", "a BLOB DEFAULT x'00ff'"),
        ("a TEXT UNIQUE ON CONFLICT REPLACE", "UNIQUE (a) ON CONFLICT REPLACE"),
        ("a TEXT, UNIQUE (a COLLATE nocase, id DESC)", "UNIQUE (a COLLATE nocase, id DESC)"),
        ("a TEXT CHECK (a <> 'x:y')", "CHECK (a <> 'x:y')"),
        ("a TEXT, CHECK (length(a) > id AND (a <> ')'))", "CHECK (length(a) > id AND (a <> ')'))"),
        ("a TEXT, CONSTRAINT c CHECK (a > '')", "CONSTRAINT c CHECK (a > '')"),
        ("a INTEGER REFERENCES o", "FOREIGN KEY (a) REFERENCES o"),
        ("a INTEGER REFERENCES o ON DELETE SET NULL", "FOREIGN KEY (a) REFERENCES o ON DELETE SET NULL"),
        (
            "a INTEGER references o(id) on update cascade on delete restrict deferrable initially deferred",
            "FOREIGN KEY(a) REFERENCES o (id) ON DELETE RESTRICT ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED",
        ),
        ("a TEXT GENERATED ALWAYS AS (touched || ':x') STORED", "a TEXT GENERATED ALWAYS AS (touched || ':x') STORED"),
        ("a AS (touched + 1)", "a GENERATED ALWAYS AS (touched + 1) VIRTUAL"),
    ],
)
def test_a_clause_of_a_column_is_kept(definition: str, kept: str) -> None:
    """Clauses of columns and constraints survive a rebuild they have nothing to do with (DNG-2, DNG-3)."""
    ddl = f"CREATE TABLE t (id INTEGER PRIMARY KEY, touched INTEGER, {definition})"
    with database("CREATE TABLE o (id INTEGER PRIMARY KEY)", ddl) as (op, connection):
        with op.batch_alter_table("t") as batch:
            _touch(batch)

        text = table_sql(connection).replace("(-1)", "-1").replace("(x'00ff')", "x'00ff'")  # SQLAlchemy 2.1 adds them
        assert kept in text
        assert "touched INTEGER DEFAULT '1' NOT NULL" in text


@pytest.mark.parametrize(
    ("definition", "kept"),
    [
        ("(id INTEGER PRIMARY KEY AUTOINCREMENT, touched)", "id INTEGER PRIMARY KEY AUTOINCREMENT"),
        ("(id INTEGER CONSTRAINT pk PRIMARY KEY AUTOINCREMENT, touched)", "CONSTRAINT pk PRIMARY KEY AUTOINCREMENT"),
        ("(id INTEGER PRIMARY KEY DESC, touched)", "id INTEGER PRIMARY KEY DESC"),
        ("(id INTEGER, touched, PRIMARY KEY (id DESC, touched))", "PRIMARY KEY (id DESC, touched)"),
        ("(id INTEGER, touched, CONSTRAINT pk PRIMARY KEY (touched, id))", "CONSTRAINT pk PRIMARY KEY (touched, id)"),
        ("(id TEXT PRIMARY KEY ON CONFLICT REPLACE, touched)", "PRIMARY KEY (id) ON CONFLICT REPLACE"),
        ("(id INTEGER PRIMARY KEY, touched INT) STRICT", "STRICT"),
        ("(id INTEGER PRIMARY KEY, touched) WITHOUT ROWID", "WITHOUT ROWID"),
        ("(id INTEGER PRIMARY KEY, touched INT) STRICT, WITHOUT ROWID", "WITHOUT ROWID"),
    ],
)
def test_an_option_of_the_table_is_kept(definition: str, kept: str) -> None:
    """The primary key and the options of a table survive a rebuild (DNG-2)."""
    with database(f"CREATE TABLE t {definition}") as (op, connection):
        if "STRICT" in definition and not _is_known_option("sqlite_strict"):
            with pytest.raises(OperationError, match="STRICT"), op.batch_alter_table("t") as batch:
                _touch(batch)
            return
        with op.batch_alter_table("t") as batch:
            _touch(batch)

        assert kept in table_sql(connection)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX i ON t (a DESC, b)",
        "CREATE UNIQUE INDEX i ON t (lower(a), b COLLATE nocase) WHERE b > 5 AND a <> ':x'",
        "CREATE INDEX i ON t (a || ':' || b)",
        "CREATE TRIGGER g AFTER UPDATE OF a ON t BEGIN INSERT INTO log VALUES (new.a || ':x'); END",
        "CREATE TRIGGER g BEFORE DELETE ON t WHEN old.b > 1 BEGIN SELECT RAISE(ABORT, 'no'); END",
        "CREATE TRIGGER g AFTER INSERT ON log BEGIN UPDATE t SET b = 1; END",
        "CREATE VIEW v AS SELECT a, count(*) AS n FROM t GROUP BY a",
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_indexes_triggers_and_views_are_kept(statement: str, mode: str) -> None:
    """What belongs to the table or names it is there afterwards, word by word (DNG-2, DNG-3)."""
    with database(TABLE, "CREATE TABLE log (m)", statement, mode=mode) as (op, connection):
        before = schema(connection)
        with op.batch_alter_table("t") as batch:
            _touch(batch)

        after = schema(connection)
        assert {**after, "t": ""} == {**before, "t": ""}


def test_triggers_fire_in_the_order_they_did() -> None:
    """Triggers come back in the order in which they were created."""
    made = [f"CREATE TRIGGER {n} AFTER INSERT ON t BEGIN INSERT INTO log VALUES ('{n}'); END" for n in ("z", "a", "m")]
    with database(TABLE, "CREATE TABLE log (m)", *made) as (op, connection):
        connection.exec_driver_sql("INSERT INTO t (b) VALUES (1)")
        before = rows(connection, "SELECT m FROM log ORDER BY rowid")
        with op.batch_alter_table("t") as batch:
            _touch(batch)
        connection.exec_driver_sql("DELETE FROM log")
        connection.exec_driver_sql("INSERT INTO t (b) VALUES (1)")

        assert rows(connection, "SELECT m FROM log ORDER BY rowid") == before


def test_a_temporary_trigger_is_kept() -> None:
    """A trigger of this connection alone is there afterwards."""
    temporary = "CREATE TEMP TRIGGER g AFTER INSERT ON main.t BEGIN SELECT 1; END"
    with database(TABLE, temporary) as (op, connection):
        with op.batch_alter_table("t") as batch:
            _touch(batch)

        assert rows(connection, "SELECT name, tbl_name FROM sqlite_temp_master") == [("g", "t")]


def test_autoincrement_goes_on_where_it_was() -> None:
    """Numbers of deleted rows do not come back after a rebuild."""
    ddl = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, touched)"
    with database(ddl, "INSERT INTO t VALUES (41, 1)", "DELETE FROM t") as (op, connection):
        with op.batch_alter_table("t") as batch:
            _touch(batch)
        connection.exec_driver_sql("INSERT INTO t (touched) VALUES (1)")

        assert rows(connection, "SELECT id FROM t") == [(42,)]


def test_collation_outlives_a_change_of_type() -> None:
    """A longer VARCHAR is still compared as before; a type with a collation of its own wins."""
    ddl = "CREATE TABLE t (a VARCHAR(5) COLLATE NOCASE, b VARCHAR(5) COLLATE NOCASE)"
    with database(ddl) as (op, connection):
        with op.batch_alter_table("t") as batch:
            batch.alter_column("a", type_=sa.String(50))
            batch.alter_column("b", type_=sa.String(50, collation="RTRIM"))

        text = table_sql(connection)
        assert "a VARCHAR(50) COLLATE NOCASE" in text
        assert 'b VARCHAR(50) COLLATE "RTRIM"' in text


@pytest.mark.parametrize("existing_type", [sa.Boolean(), sa.Boolean(create_constraint=True), sa.Boolean(name="x")])
def test_the_unnamed_check_of_a_boolean_goes_with_the_boolean(existing_type: sa.Boolean) -> None:
    """The check that Boolean once made without a name does not stay behind when the type changes."""
    with database("CREATE TABLE t (f BOOLEAN, x INTEGER, CHECK (f IN (0, 1)), CHECK (x > 0))") as (op, connection):
        with op.batch_alter_table("t") as batch:
            batch.alter_column("f", existing_type=existing_type, type_=sa.Integer())

        text = table_sql(connection)
        assert "IN (0, 1)" not in text
        assert "CHECK (x > 0)" in text


def test_an_unnamed_list_of_values_stays_when_a_plain_type_changes() -> None:
    """A check somebody wrote on a string is not taken for the check of an Enum."""
    with database("CREATE TABLE t (a VARCHAR(5) CHECK (a IN ('x', 'y')))") as (op, connection):
        with op.batch_alter_table("t") as batch:
            batch.alter_column("a", existing_type=sa.String(5), type_=sa.String(9))

        assert "CHECK (a IN ('x', 'y'))" in table_sql(connection)


def test_a_check_the_user_repeats_is_not_there_twice() -> None:
    """Revisions repeat unnamed checks in table_args because Alembic loses them."""
    with database("CREATE TABLE t (a INTEGER, touched INTEGER, CHECK (a > 0))") as (op, connection):
        with op.batch_alter_table("t", table_args=(sa.CheckConstraint("a > 0"),)) as batch:
            _touch(batch)

        assert table_sql(connection).count("CHECK") == 1


def test_a_naming_convention_names_what_had_no_name() -> None:
    """A foreign key without a name gets the conventional one in the rebuild; that is no loss (OP-45)."""
    ddl = "CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER, touched INTEGER, FOREIGN KEY(p) REFERENCES parent (id))"
    with database("CREATE TABLE parent (id INTEGER PRIMARY KEY)", ddl) as (op, connection):
        with op.batch_alter_table("t", naming_convention={"fk": "fk_%(table_name)s_%(column_0_name)s"}) as batch:
            batch.alter_column("touched", nullable=False, server_default="1")
        assert "CONSTRAINT fk_t_p FOREIGN KEY" in table_sql(connection, "t")


def test_a_column_given_to_reflection_is_taken_as_given() -> None:
    """reflect_args and listeners of reflect_kwargs have the last word on a column (OP-18, OP-43)."""

    def to_text(_inspector: Any, _table: Any, column: Any) -> None:
        if column["name"] == "b":
            column["type"] = sa.Text()

    with database("CREATE TABLE t (a STRANGE, b STRANGE, c STRANGE, touched INTEGER)") as (op, connection):
        with op.batch_alter_table(
            "t",
            reflect_args=(sa.Column("a", sa.Boolean(create_constraint=True)),),
            reflect_kwargs={"listeners": [("column_reflect", to_text)]},
        ) as batch:
            _touch(batch)

        text = table_sql(connection)
        assert "a BOOLEAN" in text
        assert "CHECK (a IN (0, 1))" in text
        assert "b TEXT" in text
        assert "c STRANGE" in text


@pytest.mark.parametrize(
    ("ddl", "change", "named"),
    [
        (
            ["CREATE TABLE t (a, b, g AS (a + 1))"],
            lambda batch: batch.drop_column("a"),
            "column g is generated from it",
        ),
        (
            ["CREATE TABLE t (a, b)", "CREATE VIEW v AS SELECT a FROM t"],
            lambda batch: batch.drop_column("a"),
            "view v would stop working",
        ),
        (
            ["CREATE TABLE t (a, b)", "CREATE TRIGGER g AFTER UPDATE ON t BEGIN SELECT old.a; END"],
            lambda batch: batch.drop_column("a"),
            "trigger g would stop working",
        ),
        (
            ["CREATE TABLE t (a, b)", "CREATE TRIGGER g AFTER UPDATE OF b, a ON t BEGIN SELECT 1; END"],
            lambda batch: batch.drop_column("a"),
            "trigger g would stop working",
        ),
        (
            ["CREATE TABLE t (a PRIMARY KEY, b)", "CREATE TABLE c (x REFERENCES t (a))"],
            lambda batch: batch.drop_column("a"),
            "a foreign key of table c",
        ),
        (
            ["CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b)"],
            lambda batch: batch.alter_column("a", type_=sa.BigInteger()),
            "AUTOINCREMENT",
        ),
        (
            ["CREATE TABLE t (a INTEGER, b)", "INSERT INTO t VALUES (1, 2)", "CREATE TABLE o (id INTEGER PRIMARY KEY)"],
            lambda batch: batch.create_foreign_key("fk", "o", ["a"], ["id"]),
            "1 rows of table t",
        ),
        (
            ["CREATE TABLE t (a UNIQUE, b)", "CREATE TABLE c (x REFERENCES t (a))", "INSERT INTO t VALUES (1, 2)"],
            lambda batch: batch.alter_column("a", new_column_name="z") or batch.drop_constraint("uq_t_a"),
            "rows of table c",
        ),
    ],
    ids=["generated", "view", "trigger", "update-of", "child-key", "autoincrement", "data", "mismatch"],
)
@pytest.mark.parametrize("mode", MODES)
def test_what_cannot_be_kept_is_refused_by_name(
    ddl: list[str], change: Callable[[BatchOperations], object], named: str, mode: str
) -> None:
    """A change that would break something is refused, names it, and leaves the database as it was (DNG-2)."""
    with database(*ddl, mode=mode) as (op, connection):
        before = schema(connection)
        data = rows(connection, "SELECT * FROM t")

        with (
            pytest.raises(OperationError) as caught,
            op.batch_alter_table("t", naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s"}) as batch,
        ):
            change(batch)

        assert named in str(caught.value)
        assert schema(connection) == before
        assert rows(connection, "SELECT * FROM t") == data


def test_what_is_broken_already_is_nobodys_fault() -> None:
    """A view that did not work before does not keep a table from being rebuilt."""
    broken = ["CREATE VIEW v AS SELECT nope FROM t", "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT new.nope; END"]
    with database(TABLE, *broken) as (op, connection):
        before = schema(connection)
        with op.batch_alter_table("t") as batch:
            _touch(batch)

        assert {**schema(connection), "t": ""} == {**before, "t": ""}


@pytest.mark.parametrize(
    ("ddl", "what"),
    [
        ("CREATE VIEW t AS SELECT 1 AS touched", "a view"),
        ("CREATE VIRTUAL TABLE t USING fts5(touched)", "Virtual tables"),
    ],
)
def test_what_is_no_table_is_not_rebuilt(ddl: str, what: str) -> None:
    """Views and virtual tables are refused in words."""
    with (
        database(ddl) as (op, _),
        pytest.raises(OperationError, match=what),
        op.batch_alter_table("t") as batch,
    ):
        _touch(batch)


def test_a_check_follows_a_renamed_column_with_a_colon() -> None:
    """A colon in a name is no parameter, neither before nor after (OP-43)."""
    with database('CREATE TABLE t (id INTEGER, "co:lon" TEXT, CHECK ("co:lon" <> \'a:b\'))') as (op, connection):
        with op.batch_alter_table("t", recreate="always") as batch:
            batch.alter_column("co:lon", new_column_name="new:name")

        assert "CHECK (\"new:name\" <> 'a:b')" in table_sql(connection, "t")

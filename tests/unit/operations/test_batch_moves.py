"""Rebuilding a SQLite table without touching anything around it: foreign keys, transactions, names, leftovers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from runner.errors import OperationError
from runner.events import listening
from runner.operations import BatchOperations
from tests.unit.operations.sqlite_databases import MODES, database, operations_on, rows, schema, table_sql


def _touch(batch: BatchOperations) -> None:
    batch.alter_column("x", nullable=False)


PARENT = "CREATE TABLE t (id INTEGER PRIMARY KEY, x INTEGER DEFAULT 1)"
ROWS = "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)"


def _child(action: str) -> tuple[str, str]:
    return (
        f"CREATE TABLE c (id INTEGER PRIMARY KEY, t INTEGER DEFAULT 1 REFERENCES t (id) {action})",
        "INSERT INTO c VALUES (10, 1), (20, 2), (30, NULL)",
    )


ACTIONS = ["", "ON DELETE RESTRICT", "ON DELETE NO ACTION DEFERRABLE INITIALLY DEFERRED", "ON UPDATE CASCADE"]
HARMFUL = ["ON DELETE CASCADE", "ON DELETE SET NULL", "ON DELETE SET DEFAULT"]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("mode", MODES)
def test_a_parent_is_rebuilt_while_foreign_keys_are_enforced(action: str, mode: str) -> None:
    """Children that only refuse keep their rows, and the transaction commits (DNG-1)."""
    with database(PARENT, ROWS, *_child(action), mode=mode, foreign_keys=True) as (op, connection):
        with op.batch_alter_table("t") as batch:
            _touch(batch)
        connection.commit()

        assert rows(connection, "SELECT * FROM t") == [(1, 1), (2, 2), (3, 3)]
        assert rows(connection, "SELECT * FROM c") == [(10, 1), (20, 2), (30, None)]
        assert rows(connection, "PRAGMA foreign_keys") == [(1,)]
        connection.exec_driver_sql("INSERT INTO c VALUES (40, 1)")  # the reference works as before
        connection.commit()


@pytest.mark.parametrize("action", HARMFUL)
def test_a_parent_whose_children_would_change_is_refused_inside_a_transaction(action: str) -> None:
    """Rows of children are never deleted or changed; the message says what to do (DNG-1)."""
    with database(PARENT, ROWS, *_child(action), foreign_keys=True) as (op, connection):
        before = schema(connection)

        with (
            pytest.raises(OperationError, match=f"rows of table c .*{action}.*autocommit_block") as caught,
            op.batch_alter_table("t") as batch,
        ):
            _touch(batch)

        assert caught.value.fields["child"] == "c"
        assert schema(connection) == before
        assert rows(connection, "SELECT * FROM c") == [(10, 1), (20, 2), (30, None)]


@pytest.mark.parametrize("action", HARMFUL)
@pytest.mark.parametrize("mode", ["autocommit", "driver"])
def test_outside_of_a_transaction_children_are_left_alone(action: str, mode: str) -> None:
    """Where no transaction is open foreign keys are switched off for the move, and on again (DNG-1)."""
    with database(PARENT, ROWS, *_child(action), mode=mode, foreign_keys=True) as (op, connection):
        with op.batch_alter_table("t") as batch:
            _touch(batch)
        connection.commit()

        assert rows(connection, "SELECT * FROM t") == [(1, 1), (2, 2), (3, 3)]
        assert rows(connection, "SELECT * FROM c") == [(10, 1), (20, 2), (30, None)]
        assert rows(connection, "PRAGMA foreign_keys") == [(1,)]
        assert "x INTEGER DEFAULT 1 NOT NULL" in table_sql(connection)


@pytest.mark.parametrize("action", HARMFUL)
def test_children_without_references_are_in_no_danger(action: str) -> None:
    """A child with ON DELETE CASCADE but no row that refers to the table does not stop a rebuild."""
    child, _ = _child(action)
    with database(PARENT, ROWS, child, "INSERT INTO c VALUES (1, NULL)", foreign_keys=True) as (op, connection):
        with op.batch_alter_table("t") as batch:
            _touch(batch)
        connection.commit()

        assert rows(connection, "SELECT * FROM c") == [(1, None)]


def test_rows_that_refer_to_nothing_are_pointed_out_where_foreign_keys_are_enforced() -> None:
    """Enforced foreign keys would not let such rows back in; the message says how many there are."""
    ddl = "CREATE TABLE t (id INTEGER PRIMARY KEY, x INTEGER REFERENCES o (id))"
    other = "CREATE TABLE o (id INTEGER PRIMARY KEY)"
    with (
        database(other, ddl, ROWS, foreign_keys=True) as (op, _),
        pytest.raises(OperationError, match="3 of its rows refer to rows that do not exist"),
        op.batch_alter_table("t") as batch,
    ):
        _touch(batch)


@pytest.mark.parametrize("action", ["", *HARMFUL])
@pytest.mark.parametrize("mode", MODES)
def test_a_table_that_refers_to_itself_keeps_its_rows(action: str, mode: str) -> None:
    """A reference of the table to itself deletes nothing, neither in the old table nor in the new one (OP-45)."""
    ddl = f"CREATE TABLE t (id INTEGER PRIMARY KEY, x INTEGER DEFAULT 1, up INTEGER REFERENCES t (id) {action})"
    log = "CREATE TABLE log (m)"
    trigger = "CREATE TRIGGER g AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (new.id); END"
    data = "INSERT INTO t VALUES (1, 1, 3), (2, 2, 1), (3, 3, NULL)"
    with database(ddl, data, log, trigger, mode=mode, foreign_keys=True) as (op, connection):
        with op.batch_alter_table("t") as batch:
            batch.alter_column("id", new_column_name="pk")
            _touch(batch)
        connection.commit()

        assert rows(connection, "SELECT pk, x, up FROM t") == [(1, 1, 3), (2, 2, 1), (3, 3, None)]
        assert "REFERENCES t (pk)" in table_sql(connection)
        assert rows(connection, "SELECT * FROM log") == []
        assert "g" in schema(connection)


@pytest.mark.parametrize("foreign_keys", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_a_renamed_column_is_renamed_wherever_it_is_named(mode: str, foreign_keys: bool) -> None:
    """Triggers, views, children, indexes, checks and generated columns follow a rename (DNG-2, DNG-4)."""
    statements = [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x INTEGER UNIQUE, g AS (x * 2), CHECK (x > 0), CHECK (id < x + 99))",
        "CREATE TABLE c (y INTEGER REFERENCES t (x))",
        "CREATE TABLE log (m)",
        "CREATE INDEX i ON t (abs(x)) WHERE x > 5",
        "CREATE VIEW v AS SELECT t.x AS answer FROM t",
        "CREATE TRIGGER g1 AFTER UPDATE OF x ON t BEGIN INSERT INTO log VALUES (old.x); END",
        "CREATE TRIGGER g2 AFTER INSERT ON log BEGIN UPDATE t SET x = x + 1 WHERE x < 0; END",
        "INSERT INTO t (id, x) VALUES (1, 10), (2, 20)",
        "INSERT INTO c VALUES (10)",
    ]
    with database(*statements, mode=mode, foreign_keys=foreign_keys) as (op, connection):
        with op.batch_alter_table("t") as batch:
            batch.alter_column("x", new_column_name="new x", type_=sa.Text())
            batch.create_index("j", ["new x"])
        connection.commit()

        text = table_sql(connection)
        assert '"new x" TEXT' in text
        assert 'CHECK ("new x" > 0)' in text
        assert 'CHECK (id < "new x" + 99)' in text
        assert 'AS ("new x" * 2)' in text
        assert schema(connection)["c"] == 'CREATE TABLE c (y INTEGER REFERENCES t ("new x"))'
        assert schema(connection)["i"] == 'CREATE INDEX i ON t (abs("new x")) WHERE "new x" > 5'
        assert rows(connection, "SELECT * FROM v") == [("10",), ("20",)]
        connection.exec_driver_sql("UPDATE t SET \"new x\" = '30' WHERE id = 2")
        assert rows(connection, "SELECT m FROM log") == [("20",)]


def test_two_columns_change_places() -> None:
    """Names can be exchanged in one block, also in what names them."""
    statements = [
        "CREATE TABLE t (a INTEGER, b INTEGER, CHECK (a < b))",
        "CREATE VIEW v AS SELECT a AS was_a FROM t",
        "INSERT INTO t VALUES (1, 2)",
    ]
    with database(*statements) as (op, connection):
        with op.batch_alter_table("t") as batch:
            batch.alter_column("a", new_column_name="b")
            batch.alter_column("b", new_column_name="a")

        assert rows(connection, "SELECT b, a FROM t") == [(1, 2)]
        assert rows(connection, "SELECT * FROM v") == [(1,)]
        assert "CHECK (b < a)" in table_sql(connection).replace('"', "")


@pytest.mark.parametrize("dependent", [[], ["CREATE VIEW v AS SELECT a AS old_a FROM t"]])
def test_a_column_takes_the_name_of_a_dropped_one(dependent: list[str]) -> None:
    """Drop b and rename a to b in one block: b has the values of a."""
    with database("CREATE TABLE t (a INTEGER, b INTEGER)", *dependent, "INSERT INTO t VALUES (1, 2)") as (
        op,
        connection,
    ):
        with op.batch_alter_table("t") as batch:
            batch.drop_column("b")
            batch.alter_column("a", new_column_name="b")

        assert rows(connection, "SELECT * FROM t") == [(1,)]
        assert schema(connection).get("v", "old_a").count("old_a") == 1


def test_a_new_column_takes_the_name_of_a_renamed_one() -> None:
    """Rename a to z and add a new a in one block: z has the values, a is empty. Alembic loses the values."""
    with database("CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1)") as (op, connection):
        with op.batch_alter_table("t") as batch:
            batch.alter_column("a", new_column_name="z")
            batch.add_column(sa.Column("a", sa.Integer))

        assert rows(connection, "SELECT z, a FROM t") == [(1, None)]


def test_a_renamed_column_answers_to_both_names() -> None:
    """Later operations of a block can use the new name and the old one (DNG-4)."""
    with database("CREATE TABLE t (a INTEGER, b INTEGER)", "INSERT INTO t VALUES (1, 2)") as (op, connection):
        with op.batch_alter_table("t") as batch:
            batch.alter_column("a", new_column_name="z")
            batch.alter_column("z", nullable=False)
            batch.create_index("by_new", ["z"])
            batch.create_index("by_old", ["a", "b"])
            batch.create_unique_constraint("uq", ["z"])
            batch.create_check_constraint("ck", "z > 0")

        assert "z INTEGER NOT NULL" in table_sql(connection)
        assert schema(connection)["by_new"] == "CREATE INDEX by_new ON t (z)"
        assert schema(connection)["by_old"] == "CREATE INDEX by_old ON t (z, b)"


def test_what_involves_a_dropped_column_goes_with_it_and_is_reported() -> None:
    """Indexes and constraints on a dropped column go too, as on other databases, and an event names each."""
    statements = [
        "CREATE TABLE t (a INT, b INTEGER, c INTEGER, CHECK (a > 0), CONSTRAINT ab CHECK (a > b), UNIQUE (a, c DESC))",
        "CREATE INDEX i ON t (b, a)",
        "CREATE INDEX j ON t (b) WHERE a > 1",
        "CREATE INDEX k ON t (b)",
    ]
    seen: list[tuple[str, dict[str, object]]] = []
    with database(*statements) as (op, connection):
        with listening(lambda level, event, keys: seen.append((event, keys))), op.batch_alter_table("t") as batch:
            batch.drop_column("a")

        assert table_sql(connection) == 'CREATE TABLE "t" ( b INTEGER, c INTEGER )'
        assert set(schema(connection)) == {"t", "k"}
    assert sorted(str(keys["name"]) for event, keys in seen if event == "batch.dependent_dropped") == [
        "CHECK (a > 0)",
        "UNIQUE (a, c DESC)",
        "ab",
        "i",
        "j",
    ]


@pytest.mark.parametrize("mode", MODES)
def test_the_leftover_of_a_failed_attempt_is_no_obstacle(mode: str) -> None:
    """A temporary table that a failed attempt left behind is dropped (DNG-3)."""
    with database(PARENT, ROWS, "CREATE TABLE _alembic_tmp_t (old)", mode=mode) as (op, connection):
        with op.batch_alter_table("t") as batch:
            _touch(batch)

        assert set(schema(connection)) == {"t"}
        assert rows(connection, "SELECT id FROM t") == [(1,), (2,), (3,)]


def test_a_table_that_exists_only_as_leftover_is_pointed_out() -> None:
    """Where the old table is gone and the new one has no name yet, the message says how to save it (DNG-3)."""
    with (
        database("CREATE TABLE _alembic_tmp_t (x)") as (op, _),
        pytest.raises(OperationError, match="ALTER TABLE _alembic_tmp_t RENAME TO t"),
        op.batch_alter_table("t") as batch,
    ):
        _touch(batch)


def test_a_table_that_does_not_exist_is_named() -> None:
    """A batch block on no table is an error that names it."""
    with (
        database() as (op, _),
        pytest.raises(OperationError, match="Table t does not exist"),
        op.batch_alter_table("t") as batch,
    ):
        _touch(batch)


@pytest.mark.parametrize("mode", MODES)
def test_a_failure_leaves_the_database_as_it_was(mode: str) -> None:
    """NULL in a column that becomes NOT NULL: the statement fails, nothing else has changed (DNG-3)."""
    statements = [
        PARENT,
        "INSERT INTO t VALUES (1, NULL)",
        "CREATE INDEX i ON t (x)",
        "CREATE VIEW v AS SELECT x FROM t",
    ]
    with database(*statements, mode=mode) as (op, connection):
        before = schema(connection)

        with pytest.raises(sa.exc.IntegrityError), op.batch_alter_table("t") as batch:
            _touch(batch)

        assert schema(connection) == before
        assert rows(connection, "SELECT * FROM t") == [(1, None)]
        assert rows(connection, "PRAGMA legacy_alter_table") == [(0,)]


@pytest.mark.parametrize("mode", ["transaction", "driver"])
def test_a_rebuild_is_part_of_the_open_transaction(tmp_path: Path, mode: str) -> None:
    """Rolling back after a batch block undoes it, whoever was to begin the transaction."""
    url = f"sqlite:///{tmp_path / 'file.db'}"
    with database(PARENT, ROWS, mode=mode, url=url) as (op, connection):
        before = schema(connection)
        with op.batch_alter_table("t") as batch:
            batch.drop_column("x")
        connection.rollback()

        assert schema(connection) == before
        assert rows(connection, "SELECT * FROM t") == [(1, 1), (2, 2), (3, 3)]


def test_a_rebuild_without_a_transaction_is_committed(tmp_path: Path) -> None:
    """On a connection that commits every statement the whole block is one transaction of its own."""
    path = tmp_path / "file.db"
    with database(PARENT, ROWS, mode="autocommit", url=f"sqlite:///{path}") as (op, _):
        with op.batch_alter_table("t") as batch:
            batch.drop_column("x")

        other = sqlite3.connect(path)
        assert other.execute("SELECT * FROM t").fetchall() == [(1,), (2,), (3,)]
        other.close()


def test_an_attached_database_is_rebuilt_in_its_place(tmp_path: Path) -> None:
    """With `schema` everything happens in the attached database, triggers and indexes included (OP-40)."""
    with database(mode="autocommit") as (op, connection):
        connection.exec_driver_sql(f"ATTACH '{tmp_path / 'aux.db'}' AS far")
        for statement in (
            "CREATE TABLE far.t (id INTEGER PRIMARY KEY AUTOINCREMENT, x INTEGER, y)",
            "CREATE INDEX far.i ON t (x DESC)",
            "CREATE TRIGGER far.g AFTER INSERT ON t BEGIN UPDATE t SET y = x; END",
            "INSERT INTO far.t (x) VALUES (1)",
            "CREATE TABLE t (main INTEGER)",
        ):
            connection.exec_driver_sql(statement)

        with op.batch_alter_table("t", schema="far") as batch:
            batch.alter_column("x", new_column_name="z", type_=sa.Text())
            batch.create_index("j", ["y"])

        far = dict(rows(connection, "SELECT name, sql FROM far.sqlite_master WHERE name NOT LIKE 'sqlite%'"))
        assert set(far) == {"t", "i", "g", "j"}
        assert far["i"] == 'CREATE INDEX i ON t ("z" DESC)'.replace('"', "") or "z" in far["i"]
        assert rows(connection, "SELECT id, z, y FROM far.t") == [(1, "1", 1)]
        assert schema(connection) == {"t": "CREATE TABLE t (main INTEGER)"}


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_every_row_arrives(size: int) -> None:
    """The rows are the same before and after, however many there are (DNG-2)."""
    with database("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b BLOB, c REAL, x INTEGER)") as (op, connection):
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO t SELECT i, CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN i ELSE 'text ' || i END, "
            "randomblob(i % 7), i / 3.0, i FROM n WHERE i <= ?",
            (max(size, 1), size),
        )
        before = rows(connection, "SELECT *, typeof(a) FROM t")
        with op.batch_alter_table("t") as batch:
            _touch(batch)

        assert rows(connection, "SELECT *, typeof(a) FROM t") == before
        assert len(before) == size


def test_lost_rows_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """When fewer rows arrive than were there, the block fails and the old table stays."""
    from runner.operations.batch.move import Work

    original: Callable[..., Any] = Work.copy_statement

    def copy_one(work: Work, *arguments: Any) -> Any:
        statement = original(work, *arguments)
        return sa.insert(work.new).from_select([c.name for c in work.new.columns], statement.select.limit(1))

    monkeypatch.setattr(Work, "copy_statement", copy_one)
    with database(PARENT, ROWS) as (op, connection):
        with pytest.raises(OperationError, match="has 3 rows, but 1 arrived"), op.batch_alter_table("t") as batch:
            _touch(batch)

        assert rows(connection, "SELECT id FROM t") == [(1,), (2,), (3,)]


def test_copy_from_keeps_triggers_and_views() -> None:
    """With copy_from online, what a Table cannot say is kept all the same (DNG-2)."""
    statements = [
        PARENT,
        "CREATE VIEW v AS SELECT x FROM t",
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
        ROWS,
    ]
    table = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Integer))
    with database(*statements) as (op, connection):
        with op.batch_alter_table("t", copy_from=table) as batch:
            _touch(batch)

        assert set(schema(connection)) == {"t", "v", "g"}
        assert rows(connection, "SELECT x FROM v") == [(1,), (2,), (3,)]


def test_two_blocks_follow_each_other() -> None:
    """A second block finds the table as the first has left it."""
    with database(PARENT, ROWS) as (op, connection):
        with op.batch_alter_table("t") as batch:
            batch.alter_column("x", new_column_name="y")
        with operations_on(connection).batch_alter_table("t") as batch:
            batch.alter_column("y", nullable=False)

        assert "y INTEGER DEFAULT 1 NOT NULL" in table_sql(connection)


def test_an_unnamed_foreign_key_goes_with_its_column() -> None:
    """It is reported in the words of the constraint, though the table it refers to is not read."""
    seen: list[Any] = []
    with (
        database(PARENT, "CREATE TABLE c (id INTEGER PRIMARY KEY, t INTEGER, FOREIGN KEY (t) REFERENCES t (id))") as (
            op,
            connection,
        ),
        listening(lambda _, event, keys: seen.append((event, keys.get("name")))),
    ):
        with op.batch_alter_table("c") as batch:
            batch.drop_column("t")

        assert "REFERENCES" not in table_sql(connection, "c")
    assert ("batch.dependent_dropped", "FOREIGN KEY(t) REFERENCES t (id)") in seen

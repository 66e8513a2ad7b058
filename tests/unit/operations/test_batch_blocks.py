"""Batch blocks on any database: what is queued, when a table is rebuilt, and how."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from runner.errors import OperationError
from runner.events import listening
from runner.operations import BatchOperations, Operations, ops
from runner.operations.batch import ApplyBatchImpl
from runner.operations.batch.move import temporary_name
from tests.unit.dialects.standin import StandInContext, offline_impl
from tests.unit.operations.recording import recorder


def _table() -> sa.Table:
    return sa.Table(
        "t",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a", sa.String(9), sa.CheckConstraint("a <> ''", name="ck_column"), index=True),
        sa.Column("b", sa.Integer, unique=True),
        sa.CheckConstraint(sa.column("b") > 5, name="ck_b"),
    )


def _offline(dialect: str, block: Callable[[BatchOperations], object], **options: Any) -> list[str]:
    """Return the statements of a block, each on one line, without what a rebuild says about itself."""
    text = re.sub(r"^--.*\n+", "", _script(dialect, block, **options), flags=re.MULTILINE)
    text = text.replace("PRAGMA foreign_keys=OFF;\n\n", "")
    return [" ".join(part.split()) for part in text.split(";\n") if part.strip()]


def _script(dialect: str, block: Callable[[BatchOperations], object], **options: Any) -> str:
    """Return the script of a block."""
    impl, buffer = offline_impl(dialect)
    context: Any = StandInContext(impl)
    with Operations(context).batch_alter_table("t", **{"copy_from": _table(), **options}) as batch:
        block(batch)
    return buffer.getvalue()


def test_operations_run_when_the_block_ends() -> None:
    """Operations are queued and run in their order; execute() runs at once (OP-40, OP-41)."""
    op, impl = recorder()
    with op.batch_alter_table("t", schema="s") as batch:
        batch.add_column(sa.Column("c", sa.Integer))
        batch.drop_column("a")
        batch.alter_column("b", new_column_name="z", nullable=False)
        batch.create_index("i", ["b"], unique=True)
        batch.drop_index("j")
        batch.create_primary_key("pk", ["b"])
        batch.create_unique_constraint("uq", ["b"])
        batch.create_foreign_key("fk", "o", ["b"], ["id"], referent_schema="far")
        batch.create_check_constraint("ck", "b > 0")
        batch.create_exclude_constraint("ex", ("b", "="))
        batch.drop_constraint("x", "check", if_exists=True)
        batch.create_table_comment("c")
        batch.drop_table_comment()
        batch.execute("SELECT 1")
        assert impl.names == ["execute"]

    assert impl.names == [
        "execute",
        "add_column",
        "drop_column",
        "alter_column",
        "create_index",
        "drop_index",
        *["add_constraint"] * 5,
        "drop_constraint",
        "create_table_comment",
        "drop_table_comment",
    ]
    tables = {getattr(a[0], "table", a[0]) for _, a, _ in impl.calls[1:]}
    assert {t if isinstance(t, str) else t.fullname for t in tables} == {"t", "s.t"}


ARGUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "schema": ({"schema": "far"}, "CREATE TABLE far._alembic_tmp_t ("),
    "recreate": ({"recreate": "never"}, "ALTER TABLE t ADD COLUMN c INTEGER"),
    "partial_reordering": (
        {"partial_reordering": [("b", "id", "a")]},
        "t ( b INTEGER, c INTEGER, id INTEGER NOT NULL, a ",
    ),
    "copy_from": ({"copy_from": sa.Table("t", sa.MetaData(), sa.Column("x", sa.Text))}, "t ( x TEXT, c INTEGER )"),
    "table_args": ({"table_args": (sa.UniqueConstraint("a", "c", name="uq"),)}, "CONSTRAINT uq UNIQUE (a, c)"),
    "table_kwargs": ({"table_kwargs": {"sqlite_with_rowid": False}}, ") WITHOUT ROWID"),
    "naming_convention": ({"naming_convention": {"uq": "uq_%(table_name)s"}}, "CONSTRAINT uq_t UNIQUE (b)"),
}
"""Argument of batch_alter_table() -> itself, and what it does to the script."""


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_each_argument_of_a_block_is_heeded(argument: str) -> None:
    """What is said of the table is in the script; those about reflection are in test_batch_keeps.py (OP-18, OP-45)."""
    options, said = ARGUMENTS[argument]

    def block(batch: BatchOperations) -> None:
        batch.add_column(sa.Column("c", sa.Integer))

    assert said not in _offline("sqlite", block, recreate="always")[0]
    assert said in _offline("sqlite", block, **{"recreate": "always", **options})[0]


def test_an_order_of_columns_is_for_a_table_that_is_rebuilt() -> None:
    """partial_reordering alone rebuilds nothing: it needs recreate="always" (OP-45)."""
    order = [("b", "a")]

    assert _offline("sqlite", lambda batch: None, partial_reordering=order) == []
    rebuilt = _offline("sqlite", lambda batch: None, partial_reordering=order, recreate="always")
    assert "b INTEGER, a VARCHAR(9)" in rebuilt[0]


def test_a_block_that_fails_does_nothing() -> None:
    """An exception inside the block drops what was queued (OP-41)."""
    op, impl = recorder()

    def fail(batch: BatchOperations) -> None:
        batch.drop_column("a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), op.batch_alter_table("t") as batch:
        fail(batch)

    assert impl.calls == []


@pytest.mark.parametrize(
    "operation",
    [
        ops.CreateTableOp("x", []),
        ops.DropTableOp("x"),
        ops.RenameTableOp("t", "x"),
        ops.BulkInsertOp(sa.table("t"), []),
    ],
)
def test_what_is_not_about_the_columns_of_one_table_is_refused(operation: ops.MigrateOperation) -> None:
    """Tables are not created, dropped or renamed in a batch block, rows not inserted (OP-40, ERR-29)."""
    op, _ = recorder()
    with (
        pytest.raises(NotImplementedError, match="outside of the block") as caught,
        op.batch_alter_table("t") as batch,
    ):
        batch.invoke(operation)
    assert isinstance(caught.value, OperationError)


def test_placement_needs_a_rebuild() -> None:
    """insert_before and insert_after are refused where the table is altered in place (ERR-29)."""
    op, impl = recorder()
    with pytest.raises(OperationError, match="recreate='always'"), op.batch_alter_table("t") as batch:
        batch.alter_column("a", insert_after="b")

    assert impl.calls == []


def test_recreate_is_one_of_three_words() -> None:
    """A misspelt word is not taken for "auto" (OP-42)."""
    op, _ = recorder()
    recreate: Any = "allways"
    with pytest.raises(OperationError, match="allways"), op.batch_alter_table("t", recreate=recreate):
        pass


def test_offline_a_rebuild_needs_to_be_told_the_table() -> None:
    """Without copy_from there is nothing to go by (OP-44, ERR-29)."""
    with pytest.raises(OperationError, match=r"copy_from=Table\(\.\.\.\)"):
        _offline("sqlite", lambda batch: batch.drop_column("a"), copy_from=None)


def test_offline_a_rebuild_says_what_it_cannot_carry_over() -> None:
    """The script and the log name what copy_from cannot say; foreign keys cannot delete child rows (LIM-6, DNG-1)."""
    events: list[tuple[str, str, Any]] = []
    with listening(lambda level, event, keys: events.append((level, event, dict(keys)))):
        script = _script("sqlite", lambda batch: batch.drop_column("a"))

    assert script.index("PRAGMA foreign_keys=OFF;") < script.index("-- Table t is made anew") < script.index("CREATE")
    assert "triggers; a view that names the table stops the script" in script
    assert [(level, event, keys["table"]) for level, event, keys in events if event == "batch.offline_rebuilt"] == [
        ("warning", "batch.offline_rebuilt", "t")
    ]


def test_offline_a_rebuild_leaves_foreign_keys_switched_off_since_no_script_knows_what_they_were() -> None:
    """No PRAGMA takes a value that was read, and ON would enforce keys in sessions that never did (DNG-1)."""
    script = _script("sqlite", lambda batch: batch.drop_column("a"))
    assert "PRAGMA foreign_keys=ON" not in script
    assert "lasts until the session ends or sets it again" in script

    connection = sqlite3.connect(":memory:", isolation_level=None)
    for value in ("(SELECT 0)", "(SELECT foreign_keys FROM pragma_foreign_keys)", "main.x.y"):
        with pytest.raises(sqlite3.OperationalError, match="syntax error"):
            connection.execute(f"PRAGMA foreign_keys={value}")
    connection.execute("CREATE TABLE p (id INTEGER PRIMARY KEY)")
    connection.execute("CREATE TABLE c (p INTEGER REFERENCES p)")
    connection.execute("INSERT INTO c VALUES (1)")  # what a later revision of the script may do, by SQLite's default
    connection.execute("PRAGMA foreign_keys=ON")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO c VALUES (1)")
    connection.close()


def test_offline_a_rebuilt_table_goes_on_counting_on_postgresql() -> None:
    """A new SERIAL or identity begins behind the highest number in use (OP-44)."""
    script = _script("postgresql", lambda batch: batch.drop_column("a"), recreate="always", schema="S s")

    assert script.endswith(
        """SELECT setval(pg_get_serial_sequence('"S s".t', 'id'), coalesce(max("S s".t.id), 0) + 1, false) """
        """AS setval_1 \nFROM "S s".t;\n\n"""
    )


def test_offline_a_rebuild_is_a_script() -> None:
    """Create, copy, drop, rename, indexes; the flags and checks of columns included (OP-43, OP-44)."""
    statements = _offline("sqlite", lambda batch: batch.alter_column("b", type_=sa.Text(), new_column_name="c d"))

    assert statements[0] == (
        'CREATE TABLE _alembic_tmp_t ( id INTEGER NOT NULL, a VARCHAR(9), "c d" TEXT, PRIMARY KEY (id), '
        'UNIQUE ("c d"), CONSTRAINT ck_b CHECK ("c d" > 5), CONSTRAINT ck_column CHECK (a <> \'\') )'
    )
    assert statements[1:] == [
        'INSERT INTO _alembic_tmp_t (id, a, "c d") SELECT t.id, t.a, CAST(t.b AS TEXT) AS b FROM t',
        "DROP TABLE t",
        "ALTER TABLE _alembic_tmp_t RENAME TO t",
        "CREATE INDEX ix_t_a ON t (a)",
    ]


def test_the_keys_of_columns_do_not_matter() -> None:
    """copy_from may be a model whose columns have other names in Python."""
    table = sa.Table(
        "t",
        sa.MetaData(),
        sa.Column("id", sa.Integer, key="key", primary_key=True),
        sa.Column("a", sa.Integer, key="python_a", unique=True, index=True),
        sa.ForeignKeyConstraint(["python_a"], ["t.key"], name="fk"),
    )
    statements = _offline("sqlite", lambda batch: batch.alter_column("a", type_=sa.Text()), copy_from=table)

    assert statements[0] == (
        "CREATE TABLE _alembic_tmp_t ( id INTEGER NOT NULL, a TEXT, PRIMARY KEY (id), "
        "CONSTRAINT fk FOREIGN KEY(a) REFERENCES t (id) )"
    )
    assert statements[1] == "INSERT INTO _alembic_tmp_t (id, a) SELECT t.id, CAST(t.a AS TEXT) AS a FROM t"
    assert statements[-1] == "CREATE UNIQUE INDEX ix_t_a ON t (a)"


def test_the_check_of_a_column_can_be_dropped_by_name() -> None:
    """A check that was written with its column is one of the table's constraints."""
    statements = _offline("sqlite", lambda batch: batch.drop_constraint("ck_column"))

    assert "ck_column" not in statements[0]


def test_a_new_column_brings_its_check_and_its_reference() -> None:
    """Also with inline_references, which has no meaning inside CREATE TABLE (OP-1)."""
    column = sa.Column("n", sa.Integer, sa.ForeignKey("o.x", name="fk"), sa.CheckConstraint("n > 0"))
    statements = _offline("sqlite", lambda batch: batch.add_column(column, inline_references=True), recreate="always")

    assert "FOREIGN KEY(n) REFERENCES o (x)" in statements[0]
    assert "CHECK (n > 0)" in statements[0]


def test_another_database_can_rebuild_too() -> None:
    """recreate="always" works where ALTER would do; global names of constraints make room first (OP-42, OP-45)."""
    statements = _offline("postgresql", lambda batch: batch.drop_column("a"), recreate="always")

    assert statements[0] == "ALTER TABLE t DROP CONSTRAINT ck_b"
    assert [statement.split("(")[0].strip() for statement in statements[-5:]] == [
        "CREATE TABLE _alembic_tmp_t",
        "INSERT INTO _alembic_tmp_t",
        "DROP TABLE t",
        "ALTER TABLE _alembic_tmp_t RENAME TO t",
        "SELECT setval",
    ]


def test_the_schema_of_the_block_is_that_of_the_new_table() -> None:
    """copy_from without a schema takes the one of the block; Alembic rebuilds another table instead."""
    statements = _offline("sqlite", lambda batch: batch.drop_column("a"), schema="far")

    assert statements[0].startswith("CREATE TABLE far._alembic_tmp_t")
    assert statements[-2:] == ["DROP TABLE far.t", "ALTER TABLE far._alembic_tmp_t RENAME TO t"]


def test_the_given_table_is_not_changed() -> None:
    """copy_from is only looked at."""
    table = _table()
    _offline(
        "sqlite",
        lambda batch: batch.alter_column("a", new_column_name="z"),
        copy_from=table,
        naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s"},
    )

    assert table.c.keys() == ["id", "a", "b"]
    assert {c.name for c in table.constraints if isinstance(c, sa.UniqueConstraint)} == {None}


def test_if_not_exists_and_if_exists_are_obeyed_in_a_rebuild() -> None:
    """What is there already, or gone already, is no error when that was said (OP-1, OP-3, OP-8, OP-9)."""

    def block(batch: BatchOperations) -> None:
        batch.add_column(sa.Column("a", sa.Text), if_not_exists=True)
        batch.drop_column("nope", if_exists=True)
        batch.drop_constraint("nope", if_exists=True)
        batch.create_index("ix_t_a", ["b"], if_not_exists=True)
        batch.drop_index("nope", if_exists=True)

    statements = _offline("sqlite", block, recreate="always")

    assert "a VARCHAR(9)" in statements[0]
    assert statements[-1] == "CREATE INDEX ix_t_a ON t (a)"


@pytest.mark.parametrize(
    ("block", "named"),
    [
        (lambda b: b.alter_column("nope", nullable=True), "no column nope. It has id, a, b"),
        (lambda b: b.drop_constraint("nope"), "no constraint nope. It has ck_b, ck_column"),
        (lambda b: b.drop_constraint(None), "naming_convention"),
        (lambda b: b.drop_index("nope"), "no index nope. It has ix_t_a"),
        (lambda b: b.create_index("ix_t_a", ["b"]), "an index ix_t_a already"),
        (lambda b: b.create_index("i", ["nope"]), "no column nope"),
        (lambda b: b.create_unique_constraint("u", ["nope"]), "no column nope"),
        (lambda b: b.create_foreign_key("f", "o", ["nope"], ["x"]), "no column nope"),
        (lambda b: b.add_column(sa.Column("A", sa.Integer)), "a column A already"),
        (lambda b: b.alter_column("a", new_column_name="b"), "two columns b"),
        (lambda b: b.add_column(sa.Column("n", sa.Integer), insert_after="nope"), "no column nope"),
    ],
)
def test_what_is_not_there_is_named(block: Callable[[Any], object], named: str) -> None:
    """Unknown and repeated names are errors that list what there is (ERR-29)."""
    with pytest.raises(OperationError) as caught:
        _offline("sqlite", block, recreate="always")

    assert named in str(caught.value)


def test_the_errors_are_those_revisions_catch() -> None:
    """Unknown constraints are ValueErrors and unknown columns KeyErrors, as with Alembic (ERR-29)."""
    with pytest.raises(ValueError, match="nope"):
        _offline("sqlite", lambda batch: batch.drop_constraint("nope"))
    with pytest.raises(KeyError, match="nope"):
        _offline("sqlite", lambda batch: batch.drop_column("nope"))


def test_the_primary_key_can_be_replaced_and_dropped() -> None:
    """A new primary key takes the place of the old one; dropping it needs no name it does not have (OP-40)."""
    replaced = _offline("sqlite", lambda batch: batch.create_primary_key("pk", ["a", "b"]), recreate="always")
    dropped = _offline("sqlite", lambda batch: batch.drop_constraint("anything", "primary"), recreate="always")

    assert "CONSTRAINT pk PRIMARY KEY (a, b)" in replaced[0]
    assert "PRIMARY KEY (id)" not in replaced[0]
    assert "PRIMARY KEY" not in dropped[0]


def test_a_generated_column_makes_its_own_values() -> None:
    """Generated columns are not copied, and can become plain columns or the other way round (DNG-3)."""
    table = sa.Table(
        "t", sa.MetaData(), sa.Column("a", sa.Integer), sa.Column("g", sa.Integer, sa.Computed("a + 1", persisted=True))
    )
    kept = _offline("sqlite", lambda batch: batch.alter_column("a", nullable=False), copy_from=table)
    plain = _offline("sqlite", lambda batch: batch.alter_column("g", server_default=None), copy_from=table)
    made = _offline(
        "sqlite",
        lambda batch: batch.alter_column("a", server_default=sa.Computed("5", persisted=True)),
        copy_from=table,
    )

    assert kept[1] == "INSERT INTO _alembic_tmp_t (a) SELECT t.a FROM t"
    assert plain[1] == "INSERT INTO _alembic_tmp_t (a, g) SELECT t.a, t.g FROM t"
    assert "a INTEGER GENERATED ALWAYS AS (5) STORED" in made[0]


@pytest.mark.parametrize(
    ("default", "rendered"),
    [
        ("x'y", "DEFAULT 'x''y'"),
        (sa.text("(1 + 1)"), "DEFAULT (1 + 1)"),
        (sa.func.now(), "DEFAULT CURRENT_TIMESTAMP"),
        (sa.DefaultClause("z"), "DEFAULT 'z'"),
    ],
)
def test_a_server_default_takes_every_form(default: Any, rendered: str) -> None:
    """Strings are literals, text and expressions are SQL (OP-2)."""
    statements = _offline("sqlite", lambda batch: batch.alter_column("b", server_default=default))

    assert f"b INTEGER {rendered}".replace("(CURRENT_TIMESTAMP)", "CURRENT_TIMESTAMP") in statements[0].replace(
        "(CURRENT_TIMESTAMP)", "CURRENT_TIMESTAMP"
    )


def test_implementations_of_third_parties_see_the_constraints() -> None:
    """prep_table_for_batch() gets an object with the constraints by name (section 8)."""
    rebuild = ApplyBatchImpl(recorder()[1], _table(), (), {}, reflected=False)

    assert set(rebuild.named_constraints) == {"ck_b", "ck_column"}
    assert {type(c).__name__ for c in rebuild.unnamed_constraints} == {"PrimaryKeyConstraint", "UniqueConstraint"}


def test_the_temporary_name_is_not_longer_than_databases_allow() -> None:
    """The name is cut at fifty characters, and quoted as the table is (OP-43)."""
    quoted = temporary_name(sa.sql.quoted_name("t", quote=True))

    assert temporary_name("t" * 100) == "_alembic_tmp_" + "t" * 37
    assert quoted.quote is True

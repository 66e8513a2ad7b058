"""What is proposed, and what is left alone, on SQLite in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, Integer, MetaData, String, Table

from runner.autogenerate.api import AutogenContext, compare_metadata, produce_migrations
from runner.autogenerate.compare import populate_migration_script
from runner.autogenerate.compare.enums import enum_steps
from runner.autogenerate.compare.renames import RenameCandidate
from runner.autogenerate.references import sort_tables
from runner.errors import EnvironmentFailed, ModelMissing
from runner.migration.context import MigrationContext
from runner.operations import ops
from runner.operations.replaceable import View, register


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    """A connection to an empty database."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _context(connection: sa.Connection, **options: Any) -> MigrationContext:
    return MigrationContext.configure(connection, opts=options)


def _model(*tables: tuple[str, list[Any]]) -> MetaData:
    metadata = MetaData()
    for name, items in tables:
        Table(name, metadata, Column("id", Integer, primary_key=True), *items)
    return metadata


def _script(connection: sa.Connection, metadata: MetaData, **options: Any) -> list[Any]:
    """Return the operations of a generated file, which is more careful than the API is."""
    script = ops.MigrationScript(None, ops.UpgradeOps([]), ops.DowngradeOps([]))
    populate_migration_script(AutogenContext(_context(connection, target_metadata=metadata, **options)), script)
    assert script.upgrade_ops is not None
    return script.upgrade_ops.ops


def test_unknown_tables_of_an_unused_schema_stay(connection: sa.Connection) -> None:
    """A generated file drops nothing from a schema that the model does not use at all; the API does (AG-43)."""
    connection.exec_driver_sql("CREATE TABLE unknown (id INTEGER)")
    assert [] == _script(connection, MetaData())
    assert ["DropTableOp"] == [
        type(op).__name__ for op in _script(connection, MetaData(), drop_unknown_tables="always")
    ]
    assert ["remove_table"] == [difference[0] for difference in compare_metadata(_context(connection), MetaData())]


def test_own_tables_are_ignored(connection: sa.Connection) -> None:
    """The version table and the engine's side tables are never proposed for anything."""
    for name in ("alembic_version", "runner_history", "runner_journal"):
        connection.exec_driver_sql(f"CREATE TABLE {name} (id INTEGER)")
    assert [] == compare_metadata(_context(connection), MetaData())


def test_no_model_is_an_error(connection: sa.Connection) -> None:
    """Without target_metadata there is nothing to compare with."""
    with pytest.raises(ModelMissing):
        AutogenContext(_context(connection))


def test_unknown_plugin_is_an_error(connection: sa.Connection) -> None:
    """A name that selects no plugin is refused, not ignored (AG-73)."""
    with pytest.raises(EnvironmentFailed, match=r"nowhere\.\*"):
        compare_metadata(_context(connection, autogenerate_plugins=["nowhere.*"]), MetaData())


def test_renames_are_off_for_programs(connection: sa.Connection) -> None:
    """A renamed column is an added and a removed one, as with Alembic, unless asked otherwise (AG-3)."""
    _model(("t", [Column("user_name", String(20))])).create_all(connection)
    wanted = _model(("t", [Column("username", String(20))]))
    assert ["add_column", "remove_column"] == [d[0] for d in compare_metadata(_context(connection), wanted)]


def test_column_rename_is_suggested_with_a_note(connection: sa.Connection) -> None:
    """A column of the same type and place with a similar name is proposed as a rename, visibly (LIM-1)."""
    _model(("t", [Column("user_name", String(20), index=True)])).create_all(connection)
    wanted = _model(("t", [Column("username", String(20), index=True)]))
    modify = _script(connection, wanted, renames="suggest")[0]
    rename = modify.ops[0]
    assert ("user_name", "username") == (rename.column_name, rename.modify_name)
    assert "user_name is taken for username" in rename.note
    assert ["AlterColumnOp", "DropIndexOp", "CreateIndexOp"] == [type(op).__name__ for op in modify.ops]


def test_other_type_is_no_rename(connection: sa.Connection) -> None:
    """Where the type changes too, nothing is taken for renamed."""
    _model(("t", [Column("total", Integer)])).create_all(connection)
    wanted = _model(("t", [Column("totals", String(20))]))
    modify = _script(connection, wanted, renames="suggest")[0]
    assert ["AddColumnOp", "DropColumnOp"] == [type(op).__name__ for op in modify.ops]


def test_table_rename_is_suggested(connection: sa.Connection) -> None:
    """A table with the same columns and a similar name is proposed as a rename, its other changes follow."""
    _model(("user", [Column("a", Integer), Column("b", Integer)])).create_all(connection)
    wanted = _model(("users", [Column("a", Integer), Column("b", Integer), Column("c", Integer)]))
    rename, modify = _script(connection, wanted, renames="suggest")
    assert ("user", "users") == (rename.table_name, rename.new_table_name)
    assert ("users", ["AddColumnOp"]) == (modify.table_name, [type(op).__name__ for op in modify.ops])


@pytest.mark.parametrize("answer", [True, False])
def test_rename_is_asked_for(connection: sa.Connection, *, answer: bool) -> None:
    """With renames="ask" the function decides about each candidate."""
    asked: list[RenameCandidate] = []

    def ask(candidate: RenameCandidate) -> bool:
        asked.append(candidate)
        return answer

    _model(("t", [Column("user_name", String(20))])).create_all(connection)
    wanted = _model(("t", [Column("username", String(20))]))
    modify = _script(connection, wanted, renames="ask", renames_ask=ask)[0]
    assert [("column", "t", "user_name", "username")] == [(c.kind, c.table, c.old, c.new) for c in asked]
    assert answer is (len(modify.ops) == 1)


def test_cyclic_foreign_keys_come_after_the_tables() -> None:
    """Of tables that refer to each other, the key that closes the circle is made last (AG-56)."""
    metadata = MetaData()
    Table("a", metadata, Column("id", Integer, primary_key=True), Column("b_id", sa.ForeignKey("b.id", name="fk_a")))
    Table("b", metadata, Column("id", Integer, primary_key=True), Column("a_id", sa.ForeignKey("a.id", name="fk_b")))
    order, cyclic = sort_tables(metadata.tables.values())
    assert (["a", "b"], ["fk_a"]) == ([table.name for table in order], [key.name for key in cyclic])


def test_view_is_found_once(connection: sa.Connection) -> None:
    """A registered view is created when it is missing, replaced when it differs, and else left alone."""
    metadata = _model(("t", []))
    metadata.create_all(connection)
    register(metadata, View("v", 'SELECT "id" FROM t WHERE id>5'))
    assert ["add_view"] == [difference[0] for difference in compare_metadata(_context(connection), metadata)]
    connection.exec_driver_sql("CREATE VIEW v AS SELECT id FROM t where id > 5")
    assert [] == compare_metadata(_context(connection), metadata)
    connection.exec_driver_sql("DROP VIEW v")
    connection.exec_driver_sql("CREATE VIEW v AS SELECT id FROM t where id > 6")
    assert ["modify_view"] == [difference[0] for difference in compare_metadata(_context(connection), metadata)]


def test_nameless_constraint_gets_a_name_for_the_downgrade(connection: sa.Connection) -> None:
    """A unique constraint without a name in the model can be dropped by the downgrade."""
    _model(("t", [Column("a", Integer)])).create_all(connection)
    script = produce_migrations(_context(connection), _model(("t", [Column("a", Integer, unique=True)])))
    assert script.downgrade_ops is not None
    drop: Any = script.downgrade_ops.ops[0]
    assert "uq_t_a" == drop.ops[0].constraint_name


@pytest.mark.parametrize(
    ("stored", "wanted", "renamed", "expected"),
    [
        ("ab", "abc", {}, ["add c"]),
        ("bc", "abc", {}, ["add a before b"]),
        ("ad", "abcd", {}, ["add b after a", "add c after b"]),
        ("abc", "ac", {}, ["replace abc by ac"]),
        ("ab", "ba", {}, ["replace ab by ba"]),
        ("ab", "ax", {"b": "x"}, ["rename b to x"]),
        ("ab", "axc", {"b": "x"}, ["rename b to x", "add c"]),
    ],
)
def test_enum_steps(stored: str, wanted: str, renamed: dict[str, str], expected: list[str]) -> None:
    """Values are added in their place; a type is made anew only where a value goes or the order changes (AG-25)."""
    assert expected == [_words(step) for step in enum_steps((None, "e"), tuple(stored), tuple(wanted), (), renamed)]


def _words(step: Any) -> str:
    if isinstance(step, ops.AddEnumValueOp):
        place = f" before {step.before}" if step.before else f" after {step.after}" if step.after else ""
        return f"add {step.value}{place}"
    if isinstance(step, ops.RenameEnumValueOp):
        return f"rename {step.value} to {step.new_value}"
    return f"replace {''.join(step.existing_values)} by {''.join(step.values)}"

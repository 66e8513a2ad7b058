"""The connection of offline mode writes statements and refuses to answer."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from runner.dialects.offline import OfflineConnection
from runner.errors import OfflineUnsupported
from tests.unit.dialects.standin import offline_impl


def written(name: str = "postgresql") -> tuple[Any, Any]:
    impl, buffer = offline_impl(name)
    return impl.bind, buffer


def test_it_answers_for_its_dialect() -> None:
    """Revisions branch on `op.get_bind().dialect.name` in both modes (TP-7)."""
    bind, _ = written()

    assert bind.dialect.name == bind.engine.dialect.name == bind.engine.name == "postgresql"


def test_it_is_the_same_object_each_time() -> None:
    """`op.get_bind()` is one connection per run."""
    impl, _ = offline_impl("sqlite")

    assert impl.bind is impl.bind


def test_a_statement_whose_result_is_ignored_is_written() -> None:
    """`op.get_bind().execute(text(...))` prints, with its values (OP-21, OFF-4)."""
    bind, buffer = written()

    bind.execute(sa.text("UPDATE t SET a = :a"), {"a": 5})
    bind.exec_driver_sql("UPDATE t SET b = ':x%'")

    assert buffer.getvalue() == "UPDATE t SET a = 5;\n\nUPDATE t SET b = ':x%';\n\n"


def test_the_separator_of_the_dialect_follows() -> None:
    """What the bind writes goes the way of every statement (TX-2)."""
    bind, buffer = written("mssql")

    bind.execute(sa.text("SELECT 1"))

    assert buffer.getvalue() == "SELECT 1;\n\nGO\n\n"


@pytest.mark.parametrize(
    "question",
    [
        lambda result: result.fetchall(),
        lambda result: result.scalar(),
        lambda result: result.scalars(),
        lambda result: result.rowcount,
        lambda result: result.mappings(),
        lambda result: result.inserted_primary_key,
        list,
        next,
    ],
)
def test_a_result_that_is_asked_for_is_refused_with_file_and_line(question: Any) -> None:
    """The refusal names the statement and the line of the revision that asked (OFF-4)."""
    bind, buffer = written()
    result = bind.execute(sa.text("SELECT id FROM t"))

    with pytest.raises(
        OfflineUnsupported, match="'SELECT id FROM t', but in offline mode there is no database"
    ) as refusal:
        question(result)

    assert refusal.value.fields["file"] == __file__
    assert f"{__file__}, line {refusal.value.fields['line']}, asks for" in str(refusal.value)
    assert buffer.getvalue() == "SELECT id FROM t;\n\n"


def test_a_result_is_false_so_that_guards_keep_working() -> None:
    """`rows = result.fetchall() if result else []` does offline what it does with Alembic's None (OFF-4)."""
    bind, _ = written()

    assert not bind.execute(sa.text("SELECT 1"))


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        (lambda bind: bind.scalar(sa.text("SELECT 1")), "a scalar of 'SELECT 1'"),
        (lambda bind: bind.scalars(sa.text("SELECT 1")), "scalars of 'SELECT 1'"),
        (lambda bind: bind.begin_nested(), "connection.begin_nested"),
        (sa.inspect, "an inspection of the database"),
    ],
)
def test_questions_to_the_connection_are_refused(question: Any, asked: str) -> None:
    """The bind has no answers either; nothing is written for a question (OFF-4)."""
    bind, buffer = written()

    with pytest.raises(OfflineUnsupported, match="in offline mode there is no database to ask") as refusal:
        question(bind)

    assert asked in str(refusal.value)
    assert buffer.getvalue() == ""


@pytest.mark.parametrize(
    "question",
    [
        lambda bind: Session(bind=bind).scalar(sa.select(sa.column("a"))),
        lambda bind: Session(bind).execute(sa.text("SELECT 1")),
        lambda bind: sa.Table("t", sa.MetaData(), autoload_with=bind),
        lambda bind: sa.MetaData().reflect(bind),
        lambda bind: sa.inspect(bind).get_table_names(),
        lambda bind: bind.dialect.has_table(bind, "t"),
        lambda bind: bind.dialect.has_table(connection=bind, table_name="t"),
        lambda bind: bind.dialect.has_index(bind, "t", "i"),
        lambda bind: bind.dialect.has_sequence(bind, "q"),
        lambda bind: bind.dialect.get_columns(bind, "t"),
        lambda bind: bind.dialect.get_schema_names(bind),
        lambda bind: bind.begin().__enter__(),
        lambda bind: bind.engine.connect().scalar(sa.text("SELECT 1")),
        lambda bind: bind.execution_options(stream_results=True).execute(sa.text("SELECT 1")).scalar(),
        lambda bind: bind.exec_driver_sql("SELECT 1").one(),
        lambda bind: bind.execute(sa.select(sa.column("a"))).mappings().all(),
    ],
)
def test_every_other_way_to_ask_names_file_and_line(question: Any) -> None:
    """Sessions, reflection, inspectors: the refusal is about this file, not about SQLAlchemy's (OFF-4, LIM-8)."""
    bind, _ = written()

    with pytest.raises(OfflineUnsupported, match="in offline mode there is no database to ask") as refusal:
        question(bind)

    assert refusal.value.fields["file"] == __file__


def test_types_and_tables_create_themselves() -> None:
    """`Enum(...).create(op.get_bind(), checkfirst=True)` writes CREATE TYPE without looking (OP-21)."""
    bind, buffer = written()

    postgresql.ENUM("a", "b", name="letters").create(bind, checkfirst=True)

    assert buffer.getvalue() == "CREATE TYPE letters AS ENUM ('a', 'b');\n\n"


def test_ending_transactions_is_harmless() -> None:
    """A revision that commits does no harm: the script frames its own transactions."""
    bind, buffer = written()

    bind.commit()
    bind.rollback()
    bind.close()

    assert not bind.in_transaction()
    assert buffer.getvalue() == ""


def test_questions_to_the_dialect_with_a_real_connection_are_answered() -> None:
    """A dialect that an offline run has used still answers for a database (OFF-4)."""
    engine = sa.create_engine("sqlite://")
    OfflineConnection(engine.dialect, lambda *_: None)
    OfflineConnection(engine.dialect, lambda *_: None)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a INTEGER)")

        assert engine.dialect.has_table(connection, "t")
        assert sa.inspect(connection).get_table_names() == ["t"]
    engine.dispose()

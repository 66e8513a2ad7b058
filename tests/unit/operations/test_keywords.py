"""A misspelt keyword is an error that names it; options of dialects pass, those of third parties too."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from runner.dialects.postgresql import PostgresqlImpl
from runner.errors import OperationError
from runner.events import listening
from runner.operations import Operations
from tests.unit.dialects.standin import StandInContext, dialect_named, offline_impl

Call = Callable[..., object]


def _c() -> sa.Column[Any]:
    return sa.Column("c", sa.Integer())


def _batched(call: Call) -> Call:
    def block(op: Any, **kw: Any) -> None:
        with op.batch_alter_table("t", recreate="never") as batch:
            call(batch, **kw)

    return block


DIRECTIVES: dict[str, Call] = {
    "add_column": lambda op, **kw: op.add_column("t", _c(), **kw),
    "alter_column": lambda op, **kw: op.alter_column("t", "c", new_column_name="d", **kw),
    "drop_column": lambda op, **kw: op.drop_column("t", "c", **kw),
    "create_table": lambda op, **kw: op.create_table("t", _c(), **kw),
    "drop_table": lambda op, **kw: op.drop_table("t", **kw),
    "rename_table": lambda op, **kw: op.rename_table("t", "u", **kw),
    "create_table_comment": lambda op, **kw: op.create_table_comment("t", "x", **kw),
    "drop_table_comment": lambda op, **kw: op.drop_table_comment("t", **kw),
    "create_index": lambda op, **kw: op.create_index("ix", "t", ["c"], **kw),
    "drop_index": lambda op, **kw: op.drop_index("ix", "t", **kw),
    "create_primary_key": lambda op, **kw: op.create_primary_key("pk", "t", ["c"], **kw),
    "create_unique_constraint": lambda op, **kw: op.create_unique_constraint("uq", "t", ["c"], **kw),
    "create_check_constraint": lambda op, **kw: op.create_check_constraint("ck", "t", "c > 0", **kw),
    "create_foreign_key": lambda op, **kw: op.create_foreign_key("fk", "t", "u", ["c"], ["id"], **kw),
    "create_exclude_constraint": lambda op, **kw: op.create_exclude_constraint("ex", "t", ("c", "="), **kw),
    "drop_constraint": lambda op, **kw: op.drop_constraint("k", "t", type_="unique", **kw),
    "bulk_insert": lambda op, **kw: op.bulk_insert(sa.table("t", sa.column("c")), [{"c": 1}], **kw),
    "execute": lambda op, **kw: op.execute("SELECT 1", **kw),
    "batch_alter_table": lambda op, **kw: op.batch_alter_table("t", **kw).__enter__(),
    "batch add_column": _batched(lambda op, **kw: op.add_column(_c(), **kw)),
    "batch alter_column": _batched(lambda op, **kw: op.alter_column("c", new_column_name="d", **kw)),
    "batch drop_column": _batched(lambda op, **kw: op.drop_column("c", **kw)),
    "batch create_index": _batched(lambda op, **kw: op.create_index("ix", ["c"], **kw)),
    "batch drop_index": _batched(lambda op, **kw: op.drop_index("ix", **kw)),
    "batch create_primary_key": _batched(lambda op, **kw: op.create_primary_key("pk", ["c"], **kw)),
    "batch create_unique_constraint": _batched(lambda op, **kw: op.create_unique_constraint("uq", ["c"], **kw)),
    "batch create_foreign_key": _batched(lambda op, **kw: op.create_foreign_key("fk", "u", ["c"], ["id"], **kw)),
    "batch create_check_constraint": _batched(lambda op, **kw: op.create_check_constraint("ck", "c > 0", **kw)),
}
MISSPELT = ("shema", "existing_nulable", "if_exits")


def _operations(dialect: str) -> tuple[Any, Any]:
    impl, buffer = offline_impl(dialect)
    context: Any = StandInContext(impl)
    return Operations(context), buffer


COLUMN_DIRECTIVES = ("alter_column", "drop_column", "batch alter_column", "batch drop_column")
"""Alembic lets them have any keyword, so files with such keywords have run."""


@pytest.fixture
def ignored() -> Iterator[list[tuple[str, str]]]:
    """The keywords that were told to be ignored, with the hints."""
    told: list[tuple[str, str]] = []

    def sink(_level: str, event: str, keys: Mapping[str, object]) -> None:
        assert event == "operation.keyword_ignored"
        told.append((str(keys["keyword"]), str(keys["hint"])))

    with listening(sink):
        yield told


@pytest.mark.parametrize("keyword", MISSPELT)
@pytest.mark.parametrize("directive", sorted(DIRECTIVES.keys() - set(COLUMN_DIRECTIVES)))
def test_an_unknown_keyword_is_named(directive: str, keyword: str) -> None:
    """Nothing is written, and the error says which keyword it is (OP-1 to OP-18)."""
    op, buffer = _operations("postgresql")

    with pytest.raises((OperationError, TypeError, ArgumentError), match=keyword):
        DIRECTIVES[directive](op, **{keyword: True})

    assert buffer.getvalue() == ""


@pytest.mark.parametrize("directive", COLUMN_DIRECTIVES)
@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mssql", "oracle"])
def test_what_alembic_ignores_is_told(directive: str, dialect: str, ignored: list[tuple[str, str]]) -> None:
    """A keyword that means nothing to a column's directive changes nothing, and the log says so (OP-2)."""
    op, buffer = _operations(dialect)

    DIRECTIVES[directive](
        op, existing_type=sa.Integer(), existing_nullable=True, cascade=True, **{f"{dialect}_usign": "x"}
    )

    assert {"cascade", f"{dialect}_usign"} <= {keyword for keyword, _ in ignored}
    assert buffer.getvalue() != ""


def test_the_nearest_keyword_is_suggested(ignored: list[tuple[str, str]]) -> None:
    """The event says what was probably meant."""
    op, _ = _operations("postgresql")

    op.alter_column("t", "c", nullable=True, existing_nulable=False)
    op.drop_column("t", "c", if_exits=True)

    assert ignored == [
        ("existing_nulable", "Did you mean existing_nullable?"),
        ("if_exits", "Did you mean if_exists?"),
    ]


@pytest.mark.parametrize("directive", ["alter_column", "drop_column", "batch alter_column", "batch drop_column"])
def test_options_of_other_dialects_pass(directive: str) -> None:
    """One file serves several databases: what is said to another one is not this one's business."""
    for dialect, option in (("sqlite", "postgresql_using"), ("postgresql", "mssql_drop_default")):
        op, buffer = _operations(dialect)
        DIRECTIVES[directive](op, **{option: "x", "mysql_anything": 1, "mariadb_anything": 1})

        assert "ALTER TABLE t" in buffer.getvalue()


@pytest.mark.parametrize("directive", ["create_table", "create_index", "create_unique_constraint", "alter_column"])
def test_options_of_a_known_dialect_that_is_not_installed_pass(directive: str) -> None:
    """A file may say something to Redshift where only PostgreSQL is installed; SQLAlchemy warns (TP-18)."""
    op, buffer = _operations("postgresql")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        DIRECTIVES[directive](op, redshift_anything="x")

    assert buffer.getvalue() != ""


KEY_OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "deferrable": ({"deferrable": True, "initially": "DEFERRED"}, "PRIMARY KEY (c) DEFERRABLE INITIALLY DEFERRED;"),
    "include": ({"postgresql_include": ["d"], "mssql_clustered": False}, "PRIMARY KEY (c) INCLUDE (d);"),
    "none": ({"postgresql_include": None, "mssql_clustered": None}, "PRIMARY KEY (c);"),
    "another dialect": ({"redshift_anything": "x"}, "PRIMARY KEY (c);"),
}


def _skip_unless_known(keywords: dict[str, Any]) -> None:
    """Skip where this SQLAlchemy knows less of its dialects."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sa.PrimaryKeyConstraint("c", **keywords)
    except ArgumentError as error:
        pytest.skip(f"for newer versions of SQLAlchemy: {error}")


@pytest.mark.parametrize("options", KEY_OPTIONS)
@pytest.mark.parametrize("directive", ["create_primary_key", "batch create_primary_key"])
def test_a_primary_key_takes_the_options_of_its_dialect(directive: str, options: str) -> None:
    """Each is a parameter with a type; what belongs to another dialect passes (OP-10)."""
    keywords, said = KEY_OPTIONS[options]
    _skip_unless_known(keywords)
    op, buffer = _operations("postgresql")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        DIRECTIVES[directive](op, **keywords)

    assert f"ALTER TABLE t ADD CONSTRAINT pk {said}" in buffer.getvalue()


@pytest.mark.parametrize(
    ("dialect", "keyword", "said"),
    [
        ("mssql", {"mssql_clustered": False}, "PRIMARY KEY NONCLUSTERED (c)"),
        ("mysql", {"mysql_using": "hash"}, "PRIMARY KEY (c) USING hash"),
    ],
)
def test_a_primary_key_has_its_own_index_on_each_dialect(dialect: str, keyword: dict[str, Any], said: str) -> None:
    """What the dialects can say about the index of a primary key (OP-10)."""
    _skip_unless_known(keyword)
    op, buffer = _operations(dialect)

    DIRECTIVES["create_primary_key"](op, **keyword)

    assert said in buffer.getvalue()


def test_options_of_a_third_partys_dialect_pass() -> None:
    """Where SQLAlchemy finds the dialect, its options pass on every database (TP-18)."""
    from sqlalchemy.dialects import registry

    registry.register("kudzu", "sqlalchemy.dialects.sqlite.pysqlite", "dialect")
    try:
        op, buffer = _operations("postgresql")
        op.alter_column("t", "c", new_column_name="d", kudzu_speed="fast")
    finally:
        del registry.impls["kudzu"]

    assert "RENAME c TO d" in buffer.getvalue()


def test_a_third_partys_implementation_may_take_any_option_of_its_dialect() -> None:
    """It may look into its keywords, or name them in its signature (TP-19)."""
    seen: dict[str, Any] = {}

    class SpeedyImpl(PostgresqlImpl):
        def alter_column(self, table_name: str, column_name: str, *, turbo: bool = False, **kw: Any) -> None:
            seen.update(turbo=turbo, speed=kw.pop("postgresql_speed", None))

    impl = SpeedyImpl(dialect_named("postgresql"), None, True, None, None, {})
    context: Any = StandInContext(impl)
    Operations(context).alter_column("t", "c", turbo=True, postgresql_speed="fast", modify_a=1, existing_a=2)

    assert seen == {"turbo": True, "speed": "fast"}

"""A column that is written again keeps everything the revision does not mention (DI-3)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Connection
from sqlalchemy.types import NullType

from runner.errors import OperationError
from runner.operations.mysql_stored import StoredColumn, read_columns
from tests.integration.test_dialects_online import operations_on

COLUMNS = {
    "counter": "INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'it''s \\\\ 50% :x'",
    "not_null": "VARCHAR(20) NOT NULL",
    "charset": "VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'a''b\\\\%:x,(' COMMENT 'x'",
    "checked": "INT DEFAULT 5 CHECK (checked > 0 AND checked <> 77)",
    "invisible": "INT INVISIBLE DEFAULT 9 CHECK (invisible > 1)",
    "touched": "DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)",
    "stamped": "TIMESTAMP NOT NULL ON UPDATE CURRENT_TIMESTAMP",
    "never": "TIMESTAMP NULL",
    "stored": "INT GENERATED ALWAYS AS (checked + 1) STORED COMMENT 'generated'",
    "computed": "VARCHAR(50) AS (concat(charset, ':x%', checked)) VIRTUAL",
    "document": "JSON COMMENT 'j'",
    "called": "VARCHAR(50) DEFAULT (concat('a)', ',', uuid()))",
    "squeezed": "TEXT COMPRESSED",
    "letters": "ENUM('a','b''c','d, UNSIGNED') DEFAULT 'a'",
    "several": "SET('x','y')",
    "money": "DECIMAL(10,2) UNSIGNED ZEROFILL",
    "bits": "BIT(1) DEFAULT b'1'",
    "key_": "UUID",
    "address": "INET6",
    "raw": "VARBINARY(16) DEFAULT x'0041'",
    "place": "POINT NOT NULL",
    "lines": "VARCHAR(10) DEFAULT 'a\nb' COMMENT 'c\nd'",
    "long_text": "MEDIUMTEXT DEFAULT 'long'",
    "small": "TINYINT(1) NOT NULL DEFAULT -1",
    "order": "DOUBLE NOT NULL DEFAULT 1.5",
    "odd `name` 5%": "INT NOT NULL",
}
GENERATED = {"stored", "computed"}


def server_table(connection: Connection, name: str = "t") -> str:
    created: str = connection.exec_driver_sql(f"SHOW CREATE TABLE {name}").one()[1]
    return created


@pytest.fixture
def connection(mariadb_url: str) -> Iterator[Connection]:
    """A connection to a database with one column of every kind."""
    engine = sa.create_engine(mariadb_url)
    quote = engine.dialect.identifier_preparer.quote_identifier
    columns = [f"{quote(name)} {definition.replace('%', '%%')}" for name, definition in COLUMNS.items()]
    with engine.connect() as connection:
        connection.exec_driver_sql(
            f"CREATE TABLE t ({', '.join(columns)}, PRIMARY KEY (counter), CHECK (checked < 100))"
        )
        yield connection
    engine.dispose()


def known_about(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return what autogenerate would write about each column that SQLAlchemy understands."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        columns = sa.inspect(connection).get_columns("t")
    known = {
        column["name"]: {"existing_type": column["type"], "existing_nullable": column["nullable"]} for column in columns
    }
    return {name: keywords for name, keywords in known.items() if not isinstance(keywords["existing_type"], NullType)}


def test_every_kind_of_column_survives_a_rename(connection: Connection) -> None:
    """A column renamed there and back is what it was, and so are the checks and columns that mention it."""
    op, before = operations_on(connection), server_table(connection)

    for name in COLUMNS:
        op.alter_column("t", name, new_column_name="re `named`")
        assert "re ``named``" in server_table(connection)
        op.alter_column("t", "re `named`", new_column_name=name)

        assert server_table(connection) == before, name


def test_every_kind_of_column_survives_a_comment(connection: Connection) -> None:
    """Another comment changes the comment and nothing else, whether the revision says what is there or not."""
    op = operations_on(connection)
    before = read_columns(connection, "t", None)
    known = known_about(connection)
    assert len(known) > 20

    for name in COLUMNS:
        for keywords in ({}, known.get(name, {})):
            op.alter_column("t", name, comment="it's 5% \\ :x", **keywords)
            after = read_columns(connection, "t", None)[name.lower()]

            assert _without(after, "comment") == _without(before[name.lower()], "comment"), name
            assert after.comment == r"COMMENT 'it''s 5% \\ :x'"


def test_every_kind_of_column_survives_another_nullability(connection: Connection) -> None:
    """NOT NULL there and back leaves the rest; a generated column has none on MariaDB."""
    op, before = operations_on(connection), server_table(connection)
    stored = read_columns(connection, "t", None)

    for name in COLUMNS:
        if name in GENERATED | {"counter", "squeezed"}:  # MariaDB invents a default for a COMPRESSED one
            continue
        is_nullable = stored[name.lower()].is_nullable
        op.alter_column("t", name, nullable=not is_nullable)
        op.alter_column("t", name, nullable=is_nullable)

        assert server_table(connection) == before, name


def _without(column: StoredColumn, clause: str) -> dict[str, str]:
    names = ("type", "generated", "nullability", "default", "autoincrement", "comment", "check", "other")
    return {name: getattr(column, name) for name in names if name != clause}


@pytest.mark.parametrize(
    ("name", "type_", "expected"),
    [
        ("charset", sa.String(40), "varchar(40) CHARACTER SET latin1 COLLATE latin1_bin"),
        ("charset", sa.Text(), "text CHARACTER SET latin1 COLLATE latin1_bin"),
        ("charset", sa.Enum("a'b\\%:x,("), r"enum('a''b\\%:x,(') CHARACTER SET latin1 COLLATE latin1_bin"),
        ("charset", mysql.VARCHAR(40, charset="utf8mb4"), "varchar(40)"),
        ("counter", sa.BigInteger(), "bigint(20)"),
        ("checked", sa.SmallInteger(), "smallint(6)"),
        ("stored", sa.BigInteger(), "bigint(20)"),
        ("document", sa.Text(), "text"),
        ("not_null", sa.JSON(), "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
    ],
)
def test_another_type_keeps_the_rest(connection: Connection, name: str, type_: Any, expected: str) -> None:
    """Text keeps its character set, and every type the default, the counter, the check that are not the type's own."""
    before = read_columns(connection, "t", None)[name]

    operations_on(connection).alter_column("t", name, type_=type_)

    after = read_columns(connection, "t", None)[name]
    assert after.type == expected
    assert after.default.replace(r"\'", "''") == before.default  # written otherwise where a TEXT has it
    assert (after.comment, after.nullability) == (before.comment, before.nullability)
    assert (after.generated, after.autoincrement) == (before.generated, before.autoincrement)
    assert after.is_json is (name == "not_null")
    assert after.check == before.check or {before.is_json, after.is_json} == {True, False}


def test_a_counter_ends_with_a_type_that_cannot_count(connection: Connection) -> None:
    """AUTO_INCREMENT goes where the new type rules it out."""
    operations_on(connection).alter_column("t", "counter", type_=sa.String(36))

    assert read_columns(connection, "t", None)["counter"].autoincrement == ""


def test_what_the_revision_says_wins(connection: Connection) -> None:
    """Every existing_* that is given is written, as Alembic does."""
    operations_on(connection).alter_column(
        "t",
        "charset",
        existing_type=mysql.VARCHAR(30, charset="utf8mb3", collation="utf8mb3_bin"),
        nullable=True,
        existing_server_default="other",
        existing_comment="said",
    )

    after = read_columns(connection, "t", None)["charset"]
    assert (after.type, after.default, after.comment, after.is_nullable) == (
        "varchar(30) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin",
        "DEFAULT 'other'",
        "COMMENT 'said'",
        True,
    )


@pytest.mark.parametrize("existing", [None, "5", sa.text("5")])
def test_a_default_of_a_date_and_time_replaces_on_update(connection: Connection, existing: Any) -> None:
    """A function as default is written with the whole column, and replaces ON UPDATE, which belongs to the default."""
    op = operations_on(connection)

    op.alter_column("t", "touched", server_default=sa.text("now(3)"), existing_type=mysql.DATETIME(fsp=3))

    after = read_columns(connection, "t", None)["touched"]
    assert (after.type, after.default) == ("datetime(3)", "DEFAULT current_timestamp(3)")


def test_a_generated_column_cannot_get_a_default(connection: Connection) -> None:
    """The generation expression stays with another comment, and is refused where it would change (TODO-8)."""
    op = operations_on(connection)
    computed = sa.Computed("checked + 1", persisted=True)
    before = read_columns(connection, "t", None)["stored"]

    op.alter_column("t", "stored", comment="y", existing_type=sa.Integer(), existing_server_default=computed)
    with pytest.raises(OperationError, match="cannot be added, changed or removed"):
        op.alter_column("t", "stored", server_default=None, existing_server_default=computed)

    assert read_columns(connection, "t", None)["stored"].generated == before.generated


@pytest.mark.parametrize("mode", ["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES"])
def test_other_sql_modes(mariadb_url: str, mode: str) -> None:
    """What a session's sql_mode does to quotes and backslashes is understood."""
    engine = sa.create_engine(mariadb_url, connect_args={"sql_mode": mode})
    with engine.connect() as connection:
        metadata = sa.MetaData()
        column = sa.Column("c", sa.String(20), nullable=False, server_default="it's \\", comment="\\'")
        sa.Table("t", metadata, column, sa.Column("d", sa.Integer(), sa.CheckConstraint("d > 0")))
        metadata.create_all(connection)
        op, before = operations_on(connection), server_table(connection)

        for name in ("c", "d"):
            op.alter_column("t", name, new_column_name="x")
            op.alter_column("t", "x", new_column_name=name)

        assert server_table(connection) == before
    engine.dispose()

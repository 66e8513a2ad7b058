"""Which types and defaults a dialect takes for the same, next to Alembic's: a table, no server is asked."""

from __future__ import annotations

import io
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext as AlembicContext
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql

from runner.migration.context import MigrationContext

SAME, DIFFERENT = False, True
MYSQL_TYPES: tuple[tuple[Any, Any, bool], ...] = (
    (mysql.TINYINT(1), sa.Boolean(), SAME),
    (sa.Boolean(), mysql.TINYINT(1), SAME),
    (mysql.LONGTEXT(), sa.JSON(), SAME),
    (mysql.LONGTEXT(), sa.Text(), DIFFERENT),
    (mysql.VARCHAR(9, charset="utf8mb4", collation="utf8mb4_bin"), mysql.VARCHAR(9), SAME),
    (mysql.VARCHAR(9, charset="utf8mb4"), mysql.VARCHAR(9, charset="latin1"), DIFFERENT),
    (mysql.VARCHAR(9, collation="utf8mb4_bin"), sa.String(9, collation="utf8mb4_general_ci"), DIFFERENT),
    (mysql.ENUM("a", "b"), sa.Enum("b", "a"), SAME),
    (mysql.ENUM("a", "b"), sa.Enum("a"), DIFFERENT),
    (mysql.DECIMAL(10, 2), sa.Numeric(10, 2), SAME),
    (mysql.INTEGER(display_width=11), sa.Integer(), SAME),
)
ORACLES_NUMBER: Any = oracle.NUMBER
TYPES: dict[str, tuple[tuple[Any, Any, bool], ...]] = {
    "DI-1 postgresql": (
        (postgresql.DOUBLE_PRECISION(), sa.FLOAT(), SAME),
        (postgresql.REAL(), sa.FLOAT(), DIFFERENT),
        (sa.NUMERIC(9, 2), sa.DECIMAL(9, 2), SAME),
    ),
    "DI-5 mysql": MYSQL_TYPES,
    "DI-5 mariadb": MYSQL_TYPES,
    "DI-7 mssql": ((sa.VARCHAR(9), sa.NVARCHAR(9), SAME), (sa.VARCHAR(9), mssql.NTEXT(), DIFFERENT)),
    "DI-8 oracle": (
        (ORACLES_NUMBER(19, 0), sa.BigInteger(), SAME),
        (oracle.VARCHAR2(9), sa.VARCHAR(9), SAME),
        (oracle.CLOB(), sa.VARCHAR(9), DIFFERENT),
    ),
}
"""Row and dialect -> type in the database, type in the model, whether they differ."""
DEFAULTS: tuple[tuple[Any, str, str, bool], ...] = (
    (sa.Integer(), "'5'", "5", SAME),
    (sa.Integer(), "1", "2", DIFFERENT),
    (sa.String(9), "'a'", "'a'", SAME),
    (sa.DateTime(), "current_timestamp()", "CURRENT_TIMESTAMP", SAME),
    (
        sa.DateTime(),
        "current_timestamp() ON UPDATE current_timestamp()",
        "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
        SAME,
    ),
    (sa.DateTime(), "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP", DIFFERENT),
)
"""Type, default in the database, default in the model, whether they differ."""


def _impls(dialect: str) -> list[Any]:
    options = {"as_sql": True, "output_buffer": io.StringIO()}
    return [
        context.configure(dialect_name=dialect, opts=dict(options)).impl
        for context in (AlembicContext, MigrationContext)
    ]


@pytest.mark.parametrize("row", TYPES)
def test_types_that_are_the_same(row: str) -> None:
    """Synonyms and what is compared of a type are Alembic's (DI-1, DI-5, DI-7, DI-8)."""
    for impl in _impls(row.partition(" ")[2]):
        found = [
            (stored, wanted, bool(impl.compare_type(sa.Column("c", stored), sa.Column("c", wanted))))
            for stored, wanted, _ in TYPES[row]
        ]
        assert found == list(TYPES[row])


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_defaults_that_are_the_same_on_mysql(dialect: str) -> None:
    """Quotes of numbers and the writing of CURRENT_TIMESTAMP, ON UPDATE included, do not count (DI-5)."""
    for impl in _impls(dialect):
        found = [
            (type_, stored, wanted, impl.compare_server_default(_column(type_), _column(type_), wanted, stored))
            for type_, stored, wanted, _ in DEFAULTS
        ]
        assert found == list(DEFAULTS)


def _column(type_: Any) -> sa.Column[Any]:
    return sa.Column("c", type_)

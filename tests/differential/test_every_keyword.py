"""Every keyword of every directive: the table of offline cases has a case in which leaving it out makes a difference.

What the difference is, is compared with Alembic's in test_dialects_offline.py and tried on servers in
tests/integration/test_cases_online.py. Keywords that a script cannot show have tests of their own below.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any
from unittest.mock import MagicMock

import pytest
import sqlalchemy as sa

from runner.operations import Operations, ops
from tests.differential.offline_sql_cases import ALL, CASES, Case
from tests.unit.dialects.standin import StandInContext, offline_impl
from tests.unit.operations.recording import recorder

KEYWORDS: dict[str, tuple[tuple[str, str], ...]] = {
    "OP-1": (("add_column", "schema if_not_exists inline_references inline_primary_key"),),
    "OP-2": (
        ("alter_column", "nullable comment server_default new_column_name type_ schema postgresql_using"),
        ("alter_column on mysql", "existing_type existing_nullable existing_server_default existing_comment"),
        ("alter_column on mariadb", "existing_type existing_nullable existing_server_default existing_comment"),
        ("alter_column on mysql", "autoincrement existing_autoincrement"),
        ("alter_column on mssql", "existing_type existing_nullable existing_server_default"),
    ),
    "OP-3": (("drop_column", "schema if_exists mssql_drop_default mssql_drop_check mssql_drop_foreign_key"),),
    "OP-4": (
        ("create_table", "if_not_exists schema comment prefixes quote mysql_engine mysql_charset mysql_collate"),
        ("create_table", "mariadb_engine postgresql_partition_by postgresql_tablespace sqlite_strict"),
        ("create_table", "sqlite_with_rowid sqlite_autoincrement oracle_tablespace oracle_compress"),
    ),
    "OP-5": (("drop_table", "schema if_exists"),),
    "OP-6": (("rename_table", "schema"),),
    "OP-7": (("create_table_comment", "schema"), ("drop_table_comment", "schema")),
    "OP-8": (
        ("create_index", "schema unique if_not_exists quote postgresql_concurrently postgresql_where"),
        ("create_index", "postgresql_using postgresql_ops postgresql_include postgresql_with"),
        ("create_index", "postgresql_tablespace postgresql_nulls_not_distinct mysql_length mysql_prefix mysql_using"),
        ("create_index", "mysql_with_parser mariadb_length mssql_include mssql_clustered mssql_where"),
        ("create_index", "mssql_columnstore sqlite_where oracle_compress oracle_bitmap"),
    ),
    "OP-9": (("drop_index", "schema if_exists postgresql_concurrently"), ("drop_index on mysql", "table_name")),
    "OP-10": (("create_primary_key", "schema"),),
    "OP-11": (
        ("create_unique_constraint", "schema deferrable initially postgresql_nulls_not_distinct postgresql_include"),
    ),
    "OP-12": (("create_check_constraint", "schema deferrable initially postgresql_not_valid"),),
    "OP-13": (
        ("create_foreign_key", "onupdate ondelete deferrable initially match source_schema referent_schema"),
        ("create_foreign_key", "postgresql_not_valid"),
    ),
    "OP-14": (("create_exclude_constraint", "where using deferrable initially schema"),),
    "OP-15": (("drop_constraint", "schema if_exists"), ("drop_constraint on mysql", "type_")),
}
"""Row -> directive, with the dialect where no keyword says it, and keywords."""
DIRECTIVES = {directive.partition(" ")[0] for directives in KEYWORDS.values() for directive, _ in directives}


def _rows() -> Iterator[Any]:
    for row, directives in KEYWORDS.items():
        for directive, keywords in directives:
            name, _, dialect = directive.partition(" on ")
            for keyword in keywords.split():
                place = f"-{dialect}" if dialect else ""
                yield pytest.param(name, keyword, dialect, id=f"{row}-{name}-{keyword}{place}")


def _dialects(keyword: str, dialect: str) -> tuple[str, ...]:
    if dialect:
        return (dialect,)
    prefix = keyword.partition("_")[0]
    return (prefix,) if prefix in ALL else ALL


class _Listener:
    """Stands for `op`, and notes which keywords are passed to which directive."""

    def __init__(self) -> None:
        self.heard: set[tuple[str, str]] = set()
        self.impl = MagicMock()

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **keywords: Any) -> Any:
            self.heard |= {(name, keyword) for keyword in keywords}
            return MagicMock()

        return call


@cache
def _cases_with() -> dict[tuple[str, str], list[Case]]:
    """Return (directive, keyword) -> the cases of the directive that pass it."""
    found: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in CASES:
        group = case.name.partition("/")[0]
        if group in DIRECTIVES:
            listener = _Listener()
            case.call(listener)
            for directive, keyword in listener.heard:
                found[directive, keyword].append(case)
    return found


class _Without:
    """Operations that leave one keyword of one directive out."""

    def __init__(self, op: Operations, directive: str, keyword: str) -> None:
        self._op, self._directive, self._keyword = op, directive, keyword

    def __getattr__(self, name: str) -> Any:
        directive = getattr(self._op, name)
        if name != self._directive:
            return directive

        def call(*arguments: Any, **keywords: Any) -> Any:
            return directive(*arguments, **{k: v for k, v in keywords.items() if k != self._keyword})

        return call


def _operations(dialect: str) -> tuple[Operations, Any]:
    impl, buffer = offline_impl(dialect)
    context: Any = StandInContext(impl)
    return Operations(context), buffer


def _text(case: Case, op: Any, buffer: Any) -> str:
    """Return what a case writes, or why it does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            case.call(op)
        except Exception as error:  # noqa: BLE001  # whichever it is, it is the outcome
            return repr(error)
    text: str = buffer.getvalue()
    return text


@cache
def _whole(case: Case, dialect: str) -> str:
    return _text(case, *_operations(dialect))


def _matters(case: Case, dialect: str, directive: str, keyword: str) -> bool:
    op, buffer = _operations(dialect)
    return _text(case, _Without(op, directive, keyword), buffer) != _whole(case, dialect)


@pytest.mark.parametrize(("directive", "keyword", "dialect"), list(_rows()))
def test_a_keyword_makes_a_difference(directive: str, keyword: str, dialect: str) -> None:
    """Every keyword that a row names is in a case, and heeded on its dialect.

    The rows are the keys of the table (OP-1, OP-2, OP-3, OP-4, OP-5, OP-6, OP-7, OP-8, OP-9, OP-10, OP-11, OP-12,
    OP-13, OP-14, OP-15).
    """
    found = (
        case.name
        for case in _cases_with()[directive, keyword]
        for tried in _dialects(keyword, dialect)
        if tried in case.dialects and _matters(case, tried, directive, keyword)
    )

    assert next(found, None) is not None


def test_what_a_table_is_told_to_remember_is_on_the_table() -> None:
    """`info` is for programs, no database sees it (OP-4)."""
    op, _ = recorder()

    assert op.create_table("t", sa.Column("id", sa.Integer()), info={"a": 1}).info == {"a": 1}


def test_a_comment_is_put_back_by_the_reverse_operation() -> None:
    """`existing_comment` is for the way back, and for SQL Server, which adds or updates (OP-7)."""
    created = ops.CreateTableCommentOp("t", "new", existing_comment="old", schema="s")
    dropped = ops.DropTableCommentOp("t", existing_comment="old", schema="s")

    for back in (created.reverse(), dropped.reverse()):
        assert isinstance(back, ops.CreateTableCommentOp)
        assert (back.comment, back.schema) == ("old", "s")


def test_a_foreign_key_may_say_use_alter() -> None:
    """It is added by ALTER TABLE in any case, so nothing differs (OP-13)."""
    cases = {case.name: case for case in CASES}
    plain, use_alter = cases["create_foreign_key/plain"], cases["create_foreign_key/use-alter"]

    for dialect in ALL:
        assert _whole(use_alter, dialect) == _whole(plain, dialect)

"""What SQL Server and Oracle do their own way, beyond what the comparison with Alembic covers."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from runner.dialects.base import DefaultImpl
from runner.errors import OfflineUnsupported, OperationError
from tests.unit.dialects.standin import dialect_named, offline_impl


def lines(buffer: Any) -> list[str]:
    texts = (" ".join(text.split()) for text in buffer.getvalue().split("\n\n"))
    return [text for text in texts if text not in ("", "GO", "/")]


def test_nullability_needs_the_type_on_sql_server() -> None:
    """Nullability is changed together with the type (ERR-27)."""
    impl, buffer = offline_impl("mssql")

    with pytest.raises(OperationError, match=r"alter_column t\.c: .* Add existing_type="):
        impl.alter_column("t", "c", nullable=False)

    assert buffer.getvalue() == ""


def test_quotes_in_names_are_closed_in_procedure_calls() -> None:
    """Names travel inside string literals (DI-7)."""
    impl, buffer = offline_impl("mssql")

    impl.rename_table("it's", "its")
    impl.add_column("it's", sa.Table("x", sa.MetaData(), sa.Column("c's", sa.Integer())).c["c's"], if_not_exists=True)

    assert lines(buffer) == [
        "EXEC sp_rename '[it''s]', its;",
        "IF COL_LENGTH(N'[it''s]', N'c''s') IS NULL ALTER TABLE [it's] ADD [c's] INTEGER NULL;",
    ]


@pytest.mark.parametrize(
    ("table", "wrapped"),
    [
        (
            sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer(), primary_key=True), sa.Column("a", sa.Integer())),
            True,
        ),
        (sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer()), sa.Column("a", sa.Integer())), False),
        (sa.table("t", sa.column("id", sa.Integer()), sa.column("a", sa.Integer())), True),
    ],
)
def test_identity_insert_is_set_where_identity_values_are_given(table: Any, wrapped: bool) -> None:
    """A script says so for tables with an identity, and for tables that list no keys (DI-7, OP-17)."""
    impl, buffer = offline_impl("mssql")

    impl.bulk_insert(table, [{"id": 1, "a": 2}])

    assert ("SET IDENTITY_INSERT t ON;" in lines(buffer)) is wrapped
    assert ("SET IDENTITY_INSERT t OFF;" in lines(buffer)) is wrapped


def test_identity_insert_is_not_set_for_rows_without_identity_values() -> None:
    """SQL Server demands values for the identity column while IDENTITY_INSERT is on (DI-7)."""
    impl, buffer = offline_impl("mssql")
    table = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer(), primary_key=True), sa.Column("a", sa.Integer()))

    impl.bulk_insert(table, [{"a": 2}])

    assert lines(buffer) == ["INSERT INTO t (a) VALUES (2);"]


@pytest.mark.parametrize(("present", "created"), [(True, 0), (False, 1)])
def test_create_index_if_not_exists_looks_first_on_oracle(
    present: bool, created: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Oracle has no statement for it; online the run looks, offline it is refused (DI-9)."""
    dialect = dialect_named("oracle")
    executed: list[Any] = []

    class Connection:
        def execute(self, construct: Any, parameters: Any = None, execution_options: Any = None) -> None:
            executed.append(construct)

    monkeypatch.setattr(dialect, "has_index", lambda *_, **__: present)
    connection: Any = Connection()
    impl = DefaultImpl.get_by_dialect(dialect)(dialect, connection, False, None, None, {})
    table = sa.Table("t", sa.MetaData(), sa.Column("a", sa.Integer()))

    impl.create_index(sa.Index("ix", table.c.a), if_not_exists=True)

    assert len(executed) == created
    with pytest.raises(OfflineUnsupported, match="Index 'ix2' on 't': oracle has no CREATE INDEX IF NOT EXISTS"):
        offline_impl("oracle")[0].create_index(sa.Index("ix2", table.c.a), if_not_exists=True)


def test_oracle_refuses_columns_if_not_exists() -> None:
    """The keyword would be lost (DI-9)."""
    impl, buffer = offline_impl("oracle")

    with pytest.raises(OperationError, match=r"add_column t\.c: Oracle Database has no IF NOT EXISTS"):
        impl.add_column("t", sa.Column("c", sa.Integer()), if_not_exists=True)

    assert buffer.getvalue() == ""


@pytest.mark.parametrize("name", ["sqlite", "mysql", "mssql"])
def test_identities_cannot_be_altered_everywhere(name: str) -> None:
    """The refusal is an error of ours and says what to do (ERR-28)."""
    impl, _ = offline_impl(name)

    with pytest.raises(OperationError, match=r"t\.c"):
        impl.alter_column("t", "c", server_default=sa.Identity(), existing_type=sa.Integer(), existing_nullable=False)


@pytest.mark.parametrize("name", ["postgresql", "mysql", "mssql", "oracle"])
def test_generation_expressions_cannot_be_altered(name: str) -> None:
    """No database has it; the way out is a new column (ERR-28)."""
    impl, buffer = offline_impl(name)

    with pytest.raises(OperationError, match=r"generation expression of t\.c"):
        impl.alter_column(
            "t", "c", server_default=sa.Computed("a"), existing_type=sa.Integer(), existing_nullable=False
        )

    assert buffer.getvalue() == ""


def test_every_foreign_key_of_a_column_is_dropped() -> None:
    """`mssql_drop_foreign_key` collects the keys whatever their number and names (DI-7)."""
    impl, buffer = offline_impl("mssql")
    impl.drop_column("it's", sa.Column("c", sa.Integer()), schema="s", mssql_drop_foreign_key=True)

    assert buffer.getvalue().split("\n\n")[:3] == [
        (
            "declare @drops nvarchar(max) = N''\n"
            "select @drops = @drops + N'alter table s.[it''s] drop constraint ' + QUOTENAME([name]) + N';' "
            "from sys.foreign_keys fk join sys.foreign_key_columns fkc on fk.object_id=fkc.constraint_object_id\n"
            "where fkc.parent_object_id = object_id(N's.[it''s]')\n"
            "and col_name(fkc.parent_object_id, fkc.parent_column_id) = N'c'\n"
            "exec(@drops);"
        ),
        "GO",
        "ALTER TABLE s.[it's] DROP COLUMN c;",
    ]

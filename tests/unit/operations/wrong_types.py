"""Calls with wrong types, each ignored by the code a type checker must find; one not found is an unused ignore."""

from __future__ import annotations

import sqlalchemy as sa

from runner import op
from runner.operations import BatchOperations
from runner.operations.replaceable import MaterializedView, View, ViewIndex

COLUMN = sa.Column("a", sa.Integer())


def tables() -> None:
    """Wrong columns, names, flags."""
    op.create_table("t", "a")  # type: ignore[arg-type]
    op.create_table(1, COLUMN)  # type: ignore[arg-type]
    op.create_table("t", COLUMN, if_not_exists="yes")  # type: ignore[arg-type]
    op.add_column("t", "a")  # type: ignore[arg-type]
    op.add_column("t", COLUMN, "s")  # type: ignore[call-arg]
    op.add_column("t", COLUMN, if_not_exist=True)  # type: ignore[call-arg]
    op.drop_column("t", COLUMN)  # type: ignore[arg-type]
    op.alter_column("t", "a", nullable="no")  # type: ignore[arg-type]
    op.alter_column("t", "a", type_="INTEGER")  # type: ignore[arg-type]
    op.alter_column("t", "a", server_default=1)  # type: ignore[arg-type]
    op.drop_table(COLUMN)  # type: ignore[arg-type]
    op.drop_table("t", drop_types="letters", if_exists=1)  # type: ignore[arg-type]
    op.rename_table("t")  # type: ignore[call-arg]
    op.bulk_insert("t", [])  # type: ignore[arg-type]
    op.bulk_insert(sa.table("t"), [("a", 1)])  # type: ignore[list-item]
    op.create_table_comment("t", 1)  # type: ignore[arg-type]
    op.drop_table_comment("t", "old")  # type: ignore[call-arg]


def constraints_and_indexes() -> None:
    """Wrong columns, names, keywords."""
    op.create_primary_key("pk", "t", 1)  # type: ignore[arg-type]
    op.create_primary_key("pk", "t", ["a"], postgresql_include=["b"], mariadb_using="hash")
    op.create_primary_key("pk", "t", ["a"], shema="s")  # type: ignore[arg-type]
    op.create_primary_key("pk", "t", ["a"], postgresql_inclued=["b"])  # type: ignore[arg-type]
    op.create_primary_key("pk", "t", ["a"], mssql_clustered="no")  # type: ignore[arg-type]
    op.create_unique_constraint("uq", "t", [1])  # type: ignore[list-item]
    op.create_check_constraint("ck", "t", True)  # type: ignore[arg-type]
    op.create_foreign_key("fk", "t", "o", ["a"])  # type: ignore[call-arg]
    op.create_foreign_key("fk", "t", "o", ["a"], ["id"], ondelete=1)  # type: ignore[arg-type]
    op.create_exclude_constraint(1, "t", ("a", "="))  # type: ignore[arg-type]
    op.drop_constraint("uq")  # type: ignore[call-arg]
    op.create_index("i", "t", [1])  # type: ignore[list-item]
    op.create_index("i", "t", ["a"], unique="no")  # type: ignore[arg-type]
    op.drop_index(None)  # type: ignore[arg-type]


def objects() -> None:
    """Wrong values, definitions, options."""
    op.create_enum("mood", [1])  # type: ignore[list-item]
    op.drop_enum("mood", cascade=True)  # type: ignore[call-arg]
    op.add_enum_value("mood", 1)  # type: ignore[arg-type]
    op.rename_enum_value("mood", "sad")  # type: ignore[call-arg]
    op.replace_enum_values("mood", ["sad"], ["glad"], mapping={"glad": 1})  # type: ignore[dict-item]
    op.create_sequence(1)  # type: ignore[arg-type]
    op.alter_sequence("q", restart="5")  # type: ignore[arg-type]
    op.drop_sequence("q", existing=5)  # type: ignore[arg-type]
    op.create_schema("s", cascade=True)  # type: ignore[call-arg]
    op.drop_schema(1)  # type: ignore[arg-type]
    op.create_extension("citext", version=1.6)  # type: ignore[arg-type]
    op.drop_extension("citext", schema="s")  # type: ignore[call-arg]
    op.create_view("v")  # type: ignore[arg-type]
    op.create_materialized_view(View("v", "SELECT 1"))  # type: ignore[arg-type]
    op.create_materialized_view(MaterializedView("v", "SELECT 1", indexes=[ViewIndex("i", ["a"])]))
    op.create_materialized_view(MaterializedView("v", "SELECT 1", indexes=["i"]))  # type: ignore[list-item]
    op.replace_view(View("v", "SELECT 1"), replaces=1)  # type: ignore[arg-type]
    op.drop_view(View("v", "SELECT 1"), if_exist=True)  # type: ignore[call-arg]
    op.drop_function("plus", kind="aggregate")  # type: ignore[arg-type]
    op.create_trigger(View("v", "SELECT 1"))  # type: ignore[arg-type]


def statements(batch_op: BatchOperations) -> None:
    """Wrong statements, results that are not there, directives a block has not."""
    op.execute(1)  # type: ignore[arg-type]
    op.execute("SELECT 1").scalar()  # type: ignore[attr-defined, func-returns-value]
    op.create_tabel("t")  # type: ignore[attr-defined]
    op.invoke("drop_table")  # type: ignore[arg-type]
    with op.batch_alter_table("t", recreate="sometimes"):  # type: ignore[arg-type]
        batch_op.create_table("u")  # type: ignore[attr-defined]
        batch_op.add_column("t", COLUMN)  # type: ignore[arg-type, call-arg]
        batch_op.create_index("i", "t", ["a"])  # type: ignore[call-arg]
        batch_op.create_primary_key("pk", ["a"], mssql_clustred=False)  # type: ignore[arg-type]

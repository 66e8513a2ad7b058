"""Differences as values for people and programs."""

from __future__ import annotations

import sqlalchemy as sa

from runner.autogenerate.differences import differences
from runner.operations import ops
from runner.operations.ops import MigrateOperation, UpgradeOps

METADATA = sa.MetaData()
USERS = sa.Table("users", METADATA, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(9)))
POSTS = sa.Table("posts", METADATA, sa.Column("user_id", sa.Integer), schema="blog")


def texts(*operations: MigrateOperation) -> list[str]:
    """Return what is said about some operations."""
    return [one.text for one in differences([UpgradeOps(list(operations))])]


def test_tables_and_columns() -> None:
    """Tables and columns are named with their schema, containers are looked into."""
    column = ops.AddColumnOp("posts", sa.Column("title", sa.Text), schema="blog")
    assert texts(
        ops.CreateTableOp.from_table(USERS),
        ops.DropTableOp.from_table(POSTS),
        ops.ModifyTableOps("posts", [column], schema="blog"),
    ) == ["add table users", "remove table blog.posts", "add column blog.posts.title"]


def test_indexes_and_constraints() -> None:
    """Indexes and constraints are named with table and columns, also where they have no name."""
    index = sa.Index("ix", USERS.c.name, sa.func.lower(USERS.c.name))
    assert texts(
        ops.CreateIndexOp.from_index(index),
        ops.AddConstraintOp.from_constraint(sa.UniqueConstraint(USERS.c.name)),
        ops.AddConstraintOp.from_constraint(sa.ForeignKeyConstraint([POSTS.c.user_id], [USERS.c.id], name="fk")),
    ) == [
        "add index ix on users (name, lower(users.name))",
        "add unique constraint without name on users (name)",
        "add foreign key fk on blog.posts (user_id)",
    ]


def test_changes_of_a_column_are_one_difference_each() -> None:
    """One ALTER may be several differences: what was, and what is to be."""
    change = ops.AlterColumnOp(
        "users",
        "name",
        existing_type=sa.String(9),
        modify_type=sa.String(20),
        existing_nullable=True,
        modify_nullable=False,
        existing_server_default=None,
        modify_server_default=sa.DefaultClause("x"),
    )
    found = differences([UpgradeOps([change])])
    assert {(one.kind, one.table, one.name) for one in found} == {
        ("modify_type", "users", "name"),
        ("modify_nullable", "users", "name"),
        ("modify_default", "users", "name"),
    }
    assert {one.text for one in found} == {
        "change type of users.name from VARCHAR(9) to VARCHAR(20)",
        "change nullability of users.name from nullable to not null",
        "change server default of users.name from none to x",
    }


def test_what_extensions_add() -> None:
    """An operation of another kind is described by its tuple, or by its class where it has none."""

    class Grant(MigrateOperation):
        def to_diff_tuple(self) -> tuple[str, ...]:
            return "add_grant", "select", "users"

    class Silent(MigrateOperation):
        pass

    assert texts(Grant())[0] == "add grant select users"
    assert texts(Silent())[0].startswith("Silent ")


def test_several_databases_are_told_apart() -> None:
    """Where env.py has several databases each difference says whose it is."""
    drop = ops.DropTableOp.from_table(USERS)
    one, two = UpgradeOps([drop], upgrade_token="a_upgrades"), UpgradeOps([], upgrade_token="b_upgrades")
    assert [found.database for found in differences([one, two])] == ["a_upgrades"]
    assert [found.database for found in differences([one])] == [None]

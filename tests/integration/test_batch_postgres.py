"""A table rebuilt on PostgreSQL: recreate="always" works there too, types and comments included."""

from __future__ import annotations

import sqlalchemy as sa

from tests.unit.operations.sqlite_databases import operations_on


def _table(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Enum("a", "b", name="kinds")),
        sa.Column("n", sa.Numeric(5, 2), sa.CheckConstraint("n > 0", name="ck_n"), server_default="1"),
        sa.UniqueConstraint("kind", "n", name="uq_kind_n"),
        sa.Index("ix_n", "n", postgresql_where=sa.text("n > 5")),
        comment="said",
    )


def test_a_table_is_rebuilt_with_everything_sqlalchemy_can_say(pg_url: str) -> None:
    """Rows, enum type, constraints, indexes and comments are there afterwards (OP-42, OP-45)."""
    engine = sa.create_engine(pg_url)
    metadata = sa.MetaData()
    table = _table(metadata)
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(table.insert(), [{"kind": "a", "n": 1}, {"kind": "b", "n": 9}])

        with operations_on(connection).batch_alter_table("t", recreate="always") as batch:
            batch.alter_column("n", new_column_name="amount")
            batch.add_column(sa.Column("z", sa.Integer), insert_after="id")

        inspector = sa.inspect(connection)
        assert connection.execute(sa.text("SELECT id, z, kind, amount FROM t ORDER BY id")).all() == [
            (1, None, "a", 1),
            (2, None, "b", 9),
        ]
        assert [column["name"] for column in inspector.get_columns("t")] == ["id", "z", "kind", "amount"]
        assert inspector.get_unique_constraints("t")[0]["column_names"] == ["kind", "amount"]
        assert "amount" in inspector.get_check_constraints("t")[0]["sqltext"]
        assert {index["name"] for index in inspector.get_indexes("t")} == {"ix_n", "uq_kind_n"}
        assert inspector.get_table_comment("t") == {"text": "said"}
        assert connection.execute(sa.text("SELECT count(*) FROM pg_type WHERE typname = 'kinds'")).scalar() == 1
    engine.dispose()

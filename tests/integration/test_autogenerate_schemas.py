"""Tables and sequences of several schemas, compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Integer, MetaData, Numeric, Sequence, String, Table

from runner.autogenerate.api import compare_metadata
from runner.migration.context import MigrationContext
from runner.operations import Operations

SCHEMAS = (None, "s", "My s")


@pytest.fixture
def connection(pg_url: str) -> Iterator[sa.Connection]:
    """A connection to a database with two schemas beside the default one."""
    engine = sa.create_engine(pg_url)
    with engine.connect() as connection:
        for schema in SCHEMAS[1:]:
            connection.execute(sa.schema.CreateSchema(schema))
        connection.commit()
        yield connection
    engine.dispose()


def model() -> MetaData:
    """Return a table in every schema with defaults that take sequences of every schema."""
    metadata = MetaData()
    here = Sequence("q", metadata=metadata)
    there = Sequence("sq", schema="s", metadata=metadata)
    quoted = Sequence("Q q", schema="My s", metadata=metadata)
    for schema in SCHEMAS:
        Table(
            "t",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("a", Integer, server_default=here.next_value()),
            Column("b", Integer, server_default=there.next_value()),
            Column("c", BigInteger, server_default=quoted.next_value()),
            Column("d", Integer, server_default=sa.text("nextval('q')")),
            Column("e", Numeric, server_default=sa.text("nextval('s.sq'::regclass)")),
            Column("f", String, server_default=sa.text("nextval('q'::regclass)::text || 'x'")),
            schema=schema,
        )
        Table("T t", metadata, Column("the id", BigInteger, primary_key=True), schema=schema)
    return metadata


@pytest.mark.parametrize("include_schemas", [False, True])
@pytest.mark.parametrize("path", ["public", "public, s", '"My s", public'])
def test_a_default_takes_a_sequence_of_any_schema(connection: sa.Connection, path: str, include_schemas: bool) -> None:
    """A default that takes a sequence is as the server prints it, wherever table and sequence are (AG-9, AG-30)."""
    model().create_all(connection)
    connection.commit()
    connection.execute(sa.text(f"SET search_path TO {path}"))
    options = {"compare_server_default": True, "include_schemas": include_schemas}

    assert [] == compare_metadata(MigrationContext.configure(connection, opts=options), model())


def test_a_table_of_another_schema_is_made_anew_with_its_sequences(connection: sa.Connection) -> None:
    """A batch that rebuilds a table keeps the defaults that take sequences of other schemas (DI-2)."""
    model().create_all(connection)
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("t", schema="s", recreate="always") as batch:
        batch.drop_column("c")

    defaults: dict[str, Any] = dict(
        connection.execute(
            sa.text(
                "SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a"
                " ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = 's.t'::regclass"
            )
        ).all()
    )
    assert defaults == {
        "id": "nextval('s.t_id_seq'::regclass)",
        "a": "nextval('q'::regclass)",
        "b": "nextval('s.sq'::regclass)",
        "d": "nextval('q'::regclass)",
        "e": "nextval('s.sq'::regclass)",
        "f": "((nextval('q'::regclass))::text || 'x'::text)",
    }

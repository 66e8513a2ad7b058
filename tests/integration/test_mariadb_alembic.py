"""Every operation by this engine and by Alembic on one MariaDB: the same schema, but for documented differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations as AlembicOperations
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Connection

from tests.fix_mariadb import MariadbDatabaseFactory
from tests.integration.test_dialects_online import operations_on
from tests.integration.test_mariadb_operations import BASE, TRIPS, Trip
from tests.mariadb import mariadb_dump
from tests.oracle import assert_same_text

_TYPE = "Alembic refuses to alter a column whose existing_type is not given; ours asks the server"
_IF_EXISTS = "Alembic leaves if_exists out of drop_constraint, and the second time fails (DI-4)"
_CHECK = "MariaDB takes no name for a CHECK inside a column; Alembic's statement is a syntax error there"
DIFFERENCES = {
    "checks in columns": _CHECK,
    "named check": _CHECK,
    "column with inline foreign key": "Alembic's inline foreign key loses its name, so the way back fails",
    **dict.fromkeys(("rename", "rename, known type", "nullability", "comment", "comment, known", "counter off"), _TYPE),
    **dict.fromkeys(("primary key", "unique", "check", "foreign key"), _IF_EXISTS),
    "counter to big": "Alembic loses AUTO_INCREMENT where existing_autoincrement is not given (DI-3)",
    "to a type with a check and back": "Alembic leaves the CHECK of a type behind when the type is gone",
}
"""Trips in which the schemas differ, or Alembic fails, and why."""


def _known(name: str, there: dict[str, Any], back: dict[str, Any], **column: Any) -> Trip:
    """An alteration as autogenerate writes it: everything about the column as it is comes with it."""
    now = {"new_column_name": "name", "type_": "existing_type", "nullable": "existing_nullable"}
    now |= {"server_default": "existing_server_default", "comment": "existing_comment"}
    before = {"existing_type": sa.String(20), "existing_nullable": True, **column}
    after = {**before, **{now[key]: value for key, value in there.items() if key != "new_column_name"}}
    return Trip(
        name=f"{name}, all known",
        up=lambda op: op.alter_column("item", "label", **before, **there),
        down=lambda op: op.alter_column("item", there.get("new_column_name", "label"), **after, **back),
    )


ALL_KNOWN = (
    _known("rename", {"new_column_name": "x"}, {"new_column_name": "label"}),
    _known("nullability", {"nullable": False}, {"nullable": True}),
    _known("type", {"type_": sa.Text()}, {"type_": sa.String(20)}),
    _known("unsigned", {"type_": mysql.INTEGER(unsigned=True)}, {"type_": sa.String(20)}),
    _known("enum", {"type_": sa.Enum("one", "two", "it's 5%")}, {"type_": sa.String(20)}),
    _known("charset", {"type_": mysql.VARCHAR(20, charset="latin1")}, {"type_": mysql.VARCHAR(20, charset="utf8mb4")}),
    _known("comment", {"comment": "it's 5% \\ :x"}, {"comment": None}),
    _known("default and nullability", {"server_default": "5%", "nullable": False}, {"server_default": None}),
    _known(
        "everything",
        {"new_column_name": "x", "type_": sa.Text(), "nullable": False, "server_default": "x", "comment": "c"},
        {"new_column_name": "label", "type_": sa.String(20), "nullable": True, "server_default": None, "comment": None},
    ),
    Trip(
        name="counter, all known",
        up=lambda op: op.alter_column(
            "item",
            "id",
            type_=sa.BigInteger(),
            existing_type=sa.Integer(),
            existing_nullable=False,
            existing_autoincrement=True,
        ),
        down=lambda op: op.alter_column(
            "item", "id", autoincrement=False, existing_type=sa.BigInteger(), existing_nullable=False
        ),
    ),
)


def alembic_operations_on(connection: Connection) -> Any:
    return AlembicOperations(MigrationContext.configure(connection))


def outcome(url: str, trip: Trip, operations: Callable[[Connection], Any]) -> str:
    """Return the schema after going up and after coming back, or the error on the way."""
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            for statement in BASE:
                connection.exec_driver_sql(statement)
            op = operations(connection)
            connection.exec_driver_sql("UPDATE item SET label = size")
            trip.up(op)
            connection.commit()
            top = mariadb_dump(url)
            trip.down(op)
            tables = sorted(sa.inspect(connection).get_table_names())
            back = [connection.exec_driver_sql(f"SHOW CREATE TABLE {name}").one()[1] for name in tables]
        return "\n".join([top, "--- and back", *back])
    except Exception as error:  # noqa: BLE001  # whichever it is, it is the outcome
        return f"{type(error).__name__}: {error}"
    finally:
        engine.dispose()


@pytest.mark.parametrize("trip", [*TRIPS, *ALL_KNOWN], ids=lambda trip: trip.name)
def test_the_schema_is_alembics(trip: Trip, mariadb_database_factory: MariadbDatabaseFactory) -> None:
    """mariadb-dump sees no difference on the way up and down, but for those of the list (DI-3, DI-4)."""
    alembic = outcome(mariadb_database_factory(), trip, alembic_operations_on)
    ours = outcome(mariadb_database_factory(), trip, operations_on)

    assert "CREATE TABLE `item`" in ours
    if trip.name in DIFFERENCES:
        assert alembic != ours, f"no difference any more: {DIFFERENCES[trip.name]}"
    else:
        assert_same_text(alembic, ours, about=trip.name)

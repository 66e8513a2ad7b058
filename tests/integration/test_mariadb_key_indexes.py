"""The index that a foreign key needs on MariaDB: nobody drops it from under the key, and it goes with the key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from runner.autogenerate.api import compare_metadata
from runner.migration.context import MigrationContext
from tests.round_trips import assert_round_trip

KEY = ("a", "parent.id", "fk_a")


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A table with columns a and b beside a parent.

    Args:
        keys: (column, target, name) of the foreign keys; a target is a column.
        indexes: name -> columns; a name that begins with `uq` is of a unique index.
        columns: beside the primary key.
        key: the columns of the primary key.
    """

    keys: tuple[tuple[str, str, str | None], ...] = ()
    indexes: dict[str, tuple[str, ...]] | None = None
    columns: tuple[str, ...] = ("a", "b")
    key: tuple[str, ...] = ("id",)


def model(child: Child | None, parent_indexes: dict[str, tuple[str, ...]] | None = None) -> sa.MetaData:
    """Return the parent, and the child if there is one."""
    metadata = sa.MetaData()
    parent = sa.Table("parent", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Integer))
    _index(parent, parent_indexes or {})
    if child is not None:
        columns = [
            sa.Column(name, sa.Integer, primary_key=name in child.key, autoincrement=False)
            for name in dict.fromkeys(["id", *child.columns])
        ]
        table = sa.Table("child", metadata, *columns)
        for column, target, name in child.keys:
            table.append_constraint(sa.ForeignKeyConstraint([column], [target], name=name))
        _index(table, child.indexes or {})
    return metadata


def _index(table: sa.Table, indexes: dict[str, tuple[str, ...]]) -> None:
    for name, columns in indexes.items():
        sa.Index(name, *(table.c[column] for column in columns), unique=name.startswith("uq"))


@pytest.fixture
def mariadb(mariadb_url: str) -> Iterator[sa.Connection]:
    """A connection to a fresh MariaDB database."""
    engine = sa.create_engine(mariadb_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


WITH_KEY = Child(keys=(KEY,))
TRIPS: dict[str, tuple[Child | None, Child | None]] = {
    "key added": (Child(), WITH_KEY),
    "key removed": (WITH_KEY, Child()),
    "key without name added": (Child(), Child(keys=(("a", "parent.id", None),))),
    "key without name removed": (Child(keys=(("a", "parent.id", None),)), Child()),
    "key renamed": (WITH_KEY, Child(keys=(("a", "parent.id", "fk_other"),))),
    "key to another column": (WITH_KEY, Child(keys=(("b", "parent.id", "fk_a"),))),
    "two keys on one column added": (Child(), Child(keys=(KEY, ("a", "child.id", "fk_b")))),
    "key and its column removed": (WITH_KEY, Child(columns=("b",))),
    "key and its column added": (Child(columns=("b",)), WITH_KEY),
    "key and its index removed": (Child(keys=(KEY,), indexes={"ix": ("a",)}), Child()),
    "key and its index added": (Child(), Child(keys=(KEY,), indexes={"ix": ("a",)})),
    "key and its index and column removed": (Child(keys=(KEY,), indexes={"ix": ("a",)}), Child(columns=("b",))),
    "key removed, index stays": (Child(keys=(KEY,), indexes={"ix": ("a",)}), Child(indexes={"ix": ("a",)})),
    "index added": (WITH_KEY, Child(keys=(KEY,), indexes={"ix": ("a",)})),
    "wide index added": (WITH_KEY, Child(keys=(KEY,), indexes={"ix": ("a", "b")})),
    "index of other columns added": (WITH_KEY, Child(keys=(KEY,), indexes={"ix": ("b", "a")})),
    "index widened": (Child(keys=(KEY,), indexes={"ix": ("a",)}), Child(keys=(KEY,), indexes={"ix": ("a", "b")})),
    "column of a wide index removed": (
        Child(keys=(KEY,), indexes={"ix": ("a", "b")}),
        Child(keys=(KEY,), columns=("a",)),
    ),
    "index turned round": (
        Child(keys=(KEY,), indexes={"ix": ("a", "b")}),
        Child(keys=(KEY,), indexes={"ix": ("b", "a")}),
    ),
    "index renamed": (Child(keys=(KEY,), indexes={"ix": ("a",)}), Child(keys=(KEY,), indexes={"ix_new": ("a",)})),
    "unique added": (WITH_KEY, Child(keys=(KEY,), indexes={"uq": ("a",)})),
    "unique removed": (Child(keys=(KEY,), indexes={"uq": ("a",)}), WITH_KEY),
    "one of two indexes removed": (
        Child(keys=(KEY,), indexes={"ix": ("a",), "ix_wide": ("a", "b")}),
        Child(keys=(KEY,), indexes={"ix_wide": ("a", "b")}),
    ),
    "primary key turned round": (
        Child(keys=(KEY,), key=("a", "b"), columns=("a", "b", "id")),
        Child(keys=(KEY,), key=("b", "a"), columns=("b", "a", "id")),
    ),
    "table with key and index removed": (Child(keys=(KEY,), indexes={"ix": ("a",)}), None),
    "table with key and index added": (None, Child(keys=(KEY,), indexes={"ix": ("a",)})),
    "table with key to itself added": (None, Child(keys=(("a", "child.id", "fk_a"),), indexes={"ix": ("a",)})),
}


@pytest.mark.parametrize("name", TRIPS)
def test_there_and_back(name: str, mariadb: sa.Connection) -> None:
    """The file runs up and down as written, and after each way there is nothing to propose (DI-5)."""
    before, after = (model(child) for child in TRIPS[name])
    before.create_all(mariadb)
    mariadb.commit()
    assert_round_trip(mariadb, before, after)


KEPT: dict[str, tuple[Child, Child]] = {
    "made by the server": (WITH_KEY, WITH_KEY),
    "made for a key without name": (Child(keys=(("a", "parent.id", None),)), Child(keys=(("a", "parent.id", None),))),
    "made under the name that the key had": (WITH_KEY, Child(keys=(("a", "parent.id", None),))),
    "made by a person": (Child(keys=(KEY,), indexes={"ix": ("a",)}), WITH_KEY),
    "made by a person for more": (Child(keys=(KEY,), indexes={"ix": ("a", "b")}), WITH_KEY),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_a_key_needs_is_no_difference(name: str, mariadb: sa.Connection) -> None:
    """An index that the model does not have, and without which the key could not be, is not proposed for removal."""
    stored, wanted = (model(child) for child in KEPT[name])
    stored.create_all(mariadb)
    mariadb.commit()
    assert difference(mariadb, wanted) == []


def test_of_two_that_can_serve_a_key_one_is_kept(mariadb: sa.Connection) -> None:
    """The server drops the one, and not both: the narrower stays."""
    stored = model(Child(keys=(KEY,), indexes={"ix": ("a",), "ix_wide": ("a", "b")}))
    stored.create_all(mariadb)
    mariadb.commit()
    assert [item.name for _, item in difference(mariadb, model(WITH_KEY))] == ["ix_wide"]
    assert_round_trip(mariadb, stored, model(WITH_KEY))


def test_a_key_that_a_filter_keeps_keeps_its_index(mariadb: sa.Connection) -> None:
    """What include_object does not let go needs its index as before."""
    model(WITH_KEY).create_all(mariadb)
    mariadb.commit()

    def keys_stay(_item: object, _name: str, kind: str, reflected: bool, _other: object) -> bool:
        return not (kind == "foreign_key_constraint" and reflected)

    assert difference(mariadb, model(Child()), include_object=keys_stay) == []
    assert [word for word, _ in difference(mariadb, model(Child()))] == ["remove_fk", "remove_index"]


def test_an_index_that_a_key_refers_to_changes_its_name(mariadb: sa.Connection) -> None:
    """The key goes before the index of the other table that it refers to, and comes back after the new one."""
    child = Child(keys=(("a", "parent.x", "fk_a"),))
    before, after = model(child, {"ix_x": ("x",)}), model(child, {"ix_new": ("x", "id")})
    before.create_all(mariadb)
    mariadb.commit()
    assert_round_trip(mariadb, before, after)


def test_the_key_goes_before_its_index_and_comes_after_it(mariadb: sa.Connection) -> None:
    """One file removes a key and its index, in the order that the server accepts, upwards and downwards."""
    before, after = model(Child(keys=(KEY,), indexes={"ix": ("a",)})), model(Child())
    before.create_all(mariadb)
    mariadb.commit()
    calls = re.findall(r"op\.(\w+)\(", re.sub(r"op\.f\(", "(", assert_round_trip(mariadb, before, after)))
    assert calls == ["drop_constraint", "drop_index", "create_index", "create_foreign_key"]


def difference(connection: sa.Connection, wanted: sa.MetaData, **options: Any) -> list[Any]:
    """Return what `check` would say, without a transaction left open."""
    found = compare_metadata(MigrationContext.configure(connection, opts=options), wanted)
    connection.rollback()
    return found

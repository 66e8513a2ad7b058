"""The filters of env.py are asked about the same things as by Alembic, in the same words."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata as alembic_compare
from alembic.runtime.migration import MigrationContext as AlembicContext

from runner.autogenerate.api import compare_metadata
from runner.migration.context import MigrationContext

_NO_COLUMNS = ("include_name", "column")
KINDS = ["check_constraint", "column", "foreign_key_constraint", "index", "table", "unique_constraint"]


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request: pytest.FixtureRequest) -> Iterator[sa.Connection]:
    """A connection to a fresh database with the first model."""
    url = "sqlite://" if request.param == "sqlite" else request.getfixturevalue("pg_url")
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        model("old").create_all(connection)
        connection.commit()
        yield connection
    engine.dispose()


def model(own: str) -> sa.MetaData:
    """Return what both models have, and one of everything under a name of its own."""
    metadata = sa.MetaData()
    sa.Table("parent", metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table(f"{own}_table", metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table(
        "child",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("shared", sa.Integer),
        sa.Column(f"{own}_column", sa.Integer),
        sa.ForeignKeyConstraint([f"{own}_column"], ["parent.id"], name=f"fk_{own}"),
        sa.UniqueConstraint(f"{own}_column", name=f"uq_{own}"),
        sa.CheckConstraint("shared > 0" if own == "old" else "shared > 1", name=f"ck_{own}"),
        sa.Index(f"ix_{own}", f"{own}_column"),
    )
    return metadata


def asked(connection: sa.Connection, compare: Callable[..., Any], context: Any, **hooks: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compare(context.configure(connection, opts=hooks), model("new"))
    connection.rollback()


ENGINES: tuple[tuple[Callable[..., Any], Any], ...] = (
    (alembic_compare, AlembicContext),
    (compare_metadata, MigrationContext),
)


def test_include_name_is_asked_the_same(connection: sa.Connection) -> None:
    """Name, kind and parents of everything in the database (AG-40)."""
    answers: list[set[Any]] = []
    for compare, context in ENGINES:
        seen: set[Any] = set()

        def include_name(name: str, kind: str, parents: Any, seen: set[Any] = seen) -> bool:
            seen.add((name, kind, tuple(sorted(parents.items(), key=str))))
            return True

        asked(connection, compare, context, include_name=include_name)
        answers.append(seen)
    # PostgreSQL lists the index of a unique constraint, which is compared as the constraint alone.
    assert {(name, kind) for name, kind, _ in answers[0] - answers[1]} <= {("uq_old", "index")}
    assert {kind for _, kind, _ in answers[1]} >= {*KINDS, "schema"} - {"check_constraint"}


def test_include_object_is_asked_the_same(connection: sa.Connection) -> None:
    """The object, its kind, whether it comes from the database, and its counterpart (AG-41)."""
    answers: list[set[Any]] = []
    for compare, context in ENGINES:
        seen: set[Any] = set()

        def include_object(  # Alembic's signature
            item: Any, name: str, kind: str, reflected: bool, other: Any, seen: set[Any] = seen
        ) -> bool:
            seen.add((type(item).__name__, name, kind, reflected, type(other).__name__))
            return True

        asked(connection, compare, context, include_object=include_object)
        answers.append(seen)
    assert answers[0] - answers[1] == set()
    assert {kind for _, _, kind, _, _ in answers[1]} == set(KINDS)


# A database whose columns are all hidden by name has tables without columns, of which nothing follows.
@pytest.mark.parametrize(
    ("hook", "kind"),
    [(hook, kind) for hook in ("include_name", "include_object") for kind in KINDS if (hook, kind) != _NO_COLUMNS],
)
def test_what_a_filter_leaves_out_is_left_out_by_both(hook: str, kind: str, connection: sa.Connection) -> None:
    """A filter that refuses one kind takes the same tuples away; checks are compared by us alone (AG-40, AG-41)."""
    left: list[list[str]] = []
    for compare, context in ENGINES:
        place = 1 if hook == "include_name" else 2
        opts = {hook: lambda *arguments, place=place: arguments[place] != kind}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = compare(context.configure(connection, opts=opts), model("new"))
        connection.rollback()
        left.append(sorted(one[0] for one in found if not isinstance(one[1], sa.CheckConstraint)))
    assert left[0] == left[1]

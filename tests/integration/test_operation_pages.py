"""docs/operations/: every directive has a page, and every example runs, down and up again, on real databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from runner.errors import RunnerError
from runner.migration.context import MigrationContext
from runner.operations import Operations
from tests.integration.test_dialects_online import picture
from tools.operation_pages import Example, pages, start

EXAMPLES = [
    pytest.param(example, id=f"{page.name}-{number}")
    for page in pages()
    for number, example in enumerate(page.examples(), 1)
]


@pytest.mark.parametrize("page", [page for page in pages() if page.operations], ids=lambda page: page.name)
def test_a_page_has_its_parts(page: Any) -> None:
    """A page begins with what the directive does, in one sentence the index can show."""
    assert page.text.startswith("# ")
    assert page.summary.endswith(".")
    assert "|" not in page.summary


@contextmanager
def _revision(connection: Connection, example: Example) -> Iterator[dict[str, Callable[[], object]]]:
    """Yield the functions of an example, inside the transaction of a run."""
    context = MigrationContext.configure(connection)
    with context.begin_transaction(), Operations.context(context) as op:
        yield example.functions(op)


def _call(engine: Engine, example: Example, name: str) -> None:
    with engine.connect() as connection, _revision(connection, example) as functions:
        functions[name]()


def _lay_out(engine: Engine, example: Example) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        with context.begin_transaction(), Operations.context(context) as op:
            start(op)
    _call(engine, example, "before")


def _travel(engine: Engine, example: Example, look: Callable[[], object]) -> None:
    """Go up, down and up again; each place looks the same the second time."""
    _lay_out(engine, example)
    bottom = look()
    _call(engine, example, "upgrade")
    top = look()
    _call(engine, example, "downgrade")
    assert look() == bottom
    _call(engine, example, "upgrade")
    assert look() == top


def _there_and_back(engine: Engine, example: Example) -> None:
    _call(engine, example, "upgrade")
    _call(engine, example, "downgrade")


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_goes_up_and_down_on_postgresql(example: Example, pg_url: str, pg_dump: Any) -> None:
    """The example runs, its downgrade leaves what was there before, and it runs again: pg_dump is the same."""
    engine = sa.create_engine(pg_url)
    try:
        _travel(engine, example, lambda: (pg_dump(pg_url), pg_dump(pg_url, "--data-only", "--inserts")))
    finally:
        engine.dispose()


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_goes_up_and_down_on_sqlite(example: Example, tmp_path: Any) -> None:
    """The example runs where the page shows SQL for SQLite, and is refused where the page says so."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'database.sqlite'}")

    def look() -> object:
        with engine.connect() as connection, sqlite3.connect(tmp_path / "database.sqlite") as direct:
            return picture(connection), sorted(direct.iterdump())

    try:
        if example.script("sqlite").startswith("> Refused"):
            _lay_out(engine, example)
            with pytest.raises((RunnerError, sa.exc.SQLAlchemyError)):
                _there_and_back(engine, example)
        else:
            _travel(engine, example, look)
    finally:
        engine.dispose()

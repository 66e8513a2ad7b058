"""docs/operations/: every directive has a page, and every example runs, down and up again, on real databases."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from runner.errors import RunnerError
from runner.migration.context import MigrationContext
from runner.operations import BatchOperations, Operations
from tests.integration.test_dialects_online import picture
from tests.mariadb import mariadb_dump
from tools.operation_pages import Example, pages, start

_EXTENSION = re.compile(r'create_extension\("(\w+)"')


def _examples(dialect: str) -> list[Any]:
    """Return the examples that are meant for a database; those of an extension need one that has it."""
    return [
        pytest.param(example, id=f"{page.name}-{number}")
        for page in pages()
        for number, example in enumerate(page.examples(), 1)
        if dialect in example.dialects and not _EXTENSION.search(example.source)
    ]


EXAMPLES = _examples("postgresql")
EXTENSION_EXAMPLES = [example for page in pages() for example in page.examples() if _EXTENSION.search(example.source)]
OWN_MARIADB_EXAMPLES = [  # the others are proved by tests of the operations themselves
    parameter for parameter in _examples("mariadb") if "postgresql" not in parameter.values[0].dialects
]


NOT_A_DIRECTIVE = frozenset({"impl", "migration_context", "schema_obj"})


def _directives() -> set[str]:
    names = {name for cls in (Operations, BatchOperations) for name in dir(cls) if not name.startswith("_")}
    return names - NOT_A_DIRECTIVE


def test_every_directive_has_a_page() -> None:
    """Each public method of Operations and BatchOperations is the subject of a page."""
    described = {name for page in pages() for name in page.operations}

    assert sorted(_directives() - described) == []


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


def _rows(dump: str) -> list[str]:
    return sorted(dump.splitlines())


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_goes_up_and_down_on_postgresql(example: Example, pg_url: str, pg_dump: Any) -> None:
    """The example runs, its downgrade leaves what was there before, and it runs again: pg_dump is the same."""
    engine = sa.create_engine(pg_url)
    try:
        _travel(engine, example, lambda: (pg_dump(pg_url), _rows(pg_dump(pg_url, "--data-only", "--inserts"))))
    finally:
        engine.dispose()


@pytest.mark.parametrize("example", EXTENSION_EXAMPLES, ids=lambda example: example.page)
def test_an_example_of_an_extension(example: Example, pg_url: str, pg_dump: Any) -> None:
    """The example runs where the server has the extension; elsewhere the server says that it has not."""
    found = _EXTENSION.search(example.source)
    assert found is not None
    available = sa.text("SELECT count(*) FROM pg_available_extensions WHERE name = :name")
    engine = sa.create_engine(pg_url)
    try:
        with engine.connect() as connection:
            has_it = bool(connection.execute(available, {"name": found[1]}).scalar())
        if has_it:
            _travel(engine, example, lambda: pg_dump(pg_url))
        else:
            with pytest.raises(sa.exc.DBAPIError, match="is not available"):
                _travel(engine, example, lambda: None)
    finally:
        engine.dispose()


@pytest.mark.parametrize("example", OWN_MARIADB_EXAMPLES)
def test_an_example_goes_up_and_down_on_mariadb(example: Example, mariadb_url: str) -> None:
    """The example runs, its downgrade leaves what was there before, and it runs again: mariadb-dump is the same."""
    engine = sa.create_engine(mariadb_url)
    try:
        _travel(engine, example, lambda: mariadb_dump(mariadb_url, "--routines"))
    finally:
        engine.dispose()


@pytest.mark.parametrize("example", _examples("sqlite"))
def test_an_example_goes_up_and_down_on_sqlite(example: Example, tmp_path: Any) -> None:
    """The example runs where the page shows SQL for SQLite, and is refused where the page says so."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'database.sqlite'}")

    def look() -> object:
        with engine.connect() as connection, sqlite3.connect(tmp_path / "database.sqlite") as direct:
            rows = sorted(line.replace('"', "") for line in direct.iterdump() if line.startswith("INSERT"))
            return picture(connection), rows

    try:
        if example.script("sqlite").startswith("> Refused"):
            _lay_out(engine, example)
            with pytest.raises((RunnerError, sa.exc.SQLAlchemyError)):
                _there_and_back(engine, example)
        else:
            _travel(engine, example, look)
    finally:
        engine.dispose()

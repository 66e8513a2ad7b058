"""The model's expressions in the database's words, asked for all tables at once. Floor 4."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, Column, Computed

from runner.dialects.compare.requests import CanonicalRequest, Kind
from runner.operations.sqla import in_declared_order, renders_on

if TYPE_CHECKING:
    from sqlalchemy.schema import Constraint, Table

    from runner.autogenerate.context import AutogenContext

__all__ = ["Definitions", "definitions_of"]


class Definitions:
    """Texts of the model's checks, exclusions, indexes and generated columns as the database writes them.

    Args:
        autogen_context: the comparison.
    """

    def __init__(self, autogen_context: AutogenContext) -> None:
        self._impl = autogen_context.migration_context.impl
        self._dialect = autogen_context.dialect
        self._planned: list[CanonicalRequest] = []
        self._answers: dict[int, str | None] = {}

    def plan(self, pairs: Iterable[tuple[Table, Table]]) -> None:
        """Announce the tables that are on both sides, so that one question covers all of them."""
        for stored, wanted in pairs:
            self._planned += self._requests(stored, wanted)

    def ask(self, requests: Sequence[CanonicalRequest]) -> None:
        """Have the database write these items now, in one question."""
        answers = self._impl.canonical_definitions(requests)
        self._answers |= {id(request.item): answer for request, answer in zip(requests, answers, strict=True)}

    def _requests(self, stored: Table, wanted: Table) -> Iterator[CanonicalRequest]:
        for check in checks_of(wanted, self._dialect):
            yield CanonicalRequest(kind="check", item=check, stored=stored, wanted=wanted)
        for exclusion in exclusions_of(wanted):
            yield CanonicalRequest(kind="exclude", item=exclusion, stored=stored, wanted=wanted)
        existing = {index.name for index in stored.indexes}
        for index in wanted.indexes:
            if index.name in existing and not is_plain_index(index):
                yield CanonicalRequest(kind="index", item=index, stored=stored, wanted=wanted)
        for column in wanted.columns:
            if isinstance(column.server_default, Computed) and column.name in stored.c:
                yield CanonicalRequest(kind="computed", item=column, stored=stored, wanted=wanted)

    def wanted(self, kind: Kind, item: Any, stored: Table, wanted: Table) -> str | None:
        """Return the database's text for an item of the model; None where it does not accept it or is not asked."""
        if id(item) not in self._answers:
            planned, self._planned = self._planned, []
            self.ask([request for request in planned if id(request.item) not in self._answers])
        if id(item) not in self._answers:
            request = CanonicalRequest(kind=kind, item=item, stored=stored, wanted=wanted)
            self._answers[id(item)] = self._impl.canonical_definitions([request])[0]
        return self._answers[id(item)]


def is_plain_index(index: Any) -> bool:
    """Tell whether the index is on columns alone and has no option of a database."""
    if any(_says_something(value) for value in index.dialect_kwargs.values()):
        return False
    return all(isinstance(element, Column) for element in index.expressions)


def _says_something(value: Any) -> bool:
    return value is not None and value is not False and not (isinstance(value, dict | list | tuple) and not value)


def checks_of(table: Table, dialect: Any) -> list[CheckConstraint]:
    """Return the checks that the database would have, those of columns and types included."""
    items: list[Constraint] = [*table.constraints]
    for column in table.columns:
        items += column.constraints
    found = [item for item in in_declared_order(items) if isinstance(item, CheckConstraint)]
    return [check for check in dict.fromkeys(found) if renders_on(check, dialect)]


def exclusions_of(table: Table) -> list[Any]:
    """Return the exclusion constraints of a table."""
    return [item for item in in_declared_order(table.constraints) if item.__visit_name__ == "exclude_constraint"]


def definitions_of(autogen_context: AutogenContext) -> Definitions:
    """Return the texts of this comparison."""
    definitions = autogen_context.memo.get("definitions")
    if definitions is None:
        definitions = autogen_context.memo["definitions"] = Definitions(autogen_context)
    found: Definitions = definitions
    return found

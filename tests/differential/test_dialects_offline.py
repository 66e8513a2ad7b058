"""Offline SQL of every operation, keyword and dialect, next to Alembic's."""

from __future__ import annotations

import dataclasses
import io
import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations as AlembicOperations

from runner.errors import RunnerError
from runner.operations import Operations
from tests.differential.offline_known_differences import KNOWN_DIFFERENCES, KnownDifference, difference_for
from tests.differential.offline_sql_cases import CASES, Case
from tests.unit.dialects.standin import StandInContext, offline_impl

GROUPS = sorted({(case.name.split("/")[0], dialect) for case in CASES for dialect in case.dialects})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call produced: text with white space collapsed, or an error, and whether it warned."""

    text: str
    error: Exception | None
    warned: bool

    def same_as(self, other: Outcome) -> bool:
        if self.error is not None or other.error is not None:
            return self.error is not None and other.error is not None
        return (self.text, self.warned) == (other.text, other.warned)

    def __str__(self) -> str:
        return f"{type(self.error).__name__}: {self.error}" if self.error is not None else self.text


def _outcome(case: Case, operations: Callable[[], tuple[Any, io.StringIO]]) -> Outcome:
    facade, buffer = operations()
    error = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            case.call(facade)
        except Exception as raised:  # noqa: BLE001  # whichever it is, it is the outcome
            error = raised
    return Outcome(" ".join(buffer.getvalue().split()), error, bool(caught))


def _alembic(dialect: str) -> tuple[Any, io.StringIO]:
    buffer = io.StringIO()
    context = MigrationContext.configure(
        dialect_name=dialect,
        dialect_opts={"paramstyle": "named"},
        opts={"as_sql": True, "output_buffer": buffer, "literal_binds": True},
    )
    return AlembicOperations(context), buffer


def _ours(dialect: str) -> tuple[Any, io.StringIO]:
    """Our operations on our implementation."""
    impl, buffer = offline_impl(dialect)
    context: Any = StandInContext(impl)
    return Operations(context), buffer


def _ours_under_alembic(dialect: str) -> tuple[Any, io.StringIO]:
    """Our implementation under Alembic's own operations: the method names and signatures third parties know."""
    impl, buffer = offline_impl(dialect)
    context: Any = StandInContext(impl)
    return AlembicOperations(context), buffer


def _cases(group: str, dialect: str) -> Iterator[Case]:
    return (case for case in CASES if case.name.split("/")[0] == group and dialect in case.dialects)


def _complaint(case: Case, dialect: str, operations: Callable[[str], tuple[Any, io.StringIO]]) -> str | None:
    """Return what is wrong with a case, or None."""
    theirs = _outcome(case, lambda: _alembic(dialect))
    ours = _outcome(case, lambda: operations(dialect))
    known = difference_for(case.name, dialect)
    if theirs.same_as(ours):
        return None
    if known is None:
        return f"{case.name}\n  Alembic: {theirs}\n  ours:    {ours}"
    if not _as_documented(known, theirs, ours):
        return f"{case.name}, documented as: {known.reason}\n  Alembic: {theirs}\n  ours:    {ours}"
    return None


def _as_documented(known: KnownDifference, theirs: Outcome, ours: Outcome) -> bool:
    if known.refused:
        return isinstance(ours.error, RunnerError)
    if ours.error is not None:
        return False
    if known.derived is not None:
        return ours.text == known.derived(theirs.text)
    return all(piece in ours.text for piece in known.contains)


@pytest.mark.parametrize("operations", [_ours, _ours_under_alembic])
@pytest.mark.parametrize(("group", "dialect"), GROUPS, ids=[f"{group}-{dialect}" for group, dialect in GROUPS])
def test_offline_text_equals_alembics_but_for_documented_differences(
    group: str, dialect: str, operations: Callable[[str], tuple[Any, io.StringIO]]
) -> None:
    """Every case gives Alembic's text or a documented difference (OP-1 to OP-21, DI-1, DI-3, DI-4, DI-6 to DI-9)."""
    complaints = [found for case in _cases(group, dialect) if (found := _complaint(case, dialect, operations))]

    assert complaints == []


@pytest.mark.parametrize("known", KNOWN_DIFFERENCES, ids=lambda known: f"{known.cases[0]}-{known.dialects[0]}")
def test_no_documented_difference_is_stale(known: KnownDifference) -> None:
    """Every pattern of the list still names a case in which we differ."""
    stale = [pattern for pattern in known.cases if not any(_differs(case, d) for case, d in _covered(known, pattern))]

    assert stale == []


def _covered(known: KnownDifference, pattern: str) -> Iterator[tuple[Case, str]]:
    single = dataclasses.replace(known, cases=(pattern,))
    for case, dialect in itertools.product(CASES, known.dialects):
        if dialect in case.dialects and single.covers(case.name, dialect):
            yield case, dialect


def _differs(case: Case, dialect: str) -> bool:
    return not _outcome(case, lambda: _alembic(dialect)).same_as(_outcome(case, lambda: _ours(dialect)))


def test_there_are_several_hundred_cases() -> None:
    """The table covers every operation on every dialect."""
    assert sum(len(case.dialects) for case in CASES) > 2000
    assert len({case.name for case in CASES}) == len(CASES)

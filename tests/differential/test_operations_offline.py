"""Our operations next to Alembic's on one and the same implementation: the operations floor alone."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from alembic.operations import Operations as AlembicOperations

from runner.operations import Operations
from tests.differential.offline_sql_cases import CASES, Case
from tests.unit.dialects.standin import StandInContext, offline_impl

GROUPS = sorted({(case.name.split("/")[0], dialect) for case in CASES for dialect in case.dialects})

ACCEPTED_BY_OURS_ONLY = {"create_exclude_constraint/expression"}
"""Alembic raises for a text() element."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call produced."""

    text: str
    error: str | None


def _outcome(case: Case, dialect: str, operations: Any) -> Outcome:
    impl, buffer = offline_impl(dialect)
    context: Any = StandInContext(impl)
    error = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            case.call(operations(context))
        except Exception as raised:  # noqa: BLE001  # whichever it is, it is the outcome
            error = type(raised).__name__
    return Outcome(" ".join(buffer.getvalue().split()), error)


def _cases(group: str, dialect: str) -> Iterator[Case]:
    return (case for case in CASES if case.name.split("/")[0] == group and dialect in case.dialects)


@pytest.mark.parametrize(("group", "dialect"), GROUPS, ids=[f"{group}-{dialect}" for group, dialect in GROUPS])
def test_operations_call_the_implementation_as_alembics_do(group: str, dialect: str) -> None:
    """Every case gives the same text and the same refusal under either set of operations (OP-1 to OP-21)."""
    for case in _cases(group, dialect):
        if case.name in ACCEPTED_BY_OURS_ONLY:
            assert _outcome(case, dialect, Operations).error is None, case.name
            continue
        theirs = _outcome(case, dialect, AlembicOperations)
        ours = _outcome(case, dialect, Operations)

        assert (case.name, ours) == (case.name, theirs)

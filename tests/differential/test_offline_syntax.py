"""The scripts for databases that no test can run are at least read by a parser of their dialect.

It proves quotes, parentheses, the order of clauses in what it knows; a statement that it does not know (T-SQL's
procedures and blocks, ALTER TABLE ... MODIFY) it passes by, so those are only counted.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import sqlglot
from sqlalchemy.exc import SQLAlchemyError

from runner.errors import RunnerError
from runner.operations import Operations
from tests.differential.offline_sql_cases import CASES, Case
from tests.unit.dialects.standin import StandInContext, offline_impl

PARSERS = {"mssql": "tsql", "oracle": "oracle"}
NOT_KNOWN_TO_THE_PARSER = {
    "mssql": {"create_table/mssql-clustered"},  # NONCLUSTERED
    "oracle": {"add_column/identity-options", "add_column/identity-options/schema"},  # INCREMENT BY before START WITH
}
NOT_OF_THE_DATABASE = {"mssql": {"create_table/deferrable"}, "oracle": set[str]()}
"""SQLAlchemy writes what the revision says, and the server rejects it: constraints of SQL Server cannot wait."""
PASSED_BY = {"mssql": 0.2, "oracle": 0.3}
"""The part of the statements that the parser may pass by."""


def _statements(case: Case, dialect: str) -> Iterator[str]:
    impl, buffer = offline_impl(dialect, literal_binds=True)
    context: Any = StandInContext(impl)
    try:
        case.call(Operations(context))
    except (RunnerError, SQLAlchemyError, ValueError, NotImplementedError):
        return
    for piece in re.split(r"\n\n", buffer.getvalue()):
        statement = piece.strip().rstrip(";")
        if statement not in {"", "GO", "/"}:
            yield statement


@pytest.mark.parametrize("dialect", PARSERS)
def test_every_script_is_read_by_a_parser(dialect: str, caplog: pytest.LogCaptureFixture) -> None:
    """No case gives a text that the parser knows to be wrong (DI-7, DI-8, DI-9)."""
    caplog.set_level(logging.CRITICAL, logger="sqlglot")
    wrong: set[str] = set()
    count = passed_by = 0
    for case in CASES:
        if dialect not in case.dialects:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            statements = list(_statements(case, dialect))
        for statement in statements:
            count += 1
            try:
                trees = sqlglot.parse(statement, read=PARSERS[dialect], error_level=sqlglot.ErrorLevel.RAISE)
            except sqlglot.errors.ParseError:
                wrong.add(case.name)
            else:
                passed_by += any(isinstance(tree, sqlglot.exp.Command) for tree in trees)

    assert wrong <= NOT_KNOWN_TO_THE_PARSER[dialect] | NOT_OF_THE_DATABASE[dialect]
    assert wrong >= NOT_OF_THE_DATABASE[dialect]
    assert count > 500
    assert passed_by < PASSED_BY[dialect] * count

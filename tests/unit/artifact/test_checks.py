"""What may not stand in a guarded file."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from runner.artifact.checks import fault_of
from runner.artifact.recording import RecordedStatement
from runner.dialects.statement_kind import is_complete, statement_kind


def statement(sql: str) -> RecordedStatement:
    return RecordedStatement(sql=sql, script=f"{sql};", construct=text("x"), kind=statement_kind(sql))


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("COMMIT", "COMMIT"),
        ("/* now */ commit work", "COMMIT"),
        ("UPDATE t SET a = 1; ROLLBACK", "ROLLBACK"),
        ("begin", "BEGIN"),
        ("START TRANSACTION", "START"),
        ("PREPARE TRANSACTION 'x'", "PREPARE"),
        ("SELECT 'it", "does not end"),
        ('SELECT "it', "does not end"),
        ("SELECT 1 /* /* */", "does not end"),
        ("DO $x$ BEGIN END $y$", "does not end"),
        ("SELECT E'a\\'", "does not end"),
        ("COPY t (a, b) FROM STDIN", "STDIN"),
        ("SELECT 1 \\g /etc/passwd", "backslash"),
    ],
)
def test_refused(sql: str, word: str) -> None:
    """A statement that gets the better of the guards is refused with its reason."""
    reason = fault_of(statement(sql), transactional=True)

    assert reason is not None
    assert word in reason


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'COMMIT; it''s' -- commit",
        "SAVEPOINT s",
        "ROLLBACK TO SAVEPOINT s",
        "PREPARE q AS SELECT 1",
        "DO $$ BEGIN COMMIT; END $$",
        "SELECT E'a\\'b', 'c:\\d', $x$ ' $x$",
        "COPY t FROM '/tmp/x'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $f$ SELECT '''' $f$",
    ],
)
def test_let_pass(sql: str) -> None:
    """Words in strings, savepoints, and bodies are no danger."""
    assert fault_of(statement(sql), transactional=True) is None
    assert is_complete(sql)


def test_outside_of_transactions() -> None:
    """In an autocommit block a statement may say what it wants about transactions."""
    assert fault_of(statement("COMMIT"), transactional=False) is None

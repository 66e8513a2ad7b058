"""What may not stand in a file between its guards: statements that would get the better of them. Pure."""

from __future__ import annotations

import re

from sqlalchemy.sql.elements import TextClause

from runner.artifact.recording import RecordedStatement, Role
from runner.dialects.statement_kind import is_complete, words_of_statements

__all__ = ["fault_of"]

_ENDS_TRANSACTION = re.compile(
    r"(?:COMMIT|END|ABORT|BEGIN|START TRANSACTION|PREPARE TRANSACTION|ROLLBACK(?! (?:(?:WORK|TRANSACTION) )?TO\b))\b"
)
_TAKES_INPUT = re.compile(r"COPY .*\bFROM STDIN\b")
_WORTH_A_LOOK = re.compile(r"\b(?:commit|end|abort|begin|start|prepare|rollback|stdin)\b|['\"$`\\]|/\*", re.IGNORECASE)


def fault_of(statement: RecordedStatement, *, transactional: bool) -> str | None:
    """Return what is wrong with a statement for a guarded file, as a sentence; None where nothing is.

    Only text that a person wrote is looked at: what SQLAlchemy renders is one complete statement.

    Args:
        statement: as PostgreSQL, or a database with the same strings and comments, reads it.
        transactional: the file around it is a transaction.
    """
    is_text = statement.role is Role.TEXT or isinstance(statement.construct, TextClause)
    if not is_text or not _WORTH_A_LOOK.search(statement.sql):
        return None
    if not is_complete(statement.sql):
        return "A string, a quoted name or a comment in its SQL does not end, so it would swallow what follows."
    for words in words_of_statements(statement.sql):
        if _TAKES_INPUT.match(words):
            return "COPY ... FROM STDIN reads the rows from the client, which would take the rest of the file for them."
        if "\\" in words:
            return "It has a backslash outside of strings, which psql takes for a command of its own."
        if transactional and _ENDS_TRANSACTION.match(words):
            return (
                f"It sends {words.split()[0]} by itself, which would end the transaction that the guards protect. What "
                "has to stand outside of transactions belongs into an autocommit_block()."
            )
    return None

"""What a statement does, as far as running it a second time is concerned: floor 5. Pure."""

from __future__ import annotations

import enum
import re

from runner.database.interrupted import one_line_of

__all__ = ["StatementEffect", "effect_of"]


class StatementEffect(enum.Enum):
    """What is left of a statement."""

    READS = "reads"
    """Rows that the revision may need again: executed again."""
    SESSION = "session"
    """Something about the session, which a new one lacks: executed again."""
    COMMITS = "commits"
    """The end of the transaction."""
    WRITES = "writes"
    """Something in the database: never done twice."""


_SESSION = re.compile(
    r"(?:SET|RESET|SHOW|DISCARD|LISTEN|UNLISTEN|NOTIFY|BEGIN|START|SAVEPOINT|RELEASE|ROLLBACK|ABORT|LOCK|UNLOCK|PREPARE"
    r"|DEALLOCATE|DECLARE|FETCH|MOVE|CLOSE|PRAGMA|USE|EXPLAIN|DESC|DESCRIBE)\b"
    r"|SELECT\s+(?:pg_catalog\s*\.\s*)?(?:set_config|pg_(?:try_)?advisory_\w*lock\w*)\s*\(",
    re.IGNORECASE,
)
_COMMITS = re.compile(r"(?:COMMIT|END)\b", re.IGNORECASE)
_READS = re.compile(r"[(\s]*(?:SELECT|VALUES|TABLE|WITH)\b", re.IGNORECASE)
_DML_IN_WITH = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)


def effect_of(sql: str, *, is_operation: bool) -> StatementEffect:
    """Return what a statement leaves.

    Args:
        sql: the text.
        is_operation: it came from an operation, which hands no rows to the revision: a SELECT is executed for what
            the functions do that it calls.
    """
    text = sql.lstrip()
    if text[:2] in {"--", "/*"}:
        text = one_line_of(text)
    if _SESSION.match(text):
        return StatementEffect.SESSION
    if _COMMITS.match(text):
        return StatementEffect.COMMITS
    if not is_operation and _READS.match(text) and not (text[:4].upper() == "WITH" and _DML_IN_WITH.search(text)):
        return StatementEffect.READS
    return StatementEffect.WRITES

"""What `runner_journal` holds of a statement of a bundle, so that an online run recognises it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import DDLElement
from sqlalchemy.util import immutabledict

from runner.artifact.recording import RecordedStatement

__all__ = ["statement_digest"]


def statement_digest(statement: RecordedStatement) -> str:
    """Return the digest under which an online run with psycopg would look for the statement.

    Where the construct says that its values travel beside its text in a form of the driver's, the digest is that of
    the text as the file has it: an online run then says which statement it is in doubt about, instead of going on.
    """
    sent = _as_sent(statement)
    sql, parameters = (statement.sql, {}) if sent is None else sent
    digest = hashlib.sha256(sql.encode("utf-8", "surrogatepass"))
    digest.update(f"\0{parameters!r}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _as_sent(statement: RecordedStatement) -> tuple[str, Mapping[str, Any]] | None:
    construct = statement.construct
    if not isinstance(construct, ClauseElement) or statement.parameters:
        return None
    dialect: Any = PGDialect_psycopg  # whose constructor has no types
    try:
        compiled: Any = construct.compile(dialect=dialect())
    except CompileError:
        return None
    if getattr(compiled, "binds", None):
        return None
    return str(compiled), immutabledict() if isinstance(construct, DDLElement) else {}

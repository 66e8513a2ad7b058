"""What `runner_journal` holds of a statement of a bundle, so that an online run recognises it."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.engine import URL
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import DDLElement
from sqlalchemy.util import immutabledict

from runner.artifact.recording import RecordedStatement

__all__ = ["statement_digest"]

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "sqlite": "sqlite+pysqlite",
}


def statement_digest(statement: RecordedStatement, dialect_name: str) -> str:
    """Return the digest under which an online run with the usual driver would look for the statement.

    Where the construct says that its values travel beside its text, the digest is that of the text as the file has it:
    an online run then says which statement it is in doubt about, instead of going on.
    """
    sent = _as_sent(statement, dialect_name)
    sql, parameters = (statement.sql, {}) if sent is None else sent
    digest = hashlib.sha256(sql.encode("utf-8", "surrogatepass"))
    digest.update(f"\0{parameters!r}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _as_sent(statement: RecordedStatement, dialect_name: str) -> tuple[str, Any] | None:
    construct, driver = statement.construct, _DRIVERS.get(dialect_name)
    if not isinstance(construct, ClauseElement) or statement.parameters or driver is None:
        return None
    dialect = URL.create(driver).get_dialect()()
    try:
        compiled: Any = construct.compile(dialect=dialect)
    except CompileError:
        return None
    if getattr(compiled, "binds", None):
        return None
    if dialect.positional:
        return str(compiled), ()
    return str(compiled), immutabledict() if isinstance(construct, DDLElement) else {}

"""What `runner_journal` holds of a statement of a bundle, so that an online run recognises it, and the reverse."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NoReturn

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from runner.artifact.recording import RecordedStatement
from runner.database.journal_table import statement_digest
from runner.dialects.statement import OnlineSink, Statement
from runner.errors import RunnerError

__all__ = ["unit_digest"]

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "sqlite": "sqlite+pysqlite",
}


def unit_digest(unit: Sequence[RecordedStatement], dialect_name: str) -> str:
    """Return the digest under which an online run with the usual driver would look for statements it sends as one.

    Where that cannot be found out the digest is that of the text as the file has it: an online run then says which
    statement it is in doubt about, instead of going on.
    """
    online = unit[0].online
    found = None if online is None else _as_sent(online, dialect_name)
    sql, parameters = found or ("\n".join(one.sql for one in unit), {})
    return statement_digest(sql, parameters)


def _as_sent(statement: Statement, dialect_name: str) -> tuple[str, Any] | None:
    """Return the text and the parameters that the driver would get, None where SQLAlchemy cannot tell offline."""
    if dialect_name not in _DRIVERS:
        return None
    try:
        OnlineSink(_connection(dialect_name)).execute(statement)
    except _Sent as sent:
        return sent.sql, sent.parameters
    except (SQLAlchemyError, RunnerError, ImportError, AttributeError):  # it would look at the connection first
        return None
    return None


class _Sent(Exception):
    """A statement has come to the point where the driver would get it."""

    def __init__(self, sql: str, parameters: Any) -> None:
        super().__init__(sql)
        self.sql = sql
        self.parameters = parameters


class _NoSession:
    """Stands in for the driver's connection, of which nothing is asked before a statement is sent."""

    info: dict[str, Any] = {}  # noqa: RUF012  # SQLAlchemy's name; never written to
    is_valid = True

    def cursor(self, *_: object, **__: object) -> _NoSession:
        return self

    def close(self) -> None:
        return None

    rollback = close

    @property
    def dbapi_connection(self) -> _NoSession:
        return self


@cache
def _connection(dialect_name: str) -> Connection:
    """Return a connection to nothing: it compiles a statement as any other, and raises where it would send it."""
    url = URL.create(_DRIVERS[dialect_name])
    kind = url.get_dialect()
    dialect: Any = kind(dbapi=kind.import_dbapi())  # type: ignore[call-arg]  # every dialect takes it
    if dialect_name == "postgresql":
        dialect._backslash_escapes = False  # noqa: SLF001  # what SQLAlchemy finds on every supported server
    nothing: Any = _NoSession()
    connection = Connection(Engine(NullPool(lambda: nothing), dialect, url), connection=nothing)
    event.listen(connection, "before_cursor_execute", _stop)
    return connection


def _stop(_connection: object, _cursor: object, sql: str, parameters: Any, *_: object) -> NoReturn:
    raise _Sent(sql, parameters)

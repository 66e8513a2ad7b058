"""SQL files for Oracle Database and SQL*Plus.

DDL commits there, so no file is a transaction, and nothing is noted in between: after a failure a person has to look
which statements have run. There is no lock: an online run has none there either.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy.dialects.oracle.base import OracleDialect

from runner.artifact.guards.base import WritingOptions, quoted
from runner.artifact.guards.history import HistorySpelling
from runner.artifact.guards.plain import APPLIED, CHANGED, SERVER, WRONG_ROWS, PlainWriter, guards

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["oracle_writer"]

_SENTENCES = (SERVER, WRONG_ROWS, APPLIED, CHANGED)
_FIRST_NUMBER = 20000  # RAISE_APPLICATION_ERROR takes -20000 to -20999


class _Oracle:
    dialect: Dialect = OracleDialect()
    separator = "/"
    has_journal = False
    history: HistorySpelling | None = None
    now = 'TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), \'YYYY-MM-DD"T"HH24:MI:SS.FF3"+00:00"\')'

    def client_commands(self) -> Iterable[str]:
        yield "WHENEVER SQLERROR EXIT FAILURE ROLLBACK"
        yield "WHENEVER OSERROR EXIT FAILURE ROLLBACK"
        yield "SET DEFINE OFF"
        yield "SET SQLBLANKLINES ON"

    def session(self, *, transactional: bool, options: WritingOptions) -> Iterable[str]:
        seconds = options.limits.lock_timeout_seconds
        if seconds is not None:
            yield f"ALTER SESSION SET DDL_LOCK_TIMEOUT = {min(1000000, max(1, round(seconds)))}"
            yield "/"

    def begin(self) -> Iterable[str]:
        return ()

    def commit(self) -> Iterable[str]:
        return ()

    def server_guards(self, options: WritingOptions) -> Iterable[str]:
        low, high = options.server.minimum, options.server.maximum
        if low is not None:
            yield self.require(SERVER, f"DBMS_DB_VERSION.VERSION >= {low}")
        if high is not None:
            yield self.require(SERVER, f"DBMS_DB_VERSION.VERSION <= {high}")

    def end(self, options: WritingOptions) -> Iterable[str]:
        return ("COMMIT", "/")

    def create_table(self, sql: str, name: str) -> str:
        table = name if '"' in name else name.upper()
        query = f"SELECT count(*) INTO found FROM user_tables WHERE table_name = {quoted(table.strip(chr(34)))};"
        create = f"IF found = 0 THEN EXECUTE IMMEDIATE {quoted(sql)}; END IF;"
        return f"DECLARE\n    found INTEGER;\nBEGIN\n    {query}\n    {create}\nEND;\n/"

    def literal(self, text: str) -> str:
        return quoted(text)

    def require(self, sentence: str, condition: str) -> str:
        number = _FIRST_NUMBER + int(sentence[2:5])
        query = f"SELECT count(*) INTO found FROM dual WHERE {condition};"
        fail = f"IF found = 0 THEN RAISE_APPLICATION_ERROR(-{number}, {quoted(sentence)}); END IF;"
        if "DBMS_DB_VERSION" in condition:  # a constant of PL/SQL, which a query does not know
            query = f"found := CASE WHEN {condition} THEN 1 ELSE 0 END;"
        return f"DECLARE\n    found INTEGER;\nBEGIN\n    {query}\n    {fail}\nEND;\n/"


def oracle_writer() -> PlainWriter:
    """Return what writes the files."""
    return PlainWriter(
        _Oracle(), native_client="sqlplus", command='sqlplus -L "$DATABASE_LOGIN" @{path}', guards=guards(*_SENTENCES)
    )

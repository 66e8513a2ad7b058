"""SQL files for SQL Server and sqlcmd.

A file is one transaction with XACT_ABORT on; each statement is a batch. There is no lock: an online run has none there
either. What stands alone, which is rare there, is not noted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy.dialects.mssql.base import MSDialect

from runner.artifact.guards.base import WritingOptions, quoted
from runner.artifact.guards.history import HistorySpelling
from runner.artifact.guards.plain import APPLIED, CHANGED, SERVER, WRONG_ROWS, PlainWriter, guards

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["mssql_writer"]

_SENTENCES = (SERVER, WRONG_ROWS, APPLIED, CHANGED)
_FIRST_NUMBER = 50000  # THROW takes none below


class _SQLServer:
    dialect: Dialect = MSDialect()  # type: ignore[no-untyped-call]
    separator = "GO"
    has_journal = False
    history: HistorySpelling | None = None
    now = "CONVERT(varchar(23), SYSUTCDATETIME(), 126) + '+00:00'"

    def client_commands(self) -> Iterable[str]:
        return (":on error exit",)

    def session(self, *, transactional: bool, options: WritingOptions) -> Iterable[str]:
        yield "SET XACT_ABORT ON;"
        yield "GO"
        seconds = options.limits.lock_timeout_seconds
        if seconds is not None:
            yield f"SET LOCK_TIMEOUT {round(seconds * 1000) if seconds else -1};"
            yield "GO"

    def begin(self) -> Iterable[str]:
        return ("BEGIN TRANSACTION;", "GO")

    def commit(self) -> Iterable[str]:
        return ("COMMIT;", "GO")

    def server_guards(self, options: WritingOptions) -> Iterable[str]:
        major = "CAST(SERVERPROPERTY('ProductMajorVersion') AS int)"
        low, high = options.server.minimum, options.server.maximum
        if low is not None:
            yield self.require(SERVER, f"{major} >= {low}")
        if high is not None:
            yield self.require(SERVER, f"{major} <= {high}")

    def end(self, options: WritingOptions) -> Iterable[str]:
        return ()

    def create_table(self, sql: str, name: str) -> str:
        return f"IF OBJECT_ID(N{quoted(name)}) IS NULL\n{sql};\nGO"

    def literal(self, text: str) -> str:
        return quoted(text)

    def require(self, sentence: str, condition: str) -> str:
        number = _FIRST_NUMBER + int(sentence[2:5])
        return f"IF NOT ({condition})\nBEGIN;\n    THROW {number}, N{quoted(sentence)}, 1;\nEND;\nGO"


def mssql_writer() -> PlainWriter:
    """Return what writes the files."""
    return PlainWriter(
        _SQLServer(), native_client="sqlcmd", command="sqlcmd -b -I -i {path}", guards=guards(*_SENTENCES)
    )

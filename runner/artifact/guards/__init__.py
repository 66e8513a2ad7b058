"""What stands in an SQL file beside the revisions' statements, one module per database."""

from __future__ import annotations

from runner.artifact.guards.base import PhaseWriter
from runner.errors import OperationError

__all__ = ["writer_for"]


def writer_for(dialect_name: str) -> PhaseWriter:
    """Return what writes the files for a database.

    Raises:
        OperationError: nobody knows how to guard SQL for it.
    """
    match dialect_name:
        case "postgresql":
            from runner.artifact.guards.postgresql import PostgresWriter

            return PostgresWriter()
        case "sqlite":
            from runner.artifact.guards.sqlite import sqlite_writer

            return sqlite_writer()
        case "mysql" | "mariadb":
            from runner.artifact.guards.mysql import mysql_writer

            return mysql_writer(is_mariadb=dialect_name == "mariadb")
        case "mssql":
            from runner.artifact.guards.mssql import mssql_writer

            return mssql_writer()
        case "oracle":
            from runner.artifact.guards.oracle import oracle_writer

            return oracle_writer()
    raise OperationError(
        f"There are no guarded SQL files for {dialect_name}. Write the plain script with `runner upgrade --sql`.",
        dialect=dialect_name,
    )

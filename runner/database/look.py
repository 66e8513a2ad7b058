"""Read the version rows with SQLAlchemy, for databases and drivers the cheap probe does not know: floor 4."""

from __future__ import annotations

from collections.abc import Container

from sqlalchemy import ColumnClause, column, exc, inspect, select, table

from runner.database.engine import make_engine, open_connection
from runner.database.failures import statement_error
from runner.database.history import HistoryTable
from runner.database.probe import VersionRows
from runner.database.url import DatabaseUrl

__all__ = ["look_with_sqlalchemy"]


def look_with_sqlalchemy(
    url: DatabaseUrl,
    *,
    version_table: str,
    schema: str | None,
    application_name: str,
    connect_timeout_seconds: int | None,
    known: Container[str] | None,
) -> VersionRows:
    """Return the version rows, through a session that is closed again.

    Raises:
        DatabaseError: the session could not be opened, or the table not be read.
    """
    engine = make_engine(url, application_name=application_name, connect_timeout_seconds=connect_timeout_seconds)
    with open_connection(engine, url) as connection:
        try:
            if not inspect(connection).has_table(version_table, schema=schema):
                return VersionRows(revisions=(), table_exists=False)
            number: ColumnClause[str] = column("version_num")
            rows = connection.execute(select(number).select_from(table(version_table, number, schema=schema)))
            revisions = tuple(sorted(str(one) for one in rows.scalars()))
            if known is None or all(one in known for one in revisions):
                return VersionRows(revisions=revisions, table_exists=True)
            history = HistoryTable(version_table=version_table, schema=schema)
            ancestry = history.ancestry(connection) if history.exists(connection) else None
            return VersionRows(revisions=revisions, table_exists=True, ancestry=ancestry)
        except exc.DBAPIError as error:
            doing = f"read the version table {version_table}"
            raise statement_error(error, doing=doing, url=url.masked()) from error

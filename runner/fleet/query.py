"""Ask the configured database for the targets: floor 6, above the commands. One statement, rolled back."""

from __future__ import annotations

from typing import Any

from runner.database.engine import make_engine, open_connection
from runner.database.failures import one_line
from runner.database.url import DatabaseUrl
from runner.errors import TargetsInvalid

__all__ = ["rows_of"]


def rows_of(
    url: DatabaseUrl, query: str, *, application_name: str, connect_timeout_seconds: int
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the names of the columns, and the rows.

    Raises:
        TargetsInvalid: the server refuses the query, or it returns nothing that has columns.
        DatabaseError: no session could be opened.
    """
    engine = make_engine(url, application_name=application_name, connect_timeout_seconds=connect_timeout_seconds)
    with open_connection(engine, url) as connection:
        # Not through SQLAlchemy, with which some drivers want a percent sign doubled: LIKE 'tenant_%'.
        cursor = connection.connection.cursor()
        try:
            cursor.execute(query)
            if cursor.description is None:
                raise TargetsInvalid("The query in RUNNER_TARGETS returns no rows: it is no query.")
            names = [str(column[0]) for column in cursor.description]
            return names, [tuple(row) for row in cursor.fetchall()]
        except connection.dialect.loaded_dbapi.Error as error:
            raise TargetsInvalid(f"The query in RUNNER_TARGETS was refused: {one_line(error)}.") from error
        finally:
            connection.rollback()

"""What a PostgreSQL schema is, as one digest: floor of the artifact. Reads catalogues, writes nothing.

The digest is of what the server itself says about every object outside its own schemas: tables with columns in order,
constraints, indexes, views, sequences, types, functions, triggers, rules, policies and comments. Names are written in
full, whatever the session's search path. Owners, privileges, rows, statistics, the physical order of columns that
were dropped between others, what extensions brought, and the runner's own tables are left out. Servers of
different major versions write the same thing differently, so two digests are comparable within one major version.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["schema_fingerprint"]

_QUERY = os.path.join(os.path.dirname(__file__), "fingerprint.sql")


def schema_fingerprint(connection: Connection) -> str:
    """Return the digest of the schema, 64 hexadecimal digits.

    Args:
        connection: to PostgreSQL, in autocommit.
    """
    with open(_QUERY, encoding="utf-8") as file:
        query = file.read()
    digest = hashlib.sha256()
    connection.exec_driver_sql("BEGIN READ ONLY")
    try:
        connection.exec_driver_sql("SET LOCAL search_path = pg_catalog")
        for row in connection.exec_driver_sql(query, execution_options={"no_parameters": True}):
            digest.update("\0".join(str(one) for one in row).encode() + b"\n")
    finally:
        connection.exec_driver_sql("ROLLBACK")
    return digest.hexdigest()

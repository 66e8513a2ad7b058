"""Which keeper looks after tables of which database (floor 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.operations.batch.move import Keeper

if TYPE_CHECKING:
    from runner.operations.protocols import ImplLike

__all__ = ["keeper_for"]


def keeper_for(impl: ImplLike, table_name: str, schema: str | None) -> Keeper:
    """Return what keeps everything about a table that its SQLAlchemy Table cannot hold.

    Offline there is nothing to look at, so nothing but the Table is kept.
    """
    from sqlalchemy.dialects.mysql.base import MySQLDialect
    from sqlalchemy.dialects.postgresql.base import PGDialect
    from sqlalchemy.dialects.sqlite.base import SQLiteDialect

    if isinstance(impl.dialect, SQLiteDialect) and not impl.as_sql:
        from runner.operations.batch.sqlite_keep import SQLiteKeeper

        return SQLiteKeeper(impl, table_name, schema)
    if isinstance(impl.dialect, MySQLDialect) and not impl.as_sql:
        from runner.operations.batch.mysql_keep import MySQLKeeper

        return MySQLKeeper(impl, table_name, schema)
    if isinstance(impl.dialect, PGDialect) and not impl.as_sql:
        from runner.operations.batch.postgres_keep import PostgresKeeper

        return PostgresKeeper(impl, table_name, schema)
    return Keeper(impl, table_name, schema)

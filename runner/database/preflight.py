"""Find out before the first statement what would make a run fail later: floor 4. One query, nothing is changed.

Asked once a run has something to do, before it takes the lock. What cannot be known in one query is left to the
statements themselves; what looks wrong and need not be is an event, not an error.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from sqlalchemy import exc, text

from runner.database.failures import one_line, sqlstate_of, statement_error
from runner.errors import DatabaseError, PrivilegeMissing, ServerReadOnly, ServerUnsupported
from runner.events import emit

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection, Row

__all__ = ["preflight"]

_OLDEST_POSTGRESQL = 12_00_00
_INSUFFICIENT_PRIVILEGE = "42501"
_POSTGRESQL = text(
    "SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS version_text,"
    " pg_is_in_recovery() AS in_recovery, current_setting('transaction_read_only') = 'on' AS is_read_only,"
    " current_user AS who, s.name AS schema, n.oid IS NOT NULL AS has_schema,"
    " has_schema_privilege(n.oid, 'CREATE') AS may_create, t.oid IS NOT NULL AS has_table,"
    " has_table_privilege(t.oid, 'INSERT') AND has_table_privilege(t.oid, 'UPDATE')"
    " AND has_table_privilege(t.oid, 'DELETE') AS may_write,"
    " (SELECT string_agg(DISTINCT pg_get_userbyid(c.relowner)::text, ', ') FROM pg_class c"
    " WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND NOT pg_has_role(c.relowner, 'USAGE')) AS owners"
    " FROM (SELECT coalesce(CAST(:schema AS text), current_schema()::text) AS name) s"
    " LEFT JOIN pg_namespace n ON n.nspname = s.name"
    " LEFT JOIN pg_class t ON t.oid = to_regclass(CAST(:version_table AS text))"
)


def preflight(connection: Connection, *, version_table: str, schema: str | None) -> None:
    """Refuse a run that cannot write.

    Args:
        connection: as the run will use it.
        version_table: the version table's name.
        schema: its schema, None for the session's default.

    Raises:
        ServerReadOnly: a replica, a read-only setting, or a file that may not be written.
        ServerUnsupported: the server is too old.
        PrivilegeMissing: the role may not create, or not write, the version table.
        DatabaseError: the schema of the version table does not exist.
    """
    check = _CHECKS.get(connection.dialect.name)
    if check is None:
        return
    try:
        # In a transaction of somebody else a failing query must not spoil it.
        with connection.begin_nested() if connection.in_transaction() else nullcontext():
            check(connection, version_table, schema)
    except exc.DBAPIError as error:
        if sqlstate_of(error) == _INSUFFICIENT_PRIVILEGE:
            raise statement_error(error, doing=f"use the schema of the version table {version_table}") from error
        emit("preflight.skipped", level="warning", reason=one_line(error.orig or error))
        if connection.in_transaction() and not connection.in_nested_transaction():
            connection.rollback()


# -- PostgreSQL --------------------------------------------------------------------------------------------


def _check_postgresql(connection: Connection, version_table: str, schema: str | None) -> None:
    quote = connection.dialect.identifier_preparer.quote_identifier
    qualified = quote(version_table) if schema is None else f"{quote(schema)}.{quote(version_table)}"
    found = connection.execute(_POSTGRESQL, {"schema": schema, "version_table": qualified}).one()
    if found.version < _OLDEST_POSTGRESQL:
        raise ServerUnsupported(
            f"The server is PostgreSQL {found.version_text}; the oldest that is supported is 12. Nothing was changed. "
            "Upgrade the server.",
            version=found.version_text,
        )
    _refuse_read_only(found)
    _refuse_missing_privileges(found, version_table)
    _tell_hints(found)


def _refuse_read_only(found: Row[Any]) -> None:
    if found.in_recovery:
        raise ServerReadOnly(
            "The server is a replica and takes no writes. Nothing was changed. Let the URL lead to the primary, or add "
            "target_session_attrs=read-write to a URL with several hosts.",
            reason="replica",
        )
    if found.is_read_only:
        raise ServerReadOnly(
            f"Transactions of the role {found.who} are read-only here (default_transaction_read_only is on). "
            f"Nothing was changed. Let the URL name a role that may write, or: ALTER ROLE {found.who} SET "
            "default_transaction_read_only = off.",
            reason="read-only",
        )


def _refuse_missing_privileges(found: Row[Any], version_table: str) -> None:
    grant_to = f"TO {found.who}"
    if found.has_table:
        if not found.may_write:
            raise PrivilegeMissing(
                f"The role {found.who} may not write to the version table {version_table}. Nothing was changed. "
                f"GRANT INSERT, UPDATE, DELETE ON {version_table} {grant_to}, or connect as its owner "
                "(MIGRATION_DATABASE_URL).",
                role=found.who,
                table=version_table,
            )
        return
    if not found.has_schema:
        where = f"The schema {found.schema} does not exist" if found.schema else "No schema of search_path exists"
        raise DatabaseError(
            f"{where}, so the version table {version_table} cannot be created. Nothing was changed. Create the schema "
            "first: CREATE SCHEMA, as a role that may.",
            schema=found.schema,
        )
    if not found.may_create:
        raise PrivilegeMissing(
            f"The role {found.who} may not create tables in the schema {found.schema}, and the version table "
            f"{version_table} is not there yet. Nothing was changed. GRANT CREATE ON SCHEMA {found.schema} {grant_to}, "
            "or connect as a role that may (MIGRATION_DATABASE_URL).",
            role=found.who,
            schema=found.schema,
        )


def _tell_hints(found: Row[Any]) -> None:
    """Report what stops some revisions, but not all: a privilege they may not need."""
    if found.has_schema and not found.may_create:
        emit("preflight.hint", role=found.who, schema=found.schema, missing="CREATE on the schema")
    if found.owners:
        emit("preflight.hint", role=found.who, schema=found.schema, missing=f"ownership of tables of {found.owners}")


# -- the others --------------------------------------------------------------------------------------------


def _check_sqlite(connection: Connection, _version_table: str, _schema: str | None) -> None:
    path = next((row[2] for row in connection.exec_driver_sql("PRAGMA database_list") if row[1] == "main"), "")
    if not path:
        return  # in memory
    unwritable = next((one for one in (path, os.path.dirname(path)) if not os.access(one, os.W_OK)), None)
    if unwritable is not None:
        raise ServerReadOnly(
            f"{unwritable} may not be written by this process (uid {os.getuid()}), and SQLite needs both the database "
            "file and its directory for its journal. Nothing was changed. Correct owner or mode, or mount it writable.",
            path=unwritable,
            reason="file",
        )
    if connection.exec_driver_sql("PRAGMA query_only").scalar():
        raise ServerReadOnly(
            "The connection is read-only (PRAGMA query_only). Nothing was changed. Remove that from env.py.",
            reason="query-only",
        )


def _check_mysql(connection: Connection, _version_table: str, _schema: str | None) -> None:
    is_read_only = connection.exec_driver_sql("SELECT @@global.read_only").scalar()
    if is_read_only in {0, "0", "OFF", None}:
        return
    grants = " ".join(str(row[0]) for row in connection.exec_driver_sql("SHOW GRANTS"))
    if any(word in grants for word in ("SUPER", "READ_ONLY ADMIN", "READ ONLY ADMIN", "ALL PRIVILEGES ON *.*")):
        return
    raise ServerReadOnly(
        "The server is read-only (read_only is on), as a replica is. Nothing was changed. Let the URL lead to the "
        "primary, or, where this is the primary: SET GLOBAL read_only = OFF.",
        reason="read-only",
    )


_CHECKS: dict[str, Callable[[Connection, str, str | None], None]] = {
    "postgresql": _check_postgresql,
    "sqlite": _check_sqlite,
    "mysql": _check_mysql,
    "mariadb": _check_mysql,
}

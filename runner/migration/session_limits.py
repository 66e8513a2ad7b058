"""Sets the limits of a statement's kind, and the session's name, right before the statement: floor 5."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from runner.database.limits import CONNECTION_CHECK, FoundValues, TimeLimits, limiter_for
from runner.database.session import parse_application_name
from runner.dialects.statement_kind import StatementKind, statement_kind
from runner.events import emit
from runner.migration.policy import RunPolicy
from runner.migration.revision_limits import NO_LIMITS, RevisionLimits

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["SessionLimits"]

_NAME = "application_name"
_CHECK_MILLISECONDS = "1000"
_PARAMETERS = r"(lock_timeout|statement_timeout|application_name|lock_wait_timeout|max_statement_time)\b"
_SETS = re.compile(
    rf"(?:\A|;|\*/|--[^\n]*\n)\s*(?:SET|RESET)\s+(?:SESSION\s+|(?P<local>LOCAL\s+))?{_PARAMETERS}"
    rf"|set_config\s*\(\s*'{_PARAMETERS}",
    re.IGNORECASE,
)
_SETS_ALL = re.compile(r"(?:\A|;)\s*(?:RESET|DISCARD)\s+ALL\b", re.IGNORECASE)


class SessionLimits:
    """The parameters of one session, as far as they are ours to set.

    Set in one statement, only where they differ from what is in force, and for the transaction only where there is
    one: so nothing stays behind on a pooled session.

    Attributes:
        backend_pid: the server's number for the session, as told with the latest setting in this transaction.
    """

    def __init__(self, connection: Connection, policy: RunPolicy) -> None:
        self._connection = connection
        self._limiter = limiter_for(
            connection.dialect.name, is_mariadb=bool(getattr(connection.dialect, "is_mariadb", False))
        )
        self._run = TimeLimits(
            lock_timeout_seconds=policy.lock_timeout_seconds,
            statement_timeout_seconds=policy.statement_timeout_seconds,
            backfill_timeout_seconds=policy.backfill_timeout_seconds,
        )
        self._session_name = policy.session
        self._revision = ""
        self._limits: RevisionLimits = NO_LIMITS
        self._found: FoundValues | None = None
        self._wanted: dict[StatementKind, dict[str, str]] = {}  # of this step
        self._local: dict[str, str] = {}  # in force until the transaction ends
        self._session: dict[str, str] = {}  # in force after that; what is missing is not known
        self._touched: set[str] = set()  # set for the session, and to be put back
        self._was_touched = False
        self._theirs: dict[str, bool] = {}  # set by the revision itself -> only for the transaction
        self._has_warned = False
        self.backend_pid: int | None = None

    @contextmanager
    def of_step(self, revision: str, limits: RevisionLimits) -> Iterator[None]:
        """While the block runs, `before()` sets what this revision's statements get."""
        self._revision, self._limits, self._wanted = revision, limits, {}
        self._warn_of_unknown()
        try:
            yield
        finally:
            self._theirs = {}
            if self._touched:
                self._put_back()

    @property
    def patience_seconds(self) -> float | None:
        """Return how long a statement may now wait for a lock, as far as we set it; None is for ever, or not known."""
        milliseconds = self._local.get("lock_timeout", "0")
        return int(milliseconds) / 1000 if milliseconds != "0" else None

    def before(self, sql: str) -> None:
        """Set what a statement needs, if it is not in force yet."""
        if self._limiter is None:
            return
        if "_" in sql:
            self._note_own_settings(sql)
        elif _SETS_ALL.search(sql):
            self._local, self._session = {}, {}
        wanted = self._values_for(statement_kind(sql))
        in_force = {**self._session, **self._local}
        changes = {name: value for name, value in wanted.items() if in_force.get(name) != value}
        for name in self._theirs:
            changes.pop(name, None)
        if changes:
            self._set(changes)

    def on_commit(self, _connection: Connection) -> None:
        """Forget what was set for the transaction."""
        self._local = {}
        self.backend_pid = None
        self._theirs = {name: local for name, local in self._theirs.items() if not local}

    def on_rollback(self, connection: Connection) -> None:
        """Forget what the rollback undoes."""
        self.on_commit(connection)
        if self._was_touched:
            self._session = {}

    def on_rollback_savepoint(self, connection: Connection, *_: object) -> None:
        """Forget what was set since the savepoint, or before it: nobody remembers which."""
        self._local = {}
        self._session = {}

    def put_back_at_end(self) -> None:
        """Put back what the last step could not, on a session that may go back to a pool."""
        connection = self._connection
        if not self._touched or connection.closed or connection.invalidated or connection.in_transaction():
            return
        self._put_back()
        with suppress(connection.dialect.loaded_dbapi.Error):
            session = connection.connection.dbapi_connection
            assert session is not None  # it is neither closed nor invalidated
            session.commit()

    # -- what -----------------------------------------------------------------------------------------------

    def _values_for(self, kind: StatementKind) -> dict[str, str]:
        wanted = self._wanted.get(kind)
        if wanted is None:
            assert self._limiter is not None  # asked before
            found = self._look() if self._found is None else self._found
            wanted = self._limiter.wanted(kind, self._run, self._limits, found)
            wanted = self._wanted[kind] = {**self._identity(found), **wanted}
        return wanted

    def _identity(self, found: FoundValues) -> dict[str, str]:
        """Return what every statement of the step gets: the session's name, and a server that notices our end."""
        values = {}
        if _NAME in found.values and _NAME not in found.fixed:
            given = found.values[_NAME]
            name = self._session_name
            if given and parse_application_name(given) is None:
                name = replace(name, tool=given)  # env.py's own name stays the first word
            values[_NAME] = replace(name, revision=self._revision).text()
        if found.values.get(CONNECTION_CHECK) == "0" and CONNECTION_CHECK not in found.fixed:
            values[CONNECTION_CHECK] = _CHECK_MILLISECONDS
        return values

    def _note_own_settings(self, sql: str) -> None:
        """Leave alone what the revision sets by itself, until its end or, for SET LOCAL, its transaction's."""
        for match in _SETS.finditer(sql):
            name = (match[2] or match[3]).lower()
            self._theirs[name] = bool(match["local"])
            self._local.pop(name, None)
            self._session.pop(name, None)

    def _warn_of_unknown(self) -> None:
        """Say once which limits were asked for in vain."""
        asked = sorted({*self._run.given(), *self._limits.given()})
        unknown = [name for name in asked if self._limiter is None or name in self._limiter.unknown]
        if unknown and not self._has_warned:
            self._has_warned = True
            emit("limits.unsupported", level="warning", dialect=self._connection.dialect.name, limits=unknown)

    # -- how ------------------------------------------------------------------------------------------------

    def _look(self) -> FoundValues:
        assert self._limiter is not None  # asked before
        rows = self._execute(self._limiter.look_sql())
        if rows is None:  # an aborted transaction, say; the statement that follows will tell
            return FoundValues()
        self._found = self._limiter.found(rows)
        self._session = dict(self._found.values)
        return self._found

    def _set(self, values: dict[str, str]) -> None:
        assert self._limiter is not None  # asked before
        local = not self._commits_by_itself()
        sql = self._limiter.set_sql(values, local=local)
        rows = self._begin_and_execute(sql) if local and self._may_begin() else self._execute(sql)
        if rows is None:
            self._local, self._session = {}, {}
            return
        if rows:
            self.backend_pid = rows[0][0]
        if local and self._connection.dialect.name == "postgresql":
            self._local.update(values)
        else:
            self._session.update(values)
            self._touched.update(values)
            self._was_touched = True

    def _put_back(self) -> None:
        if self._limiter is None or self._found is None or self._connection.closed or self._connection.invalidated:
            return
        done = [self._execute(sql) for sql in self._limiter.reset_sql(self._found, self._touched)]
        if None in done:
            self._session = {}
            return
        self._touched = set()
        self._session = dict(self._found.values)

    def _commits_by_itself(self) -> bool:
        value = getattr(self._connection.connection.dbapi_connection, "autocommit", None)
        if isinstance(value, bool):  # PyMySQL's is a method
            return value
        return self._connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"

    def _may_begin(self) -> bool:
        """Tell whether psycopg would send BEGIN before our statement, in a round trip of its own."""
        session: Any = self._connection.connection.dbapi_connection
        if type(session).__module__.partition(".")[0] != "psycopg" or not hasattr(session, "pgconn"):
            return False
        is_idle = session.info.transaction_status == 0
        return is_idle and session.read_only is None and session.deferrable is None

    def _begin_and_execute(self, sql: str) -> list[Any] | None:
        """Begin the transaction that psycopg is about to begin, and execute in it, in one round trip for both."""
        session: Any = self._connection.connection.dbapi_connection
        level = session.isolation_level
        begin = "BEGIN" if level is None else f"BEGIN ISOLATION LEVEL {level.name.replace('_', ' ')}"
        result = session.pgconn.exec_(f"{begin}; {sql}".encode())
        if result.ntuples != 1:  # the session is gone, say; the statement that follows will tell
            with suppress(self._connection.dialect.loaded_dbapi.Error):
                session.rollback()
            return None
        return [(int(result.get_value(0, 0)),)]

    def _execute(self, sql: str) -> list[Any] | None:
        """Execute below SQLAlchemy, whose events lead here; None if the server refused, or the session has ended."""
        session = self._connection.connection.dbapi_connection
        assert session is not None  # a statement is about to be executed on it
        try:
            with closing(session.cursor()) as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall()) if cursor.description else []
        except self._connection.dialect.loaded_dbapi.Error:
            return None

"""The version table: one row per head. Floor 5. Its layout is Alembic's, so that both tools can share a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, inspect, select
from sqlalchemy.schema import CreateTable

from runner.errors import RunnerError, VersionRowMismatch
from runner.graph import DeleteRow, InsertRow, RowChange, UpdateRow

if TYPE_CHECKING:
    from sqlalchemy import Update
    from sqlalchemy.engine import Connection, CursorResult

    from runner.dialects.base import DefaultImpl

__all__ = ["VersionTable"]


class VersionTable:
    """Reads and changes the version rows of one database; offline, writes the statements that would.

    Args:
        impl: where statements go; its `version_table_impl()` says what the table looks like.
        name: the table's name.
        schema: its schema, None for the session's default.
        primary_key: create it with a primary key.
    """

    def __init__(self, impl: DefaultImpl, *, name: str, schema: str | None, primary_key: bool) -> None:
        self._impl = impl
        self._name = name
        self._schema = schema
        self.table = impl.version_table_impl(
            version_table=name, version_table_schema=schema, version_table_pk=primary_key
        )
        column = self.table.c.version_num
        # Built once: a run of a thousand revisions sends the same three statements with other values.
        self._insert = self.table.insert().inline().values(version_num=bindparam("revision"))
        self._update = self.table.update().where(column == bindparam("old")).values(version_num=bindparam("new"))
        self._delete = self.table.delete().where(column == bindparam("revision"))

    def exists(self, connection: Connection) -> bool:
        """Tell whether the table is there."""
        return inspect(connection).has_table(self._name, schema=self._schema)

    def rows(self, connection: Connection) -> tuple[str, ...]:
        """Return the rows, sorted; a missing table has none, and is not created."""
        if not self.exists(connection):
            return ()
        found = connection.execute(select(self.table.c.version_num)).scalars()
        return tuple(sorted(_text(row) for row in found))

    def create(self) -> None:
        """Create the table."""
        self._impl._exec(CreateTable(self.table))

    def clear(self) -> None:
        """Delete all rows."""
        self._impl._exec(self.table.delete())

    def as_update(self, changes: Sequence[RowChange]) -> tuple[Update, dict[str, str]] | None:
        """Return the UPDATE that the changes are, with its values; None where they are anything else.

        For who takes it along in a statement of his own; `require_one()` then says what came of it.
        """
        match changes:
            case [UpdateRow(old=old, new=new)]:
                return self._update, {"old": old, "new": new}
        return None

    def apply(self, changes: Iterable[RowChange]) -> None:
        """Make the changes, in order.

        Raises:
            VersionRowMismatch: an update or delete did not match exactly one row.
        """
        for change in changes:
            match change:
                case InsertRow(revision=revision):
                    self._impl._exec(self._insert, params={"revision": revision})
                case UpdateRow(old=old, new=new):
                    result = self._impl._exec(self._update, params={"old": old, "new": new})
                    self._expect_one(result, f"update {old} to {new}")
                case DeleteRow(revision=revision):
                    result = self._impl._exec(self._delete, params={"revision": revision})
                    self._expect_one(result, f"delete {revision}")

    def _expect_one(self, result: CursorResult[Any] | None, doing: str) -> None:
        if result is not None and self._impl.dialect.supports_sane_rowcount:
            self.require_one(result.rowcount, doing)

    def require_one(self, count: int, doing: str) -> None:
        """Raise VersionRowMismatch unless one row was changed."""
        if count == 1:
            return
        raise VersionRowMismatch(
            f"Expected exactly one row of {self._name} to match when about to {doing}, but {count} did: "
            "something else changed the version table during this run. The step was rolled back.",
            table=self._name,
            rowcount=count,
        )


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise RunnerError(
        f"The driver returned a {type(value).__name__} for version_num where text is needed; set client_encoding=utf8 "
        "in the URL."
    )

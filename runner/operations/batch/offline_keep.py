# ruff: noqa: SLF001  # `_exec` is the implementation's entrance for statements, and public in all but name
"""Rebuilding a table in a script (floor 2): nobody can look at the table, so the script says what it leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, literal_column, select, table
from sqlalchemy.schema import Column

from runner.events import emit
from runner.operations.batch.move import Keeper, Work

if TYPE_CHECKING:
    from runner.operations.protocols import ImplLike

__all__ = ["OfflineKeeper", "OfflinePostgresKeeper", "OfflineSQLiteKeeper", "offline_keeper_for"]


def offline_keeper_for(impl: ImplLike, table_name: str, schema: str | None) -> Keeper:
    """Return what writes the script of a rebuild on this database."""
    from sqlalchemy.dialects.postgresql.base import PGDialect
    from sqlalchemy.dialects.sqlite.base import SQLiteDialect

    if isinstance(impl.dialect, SQLiteDialect):
        return OfflineSQLiteKeeper(impl, table_name, schema)
    if isinstance(impl.dialect, PGDialect):
        return OfflinePostgresKeeper(impl, table_name, schema)
    return OfflineKeeper(impl, table_name, schema)


class OfflineKeeper(Keeper):
    """Writes the statements, and above them what they cannot carry over."""

    left_out = "triggers, grants and foreign keys of other tables"

    def move(self, work: Work) -> None:
        """Write the script of the move."""
        message = (
            f"Table {self.table_name} is made anew from copy_from: what that does not say ({self.left_out}) is not "
            "carried over."
        )
        emit("batch.offline_rebuilt", level="warning", table=str(self.table_name), left_out=self.left_out)
        self.impl.static_output(f"-- {message}".replace("\n", " "))
        super().move(work)


class OfflineSQLiteKeeper(OfflineKeeper):
    """On SQLite, dropping the old table would delete from child tables while foreign keys are enforced."""

    left_out = "triggers; a view that names the table stops the script"

    def move(self, work: Work) -> None:
        """Write the script of the move, foreign keys not enforced, as they are not unless a session asks for it."""
        self.impl.static_output(
            "-- Foreign keys must not be enforced here: they would delete from other tables with the old table. "
            "The PRAGMA has no effect inside a transaction, and lasts until the session ends or sets it again."
        )
        self.impl.static_output("PRAGMA foreign_keys=OFF;")
        super().move(work)


class OfflinePostgresKeeper(OfflineKeeper):
    """On PostgreSQL, the new table counts from one unless it is told where the old one was."""

    left_out = "triggers, views, grants and foreign keys of other tables"

    def move(self, work: Work) -> None:
        """Write the script of the move, and let the counters go on behind the highest number in use."""
        super().move(work)
        for column in work.new.columns:
            if column is work.new._autoincrement_column or column.identity is not None:
                self._set_counter(work, column)

    def _set_counter(self, work: Work, column: Column[int]) -> None:
        name = self.impl.dialect.identifier_preparer.format_table(work.existing)
        here = table(work.existing.name, Column(column.name, column.type), schema=work.existing.schema)
        following = func.coalesce(func.max(here.c[column.name]), literal_column("0")) + literal_column("1")
        sequence = func.pg_get_serial_sequence(str(name), str(column.name))
        self.impl._exec(select(func.setval(sequence, following, literal_column("false"))))

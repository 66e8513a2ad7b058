# ruff: noqa: S608  # names of tables cannot be parameters; every one is quoted
"""Moving a SQLite table into its new shape without touching anything else (floor 2).

Follows the procedure of SQLite's documentation and adds what it leaves to the reader: references of other
tables when foreign keys are enforced, names inside triggers and views when a column is renamed, and a check
at the end that everything that worked before still does. All of it happens inside a savepoint.

Source: https://www.sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes";
https://www.sqlite.org/foreignkeys.html, "CREATE, ALTER and DROP TABLE commands"
"""

from __future__ import annotations

import contextlib
import enum
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.sql.elements import quoted_name

from runner.errors import OperationError
from runner.events import emit
from runner.operations.batch.move import Keeper, Work, temporary_name
from runner.operations.batch.sqlite_catalog import Catalog, Dependent
from runner.operations.batch.sqlite_ddl import with_schema
from runner.operations.sqltext import verbatim

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["SQLiteMover"]

_SAVEPOINT = "runner_batch"
_CHANGES_CHILDREN = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})


class _ForeignKeys(enum.Enum):
    """What to do about foreign keys while the old table is dropped."""

    NOT_ENFORCED = enum.auto()
    SWITCH_OFF = enum.auto()  # no transaction is open, so the setting can be changed
    DEFER = enum.auto()  # a transaction is open: the checks wait, and rows come back under the old name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """What was there, to be compared afterwards."""

    broken: dict[str, str]
    violations: Counter[tuple[str, str]]
    sequence: int | None
    tables: tuple[str, ...]
    """The table and its children."""


class SQLiteMover(Keeper):
    """Moves a table on a SQLite connection."""

    @property
    def bind(self) -> Connection:
        """The connection."""
        assert self.impl.bind is not None
        return self.impl.bind

    def catalog(self) -> Catalog:
        """Return what answers questions about the table."""
        return Catalog(self.bind, str(self.table_name), self.schema)

    def about_missing_table(self) -> str:
        """Return a sentence for the error, with the way out where a failed attempt has the rows."""
        leftover = temporary_name(self.table_name)
        if self.catalog().table_sql(str(leftover)) is None:
            return super().about_missing_table()
        quote = self.impl.dialect.identifier_preparer.quote
        return (
            f"Table {self.table_name} does not exist, but {leftover} does: an earlier attempt to rebuild it was "
            f"interrupted after the rows were copied. Look at its rows, then execute "
            f"ALTER TABLE {quote(leftover)} RENAME TO {quote(self.table_name)} and run the revision again."
        )

    # -- before anything is touched

    def check(self, work: Work) -> None:
        """Refuse where children would be changed, or lose what they refer to."""
        super().check(work)
        catalog = self.catalog()
        dropped = {name.lower() for name in work.dropped_columns}
        for key in catalog.children():
            lost = [name for name in key.referred if name is not None and name.lower() in dropped]
            if lost:
                raise OperationError(
                    f"Column {self.table_name}.{', '.join(lost)} cannot be dropped: a foreign key of table "
                    f"{key.child} ({', '.join(key.columns)}) refers to it. Drop that foreign key first.",
                    table=self.table_name,
                    child=key.child,
                )
        self._foreign_keys(catalog)

    def _foreign_keys(self, catalog: Catalog) -> _ForeignKeys:
        """Return what to do about foreign keys.

        Raises:
            OperationError: dropping the old table would change rows of other tables.
        """
        if not catalog.setting("foreign_keys"):
            return _ForeignKeys.NOT_ENFORCED
        if not catalog.in_transaction() and catalog.commits_by_itself():
            return _ForeignKeys.SWITCH_OFF
        obstacle = self._obstacle(catalog)
        if obstacle is None:
            return _ForeignKeys.DEFER
        if not catalog.in_transaction():
            return _ForeignKeys.SWITCH_OFF
        raise obstacle

    def _obstacle(self, catalog: Catalog) -> OperationError | None:
        """Return why the table cannot be dropped and made anew while foreign keys are enforced, None if it can."""
        for key in catalog.children():
            if key.on_delete in _CHANGES_CHILDREN and catalog.has_references(key):
                why = (
                    f"rows of table {key.child} refer to it with ON DELETE {key.on_delete}, so that dropping the "
                    "old table would change them"
                )
                return self._cannot_rebuild(why, child=key.child, on_delete=key.on_delete)
        broken = sum(catalog.violations([str(self.table_name)]).values())
        if broken:
            return self._cannot_rebuild(f"{broken} of its rows refer to rows that do not exist", rows=broken)
        return None

    def _cannot_rebuild(self, why: str, **fields: object) -> OperationError:
        return OperationError(
            f"Table {self.table_name} cannot be rebuilt here: foreign keys are enforced, and {why}. SQLite "
            "cannot switch foreign keys off inside a transaction. Put the batch block into "
            "`with op.get_context().autocommit_block():`, or execute PRAGMA foreign_keys=OFF on the connection "
            "before the transaction begins. Nothing was changed.",
            table=self.table_name,
            **fields,
        )

    # -- the move

    def move(self, work: Work) -> None:
        """Carry the work out; on any failure the database is as it was."""
        catalog = self.catalog()
        treatment = self._foreign_keys(catalog)
        owns_transaction = catalog.commits_by_itself() or treatment is _ForeignKeys.SWITCH_OFF
        if not catalog.in_transaction() and not owns_transaction:
            self._run("BEGIN")  # the driver would wait for the first INSERT, and the new table stay behind
        with self._suspended(treatment), self._savepoint():
            before = self._before(catalog)
            source_names = self._rename_columns(work, catalog)
            self._drop_leftover(work, catalog)
            triggers = catalog.triggers()
            if treatment is _ForeignKeys.DEFER:
                self._move_twice(work, triggers, source_names)
            else:
                self._move_once(work, source_names)
            self._create_indexes(work)
            self._create_triggers(triggers)
            self._continue_sequence(work, before.sequence)
            self._verify(catalog, before, work)

    def _before(self, catalog: Catalog) -> _Before:
        tables = tuple(dict.fromkeys([str(self.table_name), *(key.child for key in catalog.children())]))
        return _Before(
            broken=catalog.broken(catalog.dependents()),
            violations=catalog.violations(tables),
            sequence=catalog.sequence(),
            tables=tables,
        )

    @contextlib.contextmanager
    def _suspended(self, treatment: _ForeignKeys) -> Iterator[None]:
        """Keep foreign keys from acting while the block runs."""
        pragma = {_ForeignKeys.SWITCH_OFF: ("foreign_keys", "OFF"), _ForeignKeys.DEFER: ("defer_foreign_keys", "ON")}
        if treatment not in pragma:
            yield
            return
        name, value = pragma[treatment]
        before = self.catalog().setting(name)
        self._run(f"PRAGMA {name}={value}")
        try:
            yield
        finally:
            self._run(f"PRAGMA {name}={before}")

    @contextlib.contextmanager
    def _savepoint(self) -> Iterator[None]:
        self._run(f"SAVEPOINT {_SAVEPOINT}")
        try:
            yield
        except BaseException:
            with contextlib.suppress(DatabaseError):  # the error that led here is the one to report
                self._run(f"ROLLBACK TO {_SAVEPOINT}")
                self._run(f"RELEASE {_SAVEPOINT}")
            raise
        self._run(f"RELEASE {_SAVEPOINT}")

    def _move_once(self, work: Work, source_names: dict[str, str]) -> None:
        """Create, copy, drop, rename; what names the table keeps naming it."""
        legacy = self.catalog().setting("legacy_alter_table")
        self.impl.create_table(work.new)
        self._copy(work, source_names)
        self._drop(work.existing)
        self._run("PRAGMA legacy_alter_table=ON")  # or views and triggers would have to make sense in between
        try:
            self.impl.rename_table(work.new.name, work.existing.name, schema=work.existing.schema)
        finally:
            self._run(f"PRAGMA legacy_alter_table={legacy}")

    def _move_twice(self, work: Work, triggers: list[Dependent], source_names: dict[str, str]) -> None:
        """Set the rows aside, drop, create under the old name, and copy back.

        Enforced foreign keys count the references that lose their row; only an INSERT into a table of the
        old name takes them off the count again, a renamed table does not.
        """
        quote = self.impl.dialect.identifier_preparer.quote
        prefix = f"{quote(self.schema)}." if self.schema else ""
        aside, final = work.new.name, work.existing.name
        columns = [source_names.get(t.original, t.original) for t in work.transfers]
        selected = ", ".join(map(quote, columns)) or "1"
        self._run(f"CREATE TABLE {prefix}{quote(aside)} AS SELECT {selected} FROM {prefix}{quote(final)}")
        for trigger in triggers:
            self._run(f"DROP TRIGGER {self._prefix(trigger)}{quote(trigger.name)}")
        self._drop(work.existing)
        work.new.name = quoted_name(final, getattr(final, "quote", None))
        self.impl.create_table(work.new)
        self._copy(work, source_names, aside)
        self._run(f"DROP TABLE {prefix}{quote(aside)}")

    def _rename_columns(self, work: Work, catalog: Catalog) -> dict[str, str]:
        """Rename in the old table first where triggers, views or children name its columns.

        SQLite changes the names in all of them, which nobody else could do without understanding them.

        Returns:
            old name -> the name in the old table by now, of the renamed columns.
        """
        renames = work.renames
        if not renames or not (catalog.dependents() or catalog.referring()):
            return {}
        taken = {column.name.lower() for column in work.existing.columns}
        waiting = [(old, f"{_SAVEPOINT}_{position}") for position, old in enumerate(renames)]
        conflict = any(new.lower() in taken for new in renames.values())
        steps = waiting if conflict else list(renames.items())
        for old, new in steps:
            self._rename_column(old, new)
        if not conflict:
            return renames
        unwanted = [c.name for c in work.existing.columns if c.name not in renames]
        for position, name in enumerate(n for n in unwanted if n in renames.values()):
            self._rename_column(name, f"{_SAVEPOINT}_dropped_{position}")
        for old, scratch in waiting:
            self._rename_column(scratch, renames[old])
        return renames

    def _rename_column(self, old: str, new: str) -> None:
        try:
            self.impl.alter_column(self.table_name, old, name=new, schema=self.schema)
        except DatabaseError as error:
            raise OperationError(
                f"Column {self.table_name}.{old} cannot be renamed to {new}: {error.orig}. "
                "SQLite checks every trigger and view when it renames a column; correct or drop the one it names.",
                table=self.table_name,
                column=old,
            ) from error

    def _drop_leftover(self, work: Work, catalog: Catalog) -> None:
        """Drop what a failed attempt left under the temporary name."""
        if catalog.table_sql(str(work.new.name)) is not None:
            emit("batch.leftover_dropped", level="warning", table=str(self.table_name), leftover=str(work.new.name))
            self._drop(work.new)

    def _create_indexes(self, work: Work) -> None:
        for index in work.indexes:
            sql = index.info.get("runner_sql")
            if sql is None:
                self.impl.create_index(index)
            else:
                self.impl.execute(verbatim(sql))

    def _create_triggers(self, triggers: list[Dependent]) -> None:
        for trigger in triggers:
            schema = "temp" if trigger.temporary else self.schema
            sql = trigger.sql
            if schema:
                sql = with_schema(sql, schema, self.impl.dialect.identifier_preparer.quote)
            self.impl.execute(verbatim(sql))

    def _prefix(self, trigger: Dependent) -> str:
        schema = "temp" if trigger.temporary else self.schema
        return f"{self.impl.dialect.identifier_preparer.quote(schema)}." if schema else ""

    def _continue_sequence(self, work: Work, sequence: int | None) -> None:
        """Let AUTOINCREMENT go on where it was: numbers of rows deleted long ago must not come back."""
        if sequence is None or not work.new.dialect_options["sqlite"].get("autoincrement"):
            return
        quote = self.impl.dialect.identifier_preparer.quote
        table = f"{quote(self.schema)}.sqlite_sequence" if self.schema else "sqlite_sequence"
        name = str(work.existing.name).replace("'", "''")
        self.impl.execute(verbatim(f"DELETE FROM {table} WHERE name = '{name}'"))
        self.impl.execute(verbatim(f"INSERT INTO {table} (name, seq) VALUES ('{name}', {sequence})"))

    # -- afterwards

    def _verify(self, catalog: Catalog, before: _Before, work: Work) -> None:
        """Refuse, and so undo, a result that breaks what worked before.

        Raises:
            OperationError: a trigger or view no longer compiles, or a row refers to nothing.
        """
        for name, problem in catalog.broken(catalog.dependents()).items():
            if name not in before.broken:
                raise OperationError(
                    f"The {name} would stop working when table {self.table_name} is changed like this: {problem}. "
                    f"Drop it before the batch block and create it anew afterwards. Nothing was changed.",
                    table=self.table_name,
                    dependent=name,
                )
        tables = tuple(dict.fromkeys([*before.tables, *(key.child for key in catalog.children())]))
        worse = catalog.violations(tables) - before.violations
        if worse:
            (child, parent), count = next(iter(sorted(worse.items())))
            raise OperationError(
                f"{count} rows of table {child} would refer to rows of {parent} that do not exist. "
                "Correct the data before the batch block. Nothing was changed.",
                table=self.table_name,
                child=child,
                parent=parent,
                rows=count,
            )

    def _run(self, sql: str) -> None:
        self.impl.execute(text(sql) if ":" not in sql else verbatim(sql))

# ruff: noqa: SLF001  # SQLAlchemy has no public way to give a finished column a check
"""What a MySQL or MariaDB table has beyond its SQLAlchemy `Table` (floor 2), when a batch block rebuilds it.

ALTER TABLE keeps everything here, and the blocks use it unless a revision says recreate="always". Then the
columns are carried over in the server's own words, the new table is compared with the old one before a row is
copied, and what cannot be carried over is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import TextClause, text
from sqlalchemy.schema import CheckConstraint, Column, Computed, DefaultClause, ForeignKeyConstraint, Table

from runner.errors import OperationError
from runner.operations.batch.move import Keeper, KeptColumn, Work
from runner.operations.batch.stored import StoredType
from runner.operations.mysql_stored import StoredColumn, in_session, read_columns, renamed_columns
from runner.operations.sqltext import verbatim

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["MySQLKeeper"]

_WAY_OUT = "Leave recreate= out: ALTER TABLE changes the table in place and keeps all of it."
_ASPECTS = {
    "type": ("type",),
    "server_default": ("default", "generated"),
    "autoincrement": ("autoincrement",),
    "comment": ("comment",),
}
"""What a revision can ask to change, and the clauses that hold it."""
_TRIGGERS = """
SELECT trigger_name FROM information_schema.triggers
WHERE event_object_schema = coalesce(:schema, database()) AND event_object_table = :name ORDER BY trigger_name
"""
_CHILDREN = """
SELECT DISTINCT concat(constraint_schema, '.', table_name, '.', constraint_name)
FROM information_schema.key_column_usage
WHERE referenced_table_schema = coalesce(:schema, database()) AND referenced_table_name = :name
AND NOT (table_schema = referenced_table_schema AND table_name = referenced_table_name) AND @@foreign_key_checks
ORDER BY 1
"""


class MySQLKeeper(Keeper):
    """Carries over what reflection leaves out, and refuses to lose the rest."""

    _stored: Mapping[str, StoredColumn] = {}

    @property
    def bind(self) -> Connection:
        """The connection."""
        assert self.impl.bind is not None
        return self.impl.bind

    def complete(self, reflected: Table) -> None:
        """Make expressions what they are: SQLAlchemy has taken a colon in them for a parameter.

        Raises:
            OperationError: reflection has left out a column.
        """
        self._stored = read_columns(self.bind, self.table_name, self.schema)
        known = {column.name.lower() for column in reflected.columns}
        for name, stored in self._stored.items():
            if name not in known:
                raise self._would_lose(f"column {stored.name}, whose definition SQLAlchemy does not understand")
        items: list[CheckConstraint | Computed] = [c for c in reflected.constraints if isinstance(c, CheckConstraint)]
        items += [column.computed for column in reflected.columns if column.computed is not None]
        for item in items:
            if isinstance(item.sqltext, TextClause):
                item.sqltext = verbatim(item.sqltext.text)

    def finish(self, work: Work) -> Work:
        """Write what does not change in the server's words, and keep the character set of a text that stays one."""
        for kept in work.kept:
            stored = self._stored.get(kept.original.lower())
            if stored is not None:  # otherwise a column of reflect_args
                column = work.new.c[kept.name]
                self._put_type(column, stored, type_changes="type" in kept.altered)
                if "server_default" not in kept.altered:
                    self._put_default(column, stored, work.renames)
                check = stored.check_after(work.renames, type_changes="type" in kept.altered)
                if check and not stored.is_json:
                    inside = self._in_session(check.removeprefix("CHECK (").removesuffix(")"))
                    CheckConstraint(verbatim(inside))._set_parent_with_dispatch(column)
        return work

    def _put_type(self, column: Column[Any], stored: StoredColumn, *, type_changes: bool) -> None:
        if type_changes:
            said = column.type.compile(self.impl.dialect)
            options = stored.type_like(said).removeprefix(said)
            column.type = StoredType(column.type, suffix=options.strip()) if options else column.type
        elif stored.is_json:
            column.type = StoredType(column.type, text="json")
        else:
            other = "" if stored.generated else stored.other  # which would have to follow the expression
            column.type = StoredType(column.type, text=self._in_session(f"{stored.type} {other}".strip()))

    def _put_default(self, column: Column[Any], stored: StoredColumn, renames: Mapping[str, str]) -> None:
        if column.computed is not None and isinstance(column.computed.sqltext, TextClause):
            column.computed.sqltext = text(renamed_columns(column.computed.sqltext.text, renames))
        elif stored.default.startswith("DEFAULT "):
            default = self._in_session(stored.default.removeprefix("DEFAULT "))
            column.server_default = DefaultClause(verbatim(default))

    def _in_session(self, sql: str) -> str:
        return in_session(sql, backslash_escapes=getattr(self.impl.dialect, "_backslash_escapes", True))

    def check(self, work: Work) -> None:
        """Refuse where dropping the old table would drop, or fail on, what belongs to it."""
        super().check(work)
        triggers = self._names(_TRIGGERS)
        if triggers:
            raise self._would_lose(f"its triggers ({triggers})")
        children = self._names(_CHILDREN)
        if children:
            raise self._would_lose(f"what foreign keys of other tables refer to ({children})")

    def _names(self, query: str) -> str:
        where = {"schema": self.schema, "name": str(self.table_name)}
        return ", ".join(self.bind.execute(text(query), where).scalars())

    def move(self, work: Work) -> None:
        """Carry the work out, foreign keys last where they could not be there beside the old table's."""
        names = {key.name for key in work.existing.foreign_key_constraints}
        late = [key for key in work.new.foreign_key_constraints if key.name in names or _refers_to(key, work.existing)]
        for key in late:
            key.use_alter = True  # keeps it out of CREATE TABLE
        super().move(work)
        work.new.name = work.existing.name
        for key in sorted(late, key=lambda key: str(key.name)):
            self.impl.add_constraint(key)

    def _copy(self, work: Work, source_names: Mapping[str, str] | None = None, source_table: str | None = None) -> None:
        """Compare the new table with the old one, then copy.

        Raises:
            OperationError: something is missing from the new one.
        """
        new = read_columns(self.bind, work.new.name, self.schema)
        for kept in work.kept:
            stored = self._stored.get(kept.original.lower())
            if stored is not None:
                self._compare(kept, stored, new[kept.name.lower()], work.renames)
        super()._copy(work, source_names, source_table)

    def _compare(self, kept: KeptColumn, old: StoredColumn, new: StoredColumn, renames: Mapping[str, str]) -> None:
        expected = {clause: getattr(old, clause) for clauses in _ASPECTS.values() for clause in clauses}
        expected["generated"] = renamed_columns(old.generated, renames)
        expected["check"] = old.check_after(renames, type_changes="type" in kept.altered)
        expected["other"] = old.other
        for aspect in kept.altered & _ASPECTS.keys():
            expected.update(dict.fromkeys(_ASPECTS[aspect], ""))
        if "type" in kept.altered and not new.can_count:
            expected["autoincrement"] = ""
        lost = [clause for name, clause in expected.items() if clause not in ("", getattr(new, name))]
        if not old.is_nullable and new.is_nullable and "nullable" not in kept.altered:
            lost.append(old.nullability)
        if lost:
            raise self._would_lose(f"{' '.join(lost)} of column {old.name}")

    def _would_lose(self, what: str) -> OperationError:
        return OperationError(
            f"Rebuilding table {self.table_name} would lose {what}. {_WAY_OUT}", table=str(self.table_name)
        )


def _refers_to(key: ForeignKeyConstraint, table: Table) -> bool:
    """Tell whether the foreign key refers to the table."""
    return (key.referred_table.schema, key.referred_table.name) == (table.schema, table.name)

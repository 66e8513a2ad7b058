# ruff: noqa: SLF001  # `_exec` is the implementation's entrance for statements, and public in all but name
"""What a PostgreSQL table has beyond its SQLAlchemy `Table` (floor 2), when a batch block rebuilds it.

ALTER TABLE keeps everything here, and the blocks use it unless a revision says recreate="always". Then the
sequences, their counters, the owner and the grants are carried over, columns and constraints of the new table
are compared with the old one's before a row is copied, and what cannot be carried over is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import TextClause, column, select, text
from sqlalchemy.schema import CheckConstraint, Constraint, DefaultClause, ForeignKeyConstraint, Table

from runner.errors import OperationError
from runner.operations.batch.expressions import rename_columns
from runner.operations.batch.move import Keeper, Work, temporary_name
from runner.operations.batch.stored import StoredConstraint
from runner.operations.sqltext import characters, quoting, verbatim

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["PostgresKeeper"]

_TEMPORARY_PREFIX = temporary_name("")
_WAY_OUT = "Leave recreate= out: ALTER TABLE changes the table in place and keeps all of it."
_TABLE = """
SELECT t.relpersistence = 'u' AS "UNLOGGED", t.relkind = 'p' AS "partitioning",
       t.relispartition AS "its place as a partition", t.relreplident <> 'd' AS "REPLICA IDENTITY",
       t.relrowsecurity OR t.relforcerowsecurity AS "row level security", t.reloftype <> 0 AS "its type",
       t.reltablespace <> 0 AS "its tablespace", t.reloptions IS NOT NULL AS "storage parameters",
       EXISTS (SELECT 1 FROM pg_class AS o WHERE o.oid = t.reltoastrelid AND o.reloptions IS NOT NULL)
           AS "storage parameters of its TOAST table",
       EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = t.oid) AS "inheritance",
       EXISTS (SELECT 1 FROM pg_publication_rel WHERE prrelid = t.oid) AS "its publications",
       EXISTS (SELECT 1 FROM pg_am WHERE oid = t.relam AND amname <> current_setting('default_table_access_method'))
           AS "its access method",
       EXISTS (SELECT 1 FROM pg_seclabel WHERE classoid = 'pg_class'::regclass AND objoid = t.oid) AS "security labels"
FROM pg_class AS t WHERE t.oid = CAST(:name AS regclass)
"""
_DEPENDENTS = """
SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0) AS what
FROM pg_class AS t JOIN pg_depend AS d
    ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
    OR d.refclassid = 'pg_type'::regclass AND d.refobjid = t.reltype
WHERE t.oid = CAST(:name AS regclass) AND d.deptype IN ('n', 'a')
AND NOT (d.classid = 'pg_attrdef'::regclass)
AND NOT (d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT oid FROM pg_constraint WHERE conrelid = t.oid))
AND NOT (d.classid = 'pg_class'::regclass AND d.objid IN (SELECT indexrelid FROM pg_index WHERE indrelid = t.oid))
AND NOT (d.classid = 'pg_class'::regclass AND d.objid IN (SELECT oid FROM pg_class WHERE relkind = 'S'))
AND NOT (d.classid = 'pg_type'::regclass)
ORDER BY what
"""
_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
       coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS default, a.attidentity AS identity, a.attgenerated AS generated,
       a.attcollation::regcollation::text AS collation, coalesce(col_description(a.attrelid, a.attnum), '') AS comment,
       a.attacl IS NOT NULL OR a.attoptions IS NOT NULL OR a.attstorage <> y.typstorage OR a.attcompression <> ''
           OR coalesce(a.attstattarget, -1) <> -1 AS options
FROM pg_attribute AS a JOIN pg_type AS y ON y.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = CAST(:name AS regclass) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_CONSTRAINTS = """
SELECT conname, contype, pg_get_constraintdef(oid) AS definition, obj_description(oid, 'pg_constraint') AS comment,
       contype IN ('p', 'u') AND condeferrable OR contype = 'c' AND connoinherit OR NOT convalidated AS unseen,
       (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]) AS column
FROM pg_constraint WHERE conrelid = CAST(:name AS regclass) AND contype IN ('c', 'f', 'n', 'p', 'u', 'x')
ORDER BY conname
"""
_EXCLUSIONS = """
SELECT o.conname, pg_get_constraintdef(o.oid) AS definition, ARRAY(
    SELECT lower(a.attname)
    FROM pg_depend AS d JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = o.conrelid AND (
        d.classid = 'pg_constraint'::regclass AND d.objid = o.oid
        OR d.classid = 'pg_class'::regclass AND d.objid = o.conindid
    )
) AS mentioned
FROM pg_constraint AS o WHERE o.conrelid = CAST(:name AS regclass) AND o.contype = 'x' ORDER BY o.conname
"""
_INDEXES = """
SELECT c.relname, pg_get_indexdef(c.oid) AS definition, obj_description(c.oid, 'pg_class') IS NOT NULL AS "comment",
       i.indisclustered AS "place as the index to CLUSTER on", c.reltablespace <> 0 AS "tablespace",
       EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = c.oid AND coalesce(attstattarget, -1) <> -1) AS "statistics",
       c.reloptions IS NOT NULL
           AND EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = c.oid AND conrelid = i.indrelid AND contype <> 'x')
           AS "storage parameters"
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid = CAST(:name AS regclass) ORDER BY c.relname
"""
_SEQUENCES = """
SELECT a.attname AS column, d.deptype = 'i' AS is_identity, s.oid::regclass::text AS name, s.relname,
       s.relacl IS NOT NULL OR obj_description(s.oid, 'pg_class') IS NOT NULL AS granted
FROM pg_depend AS d JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
AND d.refobjid = CAST(:name AS regclass) ORDER BY a.attnum
"""
_COMMENT = "SELECT obj_description(CAST(:name AS regclass), 'pg_class')"
_OWNER = "SELECT pg_get_userbyid(relowner), current_user FROM pg_class WHERE oid = CAST(:name AS regclass)"
_GRANTS = """
SELECT CASE g.grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(g.grantee) END, g.privilege_type, g.is_grantable
FROM pg_class AS t, aclexplode(t.relacl) AS g
WHERE t.oid = CAST(:name AS regclass) AND g.grantee <> t.relowner ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sequence:
    """A sequence that belongs to a column: of SERIAL, or inside an identity."""

    column: str
    is_identity: bool
    name: str
    relname: str
    granted: bool


class PostgresKeeper(Keeper):
    """Carries over what reflection leaves out, and refuses to lose the rest."""

    _sequences: tuple[_Sequence, ...] = ()
    _columns: Mapping[str, Mapping[str, Any]] = {}
    _not_nulls: Mapping[str, str] = {}

    @property
    def bind(self) -> Connection:
        """The connection."""
        assert self.impl.bind is not None
        return self.impl.bind

    def _name(self, table: str) -> str:
        return ".".join(self._quote(name) for name in (self.schema, table) if name)

    def _run(self, sql: str) -> None:
        self.impl._exec(verbatim(sql))

    def _rows(self, query: str, table: str) -> list[Any]:
        return list(self.bind.execute(text(query), {"name": self._name(table)}))

    # -- looking

    def complete(self, reflected: Table) -> None:
        """Add the EXCLUDE constraints, which reflection does not know, in the server's words."""
        given = {str(item.name) for item in self.given_items if isinstance(item, Constraint)}
        for row in self._rows(_EXCLUSIONS, str(self.table_name)):
            if row.conname not in given:
                exclusion = StoredConstraint(row.definition, name=row.conname)
                exclusion.info["runner_mentioned"] = frozenset(row.mentioned)
                reflected.append_constraint(exclusion)

    def look(self, existing: Table) -> None:
        """Refuse what would be lost or in the way, before anything is touched.

        Raises:
            OperationError: names it.
        """
        name = str(self.table_name)
        if not self.impl.dialect.has_table(self.bind, name, schema=self.schema):
            return  # reflection has its own words; with copy_from the first statement fails
        flags = self._rows(_TABLE, name)[0]._mapping
        lost = [what for what, is_so in flags.items() if is_so]
        lost += [row.what for row in self._rows(_DEPENDENTS, name)]
        lost += self._lost_of_indexes(name)
        lost += [f"constraint {row.conname} ({row.definition})" for row in self._unseen(existing)]
        lost += [f"settings of column {row.attname}" for row in self._rows(_COLUMNS, name) if row.options]
        self._sequences = tuple(_Sequence(**row._mapping) for row in self._rows(_SEQUENCES, name))
        lost += [
            f"the grants on or the comment of {found.name}"
            for found in self._sequences
            if found.is_identity and found.granted
        ]
        if lost:
            raise self._would_lose(", ".join(lost))
        self._columns = {row.attname: row._mapping for row in self._rows(_COLUMNS, name)}
        self._not_nulls = {row.column: row.conname for row in self._rows(_CONSTRAINTS, name) if row.contype == "n"}
        self._take_words_of_server(existing)

    def _lost_of_indexes(self, table: str) -> list[str]:
        """Return what indexes have beyond their definition."""
        return [
            f"the {what} of {row.relname}"
            for row in self._rows(_INDEXES, table)
            if row.relname not in self.dropped_constraints
            for what, has_it in row._mapping.items()
            if has_it is True
        ]

    def _take_words_of_server(self, existing: Table) -> None:
        """Make expressions what they are: SQLAlchemy takes a colon in them for a parameter."""
        if existing.comment is None:  # as copy_from leaves it
            existing.comment = self._rows(_COMMENT, str(self.table_name))[0][0]
        constraints = {row.conname: row.definition for row in self._rows(_CONSTRAINTS, str(self.table_name))}
        for constraint in existing.constraints:
            constraint.info["runner_definition"] = constraints.get(str(constraint.name))
        for known in existing.columns:
            stored = self._columns.get(known.name)
            if stored is None or not stored["default"]:
                continue
            if known.computed is not None:
                known.computed.sqltext = verbatim(stored["default"])
            else:
                known.server_default = DefaultClause(verbatim(stored["default"]))
                known.autoincrement = False  # the sequence is named by the default
        definitions = {row.relname: row.definition for row in self._rows(_INDEXES, str(self.table_name))}
        for index in existing.indexes:
            index.info["runner_stored"] = definitions.get(str(index.name))
        for check in existing.constraints:
            if isinstance(check, CheckConstraint) and isinstance(check.sqltext, TextClause):
                check.sqltext = verbatim(check.sqltext.text)

    def _unseen(self, existing: Table) -> Iterator[Any]:
        """Yield constraints the description of the table does not have or not in full, and those with a comment."""
        known = {str(constraint.name) for constraint in existing.constraints}
        for row in self._rows(_CONSTRAINTS, str(self.table_name)):
            is_dropped = row.conname in self.dropped_constraints and row.conname in known
            if not is_dropped and (row.comment or row.unseen or (row.contype != "n" and row.conname not in known)):
                yield row

    def finish(self, work: Work) -> Work:
        """Write the new names of columns into what is generated of them, and into EXCLUDE constraints."""
        names = {old.lower(): new for old, new in work.renames.items()}
        for kept in work.kept:
            computed = work.new.c[kept.name].computed
            if computed is not None and names and isinstance(computed.sqltext, TextClause):
                computed.sqltext = verbatim(rename_columns(characters(computed.sqltext), names, self._quote))
        for constraint in work.new.constraints:
            if isinstance(constraint, StoredConstraint):
                constraint.text = rename_columns(constraint.text, names, self._quote)
        return work

    # -- moving

    def move(self, work: Work) -> None:
        """Carry the work out; counters, owner and grants follow the rows."""
        grants, (owner, user) = self._grants(work.existing.name), self._rows(_OWNER, work.existing.name)[0]
        late = [key for key in work.new.foreign_key_constraints if _refers_to(key, work.existing)]
        for key in late:
            key.use_alter = True  # keeps it out of CREATE TABLE: what it refers to is not there yet
        identities = {column.name: column.identity for column in work.new.columns if column.identity is not None}
        always = [name for name, identity in identities.items() if identity.always]
        for name in always:
            identities[name].always = False  # so that the rows can bring their values
        super().move(work)
        work.new.name = work.existing.name
        if owner != user:  # first of all: a sequence is owned by who owns the table of its column
            self._run(f"ALTER TABLE {self._name(work.existing.name)} OWNER TO {self._quote(owner)}")
        self._finish_columns(work, always)
        for key in sorted(late, key=lambda key: str(key.name)):
            self.impl.add_constraint(key)
        self._put_grants(work.existing.name, grants)

    def _copy(self, work: Work, source_names: Mapping[str, str] | None = None, source_table: str | None = None) -> None:
        """Compare the new table with the old one, copy the rows, and set the counters."""
        self._compare(work)
        super()._copy(work, source_names, source_table)
        renamed = {kept.original: kept.name for kept in work.kept}
        for sequence in self._sequences:
            if sequence.column not in renamed:
                continue
            if sequence.is_identity:
                self._set_counter(sequence, work.new, renamed[sequence.column])
            else:
                self._run(f"ALTER SEQUENCE {sequence.name} OWNED BY NONE")  # or it goes with the table

    def _create_indexes(self, work: Work) -> None:
        """Create the indexes: those that were there in the server's words, which say more than reflection."""
        names = {old.lower(): new for old, new in work.renames.items()}
        for index in work.indexes:
            stored: str | None = index.info.get("runner_stored")
            if stored is None:
                self.impl.create_index(index)
            else:
                head, using, columns = stored.partition(" USING ")
                self._run(head + using + (rename_columns(columns, names, self._quote) if names else columns))

    def _set_counter(self, sequence: _Sequence, new: Table, column_name: str) -> None:
        if new.c[column_name].identity is None:
            return
        counter: Any = select(column("last_value"), column("is_called")).select_from(verbatim(sequence.name))
        last, called = self.bind.execute(counter).one()
        target = "pg_get_serial_sequence(:table, :column)"
        values = {"table": self._name(new.name), "column": column_name, "last": last, "called": called}
        self.impl._exec(text(f"SELECT setval({target}, :last, :called)"), params=values)

    def _finish_columns(self, work: Work, always: list[str]) -> None:
        """Give sequences and NOT NULL constraints the names and owners they had."""
        table = self._name(work.existing.name)
        renamed = {kept.original: kept.name for kept in work.kept}
        for name in always:
            self._run(f"ALTER TABLE {table} ALTER COLUMN {self._quote(name)} SET GENERATED ALWAYS")
        made = {row.column: row for row in self._rows(_SEQUENCES, work.existing.name)}
        for sequence in self._sequences:
            if sequence.column not in renamed:
                continue
            name = renamed[sequence.column]
            if not sequence.is_identity:
                self._run(f"ALTER SEQUENCE {sequence.name} OWNED BY {table}.{self._quote(name)}")
            elif name in made and made[name].relname != sequence.relname:
                new_name = self._quote(sequence.relname)
                self._run(f"ALTER SEQUENCE {made[name].name} RENAME TO {new_name}")
        self._rename_not_nulls(work, table)

    def _rename_not_nulls(self, work: Work, table: str) -> None:
        """Give them the names they had, new ones that of the table (constraints have names from version 18 on)."""
        names = {kept.name: self._not_nulls[kept.original] for kept in work.kept if kept.original in self._not_nulls}
        for row in self._rows(_CONSTRAINTS, work.existing.name):
            name = names.get(row.column, row.conname.removeprefix(_TEMPORARY_PREFIX))
            if row.contype == "n" and row.conname != name:
                self._run(f"ALTER TABLE {table} RENAME CONSTRAINT {self._quote(row.conname)} TO {self._quote(name)}")

    def _compare(self, work: Work) -> None:
        """Refuse where what nobody asked to change looks different in the new table.

        Raises:
            OperationError: names it.
        """
        new = {row.attname: row._mapping for row in self._rows(_COLUMNS, work.new.name)}
        aspects = {"type": "type", "nullable": "not_null", "server_default": "default", "comment": "comment"}
        moved = bool(work.renames or work.dropped_columns)
        for kept in work.kept:
            old = self._columns.get(kept.original)
            if old is None:
                continue  # a column of reflect_args
            fixed = {aspect for name, aspect in aspects.items() if name not in kept.altered}
            fixed -= {"default"} if moved and old["generated"] else set()
            fixed |= set() if "type" in kept.altered else {"collation"}
            fixed |= set() if "server_default" in kept.altered else {"generated"}
            lost = sorted(aspect for aspect in fixed if old[aspect] != new[kept.name][aspect] and old[aspect])
            if lost:
                raise self._would_lose(f"{', '.join(f'{aspect} {old[aspect]}' for aspect in lost)} of {kept.original}")
        self._compare_constraints(work)

    def _compare_constraints(self, work: Work) -> None:
        """Refuse where the server describes a constraint of the new table otherwise than that of the old one.

        Foreign keys to the table itself are not there yet. Expressions on a column whose type changes cast otherwise.

        Raises:
            OperationError: names it.
        """
        new = {row.conname: row for row in self._rows(_CONSTRAINTS, work.new.name)}
        names = {old.lower(): name for old, name in work.renames.items()}
        casts = any("type" in kept.altered for kept in work.kept)
        for constraint in sorted(work.new.constraints, key=lambda constraint: str(constraint.name)):
            old: str | None = constraint.info.get("runner_definition")
            row = new.get(str(constraint.name))
            if old is None or row is None or (casts and row.contype in ("c", "x")):
                continue
            if row.definition not in {old, rename_columns(old, names, self._quote)}:
                raise self._would_lose(f"constraint {constraint.name} ({old}), which would be {row.definition}")

    # -- grants

    def _grants(self, table: str) -> set[tuple[str | None, str, bool]]:
        return {tuple(row) for row in self._rows(_GRANTS, table)}

    def _put_grants(self, table: str, wanted: set[tuple[str | None, str, bool]]) -> None:
        """Grant what was granted, and revoke what default privileges have added."""
        present = self._grants(table)
        name = self._name(table)
        for grantee, privilege, _ in sorted(present - wanted, key=str):
            self._run(f"REVOKE {privilege} ON {name} FROM {self._grantee(grantee)}")
        for grantee, privilege, grantable in sorted(wanted - present, key=str):
            option = " WITH GRANT OPTION" if grantable else ""
            self._run(f"GRANT {privilege} ON {name} TO {self._grantee(grantee)}{option}")

    def _grantee(self, role: str | None) -> str:
        return "PUBLIC" if role is None else self._quote(role)

    def _quote(self, name: str) -> str:
        return quoting(self.impl.dialect)(name)

    def _would_lose(self, what: str) -> OperationError:
        return OperationError(
            f"Rebuilding table {self.table_name} would lose {what}. {_WAY_OUT}", table=str(self.table_name)
        )


def _refers_to(key: ForeignKeyConstraint, table: Table) -> bool:
    """Tell whether the foreign key refers to the table."""
    return (key.referred_table.schema, key.referred_table.name) == (table.schema, table.name)

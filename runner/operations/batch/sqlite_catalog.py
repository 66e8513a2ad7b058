# ruff: noqa: S608  # names of tables cannot be parameters; every one is quoted
"""What a SQLite database says about a table (floor 2): stored texts, triggers, views, foreign keys, settings.

Reads only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text
from sqlalchemy.exc import DatabaseError

from runner.operations.batch.expressions import TokenKind, tokenize
from runner.operations.sqltext import verbatim

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["Catalog", "ChildKey", "Dependent", "StoredIndexText"]

_EVENTS = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIndexText:
    """An index somebody created, with its text."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """A trigger or view whose text names the table."""

    kind: str
    """trigger or view."""
    name: str
    table: str
    """What a trigger is on; the name of a view."""
    sql: str
    temporary: bool

    def event(self) -> tuple[str, tuple[str, ...]]:
        """Return what fires a trigger, and the columns of UPDATE OF in lower case."""
        tokens = tokenize(self.sql)
        start = next(i for i, token in enumerate(tokens) if token.is_word("TRIGGER"))
        at = next(i for i, token in enumerate(tokens) if i > start and token.is_word(*_EVENTS))
        if not (at + 1 < len(tokens) and tokens[at + 1].is_word("OF")):
            return tokens[at].text.upper(), ()
        end = next(i for i, token in enumerate(tokens) if i > at and token.is_word("ON"))
        return "UPDATE", tuple(t.name.lower() for t in tokens[at + 2 : end] if t.kind is not TokenKind.SYMBOL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildKey:
    """A foreign key of some table that refers to the table."""

    child: str
    columns: tuple[str, ...]
    referred: tuple[str | None, ...]
    on_delete: str


class Catalog:
    """Answers questions about one table.

    Args:
        bind: the connection the rebuild runs on.
        table: the table.
        schema: the attached database, None for the main one.
    """

    def __init__(self, bind: Connection, table: str, schema: str | None) -> None:
        self.bind = bind
        self.table = table
        self.schema = schema
        self._quote = bind.dialect.identifier_preparer.quote_identifier

    # -- stored texts

    def table_sql(self, name: str | None = None) -> str | None:
        """Return the text of a table (of this one by default), None where there is no such table."""
        row = self._master("type = 'table'", name or self.table, "name")
        return str(row[0][3]) if row else None

    def is_view(self) -> bool:
        """Tell whether the name belongs to a view."""
        return bool(self._master("type = 'view'", self.table, "name"))

    def indexes(self) -> list[StoredIndexText]:
        """Return the indexes that somebody created, in the order they were created."""
        rows = self._master("type = 'index' AND sql IS NOT NULL", self.table, "tbl_name")
        return [StoredIndexText(name=name, sql=sql) for _, name, _, sql in rows]

    def dependents(self) -> list[Dependent]:
        """Return the triggers on the table, and all triggers and views whose text names it, oldest first."""
        found: list[Dependent] = []
        for master, temporary in ((self._name("sqlite_master"), False), ("sqlite_temp_master", True)):
            query = f"SELECT type, name, tbl_name, sql FROM {master} WHERE type IN ('trigger', 'view') ORDER BY rowid"
            for kind, name, table, sql in self.bind.execute(text(query)):
                if table.lower() == self.table.lower() or self._names_table(sql):
                    found.append(Dependent(kind=kind, name=name, table=table, sql=sql, temporary=temporary))
        return found

    def triggers(self) -> list[Dependent]:
        """Return the triggers on the table, oldest first."""
        return [d for d in self.dependents() if d.kind == "trigger" and d.table.lower() == self.table.lower()]

    def _names_table(self, sql: str) -> bool:
        return any(
            token.name.lower() == self.table.lower()
            for token in tokenize(sql)
            if token.kind in (TokenKind.WORD, TokenKind.QUOTED)
        )

    def _master(self, condition: str, name: str, column: str) -> Sequence[Any]:
        query = text(
            f"SELECT type, name, tbl_name, sql FROM {self._name('sqlite_master')} "
            f"WHERE {condition} AND {column} = :name COLLATE NOCASE ORDER BY rowid"
        )
        return self.bind.execute(query, {"name": name}).all()

    def _name(self, table: str) -> str:
        """Return a catalog table with its database."""
        return f"{self._quote(self.schema)}.{table}" if self.schema else table

    # -- columns and keys

    def plain_columns(self, table: str) -> list[str]:
        """Return the columns of a table or view that are not generated."""
        rows = self.bind.execute(self._pragma("table_xinfo", table)).mappings()
        return [row["name"] for row in rows if row["hidden"] == 0]

    def children(self) -> list[ChildKey]:
        """Return the foreign keys of other tables that refer to this one."""
        return [key for key in self.referring() if key.child.lower() != self.table.lower()]

    def referring(self) -> list[ChildKey]:
        """Return the foreign keys that refer to this table, its own included."""
        query = text(
            'SELECT m.name, f.id, f."from", f."to", f.on_delete '
            f"FROM {self._name('sqlite_master')} AS m, pragma_foreign_key_list(m.name, :schema) AS f "
            "WHERE m.type = 'table' AND f.\"table\" = :table COLLATE NOCASE ORDER BY m.rowid, f.id, f.seq"
        ).bindparams(bindparam("schema", self.schema or "main"), bindparam("table", self.table))
        keys: dict[tuple[str, int], list[Any]] = {}
        for row in self.bind.execute(query):
            keys.setdefault((row[0], row[1]), []).append(row)
        return [
            ChildKey(
                child=child,
                columns=tuple(row[2] for row in rows),
                referred=tuple(row[3] for row in rows),
                on_delete=rows[0][4].upper(),
            )
            for (child, _), rows in keys.items()
        ]

    def has_references(self, key: ChildKey) -> bool:
        """Tell whether any row of the child refers to a row."""
        given = " AND ".join(f"{self._quote(column)} IS NOT NULL" for column in key.columns)
        query = f"SELECT 1 FROM {self._name(self._quote(key.child))} WHERE {given} LIMIT 1"
        return self.bind.execute(verbatim(query)).first() is not None

    def violations(self, tables: Sequence[str]) -> Counter[tuple[str, str]]:
        """Return the number of broken references, by (child, parent), of the keys of these tables.

        A key that cannot be checked, because what it refers to is missing or not unique, counts as one.
        """
        found: Counter[tuple[str, str]] = Counter()
        for name in tables:
            try:
                rows = self.bind.execute(self._pragma("foreign_key_check", name)).all()
            except DatabaseError:
                found[name.lower(), "?"] += 1
            else:
                found.update((row[0].lower(), row[2].lower()) for row in rows)
        return found

    def sequence(self) -> int | None:
        """Return the last number AUTOINCREMENT gave out, None where it never did."""
        if not self._master("type = 'table'", "sqlite_sequence", "name"):
            return None
        query = text(f"SELECT seq FROM {self._name('sqlite_sequence')} WHERE name = :name COLLATE NOCASE")
        value = self.bind.execute(query, {"name": self.table}).scalar()
        return None if value is None else int(value)

    # -- whether texts still make sense

    def broken(self, dependents: Sequence[Dependent]) -> dict[str, str]:
        """Return what SQLite says against each of the triggers and views that it cannot compile."""
        problems: dict[str, str] = {}
        for dependent in dependents:
            problem = self._compile_problem(dependent)
            if problem is not None:
                problems[f"{dependent.kind} {dependent.name}"] = problem
        return problems

    def _compile_problem(self, dependent: Dependent) -> str | None:
        name = self._quote(dependent.table)
        if not dependent.temporary:
            name = self._name(name)
        try:
            if dependent.kind == "view":
                statement = f"SELECT * FROM {name}"
            else:
                event, update_of = dependent.event()
                columns = self.plain_columns(dependent.table)
                missing = set(update_of) - {column.lower() for column in columns}
                if missing:
                    return f"no such column: {', '.join(sorted(missing))}"
                statement = self._firing(event, name, columns)
            # Compiling is all that is wanted: listing the whole program crashes some versions of SQLite.
            self.bind.execute(verbatim(f"EXPLAIN {statement}")).close()
        except DatabaseError as error:
            return str(error.orig)
        return None

    def _firing(self, event: str, name: str, columns: Sequence[str]) -> str:
        """Return a statement that makes SQLite compile the triggers for an event."""
        if event == "INSERT":
            quoted = ", ".join(map(self._quote, columns))
            return f"INSERT INTO {name} ({quoted}) VALUES ({', '.join('NULL' for _ in columns)})"
        if event == "DELETE":
            return f"DELETE FROM {name}"
        return f"UPDATE {name} SET {', '.join(f'{self._quote(c)} = {self._quote(c)}' for c in columns)}"

    # -- settings of the connection

    def setting(self, pragma: str) -> int:
        """Return a numeric setting; 0 where this SQLite does not have it."""
        return int(self.bind.execute(text(f"PRAGMA {pragma}")).scalar() or 0)

    def in_transaction(self) -> bool:
        """Tell whether SQLite itself has a transaction open, which the driver begins later than SQLAlchemy."""
        driver = self.bind.connection.driver_connection
        return bool(getattr(driver, "in_transaction", True))

    def commits_by_itself(self) -> bool:
        """Tell whether nobody but the statement itself will commit."""
        driver = self.bind.connection.driver_connection
        autocommit = getattr(driver, "autocommit", -1)
        return autocommit is True or (autocommit is not False and getattr(driver, "isolation_level", "") is None)

    def _pragma(self, pragma: str, table: str) -> Any:
        prefix = f"{self._quote(self.schema)}." if self.schema else ""
        return verbatim(f"PRAGMA {prefix}{pragma}({self._quote(table)})")

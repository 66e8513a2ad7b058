# ruff: noqa: S608  # the names in the SQL are this module's own, or quoted
"""PostgreSQL's sequences, views, functions and triggers compared with a model. Floor 3.

An object of the model is made in the temporary schema, inside a savepoint that is rolled back, and what the server
prints of it is compared with what it prints of the one in the database.

Source: PostgreSQL manual, "System Information Functions" (pg_get_viewdef, pg_get_functiondef, pg_get_triggerdef).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from runner.dialects.compare.base import ComparingImpl, StoredSequence
from runner.operations.replaceable import Function, MaterializedView, Replaceable, Trigger, View

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.reflection import Inspector

__all__ = ["PostgresqlObjectComparison"]

_SEQUENCES = text(
    """
    SELECT n.nspname::text, c.relname::text, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle, s.seqcache,
           EXISTS (SELECT 1 FROM pg_depend d WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
                   AND d.classid = 'pg_attrdef'::regclass)
      FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                       AND d.deptype IN ('a', 'i', 'e'))
     ORDER BY 1, 2
    """
)
_SCRATCH = "runner_scratch"
_ON = re.compile(r' ON (?:"[^"]+"|[^\s".]+)(?:\.(?:"[^"]+"|[^\s".]+))? ')
_VIEW = """
    SELECT pg_get_viewdef(c.oid), coalesce(array_to_string(c.reloptions, ', '), '') FROM pg_class c
     WHERE c.oid = to_regclass({name}) AND c.relkind IN ('v', 'm')
"""
_FUNCTION = """
    SELECT pg_get_functiondef(p.oid), pg_get_function_arguments(p.oid), p.proargtypes::text FROM pg_proc p
     WHERE p.pronamespace = {schema} AND p.proname = {name} AND p.prokind IN ('f', 'p')
"""
_TRIGGER = """
    SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t
     WHERE t.tgrelid = to_regclass({table}) AND t.tgname = {name} AND NOT t.tgisinternal
"""


class PostgresqlObjectComparison(ComparingImpl):
    """The part of `PostgresqlImpl` that autogenerate asks about what is neither table nor column."""

    connection: Connection | None
    creates_schemas = True

    def stored_sequences(self, inspector: Inspector) -> Sequence[StoredSequence]:
        """Return the sequences that belong to no column and no extension."""
        assert self.connection is not None
        names = ("start", "increment", "minvalue", "maxvalue", "cycle", "cache")
        return [
            (schema, name, dict(zip(names, options[:6], strict=True)), bool(options[6]))
            for schema, name, *options in self.connection.execute(_SEQUENCES)
        ]

    def stored_replaceable(self, item: Replaceable) -> Replaceable | None:
        """Return the object of that kind, name and signature as the server prints it; None where there is none."""
        if isinstance(item, Function):
            return self._stored_function(item)
        if isinstance(item, Trigger):
            return self._stored_trigger(item)
        row = self._one(_VIEW.format(name=self._literal(self._qualified(item.schema, item.name))))
        if row is None:
            return None
        options = f"WITH ({row[1]})" if row[1] else None
        return replace(item, definition=row[0].strip().rstrip(";"), columns=(), options=options)

    def canonical_replaceable(self, item: Replaceable) -> Replaceable | None:
        """Return the object as the server would print it; None where it does not accept it."""
        assert self.connection is not None
        try:
            with self.connection.begin_nested() as savepoint:
                found = self.stored_replaceable(self._make_scratch(item))
                savepoint.rollback()
        except SQLAlchemyError:
            return None
        return None if found is None else _renamed(found, item)

    def _make_scratch(self, item: Replaceable) -> Replaceable:
        """Create the object under another name in the temporary schema."""
        impl: Any = self
        scratch: Replaceable
        if isinstance(item, Trigger):
            source = self._qualified(item.schema, item.table)
            if item.event.upper().startswith("INSTEAD"):
                self._run(f"CREATE VIEW pg_temp.{_SCRATCH} AS SELECT * FROM {source}")
            else:
                self._run(f"CREATE TEMP TABLE {_SCRATCH} (LIKE {source}) ON COMMIT DROP")
            scratch = replace(item, table=_SCRATCH, schema="pg_temp")
        elif isinstance(item, MaterializedView):  # there are no temporary ones; a view prints the same query
            scratch = View(_SCRATCH, item.definition, schema="pg_temp", columns=item.columns)
        else:
            scratch = replace(item, name=_SCRATCH, schema="pg_temp")
        impl.create_replaceable(scratch)
        return scratch

    def _stored_function(self, item: Function) -> Function | None:
        schema = self._literal(item.schema or self.dialect.default_schema_name or "public") + "::regnamespace"
        if item.schema == "pg_temp":
            schema = "pg_my_temp_schema()"
        rows = self._run(_FUNCTION.format(schema=schema, name=self._literal(item.name)))
        if len(rows) > 1:
            types = self._argument_types(item)
            rows = [row for row in rows if row[2] == types]
        if not rows:
            return None
        definition, arguments, _ = rows[0]
        head = definition.index("(")
        return replace(item, arguments=arguments, definition=definition[head + 1 + len(arguments) + 1 :].strip())

    def _argument_types(self, item: Function) -> str | None:
        """Return the argument types of a function of the model, as the catalog lists them."""
        assert self.connection is not None
        impl: Any = self
        try:
            with self.connection.begin_nested() as savepoint:
                impl.create_replaceable(replace(item, name=_SCRATCH, schema="pg_temp"))
                query = "SELECT proargtypes::text FROM pg_proc WHERE pronamespace = pg_my_temp_schema() AND proname = "
                row = self._one(query + self._literal(_SCRATCH))
                savepoint.rollback()
        except SQLAlchemyError:
            return None
        return None if row is None else str(row[0])

    def _stored_trigger(self, item: Trigger) -> Trigger | None:
        table = self._literal(self._qualified(item.schema, item.table))
        row = self._one(_TRIGGER.format(table=table, name=self._literal(item.name)))
        if row is None:
            return None
        head, _, rest = _ON.sub(" ON \0", row[0], count=1).partition(" ON \0")
        words = head.split(" TRIGGER ", 1)[1]
        event = words.removeprefix(self._quoted(item.name)).strip()
        return replace(item, event=event, definition=rest.strip())

    def _qualified(self, schema: str | None, name: str) -> str:
        return f"{self._quoted(schema)}.{self._quoted(name)}" if schema else self._quoted(name)

    def _quoted(self, name: str) -> str:
        return str(self.dialect.identifier_preparer.quote(name))

    def _literal(self, value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    def _one(self, sql: str) -> Any:
        rows = self._run(sql)
        return rows[0] if rows else None

    def _run(self, sql: str) -> Sequence[Any]:
        assert self.connection is not None
        result = self.connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
        return result.all() if result.returns_rows else ()


def _renamed(found: Replaceable, item: Replaceable) -> Replaceable:
    """Return what the server printed of the scratch object under the name of the model's."""
    if isinstance(item, Trigger) and isinstance(found, Trigger):
        return replace(found, table=item.table, schema=item.schema)
    if isinstance(item, MaterializedView):
        return replace(item, definition=found.definition, columns=(), options=None)
    return replace(found, name=item.name, schema=item.schema)

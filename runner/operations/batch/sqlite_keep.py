"""What SQLite keeps as text, carried over to the rebuilt table (floor 2).

SQLAlchemy's reflection of SQLite leaves out AUTOINCREMENT, COLLATE, conflict clauses, checks without a name,
expression indexes and the declared names of types, and reads some clauses only as SQLAlchemy itself writes
them. Here the stored text is the authority: it completes the reflected table, and the CREATE TABLE that
comes out is read again and compared before anything is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.schema import (
    CheckConstraint,
    Column,
    Constraint,
    CreateTable,
    DefaultClause,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.sql.elements import conv
from sqlalchemy.types import String

from runner.errors import OperationError
from runner.operations.batch.expressions import canonical, identifiers, rename_columns
from runner.operations.batch.move import Work
from runner.operations.batch.sqlite_ddl import (
    DdlUnreadable,
    ParsedColumn,
    ParsedConstraint,
    ParsedTable,
    Reference,
    parse_index,
    parse_table,
    with_schema,
)
from runner.operations.batch.sqlite_move import SQLiteMover
from runner.operations.batch.stored import StoredConstraint, StoredType
from runner.operations.sqla import constraint_name, foreign_key_target, in_declared_order
from runner.operations.sqltext import verbatim

if TYPE_CHECKING:
    from runner.operations.protocols import ImplLike

__all__ = ["SQLiteKeeper"]

_PARSED = "runner_parsed"
_MENTIONED = "runner_mentioned"
_SQL = "runner_sql"


class SQLiteKeeper(SQLiteMover):
    """Keeps what a SQLite table has, whether or not SQLAlchemy can say it."""

    def __init__(self, impl: ImplLike, table_name: str, schema: str | None) -> None:
        super().__init__(impl, table_name, schema)
        self._parsed: ParsedTable | None = None
        self._declared: dict[str, ParsedColumn] = {}
        """Lower-case name -> the column, where the user did not give one in its place."""
        self._quote = impl.dialect.identifier_preparer.quote

    # -- completing the reflected table

    def reflection_source(self) -> Any:
        """Return an inspector that reads columns only: constraints and indexes come from the text."""
        inspector: Any = inspect(self.bind)
        skipped = ("pk_constraint", "foreign_keys", "indexes", "unique_constraints", "check_constraints")
        methods = {f"get_multi_{what}": _nothing for what in skipped}
        inspector.__class__ = type("ColumnInspector", (inspector.__class__,), methods)  # it makes copies of itself
        return inspector

    def complete(self, reflected: Table) -> None:
        """Put what reflection left out into the reflected table.

        Raises:
            OperationError: the table is a view or a virtual table, or its text cannot be read.
        """
        parsed = self._parsed = self._parse()
        given = _given_columns(reflected, self._reflected_afresh())
        self._declared = {c.name.lower(): c for c in parsed.columns if c.name.lower() not in given}
        for column in reflected.columns:
            declared = self._declared.get(column.name.lower())
            if declared is not None:
                column.nullable = not declared.not_null  # SQLite reports what a primary key implies as well
                _complete_default(column, declared)
        self._complete_constraints(reflected, parsed)
        self._complete_options(reflected, parsed)
        self._complete_indexes(reflected)

    def _parse(self) -> ParsedTable:
        catalog = self.catalog()
        sql = catalog.table_sql()
        if sql is None:
            kind = "a view" if catalog.is_view() else "no table of the database"
            raise OperationError(
                f"{self.table_name} is {kind}, so batch_alter_table() cannot rebuild it.", table=self.table_name
            )
        try:
            return parse_table(sql)
        except DdlUnreadable as error:
            raise OperationError(
                f"Table {self.table_name} cannot be rebuilt: {error}. Virtual tables have to be changed with "
                "op.execute(); for an ordinary table give batch_alter_table() the definition as copy_from=Table(...).",
                table=self.table_name,
            ) from error

    def _reflected_afresh(self) -> dict[str, Mapping[str, Any]]:
        """Return the columns as SQLAlchemy reflects them when nobody interferes."""
        columns = inspect(self.bind).get_columns(self.table_name, schema=self.schema)
        return {column["name"].lower(): column for column in columns}

    def _complete_constraints(self, table: Table, parsed: ParsedTable) -> None:
        """Replace the reflected constraints with those of the text, and leave those the user gave."""
        given = [constraint for constraint in table.constraints if self._is_given(constraint)]
        table.constraints.intersection_update(given)
        checks = {canonical(str(c.sqltext)) for c in self._given_checks()}
        names = {constraint_name(c) for c in given} - {None}
        for item in parsed.constraints:
            repeated = item.kind == "check" and item.name is None and canonical(item.text) in checks
            if not repeated and item.name not in names:
                self._append(table, item)

    def _is_given(self, item: object) -> bool:
        return any(item is given for given in self.given_items)

    def _given_checks(self) -> Iterator[CheckConstraint]:
        """Yield the checks the user repeats because Alembic loses them."""
        for item in self.given_items:
            if isinstance(item, CheckConstraint):
                yield item

    def _append(self, table: Table, item: ParsedConstraint) -> None:
        constraint = self._constraint(table, item)
        constraint.info[_PARSED] = item
        if item.kind == "check":
            constraint.info[_MENTIONED] = identifiers(item.text)
        elif isinstance(constraint, StoredConstraint):
            constraint.info[_MENTIONED] = frozenset(name.lower() for name in item.columns)
        table.append_constraint(constraint)

    def _constraint(self, table: Table, item: ParsedConstraint) -> Constraint:
        """Return the constraint as a construct SQLAlchemy knows where there is one, and else as its text."""
        name = conv(item.name) if item.name is not None else None
        conflict: dict[str, Any] = {"sqlite_on_conflict": item.conflict} if item.conflict else {}
        columns = [_column(table, column) for column in item.columns]
        if item.kind == "check":
            return CheckConstraint(verbatim(item.text), name=name, **conflict)
        if item.kind == "primary" and item.plain:
            return PrimaryKeyConstraint(*columns, name=name, **conflict)
        if item.kind == "unique" and item.plain:
            return UniqueConstraint(*columns, name=name, **conflict)
        reference = item.reference
        if reference is not None and reference.columns:
            return ForeignKeyConstraint(
                [column.name for column in columns],
                [_foreign_column(table, reference.table, column) for column in reference.columns],
                name=name,
                onupdate=reference.on_update,
                ondelete=reference.on_delete,
                match=reference.match,
                deferrable=reference.deferrable,
                initially=reference.initially,
            )
        return StoredConstraint(self._text(item, {}), name=name)

    def _complete_options(self, table: Table, parsed: ParsedTable) -> None:
        autoincrement = any(c.autoincrement for c in parsed.constraints)
        options = {
            "sqlite_autoincrement": autoincrement or None,
            "sqlite_with_rowid": False if parsed.without_rowid else None,
            "sqlite_strict": parsed.strict or None,
        }
        for name, value in options.items():
            given = name in list(table.kwargs)  # as a mapping it has defaults for all names
            if value is not None and not given and _is_known_option(name):
                table.dialect_kwargs[name] = value

    def _complete_indexes(self, table: Table) -> None:
        """Add every index with its text; what stands for it in SQLAlchemy is never rendered."""
        given = {str(index.name) for index in table.indexes}
        for stored in self.catalog().indexes():
            if stored.name not in given:
                parsed = parse_index(stored.sql)
                index = Index(stored.name, text("1"), _table=table, unique=parsed.unique)
                index.info[_SQL] = parsed
                index.info[_MENTIONED] = parsed.mentioned

    # -- finishing the new table

    def finish(self, work: Work) -> Work:
        """Return the work with types, conflict clauses and expressions as the text has them."""
        if self._parsed is None:
            return work
        names = {old.lower(): new for old, new in work.renames.items()}
        for kept in work.kept:
            declared = self._declared.get(kept.original.lower())
            if declared is not None:
                self._finish_column(work.new.c[kept.name], declared, kept.altered, names)
        for constraint in work.new.constraints:
            if isinstance(constraint, StoredConstraint):
                constraint.text = self._text(constraint.info[_PARSED], names)
        self._finish_primary_key(work.new)
        return replace(work, indexes=tuple(self._finish_index(index, names) for index in work.indexes))

    def _finish_column(
        self, column: Column[Any], declared: ParsedColumn, altered: frozenset[str], names: Mapping[str, str]
    ) -> None:
        collate = ""
        if declared.collate and getattr(column.type, "collation", None) is None:
            is_word = declared.collate.isidentifier() and declared.collate.isascii()
            collate = f"COLLATE {declared.collate if is_word else self._quote(declared.collate)}"
        if "type" in altered:
            if collate and isinstance(column.type, String):
                column.type = StoredType(column.type, suffix=collate)
        else:
            same = bool(declared.type) and canonical(self._rendered(column)) == canonical(declared.type)
            if collate or not same:
                column.type = StoredType(column.type, text=None if same else declared.type, suffix=collate)
        if "nullable" not in altered and declared.null_conflict:
            column.dialect_kwargs["sqlite_on_conflict_not_null"] = declared.null_conflict
        if "server_default" not in altered and declared.generated is not None and column.computed is not None:
            column.computed.sqltext = verbatim(rename_columns(declared.generated, names, self._quote))
            column.computed.persisted = declared.stored

    def _rendered(self, column: Column[Any]) -> str:
        return self.impl.dialect.type_compiler_instance.process(column.type)

    def _finish_primary_key(self, new: Table) -> None:
        """Write a primary key beside its column where that is the only place it can be written."""
        key = new.primary_key
        item: ParsedConstraint | None = key.info.get(_PARSED)
        stored = next(
            (c for c in new.constraints if isinstance(c, StoredConstraint) and c.info[_PARSED].kind == "primary"), None
        )
        if stored is not None and key.columns:  # another one was asked for
            new.constraints.discard(stored)
            return
        if item is None and stored is not None and stored.info[_PARSED].inline:
            item, key = stored.info[_PARSED], stored  # type: ignore[assignment]
            column = _column(new, item.columns[0])
        elif item is None or not item.autoincrement or (item.name is None and item.conflict is None):
            return
        else:
            (column,) = key.columns
        named = f"CONSTRAINT {self._quote(item.name)} " if item.name else ""
        suffix = f"{named}PRIMARY KEY{'' if item.plain else ' DESC'}"
        suffix += f" ON CONFLICT {item.conflict}" if item.conflict else ""
        suffix += " AUTOINCREMENT" if item.autoincrement else ""
        column.type = StoredType(column.type, suffix=suffix)
        new.constraints.discard(key)
        column.primary_key = False
        new.append_constraint(PrimaryKeyConstraint())  # takes the place of the one that is written with its column

    def _finish_index(self, index: Index, names: Mapping[str, str]) -> Index:
        parsed = index.info.get(_SQL)
        if parsed is None or isinstance(parsed, str):
            return index
        sql = f"{parsed.head}{rename_columns(parsed.body, names, self._quote)}"
        index.info[_SQL] = with_schema(sql, self.schema, self._quote) if self.schema else sql
        return index

    def _text(self, item: ParsedConstraint, names: Mapping[str, str]) -> str:
        """Return the text of a constraint that SQLAlchemy has no words for, without its name."""
        conflict = f" ON CONFLICT {item.conflict}" if item.conflict else ""
        if item.reference is None:
            kind = "PRIMARY KEY" if item.kind == "primary" else "UNIQUE"
            descending = " DESC" if item.inline and not item.plain else ""
            return f"{kind} ({rename_columns(item.text, names, self._quote)}{descending}){conflict}"
        columns = ", ".join(self._quote(names.get(name.lower(), name)) for name in item.columns)
        return f"FOREIGN KEY ({columns}) {self._reference_text(item.reference)}"

    def _reference_text(self, reference: Reference) -> str:
        parts = [f"REFERENCES {self._quote(reference.table)}"]
        parts += [f"ON DELETE {reference.on_delete}"] if reference.on_delete else []
        parts += [f"ON UPDATE {reference.on_update}"] if reference.on_update else []
        parts += [f"MATCH {reference.match}"] if reference.match else []
        if reference.deferrable is not None:
            parts += ["DEFERRABLE" if reference.deferrable else "NOT DEFERRABLE"]
        parts += [f"INITIALLY {reference.initially}"] if reference.initially else []
        return " ".join(parts)

    # -- checking that nothing is lost

    def check(self, work: Work) -> None:
        """Refuse where the new table would lack what nobody asked to remove, or the rows cannot be moved safely."""
        self._refuse_foreign_schemas(work)
        if self._parsed is not None:
            self._refuse_broken_generated(self._parsed, work)
            losses = list(_losses(self._parsed, self._declared, work, self._new_definition(work)))
            if losses:
                raise OperationError(
                    f"Table {self.table_name} cannot be rebuilt without losing {'; '.join(losses)}. Nothing was "
                    "changed. Say what the table should be with copy_from=Table(...), or change it with op.execute().",
                    table=self.table_name,
                    losses=losses,
                )
        super().check(work)

    def _refuse_foreign_schemas(self, work: Work) -> None:
        """Raise for a reference into another attached database: SQLAlchemy would leave it out without a word."""
        for key in in_declared_order(work.new.foreign_key_constraints):
            schema, table, _ = foreign_key_target(key.elements[0])
            if schema != work.existing.schema:
                raise OperationError(
                    f"Table {self.table_name} cannot refer to {'.'.join(part for part in (schema, table) if part)}: on "
                    "SQLite a foreign key stays within one database. Leave it out for SQLite.",
                    table=self.table_name,
                )

    def _new_definition(self, work: Work) -> ParsedTable:
        return parse_table(str(CreateTable(work.new).compile(dialect=self.impl.dialect)))

    def _refuse_broken_generated(self, parsed: ParsedTable, work: Work) -> None:
        dropped = {name.lower() for name in work.dropped_columns}
        kept = {column.original.lower() for column in work.kept if "server_default" not in column.altered}
        for column in parsed.columns:
            used = identifiers(column.generated or "") & dropped
            if used and column.name.lower() in kept:
                raise OperationError(
                    f"Column {self.table_name}.{', '.join(sorted(used))} cannot be dropped: column {column.name} is "
                    f"generated from it. Drop {column.name} in the same batch block, or give it another expression.",
                    table=self.table_name,
                    column=column.name,
                )


@dataclass(frozen=True, slots=True)
class _Names:
    """Lower-case old names -> new names."""

    names: Mapping[str, str]

    def of(self, columns: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.names.get(column.lower(), column).lower() for column in columns)

    def in_text(self, sql: str) -> tuple[str, ...]:
        return canonical(rename_columns(sql, self.names, lambda name: f'"{name}"'))


def _losses(old: ParsedTable, declared: Mapping[str, ParsedColumn], work: Work, new: ParsedTable) -> Iterator[str]:
    """Yield what the old definition has, nobody asked to change, and the new one does not have."""
    names = _Names({original.lower(): name for original, name in work.renames.items()})
    for kept in work.kept:
        column = declared.get(kept.original.lower())
        if column is not None:
            yield from _column_losses(column, new.column(kept.name), kept.altered, names)
    unchanged = _Names({})
    present = {_signature(constraint, unchanged, new.name, work) for constraint in new.constraints}
    # A naming convention of the block gives unnamed constraints a name; that is no loss.
    present |= {(kind, None, *rest) for kind, _, *rest in present}
    expected = [c.info[_PARSED] for c in work.new.constraints if _PARSED in c.info]
    for constraint in old.constraints:
        is_expected = any(constraint is item for item in expected)
        if is_expected and _signature(constraint, names, old.name, work) not in present:
            yield f"the {constraint.described()}"
    for constraint in new.constraints:
        if constraint.autoincrement and any(_is_not_integer(new.column(name)) for name in constraint.columns):
            yield "AUTOINCREMENT, which SQLite has for columns of the type INTEGER only"
    said = dict(work.new.kwargs)  # what the user said in table_kwargs is no loss
    if old.strict and not new.strict and said.get("sqlite_strict") is not False:
        yield "STRICT"
    if old.without_rowid and not new.without_rowid and said.get("sqlite_with_rowid") is not True:
        yield "WITHOUT ROWID"


def _column_losses(
    old: ParsedColumn, new: ParsedColumn | None, altered: frozenset[str], names: _Names
) -> Iterator[str]:
    if new is None:
        yield f"column {old.name}"
        return
    if "type" not in altered and canonical(old.type) != canonical(new.type):
        yield f"the type {old.type or '(none)'} of column {old.name}"
    if old.collate and (new.collate or "").lower() != old.collate.lower() and "type" not in altered:
        yield f"COLLATE {old.collate} of column {old.name}"
    if "nullable" not in altered and (old.not_null, old.null_conflict) != (new.not_null, new.null_conflict):
        yield f"the nullability of column {old.name}"
    if "server_default" in altered:
        return
    if old.default is not None and canonical(_bare(old.default)) != canonical(_bare(new.default or "")):
        yield f"the default {old.default} of column {old.name}"
    if old.generated is not None and names.in_text(old.generated) != canonical(new.generated or ""):
        yield f"the expression ({old.generated}) of generated column {old.name}"


def _signature(item: ParsedConstraint, names: _Names, own_name: str, work: Work) -> tuple[Any, ...]:
    """Return what makes two constraints the same; `names` leads from the old names to the new ones."""
    reference = item.reference
    referred: tuple[Any, ...] = ()
    if reference is not None:
        to_itself = reference.table.lower() in (own_name.lower(), work.existing.name.lower())
        columns = names.of(reference.columns) if to_itself else tuple(c.lower() for c in reference.columns)
        referred = (
            work.existing.name.lower() if to_itself else reference.table.lower(),
            columns,
            _action(reference.on_delete),
            _action(reference.on_update),
            reference.match,
            bool(reference.deferrable),
            reference.initially if reference.deferrable else None,
        )
    text_ = names.in_text(item.text) if item.kind == "check" or not item.plain else ()
    return (
        item.kind,
        item.name,
        names.of(item.columns) if item.plain else (),
        text_,
        item.conflict,
        referred,
        item.autoincrement and dict(work.new.kwargs).get("sqlite_autoincrement") is not False,
    )


def _is_not_integer(column: ParsedColumn | None) -> bool:
    return column is None or column.type.upper() != "INTEGER"


def _bare(default: str) -> str:
    """Return a default without the parentheses that SQLAlchemy adds to some."""
    return default[1:-1].strip() if default.startswith("(") else default


def _action(action: str | None) -> str:
    return action or "NO ACTION"


def _is_known_option(name: str) -> bool:
    """Tell whether this SQLAlchemy has the option; what it cannot say is refused in `check()`."""
    option: dict[str, Any] = {name: None}
    try:
        Table("t", MetaData(), **option)
    except ArgumentError:
        return False
    return True


def _nothing(*_: object, **__: object) -> dict[Any, Any]:
    return {}


def _given_columns(table: Table, afresh: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Return the lower-case names of columns whose reflected type somebody replaced."""
    return frozenset(
        column.name.lower()
        for column in table.columns
        if column.name.lower() not in afresh or repr(column.type) != repr(afresh[column.name.lower()]["type"])
    )


def _complete_default(column: Column[Any], declared: ParsedColumn) -> None:
    """Put the default as it was written in the place of what reflection made of it."""
    if declared.default is not None and isinstance(column.server_default, DefaultClause):
        column.server_default = DefaultClause(verbatim(declared.default))
        column.server_default.column = column


def _column(table: Table, name: str) -> Column[Any]:
    """Return the column of that name, in any case."""
    return next(column for column in table.columns if column.name.lower() == name.lower())


def _foreign_column(table: Table, referred: str, name: str) -> str:
    schema = f"{table.schema}." if table.schema else ""
    return f"{schema}{referred}.{name}"

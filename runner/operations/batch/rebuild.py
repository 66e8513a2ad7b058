# ruff: noqa: FBT001, SLF001  # Alembic's signature; SQLAlchemy has no public name for the prefixes of a table
"""The new shape of a table (floor 2): applies queued operations to the description of an existing table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, TextClause, text
from sqlalchemy.schema import (
    CheckConstraint,
    Column,
    Constraint,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.sql.elements import ColumnClause, quoted_name
from sqlalchemy.sql.visitors import replacement_traverse
from sqlalchemy.types import NULLTYPE, SchemaType, to_instance

from runner.errors import OperationError
from runner.events import emit
from runner.operations.batch.columns import ColumnState, as_existing_type, with_default
from runner.operations.batch.expressions import rename_columns
from runner.operations.batch.mentions import listed_column, mentioned, names_of
from runner.operations.batch.move import Keeper, KeptColumn, Transfer, Work, temporary_name
from runner.operations.batch.ordering import in_partial_order
from runner.operations.sqla import (
    bare_copy,
    column_checks,
    constraint_name,
    copy_column,
    copy_constraint,
    foreign_key_target,
    in_declared_order,
    is_type_bound,
    only_set,
)
from runner.operations.sqltext import characters, quoting, verbatim

if TYPE_CHECKING:
    from runner.operations.protocols import ImplLike

__all__ = ["ApplyBatchImpl", "NoSuchColumn", "NoSuchConstraint"]


class NoSuchConstraint(OperationError, ValueError):
    """The table has no constraint or index of that name."""


class NoSuchColumn(OperationError, KeyError):
    """The table has no column of that name."""


class ApplyBatchImpl:
    """Takes the operations of a batch block one by one, then gives the work to do.

    A column can be addressed by its present name and, where no other column has taken that, by the name it
    had when the block began.

    Args:
        impl: the dialect implementation outside of the block.
        table: the table as it is.
        table_args: more items for the new table.
        table_kwargs: keywords for the new table.
        reflected: whether the table was read from the database.
        partial_reordering: tuples of column names in the order wanted.
        keeper: looks after what a Table cannot hold.
    """

    def __init__(
        self,
        impl: ImplLike,
        table: Table,
        table_args: tuple[Any, ...],
        table_kwargs: dict[str, Any],
        reflected: bool,
        partial_reordering: Sequence[tuple[str, ...]] = (),
        keeper: Keeper | None = None,
    ) -> None:
        self.impl = impl
        self.table = table
        self.table_args = table_args
        self.table_kwargs = table_kwargs
        self.reflected = reflected
        self.partial_reordering = partial_reordering
        self.keeper = Keeper(impl, table.name, table.schema) if keeper is None else keeper
        self.temp_table_name = temporary_name(table.name)
        self.comment = table.comment
        self._columns = [ColumnState(bare_copy(column), column) for column in table.columns]
        self._constraints = [c for c in in_declared_order(table.constraints) if not is_type_bound(c)]
        self._constraints += [check for column in table.columns for check in column_checks(column)]
        self._new_constraints: list[Constraint] = []
        self.indexes: dict[str, Index] = {
            str(index.name): index for index in sorted(table.indexes, key=lambda index: str(index.name))
        }
        self.new_indexes: dict[str, Index] = {}
        self._dropped: set[str] = set()

    @property
    def named_constraints(self) -> dict[str, Constraint]:
        """The constraints that have a name, of the table as the operations so far have made it."""
        named = ((constraint_name(c), c) for c in (*self._constraints, *self._new_constraints))
        return {name: constraint for name, constraint in named if name is not None}

    @property
    def unnamed_constraints(self) -> list[Constraint]:
        """The constraints that have no name."""
        return [c for c in (*self._constraints, *self._new_constraints) if constraint_name(c) is None]

    # -- operations on columns

    def alter_column(
        self,
        table_name: str,
        column_name: str,
        *,
        nullable: bool | None = None,
        server_default: Any = False,
        name: str | None = None,
        type_: Any = None,
        autoincrement: Any = None,
        comment: Any = False,
        insert_before: str | None = None,
        insert_after: str | None = None,
        existing_type: Any = None,
        **kw: Any,
    ) -> None:
        """Change a column."""
        state = self._state(column_name)
        column = state.column
        asked = {
            "type": type_ is not None,
            "nullable": nullable is not None,
            "server_default": server_default is not False,
            "autoincrement": autoincrement is not None,
            "comment": comment is not False,
        }
        state.altered |= {aspect for aspect, given in asked.items() if given}
        if type_ is not None:
            self._change_type(state, to_instance(type_), existing_type)
        if nullable is not None:
            column.nullable = nullable
        if server_default is not False:
            state.column = column = with_default(column, server_default)
        if autoincrement is not None:
            column.autoincrement = autoincrement
        if comment is not False:
            column.comment = comment
        if name is not None:
            column.name = column.key = quoted_name(name, getattr(name, "quote", None))
        if insert_before or insert_after:
            self._columns.remove(state)
            self._place(state, insert_before, insert_after)

    def _change_type(self, state: ColumnState, new_type: Any, existing_type: Any) -> None:
        if state.existing is not None:
            self.impl.cast_for_batch_migrate(state.existing, state.transfer, new_type)
        if any(isinstance(t, SchemaType) for t in (new_type, to_instance(existing_type))):
            # Boolean and Enum once made a check without a name; it belongs to the old type.
            self._remove_constraints(lambda c: constraint_name(c) is None and listed_column(c) == state.original)
        state.column.type = new_type

    def add_column(
        self,
        table_name: str,
        column: Column[Any],
        *,
        insert_before: str | None = None,
        insert_after: str | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
        **kw: Any,
    ) -> None:
        """Add a column, without data."""
        if any(state.name.lower() == column.name.lower() for state in self._columns):
            if if_not_exists:
                return
            raise OperationError(
                f"Table {self.table.name} has a column {column.name} already.",
                table=self.table.name,
                column=column.name,
            )
        state = ColumnState(bare_copy(column), None)
        self._place(state, insert_before, insert_after)
        self._new_constraints += column_checks(column)
        if inline_references:  # otherwise add_constraint() is called for each
            self._new_constraints += [key.constraint for key in column.foreign_keys if key.constraint is not None]

    def drop_column(self, table_name: str, column: Any, *, if_exists: bool | None = None, **kw: Any) -> None:
        """Drop a column, and with it what involves it: constraints, indexes."""
        try:
            state = self._state(column.name)
        except NoSuchColumn:
            if if_exists:
                return
            raise
        self._columns.remove(state)
        if state.original is not None:
            self._dropped.add(state.original)

    def create_column_comment(self, column: Column[Any]) -> None:
        """Set the comment of a column."""
        self._state(column.name).column.comment = column.comment

    def _state(self, name: str) -> ColumnState:
        """Return the column of that name: its present one, or else the one it began with."""
        present = [state for state in self._columns if state.name == name]
        present.sort(key=lambda state: state.original != name)
        original = [state for state in self._columns if state.original == name]
        found = [*present, *original]
        if not found:
            raise NoSuchColumn(
                f"Table {self.table.name} has no column {name}. "
                f"It has {', '.join(state.name for state in self._columns)}.",
                table=self.table.name,
                column=name,
            )
        return found[0]

    def _place(self, state: ColumnState, before: str | None, after: str | None) -> None:
        """Put the column where it was asked for, at the end by default."""
        if after is not None:
            anchor = self._state(after)
            state.placed_after = anchor
            position = self._columns.index(anchor) + 1
            while position < len(self._columns) and self._columns[position].placed_after is anchor:
                position += 1  # what was placed there first stays first
        elif before is not None:
            position = self._columns.index(self._state(before))
        else:
            position = len(self._columns)
        self._columns.insert(position, state)

    # -- operations on constraints, indexes, comments

    def add_constraint(self, const: Constraint) -> None:
        """Add a constraint; one that belongs to a type comes with the type."""
        if not is_type_bound(const):
            self._new_constraints.append(const)

    def drop_constraint(self, const: Constraint, *, if_exists: bool | None = None, **kw: Any) -> None:
        """Drop a constraint by name.

        Raises:
            NoSuchConstraint: there is none of that name.
        """
        name = constraint_name(const)
        if is_type_bound(const):
            if name is not None:
                self._remove_constraints(lambda c: constraint_name(c) == name)
            return
        if name is None:
            raise NoSuchConstraint(
                f"Dropping a constraint of table {self.table.name} in a batch block needs its name. Where it has "
                "none in the database, give batch_alter_table() a naming_convention and use the name that makes.",
                table=self.table.name,
            )
        if self._remove_constraints(lambda c: constraint_name(c) == name):
            return
        if isinstance(const, PrimaryKeyConstraint) and self._remove_constraints(_is_unnamed_primary_key):
            return  # a table has one primary key at most
        if not if_exists:
            raise NoSuchConstraint(
                f"Table {self.table.name} has no constraint {name}. {self._known(self.named_constraints)}",
                table=self.table.name,
                constraint=name,
            )

    def create_index(self, idx: Index, *, if_not_exists: bool | None = None, **kw: Any) -> None:
        """Create an index."""
        name = str(idx.name)
        if name in self.indexes or name in self.new_indexes:
            if if_not_exists:
                return
            raise OperationError(
                f"Table {self.table.name} has an index {name} already.", table=self.table.name, index=name
            )
        self.new_indexes[name] = idx

    def drop_index(self, idx: Index, *, if_exists: bool | None = None, **kw: Any) -> None:
        """Drop an index by name.

        Raises:
            NoSuchConstraint: there is none of that name.
        """
        name = str(idx.name)
        found = self.indexes.pop(name, None) or self.new_indexes.pop(name, None)
        if found is None and not if_exists:
            raise NoSuchConstraint(
                f"Table {self.table.name} has no index {name}. {self._known(self.indexes)}",
                table=self.table.name,
                index=name,
            )

    def create_table_comment(self, table: Table) -> None:
        """Set the comment of the table."""
        self.comment = table.comment

    def drop_table_comment(self, table: Table) -> None:
        """Remove the comment of the table."""
        self.comment = None

    def _remove_constraints(self, unwanted: Callable[[Constraint], bool]) -> bool:
        """Remove the constraints, and tell whether there was one."""
        before = len(self._constraints) + len(self._new_constraints)
        self._constraints = [c for c in self._constraints if not unwanted(c)]
        self._new_constraints = [c for c in self._new_constraints if not unwanted(c)]
        return len(self._constraints) + len(self._new_constraints) < before

    def _known(self, names: Mapping[str, object]) -> str:
        return f"It has {', '.join(sorted(names))}." if names else "It has none with a name."

    # -- the result

    def execute(self) -> None:
        """Rebuild the table."""
        work = self.keeper.finish(self.work())
        self.keeper.check(work)
        self.keeper.move(work)

    def work(self) -> Work:
        """Return what is to be done.

        Raises:
            OperationError: the operations do not make a table.
        """
        self._refuse_duplicates()
        self._reorder()
        new = self._new_table()
        transfers = tuple(
            Transfer(original=state.original, name=state.name, expression=state.transfer["expr"])
            for state in self._columns
            if state.original is not None and state.column.computed is None
        )
        return Work(
            existing=self.table,
            new=new,
            kept=tuple(
                KeptColumn(original=state.original, name=state.name, altered=frozenset(state.altered))
                for state in self._columns
                if state.original is not None
            ),
            transfers=transfers,
            indexes=tuple(self._indexes_for(new)),
            dropped_columns=frozenset(self._dropped),
        )

    def _refuse_duplicates(self) -> None:
        seen: set[str] = set()
        for state in self._columns:
            if state.name.lower() in seen:
                raise OperationError(
                    f"Table {self.table.name} would have two columns {state.name}.",
                    table=self.table.name,
                    column=state.name,
                )
            seen.add(state.name.lower())

    def _reorder(self) -> None:
        if self.partial_reordering:
            orderings = [[self._state(name).name for name in ordering] for ordering in self.partial_reordering]
            order = in_partial_order([state.name for state in self._columns], orderings)
            self._columns.sort(key=lambda state: order.index(state.name))

    def _new_table(self) -> Table:
        options: dict[str, Any] = dict(self.table.kwargs)
        if self.table._prefixes:
            options["prefixes"] = list(self.table._prefixes)
        new = Table(
            self.temp_table_name,
            MetaData(),
            *(self._final_column(state) for state in self._columns),
            *self.table_args,
            **{"schema": self.table.schema, "comment": self.comment, **options, **self.table_kwargs},
        )
        if not any(isinstance(item, PrimaryKeyConstraint) for item in self.table_args):
            self._add_primary_key(new)
        for constraint in (*self._constraints, *self._new_constraints):
            if not isinstance(constraint, PrimaryKeyConstraint):
                self._add_constraint(new, constraint)
        return new

    def _final_column(self, state: ColumnState) -> Column[Any]:
        if state.original is not None and "type" not in state.altered:
            state.column.type = as_existing_type(state.column.type, self.impl.dialect)
        column = copy_column(state.column)
        column.primary_key = False  # the primary key is a constraint among the others
        return column

    def _add_primary_key(self, new: Table) -> None:
        """Add the primary key: the one asked for last, with the new columns that say they belong to it."""
        keys = [c for c in (*self._constraints, *self._new_constraints) if isinstance(c, PrimaryKeyConstraint)]
        key = keys[-1] if keys else None
        names = [n for n in (self._new_name(c) for c in (key.columns if key is not None else ())) if n is not None]
        names += [s.name for s in self._columns if s.original is None and s.column.primary_key and s.name not in names]
        if names:
            named = constraint_name(key) if key is not None else None
            options = self._moved_options(key, new) if key is not None else {}
            primary_key = PrimaryKeyConstraint(*(new.c[n] for n in names), name=named, **options)
            primary_key.info.update(key.info if key is not None else {})
            new.append_constraint(primary_key)

    def _new_name(self, column: Any) -> str | None:
        """Return what a column of an existing or stand-in table is called in the new one; None where it is gone."""
        existing = getattr(column, "table", None) is self.table
        if existing:
            original = next((state for state in self._columns if state.original == column.name), None)
            if original is not None:
                return original.name
            if column.name in self._gone():
                return None
        return self._state(column.name).name

    def _add_constraint(self, new: Table, constraint: Constraint) -> None:
        if constraint in self._constraints:
            lost = self._lost_columns(constraint)
            if lost:
                self._report_lost("constraint", constraint_name(constraint) or self._words_for(constraint), lost)
                return
        moved = self._moved_constraint(new, constraint)
        moved.info.update(constraint.info)
        if getattr(moved, "parent", None) is not new:
            new.append_constraint(moved)

    def _moved_constraint(self, new: Table, constraint: Constraint) -> Constraint:
        """Return the constraint on the columns of the new table."""
        if isinstance(constraint, ForeignKeyConstraint):
            return self._foreign_key(new.metadata, constraint)
        if not isinstance(constraint, UniqueConstraint | CheckConstraint):
            return copy_constraint(constraint, target_table=new)
        options: dict[str, Any] = only_set(deferrable=constraint.deferrable, initially=constraint.initially)
        options |= {"name": constraint.name, **self._moved_options(constraint, new)}
        if isinstance(constraint, CheckConstraint):
            return CheckConstraint(self._moved(constraint.sqltext, new), **options)
        columns = [new.c[self._new_name(column) or column.name] for column in constraint.columns]
        return UniqueConstraint(*columns, **options)

    def _foreign_key(self, metadata: MetaData, key: ForeignKeyConstraint) -> ForeignKeyConstraint:
        """Return the foreign key from the new table; a reference to the table itself keeps its final name."""
        referred = []
        for element in key.elements:
            schema, table_name, column_name = foreign_key_target(element)
            if (schema, table_name) == (self.table.schema, self.table.name):
                column_name = self._referred_name(column_name)
            stand_in = Table(table_name, metadata, schema=schema, extend_existing=True)
            if column_name not in stand_in.c:
                stand_in.append_column(Column(column_name, NULLTYPE))
            referred.append(stand_in.c[column_name])
        options = only_set(
            onupdate=key.onupdate,
            ondelete=key.ondelete,
            deferrable=key.deferrable,
            initially=key.initially,
            match=key.match,
        )
        local = [self._new_name(column) or column.name for column in key.columns]
        return ForeignKeyConstraint(local, referred, name=key.name, **options, **key.dialect_kwargs)

    def _referred_name(self, name: str) -> str:
        original = next((state.name for state in self._columns if state.original == name), None)
        return name if original is None else original

    def _lost_columns(self, item: Constraint | Index) -> list[str]:
        """Return the dropped columns without which the constraint or index cannot be."""
        return sorted(name for name in self._gone() if name.lower() in mentioned(item))

    def _gone(self) -> set[str]:
        """Return the dropped columns but for those a new column of the same name replaces."""
        return self._dropped - {state.name for state in self._columns if state.original is None}

    def _words_for(self, constraint: Constraint) -> str:
        """Return what stands for a constraint without a name."""
        if isinstance(constraint, ForeignKeyConstraint):  # the compiler wants to know the table it refers to
            local = ", ".join(column.name for column in constraint.columns)
            targets = [foreign_key_target(element) for element in constraint.elements]
            return f"FOREIGN KEY({local}) REFERENCES {targets[0][1]} ({', '.join(target[2] for target in targets)})"
        compiler = self.impl.dialect.ddl_compiler(self.impl.dialect, None)  # type: ignore[arg-type]  # for its words only
        return " ".join(str(compiler.process(constraint)).split())

    def _report_lost(self, kind: str, name: str, columns: list[str]) -> None:
        """Report what goes with a column."""
        emit("batch.dependent_dropped", table=self.table.name, kind=kind, name=name, columns=columns)

    def _indexes_for(self, new: Table) -> Iterator[Index]:
        """Yield the indexes, attached to a table of the final name."""
        final = Table(
            self.table.name,
            MetaData(),
            *(Column(column.name, column.type) for column in new.columns),
            schema=new.schema,
        )
        for name, index in self.indexes.items():
            lost = self._lost_columns(index)
            if lost:
                self._report_lost("index", name, lost)
            else:
                yield self._moved_index(index, final)
        for index in self.new_indexes.values():
            yield self._moved_index(index, final)

    def _moved_index(self, index: Index, final: Table) -> Index:
        options = self._moved_options(index, final)
        expressions = [self._moved(expression, final) for expression in index.expressions]
        moved = Index(index.name, *expressions, unique=bool(index.unique), _table=final, **options)
        moved.info.update(index.info)
        return moved

    def _moved_options(self, item: Index | Constraint, target: Table) -> dict[str, Any]:
        """Return the dialects' options of an index or constraint, the columns they name under their new names."""
        return {name: self._moved_option(name, value, target) for name, value in item.dialect_kwargs.items()}

    def _moved_option(self, name: str, value: Any, target: Table) -> Any:
        if isinstance(value, ColumnElement | TextClause):
            return self._moved(value, target)
        if name.endswith("_where") and isinstance(value, str):  # as it is reflected
            return self._renamed(value)
        if name.endswith("_include") and isinstance(value, list | tuple):
            return [self._state(column).name for column in names_of(value) if column not in self._gone()]
        if isinstance(value, dict):  # operator classes, lengths: by column
            return {self._referred_name(key): setting for key, setting in value.items()}
        return value

    def _moved(self, expression: Any, target: Table) -> Any:
        """Return an expression on the columns of the new table."""
        if isinstance(expression, str):
            return target.c[self._state(expression).name]
        if isinstance(expression, TextClause):
            return self._moved_text(expression)

        def in_target(element: Any, **_: Any) -> Any:
            if isinstance(element, Column):
                return target.c[self._new_name(element) or element.name]
            if isinstance(element, TextClause):
                return self._moved(element, target)
            if isinstance(element, ColumnClause) and element.table is None:  # sa.column() or sa.literal_column()
                renamed = self._renamed(element.text) if element.is_literal else self._referred_name(element.name)
                return None if renamed == element.name else ColumnClause(renamed, element.type, element.is_literal)
            return None

        return replacement_traverse(expression, {}, in_target)

    def _moved_text(self, expression: TextClause) -> TextClause:
        if expression._bindparams:
            renamed = self._renamed(expression.text)
            return expression if renamed == expression.text else text(renamed)
        sql = characters(expression)
        renamed = self._renamed(sql)
        return expression if renamed == sql else verbatim(renamed)

    def _renamed(self, sql: str) -> str:
        names = {
            state.original.lower(): state.name
            for state in self._columns
            if state.original is not None and state.original != state.name
        }
        return rename_columns(sql, names, quoting(self.impl.dialect)) if names else sql


def _is_unnamed_primary_key(constraint: Constraint) -> bool:
    return isinstance(constraint, PrimaryKeyConstraint) and constraint_name(constraint) is None

"""Tables that are surely the same, told from what the inspector gave, before any table is made of it. Floor 4.

Most tables of most comparisons are unchanged, and making SQLAlchemy tables of them is most of the work. "Not sure" is
always an answer here: the comparators then look properly.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Computed, Identity, MetaData, Table, UniqueConstraint
from sqlalchemy import types as sa_types
from sqlalchemy.sql.elements import conv
from sqlalchemy.types import NullType, TypeEngine

from runner.autogenerate.compare.definitions import checks_of, definitions_of, exclusions_of, is_plain_index
from runner.autogenerate.compare.names import name_in_database
from runner.dialects.compare.base import ComparingImpl
from runner.dialects.compare.postgresql import PostgresqlComparison
from runner.dialects.compare.requests import CanonicalRequest
from runner.operations.sqla import foreign_key_target

if TYPE_CHECKING:
    from sqlalchemy.schema import ForeignKeyConstraint

    from runner.autogenerate.compare.reflection import RawTable
    from runner.autogenerate.context import AutogenContext

__all__ = ["QuickComparison"]

_Checks = tuple[Mapping[str | None, str], Mapping[str | None, Any]]
"""The checks of a table by name: the database's texts, and the model's constraints."""

_PLAIN_TYPES = frozenset(
    kind
    for kind in vars(sa_types).values()
    if isinstance(kind, type) and issubclass(kind, TypeEngine) and kind.__module__.startswith("sqlalchemy.")
) - {sa_types.Enum, sa_types.TypeDecorator, sa_types.ARRAY, sa_types.PickleType, sa_types.Interval}
_BUILT_IN = "runner.autogenerate.compare."


class QuickComparison:
    """Decides without tables.

    Args:
        autogen_context: the comparison; with filters or comparators of third parties nothing is decided.
    """

    def __init__(self, autogen_context: AutogenContext) -> None:
        self._context = autogen_context
        self._dialect = autogen_context.dialect
        self._impl: Any = autogen_context.migration_context.impl
        self._types: dict[Any, bool] = {}
        self.is_possible = self._can_decide()

    def _can_decide(self) -> bool:
        opts = self._context.opts
        known = (ComparingImpl.compare_type, PostgresqlComparison.compare_type)
        return (
            type(self._impl).compare_type in known
            and not opts.get("include_object")
            and not opts.get("include_name")
            and opts.get("compare_type", True) is True
            and not opts.get("compare_server_default", False)
            and not len(Table("listened", MetaData()).dispatch.column_reflect)
            and all(fn.__module__.startswith(_BUILT_IN) for fn in self._functions())
        )

    def _functions(self) -> list[Any]:
        registry = self._context.comparators._registry  # noqa: SLF001  # of this package
        return [fn for key, found in registry.items() if key[0] in {"table", "column"} for fn, _ in found]

    def same(self, tables: Iterable[tuple[RawTable, Table]]) -> set[Table]:
        """Return the tables of the model that are surely the same in the database."""
        same: set[Table] = set()
        to_ask: dict[Table, _Checks] = {}
        for raw, wanted in tables:
            checks = self._checks(raw, wanted) if self._is_same(raw, wanted) else None
            if checks is not None and checks[0]:
                to_ask[wanted] = checks
            elif checks is not None:
                same.add(wanted)
        return same | self._with_same_checks(to_ask)

    def _is_same(self, raw: RawTable, wanted: Table) -> bool:
        """Tell whether the table is surely the same, but perhaps for its checks."""
        return (
            self._same_columns(raw.columns, wanted)
            and self._same_primary_key(raw.primary_key, wanted)
            and self._same_foreign_keys(raw.foreign_keys, wanted)
            and self._same_uniques(raw, wanted)
            and self._same_indexes(raw, wanted)
            and self._nothing_else(raw, wanted)
        )

    def _nothing_else(self, raw: RawTable, wanted: Table) -> bool:
        if any(kind in {"exclude", "computed"} for kind, _, _ in raw.definitions) or raw.checks:
            return False
        if exclusions_of(wanted):
            return False
        return not self._dialect.supports_comments or raw.comment == wanted.comment

    # -- checks ----------------------------------------------------------------------------------------------

    def _checks(self, raw: RawTable, wanted: Table) -> _Checks | None:
        """Return the checks of both sides by name; None where their names alone are not the same."""
        stored = [(name, text) for kind, name, text in raw.definitions if kind == "check"]
        items = checks_of(wanted, self._dialect)
        texts, by_name = dict(stored), {self._name(item): item for item in items}
        all_named = None not in by_name and len(by_name) == len(items) == len(stored)
        return (texts, by_name) if all_named and texts.keys() == by_name.keys() else None

    def _with_same_checks(self, tables: Mapping[Table, _Checks]) -> set[Table]:
        """Return the tables whose checks the database writes as it would write the model's."""
        requests = [
            CanonicalRequest(kind="check", item=item, stored=table, wanted=table)
            for table, (_, wanted) in tables.items()
            for item in wanted.values()
        ]
        definitions = definitions_of(self._context)
        definitions.ask(requests)
        return {
            table
            for table, (stored, wanted) in tables.items()
            if all(definitions.wanted("check", item, table, table) == stored[name] for name, item in wanted.items())
        }

    # -- columns ---------------------------------------------------------------------------------------------

    def _same_columns(self, raw: Sequence[Mapping[str, Any]], wanted: Table) -> bool:
        columns = wanted.columns
        if len(raw) != len(columns):
            return False
        by_name = {column.name: column for column in columns}
        comments = self._dialect.supports_comments
        for info in raw:
            column = by_name.get(info["name"])
            if column is None or column.system or column.nullable is not info["nullable"]:
                return False
            if comments and column.comment != info.get("comment"):
                return False
            if "computed" in info or info.get("identity") or isinstance(column.server_default, Computed | Identity):
                return False
            if not self._same_type(info["type"], column.type):
                return False
        return True

    def _same_type(self, stored: TypeEngine[Any], wanted: TypeEngine[Any]) -> bool:
        try:
            keys = (_type_key(stored), _type_key(wanted))
            same = self._types.get(keys)
        except TypeError:  # an argument that cannot be a key
            return self._compare_types(stored, wanted)
        if None in keys:
            return self._compare_types(stored, wanted)
        if same is None:
            same = self._types[keys] = self._compare_types(stored, wanted)
        return same

    def _compare_types(self, stored: TypeEngine[Any], wanted: TypeEngine[Any]) -> bool:
        if isinstance(stored, NullType) or isinstance(wanted, NullType) or hasattr(wanted, "compare_against_backend"):
            return False
        return not ComparingImpl.compare_type(self._impl, Column("x", stored), Column("x", wanted))

    # -- keys ------------------------------------------------------------------------------------------------

    def _name(self, item: Any) -> str | None:
        """Return the name in the database; a plain name is its own."""
        name = item.name
        if name is None or type(name) is str:
            return name
        return name_in_database(item, self._dialect)

    def _same_primary_key(self, raw: Mapping[str, Any], wanted: Table) -> bool:
        key = wanted.primary_key
        if list(raw.get("constrained_columns") or ()) != [column.name for column in key.columns]:
            return False
        name = None if isinstance(key.name, conv) else self._name(key)
        return name is None or name == raw.get("name") or not key.columns

    def _same_foreign_keys(self, raw: Sequence[Mapping[str, Any]], wanted: Table) -> bool:
        keys = wanted.foreign_key_constraints
        if len(raw) != len(keys):
            return False
        if not keys:
            return True
        stored = {self._raw_reference(info): info["name"] for info in raw}
        return len(stored) == len(keys) and all(self._is_stored(key, stored) for key in keys)

    def _is_stored(self, key: ForeignKeyConstraint, stored: Mapping[Any, str | None]) -> bool:
        reference = self._reference(key)
        name = None if isinstance(key.name, conv) else self._name(key)
        return reference in stored and name in {None, stored[reference]}

    def _raw_reference(self, info: Mapping[str, Any]) -> tuple[Any, ...]:
        options = {name: value for name, value in info.get("options", {}).items() if value}
        return (
            info["referred_schema"],
            info["referred_table"],
            tuple(info["constrained_columns"]),
            tuple(info["referred_columns"]),
            frozenset(options.items()),
        )

    def _reference(self, key: ForeignKeyConstraint) -> tuple[Any, ...]:
        targets = [foreign_key_target(element) for element in key.elements]
        schema, table, _ = targets[0]
        words = {name: getattr(key, name) for name in ("onupdate", "ondelete", "deferrable", "initially", "match")}
        return (
            None if schema == self._dialect.default_schema_name else schema,
            table,
            tuple(column.name for column in key.columns),
            tuple(name for _, _, name in targets),
            frozenset((name, value) for name, value in words.items() if value),
        )

    def _same_uniques(self, raw: RawTable, wanted: Table) -> bool:
        items = [item for item in wanted.constraints if isinstance(item, UniqueConstraint)]
        if len(items) != len(raw.uniques):
            return False
        if not items:
            return True
        if any(kind == "unique" and "DEFERRABLE" in text for kind, _, text in raw.definitions):
            return False
        stored = {info["name"]: info for info in raw.uniques}
        for item in items:
            info = stored.get(self._name(item))
            if info is None or item.deferrable or item.initially or item.dialect_kwargs or _has_options(info):
                return False
            if list(info["column_names"]) != [column.name for column in item.columns]:
                return False
        return True

    def _same_indexes(self, raw: RawTable, wanted: Table) -> bool:
        stored = {info["name"]: info for info in raw.indexes if not info.get("duplicates_constraint")}
        if len(stored) != len(wanted.indexes) or not self._all_reflected(raw):
            return False
        for index in wanted.indexes:
            info = stored.get(self._name(index))
            if info is None or bool(info["unique"]) != bool(index.unique) or not is_plain_index(index):
                return False
            if info.get("expressions") or info.get("column_sorting") or _has_options(info):
                return False
            if list(info["column_names"]) != [column.name for column in index.columns]:
                return False
        return True

    def _all_reflected(self, raw: RawTable) -> bool:
        """Tell whether the inspector told all about the indexes."""
        if self._impl.reflects_expression_indexes:
            return True
        texts = {name: text for kind, name, text in raw.definitions if kind == "index"}
        return texts.keys() <= {info["name"] for info in raw.indexes} and not any(
            word in text.split(" ") for text in texts.values() for word in ("desc", "where", "collate")
        )


@cache
def _is_plain(kind: Any) -> bool:
    """Tell whether what instances of this class are is all in their attributes."""
    if issubclass(kind, sa_types.Enum | sa_types.ARRAY):
        return False
    return kind in _PLAIN_TYPES or kind.__module__.startswith("sqlalchemy.dialects.")


def _type_key(type_: TypeEngine[Any]) -> Hashable:
    """Return what says the same as the type, None where that takes more than its class and its attributes."""
    kind: Any = type(type_)
    if not _is_plain(kind):
        return None
    return (kind, *[item for item in type_.__dict__.items() if item[0] != "dispatch"])  # its listeners change nothing


def _has_options(info: Mapping[str, Any]) -> bool:
    return bool(info.get("include_columns")) or any(info.get("dialect_options", {}).values())

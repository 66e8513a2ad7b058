"""What a statement costs the others on PostgreSQL: floor 3. A table of DDL elements, locks and table reads.

One rule per DDL element and form. The pages of docs/operations print the rules, the review page of a script
can, and a test runs every rule against real servers and compares `pg_locks`, the table's file and its scans.
Nothing here talks to a server, and a run does not load this module.

Source: PostgreSQL manual, 13.3 Explicit Locking, and the Notes of ALTER TABLE and CREATE INDEX.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, Computed, Identity
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.schema import (
    AddConstraint,
    CreateIndex,
    CreateTable,
    DropConstraint,
    DropIndex,
    DropTable,
    DropTableComment,
    ForeignKeyConstraint,
    SetColumnComment,
    SetTableComment,
)
from sqlalchemy.sql.dml import Insert
from sqlalchemy.types import Numeric, String, Text

from runner.dialects.ddl import (
    AddColumn,
    ColumnComment,
    ColumnDefault,
    ColumnName,
    ColumnNullable,
    DropColumn,
    IdentityColumnDefault,
    RenameTable,
)
from runner.dialects.object_ddl import AlterEnumColumn, CreateTrigger, DropTrigger
from runner.dialects.postgresql import PostgresqlColumnType

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.sql.elements import ClauseElement
    from sqlalchemy.types import TypeEngine

__all__ = ["LOCK_RULES", "LockMode", "LockRule", "TableWork", "rule_for"]


class LockMode(enum.Enum):
    """A table lock, by the name LOCK TABLE takes; weakest first."""

    ACCESS_SHARE = "ACCESS SHARE"
    ROW_SHARE = "ROW SHARE"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    EXCLUSIVE = "EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"

    @property
    def catalogue_name(self) -> str:
        """Return the name in the column `mode` of pg_locks."""
        return self.value.title().replace(" ", "") + "Lock"

    @property
    def blocks(self) -> str:
        """Return who has to wait for the end of the transaction."""
        if self is LockMode.ACCESS_EXCLUSIVE:
            return "reads and writes"
        if self in {LockMode.SHARE, LockMode.SHARE_ROW_EXCLUSIVE, LockMode.EXCLUSIVE}:
            return "writes"
        if self is LockMode.SHARE_UPDATE_EXCLUSIVE:
            return "other DDL, VACUUM"
        return "other DDL"


class TableWork(enum.Enum):
    """What happens to the rows that are there while the lock is held."""

    NOTHING = "nothing"
    SCAN = "reads every row"
    REWRITE = "writes every row anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRule:
    """What one form of one DDL element locks and does.

    Args:
        name: stable key.
        operations: the directives that send it.
        element: the class of the construct.
        case: when the rule holds, in words; empty where it always does.
        applies: the same as a function of the construct.
        lock: on the table; None where there is none yet.
        referenced: on the tables a foreign key refers to; None for no lock worth naming.
        work: with the rows of the table.
        advice: how to spare the others, if there is a way.
    """

    name: str
    operations: tuple[str, ...]
    element: type[ClauseElement]
    case: str = ""
    applies: Callable[[Any], bool] = lambda _: True
    lock: LockMode | None
    referenced: LockMode | None = None
    work: TableWork = TableWork.NOTHING
    advice: str = ""


def rule_for(construct: object) -> LockRule | None:
    """Return the first rule that holds for a construct, or None where nothing is known (a text, say)."""
    return next((rule for rule in LOCK_RULES if isinstance(construct, rule.element) and rule.applies(construct)), None)


# --- predicates ----------------------------------------------------------------------------------------------------

_VOLATILE = ("random", "clock_timestamp", "nextval", "uuid_generate", "uuidv4", "uuidv7", "timeofday")
"""Parts of the names of the volatile functions people use as defaults; another one is not recognised."""


def _fills_rows(add: AddColumn) -> bool:
    """Tell whether each row gets a value of its own: generated and stored, identity, or a volatile default."""
    default = add.column.server_default
    if isinstance(default, Identity):
        return True
    if isinstance(default, Computed):
        return default.persisted is not False
    text = str(getattr(default, "arg", "")).lower()
    return any(name in text for name in _VOLATILE)


def _refers(add: AddColumn) -> bool:
    return bool(add.inline_references and add.column.foreign_keys)


def _is_checked(add: AddColumn) -> bool:
    """Tell whether the server has to look at the rows before it believes the column."""
    column = add.column
    if add.inline_primary_key and column.primary_key:
        return True
    if column.nullable is False and column.server_default is None:
        return True
    return any(isinstance(constraint, CheckConstraint) for constraint in column.constraints)


def _keeps_bytes(change: PostgresqlColumnType) -> bool:
    """Tell whether the stored values are right for the new type as they are."""
    old: TypeEngine[Any] | None = change.existing_type
    new: TypeEngine[Any] | None = change.type_
    if change.using or _is_constrained_domain(new):
        return False
    if isinstance(old, DOMAIN) or isinstance(new, DOMAIN):
        old, new = _below_domain(old), _below_domain(new)
        if _sql(old) == _sql(new):
            return True
    if isinstance(old, String) and isinstance(new, String):
        return _is_wider_text(old, new)
    return isinstance(old, Numeric) and isinstance(new, Numeric) and _is_wider_number(old, new)


def _is_wider_text(old: String, new: String) -> bool:
    if old.collation != new.collation or {_visit_name(old), _visit_name(new)} & {"CHAR", "NCHAR", "ENUM"}:
        return False
    if isinstance(new, Text) or new.length is None:
        return True
    return not isinstance(old, Text) and old.length is not None and old.length <= new.length


def _is_wider_number(old: Numeric[Any], new: Numeric[Any]) -> bool:
    if {_visit_name(old), _visit_name(new)} - {"NUMERIC", "DECIMAL"}:
        return False
    if new.precision is None:
        return True
    return old.precision is not None and old.precision <= new.precision and (old.scale or 0) == (new.scale or 0)


def _is_constrained_domain(type_: TypeEngine[Any] | None) -> bool:
    return isinstance(type_, DOMAIN) and (type_.check is not None or bool(type_.not_null))


def _below_domain(type_: TypeEngine[Any] | None) -> TypeEngine[Any] | None:
    while isinstance(type_, DOMAIN):
        type_ = type_.data_type
    return type_


def _sql(type_: TypeEngine[Any] | None) -> str | None:
    if type_ is None:
        return None
    dialect: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
    return type_.compile(dialect=dialect)


def _visit_name(type_: TypeEngine[Any]) -> str:
    return type_.__visit_name__.upper()


def _option(element: Any, name: str) -> bool:
    return bool(element.dialect_options["postgresql"].get(name))


def _is_reference(change: AddConstraint | DropConstraint) -> bool:
    return isinstance(change.element, ForeignKeyConstraint)


def _is_valid_check(change: AddConstraint) -> bool:
    return isinstance(change.element, CheckConstraint) and not _option(change.element, "not_valid")


def _is_check(change: AddConstraint) -> bool:
    return isinstance(change.element, CheckConstraint)


def _is_concurrent(change: CreateIndex | DropIndex) -> bool:
    return _option(change.element, "concurrently")


# --- the table -----------------------------------------------------------------------------------------------------

_INDEX_FIRST = (
    "Build the index first: `create_index(..., unique=True, postgresql_concurrently=True)` in an `autocommit_block()`; "
    "then `ALTER TABLE ... ADD CONSTRAINT ... USING INDEX ...` with `op.execute()`."
)
_VALIDATE_LATER = (
    "`postgresql_not_valid=True` now, and `ALTER TABLE ... VALIDATE CONSTRAINT ...` with `op.execute()` in a later "
    "revision: others can read and write meanwhile."
)
_CONCURRENTLY = "`postgresql_concurrently=True` in an `autocommit_block()`."

LOCK_RULES: tuple[LockRule, ...] = (
    # --- columns
    LockRule(
        name="add-column-domain",
        operations=("add_column",),
        element=AddColumn,
        case="a domain with a CHECK or NOT NULL, if the type in the revision tells of it",
        applies=lambda add: _is_constrained_domain(add.column.type),
        lock=LockMode.ACCESS_EXCLUSIVE,
        work=TableWork.REWRITE,
        advice="Add a column of the type below the domain; check its values with a CHECK that is validated later.",
    ),
    LockRule(
        name="add-column-filled",
        operations=("add_column",),
        element=AddColumn,
        case="a stored generated column, an identity, or a volatile default such as `gen_random_uuid()`",
        applies=_fills_rows,
        lock=LockMode.ACCESS_EXCLUSIVE,
        work=TableWork.REWRITE,
        advice="Add the column without the default, fill it in portions, then set the default.",
    ),
    LockRule(
        name="add-column-reference-checked",
        operations=("add_column",),
        element=AddColumn,
        case="`inline_references=True` with a default",
        applies=lambda add: _refers(add) and add.column.server_default is not None,
        lock=LockMode.ACCESS_EXCLUSIVE,
        referenced=LockMode.SHARE_ROW_EXCLUSIVE,
        work=TableWork.SCAN,
    ),
    LockRule(
        name="add-column-checked",
        operations=("add_column",),
        element=AddColumn,
        case="a CHECK, `inline_primary_key=True`, or NOT NULL without a default (which only an empty table accepts)",
        applies=_is_checked,
        lock=LockMode.ACCESS_EXCLUSIVE,
        work=TableWork.SCAN,
    ),
    LockRule(
        name="add-column-reference",
        operations=("add_column",),
        element=AddColumn,
        case="`inline_references=True`, no default: there is nothing to check",
        applies=_refers,
        lock=LockMode.ACCESS_EXCLUSIVE,
        referenced=LockMode.SHARE_ROW_EXCLUSIVE,
    ),
    LockRule(
        name="add-column",
        operations=("add_column",),
        element=AddColumn,
        case="any other column; a constant default is stored once, and `now()` counts as constant",
        lock=LockMode.ACCESS_EXCLUSIVE,
    ),
    LockRule(
        name="drop-column",
        operations=("drop_column",),
        element=DropColumn,
        lock=LockMode.ACCESS_EXCLUSIVE,
        referenced=LockMode.ACCESS_EXCLUSIVE,
    ),
    LockRule(
        name="alter-column-not-null",
        operations=("alter_column",),
        element=ColumnNullable,
        case="`nullable=False`",
        applies=lambda change: not change.nullable,
        lock=LockMode.ACCESS_EXCLUSIVE,
        work=TableWork.SCAN,
        advice=(
            "A valid CHECK (column IS NOT NULL) spares the scan: add it with `postgresql_not_valid=True`, validate it, "
            "set NOT NULL, drop the CHECK."
        ),
    ),
    LockRule(
        name="alter-column-nullable",
        operations=("alter_column",),
        element=ColumnNullable,
        case="`nullable=True`",
        lock=LockMode.ACCESS_EXCLUSIVE,
    ),
    LockRule(
        name="alter-column-type-compatible",
        operations=("alter_column",),
        element=PostgresqlColumnType,
        case=(
            "`type_`: a longer VARCHAR, VARCHAR to TEXT, NUMERIC with more digits and the same scale, "
            "a domain without CHECK and NOT NULL over such a type"
        ),
        applies=_keeps_bytes,
        lock=LockMode.ACCESS_EXCLUSIVE,
    ),
    LockRule(
        name="alter-column-type",
        operations=("alter_column",),
        element=PostgresqlColumnType,
        case="`type_`: any other, and every `postgresql_using`; indexes of the column are built anew too",
        lock=LockMode.ACCESS_EXCLUSIVE,
        work=TableWork.REWRITE,
        advice="A second column, filled in portions, that takes over the name in a later revision.",
    ),
    LockRule(
        name="alter-column-default",
        operations=("alter_column",),
        element=ColumnDefault,
        case="`server_default`",
        lock=LockMode.ACCESS_EXCLUSIVE,
    ),
    LockRule(
        name="alter-column-identity",
        operations=("alter_column",),
        element=IdentityColumnDefault,
        case="`server_default=Identity(...)`, or an identity removed",
        lock=LockMode.ACCESS_EXCLUSIVE,
    ),
    LockRule(
        name="alter-column-name",
        operations=("alter_column",),
        element=ColumnName,
        case="`new_column_name`",
        lock=LockMode.ACCESS_EXCLUSIVE,
    ),
    LockRule(
        name="alter-column-comment",
        operations=("alter_column",),
        element=ColumnComment,
        case="`comment`",
        lock=LockMode.SHARE_UPDATE_EXCLUSIVE,
    ),
    LockRule(
        name="column-comment",
        operations=("add_column", "create_table"),
        element=SetColumnComment,
        case="the comment of a column, a statement of its own",
        lock=LockMode.SHARE_UPDATE_EXCLUSIVE,
    ),
    # --- tables
    LockRule(
        name="create-table",
        operations=("create_table",),
        element=CreateTable,
        case="nobody knows the new table yet",
        lock=None,
        referenced=LockMode.SHARE_ROW_EXCLUSIVE,
    ),
    LockRule(
        name="drop-table",
        operations=("drop_table",),
        element=DropTable,
        lock=LockMode.ACCESS_EXCLUSIVE,
        referenced=LockMode.ACCESS_EXCLUSIVE,
    ),
    LockRule(name="rename-table", operations=("rename_table",), element=RenameTable, lock=LockMode.ACCESS_EXCLUSIVE),
    LockRule(
        name="table-comment",
        operations=("create_table_comment", "create_table"),
        element=SetTableComment,
        case="the comment of a table",
        lock=LockMode.SHARE_UPDATE_EXCLUSIVE,
    ),
    LockRule(
        name="drop-table-comment",
        operations=("drop_table_comment",),
        element=DropTableComment,
        lock=LockMode.SHARE_UPDATE_EXCLUSIVE,
    ),
    # --- indexes
    LockRule(
        name="create-index-concurrently",
        operations=("create_index",),
        element=CreateIndex,
        case="`postgresql_concurrently=True`, in an `autocommit_block()`; two scans",
        applies=_is_concurrent,
        lock=LockMode.SHARE_UPDATE_EXCLUSIVE,
        work=TableWork.SCAN,
    ),
    LockRule(
        name="create-index",
        operations=("create_index", "create_table", "add_column"),
        element=CreateIndex,
        case="an index",
        lock=LockMode.SHARE,
        work=TableWork.SCAN,
        advice=_CONCURRENTLY,
    ),
    LockRule(
        name="drop-index-concurrently",
        operations=("drop_index",),
        element=DropIndex,
        case="`postgresql_concurrently=True`, in an `autocommit_block()`",
        applies=_is_concurrent,
        lock=LockMode.SHARE_UPDATE_EXCLUSIVE,
    ),
    LockRule(
        name="drop-index",
        operations=("drop_index",),
        element=DropIndex,
        case="otherwise",
        lock=LockMode.ACCESS_EXCLUSIVE,
        advice=_CONCURRENTLY,
    ),
    # --- constraints
    LockRule(
        name="add-foreign-key-not-valid",
        operations=("create_foreign_key",),
        element=AddConstraint,
        case="`postgresql_not_valid=True`",
        applies=lambda add: _is_reference(add) and _option(add.element, "not_valid"),
        lock=LockMode.SHARE_ROW_EXCLUSIVE,
        referenced=LockMode.SHARE_ROW_EXCLUSIVE,
    ),
    LockRule(
        name="add-foreign-key",
        operations=("create_foreign_key", "add_column"),
        element=AddConstraint,
        case="a foreign key",
        applies=_is_reference,
        lock=LockMode.SHARE_ROW_EXCLUSIVE,
        referenced=LockMode.SHARE_ROW_EXCLUSIVE,
        work=TableWork.SCAN,
        advice=_VALIDATE_LATER,
    ),
    LockRule(
        name="add-check",
        operations=("create_check_constraint",),
        element=AddConstraint,
        case="a check",
        applies=_is_valid_check,
        lock=LockMode.ACCESS_EXCLUSIVE,
        work=TableWork.SCAN,
        advice=_VALIDATE_LATER,
    ),
    LockRule(
        name="add-check-not-valid",
        operations=("create_check_constraint",),
        element=AddConstraint,
        case="`postgresql_not_valid=True`",
        applies=_is_check,
        lock=LockMode.ACCESS_EXCLUSIVE,
    ),
    LockRule(
        name="add-exclude",
        operations=("create_exclude_constraint",),
        element=AddConstraint,
        applies=lambda add: add.element.__visit_name__ == "exclude_constraint",
        lock=LockMode.ACCESS_EXCLUSIVE,
        work=TableWork.SCAN,
    ),
    LockRule(
        name="add-key",
        operations=("create_primary_key", "create_unique_constraint", "add_column"),
        element=AddConstraint,
        case="a primary key or unique constraint builds its index",
        lock=LockMode.ACCESS_EXCLUSIVE,
        work=TableWork.SCAN,
        advice=_INDEX_FIRST,
    ),
    LockRule(
        name="drop-constraint",
        operations=("drop_constraint",),
        element=DropConstraint,
        lock=LockMode.ACCESS_EXCLUSIVE,
        referenced=LockMode.ACCESS_EXCLUSIVE,
    ),
    # --- enum types and triggers
    LockRule(
        name="replace-enum-values",
        operations=("replace_enum_values",),
        element=AlterEnumColumn,
        case="each column of the type; its indexes are built anew too",
        lock=LockMode.ACCESS_EXCLUSIVE,
        work=TableWork.REWRITE,
        advice="Leave the value in the type, and keep it out of the column with a CHECK that is validated later.",
    ),
    LockRule(
        name="create-trigger",
        operations=("create_trigger", "replace_trigger"),
        element=CreateTrigger,
        case="creating, and replacing in place",
        lock=LockMode.SHARE_ROW_EXCLUSIVE,
    ),
    LockRule(
        name="drop-trigger",
        operations=("drop_trigger", "replace_trigger"),
        element=DropTrigger,
        case="dropping",
        lock=LockMode.ACCESS_EXCLUSIVE,
    ),
    # --- rows
    LockRule(
        name="insert-rows",
        operations=("bulk_insert",),
        element=Insert,
        lock=LockMode.ROW_EXCLUSIVE,
        referenced=LockMode.ROW_SHARE,
    ),
)

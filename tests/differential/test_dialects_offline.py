"""Offline SQL of every operation, keyword and dialect, next to Alembic's."""

from __future__ import annotations

import dataclasses
import io
import itertools
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations as AlembicOperations

from runner.errors import RunnerError
from runner.operations import Operations
from tests.differential.offline_known_differences import KNOWN_DIFFERENCES, KnownDifference, difference_for
from tests.differential.offline_sql_cases import CASES, Case
from tests.unit.dialects.standin import StandInContext, offline_impl

GROUPS = sorted({(case.name.split("/")[0], dialect) for case in CASES for dialect in case.dialects})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call produced: text with white space collapsed, or an error, and whether it warned."""

    text: str
    error: Exception | None
    warned: bool

    def same_as(self, other: Outcome) -> bool:
        if self.error is not None or other.error is not None:
            return self.error is not None and other.error is not None
        return (self.text, self.warned) == (other.text, other.warned)

    def __str__(self) -> str:
        return f"{type(self.error).__name__}: {self.error}" if self.error is not None else self.text


def _outcome(case: Case, operations: Callable[[], tuple[Any, io.StringIO]]) -> Outcome:
    facade, buffer = operations()
    error = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            case.call(facade)
        except Exception as raised:  # noqa: BLE001  # whichever it is, it is the outcome
            error = raised
    return Outcome(" ".join(buffer.getvalue().split()), error, bool(caught))


def _alembic(dialect: str) -> tuple[Any, io.StringIO]:
    buffer = io.StringIO()
    context = MigrationContext.configure(
        dialect_name=dialect,
        dialect_opts={"paramstyle": "named"},
        opts={"as_sql": True, "output_buffer": buffer, "literal_binds": True},
    )
    return AlembicOperations(context), buffer


def _ours(dialect: str) -> tuple[Any, io.StringIO]:
    """Our operations on our implementation."""
    impl, buffer = offline_impl(dialect)
    context: Any = StandInContext(impl)
    return Operations(context), buffer


def _ours_under_alembic(dialect: str) -> tuple[Any, io.StringIO]:
    """Our implementation under Alembic's own operations: the method names and signatures third parties know."""
    impl, buffer = offline_impl(dialect)
    context: Any = StandInContext(impl)
    return AlembicOperations(context), buffer


def _cases(group: str, dialect: str) -> Iterator[Case]:
    return (case for case in CASES if case.name.split("/")[0] == group and dialect in case.dialects)


def _complaint(case: Case, dialect: str, operations: Callable[[str], tuple[Any, io.StringIO]]) -> str | None:
    """Return what is wrong with a case, or None."""
    theirs = _outcome(case, lambda: _alembic(dialect))
    ours = _outcome(case, lambda: operations(dialect))
    known = difference_for(case.name, dialect)
    if theirs.same_as(ours):
        return None
    if known is None:
        return f"{case.name}\n  Alembic: {theirs}\n  ours:    {ours}"
    if not _as_documented(known, theirs, ours):
        return f"{case.name}, documented as: {known.reason}\n  Alembic: {theirs}\n  ours:    {ours}"
    return None


def _as_documented(known: KnownDifference, theirs: Outcome, ours: Outcome) -> bool:
    if known.refused:
        return isinstance(ours.error, RunnerError)
    if ours.error is not None:
        return False
    if known.derived is not None:
        return ours.text == known.derived(theirs.text)
    return all(piece in ours.text for piece in known.contains)


@pytest.mark.parametrize("operations", [_ours, _ours_under_alembic])
@pytest.mark.parametrize(("group", "dialect"), GROUPS, ids=[f"{group}-{dialect}" for group, dialect in GROUPS])
def test_offline_text_equals_alembics_but_for_documented_differences(
    group: str, dialect: str, operations: Callable[[str], tuple[Any, io.StringIO]]
) -> None:
    """Every case gives Alembic's text or a documented difference (OP-1 to OP-21, DI-1, DI-3, DI-4, DI-6 to DI-9)."""
    complaints = [found for case in _cases(group, dialect) if (found := _complaint(case, dialect, operations))]

    assert complaints == []


SAID: dict[str, dict[str, str]] = {
    "DI-1 postgresql": {
        "alter_column/using": "ALTER COLUMN c TYPE INTEGER USING c::integer;",
        "alter_column/identity-add-options": "ADD GENERATED ALWAYS AS IDENTITY (INCREMENT BY 3 START WITH 5",
        "alter_column/identity-change": "ALTER COLUMN c SET GENERATED ALWAYS SET INCREMENT BY 4;",
        "alter_column/identity-drop": "ALTER COLUMN c DROP IDENTITY;",
        "alter_column/comment/bare": "COMMENT ON COLUMN t.c IS 'it''s 5%';",
        "create_exclude_constraint/plain": "ADD CONSTRAINT ex EXCLUDE USING gist (r WITH &&);",
        "create_index/include": 'INCLUDE (b, "C c");',
    },
    "DI-3 mysql": {
        "alter_column/type/existing-all": "MODIFY c VARCHAR(20) NOT NULL DEFAULT 7 COMMENT 'old';",
        "alter_column/name/existing-all": "CHANGE c d INTEGER NOT NULL DEFAULT 7 COMMENT 'old';",
        "alter_column/datetime-default": "CHANGE c c DATETIME NULL DEFAULT CURRENT_TIMESTAMP;",
        "alter_column/existing-autoincrement": "MODIFY c BIGINT NOT NULL AUTO_INCREMENT;",
        "alter_column/default/existing-all": "ALTER COLUMN c SET DEFAULT 'x';",
        "alter_column/default-drop/existing-all": "ALTER COLUMN c DROP DEFAULT;",
        "alter_column/type/existing-type": "OfflineUnsupported: .* Add existing_nullable=",
        "alter_column/not-null/bare": "OperationError: .* Add existing_type=",
    },
    "DI-4 mysql": {
        "drop_constraint/foreignkey": "DROP FOREIGN KEY k;",
        "drop_constraint/unique": "DROP INDEX k;",
        "drop_constraint/primary": "DROP PRIMARY KEY;",
        "drop_constraint/check": "DROP CONSTRAINT k;",
        "drop_constraint/untyped": "OperationUnsupported: .* Add type_=",
        "drop_constraint/check/if_exists": "OfflineUnsupported: .* Remove if_exists=True",
        "alter_column/identity-add": "OperationUnsupported: mysql cannot add, change or remove the identity of t.c",
        "alter_column/computed-add": "OperationUnsupported: The generation expression of t.c",
    },
    "DI-4 mariadb": {
        "drop_constraint/check": "DROP CONSTRAINT k;",
        "drop_constraint/check/if_exists": "DROP CONSTRAINT IF EXISTS k;",
    },
    "DI-6 sqlite": {
        "rename_table/plain": "ALTER TABLE t RENAME TO u;",
        "alter_column/name/bare": "ALTER TABLE t RENAME COLUMN c TO d;",
        "add_column/default-text": "ADD COLUMN c INTEGER DEFAULT (1 + 1) NOT NULL;",
        "create_unique_constraint/plain": "OperationUnsupported: .* Use op.batch_alter_table",
        "alter_column/null/existing-all": "OperationUnsupported: .* the nullability of t.c in place",
        "alter_column/type/existing-all": "OperationUnsupported: .* the type of t.c in place",
        "alter_column/default/existing-all": "OperationUnsupported: .* the default of t.c in place",
        "create_table_comment/plain": "OperationUnsupported: SQLite has no comments",
    },
    "DI-7 mssql": {
        "alter_column/type/existing-all": "ALTER COLUMN c VARCHAR(20) NOT NULL;",
        "alter_column/null/existing-all": "ALTER COLUMN c INTEGER NULL;",
        "add_column/not-null": "ALTER TABLE t ADD c INTEGER NOT NULL;",
        "rename_table/plain": "EXEC sp_rename 't', u;",
        "alter_column/name/bare": "EXEC sp_rename 't.c', d, 'COLUMN';",
        "alter_column/default-over-default": "drop constraint .* ADD DEFAULT '5' FOR c;",
        "drop_column/mssql-all": "sys.default_constraints .* sys.check_constraints .* sys.foreign_key.* DROP COLUMN c;",
        "create_table_comment/plain": "sp_addextendedproperty 'MS_Description', N'it''s 5%', 'schema', dbo, .* t;",
        "alter_column/comment-change": "sp_updateextendedproperty 'MS_Description', N'new', .* 'column', c;",
        "drop_table_comment/plain": "sp_dropextendedproperty 'MS_Description', 'schema', dbo, 'table', t;",
        "bulk_insert/identity-column": "SET IDENTITY_INSERT t ON; .* SET IDENTITY_INSERT t OFF;",
        "add_column/identity-options": "IDENTITY(3,2);",
    },
    "DI-8 oracle": {
        "alter_column/null/existing-all": "ALTER TABLE t MODIFY c NULL /",
        "alter_column/default-drop/bare": "ALTER TABLE t MODIFY c DEFAULT NULL /",
        "alter_column/name/bare": "ALTER TABLE t RENAME COLUMN c TO d /",
        "alter_column/identity-change": "MODIFY c GENERATED ALWAYS AS IDENTITY (INCREMENT BY 4) /",
        "alter_column/identity-drop": "MODIFY c DROP IDENTITY /",
        "add_column/not-null": "ALTER TABLE t ADD c INTEGER NOT NULL /",
        "create_table_comment/schema": "COMMENT ON TABLE s.t IS 'x' /",
        "alter_column/comment-add-schema": "COMMENT ON COLUMN s.t.c IS",
    },
    "DI-9 mssql": {
        "add_column/check-named": "ADD c INTEGER NULL CONSTRAINT ck_c CHECK (c > 0);",
        "add_column/foreign-key-named/inline_references": "ADD c INTEGER NULL CONSTRAINT fk_c REFERENCES u (id)",
        "add_column/nullable/if_not_exists": "IF COL_LENGTH(N't', N'c') IS NULL ALTER TABLE t ADD c INTEGER NULL;",
    },
    "DI-9 oracle": {
        "add_column/check-named": "ADD c INTEGER CONSTRAINT ck_c CHECK (c > 0) /",
        "add_column/foreign-key-named/inline_references": "ADD c INTEGER CONSTRAINT fk_c REFERENCES u (id)",
        "add_column/nullable/if_not_exists": "OperationUnsupported: .* Remove if_not_exists=True",
    },
}
"""Row and dialect -> case -> what the script or the refusal says; `.*` stands for anything."""


@pytest.mark.parametrize("row", SAID)
def test_each_dialect_says_it_its_own_way(row: str) -> None:
    """The words that the rows name are those of the scripts (DI-1, DI-3, DI-4, DI-6, DI-7, DI-8, DI-9)."""
    dialect = row.partition(" ")[2]
    found = {case.name: str(_outcome(case, lambda: _ours(dialect))) for case in CASES if case.name in SAID[row]}

    assert found.keys() == SAID[row].keys()
    assert {name: found[name] for name, words in SAID[row].items() if not _says(found[name], words)} == {}


def _says(text: str, words: str) -> bool:
    return re.search(".*".join(re.escape(part) for part in words.split(".*")), text) is not None


@pytest.mark.parametrize("known", KNOWN_DIFFERENCES, ids=lambda known: f"{known.cases[0]}-{known.dialects[0]}")
def test_no_documented_difference_is_stale(known: KnownDifference) -> None:
    """Every pattern of the list still names a case in which we differ."""
    stale = [pattern for pattern in known.cases if not any(_differs(case, d) for case, d in _covered(known, pattern))]

    assert stale == []


def _covered(known: KnownDifference, pattern: str) -> Iterator[tuple[Case, str]]:
    single = dataclasses.replace(known, cases=(pattern,))
    for case, dialect in itertools.product(CASES, known.dialects):
        if dialect in case.dialects and single.covers(case.name, dialect):
            yield case, dialect


def _differs(case: Case, dialect: str) -> bool:
    return not _outcome(case, lambda: _alembic(dialect)).same_as(_outcome(case, lambda: _ours(dialect)))


def test_there_are_several_hundred_cases() -> None:
    """The table covers every operation on every dialect."""
    assert sum(len(case.dialects) for case in CASES) > 2000
    assert len({case.name for case in CASES}) == len(CASES)

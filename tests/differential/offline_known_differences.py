"""Where our offline SQL differs from Alembic's on purpose, and why.

Each entry says which cases on which dialects, the reason, and what is ours: a refusal, a text that contains
certain pieces, or a text derived from Alembic's. An entry that matches a case without a difference is stale,
and the test says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import sqlalchemy

from tests.differential.offline_sql_cases import ALL

__all__ = ["KNOWN_DIFFERENCES", "KnownDifference", "difference_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDifference:
    """A deliberate difference: where, why, and what is ours."""

    cases: tuple[str, ...]
    """Patterns of case names, `*` as in a shell."""
    dialects: tuple[str, ...]
    reason: str
    refused: bool = False
    """Ours raises an error of its own."""
    contains: tuple[str, ...] = ()
    """Ours contains these pieces, white space collapsed."""
    derived: Callable[[str], str] | None = None
    """Ours is this function of Alembic's, white space collapsed."""

    def covers(self, case: str, dialect: str) -> bool:
        """Return whether the entry is about this case on this dialect."""
        return dialect in self.dialects and any(fnmatchcase(case, pattern) for pattern in self.cases)


def _without_identity_insert(alembic: str) -> str:
    return re.sub(r" ?SET IDENTITY_INSERT \S+ (ON|OFF); GO ?", "", alembic).strip()


def _dropping_all(alembic: str) -> str:
    found = re.compile(
        r"declare @const_name varchar\(256\) select @const_name = QUOTENAME\(\[name\]\) from (?P<source>.*?) "
        r"where (?P<where>\S+) = object_id\((?P<table>\S+)\) and (?P<column>.*?) = '(?P<name>\S+)' "
        r"exec\((?P<drop>'.*?') \+ @const_name\)"
    )
    ours = (
        r"declare @drops nvarchar(max) = N'' select @drops = @drops + N\g<drop> + QUOTENAME([name]) + N';' "
        r"from \g<source> where \g<where> = object_id(N\g<table>) and \g<column> = N'\g<name>' exec(@drops)"
    )
    return found.sub(ours, alembic).replace("N'it's'", "N'it''s'")


KNOWN_DIFFERENCES: tuple[KnownDifference, ...] = (
    # --- general ones first: an entry further down wins
    KnownDifference(
        cases=(
            "drop_column/mssql_drop_*",
            "drop_column/mssql-all",
            "alter_column/default-drop/*",
            "alter_column/*default*/*",
            "alter_column/*default*",
            "alter_column/mssql-everything",
        ),
        dialects=("mssql",),
        reason=(
            "Alembic drops one foreign key or check of a column that has several, names only in its code page, and "
            "leaves a quote in a name open (DI-7)"
        ),
        derived=_dropping_all,
    ),
    KnownDifference(
        cases=("create_check_constraint/text-colon", "create_table/colon-default"),
        dialects=("postgresql", "sqlite", "mysql", "mariadb", "mssql", "oracle"),
        reason="Alembic writes NULL for what it takes for a parameter, inside of the string (OP-16)",
        contains=("""'{"k":1}'""",),
    ),
    KnownDifference(
        cases=("alter_column/default-jsonb",),
        dialects=("postgresql",),
        reason="Alembic writes NULL for what it takes for a parameter, inside of the string (OP-16)",
        contains=("""'{"a":1}'""",),
    ),
    KnownDifference(
        cases=("alter_column/default-text/*",),
        dialects=("mysql", "mariadb"),
        reason="ALTER COLUMN takes an expression in parentheses only; Alembic writes none (DI-3)",
        contains=("SET DEFAULT (1 + 1);",),
    ),
    KnownDifference(
        cases=("create_table_comment/none",),
        dialects=("mysql", "mariadb"),
        reason="Alembic writes COMMENT NULL, which no server takes",
        contains=("ALTER TABLE t COMMENT '';",),
    ),
    KnownDifference(
        cases=("create_table_comment/none",),
        dialects=("oracle",),
        reason="Alembic writes IS NULL, which Oracle Database does not take",
        contains=("COMMENT ON TABLE t IS ''",),
    ),
    # --- losses that are refused or repaired -----------------------------------------------------------------------
    KnownDifference(
        cases=(
            "alter_column/type*/bare",
            "alter_column/type*/existing-type",
            "alter_column/name*/existing-type",
            "alter_column/comment*/existing-type",
        ),
        dialects=("mysql", "mariadb"),
        reason="MODIFY writes NULL when the revision does not say, and NOT NULL is lost; ours refuses offline (DI-3)",
        refused=True,
    ),
    KnownDifference(
        cases=("drop_constraint/*/if_exists",),
        dialects=("mysql",),
        reason="MySQL has no IF EXISTS for constraints; Alembic drops the keyword silently (DI-4)",
        refused=True,
    ),
    KnownDifference(
        cases=(
            "drop_constraint/foreignkey/if_exists",
            "drop_constraint/unique/if_exists",
            "drop_constraint/check/if_exists",
        ),
        dialects=("mariadb",),
        reason="MariaDB has IF EXISTS for constraints; Alembic drops the keyword silently (DI-4)",
        contains=(" IF EXISTS k;",),
    ),
    KnownDifference(
        cases=("drop_constraint/primary/if_exists",),
        dialects=("mariadb",),
        reason="no IF EXISTS for primary keys; Alembic drops the keyword silently (DI-4)",
        refused=True,
    ),
    KnownDifference(
        cases=("add_column/check*",),
        dialects=("mssql", "oracle"),
        reason="Alembic drops the CHECK silently (DI-9)",
        contains=(" CHECK (c ",),
    ),
    KnownDifference(
        cases=("add_column/foreign-key*/inline_references",),
        dialects=("mssql", "oracle"),
        reason="Alembic drops the foreign key silently (DI-9)",
        contains=("REFERENCES ", "u (id)"),
    ),
    KnownDifference(
        cases=("add_column/primary-key*/inline_primary_key",),
        dialects=("mssql", "oracle"),
        reason="Alembic drops inline_primary_key silently (DI-9)",
        contains=(" PRIMARY KEY",),
    ),
    KnownDifference(
        cases=("add_column/*/if_not_exists",),
        dialects=("mssql",),
        reason="Alembic drops IF NOT EXISTS silently; ours looks at the catalogue (DI-9)",
        contains=("IF COL_LENGTH(N't', N'", "') IS NULL ALTER TABLE t ADD "),
    ),
    KnownDifference(
        cases=("create_index/if_not_exists",),
        dialects=("mssql",),
        reason="Alembic drops IF NOT EXISTS silently; ours looks at the catalogue (DI-9)",
        contains=("IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE", "CREATE INDEX ix_t ON t (a);"),
    ),
    KnownDifference(
        cases=("add_column/*/if_not_exists", "create_index/if_not_exists"),
        dialects=("oracle",),
        reason="Alembic drops IF NOT EXISTS silently; Oracle has no statement for it (DI-9)",
        refused=True,
    ),
    KnownDifference(
        cases=(
            "add_column/foreign-key-named/inline_references",
            "add_column/foreign-key-deferrable/inline_references",
            "add_column/foreign-key-schema/inline_references",
        ),
        dialects=("postgresql", "sqlite"),
        reason="Alembic drops the name of an inline foreign key; the downgrade then cannot drop it by that name",
        contains=(" CONSTRAINT fk_c REFERENCES ",),
    ),
    KnownDifference(
        cases=("add_column/foreign-key-schema/inline_references", "create_table/foreign-key-schema"),
        dialects=("sqlite",),
        reason="Alembic loses the foreign key, or makes it one to a table of the same name in the other database",
        refused=True,
    ),
    KnownDifference(
        cases=("add_column/foreign-key*/inline_references",),
        dialects=("mysql", "mariadb"),
        reason="MySQL parses and ignores REFERENCES in a column; ours is a clause of the same statement",
        contains=("ADD COLUMN c INTEGER, ADD ", "FOREIGN KEY(c) REFERENCES "),
    ),
    KnownDifference(
        cases=("alter_column/existing-type-class",),
        dialects=("mysql", "mariadb"),
        reason="Alembic does not see that the class DateTime is a date and time; ours treats it as its instance",
        derived=lambda alembic: alembic.replace("MODIFY c ", "CHANGE c c "),
    ),
    KnownDifference(
        cases=("alter_column/type-from-boolean",),
        dialects=("mariadb",),
        reason="Alembic leaves the CHECK of a type behind when the type is gone, and the next upgrade fails on it",
        derived=lambda alembic: f"ALTER TABLE t DROP CONSTRAINT IF EXISTS ck_flag; {alembic}",
    ),
    # --- statements the database would reject ------------------------------------------------------------------------
    KnownDifference(
        cases=("add_column/check-named", "add_column/check-expression"),
        dialects=("mysql", "mariadb"),
        reason="MariaDB takes no name for a CHECK in a column; ours is a clause of the statement, as MySQL takes it",
        derived=lambda alembic: re.sub(r" CONSTRAINT (\w+) CHECK", r", ADD CONSTRAINT \1 CHECK", alembic),
    ),
    KnownDifference(
        cases=("drop_constraint/check", "drop_constraint/check/schema"),
        dialects=("mysql",),
        reason="MariaDB does not know DROP CHECK; DROP CONSTRAINT is understood by both, MySQL from 8.0.19 on",
        derived=lambda alembic: alembic.replace("DROP CHECK", "DROP CONSTRAINT"),
    ),
    KnownDifference(
        cases=(
            "alter_column/null/*",
            "alter_column/not-null*",
            "alter_column/type*",
            "alter_column/default*",
            "alter_column/name+default/*",
            "alter_column/using-elsewhere",
            "alter_column/quoted-type",
            "alter_column/existing-type-class",
        ),
        dialects=("sqlite",),
        reason="SQLite rejects ALTER COLUMN; ours names the column and the way out before anything is written (DI-6)",
        refused=True,
    ),
    KnownDifference(
        cases=("create_table_comment/*", "drop_table_comment/*", "impl/create_column_comment"),
        dialects=("sqlite",),
        reason="SQLite rejects COMMENT ON (DI-6)",
        refused=True,
    ),
    KnownDifference(
        cases=(
            "alter_column/comment/[be]*",
            "alter_column/comment-drop/[be]*",
            "alter_column/comment-quote",
            "alter_column/comment-change",
            "alter_column/*+comment*",
            "add_column/comment",
            "create_table/comment",
            "create_table_comment/[pen]*",
            "drop_table_comment/plain",
            "impl/create_column_comment",
        ),
        dialects=("mssql",),
        reason="Alembic crashes: offline no session tells the default schema; ours takes dbo (DI-7)",
        contains=("extendedproperty 'MS_Description'", "'schema', dbo, 'table', t"),
    ),
    KnownDifference(
        cases=("bulk_insert/*",),
        dialects=("mssql",),
        reason="IDENTITY_INSERT is an error for a table without identity, and for rows that do not give its value",
        derived=_without_identity_insert,
    ),
    KnownDifference(
        cases=("alter_column/comment*/schema", "alter_column/comment-add-schema"),
        dialects=("oracle",),
        reason="Alembic leaves the schema out, and comments on a table of that name elsewhere (DI-8)",
        derived=lambda alembic: alembic.replace(" t.c ", " s.t.c "),
    ),
    KnownDifference(
        cases=("alter_column/identity-unchanged",),
        dialects=("postgresql",),
        reason="Alembic writes ALTER COLUMN without an action, a syntax error; there is nothing to do",
        derived=lambda _: "",
    ),
    KnownDifference(
        cases=("alter_column/identity-to-default",),
        dialects=("postgresql", "oracle"),
        reason="Alembic crashes; the identity goes, then the default comes",
        contains=("DROP IDENTITY", "DEFAULT '5'"),
    ),
    KnownDifference(
        cases=("alter_column/identity-over-default",),
        dialects=("postgresql",),
        reason="Alembic crashes; the default goes, then the identity comes",
        contains=("DROP DEFAULT; ALTER TABLE t ALTER COLUMN c ADD GENERATED BY DEFAULT AS IDENTITY;",),
    ),
    KnownDifference(
        cases=("create_unique_constraint/include",),
        dialects=("postgresql",),
        reason="Alembic raises KeyError unless the INCLUDE column is a key column",
        contains=("UNIQUE (a) INCLUDE (b);",),
    ),
    KnownDifference(
        cases=("create_exclude_constraint/expression",),
        dialects=("postgresql",),
        reason="Alembic crashes on an expression as an element",
        contains=("EXCLUDE USING gist (int4range(a, b) WITH &&);",),
    ),
    KnownDifference(
        cases=("execute/insert-table",),
        dialects=("oracle",),
        reason="RETURNING INTO needs a variable of the client, which a script does not have",
        derived=lambda alembic: alembic.replace(" RETURNING t.id INTO :ret_0", ""),
    ),
    # --- values ------------------------------------------------------------------------------------------------------
    KnownDifference(
        cases=("bulk_insert/json", "bulk_insert/jsonb"),
        dialects=ALL,
        reason="SQLAlchemy has no literal for JSON; ours is the text the database stores (OFF-3)",
        contains=("""VALUES ('{"a": """,),
    ),
    KnownDifference(
        cases=("bulk_insert/datetime",),
        dialects=("mssql",),
        reason="what DATETIME makes of a string depends on the language of the login; DATETIME2 reads one way only",
        contains=("VALUES (CAST('2024-02-29T01:02:03' AS DATETIME2));",),
    ),
    KnownDifference(
        cases=("bulk_insert/array*",),
        dialects=("postgresql",),
        reason="an array of dates, of enums or of nothing is an error without its type, so every array has it",
        contains=("VALUES (CAST(ARRAY[", "[]));"),
    ),
    KnownDifference(
        cases=("bulk_insert/interval",),
        dialects=("postgresql",),
        reason="two days are not 48 hours; drivers send days, and so does ours",
        contains=("VALUES ('2 days 0 seconds');",),
    ),
    KnownDifference(
        cases=("bulk_insert/inet",),
        dialects=("postgresql",),
        reason="SQLAlchemy has no literal for PostgreSQL's string-like types",
        contains=("VALUES ('10.0.0.1');",),
    ),
    KnownDifference(
        cases=("bulk_insert/untyped",),
        dialects=ALL,
        reason="a column without a type takes that of the value, as the online run does",
        contains=("VALUES (1, 'x')",),
    ),
    KnownDifference(
        cases=("bulk_insert/bytes*",),
        dialects=ALL,
        reason="bytes as text change their type (SQLite), or cannot be written at all; ours is the binary literal",
        contains=("INSERT INTO t (c) VALUES (",),
    ),
)

if sqlalchemy.__version__ < "2.1":
    KNOWN_DIFFERENCES += (
        KnownDifference(
            cases=("bulk_insert/backslash", "execute/backslash"),
            dialects=("postgresql",),
            reason="SQLAlchemy 2.0 doubles backslashes until it has seen the server; supported servers take one",
            derived=lambda alembic: alembic.replace("\\\\", "\\"),
        ),
    )


def difference_for(case: str, dialect: str) -> KnownDifference | None:
    """Return the entry for a case on a dialect; the most specific list position wins, last entries first."""
    return next((known for known in reversed(KNOWN_DIFFERENCES) if known.covers(case, dialect)), None)

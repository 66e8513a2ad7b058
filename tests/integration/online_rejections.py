"""What servers and engine do not take of the offline table, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["NO_SCRIPT", "ONE_WAY", "REJECTED", "SAYS_ALL", "Rejection"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Cases that must be rejected.

    Args:
        cases: patterns of their names.
        words: what the error says, as a regular expression.
        why: the reason.
        but: patterns of those among them that are taken.
        before: the server version that takes them; empty where none does.
    """

    cases: tuple[str, ...]
    words: str
    why: str
    but: tuple[str, ...] = ()
    before: tuple[int | str, ...] = ()

    def holds(self, version: tuple[int | str, ...]) -> bool:
        """Tell whether a server of this version rejects them."""
        return not self.before or version[:1] < self.before


_GENERATED = Rejection(
    cases=("alter_column/computed-add", "alter_column/computed-drop"),
    words="OperationUnsupported: The generation expression of t.c cannot be added, changed or removed in place",
    why="no database changes a generated column in place",
)
_OTHER_DATABASE = Rejection(
    cases=("add_column/dotted-schema",),
    words=r'cross-database references are not implemented|near "\.": syntax error|right syntax to use near .*t ADD',
    why="a table of another database, which SQL Server alone can name",
)
_PICKLE = Rejection(
    cases=("bulk_insert/pickle",),
    words="OfflineUnsupported: Offline mode cannot write the statement",
    why="an object has no literal form; online it is inserted",
)
_IN_BATCH_ONLY = Rejection(
    cases=(
        "alter_column/*",
        "create_*_constraint/*",
        "create_primary_key/*",
        "create_foreign_key/*",
        "drop_constraint/*",
        "add_column/unique",
        "add_column/unique/schema",
        "add_column/foreign-key*",
    ),
    but=("alter_column/name/*", "alter_column/name-quoted/*", "alter_column/quoted", "*/inline_references"),
    words=r"OperationUnsupported: (SQLite cannot .* Use op.batch_alter_table|The generation expression of)",
    why="SQLite alters names only; test_cases_in_batch_blocks_on_sqlite has them",
)
_NO_COLLATION = Rejection(
    cases=("*/type/string-collate",),
    words="no such collation sequence: C|Unknown collation",
    why="a collation of PostgreSQL",
)
_NOT_IF_EXISTS = Rejection(
    cases=("add_column/*/if_not_exists", "drop_column/if_exists"),
    words='near "EXISTS": syntax error',
    why="SQLite has no IF EXISTS for columns, and says so itself",
)
_NOT_IF_EXISTS_IN_PLACE = replace(
    _NOT_IF_EXISTS,
    cases=("add_column/*/if_not_exists",),
    but=("add_column/default-text/*", "add_column/foreign-key*"),
)
_NO_KEY_COLUMN = Rejection(
    cases=("add_column/primary-key*/inline_primary_key",),
    words="Cannot add a PRIMARY KEY column",
    why="SQLite adds a column to a primary key in a batch block that makes the key only",
)
_NO_COMMENTS = Rejection(
    cases=("create_table_comment/*", "drop_table_comment/*"),
    words="OperationUnsupported: SQLite has no comments",
    why="SQLite has none",
)
_STAYS_IN_SCHEMA = Rejection(
    cases=("*/foreign-key-schema/inline_references", "create_table/foreign-key-schema"),
    words="OperationUnsupported: t.c cannot refer to other.u: on SQLite a foreign key stays within one database",
    why="a table of one attached database cannot refer to one of another",
)
_NOT_DEFERRED = Rejection(
    cases=(
        "create_table/deferrable",
        "create_unique_constraint/deferrable",
        "create_check_constraint/deferrable",
        "create_check_constraint/initially",
    ),
    words='near "?.?(DEFERRABLE|INITIALLY)|SQLite cannot add constraints in place',
    why="only foreign keys can wait, and on MariaDB nothing",
)

REJECTED: dict[str, tuple[Rejection, ...]] = {
    "postgresql": (
        Rejection(
            cases=("add_column/computed-virtual*",),
            words="CompileError: .* computed columns do not support 'virtual' persistence",
            why="virtual columns came with version 18",
            before=(18,),
        ),
        _GENERATED,
        _OTHER_DATABASE,
        _PICKLE,
        Rejection(
            cases=("alter_column/using-without-type",),
            words="OperationError: alter_column t.c: postgresql_using needs the new type",
            why="USING belongs to a change of the type",
        ),
        Rejection(
            cases=("alter_column/type-to-boolean", "alter_column/type-to-enum"),
            words='DatatypeMismatch.* column "c" cannot be cast automatically to type (boolean|letters)',
            why="such a change needs postgresql_using",
        ),
        Rejection(
            cases=("create_table/postgresql-options", "create_index/tablespace"),
            words='tablespace "fast" does not exist',
            why="only a superuser could make one",
        ),
        Rejection(
            cases=("create_index/ops",),
            words='operator class "gin_trgm_ops" does not exist',
            why="the extension pg_trgm has it",
        ),
        Rejection(
            cases=("create_exclude_constraint/where",),
            words='data type integer has no default operator class for access method "gist"',
            why="the extension btree_gist has it",
        ),
        Rejection(
            cases=("create_check_constraint/deferrable", "create_check_constraint/initially"),
            words="CHECK constraints cannot be marked DEFERRABLE",
            why="PostgreSQL's checks cannot wait",
        ),
        Rejection(
            cases=("bulk_insert/string",),
            words="value too long for type character varying\\(9\\)",
            why="the value is longer than its column, which SQLite does not mind",
        ),
        Rejection(cases=("bulk_insert/untyped",), words='invalid input syntax for type integer: "x"', why="no number"),
        Rejection(
            cases=("execute/string", "execute/update"),
            words="operator does not exist: integer (~~|=)",
            why="b is a number there, a text in the case",
        ),
        Rejection(cases=("execute/cast-type",), words='column "a" does not exist', why="a query without a table"),
    ),
    "sqlite": (
        _NO_COLLATION,
        _NOT_IF_EXISTS,
        _NO_KEY_COLUMN,
        _OTHER_DATABASE,
        _NO_COMMENTS,
        _NOT_DEFERRED,
        _PICKLE,
        _IN_BATCH_ONLY,
        _STAYS_IN_SCHEMA,
        Rejection(
            cases=("create_index/column-desc",), words="unsupported use of NULLS LAST", why="SQLite sorts NULLs first"
        ),
        Rejection(
            cases=("execute/*-sequence", "execute/create-schema"),
            words='near "(SEQUENCE|SCHEMA)": syntax error',
            why="SQLite has neither",
        ),
        Rejection(cases=("execute/cast",), words='unrecognized token: ":"', why="`::` is PostgreSQL's"),
        Rejection(cases=("execute/cast-type",), words="no such column: a", why="a query without a table"),
    ),
    "sqlite in batch": (
        _NO_COLLATION,
        _STAYS_IN_SCHEMA,
        _NOT_IF_EXISTS_IN_PLACE,
        _NO_KEY_COLUMN,
        _OTHER_DATABASE,
        _NOT_DEFERRED,
        Rejection(
            cases=("create_foreign_key/schemas", "add_column/foreign-key-schema*", "add_column/foreign-key*/schema"),
            words="OperationError: .* cannot refer to .*",
            why="a table of one attached database cannot refer to one of another",
        ),
        Rejection(
            cases=("drop_constraint/foreignkey/schema",),
            words="NoSuchConstraint: Table t has no constraint k",
            why="a table of an attached database cannot refer to one of another",
        ),
    ),
    "mariadb": (
        _NO_COLLATION,
        _OTHER_DATABASE,
        _NOT_DEFERRED,
        _GENERATED,
        _PICKLE,
        Rejection(
            cases=("add_column/primary-key", "add_column/primary-key-auto", "add_column/primary-key*/schema"),
            words="there can be only one auto column and it must be defined as a key",
            why="without inline_primary_key the column is AUTO_INCREMENT and no key",
        ),
        Rejection(
            cases=("add_column/foreign-key*deferrable*", "create_foreign_key/deferrable"),
            words="right syntax to use near '(DEFERRABLE|INITIALLY)",
            why="foreign keys cannot wait",
        ),
        Rejection(
            cases=("add_column/foreign-key/schema", "add_column/foreign-key-named/schema"),
            words="Foreign key constraint is incorrectly formed",
            why="there is no table u in that database",
        ),
        Rejection(
            cases=("alter_column/identity-add", "alter_column/identity-drop"),
            words="OperationUnsupported: mariadb cannot add, change or remove the identity",
            why="there are no identities",
        ),
        Rejection(
            cases=(
                "alter_column/type-to-enum",
                "alter_column/rename-datetime",
                "alter_column/existing-type-class",
                "alter_column/n*+default/existing-*",
            ),
            words="Invalid default value for '[cd]'",
            why="the default that is kept does not fit the other type",
        ),
        Rejection(
            cases=("alter_column/type-datetime/existing-all", "alter_column/type-datetime/schema"),
            words="Invalid default value for 'c'",
            why="the default that the case says is there does not fit the type",
        ),
        Rejection(
            cases=("create_table/computed",),
            words="Function or expression 'AUTO_INCREMENT' cannot be used",
            why="a generated column cannot use the AUTO_INCREMENT one",
        ),
        Rejection(
            cases=("create_index/text", "create_index/func"),
            words=r"right syntax to use near '\(?(lower\()?a",
            why="MariaDB has no indexes on expressions",
        ),
        Rejection(
            cases=("create_index/mysql-parser",), words="right syntax to use near 'WITH PARSER|ngram", why="no parser"
        ),
        Rejection(
            cases=("drop_index/plain", "drop_index/schema-only"),
            words="Table '(main|s).no_table' doesn't exist",
            why="an index belongs to its table, which the case does not name",
        ),
        Rejection(
            cases=("create_index/mysql-length-map",),
            words="Specified key was too long",
            why="under the name mariadb, SQLAlchemy leaves out what is for mysql",
        ),
        Rejection(
            cases=("drop_constraint/untyped*",),
            words="OperationUnsupported: .* MySQL drops constraints by their kind. Add type_=",
            why="each kind has a statement of its own (DI-4)",
        ),
        Rejection(
            cases=("bulk_insert/string",),
            words="Data too long for column 'c'",
            why="the value is longer than its column",
        ),
        Rejection(cases=("bulk_insert/untyped",), words="Incorrect integer value: 'x'", why="no number"),
        Rejection(cases=("execute/cast",), words="right syntax to use near '::text'", why="`::` is PostgreSQL's"),
        Rejection(cases=("execute/update",), words="Truncated incorrect DECIMAL value", why="b is a number there"),
        Rejection(cases=("execute/cast-type",), words="Unknown column 'a'", why="a query without a table"),
        Rejection(
            cases=("create_foreign_key/match",),
            words="CompileError: MySQL ignores the 'MATCH' keyword",
            why="SQLAlchemy refuses what MySQL ignores",
        ),
    ),
}
"""Run -> what is rejected, the first that fits."""

_OTHERS_PAST = ("alter_column/type-datetime/*", "alter_column/default-func/*")  # not the column that is laid out
ONE_WAY: dict[str, tuple[str, ...]] = {
    "postgresql": (
        *_OTHERS_PAST,
        "alter_column/type/*",  # a string becomes a number only with postgresql_using
        "alter_column/type+*",
        "create_table/*enum*",  # the types stay when the table goes, unless drop_types is given
    ),
    "sqlite": (
        *_OTHERS_PAST,
        "add_column/index*",  # SQLite drops no column that has an index
        "add_column/unique-index*",
    ),
    "sqlite in batch": _OTHERS_PAST,
    "mariadb": (
        *_OTHERS_PAST,
        "add_column/foreign-key*",  # MariaDB drops no column that has a foreign key
        "create_foreign_key/*",  # the index it brought along stays
    ),
}
"""Run -> cases that are not taken back, because the operations cannot know all of the past."""

NO_SCRIPT: dict[str, tuple[str, ...]] = {
    "postgresql": ("add_column/computed", "add_column/computed/schema"),  # the script is one for version 18
    "sqlite": (),
    "mariadb": (
        "*/type/uuid",  # MariaDB has the type, MySQL has not
        "create_table/sequence",  # MySQL has none
        "get_bind/sequence",
        "drop_constraint/*/if_exists",  # MySQL cannot, and the script refuses
        "create_table/m*-options",
        "create_index/m*",
        "alter_column/*",  # online, what the revision does not say is kept (ADR 0007), offline nobody knows it
    ),
}
"""Cases of which a script is not the same as a run."""

SAYS_ALL = ("alter_column/*/existing-all", "alter_column/*/schema")
"""Cases that say everything about their column, so that a script needs to ask nobody."""

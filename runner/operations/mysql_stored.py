"""Columns as MySQL or MariaDB stores them: floor 2. Read from SHOW CREATE TABLE, so that nothing of them gets lost.

The server's own text is the only place that has everything about a column: generation expression, ON UPDATE,
INVISIBLE, a CHECK of the column itself, character set. It is cut into clauses, and the clauses stay as they
are; no type or default is interpreted here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["StoredColumn", "in_session", "keeps_type", "read_columns", "renamed_columns", "stored_columns"]

# Strings in the server's text have backslash escapes under every sql_mode.
_TOKEN = re.compile(
    r"'(?:[^'\\]|''|\\.)*'|`(?:[^`]|``)*`|\"(?:[^\"]|\"\")*\"|/\*.*?\*/|[(),]|[^\s`\"'(),/]+|/", re.DOTALL
)
_ESCAPES = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a", "'": "''"}
_QUOTES = '`"'  # of names; the second under ANSI_QUOTES
_NOT_A_COLUMN = frozenset(
    {"CHECK", "CONSTRAINT", "FOREIGN", "FULLTEXT", "INDEX", "KEY", "PERIOD", "PRIMARY", "SPATIAL", "UNIQUE", "VECTOR"}
)
_CLAUSES = {
    "NOT": "nullability",
    "NULL": "nullability",
    "GENERATED": "generated",
    "DEFAULT": "default",
    "ON": "default",  # ON UPDATE: to SQLAlchemy, and so to revisions, a part of the default
    "AUTO_INCREMENT": "autoincrement",
    "COMMENT": "comment",
    "CHECK": "check",
    "INVISIBLE": "other",
    "WITH": "other",  # SYSTEM VERSIONING
    "WITHOUT": "other",
    "STORAGE": "other",
    "COLUMN_FORMAT": "other",
}
_CHARACTER_TYPE = re.compile(r"(?:VARCHAR|CHAR|\w*TEXT|ENUM|SET)\b", re.IGNORECASE)
_INTEGER_TYPE = re.compile(r"\w*int\b|integer\b", re.IGNORECASE)
_TYPE_OPTIONS = re.compile(
    r"\s+(?:CHARACTER SET|COLLATE|UNSIGNED|ZEROFILL|BINARY|ASCII|UNICODE)\b.*", re.IGNORECASE | re.DOTALL
)
_SAME_TYPES = {
    "bool": "tinyint",
    "boolean": "tinyint",
    "char": "char(1)",
    "dec": "decimal",
    "decimal": "decimal(10,0)",
    "integer": "int",
    "json": "longtext",
    "numeric": "decimal(10,0)",
    "double precision": "double",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredColumn:
    """The clauses of a column as the server writes them; an empty text where there is no such clause.

    Args:
        name: of the column.
        type: with character set, collation, UNSIGNED and ZEROFILL.
        generated: GENERATED ALWAYS AS ..., with STORED or VIRTUAL.
        nullability: NULL or NOT NULL.
        default: DEFAULT ... and ON UPDATE ...; empty for DEFAULT NULL.
        autoincrement: AUTO_INCREMENT.
        comment: COMMENT and the string.
        check: CHECK ..., which MariaDB keeps as a part of the column.
        other: INVISIBLE, COMPRESSED and the like.
    """

    name: str
    type: str
    generated: str = ""
    nullability: str = ""
    default: str = ""
    autoincrement: str = ""
    comment: str = ""
    check: str = ""
    other: str = ""

    @property
    def is_nullable(self) -> bool:
        """Whether the column takes NULL."""
        return self.nullability != "NOT NULL"

    @property
    def is_json(self) -> bool:
        """Whether this is MariaDB's JSON: a LONGTEXT with a CHECK, which are not the user's but the type's."""
        return re.sub('[`"]', "", self.check.lower()) == f"check (json_valid({self.name.lower()}))"

    def type_like(self, text: str) -> str:
        """Return another type for the column, in the character set it has unless the text names one."""
        if self.is_json or _options(text) or not _CHARACTER_TYPE.match(text) or not _CHARACTER_TYPE.match(self.type):
            return text
        return text + _options(self.type)

    @property
    def can_count(self) -> bool:
        """Whether the type is one that AUTO_INCREMENT is for."""
        return _INTEGER_TYPE.match(self.type) is not None

    def check_after(self, renames: Mapping[str, str], *, type_changes: bool) -> str:
        """Return the CHECK for the column once columns have other names, and it perhaps another type."""
        return "" if type_changes and self.is_json else renamed_columns(self.check, renames)


def renamed_columns(sql: str, renames: Mapping[str, str]) -> str:
    """Return an expression of the server, in which every name is quoted, with columns under their new names."""
    new = {old.lower(): name for old, name in renames.items()}

    def in_place(token: re.Match[str]) -> str:
        text, quote = token.group(), token.group()[0]
        name = new.get(_unquoted(text).lower()) if quote in _QUOTES else None
        return text if name is None else quote + name.replace(quote, quote * 2) + quote

    return _TOKEN.sub(in_place, sql)


def in_session(sql: str, *, backslash_escapes: bool) -> str:
    """Return text of the server as a session reads it whose sql_mode may have NO_BACKSLASH_ESCAPES."""
    if backslash_escapes or "\\" not in sql:
        return sql

    def plain(escape: re.Match[str]) -> str:
        return _ESCAPES.get(escape[1], escape[1])

    def in_place(token: re.Match[str]) -> str:
        text = token.group()
        return re.sub(r"\\(.)", plain, text, flags=re.DOTALL) if text.startswith("'") else text

    return _TOKEN.sub(in_place, sql)


def keeps_type(said: str, stored: str) -> bool:
    """Tell whether a type in a revision's words is the stored one, but for options the revision leaves out."""
    return not _options(said) and _plain_type(said) == _plain_type(stored)


def _options(type_: str) -> str:
    """Return what follows the name and the arguments of a type; the labels of an ENUM may look like it."""
    found = _TYPE_OPTIONS.search(type_, type_.rfind("'") + 1)
    return found.group() if found else ""


def _plain_type(type_: str) -> str:
    """Return the type without its options, in one spelling."""
    plain = type_.removesuffix(_options(type_))
    if "'" in plain:  # the labels of an ENUM or SET
        return re.sub(r"^\w+", lambda word: word.group().lower(), plain)
    plain = re.sub(r"\s*([(),])\s*", r"\1", plain.lower())
    plain = re.sub(r"^(\w*int|integer)\(\d+\)$", r"\1", plain)  # the width of an integer is for display only
    return _SAME_TYPES.get(plain, re.sub(r"^(?:numeric|dec)\(", "decimal(", plain))


def read_columns(connection: Connection, table: str, schema: str | None) -> dict[str, StoredColumn]:
    """Return the columns of a table by their names in lower case.

    Args:
        connection: to the server, which is asked.
        table: its name.
        schema: its database; None is the session's.
    """
    quote = connection.dialect.identifier_preparer.quote
    name = quote(table) if schema is None else f"{quote(schema)}.{quote(table)}"
    return stored_columns(connection.exec_driver_sql(f"SHOW CREATE TABLE {name}").scalars(1).one())


def stored_columns(create_table: str) -> dict[str, StoredColumn]:
    """Return the columns out of the text of SHOW CREATE TABLE, by their names in lower case.

    >>> stored_columns("CREATE TABLE `t` (`A` int(11) NOT NULL DEFAULT 5)")["a"].default
    'DEFAULT 5'
    """
    found = {}
    for words in _definitions(create_table):
        if words[0].upper() not in _NOT_A_COLUMN:
            name = _unquoted(words[0])
            found[name.lower()] = StoredColumn(name=name, **_clauses(words[1:]))
    return found


def _definitions(create_table: str) -> Iterator[list[str]]:
    """Yield what stands between the commas of the table, as words; what touches or is in parentheses is one word."""
    depth = start = end = 0
    words: list[str] = []
    for token in _TOKEN.finditer(create_table):
        text, inside = token.group(), depth > 1
        depth += (text == "(") - (text == ")")
        if not inside and (depth == 0 or (depth == 1 and text in {"(", ","})):
            if words:
                yield words
            if text == ")":
                return
            words = []
        elif inside or (words and token.start() == end):  # varchar(20), b'1', uuid()
            words[-1] = create_table[start : token.end()]
        else:
            start = token.start()
            words.append(text)
        end = token.end()


def _clauses(words: list[str]) -> dict[str, str]:
    """Return the words of one column by the clause they belong to."""
    clauses: dict[str, list[str]] = {}
    clause, before = "type", ""
    for word in words:
        if before != "DEFAULT":  # DEFAULT NULL says nothing about nullability
            clause = "other" if word.startswith("/*") else _CLAUSES.get(word.upper(), clause)
        clauses.setdefault(clause, []).append(word)
        before = word.upper()
    texts = {name: " ".join(parts) for name, parts in clauses.items()}
    if texts.get("default", "").upper() == "DEFAULT NULL":
        del texts["default"]
    return texts


def _unquoted(token: str) -> str:
    quote = token[0]
    return token[1:-1].replace(quote * 2, quote) if quote in _QUOTES else token

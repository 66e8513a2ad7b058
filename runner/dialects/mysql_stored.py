"""A column as MySQL or MariaDB stores it: floor 3. Read from SHOW CREATE TABLE, so that nothing of it gets lost.

The server's own text is the only place that has everything about a column: generation expression, ON UPDATE,
INVISIBLE, a CHECK of the column itself, character set. It is cut into clauses, and the clauses stay as they
are; no type or default is interpreted here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["StoredColumn", "keeps_type", "stored_column"]

_QUOTED = r"`(?:[^`]|``)*`|\"(?:[^\"]|\"\")*\"|/\*.*?\*/|[(),]|[^\s`\"'(),/]+|/"
_TOKENS = {
    True: re.compile(rf"'(?:[^'\\]|''|\\.)*'|{_QUOTED}", re.DOTALL),
    False: re.compile(rf"'(?:[^']|'')*'|{_QUOTED}", re.DOTALL),
}
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
        return self.check.lower() == f"check (json_valid(`{self.name.lower()}`))"

    def type_like(self, text: str) -> str:
        """Return another type for the column, in the character set it has unless the text names one."""
        if self.is_json or _options(text) or not _CHARACTER_TYPE.match(text) or not _CHARACTER_TYPE.match(self.type):
            return text
        return text + _options(self.type)

    def check_after(self, *, name: str, type_changes: bool) -> str:
        """Return the CHECK for the column once it has another name or another type."""
        if type_changes and self.is_json:
            return ""
        quoted = "`" + name.replace("`", "``") + "`"
        return _TOKENS[True].sub(lambda token: quoted if self._is_named(token.group()) else token.group(), self.check)

    def _is_named(self, token: str) -> bool:
        return token[0] == "`" and _unquoted(token).lower() == self.name.lower()


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


def stored_column(create_table: str, column: str, *, backslash_escapes: bool) -> StoredColumn | None:
    r"""Return the column out of the text of SHOW CREATE TABLE, or None if the table has no such column.

    Args:
        create_table: the server's text.
        column: its name, in any case.
        backslash_escapes: whether a backslash in a string escapes what follows, which sql_mode says.

    >>> stored_column("CREATE TABLE `t` (`a` int(11) NOT NULL DEFAULT 5)", "A", backslash_escapes=True).default
    'DEFAULT 5'
    """
    for units in _definitions(create_table, _TOKENS[backslash_escapes]):
        if _unquoted(units[0]).lower() == column.lower():
            return StoredColumn(name=_unquoted(units[0]), **_clauses(units[1:]))
    return None


def _definitions(create_table: str, tokens: re.Pattern[str]) -> Iterator[list[str]]:
    """Yield what stands between the commas of the table, as words; what touches or is in parentheses is one word."""
    depth = start = end = 0
    words: list[str] = []
    for token in tokens.finditer(create_table):
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


def _clauses(units: list[str]) -> dict[str, str]:
    """Return the words of one column by the clause they belong to."""
    clauses: dict[str, list[str]] = {}
    clause, before = "type", ""
    for unit in units:
        if before != "DEFAULT":  # DEFAULT NULL says nothing about nullability
            clause = "other" if unit.startswith("/*") else _CLAUSES.get(unit.upper(), clause)
        clauses.setdefault(clause, []).append(unit)
        before = unit.upper()
    texts = {name: " ".join(words) for name, words in clauses.items()}
    if texts.get("default", "").upper() == "DEFAULT NULL":
        del texts["default"]
    return texts


def _unquoted(token: str) -> str:
    quote = token[0]
    return token[1:-1].replace(quote * 2, quote) if quote in '`"' else token

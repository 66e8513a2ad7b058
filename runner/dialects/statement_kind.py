"""What kind of statement a text is, as far as its locks and its patience go: floor 3. Pure; knows PostgreSQL's words.

Source: PostgreSQL's documentation, chapters "Explicit Locking" and "SQL Commands".
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator

__all__ = ["StatementKind", "is_complete", "statement_kind", "without_terminator", "words_of_statements"]


class StatementKind(enum.IntEnum):
    """How a statement wants to be limited; the larger the number the stricter."""

    OTHER = 0
    """Reads, sets or talks: keeps the limits that are in force."""
    ONLINE = 1
    """Made to run beside the application, and to wait for it: no limits. CREATE INDEX CONCURRENTLY, VALIDATE."""
    BACKFILL = 2
    """Moves rows: takes long and blocks nobody who does not want the same rows. A budget of its own."""
    BRIEF = 3
    """Takes a lock that others queue behind: may wait for it only shortly. Most DDL."""


_OTHER, _ONLINE = StatementKind.OTHER, StatementKind.ONLINE
_BACKFILL, _BRIEF = StatementKind.BACKFILL, StatementKind.BRIEF

_WORDS_OF = {
    _BRIEF: "ALTER CLUSTER COMMENT CREATE DROP GRANT IMPORT LOCK REASSIGN REFRESH REINDEX RENAME REVOKE SECURITY"
    " TRUNCATE",
    _BACKFILL: "CALL COPY DELETE INSERT LOAD MERGE REPLACE UPDATE",
    _ONLINE: "ANALYZE ANALYSE VACUUM",
}
_BY_FIRST_WORD = {word: kind for kind, words in _WORDS_OF.items() for word in words.split()}
"""First word -> kind, before `_EXCEPTIONS` are looked at. RENAME, REPLACE and LOAD are MySQL's."""

_FILLS = r"AS (?:\( )*(?:SELECT|WITH|TABLE|VALUES|EXECUTE)\b"
_EXCEPTIONS = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"ALTER TABLE [^,]* DETACH PARTITION [^,]* CONCURRENTLY$", _ONLINE),
        (r"CREATE (?:UNIQUE )?INDEX CONCURRENTLY\b", _ONLINE),
        (rf"CREATE (?:(?:GLOBAL|LOCAL) )?(?:(?:TEMP|TEMPORARY|UNLOGGED) )?TABLE .*?\b{_FILLS}", _BACKFILL),
        (r"CREATE MATERIALIZED VIEW\b", _BACKFILL),
        (r"DROP INDEX CONCURRENTLY\b", _ONLINE),
        (r"REFRESH MATERIALIZED VIEW CONCURRENTLY\b", _ONLINE),
        (r"REINDEX (?:\( [^)]*\) )?(?:INDEX|TABLE|SCHEMA|DATABASE|SYSTEM) CONCURRENTLY\b", _ONLINE),
        (r"REINDEX \( (?:[^)]* )?CONCURRENTLY(?! (?:OFF|FALSE|0))\b", _ONLINE),
        (r"VACUUM (?:FULL\b|\( (?:[^)]* )?FULL\b)", _BRIEF),
    )
)
"""(what the statement's words look like, kind): the first that fits decides."""
_TELLING = re.compile(r"\b(?:CONCURRENTLY|AS|MATERIALIZED|VALIDATE|FULL)\b", re.IGNORECASE)  # no exception without one

_VALIDATES = re.compile(r"VALIDATE CONSTRAINT\b")
_ALTER_TABLE = re.compile(r"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(?:\S+)(?: \. \S+)*(?: \*)? ")
_DDL_WORD = re.compile(
    r"\b(?:ALTER|CREATE|DROP|TRUNCATE|LOCK|REINDEX|CLUSTER|REFRESH|COMMENT|GRANT|REVOKE|EXECUTE)\b", re.IGNORECASE
)
_DML_WORD = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE|COPY|CALL)\b", re.IGNORECASE)

_FIRST_WORD = re.compile(r"\s*([A-Za-z]+)\b")
_PIECE = re.compile(
    r"""
      (?P<blank>\s+|--[^\n]*)
    | (?P<comment>/\*)
    | (?P<dollar>\$(?:[A-Za-z_\x80-\uffff][\w]*)?\$)
    | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z))
    | (?P<text>[nNbBxX]?'(?:[^']|'')*(?:'|\Z))
    | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*(?:"|\Z)|`[^`]*(?:`|\Z))
    | (?P<word>[^\W\d][\w$]*)
    | (?P<end>;)
    | (?P<sign>\d[\w.]*|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def statement_kind(sql: str) -> StatementKind:
    """Return the kind of a text; the strictest of its statements' where there are several.

    Comments, strings and quoted names mislead nobody. What a DO block does is guessed from the words in it, and
    taken for BRIEF where they do not tell. A function that a SELECT calls is not looked into.

    Example:
        >>> statement_kind("/* big */ create index concurrently i on t (a)").name
        'ONLINE'
    """
    plain = _plain_kind(sql)
    if plain is not None:
        return plain
    return max((_kind_of_one(words, bodies) for words, bodies in _statements(sql)), default=_OTHER)


def words_of_statements(sql: str) -> tuple[str, ...]:
    """Return the words of each statement in a text, in upper case, one blank between them.

    Example:
        >>> words_of_statements("select 'a;b'; commit")
        ("SELECT '", 'COMMIT')
    """
    return tuple(words for words, _ in _statements(sql))


_CLOSED = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*' | [nNbBxX]?'(?:[^']|'')*' | (?:[uU]&)?"(?:[^"]|"")*" | `[^`]*`""",
    re.VERBOSE | re.DOTALL,
)


def is_complete(sql: str) -> bool:
    """Tell whether every string, quoted name and comment of a text ends in it."""
    position = 0
    while position < len(sql):
        piece = _PIECE.match(sql, position)
        assert piece is not None  # the last alternative fits any character
        position, kind = piece.end(), piece.lastgroup
        if kind == "comment":
            after = _after_comment(sql, position)
            if after is None:
                return False
            position = after
        elif kind == "dollar":
            end = sql.find(piece[0], position)
            if end < 0:
                return False
            position = end + len(piece[0])
        elif kind in {"text", "escaped", "quoted"} and _CLOSED.fullmatch(piece[0]) is None:
            return False
    return True


def _plain_kind(sql: str) -> StatementKind | None:
    """Return the kind of what is plainly one ordinary statement: a hundredth of the time that taking it apart costs."""
    first = _FIRST_WORD.match(sql)
    if first is None or ";" in sql.rstrip()[:-1] or first[1].upper() in {"DO", "WITH"} or _TELLING.search(sql):
        return None
    return _BY_FIRST_WORD.get(first[1].upper(), _OTHER)


def _kind_of_one(words: str, bodies: list[str]) -> StatementKind:
    """Return the kind of one statement.

    Args:
        words: its words in upper case, one blank between; names in quotes and strings are `"` and `'`.
        bodies: what its strings hold.
    """
    first = words.partition(" ")[0]
    if first == "DO":
        return _kind_of_body(" ".join(bodies))
    if first == "WITH":
        return _BACKFILL if _DML_WORD.search(words) else _OTHER
    if first == "ALTER" and _only_validates(words):
        return _ONLINE
    for pattern, kind in _EXCEPTIONS:
        if pattern.match(words):
            return kind
    return _BY_FIRST_WORD.get(first, _OTHER)


def _kind_of_body(body: str) -> StatementKind:
    """Return the kind of a DO block's text. EXECUTE runs anything, so it counts as DDL."""
    if _DDL_WORD.search(body):
        return _BRIEF
    return _BACKFILL if _DML_WORD.search(body) else _BRIEF


def without_terminator(sql: str) -> str:
    """Return the text without the semicolon at its end; comments behind that stay.

    A text with a backslash in it is left alone where a comment follows: MySQL reads strings differently then.

    Example:
        >>> without_terminator("SELECT 1; -- one")
        'SELECT 1 -- one'
    """
    if "\\" in sql or not ("--" in sql or "/*" in sql):
        return sql.removesuffix(";").rstrip()
    if ";" not in sql:
        return sql
    *_, (kind, _, start) = _pieces(sql)
    return f"{sql[:start].rstrip()}{sql[start + 1 :]}" if kind == "end" else sql


def _only_validates(words: str) -> bool:
    """Tell whether every action of an ALTER TABLE is VALIDATE CONSTRAINT."""
    head = _ALTER_TABLE.match(words)
    return head is not None and all(_VALIDATES.match(action.strip()) for action in words[head.end() :].split(" , "))


def _statements(sql: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the words of each statement, and the strings in it."""
    words: list[str] = []
    bodies: list[str] = []
    for kind, text, _ in _pieces(sql):
        if kind == "end":
            yield " ".join(words), bodies
            words, bodies = [], []
        elif kind == "string":
            words.append("'")
            bodies.append(text)
        else:
            words.append(text)
    if words:
        yield " ".join(words), bodies


def _pieces(sql: str) -> Iterator[tuple[str, str, int]]:
    """Yield (word, string or end, text, where it begins) without blanks and comments."""
    position = 0
    while position < len(sql):
        piece = _PIECE.match(sql, position)
        assert piece is not None  # the last alternative fits any character
        start, position, kind = position, piece.end(), piece.lastgroup
        if kind == "comment":
            position = _end_of_comment(sql, position)
        elif kind == "dollar":
            end = sql.find(piece[0], position)
            end = len(sql) if end < 0 else end
            yield "string", sql[position:end], start
            position = end + len(piece[0])
        elif kind in {"text", "escaped"}:
            yield "string", piece[0].partition("'")[2], start
        elif kind == "quoted":
            yield "word", '"', start
        elif kind == "end":
            yield "end", ";", start
        elif kind != "blank":
            yield "word", piece[0].upper(), start


def _end_of_comment(sql: str, position: int) -> int:
    """Return where a comment ends whose opening sign lies before `position`; PostgreSQL's nest."""
    after = _after_comment(sql, position)
    return len(sql) if after is None else after


def _after_comment(sql: str, position: int) -> int | None:
    depth = 1
    for edge in _COMMENT_EDGE.finditer(sql, position):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return None

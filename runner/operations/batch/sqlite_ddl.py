"""The CREATE statements SQLite keeps in sqlite_master, taken apart (floor 2). Pure: text in, values out.

SQLite stores a table as the text that made it, and some of what the text says (AUTOINCREMENT, COLLATE, the
order of index columns, unnamed checks, conflict clauses) cannot be asked for in another way.

Source: https://www.sqlite.org/lang_createtable.html, lang_createindex.html, lang_createtrigger.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from runner.operations.batch.expressions import Token, TokenKind, identifiers, tokenize

__all__ = [
    "DdlUnreadable",
    "ParsedColumn",
    "ParsedConstraint",
    "ParsedIndex",
    "ParsedTable",
    "Reference",
    "parse_index",
    "parse_table",
    "with_schema",
]


class DdlUnreadable(ValueError):
    """The text is not a statement this module understands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a foreign key refers to; no columns mean the primary key."""

    table: str
    columns: tuple[str, ...] = ()
    on_delete: str | None = None
    on_update: str | None = None
    match: str | None = None
    deferrable: bool | None = None
    initially: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedConstraint:
    """A constraint of a table, whether it was written with a column or by itself."""

    kind: str
    """primary, unique, check or foreign."""
    name: str | None = None
    columns: tuple[str, ...] = ()
    """Of a check: empty."""
    text: str = ""
    """Of a check the condition; of a key the list of columns as written."""
    plain: bool = True
    """The columns of a key are names only: no DESC, no COLLATE."""
    conflict: str | None = None
    reference: Reference | None = None
    autoincrement: bool = False
    inline: bool = False
    """Written with its column; an inline descending primary key is no alias of the rowid."""

    def described(self) -> str:
        """Return a few words for messages."""
        named = f" {self.name}" if self.name else ""
        automatic = ", AUTOINCREMENT" if self.autoincrement else ""
        return f"{self.kind} constraint{named} ({self.text or ', '.join(self.columns)}{automatic})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedColumn:
    """A column as its text says it."""

    name: str
    type: str = ""
    collate: str | None = None
    default: str | None = None
    """A literal, or an expression with its parentheses."""
    not_null: bool = False
    null_conflict: str | None = None
    generated: str | None = None
    stored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedTable:
    """A table as its text says it."""

    name: str
    columns: tuple[ParsedColumn, ...]
    constraints: tuple[ParsedConstraint, ...] = ()
    without_rowid: bool = False
    strict: bool = False

    def column(self, name: str) -> ParsedColumn | None:
        """Return the column of that name, in any case."""
        return next((c for c in self.columns if c.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedIndex:
    """An index as its text says it."""

    name: str
    table: str
    unique: bool
    body: str
    """The list of columns with its parentheses, and the WHERE clause."""
    head: str
    """What comes before the body."""
    mentioned: frozenset[str] = field(default_factory=frozenset)
    """The lower-case names in columns and condition."""


def parse_table(sql: str) -> ParsedTable:
    """Take a CREATE TABLE apart.

    Raises:
        DdlUnreadable: the text is not a CREATE TABLE with a list of columns.
    """
    return _Parser(sql).table()


def parse_index(sql: str) -> ParsedIndex:
    """Take a CREATE INDEX apart.

    Raises:
        DdlUnreadable: the text is not a CREATE INDEX.
    """
    return _Parser(sql).index()


def with_schema(sql: str, schema: str, quote: Callable[[str], str]) -> str:
    """Return a stored CREATE INDEX or CREATE TRIGGER with the name of its schema.

    SQLite stores the text without it, and run again as it is the statement would go to the main database.

    >>> with_schema("CREATE INDEX i ON t (a)", "aux", lambda name: name)
    'CREATE INDEX aux.i ON t (a)'
    """
    tokens = tokenize(sql)
    position = next(i for i, token in enumerate(tokens) if token.is_word("INDEX", "TRIGGER")) + 1
    while tokens[position].is_word("IF", "NOT", "EXISTS"):
        position += 1
    start = tokens[position].start
    return f"{sql[:start]}{quote(schema)}.{sql[start:]}"


_COLUMN_CONSTRAINT = (
    "CONSTRAINT",
    "PRIMARY",
    "NOT",
    "NULL",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "COLLATE",
    "REFERENCES",
    "GENERATED",
    "AS",
    "DEFERRABLE",
)
_TABLE_CONSTRAINT = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")
_NAME_KINDS = (TokenKind.WORD, TokenKind.QUOTED, TokenKind.STRING)


class _Parser:
    """Reads one statement from left to right."""

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._tokens = tokenize(sql)
        self._position = 0

    # -- moving through the tokens

    def _peek(self, ahead: int = 0) -> Token | None:
        position = self._position + ahead
        return self._tokens[position] if position < len(self._tokens) else None

    def _next(self) -> Token:
        token = self._peek()
        if token is None:
            raise self._unreadable("it ends too early")
        self._position += 1
        return token

    def _unreadable(self, why: str) -> DdlUnreadable:
        return DdlUnreadable(f"cannot read the SQL text {self._sql!r}: {why}")

    def _accept(self, *words: str) -> bool:
        """Pass the words where all of them come next."""
        for ahead, word in enumerate(words):
            token = self._peek(ahead)
            if token is None or not token.is_word(word):
                return False
        self._position += len(words)
        return True

    def _accept_symbol(self, symbol: str) -> bool:
        token = self._peek()
        if token is None or not token.is_symbol(symbol):
            return False
        self._position += 1
        return True

    def _at(self, *words: str) -> bool:
        token = self._peek()
        return token is not None and token.is_word(*words)

    def _expect(self, *words: str) -> None:
        if not self._accept(*words):
            token = self._peek()
            raise self._unreadable(f"expected {' '.join(words)} at {token.text if token else 'its end'!r}")

    def _name(self) -> str:
        token = self._next()
        if token.kind not in _NAME_KINDS:
            raise self._unreadable(f"expected a name at {token.text!r}")
        return token.name

    def _qualified_name(self) -> str:
        name = self._name()
        return self._name() if self._accept_symbol(".") else name

    def _group(self) -> str:
        """Pass a parenthesised group and return what is inside."""
        if not self._accept_symbol("("):
            raise self._unreadable("expected an opening parenthesis")
        start, depth = self._tokens[self._position - 1].end, 1
        while depth:
            token = self._next()
            depth += token.is_symbol("(") - token.is_symbol(")")
        return self._sql[start : token.start].strip()

    # -- statements

    def table(self) -> ParsedTable:
        self._expect("CREATE")
        if not self._accept("TEMP"):
            self._accept("TEMPORARY")
        self._expect("TABLE")
        self._accept("IF", "NOT", "EXISTS")
        name = self._qualified_name()
        if not self._accept_symbol("("):
            raise self._unreadable("it has no list of columns")
        columns: list[ParsedColumn] = []
        constraints: list[ParsedConstraint] = []
        while not self._accept_symbol(")"):
            if self._accept_symbol(","):
                continue
            if columns and self._at(*_TABLE_CONSTRAINT):
                constraints.append(self._table_constraint())
            else:
                column, own = self._column()
                columns.append(column)
                constraints += own
        without_rowid, strict = self._table_options()
        return ParsedTable(
            name=name,
            columns=tuple(columns),
            constraints=tuple(constraints),
            without_rowid=without_rowid,
            strict=strict,
        )

    def _table_options(self) -> tuple[bool, bool]:
        without_rowid = strict = False
        while self._peek() is not None:
            if self._accept("WITHOUT", "ROWID"):
                without_rowid = True
            elif self._accept("STRICT"):
                strict = True
            elif not self._accept_symbol(",") and not self._accept_symbol(";"):
                raise self._unreadable(f"unknown table option {self._next().text!r}")
        return without_rowid, strict

    def index(self) -> ParsedIndex:
        self._expect("CREATE")
        unique = self._accept("UNIQUE")
        self._expect("INDEX")
        self._accept("IF", "NOT", "EXISTS")
        name = self._qualified_name()
        self._expect("ON")
        table = self._name()
        start = self._tokens[self._position].start
        mentioned = identifiers(self._group())
        if self._accept("WHERE"):
            mentioned |= identifiers(self._sql[self._tokens[self._position].start :])
        return ParsedIndex(
            name=name,
            table=table,
            unique=unique,
            head=self._sql[:start],
            body=self._sql[start:],
            mentioned=mentioned,
        )

    # -- parts of a table

    def _column(self) -> tuple[ParsedColumn, list[ParsedConstraint]]:
        name = self._name()
        column = ParsedColumn(name=name, type=self._type())
        constraints: list[ParsedConstraint] = []
        constraint_name: str | None = None
        while (token := self._peek()) is not None and not token.is_symbol(",") and not token.is_symbol(")"):
            if self._accept("CONSTRAINT"):
                constraint_name = self._name()
                continue
            constraint = self._key_of_column(name)
            if constraint is not None:
                constraints.append(replace(constraint, name=constraint_name))
            elif self._at("NOT", "DEFERRABLE") and constraints and self._deferral_comes():
                constraints[-1] = self._deferred(constraints[-1])
            else:
                column = self._attribute_of_column(column)
            constraint_name = None
        return column, constraints

    def _type(self) -> str:
        """Pass the type, every word up to the first constraint, and return it with single spaces."""
        words: list[str] = []
        while (token := self._peek()) is not None and token.kind in _NAME_KINDS:
            if token.is_word(*_COLUMN_CONSTRAINT):
                break
            words.append(self._next().text)
        token = self._peek()
        if words and token is not None and token.is_symbol("("):
            start = token.start
            self._group()
            arguments = self._sql[start : self._tokens[self._position - 1].end]
            return " ".join(words) + arguments
        return " ".join(words)

    def _key_of_column(self, column: str) -> ParsedConstraint | None:
        """Pass a constraint that could stand by itself as well."""
        if self._accept("PRIMARY", "KEY"):
            descending = self._accept("DESC")
            if not descending:
                self._accept("ASC")
            conflict = self._conflict()
            return ParsedConstraint(
                kind="primary",
                columns=(column,),
                text=column,
                plain=not descending,
                conflict=conflict,
                autoincrement=self._accept("AUTOINCREMENT"),
                inline=True,
            )
        if self._accept("UNIQUE"):
            return ParsedConstraint(
                kind="unique", columns=(column,), text=column, conflict=self._conflict(), inline=True
            )
        if self._accept("CHECK"):
            return ParsedConstraint(kind="check", text=self._group(), conflict=self._conflict(), inline=True)
        if self._at("REFERENCES"):
            return ParsedConstraint(kind="foreign", columns=(column,), reference=self._reference(), inline=True)
        return None

    def _attribute_of_column(self, column: ParsedColumn) -> ParsedColumn:
        if self._accept("NOT", "NULL"):
            return replace(column, not_null=True, null_conflict=self._conflict())
        if self._accept("NULL"):
            self._conflict()
            return column
        if self._accept("DEFAULT"):
            return replace(column, default=self._default())
        if self._accept("COLLATE"):
            return replace(column, collate=self._name())
        if self._accept("GENERATED", "ALWAYS", "AS") or self._accept("AS"):
            expression = self._group()
            stored = self._accept("STORED")
            if not stored:
                self._accept("VIRTUAL")
            return replace(column, generated=expression, stored=stored)
        raise self._unreadable(f"unknown column constraint {self._next().text!r}")

    def _default(self) -> str:
        token = self._peek()
        if token is not None and token.is_symbol("("):
            return f"({self._group()})"
        sign = next((symbol for symbol in "+-" if self._accept_symbol(symbol)), "")
        return sign + self._next().text

    def _conflict(self) -> str | None:
        return self._next().text.upper() if self._accept("ON", "CONFLICT") else None

    def _table_constraint(self) -> ParsedConstraint:
        name = None
        while self._accept("CONSTRAINT"):
            name = self._name()
        if self._accept("PRIMARY", "KEY"):
            return replace(self._key("primary"), name=name)
        if self._accept("UNIQUE"):
            return replace(self._key("unique"), name=name)
        if self._accept("CHECK"):
            return ParsedConstraint(kind="check", name=name, text=self._group(), conflict=self._conflict())
        if self._accept("FOREIGN", "KEY"):
            columns, _, _ = _split_names(self._group())
            return ParsedConstraint(kind="foreign", name=name, columns=columns, reference=self._reference())
        raise self._unreadable(f"unknown table constraint {self._next().text!r}")

    def _key(self, kind: str) -> ParsedConstraint:
        text = self._group()
        columns, plain, autoincrement = _split_names(text)
        return ParsedConstraint(
            kind=kind,
            columns=columns,
            text=text,
            plain=plain,
            autoincrement=autoincrement,
            conflict=self._conflict(),
        )

    def _reference(self) -> Reference:
        self._expect("REFERENCES")
        table = self._name()
        columns: tuple[str, ...] = ()
        token = self._peek()
        if token is not None and token.is_symbol("("):
            columns, _, _ = _split_names(self._group())
        actions: dict[str, str] = {}
        while True:
            if self._accept("ON"):
                event = self._next().text.lower()
                actions[f"on_{event}"] = self._action()
            elif self._accept("MATCH"):
                actions["match"] = self._name()
            else:
                break
        deferrable, initially = self._deferral()
        return Reference(
            table=table,
            columns=columns,
            on_delete=actions.get("on_delete"),
            on_update=actions.get("on_update"),
            match=actions.get("match"),
            deferrable=deferrable,
            initially=initially,
        )

    def _action(self) -> str:
        first = self._next().text.upper()
        return f"{first} {self._next().text.upper()}" if first in ("SET", "NO") else first

    def _deferral_comes(self) -> bool:
        token = self._peek(1) if self._at("NOT") else self._peek()
        return token is not None and token.is_word("DEFERRABLE")

    def _deferral(self) -> tuple[bool | None, str | None]:
        if not self._deferral_comes():
            return None, None
        deferrable = not self._accept("NOT")
        self._expect("DEFERRABLE")
        return deferrable, self._next().text.upper() if self._accept("INITIALLY") else None

    def _deferred(self, constraint: ParsedConstraint) -> ParsedConstraint:
        deferrable, initially = self._deferral()
        if constraint.reference is None:
            return constraint  # SQLite reads the clause after any constraint and ignores it there
        reference = replace(constraint.reference, deferrable=deferrable, initially=initially)
        return replace(constraint, reference=reference)


def _split_names(group: str) -> tuple[tuple[str, ...], bool, bool]:
    """Return (names, whether they are names only, whether AUTOINCREMENT follows) of a list of key columns."""
    names: list[str] = []
    plain, autoincrement, expects_name = True, False, True
    for token in tokenize(group):
        if token.is_symbol(","):
            expects_name = True
        elif expects_name:
            names.append(token.name)
            expects_name = False
        elif token.is_word("AUTOINCREMENT"):
            autoincrement = True
        elif not token.is_word("ASC"):
            plain = False
    return tuple(names), plain, autoincrement

"""Statements and the two places they go: floor 3. Made once by the dialect, then executed or written out.

A `Statement` is a SQLAlchemy construct with its parameter sets. `OnlineSink` hands it to a connection;
`OfflineSink` writes the very text the database should receive: values as literals, no percent sign doubled,
one terminator, the separator of the dialect. What cannot be written as text is refused, never approximated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from sqlalchemy import BindParameter, ClauseElement, literal
from sqlalchemy.exc import CompileError, SQLAlchemyError, UnsupportedCompilationError
from sqlalchemy.schema import DDLElement
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import Insert, Update
from sqlalchemy.types import NullType
from sqlalchemy.util import immutabledict

from runner.dialects.unsupported import OperationUnsupported
from runner.errors import EnvironmentFailed, OfflineUnsupported

if TYPE_CHECKING:
    from sqlalchemy.engine import Compiled, Connection, CursorResult, Dialect

__all__ = [
    "NO_OPERATION",
    "OfflineSink",
    "OnlineSink",
    "ParameterSets",
    "Statement",
    "StatementSink",
    "TextOutput",
    "excerpt",
    "part_of",
    "sent_online",
]

ParameterSets: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
"""One set of values, several for an executemany, or none."""

_NO_OPTIONS: Mapping[str, Any] = {}
_OPERATION: Mapping[str, Any] = {"runner_operation": True}  # for who listens: no rows reach the revision
NO_OPERATION: Mapping[str, Any] = {"runner_operation": False}
"""Options of a statement of offline mode that a revision gave to its connection itself."""
_SENT_ONLINE = "runner_sent_online"
_EXCERPT_LENGTH = 120
_SURROGATE = re.compile("[\ud800-\udfff]")
_COMMENTS = re.compile(r"(?>\s|--[^\n]*(\n|\Z)|/\*(?![!+]).*?\*/)+", re.DOTALL)
"""Text without a statement in it; MySQL executes what begins with `/*!`. Atomic, or many comments take for ever."""


class TextOutput(Protocol):
    """What offline mode needs of a file."""

    def write(self, text: str, /) -> object:
        """Append the text."""

    def flush(self) -> object:
        """Hand what was written to the next layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One SQL statement: the construct, its parameters and its execution options."""

    construct: Any
    """A SQLAlchemy executable: a `text()`, a DDL element, an INSERT, ..."""
    parameters: ParameterSets = None
    execution_options: Mapping[str, Any] = field(default_factory=dict)

    def sql(self, dialect: Dialect) -> str:
        """Return the text of the statement, values as literals, without terminator.

        Args:
            dialect: the one that renders; see `runner.dialects.literals.rendering_dialect`.

        Raises:
            OfflineUnsupported: a value has no literal form, or is missing.
            OperationUnsupported: the database has no SQL for it.
        """
        (single,) = self.separate() if self._is_many() else (self,)
        construct = single.construct
        if not isinstance(construct, DDLElement):
            construct = _with_values(construct, single.parameters)
            _refuse_missing_values(construct)
        return _writable(str(_compiled(construct, dialect)).strip(), construct)

    def separate(self) -> Iterator[Statement]:
        """Yield one statement per parameter set."""
        if not self._is_many():
            yield self
            return
        assert self.parameters is not None
        for one in self.parameters:
            assert isinstance(one, Mapping)
            yield Statement(construct=self.construct, parameters=one, execution_options=self.execution_options)

    def _is_many(self) -> bool:
        return self.parameters is not None and not isinstance(self.parameters, Mapping)


def sent_online(statement: Statement) -> Statement:
    """Return what an online run sends in the place of a statement of offline mode; several may stand for one."""
    online = statement.execution_options.get(_SENT_ONLINE, statement)
    assert isinstance(online, Statement)
    return online


def part_of(online: Statement) -> Mapping[str, Any]:
    """Return the execution options of a statement of offline mode that stands for a part of another one."""
    return {_SENT_ONLINE: online}


class StatementSink(Protocol):
    """Where statements go."""

    @property
    def as_sql(self) -> bool:
        """Whether statements become text instead of being executed."""

    def execute(self, statement: Statement) -> CursorResult[Any] | None:
        """Take one statement; the result when the database answered."""


@dataclass(slots=True)
class OnlineSink:
    """Executes statements on one connection.

    The connection is replaceable: an autocommit block continues on a differently configured one.
    """

    connection: Connection | None

    @property
    def as_sql(self) -> bool:
        """Statements are executed."""
        return False

    def execute(self, statement: Statement) -> CursorResult[Any] | None:
        """Execute the statement with its parameters and options.

        Raises:
            EnvironmentFailed: there is no connection.
            OperationUnsupported: the database has no SQL for it.
        """
        connection = self.connection
        if connection is None:
            message = (
                "A statement was to be executed, but the migration context has no connection. "
                "Pass connection= to context.configure(), or use offline mode."
            )
            raise EnvironmentFailed(message)
        options = statement.execution_options
        if "isolation_level" in options:  # SQLAlchemy takes this one from the connection only
            connection = connection.execution_options(**options)
            options = _NO_OPTIONS
        options = {**options, **_OPERATION} if options else _OPERATION
        try:
            return connection.execute(statement.construct, statement.parameters, execution_options=options)
        except UnsupportedCompilationError as error:
            raise _no_words(connection.dialect, error) from error


@dataclass(slots=True)
class OfflineSink:
    """Writes statements as text.

    Args:
        buffer: where the text goes; none is an error at the first statement only.
        dialect: renders; its paramstyle is one that doubles no percent signs.
        terminator: ends a statement, such as `;`.
        batch_separator: follows a statement on a line of its own, such as `GO`; empty for none.
        emit: takes each piece of text instead of `static_output`, which it may call.
    """

    buffer: TextOutput | None
    dialect: Dialect
    terminator: str = ";"
    batch_separator: str = ""
    emit: Callable[[str], object] | None = None

    @property
    def as_sql(self) -> bool:
        """Statements are written."""
        return True

    def execute(self, statement: Statement) -> None:
        """Write the statement, one text per parameter set."""
        write = self.emit if self.emit is not None else self.static_output
        for single in statement.separate():
            pieces = self.pieces(single)
            for piece in pieces:
                write(piece)
            if self.batch_separator and not _COMMENTS.fullmatch(pieces[-1]):
                write(self.batch_separator)

    def pieces(self, statement: Statement) -> tuple[str, ...]:
        """Return what is written for one statement, the batch separator not included."""
        return self.framed(statement, statement.sql(self.dialect))

    def framed(self, statement: Statement, sql: str) -> tuple[str, ...]:
        """Return the text of a statement with what the database's client needs around it, such as the terminator."""
        return (self.terminated(sql),)

    def terminated(self, sql: str) -> str:
        """Return the text with its terminator, safe from a comment on the last line; a mere comment has none."""
        if not self.terminator or _COMMENTS.fullmatch(sql):
            return sql
        last_line = sql[sql.rfind("\n") + 1 :]
        return f"{sql}\n{self.terminator}" if "--" in last_line else sql + self.terminator

    def static_output(self, static_text: str) -> None:
        """Write text as it is, followed by a blank line.

        Raises:
            EnvironmentFailed: there is no output buffer.
        """
        if self.buffer is None:
            message = "Offline mode has no output buffer. Pass output_buffer= to context.configure()."
            raise EnvironmentFailed(message)
        self.buffer.write(static_text + "\n\n")
        self.buffer.flush()


def _with_values(construct: ClauseElement, parameters: ParameterSets) -> ClauseElement:
    """Put the parameters into the construct, as the driver would have done.

    Names of bound parameters are replaced where they stand; the other names of an INSERT or UPDATE are columns.
    """
    assert parameters is None or isinstance(parameters, Mapping)
    if not parameters:
        return construct
    bound = {bind.key for bind in _binds(construct)}
    columns = {name: value for name, value in parameters.items() if name not in bound}
    if columns and isinstance(construct, Insert | Update):
        construct = construct.values(**columns)

    def give_value(bind: BindParameter[Any]) -> None:
        if bind.key in parameters:
            bind.value = parameters[bind.key]
            bind.required = False
            if isinstance(bind.type, NullType):
                bind.type = literal(bind.value).type

    given: ClauseElement = visitors.cloned_traverse(construct, {"maintain_key": True}, {"bindparam": give_value})
    return given


def _compiled(construct: ClauseElement, dialect: Dialect) -> Compiled:
    try:
        if isinstance(construct, DDLElement):
            return construct.compile(dialect=dialect)
        compiled = construct.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        completed = _with_defaults(construct, compiled)
        return compiled if completed is construct else _compiled(completed, dialect)
    except UnsupportedCompilationError as error:
        raise _no_words(dialect, error) from error
    except CompileError as error:
        raise OfflineUnsupported(_no_literal(construct, error), statement=excerpt(construct)) from error


def _with_defaults(construct: ClauseElement, compiled: Any) -> ClauseElement:
    """Give an INSERT or UPDATE what the columns' own defaults add to it; SQLAlchemy writes NULL for them.

    Raises:
        OfflineUnsupported: a default is a function, which gives another value each time.
    """
    if not isinstance(construct, Insert | Update):
        return construct
    added = [(column, column.default) for column in compiled.insert_prefetch or ()]
    added += [(column, column.onupdate) for column in compiled.update_prefetch or ()]
    for column, default in added:
        if not default.is_scalar:
            message = (
                f"Offline mode cannot write the statement {excerpt(construct)!r}: the default of column "
                f"{column.name!r} is a Python function. Give the rows a value for that column."
            )
            raise OfflineUnsupported(message, statement=excerpt(construct), column=column.name)
    values = {getattr(column, "original", column): default.arg for column, default in added}
    return _with_more(construct, values) if values else construct


def _with_more(construct: Insert | Update, values: Mapping[Any, Any]) -> ClauseElement:
    """Return a copy with values for more columns, in each of its rows if it has several."""
    extended: Any = construct._clone()  # noqa: SLF001  # values() adds nothing to an INSERT of several rows
    rows = getattr(construct, "_multi_values", ())
    if rows:
        extended._multi_values = tuple([{**values, **row} for row in some] for some in rows)  # noqa: SLF001
        return extended  # type: ignore[no-any-return]  # typed Any above: what is assigned is private
    extended._values = immutabledict(construct._values or {})  # noqa: SLF001  # a traversal made a plain one of it
    return extended.values(dict(values))  # type: ignore[no-any-return]


def _writable(sql: str, construct: object) -> str:
    """Return the text if a file and a server can take it.

    Raises:
        OfflineUnsupported: it has a NUL character, or half of a surrogate pair.
    """
    if "\0" not in sql and (sql.isascii() or not _SURROGATE.search(sql)):
        return sql
    what = "a NUL character" if "\0" in sql else "half of a surrogate pair"
    message = f"Offline mode cannot write the statement {_printable(excerpt(construct))!r} as text: it contains {what}."
    raise OfflineUnsupported(message, statement=_printable(excerpt(construct)))


def _printable(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode().replace("\0", "\\0")


def _no_words(dialect: Dialect, error: UnsupportedCompilationError) -> OperationUnsupported:
    """Return the refusal of a construct that belongs to another database."""
    name = error.element_type.__name__
    message = (
        f"The dialect {dialect.name} has no SQL for {name}, which belongs to another database. "
        "Make the operation depend on op.get_context().dialect.name."
    )
    return OperationUnsupported(message, dialect=dialect.name, construct=name)


def _binds(construct: ClauseElement) -> Iterator[BindParameter[Any]]:
    for element in visitors.iterate(construct):
        if isinstance(element, BindParameter):
            yield element


def _refuse_missing_values(construct: ClauseElement) -> None:
    for bind in _binds(construct):
        if bind.required and bind.value is None and bind.callable is None:
            message = (
                f"Offline mode cannot write the statement {excerpt(construct)!r}: parameter {bind.key!r} has no value. "
                f"Give it one with bindparams(), or write \\:{bind.key} if the colon is meant literally."
            )
            raise OfflineUnsupported(message, statement=excerpt(construct), parameter=bind.key)


def _no_literal(construct: ClauseElement, error: CompileError) -> str:
    # SQLAlchemy's own sentence quotes the value, which may be nobody's business.
    reason = "one of its values has no literal form" if "literal value" in str(error) else str(error)
    return (
        f"Offline mode cannot write the statement {excerpt(construct)!r} as text: {reason}. "
        "Write the value as SQL in op.execute(), or use op.inline_literal()."
    )


def excerpt(construct: object) -> str:
    """Return the beginning of the statement on one line, for messages; placeholders instead of values."""
    try:
        sql = " ".join(str(construct).split())
    except (SQLAlchemyError, AttributeError):  # some dialect constructs have no text without their dialect
        sql = type(construct).__name__
    return sql if len(sql) <= _EXCERPT_LENGTH else sql[: _EXCERPT_LENGTH - 3] + "..."

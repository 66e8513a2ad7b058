"""The connection of offline mode: floor 3. It writes what it is given and owns up to having no answers.

Revisions written for both modes do `op.get_bind().execute(text("UPDATE ..."))` and ignore the result; that
works. A revision that looks at the result needs a database, and learns so where it looks.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import sqlalchemy
from sqlalchemy import inspection
from sqlalchemy.engine.mock import MockConnection

from runner.dialects.statement import ParameterSets, excerpt
from runner.errors import OfflineUnsupported

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["OfflineConnection", "OfflineResult", "Question", "asking_line", "noting_questions"]

_LIBRARIES = (
    os.path.dirname(os.path.dirname(__file__)) + os.sep,
    os.path.dirname(sqlalchemy.__file__) + os.sep,
    "<sqlalchemy generated",  # functions it writes while it runs have no file,
    "<string>",  # nor a name before version 2.1
)

_QUESTIONS: tuple[str, ...] = (
    "has_",
    "get_columns",
    "get_multi_",
    "get_pk_",
    "get_foreign_",
    "get_table_",
    "get_temp_",
)
_QUESTIONS += ("get_view_", "get_materialized_", "get_indexes", "get_unique_", "get_check_", "get_sequence_")
_QUESTIONS += ("get_schema_names", "get_enums", "get_domains")


def _refuse(what: str, construct: object = None) -> NoReturn:
    """Raise for the line of the revision that asked."""
    question = _question(what, construct)
    _tell(question)
    file, line, statement = question.file, question.line, question.statement
    asked = f" of {statement!r}" if statement else ""
    message = (
        f"{file}, line {line}, asks for {what}{asked}, but in offline mode there is no database to ask. "
        "Guard that part with context.is_offline_mode(), or run the revision online."
    )
    raise OfflineUnsupported(message, file=file, line=line, statement=statement, asked_for=what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something a revision wanted to know from the database that is not there.

    Args:
        asked_for: what it was, in words.
        statement: the beginning of the statement whose result was looked at, None where it was no result.
        file, line: where it was asked.
    """

    asked_for: str
    statement: str | None
    file: str
    line: int


_listeners: list[Callable[[Question], object]] = []


@contextmanager
def noting_questions(note: Callable[[Question], object]) -> Iterator[None]:
    """While the block runs, tell `note` of every question, those included whose error a revision swallows."""
    _listeners.append(note)
    try:
        yield
    finally:
        _listeners.remove(note)


def _question(what: str, construct: object) -> Question:
    file, line = asking_line()
    return Question(asked_for=what, statement=None if construct is None else excerpt(construct), file=file, line=line)


def _tell(question: Question) -> None:
    for note in tuple(_listeners):
        note(question)


def asking_line() -> tuple[str, int]:
    """Return the file and line of the innermost frame outside this package and SQLAlchemy."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # the documented way to a caller's frame
    while frame is not None and frame.f_code.co_filename.startswith(_LIBRARIES):
        frame = frame.f_back
    if frame is None:
        return "<unknown>", 0
    return frame.f_code.co_filename, frame.f_lineno


class OfflineResult:
    """The answer to a statement that was written, not executed: every question raises.

    It is false, as Alembic's `None` is, so `if result:` skips what offline mode cannot do.
    """

    __slots__ = ("_construct",)

    def __init__(self, construct: object) -> None:
        self._construct = construct

    def __bool__(self) -> bool:
        if _listeners:
            _tell(_question("whether there is a result", self._construct))
        return False

    def close(self) -> None:
        """Do nothing: there is no cursor."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        _refuse(name, self._construct)

    def __iter__(self) -> NoReturn:
        _refuse("the rows", self._construct)

    def __next__(self) -> NoReturn:
        _refuse("a row", self._construct)


class OfflineConnection(MockConnection):
    """Stands in for a connection in offline mode: `execute()` writes the statement.

    Types and tables create themselves on it (`Enum(...).create(op.get_bind())`), without looking whether they
    exist.

    Args:
        dialect: the answer to `.dialect`.
        write: takes a construct and its parameters to the script.
    """

    def __init__(self, dialect: Dialect, write: Callable[[Any, ParameterSets], object]) -> None:
        super().__init__(dialect, self._execute_and_answer)
        _refuse_questions_to(dialect)
        self._write = write

    def execute(
        self,
        obj: Any,
        parameters: ParameterSets = None,
        execution_options: Mapping[str, Any] | None = None,
    ) -> Any:
        """Write the statement and return a result that has no rows to give."""
        return self._execute_and_answer(obj, parameters)

    def _execute_and_answer(self, construct: Any, parameters: ParameterSets = None) -> OfflineResult:
        self._write(construct, parameters)
        return OfflineResult(construct)

    def exec_driver_sql(
        self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None, **options: object
    ) -> OfflineResult:
        """Write the string as it is."""
        if parameters:
            _refuse("driver-level parameters", statement)
        return self._execute_and_answer(_verbatim(statement))

    def scalar(self, statement: Any, *args: object, **options: object) -> NoReturn:
        """Raise: a scalar comes from a database."""
        _refuse("a scalar", statement)

    def scalars(self, statement: Any, *args: object, **options: object) -> NoReturn:
        """Raise: scalars come from a database."""
        _refuse("scalars", statement)

    def in_transaction(self) -> bool:
        """Return whether a transaction is open: the script frames its own."""
        return False

    def commit(self) -> None:
        """Do nothing: the script frames its own transactions."""

    def rollback(self) -> None:
        """Do nothing: the script frames its own transactions."""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        _refuse(f"connection.{name}")


def _questions(dialect: Dialect) -> list[str]:
    """Return the methods of a dialect that ask a database what is in it."""
    names = [name for name in dir(type(dialect)) if name.startswith(_QUESTIONS)]
    return [name for name in names if _first_parameter(getattr(type(dialect), name)) == "connection"]


def _first_parameter(method: Any) -> str | None:
    try:
        return list(inspect.signature(method).parameters)[1]
    except (TypeError, ValueError, IndexError):
        return None


def _refuse_questions_to(dialect: Dialect) -> None:
    """Make `dialect.has_table(op.get_bind(), ...)` say what is wrong; other connections get their answer.

    SQLAlchemy's own complaint is about types, different for each question and dialect.
    """
    for name in _questions(dialect):
        answer = getattr(dialect, name)
        if not isinstance(answer, _Question):
            setattr(dialect, name, _Question(name, answer))


class _Question:
    """A method of a dialect that refuses offline connections."""

    __slots__ = ("_answer", "_name")

    def __init__(self, name: str, answer: Callable[..., Any]) -> None:
        self._name = name
        self._answer = answer

    def __call__(self, *args: Any, **kw: Any) -> Any:
        if isinstance(args[0] if args else kw.get("connection"), OfflineConnection):
            _refuse(f"dialect.{self._name}()")
        return self._answer(*args, **kw)


def _verbatim(sql: str) -> Any:
    """Return the string as a construct in which backslashes before colons are no escapes either."""
    return sqlalchemy.text(re.sub(r"\\?:", lambda colon: "\\" + colon.group(), sql))


@inspection._inspects(OfflineConnection)  # noqa: SLF001  # SQLAlchemy's only way to register
def _inspect_offline(connection: OfflineConnection) -> NoReturn:  # noqa: ARG001  # called by SQLAlchemy
    """Refuse `sa.inspect(op.get_bind())` in words, where SQLAlchemy would say it knows no such object."""
    _refuse("an inspection of the database")

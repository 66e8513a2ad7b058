"""Notice a revision that connects to a database by itself while it is recorded, and keep it from doing so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from sqlalchemy import event
from sqlalchemy.engine import Engine

from runner.dialects.offline import Question, asking_line
from runner.errors import OfflineUnsupported

__all__ = ["OWN_CONNECTION", "noting_connections"]

OWN_CONNECTION = "a connection of its own"

_notes: list[Callable[[Question], object]] = []


@contextmanager
def noting_connections(note: Callable[[Question], object]) -> Iterator[None]:
    """While the block runs, refuse every new session of SQLAlchemy's engines, and tell `note` who wanted one."""
    _notes.append(note)
    try:
        yield
    finally:
        _notes.remove(note)


@event.listens_for(Engine, "do_connect")
def _on_connect(*_: object) -> None:
    """Refuse; listened to from the import on, which only a command that records does."""
    if _notes:
        _refuse()


def _refuse() -> NoReturn:
    file, line = asking_line()
    question = Question(asked_for=OWN_CONNECTION, statement=None, file=file, line=line)
    for note in tuple(_notes):
        note(question)
    raise OfflineUnsupported(
        f"{file}, line {line}, connects to a database by itself, which an artifact cannot follow.", file=file, line=line
    )

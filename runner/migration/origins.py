"""Why a transaction was begun: on purpose, or because somebody executed a statement. Floor 5."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakSet

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

__all__ = ["TransactionOrigins"]


class TransactionOrigins:
    """Knows which open transactions SQLAlchemy began by itself because somebody executed a statement.

    Only transactions begun while the block runs are known; any other counts as begun on purpose, which is
    the safe answer: it is left alone.
    """

    def __init__(self) -> None:
        self._begun_by_execute: WeakSet[Connection] = WeakSet()

    def is_begun_by_execute(self, connection: Connection) -> bool:
        """Tell whether the connection's current transaction was begun by executing a statement."""
        return connection in self._begun_by_execute

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch every connection of the process while the block runs."""
        _watching.append(self)
        try:
            yield
        finally:
            _watching.remove(self)

    def note(self, connection: Connection, *, begun_by_execute: bool) -> None:
        """Remember why a connection's transaction was begun."""
        if begun_by_execute:
            self._begun_by_execute.add(connection)
        else:
            self._begun_by_execute.discard(connection)


_watching: list[TransactionOrigins] = []


@event.listens_for(Engine, "begin")
def _on_begin(connection: Connection) -> None:
    """Tell the runs of this process that a transaction begins.

    Listened to from the import on, for good: SQLAlchemy's list of listeners must not change while another
    thread is walking through it, and it walks through it at every BEGIN.
    """
    watching = tuple(_watching)
    if watching:
        begun_by_execute = _called_from_autobegin()
        for origins in watching:
            origins.note(connection, begun_by_execute=begun_by_execute)


@event.listens_for(Engine, "begin_twophase")
def _on_begin_twophase(connection: Connection, _xid: object) -> None:
    """Tell the runs of this process the same of a two-phase transaction, which nobody begins by executing."""
    for origins in tuple(_watching):
        origins.note(connection, begun_by_execute=False)


def _called_from_autobegin() -> bool:
    """SQLAlchemy tells listeners that a transaction begins, but not why; its own frame does."""
    frame = sys._getframe(2)  # the documented way to look at the stack cheaply
    for _ in range(12):
        if frame.f_code.co_name == "_autobegin":
            return True
        if frame.f_back is None:
            return False
        frame = frame.f_back
    return False

"""Wait for a server that is not there yet: floor 4. Knows no driver; it is handed something that connects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from runner.clock import Clock
from runner.database.failures import is_retryable
from runner.errors import ConnectionFailed
from runner.events import emit

__all__ = ["retry_connecting"]

_T = TypeVar("_T")
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 5.0


def retry_connecting(connect: Callable[[], _T], *, clock: Clock, wait_seconds: float) -> _T:
    """Return what `connect` returns, trying again while the server refuses or is starting up.

    Args:
        connect: raises a DatabaseError when no session could be opened.
        clock: for the budget and the pauses.
        wait_seconds: the budget; 0 tries once.

    Raises:
        DatabaseError: the budget is used up, or waiting cannot help (a wrong password, a missing database).
    """
    started = clock.monotonic()
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            return connect()
        except ConnectionFailed as error:
            waited = clock.monotonic() - started
            if not is_retryable(error) or waited >= wait_seconds:
                raise
            emit("connection.waiting", waited_seconds=round(waited, 3), wait_seconds=wait_seconds, reason=error.message)
            clock.sleep(min(pause, wait_seconds - waited))
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

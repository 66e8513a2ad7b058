"""What a signal may interrupt, and when: floor 0. State of the process; the rim (runner.signals) installs the handlers.

A signal may arrive between any two instructions. Three rules make that bearable:

- Outside of everything below it raises SignalReceived in the main thread at once.
- Inside `deferred()` (a COMMIT and what is noted about it, a ROLLBACK) it waits until the block ends.
- Inside `statement()` it waits until the server has answered, and another thread cancels the statement, because a
  driver that waits in C runs no Python handler, and because an exception in the middle of a driver's conversation
  costs the session, and with it the orderly rollback.

Without a rim (a program that calls the API) no signal is ever received here, and all of this does nothing.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Cancel", "Interrupts", "SignalReceived", "interrupts"]

Cancel = Callable[[], None]
"""Asks the server, from another thread, to give up what a session is executing; harmless when it executes nothing."""


class SignalReceived(KeyboardInterrupt):
    """Raised in the main thread by the first signal.

    A KeyboardInterrupt, because `except Exception` in a revision must not swallow it.
    """

    code = "interrupted"

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Interrupts:
    """The one signal of a process, and what the main thread is doing when it comes."""

    def __init__(self) -> None:
        self._main = threading.main_thread().ident
        self._depth = 0
        self._statement: Cancel | None = None
        self._lock = threading.Lock()
        self.received: int | None = None

    # -- the main thread ---------------------------------------------------------------------------------

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let a signal wait while the block runs; it is raised at the end, unless the block raises by itself.

        Raises:
            SignalReceived: one came meanwhile.
        """
        if not self._is_main():
            yield
            return
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        self.check()

    def check(self) -> None:
        """Raise SignalReceived if a signal has come that somebody swallowed, or that had to wait."""
        if self.received is not None and self._depth == 0 and self._is_main():
            raise SignalReceived(self.received)

    def _is_main(self) -> bool:
        return threading.get_ident() == self._main


interrupts = Interrupts()
"""Signals belong to the process, and so does this."""

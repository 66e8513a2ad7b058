"""What a signal may interrupt, and when: floor 0. State of the process; the rim (runner.signals) installs the handlers.

A signal may arrive between any two instructions. Three rules make that bearable:

- Outside of everything below it raises SignalReceived in the main thread at once.
- Inside `deferred()` (a COMMIT and what is noted about it, a ROLLBACK) it waits until the block ends.
- While a statement runs it waits until the server has answered, and another thread cancels the statement: a driver
  that waits in C runs no Python handler, and an exception in the middle of a driver's conversation costs the session,
  and with it the orderly rollback.

Without a rim (a program that calls the API) no signal is ever received here, and all of this does nothing.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

__all__ = ["Cancel", "Interrupts", "RunningStatement", "SignalReceived", "interrupts"]

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


class RunningStatement:
    """A statement between its start and the server's answer.

    Args:
        cancel: how to make the server give it up; None where there is no way from another thread.
    """

    __slots__ = ("cancel", "is_main")

    def __init__(self, cancel: Cancel | None) -> None:
        self.cancel = cancel
        self.is_main = False


class Interrupts:
    """The one signal of a process, and what the main thread is doing when it comes.

    Attributes:
        received: the first signal's number; None before it.
        was_noticed: the main thread has run the handler, so it is not waiting in C.
        was_raised: SignalReceived has been raised.
    """

    def __init__(self) -> None:
        self._main = threading.main_thread().ident
        self._depth = 0  # of deferred() blocks of the main thread
        self._running: list[RunningStatement] = []
        self._sessions: dict[int, Cancel] = {}
        self._lock = threading.Lock()  # held while a cancel is under way: it must not hit the next statement
        self.reset()

    def reset(self) -> None:
        """Forget a signal, for the next run in the same process."""
        self.received: int | None = None
        self.was_noticed = False
        self.was_raised = False

    # -- the threads that run statements -----------------------------------------------------------------

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let a signal wait while the block runs; it is raised at the end, unless the block raises by itself.

        One that was raised before is not raised again: the block may be the clean-up after it.

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
        if not self.was_raised:
            self.check()

    def check(self) -> None:
        """Raise SignalReceived if a signal has come that had to wait, or that somebody swallowed."""
        if self.received is not None and self._depth == 0 and self._is_main():
            self.was_raised = True
            raise SignalReceived(self.received)

    def begin(self, statement: RunningStatement) -> None:
        """Note that a statement starts; a signal does not raise from here to `end()`, but cancels it."""
        statement.is_main = self._is_main()
        self._running.append(statement)

    def end(self, statement: RunningStatement) -> None:
        """Note that the server has answered; whatever would cancel the statement is waited for."""
        with self._lock, suppress(ValueError):
            self._running.remove(statement)

    def track(self, session: object, cancel: Cancel) -> None:
        """Know a driver's connection, for the case that the main thread waits for it in C outside of a statement."""
        self._sessions[id(session)] = cancel

    def untrack(self, session: object) -> None:
        """Forget a driver's connection."""
        self._sessions.pop(id(session), None)

    def cancel(self, statement: RunningStatement) -> bool:
        """Cancel one statement from another thread and return whether it was still running."""
        with self._lock:
            return statement in self._running and _cancelled(statement.cancel)

    def _is_main(self) -> bool:
        return threading.get_ident() == self._main

    def hold(self) -> None:
        """Let a signal wait until `let_go()`: before the run is set up, and after it."""
        self._depth += 1

    def let_go(self) -> None:
        """End what `hold()` began.

        Raises:
            SignalReceived: one came meanwhile.
        """
        self._depth -= 1
        self.check()

    # -- the handler, and the thread that attends to signals -----------------------------------------------

    @property
    def may_raise(self) -> bool:
        """Tell whether the main thread is nowhere where a signal has to wait."""
        return self._depth == 0 and not any(one.is_main and one.cancel is not None for one in self._running)

    @property
    def is_deferred(self) -> bool:
        """Tell whether the main thread is in a deferred() block."""
        return self._depth > 0

    def cancel_running(self) -> bool:
        """Cancel the statements that are running and return whether the main thread was at one.

        Once SignalReceived is raised, what the main thread executes is its clean-up, and is left alone.
        """
        with self._lock:
            chosen = [one for one in self._running if not (one.is_main and self.was_raised)]
            cancelled = [one for one in chosen if _cancelled(one.cancel)]
            return any(one.is_main for one in cancelled)

    def cancel_sessions(self) -> None:
        """Cancel whatever the known sessions execute."""
        with self._lock:
            for cancel in list(self._sessions.values()):
                _cancelled(cancel)


def _cancelled(cancel: Cancel | None) -> bool:
    if cancel is None:
        return False
    with suppress(Exception):  # drivers raise anything for a session that has just gone, and then there is no need
        cancel()
    return True


interrupts = Interrupts()
"""Signals belong to the process, and so does this."""

"""Turn SIGTERM and SIGINT into an orderly end: floor 7.

The parties. The C handler of Python writes the signal's number into a pipe, whatever the main thread does. The
Python handler runs in the main thread as soon as that executes Python again, and raises SignalReceived where that
does no harm (runner.interrupts says where). The attendant, a thread, reads the pipe: it ends the process when
the orderly end takes too long, or at a second signal. Another thread cancels what the main thread waits for at the
server, and wakes it up.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from runner.interrupts import SignalReceived, interrupts

__all__ = ["GRACE_SECONDS", "SignalReceived", "attend_to_signals", "orderly_end", "signal_first"]

GRACE_SECONDS = 1.8
"""How long the orderly end may take. With the last words it keeps the promise: two seconds from signal to exit."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_NUDGE = signal.SIGURG  # ignored by default and used by nobody: it only interrupts a system call of the main thread
_NOTICED = 0  # written by the Python handler; no signal has this number
_TICK_SECONDS = 0.1
_LAST_WORDS_SECONDS = 0.15
# A main thread that does not even run its handler sits in C; one that commits is given a chance to finish.
_PATIENCE_IN_C_SECONDS, _PATIENCE_WITH_COMMIT_SECONDS = 0.2, 1.0

LastWords = Callable[[int], None]


class _Attendant:
    """The handlers, the pipe and the thread. One per process at a time, made in the main thread."""

    def __init__(self) -> None:
        self.last_words: LastWords | None = None
        self.grace_seconds = GRACE_SECONDS
        self._timer: threading.Timer | None = None
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._wakeup_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before: dict[int, Any] = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        self._before[_NUDGE] = signal.signal(_NUDGE, _on_nudge)
        self._thread = threading.Thread(target=self._attend, name="runner-signals", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Put everything back as it was."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before, warn_on_full_buffer=False)
        os.close(self._write)  # the thread reads the end of the pipe
        self._thread.join(1.0)
        if self._timer is not None:
            self._timer.cancel()

    def leave_child(self) -> None:
        """In a forked child: signals to it are no business of the parent, with whom it shares the pipe."""
        signal.set_wakeup_fd(-1)
        for number in self._before:
            signal.signal(number, signal.SIG_DFL)

    # -- the main thread -----------------------------------------------------------------------------------

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if interrupts.was_noticed:
            os._exit(128 + number)
        interrupts.received = interrupts.received or number
        interrupts.was_noticed = True
        with suppress(OSError):
            os.write(self._write, bytes([_NOTICED]))  # somebody may have taken the wake-up descriptor away
        if interrupts.may_raise:
            interrupts.check()

    # -- the thread ----------------------------------------------------------------------------------------

    def _attend(self) -> None:
        """Wait for the first signal, set the others to work, and wait for a second one."""
        signals: list[int] = []
        while data := os.read(self._read, 64):
            signals += [number for number in data if number in _SIGNALS]
            if len(signals) > 1:
                os._exit(128 + signals[1])
            # The pipe gets the number of every signal that has a Python handler, also of those that env.py installed.
            if self._timer is None and (signals or interrupts.received is not None):
                interrupts.received = number = interrupts.received or signals[0]
                self._timer = threading.Timer(self.grace_seconds, self._end_process, (number,))
                self._timer.daemon = True
                self._timer.start()
                threading.Thread(target=_push, name="runner-signals-push", daemon=True).start()
        os.close(self._read)

    def _end_process(self, number: int) -> None:
        """Say the last words, if the log can take them, and end without any further ado."""
        words = self.last_words
        if words is not None:
            speaker = threading.Thread(target=words, args=(number,), daemon=True)
            speaker.start()
            speaker.join(_LAST_WORDS_SECONDS)
        os._exit(128 + number)


def _push() -> None:
    """Get the main thread out of where it is, until it has raised. May itself get stuck where a network is gone."""
    began = time.monotonic()
    while not interrupts.was_raised:
        elapsed = time.monotonic() - began
        if not interrupts.cancel_running():
            patience = _PATIENCE_WITH_COMMIT_SECONDS if interrupts.is_deferred else _PATIENCE_IN_C_SECONDS
            if elapsed >= patience and (interrupts.is_deferred or not interrupts.was_noticed):
                interrupts.cancel_sessions()
            if interrupts.was_noticed and interrupts.may_raise:
                main = threading.main_thread().ident
                assert main is not None  # it is running
                signal.pthread_kill(main, _NUDGE)
        time.sleep(_TICK_SECONDS)
    interrupts.cancel_running()  # of the other threads


def _on_nudge(_number: int, _frame: FrameType | None) -> None:
    if interrupts.may_raise and not interrupts.was_raised:
        interrupts.check()


_attendant: _Attendant | None = None


def _leave_child() -> None:
    if _attendant is not None:
        _attendant.leave_child()


os.register_at_fork(after_in_child=_leave_child)


def attend_to_signals() -> None:
    """From here to the end of the process, a signal ends the run; called first thing, while the rest is imported.

    As PID 1 a process without handlers never learns of a signal. One that comes before `orderly_end()` is raised
    there; one that comes after it lets the process end as it was about to.
    """
    global _attendant  # noqa: PLW0603  # there is one process
    _attendant = _Attendant()
    interrupts.hold()


@contextmanager
def orderly_end(last_words: LastWords | None = None, *, grace_seconds: float = GRACE_SECONDS) -> Iterator[None]:
    """While the block runs, the first signal raises SignalReceived and a second one ends the process at once.

    Args:
        last_words: called from another thread, with the signal's number, when the orderly end took too long.
        grace_seconds: how long it may take; a run that has to wait for the end of others needs more.
    """
    if _attendant is None:
        with _temporary_attendant(last_words, grace_seconds), signal_first():
            yield
        return
    _attendant.last_words, _attendant.grace_seconds = last_words, grace_seconds
    try:
        with signal_first():
            interrupts.let_go()
            yield
    finally:
        interrupts.hold()


@contextmanager
def signal_first() -> Iterator[None]:
    """Raise SignalReceived for what failed because of the signal: a COMMIT that was cancelled, say."""
    try:
        yield
    except SignalReceived:
        raise
    except BaseException as error:
        if interrupts.received is not None:
            raise SignalReceived(interrupts.received) from error
        raise


@contextmanager
def _temporary_attendant(last_words: LastWords | None, grace_seconds: float) -> Iterator[None]:
    """What a program gets that calls the command line's function: everything is put back at the end."""
    global _attendant  # noqa: PLW0603  # there is one process
    if threading.current_thread() is not threading.main_thread():
        yield  # Python hands signals to the main thread only
        return
    interrupts.reset()
    _attendant = attendant = _Attendant()
    attendant.last_words, attendant.grace_seconds = last_words, grace_seconds
    try:
        yield
    finally:
        _attendant = None
        attendant.close()
        interrupts.reset()

"""Turn SIGTERM and SIGINT into an orderly end: floor 7."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["SignalReceived", "orderly_end"]

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class SignalReceived(KeyboardInterrupt):
    """Raised in the main thread by the first signal.

    A KeyboardInterrupt, because drivers cancel the running statement for one, and because `except
    Exception` in a revision must not swallow it.
    """

    code = "interrupted"

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def orderly_end() -> Iterator[None]:
    """While the block runs, the first signal raises SignalReceived and a second one ends the process at once."""
    before = {number: signal.signal(number, _on_signal) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _on_signal(number: int, _frame: FrameType | None) -> None:
    for one in _SIGNALS:
        signal.signal(one, _exit_at_once)
    raise SignalReceived(number)


def _exit_at_once(number: int, _frame: FrameType | None) -> None:
    os._exit(128 + number)

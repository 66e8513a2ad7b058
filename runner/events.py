"""Events: floor 0. How any floor reports what happened, without knowing who listens.

An event is a constant name (`step.finished`) plus values as keys. The rim decides where it goes; where
no rim is configured (a program that calls the API) it becomes a standard-library log record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["EventSink", "emit", "listening", "relay"]

EventSink = Callable[[str, str, dict[str, object]], None]
"""Called with (level, event, keys); level is one of debug, info, warning, error."""


def _to_standard_logging(level: str, event: str, keys: dict[str, object]) -> None:
    """Send the event to the loggers programs written for Alembic already configure."""
    import logging  # not needed by a run that configured its own sink

    number = getattr(logging, level.upper())
    if event == "step.started":
        logger = logging.getLogger("alembic.runtime.migration")
        logger.log(number, "Running %s %s -> %s, %s", *(keys.get(k) for k in ("direction", "from", "to", "message")))
        return
    logger = logging.getLogger("runner")
    if logger.isEnabledFor(number):
        logger.log(number, "%s %s", event, " ".join(f"{key}={value!r}" for key, value in keys.items()))


_sink: ContextVar[EventSink | None] = ContextVar("runner_event_sink", default=None)
_listeners: list[EventSink] = []  # of all threads


def emit(event: str, *, level: str = "info", **keys: object) -> None:
    """Report one event.

    Args:
        event: a constant of the form `noun.verb_past`, listed in docs/log-events.md.
        level: debug, info, warning or error.
        keys: the values; durations in seconds with the unit in the key. Never a secret.
    """
    relay(level, event, keys)


def relay(level: str, event: str, keys: dict[str, object]) -> None:
    """Pass on an event that another process has emitted."""
    sink = _sink.get()
    if sink is None:
        # A thread that env.py starts has no context of its own; where one rim listens, its events belong there.
        sink = _listeners[0] if len(_listeners) == 1 else _to_standard_logging
    sink(level, event, keys)


@contextmanager
def listening(sink: EventSink) -> Iterator[None]:
    """Send the events of this thread or task, and of the threads it starts, to `sink` while the block runs."""
    token = _sink.set(sink)
    _listeners.append(sink)
    try:
        yield
    finally:
        _listeners.remove(sink)
        _sink.reset(token)

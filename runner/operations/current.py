"""Which `Operations` the module `runner.op` stands for (floor 2).

Each thread and each task has its own; two of them migrating two databases at once never see each other's.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, NoReturn, TypeVar

from runner.errors import OperationError

__all__ = ["CurrentObject", "NoCurrentContext"]

_T = TypeVar("_T")


class NoCurrentContext(OperationError, NameError):
    """A directive was called where no migration is running.

    Also a NameError, which is what Alembic raises there.
    """


class CurrentObject(Generic[_T]):
    """A value that is current for the thread or task that entered it.

    A thread that was started inside a run without a copy of its context (a plain `threading.Thread`) has no
    value of its own; it gets the one of the process where only one is running, and an error where several are.

    Args:
        what: names the value in messages, such as "op".
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._stack: ContextVar[tuple[_T, ...]] = ContextVar(f"runner_current_{what}", default=())
        self._root: ContextVar[object] = ContextVar(f"runner_current_root_{what}")
        self._running: dict[object, list[_T]] = {}  # outermost block -> what is entered inside it
        self._lock = threading.Lock()

    @contextmanager
    def entered(self, value: _T) -> Iterator[_T]:
        """Make the value current for the block; blocks nest."""
        outer = self._stack.get()
        root = self._root.get() if outer else object()
        tokens = self._root.set(root), self._stack.set((*outer, value))
        with self._lock:
            self._running.setdefault(root, []).append(value)
        try:
            yield value
        finally:
            with self._lock:
                entered = self._running[root]
                entered.remove(value)
                if not entered:
                    del self._running[root]
            self._root.reset(tokens[0])
            self._stack.reset(tokens[1])

    def get(self, wanted: str) -> _T:
        """Return the current value.

        Args:
            wanted: the name that was asked for, for the message.

        Raises:
            NoCurrentContext: no block is entered here, and none or several elsewhere in the process.
        """
        stack = self._stack.get()
        if stack:
            return stack[-1]
        with self._lock:
            running = [entered[-1] for entered in self._running.values()]
        if len(running) == 1:
            return running[0]
        return self._refuse(wanted, len(running))

    def peek(self) -> _T | None:
        """Return what `get()` would, None where it would raise."""
        try:
            return self.get("")
        except NoCurrentContext:
            return None

    def _refuse(self, wanted: str, running: int) -> NoReturn:
        name = f"{self._what}.{wanted}"
        if running:
            raise NoCurrentContext(
                f"{name} was used in a thread of its own while {running} migrations are running in this process, "
                "so it is not clear which one is meant. Start the thread with contextvars.copy_context().run, "
                "or pass the Operations object to it.",
                function=wanted,
            )
        raise NoCurrentContext(
            f"{name} can be used only while a migration is running: call it inside upgrade() or downgrade() of a "
            "revision, in env.py while the runner executes it, or inside `with Operations.context(...)`.",
            function=wanted,
        )

"""Registries of functions: one per kind of object (renderers), or several in order of priority (comparators). Floor 4.

Source: Alembic's API documentation, "Autogeneration" and "Plugins": names and signatures are those it documents.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

__all__ = ["DispatchPriority", "Dispatcher", "PriorityDispatchResult", "PriorityDispatcher"]

_F = TypeVar("_F", bound=Callable[..., Any])
_DEFAULT = "default"


class Dispatcher:
    """One function per kind of object, with variants per database.

    A key is a string, or a class that stands for itself and for classes derived from it.
    """

    def __init__(self) -> None:
        self._registry: dict[tuple[Any, str], Callable[..., Any]] = {}

    def dispatch_for(self, target: Any, *, qualifier: str = _DEFAULT, replace: bool = False) -> Callable[[_F], _F]:
        """Return a decorator that registers a function.

        Args:
            target: a string or a class.
            qualifier: name of a dialect; "default" is for all.
            replace: allow another function to be registered already.

        Raises:
            ValueError: there is one already, and it is not to be replaced.
        """

        def register(fn: _F) -> _F:
            if (target, qualifier) in self._registry and not replace:
                raise ValueError(f"{target!r} has a function for {qualifier!r} already; replace=True replaces it.")
            self._registry[target, qualifier] = fn
            return fn

        return register

    def dispatch(self, obj: Any, qualifier: str = _DEFAULT) -> Any:
        """Return the function for a string, a class or an object.

        Raises:
            ValueError: there is none.
        """
        targets = (obj,) if isinstance(obj, str) else (obj if isinstance(obj, type) else type(obj)).__mro__
        for target in targets:
            for name in (qualifier, _DEFAULT):
                if (target, name) in self._registry:
                    return self._registry[target, name]
        raise ValueError(f"No function is registered for {obj!r}.")

    def branch(self) -> Dispatcher:
        """Return an independent copy."""
        copy = Dispatcher()
        copy._registry.update(self._registry)
        return copy


class DispatchPriority(enum.IntEnum):
    """When a function is called, compared with the others for the same target."""

    FIRST = 50
    MEDIUM = 25
    LAST = 10


class PriorityDispatchResult(enum.Enum):
    """What a function says about those that would be called after it."""

    CONTINUE = enum.auto()
    """Call them."""
    STOP = enum.auto()
    """Call none of the same subgroup."""


_Entry = tuple[Callable[..., Any], str | None]


class PriorityDispatcher:
    """Any number of functions per target, with more of them per database, called in order of their priority."""

    def __init__(self) -> None:
        self._registry: defaultdict[tuple[str, str, DispatchPriority], list[_Entry]] = defaultdict(list)

    def dispatch_for(
        self,
        target: str,
        *,
        priority: DispatchPriority = DispatchPriority.MEDIUM,
        qualifier: str = _DEFAULT,
        subgroup: str | None = None,
    ) -> Callable[[_F], _F]:
        """Return a decorator that registers a function.

        Args:
            target: what it is called for: "autogenerate", "schema", "table", "column".
            priority: FIRST, MEDIUM or LAST.
            qualifier: name of a dialect; "default" is for all.
            subgroup: what it compares; a function that returns STOP ends the calls of its subgroup.
        """

        def register(fn: _F) -> _F:
            self._registry[target, qualifier, priority].append((fn, subgroup))
            return fn

        return register

    def dispatch(self, target: str, *, qualifier: str = _DEFAULT) -> Callable[..., None]:
        """Return a function that calls all registered ones; those of the dialect before the general ones."""
        entries = list(self._entries(target, qualifier))

        def call(*args: Any, **kw: Any) -> None:
            stopped: set[str | None] = set()
            for fn, subgroup in entries:
                if subgroup not in stopped and fn(*args, **kw) is PriorityDispatchResult.STOP:
                    stopped.add(subgroup)

        return call

    def _entries(self, target: str, qualifier: str) -> Iterator[_Entry]:
        for priority in DispatchPriority:
            for name in dict.fromkeys((qualifier, _DEFAULT)):
                yield from self._registry.get((target, name, priority), ())

    def branch(self) -> PriorityDispatcher:
        """Return an independent copy."""
        copy = PriorityDispatcher()
        copy.populate_with(self)
        return copy

    def populate_with(self, other: PriorityDispatcher) -> None:
        """Take over what the other has."""
        for key, entries in other._registry.items():
            self._registry[key].extend(entries)

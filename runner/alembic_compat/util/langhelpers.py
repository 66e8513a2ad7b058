"""`alembic.util.langhelpers`: small helpers for values."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.util import asbool, immutabledict, memoized_property, to_list, unique_list

from runner.alembic_compat._submodules import names_of

if TYPE_CHECKING:
    from runner.autogenerate.dispatch import (
        Dispatcher,
        DispatchPriority,
        PriorityDispatcher,
        PriorityDispatchResult,
    )

__all__ = [
    "EMPTY_DICT",
    "DispatchPriority",
    "Dispatcher",
    "PriorityDispatchResult",
    "PriorityDispatcher",
    "asbool",
    "dedupe_tuple",
    "immutabledict",
    "memoized_property",
    "not_none",
    "rev_id",
    "to_list",
    "to_tuple",
    "unique_list",
]

_DISPATCHERS = ("Dispatcher", "DispatchPriority", "PriorityDispatcher", "PriorityDispatchResult")

__getattr__ = names_of(__name__, "runner.autogenerate.dispatch", *_DISPATCHERS)  # a run needs no comparators

_T = TypeVar("_T")

EMPTY_DICT: immutabledict[Any, Any] = immutabledict()


def rev_id() -> str:
    """Return a new revision identifier: twelve random hexadecimal digits."""
    return secrets.token_hex(6)


def to_tuple(x: Any, default: tuple[Any, ...] | None = None) -> tuple[Any, ...] | None:
    """Return a tuple of what was given: a string is one item, None is the default."""
    if x is None:
        return default
    if isinstance(x, str) or not isinstance(x, Iterable):
        return (x,)
    return tuple(x)


def dedupe_tuple(tup: tuple[str, ...]) -> tuple[str, ...]:
    """Return the items once each, in order."""
    return tuple(dict.fromkeys(tup))


def not_none(value: _T | None) -> _T:
    """Return the value, which must not be None."""
    assert value is not None
    return value

"""What a program written for Alembic expects to catch: floor 8.

Such a program catches `CommandError` for what the tool refuses, and the original exception for what failed in its
own code or in the database. The runner's errors say more, so they travel along as a note.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from runner.errors import DatabaseError, EnvironmentFailed, RevisionFailed, RevisionFileError, RunnerError

__all__ = ["original_of", "raising_originals"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def raising_originals(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Return the function, raising the original exception where Alembic would have let it through."""

    @functools.wraps(function)
    def call(*args: _P.args, **kw: _P.kwargs) -> _R:
        try:
            return function(*args, **kw)
        except RunnerError as error:
            original = original_of(error)
            if original is None:
                raise
            original.add_note(f"{error.message} ({error.code})")
        # Out here, so that the original does not claim to have happened while its own report was handled.
        raise original

    return call


def original_of(error: RunnerError) -> BaseException | None:
    """Return the exception that Alembic would have raised, None where that is the error itself."""
    cause = error.__cause__
    if cause is None or isinstance(cause, RunnerError):
        return None
    if isinstance(error, (RevisionFailed, RevisionFileError, EnvironmentFailed)):
        return cause
    if isinstance(error, DatabaseError):
        from sqlalchemy.exc import SQLAlchemyError

        return cause if isinstance(cause, (SQLAlchemyError, ImportError)) else None
    return None

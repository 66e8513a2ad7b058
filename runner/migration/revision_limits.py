"""What one revision says about its own limits: floor 5. The module-level name `runner_options` of its file."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from types import ModuleType

from runner.database.limits import TimeLimits
from runner.errors import RevisionFileError

__all__ = ["NO_LIMITS", "RevisionLimits", "limits_of"]

_SECONDS = ("lock_timeout_seconds", "statement_timeout_seconds", "backfill_timeout_seconds")
_KNOWN = (*_SECONDS, "retry")


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionLimits(TimeLimits):
    """A revision's own limits; None leaves the run's.

    Args:
        retry: the revision may run again after it was rolled back because a lock was not granted.
    """

    retry: bool = True


NO_LIMITS = RevisionLimits()


def limits_of(module: ModuleType, *, revision: str) -> RevisionLimits:
    """Return the limits that a revision's file declares in `runner_options`.

    Raises:
        RevisionFileError: the name is no mapping, or holds an unknown key or a value of the wrong type.
    """
    options = getattr(module, "runner_options", None)
    if options is None:
        return NO_LIMITS
    where = module.__file__ or module.__name__
    if not isinstance(options, dict):
        raise _invalid(revision, where, f"is a {type(options).__name__}, not a dictionary")
    for key, value in options.items():
        if key not in _KNOWN:
            near = get_close_matches(str(key), _KNOWN, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(_KNOWN)}"
            raise _invalid(revision, where, f"has no key {key!r}{hint}")
        _check_type(revision, where, key, value)
    return RevisionLimits(**options)


def _check_type(revision: str, where: str, key: str, value: object) -> None:
    if key == "retry":
        if not isinstance(value, bool):
            raise _invalid(revision, where, f"holds {value!r} for retry, which is True or False")
        return
    if value is None:
        return
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= float(str(value)) <= 2_000_000:
        raise _invalid(revision, where, f"holds {value!r} for {key}, which is a number of seconds from 0 to 2000000")


def _invalid(revision: str, where: str, what: str) -> RevisionFileError:
    return RevisionFileError(
        f"runner_options of revision {revision} {what}. Correct it in {where}; nothing was executed.",
        revision=revision,
        file=where,
    )

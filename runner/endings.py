"""What is said about a run that a signal ended: floor 7."""

from __future__ import annotations

from runner.errors import Interrupted, RunnerError
from runner.interrupts import SignalReceived

__all__ = ["cut_short", "interrupted"]

_EXCEPT = ", except for what ran in an autocommit block"
_UNKNOWN_COMMIT = (
    "whether the last COMMIT took effect was not found out: the next run looks at the version rows, and goes on from "
    "there"
)


def interrupted(received: SignalReceived, *, commit_is_unknown: bool) -> Interrupted:
    """Return what is said about a run that a signal ended.

    Args:
        received: the signal; its cause is what the run ended with.
        commit_is_unknown: nobody answered the last COMMIT, and what it did has not been found out.
    """
    cause = received.__cause__
    meanwhile = f" It ended with: {cause.message}" if isinstance(cause, RunnerError) else ""
    rest = _UNKNOWN_COMMIT if commit_is_unknown else "the step in progress was rolled back" + _EXCEPT
    return Interrupted(
        f"Interrupted by {received}. Steps reported as finished are committed; {rest}.{meanwhile}",
        signal_number=received.number,
    )


def cut_short(number: int, *, commit_is_unknown: bool) -> Interrupted:
    """Return what is said where the orderly end took too long."""
    rolls_back = "the server rolls back the step in progress when it notices that the session has ended" + _EXCEPT
    return Interrupted(
        f"Interrupted by {SignalReceived(number)}, and the orderly end took too long, so the process ends without it. "
        f"Steps reported as finished are committed; {_UNKNOWN_COMMIT if commit_is_unknown else rolls_back}.",
        signal_number=number,
    )

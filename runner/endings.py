"""What is said about a run that a signal ended: floor 7."""

from __future__ import annotations

from runner.errors import Interrupted, RunnerError
from runner.interrupts import SignalReceived

__all__ = ["cut_short", "interrupted"]


def interrupted(received: SignalReceived) -> Interrupted:
    """Return what is said about a run that a signal ended."""
    cause = received.__cause__
    meanwhile = f" It ended with: {cause.message}" if isinstance(cause, RunnerError) else ""
    return Interrupted(
        f"Interrupted by {received}. Steps reported as finished are committed; the step in progress was rolled back, "
        f"except for what it ran in an autocommit block.{meanwhile}",
        signal_number=received.number,
    )


def cut_short(number: int) -> Interrupted:
    """Return what is said where the orderly end took too long."""
    return Interrupted(
        f"Interrupted by {SignalReceived(number)}, and the orderly end took too long, so the process ends without it. "
        "Steps reported as finished are committed; the server rolls back the step in progress when it notices that "
        "the session has ended, except for what ran in an autocommit block.",
        signal_number=number,
    )

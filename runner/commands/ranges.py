"""Split `FROM:TO` as the offline commands take it: floor 6."""

from __future__ import annotations

from runner.errors import RangeInvalid

__all__ = ["split_range"]


def split_range(revision: str, *, offline: bool, required: bool = False, command: str) -> tuple[str | None, str]:
    """Return (start, destination); start is None when no range was given.

    Raises:
        RangeInvalid: a range outside offline mode, or none where the command cannot do without.
    """
    start, colon, destination = revision.partition(":")
    if not colon:
        if required:
            raise RangeInvalid(
                f"{command} --sql needs FROM:TO, since no database says where to start; got {revision!r}."
            )
        return None, revision
    if not offline:
        raise RangeInvalid(
            f"The range {revision!r} is only for {command} --sql; online, the version table says where to start."
        )
    if not start or not destination:
        raise RangeInvalid(f"The range {revision!r} lacks one end; write FROM:TO.")
    return start, destination

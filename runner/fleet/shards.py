"""Divide targets into shares: floor 6, above the commands. By name, so that every pod finds the same shares."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from runner.errors import SettingsError
from runner.fleet.targets import FleetTarget

__all__ = ["share_of"]


def share_of(targets: Iterable[FleetTarget], *, index: int, count: int) -> tuple[FleetTarget, ...]:
    """Return one share, in the order of the list.

    A target's share follows from its name alone: it stays when others come or go.

    Args:
        targets: all of them.
        index: which share, from 0.
        count: how many shares there are.

    Raises:
        SettingsError: there is no such share.
    """
    if count < 1 or not 0 <= index < count:
        raise SettingsError(
            f"The shard's index is {index} and RUNNER_SHARD_COUNT is {count}: the index must be from 0 to the count "
            "less one. In an indexed Job the count is the Job's completions."
        )
    return tuple(one for one in targets if _number(one.name) % count == index)


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")

"""What parent and workers tell each other: floor 6, above the commands. One JSON object per line, on two pipes.

Down: `begin` (once), then `order`.  Up: `ready` (once), `event`, `result`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["LineReader", "encoded"]


def encoded(kind: str, **keys: Any) -> bytes:
    """Return a message; what JSON does not have becomes text."""
    return json.dumps({"kind": kind, **keys}, default=_plain).encode() + b"\n"


def _plain(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


class LineReader:
    """Puts messages together from what a pipe gives."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Return the messages that are complete now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines]

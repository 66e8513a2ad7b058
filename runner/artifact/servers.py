"""Which servers a bundle is for: major versions, as an operator writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runner.artifact.recording import ServerRange
from runner.errors import SettingsError

__all__ = ["SUPPORTED_SERVERS", "parse_servers"]

SUPPORTED_SERVERS: Mapping[str, ServerRange] = {"postgresql": ServerRange(minimum=12)}
"""What the runner itself works with, where it refuses older ones."""

_RANGE = re.compile(r"(?P<low>\d{1,4})?\s*(?P<dash>-)?\s*(?P<high>\d{1,4})?")


def parse_servers(text: str) -> ServerRange:
    """Return the range that `15`, `14-17`, `14-` or `-17` means.

    Raises:
        SettingsError: it is none of these.
    """
    found = _RANGE.fullmatch(text.strip())
    if found is None or not (found["low"] or found["high"]):
        raise SettingsError(f"--server (RUNNER_ARTIFACT_SERVER) is {text!r}; write major versions as 15, 14-17 or 14-.")
    low = int(found["low"]) if found["low"] else None
    high = int(found["high"]) if found["high"] else None
    if not found["dash"]:
        high = low
    if low is not None and high is not None and low > high:
        raise SettingsError(f"--server (RUNNER_ARTIFACT_SERVER) is {text!r}, whose ends are the wrong way round.")
    return ServerRange(minimum=low, maximum=high)

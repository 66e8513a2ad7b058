"""Finds out what the history says about a run: floor 7. Asks the machine, so only a run that has work does."""

from __future__ import annotations

import getpass
import os
import socket
from typing import TYPE_CHECKING

from runner import __version__
from runner.database.history_entry import RunFacts

if TYPE_CHECKING:
    from runner.settings import Settings

__all__ = ["find_run_facts"]


def find_run_facts(settings: Settings, run_id: str | None) -> RunFacts:
    """Return the facts about this run; what cannot be found out is None."""
    return RunFacts(
        run_id=run_id,
        release=settings.release,
        host=settings.pod or os.environ.get("HOSTNAME") or socket.gethostname() or None,
        os_user=_os_user(),
        image_digest=settings.image_digest,
        tool_version=__version__,
    )


def _os_user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user need not have a name
        return None

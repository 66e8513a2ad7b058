"""Worker processes as their parent sees them: floor 6, above the commands."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from runner.fleet.messages import LineReader, encoded
from runner.fleet.targets import FleetTarget

__all__ = ["Worker", "describe_end"]

_CHUNK = 65536


class Worker:
    """A process that carries out one order after the other.

    It is in a session of its own: a Ctrl-C at the terminal reaches it through the parent only. It ends by itself when
    the pipe that brings its orders ends.

    Args:
        command: starts it; the descriptor for its reports is appended.
        environ: its environment.
        begin: what it is told first. May hold passwords, which is why it goes through the pipe.
        slot: its number among the workers that exist at a time.
    """

    def __init__(self, command: Sequence[str], *, environ: Mapping[str, str], begin: bytes, slot: int) -> None:
        self.slot = slot
        self.target: FleetTarget | None = None
        self.is_ready = False
        self.started_at = 0.0
        self._lines = LineReader()
        self.reports, theirs = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603  # the interpreter that runs this
                [*command, str(theirs)],
                stdin=subprocess.PIPE,
                pass_fds=(theirs,),
                env=dict(environ),
                start_new_session=True,
            )
        except BaseException:
            os.close(self.reports)
            raise
        finally:
            os.close(theirs)
        self._send(begin)

    @property
    def pid(self) -> int:
        """Return the process's id."""
        return self._process.pid

    def order(self, target: FleetTarget) -> None:
        """Give it a target; whether it was taken shows in what it reports."""
        self.target = target
        url = None if target.url is None else target.url.text()
        self._send(encoded("order", name=target.name, url=url, schema=target.schema))

    def receive(self) -> list[dict[str, Any]] | None:
        """Return what it has reported, None when it has ended."""
        data = os.read(self.reports, _CHUNK)
        return self._lines.feed(data) if data else None

    def terminate(self) -> None:
        """Ask it to end in an orderly way."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def dismiss(self) -> None:
        """Let it end: there are no more orders."""
        stdin = self._process.stdin
        if stdin is not None:
            with suppress(OSError):
                stdin.close()

    def close(self, patience_seconds: float = 5.0) -> int:
        """Wait for its end, make sure of it, and return its exit code, or the negative number of a signal."""
        self.dismiss()
        try:
            code = self._process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        with suppress(OSError):
            os.close(self.reports)
        return code

    def _send(self, message: bytes) -> None:
        stdin = self._process.stdin
        assert stdin is not None  # it was asked for
        with suppress(OSError):  # it has died: its other pipe says so
            stdin.write(message)
            stdin.flush()


def describe_end(code: int) -> str:
    """Return how a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"

"""Running the command lines of the runner and of Alembic as a user does: own process, own environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "ROOT",
    "Finished",
    "finished",
    "run_alembic",
    "run_program",
    "run_runner",
    "scrubbed_environment",
    "start_runner",
    "wait_for",
]

ROOT = Path(__file__).resolve().parent.parent
_KEPT = ("LANG", "LC_ALL", "PATH", "SYSTEMROOT", "TMPDIR", "TZ")
_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A program that has ended.

    Args:
        logs: the JSON lines of both streams, standard output first.
    """

    args: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    logs: tuple[dict[str, Any], ...]

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log lines with that event name, in order."""
        return [line for line in self.logs if line.get("event") == name]

    def event(self, name: str) -> dict[str, Any]:
        """Return the only log line with that event name."""
        found = self.events(name)
        assert len(found) == 1, f"{len(found)} lines {name!r}, expected one, in:\n{self}"
        return found[0]

    def check(self, returncode: int = 0) -> Finished:
        """Return this value if the exit code is the expected one, else fail showing everything."""
        assert self.returncode == returncode, f"expected exit code {returncode}\n{self}"
        return self

    def __str__(self) -> str:
        streams = f"--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"
        return f"{' '.join(self.args)}\n--- exit code {self.returncode}\n{streams}"


def scrubbed_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a container would start with: no developer's settings, an empty home, plus `extra`."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment["HOME"] = tempfile.gettempdir()
    environment["PYTHONPATH"] = str(ROOT)  # so that an uninstalled work tree runs too
    return environment | dict(extra or {})


def run_runner(
    *args: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    timeout: float = _TIMEOUT_SECONDS,
) -> Finished:
    """Run `python -m runner ARGS` in a scrubbed environment and wait for its end.

    Args:
        env: variables on top of the scrubbed environment, e.g. DATABASE_URL.
        timeout: seconds after which the program is killed and the test fails.
    """
    return run_program(
        [sys.executable, "-m", "runner", *map(str, args)], env=env, cwd=cwd, stdin=stdin, timeout=timeout
    )


def run_alembic(
    *args: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = _TIMEOUT_SECONDS,
) -> Finished:
    """Run the real `alembic ARGS`, the oracle, in the same way."""
    return run_program([sys.executable, "-m", "alembic", *map(str, args)], env=env, cwd=cwd, timeout=timeout)


def run_program(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    timeout: float = _TIMEOUT_SECONDS,
) -> Finished:
    """Run any program in a scrubbed environment; the other functions here are short for this one."""
    ended = subprocess.run(
        command,
        cwd=cwd,
        env=scrubbed_environment(env),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return finished(command, ended.returncode, ended.stdout, ended.stderr)


def start_runner(
    *args: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.Popen[str]:
    """Start `python -m runner ARGS` without waiting: for signals and races. The caller ends it."""
    return subprocess.Popen(
        [sys.executable, "-m", "runner", *map(str, args)],
        cwd=cwd,
        env=scrubbed_environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(process: subprocess.Popen[str], *, timeout: float = _TIMEOUT_SECONDS) -> Finished:
    """Wait for a started program and return what it said."""
    stdout, stderr = process.communicate(timeout=timeout)
    command = process.args if isinstance(process.args, list) else [process.args]
    return finished([str(part) for part in command], process.returncode, stdout, stderr)


def finished(command: Sequence[str], returncode: int, stdout: str, stderr: str) -> Finished:
    """Return the value for a program that has ended, its JSON lines read."""
    logs = (*_json_lines(stdout), *_json_lines(stderr))
    return Finished(args=tuple(command), returncode=returncode, stdout=stdout, stderr=stderr, logs=logs)


def _json_lines(text: str) -> list[dict[str, Any]]:
    lines = []
    for line in text.splitlines():
        if line.startswith("{"):
            value = json.loads(line)
            assert isinstance(value, dict)
            lines.append(value)
    return lines

"""The `docker` command for tests: images, containers and Compose projects as a user has them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.programs import ROOT, Finished, finished_program

__all__ = ["HARDENED", "Docker", "Project", "is_available", "wait_until"]

HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=10001:10001", "--tmpfs=/tmp")
"""How a cluster that enforces the strictest pod security runs a container."""
_KEPT = ("DOCKER_BUILDKIT", "DOCKER_CONFIG", "DOCKER_HOST", "HOME", "LANG", "PATH", "TMPDIR")
_TIMEOUT_SECONDS = 600.0


def is_available() -> bool:
    """Tell whether there is a `docker` command and an engine that answers it."""
    if shutil.which("docker") is None:
        return False
    return _run(["docker", "version"], timeout=60).returncode == 0


def _run(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, timeout: float = _TIMEOUT_SECONDS
) -> Finished:
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | dict(env or {})
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return finished_program(command, ended.returncode, ended.stdout, ended.stderr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Docker:
    """One engine, and what a test has started on it.

    Args:
        label: put on every container, so that all of them can be found and removed.
    """

    label: str = field(default_factory=lambda: f"runner-test-{uuid.uuid4().hex[:12]}")

    def run(self, *args: str, timeout: float = _TIMEOUT_SECONDS) -> Finished:
        """Run `docker ARGS`."""
        return _run(["docker", *args], timeout=timeout)

    def container(self, image: str, *command: str, options: Sequence[str] = ()) -> Finished:
        """Run a container to its end and return what it said; it is removed."""
        return self.run("run", "--rm", "--label", self.label, *options, image, *command)

    def start(self, image: str, *command: str, options: Sequence[str] = ()) -> str:
        """Start a container in the background and return its id."""
        return self.run("run", "--detach", "--label", self.label, *options, image, *command).check().stdout.strip()

    def inspect(self, name: str) -> dict[str, Any]:
        """Return what the engine knows of a container or an image."""
        found = json.loads(self.run("inspect", name).check().stdout)[0]
        assert isinstance(found, dict)
        return found

    def logs(self, container: str) -> Finished:
        """Return what a container has said so far."""
        return self.run("logs", container)

    def remove_all(self) -> None:
        """Remove the containers of this value, running or not."""
        ids = self.run("ps", "--all", "--quiet", "--filter", f"label={self.label}").check().stdout.split()
        if ids:
            self.run("rm", "--force", "--volumes", *ids).check()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A Compose project made from the repository's docker-compose.yml.

    Args:
        revisions: the directory that the job gets.
        name: keeps projects of several tests apart.
    """

    revisions: Path
    name: str = field(default_factory=lambda: f"runner-test-{uuid.uuid4().hex[:12]}")

    def run(self, *args: str, env: Mapping[str, str] | None = None) -> Finished:
        """Run `docker compose ARGS` for this project."""
        command = ["docker", "compose", "--project-name", self.name, "--ansi", "never", *args]
        return _run(command, env={"REVISIONS": str(self.revisions), **(env or {})})

    def job_logs(self) -> Finished:
        """Return the job's log lines, without Compose's prefix."""
        return self.run("logs", "--no-log-prefix", "migrate")

    def states(self) -> dict[str, tuple[str, int]]:
        """Return each service's state and exit code."""
        lines = self.run("ps", "--all", "--format", "json").check().stdout.splitlines()
        rows = [row for line in lines for row in _rows(line)]
        return {row["Service"]: (row["State"], row["ExitCode"]) for row in rows}

    def remove(self) -> None:
        """Remove containers, network and volumes."""
        self.run("down", "--volumes", "--timeout", "1").check()


def _rows(line: str) -> list[dict[str, Any]]:
    found = json.loads(line)
    return found if isinstance(found, list) else [found]


def wait_until(condition: Callable[[], bool], *, seconds: float = 90) -> None:
    """Return once the condition holds; a test that waits longer has failed."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.3)

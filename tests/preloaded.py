"""Hundreds of runner processes in a test: one helper imports everything once, then forks one real process per run.

Each run has its own process, environment, directory, standard streams and connections, and can be sent signals. Only
the imports are shared, which are most of a run's time and none of what the fault tests are about.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.programs import ROOT, Finished, finished_program, scrubbed_environment

__all__ = ["Preloaded", "Run", "end_helper", "preloaded", "run_runner", "the_helper"]

_TIMEOUT_SECONDS = 180.0
# What runs import; structlog brings much with it where a package for prettier tracebacks is installed.
_IMPORTED = (
    "configparser",
    "logging.config",
    "psycopg",
    "psycopg2.extras",
    "pymysql",
    "runner.assembly",
    "runner.cli",
    "runner.commands.upgrade",
    "runner.dialects.postgresql",
    "runner.migration.builtin",
    "runner.verbs",
    "sqlalchemy.dialects.mysql.pymysql",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "sqlite3",
    "structlog",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that was started.

    Args:
        pid: of its process.
        args: of the command line.
        output: the files of its standard output and standard error.
    """

    pid: int
    args: tuple[str, ...]
    output: tuple[Path, Path]


class Preloaded:
    """The helper process, seen from the test."""

    def __init__(self, process: subprocess.Popen[str], scratch: Path) -> None:
        self._process = process
        self._scratch = scratch
        self._started = 0

    def start(self, *args: str, env: Mapping[str, str], cwd: Path) -> Run:
        """Start `runner ARGS` with that environment and nothing else of ours."""
        self._started += 1
        output = (self._scratch / f"{self._started}.out", self._scratch / f"{self._started}.err")
        request = {"args": args, "env": scrubbed_environment(env), "cwd": str(cwd), "output": list(map(str, output))}
        return Run(pid=self._ask(request), args=args, output=output)

    def wait(self, run: Run) -> Finished:
        """Wait for a run and return what it said; the exit code is negative where a signal ended it."""
        status = self._ask({"wait": run.pid})
        stdout, stderr = (path.read_text() for path in run.output)
        return finished_program(["runner", *run.args], status, stdout, stderr)

    def run(self, *args: str, env: Mapping[str, str], cwd: Path) -> Finished:
        """Start a run and wait for it."""
        return self.wait(self.start(*args, env=env, cwd=cwd))

    def _ask(self, request: Mapping[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def preloaded() -> Iterator[Preloaded]:
    """Start the helper; at the end it and whatever it started is gone."""
    with tempfile.TemporaryDirectory() as scratch:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.preloaded"],
            cwd=ROOT,
            env=scrubbed_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield Preloaded(process, Path(scratch))
        finally:
            process.communicate(timeout=_TIMEOUT_SECONDS)


_EXITS = ExitStack()


@cache
def the_helper() -> Preloaded:
    """Return the helper of this test process; it is started when it is first asked for."""
    return _EXITS.enter_context(preloaded())


def end_helper() -> None:
    """End it, if it was started; called when the tests have ended."""
    _EXITS.close()


def run_runner(*args: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Finished:
    """Do what the function of this name in tests.programs does, without the cost of imports.

    Not for tests of what is imported, of the interpreter's start, or of its end.
    """
    return the_helper().run(*map(str, args), env=env or {}, cwd=cwd or ROOT)


def _serve() -> None:
    """Fork a run, or wait for one, for each line of standard input; kill what is left at its end."""
    _import_what_runs_import()
    living: set[int] = set()
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            living.discard(request["wait"])
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                _become_a_run(**request)
            living.add(answer)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for pid in living:
        os.kill(pid, 9)


def _import_what_runs_import() -> None:
    for name in _IMPORTED:
        import_module(name)


def _become_a_run(args: Sequence[str], env: Mapping[str, str], cwd: str, output: Sequence[str]) -> None:
    from runner.__main__ import main

    for number, path in enumerate([os.devnull, *output]):
        opened = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.stdin, sys.stdout, sys.stderr = (open(number, mode) for number, mode in enumerate("rww"))  # noqa: PTH123, SIM115  # descriptors
    sys.argv, sys.path[0] = ["runner", *args], cwd  # as `python -m runner` has it
    signal.alarm(int(_TIMEOUT_SECONDS))  # a run that hangs is killed, and the test that waits for it fails
    code: object = 1
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    _serve()

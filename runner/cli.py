"""The `runner` command: floor 7. Reads the environment, runs one verb, reports, and returns the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from typing import Any

from runner import install_alembic_names
from runner.arguments import Arguments, parse_arguments
from runner.clock import Clock, SystemClock
from runner.errors import Interrupted, OutputFailed, RunnerError, SettingsError
from runner.events import emit, listening
from runner.logs import bridge_standard_logging, make_event_sink, resolve_format
from runner.settings import Settings, read_settings
from runner.signals import SignalReceived, orderly_end

__all__ = ["main"]

_PRODUCES = ("upgrade", "downgrade", "stamp", "ensure-version")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the words after the program's name; None takes the process's own.

    Returns:
        The exit code: 0, 2 for a misused command line, or the failure's own (docs/errors.md).
    """
    try:
        arguments = parse_arguments(sys.argv[1:] if argv is None else argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    return _Session(arguments, SystemClock()).run()


class _Session:
    """One command from its settings to its exit code."""

    def __init__(self, arguments: Arguments, clock: Clock) -> None:
        self._arguments = arguments
        self._clock = clock
        self._started = clock.monotonic()
        self._writes_sql = bool(getattr(arguments.values, "sql", False))
        self._is_run = arguments.command.name in _PRODUCES
        # Whoever reads a product on stdout must not find log lines in it.
        self._has_product = self._writes_sql or not self._is_run
        self._log_stream = sys.stderr if self._has_product else sys.stdout
        self._format = resolve_format("auto", self._log_stream)

    def run(self) -> int:
        run_id = os.urandom(6).hex()
        try:
            settings = read_settings(os.environ, self._arguments.flags, read_text=_read_text)
        except SettingsError as error:
            sink = make_event_sink(
                self._log_stream, format=self._format, level="info", run_id=run_id, clock=self._clock
            )
            with listening(sink):
                return self._failed(error)
        self._format = resolve_format(settings.log_format, self._log_stream)
        sink = make_event_sink(
            self._log_stream, format=self._format, level=settings.log_level, run_id=run_id, clock=self._clock
        )
        with listening(sink):
            return self._run_with(settings, lambda: bridge_standard_logging(sink))

    def _run_with(self, settings: Settings, around: Callable[[], AbstractContextManager[None]]) -> int:
        try:
            with orderly_end():
                self._execute(settings, around)
                sys.stdout.flush()
        except (Exception, SignalReceived) as error:  # the rim: every failure becomes a sentence and an exit code
            if self._arguments.values.raiseerr:
                raise
            return self._exit_code_of(error)
        return 0

    def _exit_code_of(self, error: BaseException) -> int:
        """Report a failure and return its exit code."""
        match error:
            case SignalReceived():
                return self._failed(_interrupted(error))
            case RunnerError():
                return self._failed(error)
            case BrokenPipeError():
                _close_stdout()
                return 141  # what a shell reports for a program that SIGPIPE ended
            case OSError() if error.filename is None and error.errno is not None:  # a write to stdout
                _close_stdout()
                return self._failed(OutputFailed(f"The result could not be written to stdout: {error.strerror}."))
        return self._failed_unexpectedly(error)

    def _execute(self, settings: Settings, around: Callable[[], AbstractContextManager[None]]) -> None:
        from runner.assembly import make_target
        from runner.verbs import VERBS

        install_alembic_names()
        os.environ.update(settings.exported_environment())
        name = self._arguments.command.name
        if self._is_run:
            emit("run.started", command=name, offline=self._writes_sql)
        target = make_target(settings, self._arguments.values, name, clock=self._clock, around=around)
        # Nor what env.py and revisions print; the target keeps the stdout that scripts go to.
        with redirect_stdout(sys.stderr) if self._has_product else nullcontext():
            target.config.stdout = sys.stdout  # what env.py says through it is no result either
            outcome = VERBS[name](target, self._arguments.values, settings)
        if outcome.text and not self._arguments.values.quiet:
            sys.stdout.write(outcome.text)
        if outcome.failure is not None:
            sys.stdout.flush()
            raise outcome.failure
        if self._is_run:
            emit("run.finished", command=name, **outcome.keys, duration_seconds=self._elapsed())

    def _elapsed(self) -> float:
        return round(self._clock.monotonic() - self._started, 3)

    def _failed(self, error: RunnerError) -> int:
        keys: dict[str, Any] = {"command": self._arguments.command.name, "error_code": error.code}
        keys["exit_code"] = error.exit_code
        if self._format == "json":
            keys = {**error.fields, **keys, "message": error.message}
        emit("run.failed", level="error", **keys, duration_seconds=self._elapsed())
        if self._format != "json":
            _say(f"runner: {error.message}\n        ({error.code}, exit code {error.exit_code}; docs/errors.md)\n")
        return error.exit_code

    def _failed_unexpectedly(self, error: BaseException) -> int:
        """Report a failure nobody foresaw, with everything needed to find the defect."""
        import traceback

        emit(
            "run.failed",
            level="error",
            command=self._arguments.command.name,
            error_code="internal-error",
            exit_code=1,
            exception="".join(traceback.format_exception(error)),
            duration_seconds=self._elapsed(),
        )
        return 1


def _interrupted(received: SignalReceived) -> Interrupted:
    return Interrupted(
        f"Interrupted by {received}. Steps reported as finished are committed; the step in progress was rolled back, "
        "except for what it ran in an autocommit block.",
        signal_number=received.number,
    )


def _say(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        return  # nobody is listening; the exit code still tells


def _close_stdout() -> None:
    """Keep the interpreter from flushing a dead stdout once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _read_text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()

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
from runner.endings import cut_short, interrupted
from runner.errors import OutputFailed, RunnerError, SettingsError
from runner.events import emit, listening
from runner.logs import bridge_standard_logging, make_event_sink, resolve_format
from runner.settings import Settings, read_settings
from runner.signals import GRACE_SECONDS, SignalReceived, orderly_end
from runner.tally import RunTally

__all__ = ["main"]

_PRODUCES = ("upgrade", "downgrade", "stamp", "ensure-version", "wait")


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
        self._run_id = os.urandom(6).hex()
        self._writes_sql = bool(getattr(arguments.values, "sql", False))
        applies = getattr(arguments.values, "action", None) == "apply"  # an artifact
        self._is_run = arguments.command.name in _PRODUCES or applies
        # Whoever reads a product on stdout must not find log lines in it.
        self._has_product = self._writes_sql or not self._is_run
        self._log_stream = sys.stderr if self._has_product else sys.stdout
        self._format = resolve_format("auto", self._log_stream)
        self._has_ended = False  # the final event is out
        self._tally = RunTally()
        self._release: str | None = None
        self._message_file: str | None = None
        self._metrics_file: str | None = None

    def run(self) -> int:
        run_id = self._run_id
        try:
            settings = read_settings(os.environ, self._arguments.flags, read_text=_read_text)
        except SettingsError as error:
            sink = make_event_sink(
                self._log_stream, format=self._format, level="info", run_id=run_id, clock=self._clock
            )
            self._message_file = os.environ.get("RUNNER_TERMINATION_MESSAGE_FILE", "").strip() or None
            with listening(sink):
                return self._failed(error)
        self._release = settings.release
        if self._is_run:
            self._message_file, self._metrics_file = settings.termination_message_file, settings.metrics_file
        self._format = resolve_format(settings.log_format, self._log_stream)
        sink = make_event_sink(
            self._log_stream, format=self._format, level=settings.log_level, run_id=run_id, clock=self._clock
        )
        with listening(self._tally.listening(sink) if self._is_run else sink):
            return self._run_with(settings, lambda: bridge_standard_logging(sink))

    def _run_with(self, settings: Settings, around: Callable[[], AbstractContextManager[None]]) -> int:
        try:
            with orderly_end(self._last_words, grace_seconds=_grace_seconds(settings)):
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
                return self._failed(interrupted(error, commit_is_unknown=self._tally.commit_is_unknown))
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
        from runner.assembly import for_tenant, make_target
        from runner.verbs import VERBS

        install_alembic_names()
        settings = for_tenant(settings)
        os.environ.update(settings.exported_environment())
        name = self._arguments.command.name
        if self._is_run:
            emit("run.started", command=name, offline=self._writes_sql)
        target = make_target(
            settings, self._arguments.values, name, clock=self._clock, around=around, run_id=self._run_id
        )
        # Nor what env.py and revisions print; the target keeps the stdout that scripts go to.
        with redirect_stdout(sys.stderr) if self._has_product else nullcontext():
            target.config.stdout = sys.stdout  # what env.py says through it is no result either
            outcome = VERBS[name](target, self._arguments.values, settings)
        if outcome.text and not self._arguments.values.quiet:
            sys.stdout.write(outcome.text)
        if outcome.verdict is not None:
            sys.stdout.flush()
            outcome.verdict()
        if self._is_run:
            self._has_ended = True
            keys = {**outcome.keys, **self._summary()}
            self._leave(0)
            emit("run.finished", command=name, **keys, duration_seconds=self._elapsed())

    def _elapsed(self) -> float:
        return round(self._clock.monotonic() - self._started, 3)

    def _last_words(self, number: int) -> None:
        """Report from another thread that the orderly end took too long; the process ends right after."""
        if not self._has_ended:
            self._failed(cut_short(number, commit_is_unknown=self._tally.commit_is_unknown))

    def _failed(self, error: RunnerError) -> int:
        self._has_ended = True
        keys: dict[str, Any] = {"command": self._arguments.command.name, "error_code": error.code}
        keys["exit_code"] = error.exit_code
        if self._format == "json":
            keys = {**error.fields, **self._failed_summary(), **keys, "message": error.message}
        self._leave(error.exit_code, error_code=error.code, message=error.message)
        emit("run.failed", level="error", **keys, duration_seconds=self._elapsed())
        if self._format != "json":
            _say(f"runner: {error.message}\n        ({error.code}, exit code {error.exit_code}; docs/errors.md)\n")
        return error.exit_code

    def _failed_summary(self) -> dict[str, Any]:
        """Return what a run that failed had done before; nothing for a query."""
        if not self._is_run:
            return {}
        return {"applied": len(self._tally.finished), **self._summary()}

    def _summary(self) -> dict[str, Any]:
        release = {} if self._release is None else {"release": self._release}
        return {**self._tally.summary(), **release}

    def _leave(self, exit_code: int, *, error_code: str | None = None, message: str = "") -> None:
        """Write the files that outlive the run, where they were asked for."""
        if self._message_file is None and self._metrics_file is None:
            return
        from runner.aftermath import Aftermath, leave_aftermath

        after = Aftermath(
            command=self._arguments.command.name,
            exit_code=exit_code,
            error_code=error_code,
            message=message,
            duration_seconds=self._elapsed(),
            ended_at=self._clock.now().timestamp(),
            release=self._release,
            run_id=self._run_id,
            tally=self._tally,
        )
        leave_aftermath(after, message_file=self._message_file, metrics_file=self._metrics_file)

    def _failed_unexpectedly(self, error: BaseException) -> int:
        """Report a failure nobody foresaw, with everything needed to find the defect."""
        import traceback

        self._leave(1, error_code="internal-error", message=f"{type(error).__name__}; the log has the traceback")
        emit(
            "run.failed",
            level="error",
            **self._failed_summary(),
            command=self._arguments.command.name,
            error_code="internal-error",
            exit_code=1,
            exception="".join(traceback.format_exception(error)),
            duration_seconds=self._elapsed(),
        )
        return 1


def _grace_seconds(settings: Settings) -> float:
    # A run over many targets waits for its workers, and each of them has the ordinary time.
    return GRACE_SECONDS if settings.targets is None else GRACE_SECONDS + 3.0


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

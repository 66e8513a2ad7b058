"""A worker of a run over many targets: floor 7. The ordinary job, once per order, in a process of its own.

Orders come through standard input, reports go through another pipe (runner.fleet.messages). When the orders end in
the middle of a job, the parent has died: the job is interrupted as by SIGTERM, so that nothing is left at work.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from runner.signals import attend_to_signals

__all__ = ["main"]


def main(descriptor: int) -> None:
    """Carry out orders until there are no more, and end the process.

    Args:
        descriptor: where the reports go.
    """
    attend_to_signals()
    from runner.interrupts import SignalReceived
    from runner.signals import orderly_end

    worker = _Worker(descriptor)
    try:
        with orderly_end(worker.last_words):
            worker.run()
    except SignalReceived as signal:
        sys.exit(128 + signal.number)
    sys.exit(0)


class _Worker:
    """One process.

    Args:
        descriptor: where the reports go.
    """

    def __init__(self, descriptor: int) -> None:
        import queue

        os.set_inheritable(descriptor, False)  # noqa: FBT003  # what a revision starts must not keep the pipe open
        self._descriptor = descriptor
        self._orders: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._is_busy = self._is_orphan = False
        self._script: Any = None
        self._tally: Any = None

    def run(self) -> None:
        """Carry out the orders, one after the other."""
        import threading

        orders = os.dup(0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)  # env.py and revisions have no business in the pipe
        os.close(nothing)
        threading.Thread(target=self._listen, args=(orders,), name="runner-orders", daemon=True).start()
        begin = self._orders.get()
        if begin is None:
            return
        self._begin(begin)
        self._send("ready")
        while (order := self._orders.get()) is not None:
            self._is_busy = True
            report = self._carry_out(order)
            self._is_busy = False
            self._send("result", **report)
            if report["error_code"] == "interrupted" or self._is_orphan:
                return

    def last_words(self, number: int) -> None:
        """Report from another thread that the orderly end took too long."""
        if self._is_busy:
            from runner.endings import cut_short

            error = cut_short(number, commit_is_unknown=self._tally.commit_is_unknown)
            self._send("result", **{**_failure(error, self._tally), "outcome": "interrupted"})

    def _listen(self, descriptor: int) -> None:
        import signal

        for message in _messages(descriptor):
            self._orders.put(message)
        self._is_orphan = True
        self._orders.put(None)
        if self._is_busy:
            os.kill(os.getpid(), signal.SIGTERM)

    def _send(self, kind: str, **keys: Any) -> None:
        from runner.fleet.messages import encoded

        rest = memoryview(encoded(kind, **keys))
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            return  # the parent has died; the end of the other pipe says so

    # -- orders --------------------------------------------------------------------------------------------

    def _begin(self, message: dict[str, Any]) -> None:
        import argparse

        from runner import install_alembic_names
        from runner.clock import SystemClock
        from runner.database.url import parse_url
        from runner.settings import Settings

        install_alembic_names()
        given = message["settings"]
        url = None if given["database_url"] is None else parse_url(given["database_url"])
        self._settings = Settings(**{**given, "database_url": url})
        self._values = argparse.Namespace(**message["values"])
        self._command: str = message["command"]
        self._run_id: str | None = message["run_id"]
        self._slot: int = message["slot"]
        self._clock = SystemClock()

    def _carry_out(self, order: dict[str, Any]) -> dict[str, Any]:
        """Return the report about one target, whatever happens on the way."""
        from runner.endings import interrupted
        from runner.errors import RunnerError
        from runner.events import listening
        from runner.interrupts import SignalReceived
        from runner.signals import signal_first
        from runner.tally import RunTally

        self._tally = RunTally()
        with listening(self._tally.listening(self._on_event)):
            try:
                with signal_first():
                    return self._run(order)
            except SignalReceived as received:
                error = interrupted(received, commit_is_unknown=self._tally.commit_is_unknown)
                return {**_failure(error, self._tally), "outcome": "interrupted"}
            except RunnerError as failed:
                return _failure(failed, self._tally)
            except (Exception, SystemExit) as unexpected:  # noqa: BLE001  # as at the rim of a single run
                return _unexpected(unexpected, self._tally)

    def _on_event(self, level: str, event: str, keys: dict[str, object]) -> None:
        if level != "debug" or self._settings.log_level == "debug":
            self._send("event", level=level, event=event, keys=keys)

    def _run(self, order: dict[str, Any]) -> dict[str, Any]:
        target = self._target(order)
        if self._command != "upgrade":
            return _answer(self._command, target, self._values, self._settings)
        from runner.commands.upgrade import upgrade

        result = upgrade(target, self._values.revision or self._settings.target, tag=self._values.tag)
        return {
            "outcome": "applied" if result.applied_count else "current",
            "revisions": [step.revision for database in result.databases for step in database.applied],
            "heads": sorted({head for database in result.databases for head in database.end_heads}),
            "error_code": None,
        }

    def _target(self, order: dict[str, Any]) -> Any:
        from dataclasses import replace

        from runner.assembly import for_tenant, make_target
        from runner.database.url import parse_url
        from runner.logs import bridge_standard_logging

        url = self._settings.database_url if order["url"] is None else parse_url(order["url"])
        settings = for_tenant(replace(self._settings, database_url=url, tenant_schema=order["schema"]))
        os.environ.update(settings.exported_environment())
        target = make_target(
            settings,
            self._values,
            self._command,
            clock=self._clock,
            around=lambda: bridge_standard_logging(self._on_event),
            run_id=self._run_id,
        )
        # The other workers' sessions are no orphans: each worker's "pod" is its own.
        session = replace(target.options.session, pod=f"{target.options.session.pod}.{self._slot}")
        target = replace(target, options=replace(target.options, session=session))
        if self._script is None:
            self._script = target.script
        return target.sharing(self._script)


def _messages(descriptor: int) -> Iterator[dict[str, Any]]:
    from runner.fleet.messages import LineReader

    lines = LineReader()
    while data := os.read(descriptor, 65536):
        yield from lines.feed(data)


def _answer(command: str, target: Any, values: Any, settings: Any) -> dict[str, Any]:
    """Return the report about a query: its result, and what `--check` or `--check-heads` makes of it."""
    import json

    from runner.errors import RunnerError
    from runner.report import to_json

    found, verdict = _asked(command, target, values, settings)
    report = {"outcome": "current", "error_code": None, "report": json.loads(to_json(found))}
    try:
        verdict()
    except RunnerError as error:
        return {**report, **_failure(error, None)}
    return report


def _asked(command: str, target: Any, values: Any, settings: Any) -> tuple[Any, Callable[[], object]]:
    if command == "plan":
        from runner.commands.plan import plan

        return plan(target, values.revision or settings.target), lambda: None
    if command == "current":
        from runner.commands.current import current

        return current(target), (lambda: current(target, check_heads=True)) if values.check_heads else (lambda: None)
    from runner.commands.status import require_current, status

    found = status(target)
    return found, (lambda: require_current(target, found)) if values.check else (lambda: None)


def _failure(error: Any, tally: Any) -> dict[str, Any]:
    from runner.logs import mask_secrets

    report = {
        "outcome": "failed",
        "error_code": error.code,
        "exit_code": error.exit_code,
        "message": mask_secrets(error.message),
    }
    if tally is not None:
        report["revisions"] = [one.revision for one in tally.finished]
        report["failed_revision"] = tally.failed
    return report


def _unexpected(error: BaseException, tally: Any) -> dict[str, Any]:
    import traceback

    from runner.errors import RunnerError
    from runner.logs import mask_secrets

    foreseen = RunnerError(f"{type(error).__name__}; the log has the traceback.")
    text = "".join(traceback.format_exception(error))
    return {**_failure(foreseen, tally), "error_code": "internal-error", "exception": mask_secrets(text)}

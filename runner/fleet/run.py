"""A run over many targets: floor 6, above the commands. Gives orders to workers, and believes only what they report."""

from __future__ import annotations

import selectors
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runner.clock import Clock
from runner.errors import Interrupted, WorkerLost
from runner.events import emit, relay
from runner.fleet.manifest import Entry, Manifest, TargetOutcome
from runner.fleet.schedule import Schedule
from runner.fleet.workers import Worker, describe_end
from runner.interrupts import SignalReceived, interrupts

__all__ = ["FleetRun", "WorkerReport"]

_TICK_SECONDS = 0.5
# A worker ends within two seconds of a signal; one that does not is killed.
_PATIENCE_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """What a worker says about its target when it is done with it."""

    outcome: TargetOutcome
    revisions: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    error_code: str | None = None
    exit_code: int | None = None
    failed_revision: str | None = None
    message: str | None = None
    exception: str | None = None
    report: Any = None

    @classmethod
    def of_message(cls, message: dict[str, Any]) -> WorkerReport:
        """Return the report that came through the pipe."""
        values = {**message, "outcome": TargetOutcome(message["outcome"])}
        del values["kind"]
        for key in ("revisions", "heads"):
            values[key] = tuple(message.get(key, ()))
        return cls(**values)


class FleetRun:
    """Carries out a schedule.

    Args:
        schedule: what is to be done, and in which order.
        manifest: has an entry for each target of the schedule.
        start_worker: starts the worker of a slot.
        workers: how many there may be at a time.
        clock: for durations.
        progress_seconds: how often the progress is reported.
    """

    def __init__(
        self,
        *,
        schedule: Schedule,
        manifest: Manifest,
        start_worker: Callable[[int], Worker],
        workers: int,
        clock: Clock,
        progress_seconds: float,
    ) -> None:
        self._schedule = schedule
        self._manifest = manifest
        self._start_worker = start_worker
        self._limit = workers
        self._clock = clock
        self._progress_seconds = progress_seconds
        self._began = self._reported = clock.monotonic()
        self._workers: dict[int, Worker] = {}  # by slot
        self._selector = selectors.DefaultSelector()
        self._is_stopping = False

    def run(self) -> None:
        """Do what is to be done.

        Raises:
            SignalReceived: after the workers have ended in an orderly way; the manifest says how far they came.
            WorkerLost: workers cannot be started.
            WriteFailed: the manifest cannot be written.
        """
        try:
            self._carry_out()
        except SignalReceived as signal:
            self._stop(signal.number)
            raise
        finally:
            for worker in list(self._workers.values()):
                worker.dismiss()
            for worker in list(self._workers.values()):
                self._close(worker)
            self._selector.close()

    def _carry_out(self) -> None:
        while True:
            with interrupts.deferred():
                self._give_orders()
                self._manifest.write_if_due()
                self._report_progress()
                if not self._busy:
                    return
            # A signal is raised here, or at the end of a deferred block, and nowhere in between.
            ready = self._selector.select(_TICK_SECONDS)
            with interrupts.deferred():
                for key, _ in ready:
                    self._hear(key.data)

    @property
    def _busy(self) -> list[Worker]:
        return [one for one in self._workers.values() if one.target is not None]

    def _give_orders(self) -> None:
        while len(self._busy) < self._limit:
            target = self._schedule.next()
            if target is None:
                return
            worker = next((one for one in self._workers.values() if one.target is None), None) or self._hire()
            entry = self._manifest.started(target.name)
            schema = {} if target.schema is None else {"schema": target.schema}
            emit("target.started", target=target.name, attempt=entry.attempts, pid=worker.pid, **schema)
            worker.started_at = self._clock.monotonic()
            worker.order(target)

    def _hire(self) -> Worker:
        slot = next(number for number in range(self._limit) if number not in self._workers)
        worker = self._start_worker(slot)
        self._workers[slot] = worker
        self._selector.register(worker.reports, selectors.EVENT_READ, worker)
        return worker

    # -- what workers report -------------------------------------------------------------------------------

    def _hear(self, worker: Worker) -> None:
        messages = worker.receive()
        if messages is None:
            self._lose(worker)
            return
        for message in messages:
            if message["kind"] == "ready":
                worker.is_ready = True
            elif message["kind"] == "event":
                name = worker.target.name if worker.target is not None else None
                relay(message["level"], message["event"], {"target": name, **message["keys"]})
            elif worker.target is not None:
                self._conclude(worker, WorkerReport.of_message(message))

    def _conclude(self, worker: Worker, report: WorkerReport) -> None:
        assert worker.target is not None  # the report is about it
        name, worker.target = worker.target.name, None
        seconds = round(self._clock.monotonic() - worker.started_at, 3)
        entry = self._manifest.ended(
            name,
            outcome=report.outcome,
            revisions=report.revisions,
            heads=report.heads,
            error_code=report.error_code,
            exit_code=report.exit_code,
            failed_revision=report.failed_revision,
            message=report.message,
            duration_seconds=seconds,
            report=report.report,
        )
        if entry.is_done:
            self._schedule.succeeded(name)
            _tell_success(entry)
        else:
            self._schedule.failed(name)
            _tell_failure(entry, report.exception)
            self._tell_end()

    def _tell_end(self) -> None:
        if self._schedule.stopped is not None and not self._is_stopping:
            self._is_stopping = True
            emit("fleet.stopping", level="warning", reason=self._schedule.stopped, left=self._schedule.left)

    def _lose(self, worker: Worker) -> None:
        """Notice that a worker has ended; its target, if it had one, is not done."""
        target = worker.target
        code = self._close(worker)
        if target is None:
            return
        how = describe_end(code)
        emit("worker.lost", level="warning", target=target.name, pid=worker.pid, ended=how)
        message = f"The process that worked on {target.name} ended without a word ({how}). The server rolls back what "
        message += "it had not committed. Run again with the same manifest: this target is looked at again."
        error = WorkerLost(message)
        self._conclude(
            worker,
            WorkerReport(
                outcome=TargetOutcome.INTERRUPTED,
                error_code=error.code,
                exit_code=error.exit_code,
                message=error.message,
            ),
        )
        if not worker.is_ready and code > 0:  # not killed: the next one would not come further either
            raise WorkerLost(f"A worker ended while it was starting ({how}). What it printed says why.")

    def _close(self, worker: Worker) -> int:
        self._workers.pop(worker.slot, None)
        if worker.reports in self._selector.get_map():
            self._selector.unregister(worker.reports)
        return worker.close()

    # -- a signal ------------------------------------------------------------------------------------------

    def _stop(self, number: int) -> None:
        """Pass a signal on, and wait until each worker has said how far it came."""
        self._schedule.stop("signal")
        self._tell_end()
        for worker in self._busy:
            worker.terminate()
        deadline = self._clock.monotonic() + _PATIENCE_SECONDS
        while self._busy and self._clock.monotonic() < deadline:
            for key, _ in self._selector.select(_TICK_SECONDS):
                self._hear(key.data)
        for worker in self._busy:
            error = Interrupted("Interrupted, and the orderly end took too long.", signal_number=number)
            self._conclude(
                worker,
                WorkerReport(
                    outcome=TargetOutcome.INTERRUPTED,
                    error_code=error.code,
                    exit_code=error.exit_code,
                    message=error.message,
                ),
            )
            worker.kill()

    # -- progress ------------------------------------------------------------------------------------------

    def _report_progress(self) -> None:
        now = self._clock.monotonic()
        if now - self._reported < self._progress_seconds:
            return
        self._reported = now
        entries = self._manifest.entries
        done = sum(one.is_done for one in entries)
        failed = sum(one.outcome in {TargetOutcome.FAILED, TargetOutcome.INTERRUPTED} for one in entries)
        emit(
            "fleet.progress",
            done=done,
            failed=failed,
            total=len(entries),
            running=len(self._busy),
            percent=round(100 * (done + failed) / max(1, len(entries)), 1),
            phase=f"{done} of {len(entries)} targets done, {failed} failed",
            elapsed_seconds=round(now - self._began, 1),
        )


def _tell_success(entry: Entry) -> None:
    emit(
        "target.finished",
        target=entry.name,
        outcome=entry.outcome.value,
        applied=len(entry.revisions),
        to=list(entry.heads),
        duration_seconds=entry.duration_seconds,
    )


def _tell_failure(entry: Entry, exception: str | None) -> None:
    more = {"failed_revision": entry.failed_revision, "exception": exception}
    emit(
        "target.failed",
        level="error",
        target=entry.name,
        outcome=entry.outcome.value,
        error_code=entry.error_code,
        exit_code=entry.exit_code,
        message=entry.message,
        duration_seconds=entry.duration_seconds,
        **{key: value for key, value in more.items() if value is not None},
    )

"""What a run leaves in files for those who look later: floor 7. A termination message, and metrics.

Neither may ever make a run fail: what cannot be written is reported as an event.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from runner.events import emit
from runner.logs import mask_secrets
from runner.tally import FinishedRevision, RunTally

__all__ = ["Aftermath", "leave_aftermath", "metrics_text", "termination_message"]

_LONGEST_MESSAGE = 4096  # bytes; Kubernetes keeps no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """How a run ended.

    Args:
        error_code: None for a success.
        message: the sentence of a failure.
        ended_at: seconds since 1970, UTC.
    """

    command: str
    exit_code: int
    error_code: str | None
    message: str
    duration_seconds: float
    ended_at: float
    release: str | None
    run_id: str
    tally: RunTally


def leave_aftermath(after: Aftermath, *, message_file: str | None, metrics_file: str | None) -> None:
    """Write the files that were asked for."""
    if message_file is not None:
        try:
            # Not renamed into place: Kubernetes mounts the file itself.
            with open(message_file, "wb") as file:
                file.write(termination_message(after))
        except OSError as error:
            emit("termination_message.unwritten", level="warning", path=message_file, reason=str(error.strerror))
    if metrics_file is not None:
        try:
            _replace(metrics_file, metrics_text(after))
        except OSError as error:
            emit("metrics.unwritten", level="warning", path=metrics_file, reason=str(error.strerror))


def termination_message(after: Aftermath) -> bytes:
    """Return one or two lines of UTF-8, at most 4096 bytes, without secrets."""
    done = f"{len(after.tally.finished)} revision(s) run"
    if after.error_code is None:
        text = f"{after.command} succeeded: {done}"
        if after.tally.finished:
            text += f", the last one {after.tally.finished[-1].revision}"
        return text.encode()
    text = f"{after.error_code} (exit code {after.exit_code}): {mask_secrets(after.message)}\n{done} before that"
    encoded = text.encode(errors="replace")
    if len(encoded) <= _LONGEST_MESSAGE:
        return encoded
    return encoded[: _LONGEST_MESSAGE - 4].decode(errors="ignore").encode() + b" ..."


def metrics_text(after: Aftermath) -> str:
    """Return the run as OpenMetrics, for a textfile collector."""
    command = f'command="{_escaped(after.command)}"'
    lines: list[str] = []

    def gauge(name: str, help_text: str, samples: list[tuple[str, float]], unit: str = "") -> None:
        lines.append(f"# TYPE {name} gauge")
        if unit:
            lines.append(f"# UNIT {name} {unit}")
        lines.append(f"# HELP {name} {help_text}")
        lines.extend(f"{name}{{{labels}}} {value!r}" for labels, value in samples)

    facts = {"release": after.release, "run_id": after.run_id}
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in facts.items() if value)
    gauge("runner_last_run", "What the last run was for.", [(f"{command},{labels}", 1)])
    gauge("runner_last_run_success", "Whether the last run succeeded.", [(command, int(after.error_code is None))])
    gauge("runner_last_run_exit_code", "Its exit code.", [(command, after.exit_code)])
    gauge("runner_last_run_end_timestamp_seconds", "When it ended.", [(command, after.ended_at)], "seconds")
    gauge("runner_last_run_duration_seconds", "How long it took.", [(command, after.duration_seconds)], "seconds")
    gauge("runner_last_run_revisions", "How many revisions it ran.", [(command, len(after.tally.finished))])
    gauge(
        "runner_last_run_retries",
        "How many attempts were rolled back and tried again.",
        [(command, after.tally.retries)],
    )
    durations = [
        (f'{_target(one)}revision="{_escaped(one.revision)}",direction="{one.direction}"', one.duration_seconds)
        for one in after.tally.finished
    ]
    gauge("runner_revision_duration_seconds", "How long each of its revisions took.", durations, "seconds")
    return "\n".join([*lines, "# EOF", ""])


def _target(one: FinishedRevision) -> str:
    return "" if one.target is None else f'target="{_escaped(one.target)}",'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _replace(path: str, text: str) -> None:
    """Write a file so that a reader finds the old one or the new one, never a part."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise

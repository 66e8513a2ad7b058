"""What a run leaves in files: a short reason for Kubernetes, and figures in a valid exposition format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from runner.aftermath import Aftermath, leave_aftermath, metrics_text, termination_message
from runner.events import emit, listening
from runner.tally import RunTally


def tally() -> RunTally:
    """Return the tally of a run with two revisions, the second tried twice, and a third that failed."""
    counted = RunTally()
    with listening(counted.listening(lambda *_: None)):
        for revision, attempts in (("r1", 1), ('od"d\\', 2)):
            for attempt in range(attempts):
                emit("step.started", revision=revision)
                if attempt + 1 < attempts:
                    emit("step.retrying", revision=revision)
            emit("step.finished", revision=revision, direction="upgrade", duration_seconds=0.25)
        emit("step.started", revision="r3")
        emit("step.failed", revision="r3", error_code="statement-failed")
    return counted


FAILED = Aftermath(
    command="upgrade",
    exit_code=51,
    error_code="statement-failed",
    message="Revision r3 failed. See postgresql://app:hunter2@db/app for password=hunter2.",
    duration_seconds=1.5,
    ended_at=1_790_000_000.5,
    release='v"1',
    run_id="ab12",
    tally=tally(),
)
SUCCEEDED = replace(FAILED, exit_code=0, error_code=None, message="")


def test_the_tally_is_made_of_events() -> None:
    """Revisions, attempts and retries are counted as they are reported."""
    assert tally().summary() == {
        "revisions_run": [
            {"revision": "r1", "duration_seconds": 0.25, "attempts": 1},
            {"revision": 'od"d\\', "duration_seconds": 0.25, "attempts": 2},
        ],
        "retries": 1,
        "failed_revision": "r3",
    }


def test_a_long_list_is_cut() -> None:
    """The last line of a run stays readable, and says how many it leaves out."""
    counted = RunTally()
    with listening(counted.listening(lambda *_: None)):
        for number in range(130):
            emit("step.finished", revision=str(number), direction="upgrade", duration_seconds=0.1)
    assert len(counted.summary()["revisions_run"]) == 100
    assert counted.summary()["revisions_omitted"] == 30


def test_the_termination_message_says_why() -> None:
    """Code, exit code and sentence, without secrets."""
    text = termination_message(FAILED).decode()
    assert text.startswith("statement-failed (exit code 51): Revision r3 failed.")
    assert text.endswith("2 revision(s) run before that")
    assert "hunter2" not in text
    assert termination_message(SUCCEEDED).decode() == 'upgrade succeeded: 2 revision(s) run, the last one od"d\\'


@pytest.mark.parametrize("letter", ["x", "\N{LATIN SMALL LETTER E WITH ACUTE}", "\N{SNOWMAN}"])
def test_the_termination_message_fits(letter: str) -> None:
    """Kubernetes keeps 4096 bytes; a character is not cut in half."""
    encoded = termination_message(replace(FAILED, message=letter * 5000))
    assert len(encoded) <= 4096
    assert encoded.decode().endswith(" ...")


@pytest.mark.parametrize("after", [FAILED, SUCCEEDED, replace(SUCCEEDED, tally=RunTally(), release=None)])
def test_the_metrics_are_valid_openmetrics(after: Aftermath) -> None:
    """A parser of the format reads them back."""
    parsed = text_string_to_metric_families(metrics_text(after))  # type: ignore[no-untyped-call]  # no types there
    families = {family.name: family for family in parsed}
    (success,) = families["runner_last_run_success"].samples
    assert (success.labels, success.value) == ({"command": "upgrade"}, 0 if after.error_code else 1)
    (duration,) = families["runner_last_run_duration_seconds"].samples
    assert duration.value == 1.5
    revisions = {
        sample.labels["revision"]: sample.value for sample in families["runner_revision_duration_seconds"].samples
    }
    assert revisions == ({"r1": 0.25, 'od"d\\': 0.25} if after.tally.finished else {})


def test_files_are_written_and_replaced(tmp_path: Path) -> None:
    """The metrics file is replaced whole; nothing else is left beside it."""
    message, metrics = tmp_path / "log", tmp_path / "runner.prom"
    metrics.write_text("old")
    leave_aftermath(FAILED, message_file=str(message), metrics_file=str(metrics))
    assert message.read_bytes() == termination_message(FAILED)
    assert metrics.read_text() == metrics_text(FAILED)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "runner.prom"]


def test_what_cannot_be_written_is_an_event(tmp_path: Path) -> None:
    """A missing directory never fails a run."""
    heard: list[str] = []
    with listening(lambda _level, event, _keys: heard.append(event)):
        leave_aftermath(FAILED, message_file=str(tmp_path / "no/a"), metrics_file=str(tmp_path / "no/b"))
    assert heard == ["termination_message.unwritten", "metrics.unwritten"]

"""The manifest of a run over many targets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.errors import TargetsInvalid, WriteFailed
from runner.fleet.manifest import Manifest, Scope, TargetOutcome
from runner.fleet.targets import FleetTarget
from tests.clocks import FakeClock

TARGETS = tuple(FleetTarget(name=name, schema=name) for name in ("a", "b"))
SCOPE = Scope(destination="heads", heads=("r2",), shard=(0, 1))


def manifest(path: Path | None, *, scope: Scope = SCOPE) -> Manifest:
    return Manifest(path=None if path is None else str(path), scope=scope, run_id="run", clock=FakeClock())


def finished(path: Path) -> Manifest:
    one = manifest(path)
    one.take_up(TARGETS)
    one.started("a")
    one.ended("a", outcome=TargetOutcome.APPLIED, revisions=("r1", "r2"), heads=("r2",), duration_seconds=0.5)
    one.started("b")
    one.write("failed")
    return one


def test_the_file_is_json_with_a_line_for_each_target(tmp_path: Path) -> None:
    """People and programs read it; what an entry does not have is left out."""
    finished(tmp_path / "m.json")
    text = (tmp_path / "m.json").read_text("utf-8")
    document = json.loads(text)
    assert (document["manifest"], document["outcome"], document["counts"]) == (
        1,
        "failed",
        {"running": 1, "applied": 1},
    )
    assert [json.loads(line.rstrip(",")) for line in text.splitlines()[2:-1]] == document["targets"]
    assert set(document["targets"][1]) == {"name", "outcome", "schema", "attempts", "started_at"}
    assert [path.name for path in tmp_path.iterdir()] == ["m.json"]


def test_an_order_is_in_the_file_before_it_is_given(tmp_path: Path) -> None:
    """Whatever ends the process then, the file does not call the target done, or untouched."""
    one = manifest(tmp_path / "m.json")
    one.take_up(TARGETS)
    one.started("a")
    assert json.loads((tmp_path / "m.json").read_text("utf-8"))["targets"][0]["outcome"] == "running"


def test_a_second_run_takes_up_what_is_left(tmp_path: Path) -> None:
    """What is done stays done; what was running is not; attempts go on being counted."""
    finished(tmp_path / "m.json")
    second = manifest(tmp_path / "m.json")
    assert second.take_up(TARGETS)
    assert [(one.name, one.is_done) for one in second.entries] == [("a", True), ("b", False)]
    assert second.started("b").attempts == 2


def test_other_heads_are_another_run(tmp_path: Path) -> None:
    """With new revisions in the directory nothing is done yet."""
    finished(tmp_path / "m.json")
    second = manifest(tmp_path / "m.json", scope=Scope(destination="heads", heads=("r3",), shard=(0, 1)))
    assert not second.take_up(TARGETS)
    assert not any(one.is_done for one in second.entries)


def test_a_target_that_moved_is_another_one(tmp_path: Path) -> None:
    """A name that stands for another database now has everything before it."""
    finished(tmp_path / "m.json")
    second = manifest(tmp_path / "m.json")
    second.take_up([FleetTarget(name="a", schema="elsewhere")])
    assert not second["a"].is_done


def test_what_is_no_manifest_is_not_overwritten(tmp_path: Path) -> None:
    """Another file, or another shard's, is refused."""
    (tmp_path / "m.json").write_text("{}", encoding="utf-8")
    with pytest.raises(TargetsInvalid, match="would be overwritten"):
        manifest(tmp_path / "m.json").take_up(TARGETS)
    finished(tmp_path / "s.json")
    with pytest.raises(TargetsInvalid, match="shard 0 of 1"):
        manifest(tmp_path / "s.json", scope=Scope(destination="heads", heads=("r2",), shard=(1, 3))).take_up(TARGETS)


def test_a_manifest_that_cannot_be_written(tmp_path: Path) -> None:
    """The run ends with a sentence; nothing is left behind."""
    one = manifest(tmp_path / "nowhere" / "m.json")
    one.take_up(TARGETS)
    with pytest.raises(WriteFailed, match="RUNNER_MANIFEST"):
        one.write("running")

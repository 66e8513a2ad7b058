"""The pages that describe the code say what the code says."""

from __future__ import annotations

import re

import pytest

from runner import errors
from tools import generate
from tools.events import emitted_events

LOG_EVENTS = generate.ROOT / "docs" / "log-events.md"
CODES = [member.code for member in generate.error_classes()]


def _documented_events() -> dict[str, tuple[set[str], set[str]]]:
    """Return name -> (levels, keys) from the table of docs/log-events.md."""
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]*) \|", LOG_EVENTS.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: (set(levels.strip().split(", ")), set(re.findall(r"`([^`]+)`", keys))) for name, levels, keys in rows}


def test_generated_files_are_fresh() -> None:
    """Each generated file is what `make generate` would write."""
    assert generate.stale_files() == []


def test_every_event_is_documented_and_every_documented_event_exists() -> None:
    """docs/log-events.md lists exactly the events the code emits."""
    assert sorted(_documented_events()) == sorted(emitted_events())


def test_events_are_sorted() -> None:
    """The table of events is in alphabetical order."""
    names = list(_documented_events())
    assert names == sorted(names)


@pytest.mark.parametrize("name", sorted(emitted_events()))
def test_levels_and_keys_are_documented(name: str) -> None:
    """An event's row names its level and every key the code writes out."""
    levels, keys = _documented_events().get(name, (set(), set()))
    emitted = emitted_events()[name]
    assert levels == emitted.levels
    assert emitted.keys - keys == set()


@pytest.mark.parametrize("name", sorted(emitted_events()))
def test_event_names_have_the_form_noun_verb(name: str) -> None:
    """Event names are two lower-case words with a dot between them."""
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", name)


def test_error_codes_are_unique() -> None:
    """No two error classes share a code."""
    assert sorted(CODES) == sorted(set(CODES))


@pytest.mark.parametrize("member", generate.error_classes(), ids=lambda member: member.code)
def test_exit_codes_stay_in_the_range_a_shell_leaves_free(member: type[errors.RunnerError]) -> None:
    """Exit codes avoid 0, 2 (command line) and 126-128 (shell), and only the interrupt is above."""
    assert member.exit_code == 1 or 10 <= member.exit_code <= 79 or member is errors.Interrupted


def test_an_exit_code_says_whether_a_retry_helps() -> None:
    """A podFailurePolicy sees exit codes only: classes that share one agree."""
    by_code: dict[int, set[bool]] = {}
    for member in generate.error_classes():
        by_code.setdefault(member.exit_code, set()).add(member.retryable)
    assert [code for code, answers in by_code.items() if len(answers) > 1] == []


def test_the_pod_failure_policy_stops_at_what_does_not_become_better() -> None:
    """The generated policy holds every final code and none that a retry may mend."""
    (values,) = re.findall(r"values: \[([0-9, ]+)\]", (generate.ROOT / "docs" / "errors.md").read_text("utf-8"))
    codes = set(map(int, values.split(", ")))
    assert {1, 2, 10, 31, 35, 51, 72} <= codes
    assert codes.isdisjoint({0, 30, 40, 41, 44, 143})


def test_all_error_classes_are_public() -> None:
    """Every error class can be imported by name: it is in __all__."""
    assert sorted(errors.__all__) == sorted(member.__name__ for member in generate.error_classes())

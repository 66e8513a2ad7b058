from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.database.session import SessionName, parse_application_name

LONG_POD = "my-very-long-application-migrate-7d9f8c6b5d-x2x7q"


def test_the_four_words() -> None:
    """Tool, release, pod, revision, and a dash for what is not known."""
    name = SessionName(release="1.4.2", pod="shop-7f9c", revision="ae10")
    assert name.text() == "revision-runner 1.4.2 shop-7f9c ae10"
    assert SessionName().text() == "revision-runner - - -"


def test_each_word_has_its_share() -> None:
    """Nothing crowds out the revision; the pod keeps the end, where pods differ."""
    name = SessionName(release="v1.20.3-rc1+abcdef012345", pod=LONG_POD, revision="ae1027a6acf0")
    assert name.text() == "revision-runner v1.20.3-rc1+ fbf5~d9f8c6b5d-x2x7q ae1027a6acf0"


def test_long_pods_with_the_same_end_differ() -> None:
    """A digest of the whole name keeps them apart."""
    assert SessionName(pod="one-" + LONG_POD).pod_word() != SessionName(pod="two-" + LONG_POD).pod_word()


@given(st.builds(SessionName, tool=st.text(), release=st.text(), pod=st.text(), revision=st.text()))
def test_any_words_fit_and_come_back(name: SessionName) -> None:
    """63 ASCII characters at most, nothing that needs quoting, four words that are read back."""
    text = name.text()
    assert len(text) <= 63
    assert text.isascii()
    assert not set(text) & set("'\"\\%;")
    parsed = parse_application_name(text)
    assert parsed is not None
    assert parsed.text() == text
    assert (parsed.tool_word(), parsed.pod_word()) == (name.tool_word(), name.pod_word())


@pytest.mark.parametrize("text", [None, "", "psql", "pg_dump", "a b c", "a b  d", "a b c d e"])
def test_other_names_are_not_ours(text: str | None) -> None:
    """Anything but four words was set by somebody else."""
    assert parse_application_name(text) is None

"""Which statements of an interrupted revision have run already."""

from __future__ import annotations

import pytest

from runner.database.journal_table import JournalEntry, Outcome
from runner.errors import ResumeNeeded
from runner.migration.replay import Replay, What


def entry(number: int, digest: str, outcome: Outcome = Outcome.COMMITTED, *, source: str = "same") -> JournalEntry:
    """Return an entry of revision r1."""
    return JournalEntry(
        revision="r1",
        direction="upgrade",
        number=number,
        outcome=outcome,
        digest=digest,
        row_count=-1,
        source=source,
        statement=f"statement {digest}",
        recorded_at="2026-01-01",
    )


def decisions(replay: Replay, digests: str) -> str:
    """Return the first letters of what is decided about each statement."""
    return "".join(replay.decide(digest).what.value[:2] + " " for digest in digests).strip()


def test_what_ran_is_skipped_and_the_rest_executed() -> None:
    """Statements that come in the same order are skipped up to the end of the journal."""
    replay = Replay([entry(1, "a"), entry(2, "b", Outcome.DONE)], source="same")

    assert decisions(replay, "abcd") == "sk sk ex ex"
    assert replay.is_over


def test_what_started_and_what_failed_is_examined() -> None:
    """Nobody saw the end of the first, and the second may have left something."""
    replay = Replay([entry(1, "a", Outcome.STARTED), entry(2, "b", Outcome.FAILED)], source="same")

    assert [replay.decide(digest).what for digest in "ab"] == [What.EXAMINE, What.EXAMINE]


def test_an_unchanged_revision_may_leave_statements_out() -> None:
    """It looked at the database itself, and found them done."""
    replay = Replay([entry(1, "a"), entry(2, "b"), entry(3, "c")], source="same")

    assert decisions(replay, "c") == "sk"
    replay.finish()


@pytest.mark.parametrize("digests", ["b", "x", "ax"])
def test_an_edited_revision_may_not(digests: str) -> None:
    """A beginning that differs from what ran needs a person, who gets the command."""
    replay = Replay([entry(1, "a", source="old"), entry(2, "b", source="old")], source="new")

    with pytest.raises(ResumeNeeded, match=r"runner resolve r1 --statement \d --as done") as raised:
        decisions(replay, digests)

    assert raised.value.fields["statement_number"] == len(digests)


def test_a_statement_that_started_may_not_be_left_out() -> None:
    """Not even by an unchanged revision: it may have left half of something."""
    replay = Replay([entry(1, "a", Outcome.STARTED), entry(2, "b")], source="same")

    with pytest.raises(ResumeNeeded):
        replay.decide("b")


def test_the_end_of_an_edited_revision_is_too_early() -> None:
    """What ran must have been come to when the code has ended."""
    replay = Replay([entry(1, "a", source="old"), entry(2, "b", source="old")], source="new")
    replay.decide("a")

    with pytest.raises(ResumeNeeded, match="statement 2"):
        replay.finish()


def test_a_person_decides_about_a_place() -> None:
    """After `--as done` whatever comes at that place is skipped, after `--as redo` executed."""
    replay = Replay([entry(1, "a", Outcome.ASSERTED), entry(2, "b", Outcome.REDO), entry(3, "c")], source="new")

    assert decisions(replay, "xycz") == "sk ex sk ex"

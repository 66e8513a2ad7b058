"""The figures of docs/reliability.md."""

from __future__ import annotations

from tools.reliability import rounds_of, summed, table


def test_a_table_is_read_as_it_was_written() -> None:
    """So a run of some cases can leave the figures of the others alone."""
    tally: list[dict[str, object]] = [
        {"case": "b, c: d", "rounds": 2},
        {"case": "A", "rounds": 1},
        {"case": "b, c: d", "rounds": 3},
    ]
    rounds = summed(tally)
    assert rounds == {"A": 1, "b, c: d": 5}
    assert rounds_of(table(rounds)) == rounds
    assert table(rounds).splitlines()[2:] == ["| A | 1 | 1 |", "| b, c: d | 5 | 5 |"]

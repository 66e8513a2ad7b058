from __future__ import annotations

from typing import Any

import pytest

from runner.database.monitor import Blocker, Monitor, Progress, queue_behind


@pytest.mark.parametrize(
    ("waits", "behind"),
    [
        ({}, set()),
        ({1: (9,)}, set()),
        ({2: (1,), 3: (1,)}, {2, 3}),
        ({2: (1,), 3: (2,), 4: (3, 8), 5: (8,)}, {2, 3, 4}),
        ({1: (2,), 2: (1,)}, {2}),
    ],
)
def test_the_queue_is_whoever_waits_at_first_or_second_hand(
    waits: dict[int, tuple[int, ...]], behind: set[int]
) -> None:
    """A session behind one that waits for us is behind us too; a deadlock does not count ourselves."""
    assert behind == queue_behind(1, waits)


def monitor(answers: dict[str, list[tuple[Any, ...]]], *, version: int = 18) -> tuple[Monitor, list[str]]:
    """A monitor whose queries are answered by a word that they hold, and what it asked."""
    asked: list[str] = []

    def ask(sql: str) -> list[tuple[Any, ...]]:
        asked.append(sql)
        return next((rows for word, rows in answers.items() if word in sql), [])

    return Monitor(ask, version=(version,), close=lambda: None), asked


def test_a_statement_that_works_is_not_asked_whom_it_waits_for() -> None:
    """Three queries: who waits, progress, activity."""
    one, asked = monitor({"WHERE a.pid = 7": [("IO", "DataFileRead", "t", 8192)]})
    look = one.look(7)
    assert look.activity == {"wait_event": "IO:DataFileRead", "relation": "t", "relation_bytes": 8192}
    assert len(asked) == 3


def test_what_the_role_may_not_see_is_left_out() -> None:
    """No age, no state, no query, rather than a wrong one."""
    row = (3, "app", "owner", "AccessShareLock", None, None, "<insufficient privilege>", "AccessExclusiveLock", "t")
    one, _ = monitor({"WHERE NOT l.granted": [(7, [3], 1.5)], "blocker AS": [row]})
    look = one.look(7)
    assert look.blockers == (Blocker(pid=3, application="app", user="owner", holds="AccessShareLock"),)
    assert look.blockers[0].keys() == {"pid": 3, "application": "app", "user": "owner", "holds": "AccessShareLock"}
    assert (look.wants, look.relation) == ("AccessExclusiveLock", "t")


def test_an_old_server_is_not_asked_for_what_it_lacks() -> None:
    """PostgreSQL 13 has no waitstart and no progress of COPY."""
    one, asked = monitor({}, version=13)
    one.look(7)
    assert not any("waitstart" in sql or "progress_copy" in sql for sql in asked)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((50, 200, 0, 0, 0, 0, 0, 0), {"percent": 25.0, "done": 50, "total": 200, "unit": "blocks"}),
        ((0, 0, 10, 40, 0, 0, 0, 0), {"percent": 25.0, "done": 10, "total": 40, "unit": "tuples"}),
        ((0, 0, 0, 0, 0, 0, 1, 2), {"percent": 50.0, "done": 1, "total": 2, "unit": "lockers"}),
        ((0, 0, 90, 0, 0, 0, 0, 0), {"done": 90, "unit": "tuples"}),
        ((0, 0, 0, 0, 0, 0, 0, 0), {}),
        ((300, 200, 0, 0, 0, 0, 0, 0), {"percent": 100.0, "done": 300, "total": 200, "unit": "blocks"}),
    ],
)
def test_a_percentage_only_where_the_server_counts(counts: tuple[int, ...], expected: dict[str, object]) -> None:
    """What has no total has no percentage."""
    one, _ = monitor({"progress_vacuum": [("CREATE INDEX", "phase", "t", *counts)]})
    progress = one.look(7).progress
    assert progress is not None
    assert progress.keys() == {"command": "CREATE INDEX", "phase": "phase", "relation": "t", **expected}
    assert isinstance(progress, Progress)

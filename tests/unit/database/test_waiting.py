"""Waiting for a server that is not there yet."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runner.database.waiting import retry_connecting
from runner.errors import AuthenticationFailed, ConnectionFailed, DatabaseError
from runner.events import listening


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Server:
    """Refuses `refusals` times with `error`, then answers."""

    def __init__(self, error: DatabaseError, refusals: int) -> None:
        self.error = error
        self.refusals = refusals
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        if self.asked <= self.refusals:
            raise self.error
        return "connected"


def test_a_server_that_comes_up_late() -> None:
    """A refused connection is tried again, and every wait is reported with its reason."""
    events: list[str] = []
    server = Server(ConnectionFailed("refused"), refusals=3)
    with listening(lambda _level, event, _keys: events.append(event)):
        answer = retry_connecting(server, clock=FakeClock(), wait_seconds=30)

    assert answer == "connected"
    assert events == ["connection.waiting"] * 3


def test_the_budget_is_kept() -> None:
    """When the budget is used up the last error is raised, and not a second later."""
    clock = FakeClock()
    with pytest.raises(ConnectionFailed):
        retry_connecting(Server(ConnectionFailed("refused"), refusals=1000), clock=clock, wait_seconds=7.5)

    assert clock.seconds == 7.5


@pytest.mark.parametrize(
    "error", [AuthenticationFailed("wrong password"), ConnectionFailed("no such database", reason="database-missing")]
)
def test_what_waiting_cannot_help_is_not_waited_for(error: DatabaseError) -> None:
    """A wrong password or a missing database fails at once."""
    server = Server(error, refusals=1)
    with pytest.raises(type(error)):
        retry_connecting(server, clock=FakeClock(), wait_seconds=30)

    assert server.asked == 1

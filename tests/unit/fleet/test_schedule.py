"""Which target is next."""

from __future__ import annotations

from runner.fleet.schedule import Schedule
from runner.fleet.targets import FleetTarget

TARGETS = tuple(FleetTarget(name=name, schema=name) for name in "abcde")


def schedule(*, done: str = "", canary: int = 0, max_failures: int | None = None) -> Schedule:
    return Schedule(TARGETS, done=set(done), canary=canary, max_failures=max_failures)


def taken(of: Schedule) -> str:
    names = ""
    while (target := of.next()) is not None:
        names += target.name
    return names


def test_the_order_is_that_of_the_list() -> None:
    """Without more, every target that is not done is next in turn."""
    assert taken(schedule(done="bd")) == "ace"


def test_the_rest_waits_for_the_canary() -> None:
    """The first targets must all have succeeded before another is started."""
    one = schedule(canary=2)
    assert taken(one) == "ab"
    one.succeeded("a")
    assert taken(one) == ""
    one.succeeded("b")
    assert taken(one) == "cde"


def test_a_canary_that_is_done_counts() -> None:
    """A second run does not need the canary to be run again."""
    assert taken(schedule(done="ab", canary=2)) == "cde"
    again = schedule(done="a", canary=2)
    assert taken(again) == "b"


def test_a_failed_canary_stops() -> None:
    """When one of the first fails nothing else is started."""
    one = schedule(canary=1)
    assert taken(one) == "a"
    one.failed("a")
    assert (taken(one), one.stopped, one.left) == ("", "canary", 4)


def test_too_many_failures_stop() -> None:
    """The run goes on after a failure until there were as many as it may have."""
    one = schedule(max_failures=2)
    for expected in "ab":
        target = one.next()
        assert target is not None
        assert target.name == expected
        one.failed(expected)
    assert (taken(one), one.stopped, one.left) == ("", "failures", 3)
    unlimited = schedule()
    unlimited.failed("a")
    assert taken(unlimited) == "abcde"

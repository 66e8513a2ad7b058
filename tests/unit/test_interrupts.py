from __future__ import annotations

import signal
import threading

import pytest

from runner.interrupts import Interrupts, RunningStatement, SignalReceived


@pytest.fixture
def state() -> Interrupts:
    """A process's state of its own, so that the tests' process keeps its own."""
    return Interrupts()


def receive(state: Interrupts) -> None:
    """Do what the handler does."""
    state.received = signal.SIGTERM
    state.was_noticed = True
    if state.may_raise:
        state.check()


def test_outside_of_everything_it_is_raised_at_once(state: Interrupts) -> None:
    """The exception names the signal and is no Exception."""
    with pytest.raises(SignalReceived, match="SIGTERM") as raised:
        receive(state)
    assert raised.value.number == signal.SIGTERM
    assert not isinstance(raised.value, Exception)


def test_a_commit_and_what_is_noted_about_it_are_one_piece(state: Interrupts) -> None:
    """The signal comes between the two, and is raised after both."""
    done = []

    def commit() -> None:
        with state.deferred():
            done.append("commit")
            receive(state)
            done.append("noted")

    with pytest.raises(SignalReceived):
        commit()
    assert done == ["commit", "noted"]


def test_deferred_blocks_may_nest(state: Interrupts) -> None:
    """It is raised at the end of the outermost."""
    done = []

    def commit() -> None:
        with state.deferred():
            with state.deferred():
                receive(state)
            done.append("outer")

    with pytest.raises(SignalReceived):
        commit()
    assert done == ["outer"]


def test_a_failure_in_the_block_comes_first(state: Interrupts) -> None:
    """What the block raised says more; the rim knows of the signal anyway."""

    def commit() -> None:
        with state.deferred():
            receive(state)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        commit()


def test_the_clean_up_after_a_signal_is_not_interrupted_by_the_same(state: Interrupts) -> None:
    """A deferred block after the exception runs to its end."""
    with pytest.raises(SignalReceived):
        receive(state)
    with state.deferred():
        pass
    with pytest.raises(SignalReceived):
        state.check()  # but what a revision swallowed is raised again where somebody asks


def test_a_statement_is_cancelled_rather_than_interrupted(state: Interrupts) -> None:
    """The handler raises nothing, the other thread cancels until the statement has ended."""
    cancelled = []
    statement = RunningStatement(lambda: cancelled.append("now"))
    state.begin(statement)
    receive(state)
    assert state.cancel_running()
    assert state.cancel_running()
    state.end(statement)
    assert not state.cancel_running()
    assert cancelled == ["now", "now"]


def test_a_statement_without_a_cancel_is_interrupted(state: Interrupts) -> None:
    """An asynchronous driver's, whose event loop runs Python."""
    state.begin(RunningStatement(None))
    with pytest.raises(SignalReceived):
        receive(state)


def test_the_clean_up_is_not_cancelled(state: Interrupts) -> None:
    """Once raised, what the main thread executes is what it still has to do."""
    cancelled: list[str] = []
    with pytest.raises(SignalReceived):
        receive(state)
    state.begin(RunningStatement(lambda: cancelled.append("now")))
    assert not state.cancel_running()
    assert cancelled == []


def test_a_cancel_never_reaches_the_next_statement(state: Interrupts) -> None:
    """The end of a statement waits for the cancel that is under way."""
    entered, leave, order = threading.Event(), threading.Event(), []

    def cancel() -> None:
        entered.set()
        leave.wait(30)
        order.append("cancelled")

    statement = RunningStatement(cancel)
    state.begin(statement)
    canceller = threading.Thread(target=state.cancel_running)
    canceller.start()
    assert entered.wait(30)
    threading.Timer(0.1, leave.set).start()
    state.end(statement)
    order.append("ended")
    canceller.join()
    assert order == ["cancelled", "ended"]
    assert not state.cancel(statement)


def test_a_cancel_that_fails_is_no_matter(state: Interrupts) -> None:
    """The session may have gone in the same moment."""

    def cancel() -> None:
        raise OSError("gone")

    statement = RunningStatement(cancel)
    state.begin(statement)
    assert state.cancel_running()


def test_other_threads_defer_nothing(state: Interrupts) -> None:
    """Python hands signals to the main thread; a commit in another one does not keep it waiting."""
    seen = []

    def other() -> None:
        with state.deferred():
            seen.append(state.is_deferred)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == [False]


def test_what_came_while_holding_is_raised_when_letting_go(state: Interrupts) -> None:
    """Before the run is set up there is nobody to report it."""
    state.hold()
    receive(state)
    with pytest.raises(SignalReceived):
        state.let_go()

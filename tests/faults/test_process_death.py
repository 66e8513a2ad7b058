"""SIGKILL and SIGTERM at every statement of a run, then convergence (FIELD D 3, 4)."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.atwork import url_for_driver
from tests.faults.scenario import converge, finished_steps, statements_sent, version_rows, write_scenario
from tests.fix_faults import Tally, places
from tests.preloaded import Preloaded
from tests.programs import Finished
from tests.tcp_proxy import Action, Message, proxied

pytestmark = pytest.mark.slow


class _Fault:
    """Sends a signal to one process when the client is about to send, or has sent, its n-th statement."""

    def __init__(self, number: int, action: Action, signal_number: signal.Signals) -> None:
        self._number = number
        self._action = action
        self._signal = signal_number
        self._pid_is_known = threading.Event()
        self._pid = 0
        self.has_struck = False

    def aim(self, pid: int) -> None:
        """Say which process."""
        self._pid = pid
        self._pid_is_known.set()

    def decide(self, message: Message) -> Action:
        """Strike once, at the statement."""
        if self.has_struck or message.number != self._number or not message.sql:
            return Action.PASS
        self.has_struck = True
        assert self._pid_is_known.wait(60)
        if self._action is Action.PASS:
            threading.Timer(0.02, self._send).start()
        else:
            self._send()
        return self._action

    def _send(self) -> None:
        with suppress(ProcessLookupError):  # at the last statements a run may have ended by then
            os.kill(self._pid, self._signal)


def _struck(runs: Preloaded, directory: Path, url: str, fault: _Fault) -> Finished:
    with proxied(url, fault.decide) as proxy:
        run = runs.start("upgrade", env={"DATABASE_URL": proxy.url}, cwd=directory)
        fault.aim(run.pid)
        finished = runs.wait(run)
    assert fault.has_struck, finished
    return finished


@pytest.mark.parametrize("action", [Action.CUT_BEFORE, Action.CUT_AFTER])
def test_killed_at_every_statement(
    runs: Preloaded, pg_database_factory: Callable[[], str], tmp_path: Path, tally: Tally, action: Action
) -> None:
    """SIGKILL before each statement, and while it runs: the next run converges, nothing is applied twice."""
    directory = write_scenario(tmp_path)
    third = 2 if action is Action.CUT_BEFORE else 3
    struck = places(statements_sent(runs, directory, pg_database_factory()), third=third)
    for number in struck:
        url = pg_database_factory()
        killed = _struck(runs, directory, url, _Fault(number, action, signal.SIGKILL))
        assert killed.returncode == -signal.SIGKILL
        converge(runs, directory, url)
    tally(
        "SIGKILL " + ("before each statement" if action is Action.CUT_BEFORE else "while each statement runs"),
        len(struck),
    )


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_terminated_at_every_statement(
    runs: Preloaded, pg_database_factory: Callable[[], str], tmp_path: Path, tally: Tally, driver: str
) -> None:
    """SIGTERM at each statement: exit code 143 or a finished run, a log that tells the truth, then convergence."""
    directory = write_scenario(tmp_path)
    statements = statements_sent(runs, directory, url_for_driver(pg_database_factory(), driver))
    struck = places(statements, third=1 if driver == "psycopg" else 2)
    for number in struck:
        url = pg_database_factory()
        ended = _struck(runs, directory, url_for_driver(url, driver), _Fault(number, Action.PASS, signal.SIGTERM))
        assert ended.returncode in {0, 143}, ended
        if ended.returncode == 143:
            assert ended.event("run.failed")["error_code"] == "interrupted"
        assert version_rows(url) == finished_steps(ended)[-1:], ended
        converge(runs, directory, url)
    tally(f"SIGTERM at each statement, {driver}", len(struck))

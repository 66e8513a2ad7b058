"""The proxy that the fault tests cut connections with."""

from __future__ import annotations

import psycopg
import pytest

from tests.atwork import ask, wait_until
from tests.postgres import libpq_url
from tests.tcp_proxy import Action, Message, proxied


def _count(url: str) -> int:
    return int(ask(url, "SELECT count(*) FROM t")[0][0])


@pytest.mark.parametrize(
    ("action", "rows"), [(Action.PASS, 1), (Action.CUT_BEFORE, 0), (Action.CUT_AFTER, 1), (Action.STRAND, 1)]
)
def test_a_statement_is_cut_before_or_after_the_server_sees_it(pg_url: str, action: Action, rows: int) -> None:
    """The client loses its connection either way; whether the statement took effect is what differs."""
    ask(pg_url, "CREATE TABLE t (n int)")
    insert = "INSERT INTO t VALUES (1)"

    def decide(message: Message) -> Action:
        return action if message.sql == insert else Action.PASS

    with proxied(pg_url, decide) as proxy:
        with psycopg.connect(libpq_url(proxy.url), autocommit=True) as connection:
            connection.execute("SELECT 1")
            if action is Action.PASS:
                connection.execute(insert)
            else:
                with pytest.raises(psycopg.OperationalError):
                    connection.execute(insert)
        assert proxy.statements == ["SELECT 1", insert]
        wait_until(lambda: _count(pg_url) == rows, what="the server's answer")


def test_a_stalled_statement_is_executed_and_never_answered(pg_url: str) -> None:
    """The client waits until the proxy ends, and then knows nothing."""
    ask(pg_url, "CREATE TABLE t (n int)")
    with proxied(pg_url, lambda message: Action.STALL if message.sql.startswith("INSERT") else Action.PASS) as proxy:
        connection = psycopg.connect(libpq_url(proxy.url), autocommit=True)
        connection.pgconn.send_query(b"INSERT INTO t VALUES (1)")
        wait_until(lambda: _count(pg_url) == 1, what="the insert")
        assert connection.pgconn.is_busy()
    connection.close()

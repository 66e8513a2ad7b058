from __future__ import annotations

import pytest

from runner.database.limits import FoundValues, TimeLimits, limiter_for
from runner.dialects.statement_kind import StatementKind

BRIEF, ONLINE, BACKFILL, OTHER = (
    StatementKind.BRIEF,
    StatementKind.ONLINE,
    StatementKind.BACKFILL,
    StatementKind.OTHER,
)
NOTHING = TimeLimits()
LINUX = "PostgreSQL 18.0 on x86_64-pc-linux-gnu, compiled by gcc"


def found(lock: tuple[str, str] = ("0", "default"), statement: tuple[str, str] = ("0", "default")) -> FoundValues:
    limiter = limiter_for("postgresql")
    assert limiter is not None
    return limiter.found(
        [
            ("lock_timeout", *lock, LINUX),
            ("statement_timeout", *statement, LINUX),
            ("application_name", "", "default", ""),
        ]
    )


def wanted(
    kind: StatementKind, run: TimeLimits = NOTHING, revision: TimeLimits = NOTHING, seen: FoundValues | None = None
) -> tuple[str | None, str | None]:
    limiter = limiter_for("postgresql")
    assert limiter is not None
    values = limiter.wanted(kind, run, revision, found() if seen is None else seen)
    return values.get("lock_timeout"), values.get("statement_timeout")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(BRIEF, ("5000", "0")), (ONLINE, ("0", "0")), (BACKFILL, ("0", "0")), (OTHER, (None, None))],
)
def test_defaults(kind: StatementKind, expected: tuple[str | None, str | None]) -> None:
    """Only what others queue behind is limited."""
    assert expected == wanted(kind)


def test_each_kind_has_its_own_setting() -> None:
    """A budget for backfills does not limit DDL, nor the other way round; ONLINE has none."""
    run = TimeLimits(lock_timeout_seconds=1, statement_timeout_seconds=2, backfill_timeout_seconds=3)
    assert wanted(BRIEF, run) == ("1000", "2000")
    assert wanted(BACKFILL, run) == ("0", "3000")
    assert wanted(ONLINE, run) == ("0", "0")


def test_the_nearest_decides() -> None:
    """The revision before env.py, env.py before the operator, the operator before the role, that before the default."""
    run = TimeLimits(lock_timeout_seconds=1)
    own = TimeLimits(lock_timeout_seconds=2)
    env_py, role = found(lock=("3000", "session")), found(lock=("4000", "user"))
    assert wanted(BRIEF, run, own, env_py) == ("2000", "0")
    assert wanted(BRIEF, run, NOTHING, env_py) == (None, "0")
    assert wanted(BRIEF, run, NOTHING, role) == ("1000", "0")
    assert wanted(BRIEF, NOTHING, NOTHING, role) == ("4000", "0")
    assert wanted(BRIEF, NOTHING, NOTHING, found(lock=("6000", "configuration file"))) == ("5000", "0")


def test_a_limit_for_the_role_does_not_break_a_concurrent_index() -> None:
    """CREATE INDEX CONCURRENTLY waits for the application; what the role has is lifted, what env.py has is not (E2)."""
    assert wanted(ONLINE, seen=found(lock=("2000", "user"), statement=("9000", "database"))) == ("0", "0")
    assert wanted(ONLINE, seen=found(lock=("2000", "session"))) == (None, "0")


def test_zero_is_no_limit_and_small_is_not_zero() -> None:
    """0 waits for ever; a tenth of a millisecond must not become that."""
    assert wanted(BRIEF, TimeLimits(lock_timeout_seconds=0))[0] == "0"
    assert wanted(BRIEF, TimeLimits(lock_timeout_seconds=0.0001))[0] == "1"


def test_a_platform_that_cannot_watch_connections_is_not_asked_to() -> None:
    """The server would refuse client_connection_check_interval, and the transaction would be lost."""
    limiter = limiter_for("postgresql")
    assert limiter is not None
    for version, expected in ((LINUX, True), ("PostgreSQL 15.0, compiled by Visual C++", False)):
        seen = limiter.found([("client_connection_check_interval", "0", "default", version)])
        assert expected is ("client_connection_check_interval" in seen.values)


def test_one_statement_sets_all() -> None:
    """And tells which server process the session is."""
    limiter = limiter_for("postgresql")
    assert limiter is not None
    assert limiter.set_sql({"lock_timeout": "5000", "application_name": "a b"}, local=True) == (
        "SELECT pg_catalog.pg_backend_pid(), pg_catalog.set_config('lock_timeout', '5000', true), "
        "pg_catalog.set_config('application_name', 'a b', true)"
    )


def test_mysql_gets_only_what_was_asked_for() -> None:
    """Whole seconds, at least one; MySQL has no limit on statements that change anything, MariaDB has."""
    mysql, mariadb = limiter_for("mysql"), limiter_for("mysql", is_mariadb=True)
    assert mysql is not None
    assert mariadb is not None
    seen = FoundValues(values={"lock_wait_timeout": "31536000", "max_statement_time": "0"})
    run = TimeLimits(lock_timeout_seconds=0.2, backfill_timeout_seconds=1.5)
    assert mysql.wanted(BRIEF, NOTHING, NOTHING, seen) == {}
    assert mysql.wanted(BRIEF, run, NOTHING, seen) == {"lock_wait_timeout": "1"}
    assert mysql.unknown == ("statement_timeout", "backfill_timeout")
    assert mariadb.wanted(BRIEF, NOTHING, NOTHING, seen) == {}
    assert mariadb.wanted(BACKFILL, run, NOTHING, seen) == {
        "lock_wait_timeout": "31536000",
        "max_statement_time": "1.5",
    }
    fixed = mariadb.found([("lock_wait_timeout", 7, 31536000), ("max_statement_time", 0, 0)])
    assert fixed.fixed == {"lock_wait_timeout"}


def test_other_databases_have_no_limits() -> None:
    """SQLite, SQL Server and Oracle are not limited."""
    assert limiter_for("sqlite") is None

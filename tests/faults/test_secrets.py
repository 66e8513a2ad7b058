"""A canary password appears in no output of any failure (FIELD D 11)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import pytest

from tests.directories import Environment, RevisionFile, chain, make_directory
from tests.fix_faults import Tally
from tests.postgres import PostgresServer
from tests.preloaded import Preloaded
from tests.tcp_proxy import Action, proxied

pytestmark = pytest.mark.slow

_CANARY = "canary%7/@:x"
_ROLE = "runner_test_canary"
_CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer))"
_RAISES = "raise RuntimeError(f'no way: {op.get_bind().engine.url}')"
_DRIVERS = ("postgresql", "postgresql+psycopg2", "postgresql+asyncpg", "mysql+pymysql", "nonsense")
_HOSTS = ("127.0.0.1:1", "host.invalid", "127.0.0.1:99999", "[::1")
_COMMANDS = ("upgrade", "status", "wait")


@pytest.fixture
def canary_url(pg_server: PostgresServer, pg_url: str) -> Iterator[str]:
    """A database that a role with the canary as its password owns."""
    parts = urlsplit(pg_url)
    database = parts.path.removeprefix("/")
    pg_server.execute(f"CREATE ROLE {_ROLE} LOGIN PASSWORD '{_CANARY}'")
    pg_server.execute(f"ALTER DATABASE {database} OWNER TO {_ROLE}")
    pg_server.execute(f"GRANT ALL ON SCHEMA public TO {_ROLE}", database=database)
    address = parts.netloc.rpartition("@")[2]
    yield urlunsplit(parts._replace(netloc=f"{_ROLE}:{quote(_CANARY, safe='')}@{address}"))
    pg_server.execute(f"ALTER DATABASE {database} OWNER TO CURRENT_USER")
    pg_server.execute(f"DROP OWNED BY {_ROLE}", database=database)
    pg_server.execute(f"DROP ROLE {_ROLE}")


def _check(text: str) -> None:
    for spelling in (_CANARY, quote(_CANARY, safe=""), quote(quote(_CANARY, safe=""), safe="")):
        assert spelling not in text


@pytest.mark.parametrize("env", ["none", "generic"])
def test_no_failure_to_connect_tells_the_password(
    runs: Preloaded, tmp_path: Path, tally: Tally, env: Environment
) -> None:
    """Drivers, hosts and commands: every one fails, says why, and keeps the password."""
    directory = make_directory(tmp_path, chain(1, upgrade=_CREATE), env=env).root
    rounds = 0
    for driver in _DRIVERS:
        for host in _HOSTS:
            for command in _COMMANDS:
                url = f"{driver}://app:{quote(_CANARY, safe='')}@{host}/app"
                settings = {"DATABASE_URL": url, "RUNNER_CONNECT_WAIT_SECONDS": "0", "RUNNER_WAIT_SECONDS": "0"}
                finished = runs.run(command, "--log-level=debug", env=settings, cwd=directory)
                assert finished.returncode not in {0, 1}, finished
                _check(str(finished).replace(url, ""))
                rounds += 1
    tally(f"canary password, no connection, {'env.py' if env == 'generic' else 'built-in environment'}", rounds)


def test_no_failure_on_the_way_tells_the_password(
    runs: Preloaded, canary_url: str, tmp_path: Path, tally: Tally
) -> None:
    """A wrong password, a revision that prints its URL in an exception, a connection cut in a commit."""
    cases = {
        "raises": [RevisionFile(revision="r1", upgrade=_RAISES)],
        "statement": [RevisionFile(revision="r1", upgrade="op.execute('SELECT nowhere')")],
        "cut": chain(2, upgrade=_CREATE),
    }
    for name, files in cases.items():
        directory = make_directory(tmp_path / name, files, env="none").root
        with proxied(
            canary_url, lambda message: Action.CUT_BEFORE if message.sql == "COMMIT" else Action.PASS
        ) as proxy:
            env = {"DATABASE_URL": proxy.url, "RUNNER_CONNECT_WAIT_SECONDS": "0"}
            finished = runs.run("upgrade", "--log-level=debug", env=env, cwd=directory)
        assert finished.returncode not in {0, 1}, finished
        _check(str(finished))
    wrong = make_directory(tmp_path / "wrong", chain(1), env="none").root
    _check(str(runs.run("upgrade", env={"DATABASE_URL": canary_url.replace("%40", "%41")}, cwd=wrong).check(31)))
    tally("canary password, failures on the way", len(cases) + 1)

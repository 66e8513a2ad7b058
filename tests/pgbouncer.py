"""A private PgBouncer in front of a test server: finding the program, starting, stopping.

The fixtures are in fix_pgbouncer.py; this module knows nothing of pytest.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from tests.postgres import (
    OWNER,
    OWNER_PASSWORD,
    PostgresServer,
    ServerUnavailable,
    _die_with_parent,
    _free_port,
    _short_temporary_directory,
    _unprivileged_account,
)

__all__ = ["PgBouncer", "find_program", "start_pgbouncer"]

_START_SECONDS = 30.0
_SERVER_DIRECTORIES = ("/usr/sbin", "/usr/local/sbin")  # where no user's PATH leads


@dataclass(frozen=True, slots=True, kw_only=True)
class PgBouncer:
    """A running pooler on the loopback address."""

    port: int

    def url(self, direct: str) -> str:
        """Return the URL that reaches the database of a direct URL through the pooler."""
        parts = urlsplit(direct)
        netloc = f"{parts.username}:{parts.password}@127.0.0.1:{self.port}"
        return parts._replace(netloc=netloc).geturl()


@cache
def find_program() -> Path | None:
    """Return where pgbouncer is, None if it is not installed."""
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SERVER_DIRECTORIES])
    found = shutil.which("pgbouncer", path=search)
    return Path(found) if found else None


@contextlib.contextmanager
def start_pgbouncer(server: PostgresServer, *, mode: str, pool_size: int = 4) -> Iterator[PgBouncer]:
    """Run a pooler in front of a server; it is gone when the block ends.

    Args:
        mode: transaction, session or statement.
        pool_size: how many server sessions there may be for each database.
    """
    program = find_program()
    if program is None:
        raise ServerUnavailable("pgbouncer is not installed; Debian's package pgbouncer brings it.")
    account = _unprivileged_account()
    home = Path(tempfile.mkdtemp(prefix="runner-pgb-", dir=_short_temporary_directory()))
    port = _free_port()
    process: subprocess.Popen[bytes] | None = None
    try:
        home.chmod(0o755)
        (home / "users.txt").write_text(f'"{OWNER}" "{OWNER_PASSWORD}"\n')
        (home / "pgbouncer.ini").write_text(_configuration(server, home, port, mode, pool_size))
        if account.uid is not None and account.gid is not None:
            os.chown(home, account.uid, account.gid)
        with (home / "pgbouncer.log").open("wb") as log:
            process = subprocess.Popen(
                [str(program), str(home / "pgbouncer.ini")],
                cwd=home,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                user=account.uid,
                group=account.gid,
                extra_groups=None if account.uid is None else [],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests; they end the pooler
                preexec_fn=_die_with_parent,  # noqa: PLW1509  # async-signal-safe: one system call
            )
        _wait_until_ready(process, port, home)
        yield PgBouncer(port=port)
    finally:
        if process is not None:
            process.send_signal(signal.SIGQUIT)
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:  # a shell's background jobs ignore SIGQUIT, and their children too
                process.kill()
                process.wait(timeout=30)
        shutil.rmtree(home, ignore_errors=True)


def _configuration(server: PostgresServer, home: Path, port: int, mode: str, pool_size: int) -> str:
    return f"""\
[databases]
* = host={server.host} port={server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {home}/users.txt
pool_mode = {mode}
default_pool_size = {pool_size}
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
server_idle_timeout = 600
"""


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, home: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    tail = (home / "pgbouncer.log").read_text(errors="replace")[-2000:]
    raise ServerUnavailable(f"PgBouncer did not start: {tail.strip()}")

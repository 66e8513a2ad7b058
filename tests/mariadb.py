"""A private MariaDB server for tests: finding the programs, starting, stopping, throw-away databases.

The fixtures are in fix_mariadb.py; this module knows nothing of pytest, so tools can use it too.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
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
from urllib.parse import unquote, urlsplit

import pymysql

from tests.postgres import (
    ServerUnavailable,
    _Account,
    _die_with_parent,
    _free_port,
    _short_temporary_directory,
    _unprivileged_account,
)
from tests.side_tables import SIDE_TABLES

__all__ = [
    "OWNER",
    "OWNER_PASSWORD",
    "MariadbServer",
    "find_programs",
    "mariadb_client",
    "mariadb_dump",
    "start_server",
]

OWNER = "runner_test"
OWNER_PASSWORD = "correct-horse"
"""The account that owns every test database; it logs in with this password over TCP and is no superuser."""

_PREFIX = "runner_test_"
_START_SECONDS = 60.0
_SERVER_DIRECTORIES = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec")  # where no user's PATH leads
_PROGRAMS = ("mariadbd", "mariadb-install-db", "mariadb", "mariadb-dump")
_FAST = {
    "innodb-buffer-pool-size": "32M",
    "innodb-doublewrite": "0",
    "innodb-flush-log-at-trx-commit": "0",
    "innodb-flush-method": "nosync",
    "innodb-log-file-size": "8M",
    "sync-frm": "0",
}
_IN_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 512 * 2**20


# --- finding the programs ------------------------------------------------------------------------------------------


@cache
def find_programs() -> dict[str, Path] | None:
    """Return where each program of the server and the client is, or None unless all of them are there."""
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SERVER_DIRECTORIES])
    found = {name: shutil.which(name, path=search) for name in _PROGRAMS}
    complete = {name: Path(path) for name, path in found.items() if path is not None}
    return complete if len(complete) == len(_PROGRAMS) else None


def _program(name: str) -> Path:
    programs = find_programs()
    if programs is None:
        raise ServerUnavailable(f"{name} is not installed; Debian's package mariadb-server brings it.")
    return programs[name]


# --- one server ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MariadbServer:
    """A running server, and the throw-away databases on it.

    Args:
        socket: of the superuser, who has no password.
        host: TCP address for the ordinary account.
        port: TCP port for the ordinary account.
    """

    socket: Path
    host: str
    port: int

    def url(self, database: str, *, dialect: str = "mysql", password: str = OWNER_PASSWORD) -> str:
        """Return the SQLAlchemy URL of a database, over TCP, as its owner."""
        # For TLS PyMySQL would read the system's certificates at every connection, which takes longer than a test.
        return f"{dialect}+pymysql://{OWNER}:{password}@{self.host}:{self.port}/{database}?ssl_disabled=true"

    def execute(self, statement: str) -> None:
        """Execute one statement as the superuser."""
        with _connect(self.socket) as connection, connection.cursor() as cursor:
            cursor.execute(statement)

    def create_database(self) -> str:
        """Create an empty database and return its name."""
        name = f"{_PREFIX}{os.getpid()}_{next(_numbers)}"
        self.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database."""
        self.execute(f"DROP DATABASE IF EXISTS `{name}`")


_numbers = itertools.count(1)


def _connect(path: Path) -> pymysql.Connection[pymysql.cursors.Cursor]:
    return pymysql.connect(unix_socket=str(path), user="root", autocommit=True, ssl_disabled=True)


@contextlib.contextmanager
def start_server() -> Iterator[MariadbServer]:
    """Run a private server in a temporary directory; it is gone when the block ends, however it ends."""
    account = _unprivileged_account()
    home = Path(tempfile.mkdtemp(prefix="runner-my-", dir=_place()))
    process: subprocess.Popen[bytes] | None = None
    try:
        home.chmod(0o755)
        _initialise(account, home)
        port = _free_port()
        process = _launch(account, home, port)
        _wait_until_ready(process, home)
        server = MariadbServer(socket=home / "socket", host="127.0.0.1", port=port)
        for statement in _owner_statements():
            server.execute(statement)
        yield server
    finally:
        if process is not None:
            # The data is thrown away, so nothing needs to be written to disk first.
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=30)
        shutil.rmtree(home, ignore_errors=True)


def _place() -> Path:
    """Return where the data goes: every DDL statement waits for files, three times longer on a disk than in memory."""
    if os.access(_IN_MEMORY, os.W_OK) and shutil.disk_usage(_IN_MEMORY).free > _ENOUGH_BYTES:
        return _IN_MEMORY
    return _short_temporary_directory()


def _owner_statements() -> list[str]:
    account = f"'{OWNER}'@'127.0.0.1'"
    pattern = _PREFIX.replace("_", r"\_") + "%"  # an underscore in GRANT stands for any character
    return [f"CREATE USER {account} IDENTIFIED BY '{OWNER_PASSWORD}'", f"GRANT ALL ON `{pattern}`.* TO {account}"]


def _initialise(account: _Account, home: Path) -> None:
    data = home / "data"
    data.mkdir()
    if account.uid is not None and account.gid is not None:
        os.chown(home, account.uid, account.gid)
        os.chown(data, account.uid, account.gid)
    program = _program("mariadb-install-db")
    options = ["--auth-root-authentication-method=normal", "--skip-name-resolve", "--skip-test-db", *_settings()]
    answer = account.run(program, "--no-defaults", f"--datadir={data}", *options, cwd=home)
    if answer.returncode != 0:
        raise ServerUnavailable(f"{program} failed: {(answer.stderr or answer.stdout).strip()}")


def _settings() -> list[str]:
    return [f"--{name}={value}" for name, value in _FAST.items()]


def _launch(account: _Account, home: Path, port: int) -> subprocess.Popen[bytes]:
    places = {"datadir": home / "data", "socket": home / "socket", "pid-file": home / "pid", "tmpdir": home}
    command = [str(_program("mariadbd")), "--no-defaults", *_settings()]
    command += [f"--{name}={path}" for name, path in places.items()]
    command += [f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin"]
    command += ["--character-set-server=utf8mb4", "--max-connections=100"]
    with (home / "server.log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=home,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            user=account.uid,
            group=account.gid,
            extra_groups=None if account.uid is None else [],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the tests; they end the server
            preexec_fn=_die_with_parent,  # noqa: PLW1509  # async-signal-safe: one system call
        )


def _wait_until_ready(process: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        # PyMySQL leaves its own socket open when nobody answers, so somebody must be there first.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(home / "socket"))
            return
        time.sleep(0.02)
    tail = (home / "server.log").read_text(errors="replace")[-2000:]
    raise ServerUnavailable(f"The private MariaDB server did not start: {tail.strip()}")


# --- the client programs -------------------------------------------------------------------------------------------


def mariadb_dump(url: str, *options: str) -> str:
    """Return what mariadb-dump says about a database, without comments, settings, blank lines and the side tables.

    Args:
        url: SQLAlchemy URL.
        options: for mariadb-dump; by default the schema alone. `--no-create-info` gives the rows.
    """
    database = urlsplit(url).path.lstrip("/")
    left_out = [f"--ignore-table={database}.{name}" for name in SIDE_TABLES]
    options = ("--skip-comments", "--order-by-primary", *left_out, *(options or ("--no-data",)))
    answer = _run_client("mariadb-dump", url, *options)
    if answer.returncode != 0:
        raise AssertionError(f"mariadb-dump failed: {answer.stderr}")
    lines = [_COUNTER.sub("", line) for line in answer.stdout.splitlines() if not _NOISE.match(line)]
    return "\n".join(lines) + "\n"


_NOISE = re.compile(r"\s*$|/\*M?!\d+ SET |/\*M?!999999|(LOCK|UNLOCK) TABLES")
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")  # the next value is data, not schema


def mariadb_client(url: str, script: str) -> subprocess.CompletedProcess[str]:
    """Feed a text to the mariadb client, which stops at the first error."""
    return _run_client("mariadb", url, "--batch", text=script)


def _run_client(program: str, url: str, *options: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    parts = urlsplit(url)
    where = [f"--host={parts.hostname}", f"--port={parts.port}", f"--user={parts.username}", "--protocol=tcp"]
    database = parts.path.lstrip("/")
    command = [str(_program(program)), "--no-defaults", *where, "--default-character-set=utf8mb4", *options, database]
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MYSQL_PWD": unquote(parts.password or "")}
    return subprocess.run(command, input=text, env=environment, capture_output=True, text=True, check=False)

